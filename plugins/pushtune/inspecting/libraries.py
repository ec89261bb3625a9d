"""Which library a dotted name belongs to, and the names under which Keras is known."""

# Prefixes under which the same Keras API is reached, longest first.
KERAS_PREFIXES = (
    "tensorflow.compat.v1.keras.", "tensorflow.compat.v2.keras.", "tensorflow.contrib.keras.python.keras.",
    "tensorflow.contrib.keras.api.keras.", "tensorflow.contrib.keras.", "tensorflow.python.keras.api._v2.keras.",
    "tensorflow.python.keras.", "tensorflow.keras.", "tf_keras.", "keras.api.", "keras.src.", "tensorflow._api.v2.v2.keras.",
    "keras.",
)  # fmt: skip

# First part of a dotted name -> framework.
FRAMEWORKS = {
    "keras": "keras", "tf_keras": "keras", "keras_nlp": "keras", "keras_hub": "keras", "keras_cv": "keras",
    "keras_contrib": "keras", "keras_tuner": "keras", "kerastuner": "keras", "autokeras": "keras", "keras_rl": "keras",
    "rl": "keras", "tensorflow": "tensorflow", "tensorflow_hub": "tensorflow", "tensorflow_addons": "tensorflow",
    "sklearn": "scikit-learn", "imblearn": "scikit-learn", "xgboost": "xgboost", "lightgbm": "lightgbm",
    "catboost": "catboost", "statsmodels": "statsmodels", "prophet": "prophet", "fbprophet": "prophet",
    "pmdarima": "statsmodels", "surprise": "scikit-surprise", "torch": "pytorch", "torchvision": "pytorch",
    "pytorch_lightning": "pytorch", "lightning": "pytorch", "fastai": "pytorch", "ultralytics": "pytorch",
    "torchtext": "pytorch", "torch_geometric": "pytorch", "timm": "pytorch", "accelerate": "pytorch",
    "segmentation_models_pytorch": "pytorch", "simpletransformers": "pytorch", "sentence_transformers": "pytorch",
    "detectron2": "pytorch", "peft": "pytorch", "trl": "pytorch", "ignite": "pytorch", "skorch": "pytorch",
    "jax": "jax", "flax": "jax", "haiku": "jax", "mxnet": "mxnet", "gluonnlp": "mxnet", "autogluon": "autogluon",
    "chainer": "chainer", "paddle": "paddle", "theano": "theano", "lasagne": "theano", "nolearn": "theano",
    "caffe": "caffe", "cntk": "cntk", "tflearn": "tflearn", "tensorlayer": "tensorlayer", "pyspark": "pyspark", "h2o": "h2o",
    "pycaret": "pycaret", "tpot": "tpot", "autosklearn": "auto-sklearn", "thundersvm": "thundersvm", "cuml": "cuml",
    "nltk": "nltk", "spacy": "spacy", "gensim": "gensim", "transformers": "transformers", "mindspore": "mindspore",
    "tinygrad": "tinygrad", "oneflow": "oneflow", "fasttext": "fasttext", "darknet": "darknet",
}  # fmt: skip

CLASSICAL = frozenset(
    {"scikit-learn", "xgboost", "lightgbm", "catboost", "statsmodels", "prophet", "scikit-surprise"}
)
UNSUPPORTED = frozenset(
    {
        "jax", "mxnet", "autogluon", "chainer", "paddle", "theano", "caffe", "cntk", "tflearn", "tensorlayer", "pyspark",
        "h2o", "pycaret", "tpot", "auto-sklearn", "thundersvm", "cuml", "mindspore", "tinygrad", "oneflow", "fasttext",
        "darknet", "spacy", "gensim", "nltk",
    }
)  # fmt: skip


def keras_path(dotted: str) -> str | None:
    """Return the part of ``dotted`` after Keras' own root (``layers.Dense``); None if it is not Keras."""
    for prefix in KERAS_PREFIXES:
        if dotted.startswith(prefix):
            return dotted[len(prefix) :]
    return None


def framework_of(dotted: str) -> str | None:
    """Return the framework that ``dotted`` belongs to; None for anything else."""
    if keras_path(dotted + ".") is not None:
        return "keras"
    return FRAMEWORKS.get(dotted.partition(".")[0].rstrip("()[]"))
