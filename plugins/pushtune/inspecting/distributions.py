"""Names that are imported -> names of distributions, where the two differ; and what an image already holds."""

import sys

DISTRIBUTIONS = {
    "cv2": "opencv-python-headless", "PIL": "pillow", "Image": "pillow", "skimage": "scikit-image", "sklearn": "scikit-learn", "yaml": "pyyaml",
    "bs4": "beautifulsoup4", "dateutil": "python-dateutil", "dotenv": "python-dotenv", "Crypto": "pycryptodome",
    "serial": "pyserial", "usb": "pyusb", "git": "gitpython", "jwt": "pyjwt", "docx": "python-docx", "pptx": "python-pptx",
    "fitz": "pymupdf", "magic": "python-magic", "MySQLdb": "mysqlclient", "psycopg2": "psycopg2-binary", "sendgrid": "sendgrid",
    "umap": "umap-learn", "imblearn": "imbalanced-learn", "mpl_toolkits": "matplotlib", "pylab": "matplotlib",
    "tensorflow_addons": "tensorflow-addons", "tensorflow_hub": "tensorflow-hub", "tensorflow_text": "tensorflow-text",
    "tensorflow_datasets": "tensorflow-datasets", "tensorflow_probability": "tensorflow-probability",
    "tensorflow_model_optimization": "tensorflow-model-optimization", "tf_keras": "tf-keras", "keras_tuner": "keras-tuner",
    "kerastuner": "keras-tuner", "keras_nlp": "keras-nlp", "keras_hub": "keras-hub", "keras_cv": "keras-cv",
    "keras_preprocessing": "keras-preprocessing", "keras_applications": "keras-applications", "keras_contrib": "keras-contrib",
    "keras_self_attention": "keras-self-attention", "keras_bert": "keras-bert", "keras_unet": "keras-unet",
    "keras_resnet": "keras-resnet", "keras_retinanet": "keras-retinanet", "vit_keras": "vit-keras",
    "segmentation_models": "segmentation-models", "classification_models": "image-classifiers", "rl": "keras-rl2",
    "pytorch_lightning": "pytorch-lightning", "torch_geometric": "torch-geometric", "skorch": "skorch",
    "sentence_transformers": "sentence-transformers", "googletrans": "googletrans", "speech_recognition": "SpeechRecognition",
    "pandas_datareader": "pandas-datareader", "ta": "ta", "talib": "ta-lib", "yfinance": "yfinance", "alpha_vantage": "alpha-vantage",
    "pydot_ng": "pydot-ng", "graphviz": "graphviz", "prophet": "prophet", "fbprophet": "prophet", "surprise": "scikit-surprise",
    "wordcloud": "wordcloud", "Levenshtein": "levenshtein", "Bio": "biopython", "osgeo": "gdal", "OpenSSL": "pyopenssl",
    "attr": "attrs", "pkg_resources": "setuptools", "ruamel": "ruamel.yaml", "google.cloud": "google-cloud-storage",
    "zmq": "pyzmq", "wx": "wxpython", "gi": "pygobject", "Xlib": "python-xlib", "telegram": "python-telegram-bot",
    "slugify": "python-slugify", "flask_cors": "flask-cors", "flask_restful": "flask-restful", "flask_wtf": "flask-wtf",
    "flask_sqlalchemy": "flask-sqlalchemy", "werkzeug": "werkzeug", "tree": "dm-tree", "sonnet": "dm-sonnet",
    "memory_profiler": "memory-profiler", "line_profiler": "line-profiler", "IPython": "ipython", "ipywidgets": "ipywidgets",
    "hydra": "hydra-core", "omegaconf": "omegaconf", "pl_bolts": "lightning-bolts", "medpy": "medpy", "SimpleITK": "simpleitk",
    "nibabel": "nibabel", "pydicom": "pydicom", "dicom": "pydicom", "albumentations": "albumentations", "midiutil": "midiutil",
    "music21": "music21", "pretty_midi": "pretty-midi", "soundfile": "soundfile", "python_speech_features": "python-speech-features",
    "scikitplot": "scikit-plot", "mlxtend": "mlxtend", "lime": "lime", "shap": "shap", "snscrape": "snscrape", "tweepy": "tweepy",
    "category_encoders": "category-encoders", "pycocotools": "pycocotools", "imutils": "imutils", "dlib": "dlib",
    "face_recognition": "face-recognition", "mediapipe": "mediapipe", "pyautogui": "pyautogui", "sqlalchemy": "sqlalchemy",
    "pymysql": "pymysql", "pymongo": "pymongo", "bson": "pymongo", "gym": "gym", "gymnasium": "gymnasium", "tensorboardX": "tensorboardx",
    "unidecode": "unidecode", "editdistance": "editdistance", "dill": "dill", "toml": "toml", "mnist": "mnist", "emnist": "emnist",
    "comet_ml": "comet-ml", "hyperopt": "hyperopt", "bayes_opt": "bayesian-optimization", "skopt": "scikit-optimize",
    "hmmlearn": "hmmlearn", "tsfresh": "tsfresh", "statsmodels": "statsmodels", "pmdarima": "pmdarima", "community": "python-louvain",
}  # fmt: skip

# Imports that no package index can serve: cloud notebooks, other interpreters, parts of editors.
NOT_INSTALLABLE = frozenset(
    {"google", "kaggle_secrets", "kaggle_datasets", "google.colab", "cntk", "caffe", "azureml", "bpy", "arcpy", "pyspark.dbutils",
     "tensorflow_core", "learntools", "helpers", "utils", "builtins", "__builtin__", "StringIO", "ConfigParser", "Queue",
     "cPickle", "cStringIO", "urllib2", "urlparse", "Tkinter", "tkFileDialog", "commands", "httplib", "HTMLParser", "itertools",
     "sets", "md5", "sha", "exceptions", "thread", "dummy_threading", "imp", "distutils", "asyncore", "SocketServer", "cookielib"}
)  # fmt: skip

# What every family image holds (distribution names, normalised), beyond the standard library.
_BASE = frozenset({"numpy", "scipy", "pandas", "scikit-learn", "matplotlib", "pillow", "h5py", "joblib", "setuptools", "pip", "wheel"})
_KERAS = _BASE | {"tensorflow", "tensorflow-cpu", "tensorflow-gpu", "keras", "tf-keras", "tensorboard", "protobuf", "six",
                  "tensorflow-estimator", "absl-py", "termcolor", "wrapt", "ml-dtypes", "opt-einsum", "gast", "astunparse", "grpcio",
                  "flatbuffers", "typing-extensions", "markdown", "werkzeug",
                  "google-pasta", "libclang", "namex", "optree", "rich"}  # fmt: skip
IMAGE_DISTRIBUTIONS = {
    "cnn": _KERAS,
    "dense": _KERAS,
    "rnn": _KERAS,
    "transformer": _KERAS,
    "classical": _BASE | {"xgboost", "lightgbm"},
    "pytorch": _BASE | {"torch", "torchvision"},
}
# Names in lists of requirements that no one can install, or that bring nothing.
DECLARED_BY_MISTAKE = frozenset({"python", "pip", "python3", "virtualenv", "ez_setup", "pkg_resources", "jupyter", "notebook", "jupyterlab", "ipykernel"})
# Import names for which a distribution of the same name exists and is meant.
DISTRIBUTIONS_OF_THAT_NAME = frozenset({"docx", "jwt", "magic", "ta", "mnist", "community", "tree", "rl", "image"})
STANDARD_LIBRARY = frozenset(sys.stdlib_module_names) | NOT_INSTALLABLE


def distribution_of(module: str) -> str | None:
    """Return the distribution that provides ``import module``; None for the standard library and what cannot be installed."""
    root = module.partition(".")[0]
    if not root or root in STANDARD_LIBRARY or root.startswith("_"):
        return None
    return normalized(DISTRIBUTIONS.get(root, root))


def declared_distribution(name: str) -> str | None:
    """Return the distribution that a list of requirements means by ``name``; None for what is none.

    Lists name what is imported instead of what is installed (``sklearn``, ``cv2``), and modules of the standard library.
    """
    bare, bracket, extras = name.partition("[")
    module = bare.replace("-", "_")
    if module in STANDARD_LIBRARY or module in DECLARED_BY_MISTAKE or module.isdigit():
        return None
    alias = {normalized(key): value for key, value in DISTRIBUTIONS.items()}.get(bare)
    return normalized(alias) + bracket + extras if alias is not None and bare not in DISTRIBUTIONS_OF_THAT_NAME else name


def normalized(name: str) -> str:
    """Return the name of a distribution in its normal form (PEP 503)."""
    parts = name.lower().replace("_", "-").replace(".", "-").split("-")
    return "-".join(part for part in parts if part)
