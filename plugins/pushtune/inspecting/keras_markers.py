"""Names and arguments of Keras and TensorFlow that worked only up to a certain release: tables.

Each row was read in, or tried on, the released packages: stand-alone Keras 2.0 to 2.15, Keras 3.15 with TensorFlow
2.21.
``newest`` is a rung of ``keras_generation.GENERATIONS``; where the exact release lies between two rungs, ``says``
names it.
A name after Keras' own root is written without it: ``layers.Dense``. ``root`` says which Keras lost it: the stand-alone
package, TensorFlow's, or both.
"""

import re
from dataclasses import dataclass

from pushtune.inspecting.patterns import one_of
from pushtune.inspecting.tensorflow_1_names import REMOVED_NAMES

STAND_ALONE = "keras"
IN_TENSORFLOW = "tensorflow"
BOTH = ""


@dataclass(frozen=True)
class NameMarker:
    """A name: ``pattern`` fits an import or a use of it."""

    newest: str
    pattern: re.Pattern[str]
    says: str
    root: str = BOTH


@dataclass(frozen=True)
class ArgumentMarker:
    """A keyword argument, on a Keras name that ``on`` fits (or, for a method, on the method's bare name)."""

    newest: str
    words: frozenset[str]
    on: re.Pattern[str]
    says: str


@dataclass(frozen=True)
class MethodMarker:
    """A method; ``of``: what the name of its owner shows, for a method that other things have as well."""

    newest: str
    methods: frozenset[str]
    says: str
    of: re.Pattern[str] = re.compile("")


def _name(newest: str, words: str, says: str, root: str = BOTH) -> NameMarker:
    return NameMarker(newest, re.compile(rf"^{one_of(words)}(?:\.|\(|$)"), says, root)


def _tensorflow_1(module: str, names: str) -> NameMarker:
    path = rf"tensorflow\.{module}\." if module else r"tensorflow\."
    return _name("1", path + one_of(names), "a TensorFlow 1 name")


def _argument(newest: str, words: str, on: str, says: str) -> ArgumentMarker:
    return ArgumentMarker(newest, frozenset(words.split()), re.compile(on), says)


# Utilities of Keras 3's ``keras.backend``; all other functions of the old one are gone from the stand-alone package.
_BACKEND_KEPT = one_of(
    "backend clear_session epsilon floatx get_uid image_data_format is_float_dtype is_int_dtype is_keras_tensor"
    " result_type set_epsilon set_floatx set_image_data_format standardize_dtype common tensorflow_backend"
    r" theano_backend cntk_backend set_session get_session set_image_dim_ordering image_dim_ordering _\w+"
)
_IMAGES_KEPT = one_of("load_img img_to_array array_to_img save_img smart_resize")
_OLD_MODULE_2_9 = (
    "recurrent embeddings advanced_activations merge wrappers local convolutional_recurrent cudnn_recurrent"
)

NAME_MARKERS = (
    _name(
        "1",
        r"layers\.(?:core\.)?(?:Merge|MaxoutDense|Highway|TimeDistributedDense|AtrousConv\w*|Deconvolution[123]D|Graph)"
        r" layers\.containers",
        "a Keras 1 layer",
    ),
    _name(
        "1",
        r"models\.Graph regularizers\.(?:l1l2|activity_\w+|WeightRegularizer) initializations"
        r" utils\.(?:probas_to_classes|visualize_util)",
        "a Keras 1 name",
    ),
    _name("1", r"backend\.(?:set_)?image_dim_ordering", "dim_ordering is the Keras 1 name of data_format"),
    _name("1", r"layers\.(?:\w+\.)?CuDNN(?:LSTM|GRU) backend\.[sg]et_session", "a TensorFlow 1 name", IN_TENSORFLOW),
    _name("2.5", r"layers\.normalization", "the module keras.layers.normalization lost its content in 2.6"),
    _name("2.5", rf"layers\.{one_of(_OLD_MODULE_2_9)}(?:\.\w+)?", "this module was removed in 2.9"),
    _name(
        "2.5", r"(?:losses|metrics)\.(?:cosine|cosine_proximity)",
        "the short name was removed by 2.4: it is cosine_similarity now",
    ),
    _name("2.5", r"engine\.(?:topology|network) legacy", "this module was removed in 2.6"),
    _name(
        "2.5",
        r"backend\.tensorflow_backend callbacks\.callbacks objectives"
        r" utils\.(?:training_utils|multi_gpu_utils|multi_gpu_model|io_utils\.HDF5Matrix|HDF5Matrix|print_summary)",
        "this name was removed by 2.4",
    ),
    _name(
        "2.5", r"models\.model_from_yaml mixed_precision\.experimental",
        "this name stopped working between 2.6 and 2.11",
    ),
    _name(
        "2.5",
        r"models\.(?:Input|InputLayer|optimizers|metrics|losses|layers|backend|K)"
        r" engine\.(?:Layer|Input|InputLayer|InputSpec|Model|get_source_inputs)"
        r" layers\.(?:Recurrent|ConvRecurrent2D|ConvLSTM2DCell) initializers\.(?:normal|uniform|one|zero)(?!\.)"
        r" utils\.(?:H5Dict|convert_all_kernels_in_model|test_utils) optimizer_v[12]",
        "this name was removed by 2.10",
        STAND_ALONE,
    ),
    _name(
        "2.5", r"optimizers\.(?:adam|sgd|rmsprop|adagrad|adadelta|adamax|nadam)(?!\.)",
        "optimizers in lower case were removed by 2.4",
        STAND_ALONE,
    ),
    _name("2.12", r"layers\.(?:core|convolutional|pooling|noise)(?:\.\w+)?", "this module was removed in 2.13"),
    _name(
        "2.12",
        r"utils\.(?:np_utils|generic_utils|data_utils|layer_utils|conv_utils|vis_utils|io_utils|all_utils) engine"
        r" wrappers\.scikit_learn",
        "this module was removed in 2.13",
    ),
    _name(
        "2.12",
        r"constraints\.(?:maxnorm|nonneg|unitnorm) metrics\.(?:accuracy|cosine_similarity) optimizers\.TFOptimizer"
        r" backend\.(?:logsumexp|identity|is_placeholder|conv3d_transpose|separable_conv1d) callbacks\.Progbar"
        r" datasets\.cifar",
        "this name was removed in 2.13",
        STAND_ALONE,
    ),
    _name("2.12", r"layers\.CuDNN(?:LSTM|GRU) backend\.[sg]et_session", "this name was removed in 2.13", STAND_ALONE),
    _name(
        "2.15",
        r"optimizers\.(?:legacy|experimental) experimental estimator layers\.experimental models\.model_from_config"
        r" utils\.(?:legacy|OrderedEnqueuer|GeneratorEnqueuer|SequenceEnqueuer|experimental)"
        r" layers\.(?:DenseFeatures|ThresholdedReLU|LocallyConnected[12]D|RandomHeight|RandomWidth|AbstractRNNCell)"
        r" callbacks\.(?:BaseLogger|experimental) constraints\.(?:RadialConstraint|radial_constraint)"
        r" models\.experimental"
        r" metrics\.(?:MeanTensor|MeanRelativeError) utils\.SidecarEvaluator applications\.(?:regnet|resnet_rs)"
        r" applications\.(?:RegNet|ResNetRS)\w+",
        "this name was removed in Keras 3",
    ),
    _name(
        "2.15",
        r"(?:losses|metrics)\.(?:mean_(?:squared|absolute|absolute_percentage|squared_logarithmic)_error|kl_divergence)"
        r" (?:losses|metrics)\.log_cosh",
        "tf.keras of Keras 3 lacks this function, which Keras itself has",
        IN_TENSORFLOW,
    ),
    _name(
        "2.15",
        r"backend\.(?:function|in_test_phase|in_train_phase|(?:set_)?learning_phase|learning_phase_scope|placeholder)"
        r" backend\.(?:print_tensor|random_binomial|reset_uids|local_conv[12]d|manual_variable_initialization)",
        "tf.keras of Keras 3 has no such backend function",
        IN_TENSORFLOW,
    ),
    _name(
        "2.15",
        rf"preprocessing\.text preprocessing\.sequence\.(?!pad_sequences)\w+"
        rf" preprocessing\.image\.(?!{_IMAGES_KEPT}\b)\w+",
        "the stand-alone Keras 3 has no such preprocessing",
        STAND_ALONE,
    ),
    _name(
        "2.15",
        rf"backend\.(?!{_BACKEND_KEPT}\b)\w+",
        "the stand-alone Keras 3 has no such backend function",
        STAND_ALONE,
    ),
    _name(
        "2.15",
        r"losses\.Reduction (?:losses|metrics)\.(?:mse|MSE|mae|MAE|mape|MAPE|msle|MSLE|kld|KLD|logcosh"
        r"|kullback_leibler_divergence|huber_loss)",
        "the short name was removed in Keras 3",
        STAND_ALONE,
    ),
)

# Names of TensorFlow and of libraries around it.
TENSORFLOW_MARKERS = (
    *(_tensorflow_1(module, names) for module, names in REMOVED_NAMES.items()),
    _name(
        "2.15",
        r"tensorflow\.estimator tensorflow\.compat\.v1\.(?:layers|nn\.rnn_cell|nn\.dynamic_rnn|keras|estimator)",
        "this name left TensorFlow together with Keras 2, in 2.16",
    ),
    _name(
        "2.15", r"tensorflow_addons tf_keras tensorflow_hub\.KerasLayer transformers\.TF\w+",
        "this library works with Keras 2 only",
    ),
    _name(
        "2.15", r"keras_preprocessing\.image\.ImageDataGenerator",
        "Keras 3 does not take the generators of keras_preprocessing",
    ),
    _name(
        "2.5",
        r"tensorflow\.python\.keras\.(?:applications|datasets|preprocessing|premade|wrappers)",
        "this inner module of TensorFlow was removed in 2.6",
    ),
    _name(
        "2.12",
        "segmentation_models efficientnet classification_models keras_applications",
        "this library uses modules that were removed in 2.13",
    ),
    _name(
        "2.5",
        "keras_contrib keras_vggface rl keras_bert keras_self_attention keras_layer_normalization keras_retinanet"
        " mrcnn keras_multi_head keras_transformer",
        "this library was written for stand-alone Keras 2",
    ),
)

_KERAS_1_ARGUMENT = "a Keras 1 layer argument"
_ARGUMENT_GONE = "this argument was removed in Keras 3"
_LAYER = r"^layers\.(\w+\.)*[A-Z]\w*$"
_OPTIMIZER = r"^optimizers\.(\w+\.)*(?i:SGD|RMSprop|Adam|AdamW|Adamax|Adadelta|Adagrad|Nadam|Ftrl)$"

ARGUMENT_MARKERS = (
    _argument(
        "1",
        "nb_epoch samples_per_epoch nb_val_samples nb_worker",
        r"^(fit|fit_generator|evaluate_generator|predict_generator)$",
        "a Keras 1 argument of fit",
    ),
    _argument("1", "show_accuracy", r"^(fit|evaluate|train_on_batch)$", "show_accuracy is Keras 1"),
    _argument("1", "class_mode", r"^compile$", "class_mode of compile is Keras 1"),
    _argument(
        "1",
        "border_mode subsample nb_filter nb_row nb_col dim_ordering init inner_init forget_bias_init inner_activation"
        " W_regularizer b_regularizer U_regularizer W_constraint b_constraint filter_length pool_length stride"
        " subsample_length dropout_W dropout_U consume_less atrous_rate",
        _LAYER,
        _KERAS_1_ARGUMENT,
    ),
    _argument("1", "output_dim", r"^layers\.(\w+\.)*(?!Embedding)[A-Z]\w*$", "output_dim is the Keras 1 name of units"),
    _argument("1", "p sigma", r"^layers\.(\w+\.)*\w*(Dropout|Dropout[123]D|GaussianNoise)$", _KERAS_1_ARGUMENT),
    _argument("1", "mode", r"^layers\.(\w+\.)*(BatchNormalization|merge)$", "mode of a layer is Keras 1"),
    _argument("1", "input output", r"^(models\.|engine\.(\w+\.)*)?Model$", "Model(input=, output=) is Keras 1"),
    _argument(
        "1",
        "nb_words",
        r"^(datasets\.\w+\.load_data|preprocessing\.text\.Tokenizer)$",
        "nb_words is the Keras 1 name of num_words",
    ),
    _argument("1", "nb_classes", r"^utils\.(np_utils\.)?to_categorical$", "nb_classes is Keras 1's num_classes"),
    _argument("2.5", "decay", _OPTIMIZER, "decay= of an optimizer works up to 2.10: later ones refuse or ignore it"),
    _argument(
        "2.15", "lr", _OPTIMIZER, "lr= is refused by Keras 3; 2.11 to 2.15 take it, warn, and use their default instead"
    ),
    _argument(
        "2.15",
        "workers use_multiprocessing max_queue_size max_q_size pickle_safe",
        r"^(fit|evaluate|predict)$",
        "Keras 3 moved this argument of fit into the data set",
    ),
    _argument("2.15", "reset_metrics", r"^(train|test)_on_batch$", _ARGUMENT_GONE),
    _argument("2.15", "batch_input_shape", _LAYER, "batch_input_shape was removed in Keras 3"),
    _argument("2.15", "period", r"^callbacks\.(\w+\.)*ModelCheckpoint$", "period= was removed in Keras 3"),
    _argument(
        "2.15", "write_grads batch_size embeddings_layer_names embeddings_data", r"^callbacks\.(\w+\.)*TensorBoard$",
        _ARGUMENT_GONE,
    ),
    _argument("2.15", "l", r"^regularizers\.[lL][12]$", "l= was removed in Keras 3"),
    _argument("2.15", "sample_weight_mode", r"^compile$", "sample_weight_mode was removed in Keras 3"),
    _argument("2.5", "target_tensors", r"^compile$", "target_tensors was removed by 2.4"),
    _argument("2.15", "fused virtual_batch_size", r"^layers\.(\w+\.)*BatchNormalization$", _ARGUMENT_GONE),
    _argument("2.15", "time_major", r"^layers\.(\w+\.)*(LSTM|GRU|SimpleRNN|RNN)$", _ARGUMENT_GONE),
)

METHOD_MARKERS = (
    MethodMarker("2.5", frozenset({"predict_classes"}), "predict_classes was removed in 2.6"),
    MethodMarker("2.5", frozenset({"to_yaml"}), "to_yaml stopped working in 2.6"),
    MethodMarker(
        "2.15",
        frozenset({"fit_generator", "evaluate_generator", "predict_generator"}),
        "the generator methods were removed in Keras 3",
    ),
    MethodMarker(
        "2.5",
        frozenset({"_make_predict_function", "_make_train_function", "_make_test_function"}),
        "this method of a model was removed by 2.11",
    ),
    MethodMarker(
        "2.5", frozenset({"get_updates"}), "get_updates of an optimizer was removed by 2.11",
        re.compile(r"opt|adam|sgd|rms_?prop|ada(grad|delta|max)|model", re.I),
    ),
    MethodMarker("2.15", frozenset({"get_output_at", "get_input_at"}), "layers of Keras 3 have no nodes to ask for"),
    MethodMarker(
        "1",
        frozenset({"make_one_shot_iterator", "make_initializable_iterator"}),
        "data sets of TensorFlow 2 have no such method",
    ),
)
