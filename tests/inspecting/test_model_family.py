"""The family of the main model, layer by layer and library by library."""

from pathlib import Path

import pytest
from tests.inspecting.inspecting_helpers import inspected

HEAD = "import tensorflow as tf\nfrom tensorflow import keras\nfrom tensorflow.keras import layers, applications\n"
TAIL = "\nmodel = keras.Sequential()\nmodel.fit(x, y, epochs=2)\n"


@pytest.mark.parametrize(
    ("family", "used"),
    [
        ("transformer", "layers.MultiHeadAttention(2, 8)"),
        ("transformer", "layers.LSTM(3); layers.Conv2D(3, 3); layers.MultiHeadAttention(2, 8)"),
        ("rnn", "layers.LSTM(3)"),
        ("rnn", "layers.Bidirectional(layers.SimpleRNN(3))"),
        ("rnn", "layers.ConvLSTM2D(3, 3)"),
        ("rnn", "layers.Conv1D(8, 3); layers.GRU(3)"),
        ("rnn", "layers.RNN(layers.LSTMCell(3))"),
        ("rnn", "layers.LSTM(3); layers.Attention()"),
        ("cnn", "layers.Conv1D(8, 3)"),
        ("cnn", "layers.SeparableConv2D(8, 3)"),
        ("cnn", "layers.Conv2DTranspose(8, 3)"),
        ("cnn", "layers.DepthwiseConv2D(3)"),
        ("cnn", "applications.ResNet50()"),
        ("cnn", "applications.efficientnet.EfficientNetB0()"),
        ("cnn", "keras.applications.inception_v3.InceptionV3(); layers.Dense(3)"),
        ("cnn", "tf.nn.conv2d(a, b)"),
        ("dense", "layers.Dense(3)"),
        ("dense", "layers.Embedding(9, 3); layers.GlobalAveragePooling1D(); layers.Attention()"),
        ("dense", "layers.Flatten()"),
    ],
)
def test_layers_decide(tmp_path: Path, family: str, used: str) -> None:
    assert inspected(tmp_path, {"train.py": HEAD + used + TAIL}).family == family


@pytest.mark.parametrize(
    ("family", "framework", "code"),
    [
        ("classical", "scikit-learn", "from sklearn.cluster import KMeans\nKMeans(3).fit(X)\n"),
        (
            "classical",
            "scikit-learn",
            "from sklearn import tree\nclf = tree.DecisionTreeClassifier()\nclf = clf.fit(X, y)\n",
        ),
        (
            "classical",
            "scikit-learn",
            "from sklearn.neural_network import MLPRegressor\nm = MLPRegressor()\nm.fit(X, y)\n",
        ),
        ("classical", "xgboost", "from xgboost import XGBClassifier\nm = XGBClassifier()\nm.fit(X, y)\n"),
        ("classical", "lightgbm", "import lightgbm as lgb\nlgb.train({}, data)\n"),
        ("classical", "catboost", "from catboost import CatBoostClassifier\nm = CatBoostClassifier()\nm.fit(X, y)\n"),
        (
            "classical",
            "statsmodels",
            "from statsmodels.tsa.arima.model import ARIMA\nr = ARIMA(s, order=(1, 0, 0)).fit()\n",
        ),
        ("pytorch", "pytorch", "import torch\nloss = torch.nn.MSELoss()(a, b)\nloss.backward()\n"),
        ("pytorch", "pytorch", "from fastai.vision.all import *\nlearn = cnn_learner(d)\nlearn.fine_tune(2)\n"),
        ("pytorch", "pytorch", "from ultralytics import YOLO\nm = YOLO('a.pt')\nm.train(data='c.yaml', epochs=3)\n"),
        ("unsupported", "mxnet", "import mxnet as mx\nmod = mx.mod.Module(net)\nmod.fit(data, num_epoch=3)\n"),
        ("unsupported", "tflearn", "import tflearn\nm = tflearn.DNN(net)\nm.fit(X, Y, n_epoch=3)\n"),
        (
            "unsupported",
            "chainer",
            "import chainer\nloss.backward()\nopt = chainer.optimizers.Adam()\nm = chainer.Chain()\nm.fit(x, y)\n",
        ),
    ],
)
def test_libraries_decide(tmp_path: Path, family: str, framework: str, code: str) -> None:
    inspection = inspected(tmp_path, {"train.py": code})
    assert (inspection.family, inspection.framework) == (family, framework)
    assert inspection.entry == "train.py"


def test_only_what_the_entry_reaches_counts(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "train.py": "import nets\nnet = nets.small()\nnet.fit(x, y, epochs=1)\n",
        "nets.py": HEAD + "def small():\n    return keras.Sequential([layers.Dense(1)])\n\n"
        "def large():\n    return keras.Sequential([layers.LSTM(1)])\n",
    }
    assert inspected(tmp_path, files).family == "dense"


def test_a_network_comes_before_what_is_trained_beside_it(tmp_path: Path) -> None:
    code = "from sklearn.svm import SVC\nSVC().fit(a, b)\n" + HEAD + "layers.Conv2D(3, 3)" + TAIL
    inspection = inspected(tmp_path, {"compare.py": code})
    assert (inspection.family, inspection.framework) == ("cnn", "keras")


def test_evidence_shows_the_layers_and_the_training(tmp_path: Path) -> None:
    inspection = inspected(tmp_path, {"train.py": HEAD + "layers.Conv2D(3, 3)" + TAIL})
    assert [(item.line, item.says) for item in inspection.evidence] == [(6, "trains with keras"), (4, "Conv2D: cnn")]
