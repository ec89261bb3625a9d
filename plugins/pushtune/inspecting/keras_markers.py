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
    """A method of a model."""

    newest: str
    methods: frozenset[str]
    says: str


def _name(newest: str, words: str, says: str, root: str = BOTH) -> NameMarker:
    return NameMarker(newest, re.compile(rf"^{one_of(words)}(?:\.|\(|$)"), says, root)


def _argument(newest: str, words: str, on: str, says: str) -> ArgumentMarker:
    return ArgumentMarker(newest, frozenset(words.split()), re.compile(on), says)


# Utilities of Keras 3's ``keras.backend``; all other functions of the old one are gone from the stand-alone package.
_BACKEND_KEPT = one_of(
    "backend clear_session epsilon floatx get_uid image_data_format is_float_dtype is_int_dtype"
    " is_keras_tensor result_type"
    r" set_epsilon set_floatx set_image_data_format standardize_dtype common tensorflow_backend theano_backend"
    r" cntk_backend"
    r" set_session get_session set_image_dim_ordering image_dim_ordering _\w+"
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
    NameMarker("1", re.compile(r"^layers\.merge(?:\(|$)"), "merge() is Keras 1"),
    _name(
        "1",
        r"models\.Graph regularizers\.(?:l1l2|activity_\w+|WeightRegularizer) utils\.probas_to_classes"
        r" utils\.visualize_util"
        " initializations",
        "a Keras 1 name",
    ),
    _name("1", r"backend\.(?:set_)?image_dim_ordering", "dim_ordering is the Keras 1 name of data_format"),
    _name("1", r"layers\.(?:\w+\.)?CuDNN(?:LSTM|GRU) backend\.[sg]et_session", "a TensorFlow 1 name", IN_TENSORFLOW),
    _name("2.5", r"layers\.normalization", "the module keras.layers.normalization lost its content in 2.6"),
    _name("2.5", rf"layers\.{one_of(_OLD_MODULE_2_9)}(?:\.\w+)?", "this module was removed in 2.9"),
    _name(
        "2.5",
        r"(?:losses|metrics)\.(?:cosine|cosine_proximity)",
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
        "2.5",
        r"models\.model_from_yaml mixed_precision\.experimental",
        "this name stopped working between 2.6 and 2.11",
    ),
    _name(
        "2.5",
        r"optimizers\.(?:adam|sgd|rmsprop|adagrad|adadelta|adamax|nadam)(?!\.)",
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
    _name("2.12", r"constraints\.(?:maxnorm|nonneg|unitnorm)", "this name was removed in 2.13", STAND_ALONE),
    _name("2.12", r"layers\.CuDNN(?:LSTM|GRU) backend\.[sg]et_session", "this name was removed in 2.13", STAND_ALONE),
    _name(
        "2.15",
        r"optimizers\.(?:legacy|experimental) experimental estimator layers\.experimental models\.model_from_config"
        r" utils\.(?:legacy|OrderedEnqueuer|GeneratorEnqueuer|SequenceEnqueuer|experimental)"
        r" layers\.(?:DenseFeatures|ThresholdedReLU|LocallyConnected[12]D|RandomHeight|RandomWidth|AbstractRNNCell)",
        "this name was removed in Keras 3",
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
        r"(?:losses|metrics)\.(?:mse|MSE|mae|MAE|mape|MAPE|msle|MSLE|kld|KLD|KLD|kld|logcosh"
        r"|kullback_leibler_divergence|huber_loss)",
        "the short name was removed in Keras 3",
        STAND_ALONE,
    ),
)

# Names of TensorFlow and of libraries around it.
TENSORFLOW_MARKERS = (
    _name(
        "1",
        r"tensorflow\."
        + one_of(
            "placeholder placeholder_with_default sparse_placeholder Session InteractiveSession ConfigProto GPUOptions"
            " global_variables_initializer initialize_all_variables get_variable variable_scope get_default_graph"
            " reset_default_graph contrib app flags logging set_random_seed truncated_normal random_normal"
            " random_uniform"
            " trainable_variables global_variables get_collection enable_eager_execution disable_v2_behavior"
            " assign layers"
            " examples log div mul sub pack to_float to_int32 merge_all_summaries"
        ),
        "a TensorFlow 1 name",
    ),
    _name(
        "1",
        r"tensorflow\.train\."
        + one_of(
            r"\w*Optimizer Saver get_or_create_global_step exponential_decay string_input_producer shuffle_batch"
            " SummaryWriter"
        ),
        "a TensorFlow 1 name",
    ),
    _name(
        "1",
        r"tensorflow\.nn\."
        + one_of(
            "rnn_cell dynamic_rnn static_rnn bidirectional_dynamic_rnn rnn xw_plus_b"
            " softmax_cross_entropy_with_logits_v2"
        ),
        "a TensorFlow 1 name",
    ),
    _name(
        "2.15",
        r"tensorflow\.estimator tensorflow\.compat\.v1\.(?:layers|nn\.rnn_cell|nn\.dynamic_rnn|keras|estimator)",
        "this name left TensorFlow together with Keras 2, in 2.16",
    ),
    _name(
        "2.15",
        r"tensorflow_addons tf_keras tensorflow_hub\.KerasLayer transformers\.TF\w+",
        "this library works with Keras 2 only",
    ),
    _name(
        "2.15",
        r"keras_preprocessing\.image\.ImageDataGenerator",
        "Keras 3 does not take the generators of keras_preprocessing",
    ),
    _name(
        "2.12",
        "segmentation_models efficientnet classification_models keras_applications",
        "this library uses modules that were removed in 2.13",
    ),
    _name(
        "2.5",
        "keras_contrib keras_vggface rl keras_bert keras_self_attention keras_layer_normalization keras_retinanet mrcnn"
        " keras_multi_head"
        " keras_transformer",
        "this library was written for stand-alone Keras 2",
    ),
)

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
        "a Keras 1 layer argument",
    ),
    _argument("1", "output_dim", r"^layers\.(\w+\.)*(?!Embedding)[A-Z]\w*$", "output_dim is the Keras 1 name of units"),
    _argument(
        "1", "p sigma", r"^layers\.(\w+\.)*\w*(Dropout|Dropout[123]D|GaussianNoise)$", "a Keras 1 layer argument"
    ),
    _argument("1", "mode", r"^layers\.(\w+\.)*(BatchNormalization|merge)$", "mode of a layer is Keras 1"),
    _argument("1", "input output", r"^(models\.|engine\.(\w+\.)*)?Model$", "Model(input=, output=) is Keras 1"),
    _argument(
        "1",
        "nb_words",
        r"^(datasets\.\w+\.load_data|preprocessing\.text\.Tokenizer)$",
        "nb_words is the Keras 1 name of num_words",
    ),
    _argument(
        "1", "nb_classes", r"^utils\.(np_utils\.)?to_categorical$", "nb_classes is the Keras 1 name of num_classes"
    ),
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
    _argument("2.15", "reset_metrics", r"^(train|test)_on_batch$", "this argument was removed in Keras 3"),
    _argument("2.15", "batch_input_shape", _LAYER, "batch_input_shape was removed in Keras 3"),
    _argument("2.15", "period", r"^callbacks\.(\w+\.)*ModelCheckpoint$", "period= was removed in Keras 3"),
    _argument(
        "2.15",
        "write_grads batch_size embeddings_layer_names embeddings_data",
        r"^callbacks\.(\w+\.)*TensorBoard$",
        "this argument was removed in Keras 3",
    ),
    _argument("2.15", "l", r"^regularizers\.[lL][12]$", "l= was removed in Keras 3"),
    _argument("2.15", "sample_weight_mode", r"^compile$", "sample_weight_mode was removed in Keras 3"),
)

METHOD_MARKERS = (
    MethodMarker("2.5", frozenset({"predict_classes"}), "predict_classes was removed in 2.6"),
    MethodMarker("2.5", frozenset({"to_yaml"}), "to_yaml stopped working in 2.6"),
    MethodMarker(
        "2.15",
        frozenset({"fit_generator", "evaluate_generator", "predict_generator"}),
        "the generator methods were removed in Keras 3",
    ),
)
