"""Names that are imported -> names of distributions, where the two differ; and what an image already holds."""

import sys

from pushtune.inspecting.patterns import words

# ``import name`` -> distribution; names that are equal (up to case and underscores) need no entry.
DISTRIBUTIONS = dict(
    pair.split("=")
    for pair in words(
        """
        cv2=opencv-python-headless PIL=pillow Image=pillow skimage=scikit-image sklearn=scikit-learn yaml=pyyaml
        bs4=beautifulsoup4 dateutil=python-dateutil dotenv=python-dotenv Crypto=pycryptodome serial=pyserial usb=pyusb
        git=gitpython jwt=pyjwt docx=python-docx pptx=python-pptx fitz=pymupdf magic=python-magic MySQLdb=mysqlclient
        psycopg2=psycopg2-binary umap=umap-learn imblearn=imbalanced-learn mpl_toolkits=matplotlib pylab=matplotlib
        kerastuner=keras-tuner classification_models=image-classifiers rl=keras-rl2 speech_recognition=SpeechRecognition
        talib=ta-lib fbprophet=prophet surprise=scikit-surprise Levenshtein=levenshtein Bio=biopython osgeo=gdal
        OpenSSL=pyopenssl attr=attrs pkg_resources=setuptools ruamel=ruamel.yaml zmq=pyzmq wx=wxpython gi=pygobject
        Xlib=python-xlib telegram=python-telegram-bot slugify=python-slugify tree=dm-tree sonnet=dm-sonnet
        hydra=hydra-core pl_bolts=lightning-bolts dicom=pydicom scikitplot=scikit-plot bson=pymongo
        bayes_opt=bayesian-optimization community=python-louvain MeCab=mecab-python3
        opencv=opencv-python-headless pytorch=torch pywt=pywavelets skopt=scikit-optimize cairo=pycairo
        ffmpeg=ffmpeg-python absl=absl-py googleapiclient=google-api-python-client faiss=faiss-cpu socks=pysocks
        websocket=websocket-client skmultilearn=scikit-multilearn retinaface=retina-face airflow=apache-airflow
        google_drive_downloader=googledrivedownloader pdfminer=pdfminer.six mysql=mysql-connector-python vis=keras-vis
        past=future nvidia_smi=nvidia-ml-py pynvml=nvidia-ml-py
        """
    )
)

# Imports that no package index can serve: cloud notebooks, other interpreters, modules of Python 2.
NOT_INSTALLABLE = words(
    """
    google kaggle_secrets kaggle_datasets cntk caffe azureml bpy arcpy tensorflow_core learntools helpers utils
    __builtin__ StringIO ConfigParser Queue cPickle cStringIO urllib2 urlparse Tkinter tkFileDialog commands httplib
    HTMLParser itertools sets md5 sha exceptions thread dummy_threading imp distutils asyncore SocketServer cookielib
    win32api win32con win32gui win32com pythoncom RPi picamera
    """
)
STANDARD_LIBRARY = frozenset(sys.stdlib_module_names) | NOT_INSTALLABLE

# Names in lists of requirements that no one can install, or that bring nothing.
DECLARED_BY_MISTAKE = words("python pip python3 virtualenv ez_setup pkg_resources tk tkinter")
# Import names for which a distribution of the same name exists and is meant when a list of requirements names it.
DISTRIBUTIONS_OF_THAT_NAME = words("docx jwt magic community tree image")

# Packages that are called the same by conda and by the table above.
NAMES_OF_CONDA = words("opencv opencv-python opencv-contrib-python pytorch")

# What the images hold (normalised names), beyond the standard library: requirements/images/*.in, and what those bring.
_COMMON = words(
    "h5py joblib matplotlib numpy pandas pillow pydot pyyaml requests scikit-learn scipy seaborn tqdm"
    " setuptools pip wheel six"
)
_KERAS = _COMMON | words(
    """
    tensorflow tensorflow-cpu tensorflow-gpu tensorflow-estimator tensorboard tensorboard-data-server keras protobuf
    absl-py termcolor wrapt ml-dtypes opt-einsum gast astunparse grpcio flatbuffers typing-extensions markdown werkzeug
    google-pasta libclang namex optree rich
    """
)
IMAGE_DISTRIBUTIONS = {
    "cnn": _KERAS | words("imageio opencv-python-headless scikit-image"),
    "dense": _KERAS,
    "rnn": _KERAS | words("nltk statsmodels"),
    "transformer": _KERAS | words("nltk regex sentencepiece"),
    "classical": _COMMON - words("h5py pydot") | words("xgboost xgboost-cpu lightgbm imbalanced-learn statsmodels"),
    "pytorch": words("numpy torch torchvision setuptools pip"),
}


def distribution_of(module: str) -> str | None:
    """Return the distribution behind ``import module``; None for the standard library and what cannot be installed."""
    root = module.partition(".")[0]
    if not root or root in STANDARD_LIBRARY or root.startswith("_"):
        return None
    return normalized(DISTRIBUTIONS.get(root, root))


def declared_distribution(name: str, of_conda: bool = False) -> str | None:
    """Return the distribution that a list of requirements means by ``name``; None for what is none.

    Lists name what is imported instead of what is installed (``sklearn``, ``cv2``), and standard modules. Conda's
    packages bear names of their own: ``openssl`` is a library there, and not what ``import OpenSSL`` needs.
    """
    bare, bracket, extras = name.partition("[")
    module = bare.replace("-", "_")
    if module in STANDARD_LIBRARY or module in DECLARED_BY_MISTAKE or module.isdigit():
        return None
    if bare in DISTRIBUTIONS_OF_THAT_NAME or (of_conda and bare not in NAMES_OF_CONDA):
        return name
    if bare in ("opencv-python", "opencv-contrib-python"):  # the same module, without the windows that no container has
        return bare + "-headless"
    alias = next((target for source, target in DISTRIBUTIONS.items() if normalized(source) == bare), None)
    return name if alias is None else normalized(alias) + bracket + extras


def normalized(name: str) -> str:
    """Return the name of a distribution in its normal form (PEP 503)."""
    parts = name.lower().replace("_", "-").replace(".", "-").split("-")
    return "-".join(part for part in parts if part)
