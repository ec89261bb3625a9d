"""The families of networks, most specific first, and the names of layers that speak for each."""

import re
from dataclasses import dataclass

from pushtune.inspecting.libraries import keras_path
from pushtune.inspecting.patterns import dotted, one_of


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
