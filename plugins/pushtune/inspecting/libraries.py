"""Which library a dotted name belongs to, and the names under which Keras is known."""

import re

from pushtune.inspecting.patterns import words

# Prefixes under which the same Keras API is reached, longest first.
KERAS_PREFIXES = (
    "tensorflow.contrib.keras.python.keras.",
    "tensorflow.contrib.keras.api.keras.",
    "tensorflow.contrib.keras.",
    "tensorflow.compat.v1.keras.",
    "tensorflow.compat.v2.keras.",
    "tensorflow.python.keras.api._v2.keras.",
    "tensorflow.python.keras.",
    "tensorflow.keras.",
    "tf_keras.",
    "keras.api.",
    "keras.src.",
    "keras.",
)

# Framework -> first parts of the names that belong to it.
_PACKAGES = {
    "keras": "keras tf_keras keras_nlp keras_hub keras_cv keras_contrib keras_tuner kerastuner autokeras keras_rl rl"
    " scikeras",
    "tensorflow": "tensorflow tensorflow_hub tensorflow_addons tensorflow_federated",
    "scikit-learn": "sklearn imblearn",
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
    "catboost": "catboost",
    "statsmodels": "statsmodels pmdarima",
    "prophet": "prophet fbprophet",
    "scikit-surprise": "surprise",
    "pytorch": "torch torchvision torchtext torchaudio pytorch_lightning lightning fastai ultralytics"
    " torch_geometric timm"
    " accelerate segmentation_models_pytorch simpletransformers sentence_transformers detectron2 peft trl"
    " ignite skorch",
    "jax": "jax flax haiku optax",
    "mxnet": "mxnet gluonnlp gluoncv",
    "theano": "theano lasagne nolearn",
    **{
        name: name
        for name in words(
            "autogluon chainer paddle caffe cntk tflearn tensorlayer pyspark h2o pycaret tpot autosklearn"
            " thundersvm cuml nltk"
            " spacy gensim transformers mindspore tinygrad oneflow fasttext darknet"
        )
    },
}
FRAMEWORKS = {package: framework for framework, packages in _PACKAGES.items() for package in packages.split()}

CLASSICAL = words("scikit-learn xgboost lightgbm catboost statsmodels prophet scikit-surprise")
UNSUPPORTED = words(
    "jax mxnet autogluon chainer paddle theano caffe cntk tflearn tensorlayer pyspark h2o pycaret tpot autosklearn"
    " thundersvm cuml mindspore tinygrad oneflow fasttext darknet spacy gensim nltk"
)


# Libraries that hand out models of Keras say so in their names: ``keras_bert``, ``vit_keras``, ``bert4keras``.
_BUILT_ON_KERAS = re.compile(r"keras_(?!preprocessing$|tqdm$|datasets$|metrics$)\w+$|\w+(?:_|4)keras$")


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
    package = dotted.partition(".")[0].rstrip("()[]")
    return FRAMEWORKS.get(package) or ("keras" if _BUILT_ON_KERAS.match(package) else None)
