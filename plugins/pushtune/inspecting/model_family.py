"""The family of the main model, which picks the image: one ordered table, most specific first.

Only layers that starting the entry really uses count; an import alone is no evidence. Documented answers:

* Hybrids go to the first row that fits: CNN + RNN is ``rnn``; attention layers other than ``MultiHeadAttention`` do not
  make a ``transformer``, unless they are the repository's own multi-head attention; ConvLSTM is ``rnn``.
* Transfer learning (``keras.applications``, image models of a hub) is ``cnn``; Conv1D on text is ``cnn``.
* Autoencoders and GANs go by their layers. Embedding with pooling and Dense is ``dense``.
* scikit-learn's ``MLPClassifier`` is ``classical``: the image decides, and that one holds scikit-learn.
"""

import re
from dataclasses import dataclass

from pushtune.inspecting.entry_script import Candidate
from pushtune.inspecting.evidence import Evidence
from pushtune.inspecting.libraries import CLASSICAL, keras_path
from pushtune.inspecting.patterns import dotted, one_of
from pushtune.inspecting.project import Project
from pushtune.inspecting.script_facts import Call

UNSUPPORTED = "unsupported"


@dataclass(frozen=True)
class FamilyRow:
    """One family: ``layers`` matches the class of a Keras layer, ``names`` a dotted name of any other library."""

    family: str
    layers: re.Pattern[str]
    names: re.Pattern[str]


def _row(family: str, layers: str, names: str) -> FamilyRow:
    return FamilyRow(family, re.compile(rf"(?:^|\.){one_of(layers)}$"), dotted(names))


FAMILIES = (
    _row(
        "transformer",
        "MultiHeadAttention GroupQueryAttention GroupedQueryAttention CachedMultiHeadAttention TransformerEncoder"
        " TransformerDecoder TransformerBlock TokenAndPositionEmbedding FNetEncoder",
        r"transformers\.TF\w+ keras_nlp keras_hub official\.nlp tensorflow_models\.nlp bert4keras"
        r" keras_transformer keras_bert"
        r" ktrain keras_self_attention vit_keras tensorflow_text tensorflow_addons\.layers\.MultiHeadAttention",
    ),
    _row(
        "rnn",
        "LSTM GRU SimpleRNN RNN Bidirectional ConvLSTM[123]D CuDNNLSTM CuDNNGRU LSTMCell GRUCell SimpleRNNCell"
        " StackedRNNCells"
        " PeepholeLSTMCell ConvRecurrent2D",
        r"tensorflow\.(?:compat\.v1\.)?(?:nn|contrib)\.(?:rnn|rnn_cell|dynamic_rnn|static_rnn|bidirectional_dynamic_rnn|raw_rnn"
        r"|seq2seq|legacy_seq2seq|cudnn_rnn)",
    ),
    _row(
        "cnn",
        "(?:Separable|Depthwise|Atrous|Locally|Cosine)?(?:Conv|Convolution|Connected)[123]D(?:Transpose)?"
        " Deconvolution[123]D (?:Max|Average|Avg|GlobalMax|GlobalAverage|GlobalAvg)Pool(?:ing)?[23]D UpSampling[23]D"
        " SpatialDropout[23]D",
        r"tensorflow\.(?:compat\.v1\.)?nn\.(?:conv[123]d|conv2d_transpose|depthwise_conv2d|separable_conv2d|max_pool\w*|convolution)"
        r" tensorflow\.(?:compat\.v1\.)?layers\.(?:conv\w*|separable_conv\w*|Conv\w*|max_pooling\w*)"
        r" tensorflow\.contrib\.(?:slim|layers)\.\w*conv\w* tf_slim\.\w+"
        r" tensorflow\.contrib\.slim\.(?:python\.slim\.)?nets"
        r" efficientnet segmentation_models classification_models keras_cv keras_retinanet mrcnn keras_resnet"
        r" keras_unet imageai keras_vggface keras_facenet resnet3d",
    ),
    _row(
        "dense",
        "Dense EinsumDense Embedding MaxoutDense TimeDistributedDense DenseFeatures Highway",
        r"tensorflow\.(?:compat\.v1\.)?(?:matmul|linalg\.matmul|layers\.dense|layers\.Dense|nn\.xw_plus_b|Variable)"
        r" tensorflow\.(?:estimator|contrib\.learn)\.\w*(?:DNN|Linear|Baseline)\w*"
        r" tensorflow\.contrib\.layers\.fully_connected",
    ),
)
_APPLICATIONS = re.compile(r"^applications\.(\w+\.)?[A-Z]\w+$")
_OWN_ATTENTION = re.compile(
    r"^(\w*multi_?head_?\w*attention\w*|transformer|transformer_?(block|encoder|decoder|layer|model)\w*)$", re.I
)
_OWN_RECURRENCE = re.compile(r"(?:^|_)(?:lstm|gru|rnn)(?:$|_|cell)", re.I)
_OF_IMAGES = ("flow_from_directory", "flow_from_dataframe", "image_dataset_from_directory")
_IMAGE_SETS = ("datasets.cifar10.load_data", "datasets.cifar100.load_data")
_TEXT_MODEL = re.compile(r"bert|electra|transformer|gpt|roberta|albert|use-?cmlm", re.I)
_TEXT_BUILDER = re.compile(r"(?:^|\.)(?:build|load|create|get|make)_\w*(?:transformer|bert)(?:_\w+)?(?:\(\))?$")
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
    if set(row_of) <= {"dense"}:
        row_of = _recurrent_by_hand(project, candidate) or _loaded_for_images(project, candidate) or row_of
    for row in FAMILIES:
        if row.family in row_of:
            return ModelFamily(row.family, framework, proof + row_of[row.family][:5])
    return ModelFamily("dense", framework, proof)


def _layers_used(project: Project, candidate: Candidate) -> dict[str, list[Evidence]]:
    """Return family -> evidence over all that starting the entry runs; over its whole files if that is nothing."""
    found = _collect(project, candidate, only_reached=True)
    return found or _collect(project, candidate, only_reached=False)


def _collect(project: Project, candidate: Candidate, only_reached: bool) -> dict[str, list[Evidence]]:
    found: dict[str, list[Evidence]] = {}
    for path in dict.fromkeys(where for where, _ in candidate.reached):
        script = project.script(path)
        names = {(line, name): scope for scope, read in script.facts.references.items() for name, line in read.items()}
        for (line, name), scope in sorted(names.items()):
            if only_reached and (path, scope) not in candidate.reached:
                continue
            is_layer = bool(script.facts.stars) or script.facts.is_unbound(name)
            family = family_of_name(name, is_layer) or _family_of_own_class(project, path, name)
            if family is None and _TEXT_BUILDER.search(name) and project.definition(name, path) is None:
                family = "transformer"
            if family:
                says = f"{name.rpartition('.')[2]}: {family}"
                found.setdefault(family, []).append(Evidence(path, line, script.line(line), says))
        for call in script.facts.calls:
            if call.name.startswith("tensorflow_hub.") and (path, call.scope) in candidate.reached:
                evidence = Evidence(path, call.line, script.line(call.line), call.method)
                found.setdefault(_family_of_hub(call), []).append(evidence)
    return found


def family_of_name(name: str, may_be_a_layer: bool) -> str | None:
    """Return the family that reading ``name`` speaks for: a class may be called there, or handed on to be called."""
    inner = keras_path(name)
    if inner is None and may_be_a_layer and "." not in name:
        inner = name  # by ``from x import *``, or in a notebook whose imports are lost: nothing else binds the name
    if inner is not None:
        if _APPLICATIONS.match(inner):
            return "cnn"
        return next((row.family for row in FAMILIES if row.layers.search(inner)), None)
    return next((row.family for row in FAMILIES if row.names.search(name)), None)


def _family_of_own_class(project: Project, path: str, name: str) -> str | None:
    """Attention written by hand: its name says that it has several heads, or a parameter of it is their number."""
    last = name.rpartition(".")[2].rstrip("()[]")
    if "attention" not in last.lower() and not _OWN_ATTENTION.match(last):
        return None
    place = project.definition(name, path)
    if place is None:
        return None
    parameters = project.script(place[0]).facts.parameters
    given = parameters.get(f"{place[1]}.__init__", []) + parameters.get(place[1], [])
    has_heads = any("head" in word.lower() for word in given)
    return "transformer" if has_heads or _OWN_ATTENTION.match(last) else None


def _recurrent_by_hand(project: Project, candidate: Candidate) -> dict[str, list[Evidence]]:
    """Return the recurrent networks built out of plain operations: by the names they are given, and by their loops."""
    found = []
    for path, scope in candidate.reached:
        name = scope.rpartition(".")[2] or scope
        if _OWN_RECURRENCE.search(name):
            script = project.script(path)
            line = script.facts.functions.get(scope, 1)
            found.append(Evidence(path, line, script.line(line), f"{name}: rnn"))
    for path in dict.fromkeys(where for where, _ in candidate.reached):
        script = project.script(path)
        for scope, line in script.facts.recurrences:
            if (path, scope) in candidate.reached:
                found.append(Evidence(path, line, script.line(line), "a loop over time that carries a state: rnn"))
    return {"rnn": found} if found else {}


def _loaded_for_images(project: Project, candidate: Candidate) -> dict[str, list[Evidence]]:
    """Return ``cnn`` where a model whose layers no source shows is loaded, and what it is trained on are images."""
    calls = [
        (path, call) for path in dict.fromkeys(where for where, _ in candidate.reached)
        for call in project.script(path).facts.calls if (path, call.scope) in candidate.reached
    ]  # fmt: skip
    if not any((keras_path(call.name) or "").startswith("models.load_model") for _, call in calls):
        return {}
    found = [
        Evidence(path, call.line, project.script(path).line(call.line), "images for a model that is loaded: cnn")
        for path, call in calls if call.method in _OF_IMAGES or (keras_path(call.name) or "") in _IMAGE_SETS
    ]  # fmt: skip
    return {"cnn": found[:5]} if found else {}


def _family_of_hub(call: Call) -> str:
    text = next((str(getattr(part, "value", "")) for part in call.node.args), "")
    if _TEXT_MODEL.search(text):
        return "transformer"
    return "dense" if _TEXT_ENCODER.search(text) else "cnn"
