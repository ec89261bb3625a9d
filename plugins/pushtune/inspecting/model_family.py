"""The family of the main model, which picks the image: one ordered table, most specific first.

Only layers that starting the entry really constructs count; an import alone is no evidence. Documented answers:

* Hybrids go to the first row that fits: CNN + RNN is ``rnn``, attention layers without ``MultiHeadAttention`` do not make a
  ``transformer``, ConvLSTM is ``rnn``.
* Transfer learning (``keras.applications``, image models of a hub) is ``cnn``; Conv1D on text is ``cnn``.
* Autoencoders and GANs go by their layers. Embedding with pooling and Dense is ``dense``.
* scikit-learn's ``MLPClassifier`` is ``classical``: the image decides, and that one holds scikit-learn.
"""

import re
from dataclasses import dataclass

from pushtune.inspecting.entry_script import Candidate
from pushtune.inspecting.evidence import Evidence
from pushtune.inspecting.libraries import CLASSICAL, keras_path
from pushtune.inspecting.project import Project
from pushtune.inspecting.script_facts import Call

UNSUPPORTED = "unsupported"


@dataclass(frozen=True)
class FamilyRow:
    """One family: ``layers`` matches the class of a Keras layer, ``names`` a dotted name of any other library."""

    family: str
    layers: re.Pattern[str]
    names: re.Pattern[str]


FAMILIES = (
    FamilyRow(
        "transformer",
        re.compile(r"(^|\.)(MultiHeadAttention|GroupQueryAttention|GroupedQueryAttention|TransformerEncoder|TransformerDecoder"
                   r"|TokenAndPositionEmbedding|FNetEncoder|CachedMultiHeadAttention|TransformerBlock)$"),
        re.compile(r"^transformers\.(TF\w+|\w*TF\w*)|^keras_(nlp|hub)\.|^(official\.nlp|bert4keras|keras_transformer|keras_bert|ktrain"
                   r"|keras_self_attention|vit_keras|tensorflow_text)\b|^tensorflow_models\.nlp|MultiHeadAttention$"),
    ),
    FamilyRow(
        "rnn",
        re.compile(r"(^|\.)(LSTM|GRU|SimpleRNN|RNN|Bidirectional|ConvLSTM[123]D|CuDNNLSTM|CuDNNGRU|LSTMCell|GRUCell|SimpleRNNCell"
                   r"|StackedRNNCells|PeepholeLSTMCell|ConvRecurrent2D)$"),
        re.compile(r"^tensorflow\.(compat\.v1\.)?(nn|contrib)\.(rnn|dynamic_rnn|static_rnn|bidirectional_dynamic_rnn|rnn_cell|raw_rnn"
                   r"|seq2seq|cudnn_rnn|legacy_seq2seq)\b"),
    ),
    FamilyRow(
        "cnn",
        re.compile(r"(^|\.)((Separable|Depthwise|AtrousC|Atrous|Deconv|Locally|Transpose)?(Conv|Convolution|Connected)[123]D"
                   r"(Transpose)?|AtrousConvolution[12]D|Deconvolution[123]D|SeparableConvolution2D|CosineConvolution2D"
                   r"|(Max|Average|GlobalMax)Pool(ing)?[23]D|GlobalAveragePooling[23]D|UpSampling[23]D|SpatialDropout[23]D"
                   r"|LocallyConnected[12]D)$"),
        re.compile(r"^tensorflow\.(compat\.v1\.)?nn\.(conv[123]d|conv2d_transpose|depthwise_conv2d|separable_conv2d|max_pool|convolution)"
                   r"|^tensorflow\.(compat\.v1\.)?layers\.(conv|separable_conv|Conv|max_pooling)|^tensorflow\.contrib\.(slim|layers)\.\w*conv"
                   r"|^(efficientnet|segmentation_models|classification_models|keras_cv|keras_retinanet|mrcnn|keras_resnet|resnet3d"
                   r"|keras_unet|imageai|tensorflow_hub\.KerasLayer)\b|^tf_slim\."),
    ),
    FamilyRow(
        "dense",
        re.compile(r"(^|\.)(Dense|EinsumDense|Embedding|MaxoutDense|TimeDistributedDense|DenseFeatures|Highway)$"),
        re.compile(r"^tensorflow\.(compat\.v1\.)?(matmul|layers\.dense|layers\.Dense|nn\.xw_plus_b|Variable|linalg\.matmul)$"
                   r"|^tensorflow\.(estimator|contrib\.learn)\.\w*(DNN|Linear|Baseline)\w*|^tensorflow\.contrib\.layers\.fully_connected"),
    ),
)  # fmt: skip
_APPLICATIONS = re.compile(r"^applications\.(\w+\.)?[A-Z]\w+$")
_TEXT_MODEL = re.compile(r"bert|electra|transformer|gpt|roberta|albert|use-?cmlm", re.I)
_TEXT_ENCODER = re.compile(r"universal-sentence-encoder|nnlm|gnews|wiki-words|elmo|swivel", re.I)


@dataclass(frozen=True)
class ModelFamily:
    """Attributes: family and framework, both as in the document; evidence: the lines that say so."""

    family: str
    framework: str | None
    evidence: list[Evidence]


def choose_family(project: Project, candidate: Candidate) -> ModelFamily:
    """Return the family of the model that ``candidate`` trains."""
    framework = candidate.framework
    training = candidate.trainings[0]
    says = f"trains with {framework}"
    for item in candidate.trainings:
        if item.framework == framework:
            training = item
            break
    proof = [Evidence(training.path, training.line, project.script(training.path).line(training.line), says)]
    if framework in CLASSICAL:
        return ModelFamily("classical", framework, proof)
    if framework == "pytorch":
        return ModelFamily("pytorch", framework, proof)
    if framework not in ("keras", "tensorflow"):
        return ModelFamily(UNSUPPORTED, framework, proof)
    row_of = _layers_used(project, candidate)
    for row in FAMILIES:
        if row.family in row_of:
            return ModelFamily(row.family, framework, proof + row_of[row.family][:5])
    return ModelFamily("dense", framework, proof)


def _layers_used(project: Project, candidate: Candidate) -> dict[str, list[Evidence]]:
    """Return family -> evidence, over everything that starting the entry runs; over its whole files if that is nothing."""
    found = _collect(project, candidate, only_reached=True)
    return found or _collect(project, candidate, only_reached=False)


def _collect(project: Project, candidate: Candidate, only_reached: bool) -> dict[str, list[Evidence]]:
    found: dict[str, list[Evidence]] = {}
    for path in dict.fromkeys(where for where, _ in candidate.reached):
        script = project.script(path)
        for call in script.facts.calls:
            if only_reached and (path, call.scope) not in candidate.reached:
                continue
            family = family_of_call(call, bool(script.facts.stars))
            if family:
                says = f"{call.name.rpartition('.')[2]}: {family}"
                found.setdefault(family, []).append(Evidence(path, call.line, script.line(call.line), says))
    return found


def family_of_call(call: Call, has_star_import: bool) -> str | None:
    """Return the family that one call speaks for."""
    name = call.name
    inner = keras_path(name)
    if inner is None and has_star_import and "." not in name:
        inner = name  # ``from x import *``: the name is a layer's, and nothing else binds it
    if inner is not None:
        if _APPLICATIONS.match(inner):
            return "cnn"
        for row in FAMILIES:
            if row.layers.search(inner):
                return row.family
        return None
    if name.startswith("tensorflow_hub."):
        return _family_of_hub(call)
    return next((row.family for row in FAMILIES if row.names.search(name)), None)


def _family_of_hub(call: Call) -> str | None:
    text = next((str(getattr(part, "value", "")) for part in call.node.args), "")
    if _TEXT_MODEL.search(text):
        return "transformer"
    return "dense" if _TEXT_ENCODER.search(text) else "cnn"
