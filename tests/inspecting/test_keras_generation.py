"""Each marker of an older Keras, in the smallest script that shows it."""

from pathlib import Path

import pytest
from tests.inspecting.inspecting_helpers import inspected

FIT = """
import numpy as np
model = Sequential()
model.add(Dense(1))
model.compile("sgd", "mse")
model.fit(np.zeros((4, 2)), np.zeros(4))
"""
PLAIN = "from keras.models import Sequential\nfrom keras.layers import Dense\n"
IN_TENSORFLOW = "from tensorflow.keras.models import Sequential\nfrom tensorflow.keras.layers import Dense\n"
# Layers take plain tensors as well: what they make of a parameter is no proof of a symbol.
SYMBOL_FREE = (
    "import tensorflow as tf\nfrom keras import Input\nfrom keras.layers import Rescaling\n"
    "def prepare(image, label):\n    image = Rescaling(0.1)(image)\n    return tf.image.resize(image, (2, 2)), label\n"
    "data.map(prepare)\n"
)


def _generation(folder: Path, code: str) -> str | None:
    return inspected(folder, {"train.py": code}).keras_generation


@pytest.mark.parametrize(
    ("generation", "code"),
    [
        ("3", PLAIN + FIT),
        ("3", IN_TENSORFLOW + FIT),
        ("3", PLAIN + "from keras.preprocessing.image import load_img, img_to_array\n" + FIT),
        ("3", PLAIN + "from keras.preprocessing.sequence import pad_sequences\n" + FIT),
        ("3", IN_TENSORFLOW + "from tensorflow.keras.preprocessing.image import ImageDataGenerator\n" + FIT),
        ("3", IN_TENSORFLOW + "from tensorflow.keras.preprocessing.text import Tokenizer\n" + FIT),
        ("3", PLAIN + "from keras import backend as K\nK.clear_session()\nK.image_data_format()\n" + FIT),
        ("3", PLAIN + "from keras.layers import Convolution2D\nConvolution2D(32, (3, 3), padding='same')\n" + FIT),
        ("3", PLAIN + "from keras.layers import Embedding\nEmbedding(input_dim=9, output_dim=4)\n" + FIT),
        ("3", PLAIN + "from keras.optimizers import Adam\nAdam(0.01)\nAdam(learning_rate=0.1)\n" + FIT),
        ("3", PLAIN + "from keras.callbacks import ModelCheckpoint\nModelCheckpoint('m.h5')\n" + FIT),
        ("3", PLAIN + FIT + "model.save('m.h5')\nmodel.save_weights('m.weights.h5')\n"),
        ("3", PLAIN + FIT + "import os\nmodel.save(os.path.join('models', 'final.keras'))\n"),
        ("3", PLAIN + "if False:\n    from keras.utils import np_utils\n" + FIT),
        ("3", PLAIN + "class Tally:\n    def add_loss(self, value): pass\nnet = Tally()\nnet.add_loss(1)\n" + FIT),
        ("3", PLAIN + FIT + "tally.add_loss(1)\n"),
        ("2.15", PLAIN + FIT.replace("model", "m") + "m.add_loss(1)\n"),
        ("3", PLAIN + "class Agent:\n    def load_weights(self, to): pass\nAgent().load_weights('best')\n" + FIT),
        ("2.15", PLAIN + FIT + "model.load_weights('best')\n"),
        ("3", PLAIN + SYMBOL_FREE + FIT),
        ("3", PLAIN + "image = Input((4,))\n" + SYMBOL_FREE + FIT),
        ("2.15", PLAIN + "import keras, tensorflow as tf\nx = keras.Input((4,))\nx = Dense(1)(x)\ntf.abs(x)\n" + FIT),
        ("2.15", PLAIN + "import tensorflow as tf\nx = Dense(1)(model.output)\ntf.abs(x)\n" + FIT),
        ("3", PLAIN + FIT + "bot.get_updates()\n"),
        ("2.5", PLAIN + FIT + "optimizer.get_updates(loss=0, params=[])\n"),
        ("3", PLAIN + "import tensorflow as tf\ntf.compat.v1.data.make_one_shot_iterator(0)\n" + FIT),
        ("1", PLAIN + FIT + "data.make_one_shot_iterator()\n"),
        ("3", PLAIN + "from keras.layers import BatchNormalization\nBatchNormalization(renorm=True)\n" + FIT),
        ("2.15", PLAIN + "from keras.layers import GRU\nGRU(4, time_major=True)\n" + FIT),
        ("3", PLAIN + "def never():\n    from keras.utils import np_utils\n" + FIT),
        ("2.15", PLAIN + "from keras.preprocessing.image import ImageDataGenerator\n" + FIT),
        ("2.15", PLAIN + "from keras.preprocessing.text import Tokenizer\n" + FIT),
        ("2.15", PLAIN + "from keras.preprocessing.sequence import TimeseriesGenerator\n" + FIT),
        ("2.15", PLAIN + "import keras.backend as K\nK.mean(0)\n" + FIT),
        ("2.15", PLAIN + "from keras.losses import mse\n" + FIT),
        ("2.15", PLAIN + "from keras.layers import ThresholdedReLU\n" + FIT),
        (
            "2.15",
            IN_TENSORFLOW + "import tensorflow as tf\ntf.keras.layers.experimental.preprocessing.Rescaling(1)\n" + FIT,
        ),
        ("2.15", IN_TENSORFLOW + "from tensorflow.keras.optimizers.legacy import Adam\n" + FIT),
        ("2.15", IN_TENSORFLOW + "import tensorflow_addons as tfa\n" + FIT),
        ("2.15", PLAIN + FIT + "model.evaluate_generator(None)\n"),
        ("2.15", PLAIN + FIT + "model.save('folder')\n"),
        ("2.15", PLAIN + FIT + "model.save('weights.model')\n"),
        ("2.15", PLAIN + FIT + "import os\nmodel.save_weights(os.path.join('models', 'final.h5'))\n"),
        ("2.15", PLAIN + FIT + "model.save_weights('w_%d.hdf5' % 3)\n"),
        ("2.15", PLAIN + FIT + "model.save_weights('w_{}.h5'.format(3))\n"),
        ("2.15", PLAIN + FIT + "model.save_weights(f'w_{3}.h5')\n"),
        ("2.15", PLAIN + FIT + "model.fit(None, workers=4, use_multiprocessing=True)\n"),
        ("2.15", PLAIN + "from keras.callbacks import ModelCheckpoint\nModelCheckpoint('m.hdf5')\n" + FIT),
        (
            "2.15",
            PLAIN
            + "from keras.callbacks import ModelCheckpoint\nModelCheckpoint('m.h5', save_weights_only=True)\n"
            + FIT,
        ),
        ("2.15", PLAIN + "from keras.callbacks import TensorBoard\nTensorBoard('logs', write_grads=True)\n" + FIT),
        ("2.15", PLAIN + "from keras.regularizers import l2\nl2(l=0.1)\n" + FIT),
        ("2.15", PLAIN + FIT + "model.optimizer.lr.assign(0.1)\n"),
        ("2.15", "import tensorflow.compat.v1 as tf\n" + PLAIN + "tf.layers.dense(None, 3)\n" + FIT),
        ("2.12", PLAIN + "from keras.utils.np_utils import to_categorical\n" + FIT),
        ("2.12", PLAIN + "import keras\nkeras.utils.np_utils.to_categorical(0)\n" + FIT),
        ("2.15", PLAIN + "from keras.src.utils.np_utils import to_categorical\n" + FIT),
        ("2.12", PLAIN + "from keras.utils.vis_utils import plot_model\n" + FIT),
        ("2.12", PLAIN + "from keras.layers.convolutional import Conv2D\n" + FIT),
        ("2.12", PLAIN + "from keras.layers.pooling import MaxPooling2D\n" + FIT),
        ("2.15", PLAIN + FIT + "model.compile('adam', loss='kullback_leibler_divergence')\n"),
        ("2.15", PLAIN + FIT + "model.train_on_batch(0, 0, reset_metrics=False)\n"),
        ("2.5", PLAIN + FIT + "model.compile(loss='cosine_proximity', optimizer='adam')\n"),
        ("2.12", PLAIN + "from keras.constraints import maxnorm\n" + FIT),
        ("1", PLAIN + FIT + "model.fit(0, 0, show_accuracy=True)\n"),
        ("2.5", PLAIN + "from keras.engine import Layer\n" + FIT),
        ("2.12", PLAIN + "from keras.engine.base_layer import Layer\n" + FIT),
        ("2.12", PLAIN + "from keras.wrappers.scikit_learn import KerasRegressor\n" + FIT),
        ("2.5", PLAIN + "from keras.layers.embeddings import Embedding\n" + FIT),
        ("2.5", PLAIN + "from keras.layers.advanced_activations import LeakyReLU\n" + FIT),
        ("2.5", PLAIN + "from keras.layers.wrappers import TimeDistributed\n" + FIT),
        ("2.5", PLAIN + "from keras.layers.merge import concatenate\n" + FIT),
        ("2.5", PLAIN + "from keras.layers import merge\n" + FIT),
        ("1", PLAIN + "from keras.layers import merge\nmerge([a, b], mode='sum')\n" + FIT),
        ("2.5", PLAIN + "from keras.engine.topology import Layer\n" + FIT),
        ("2.5", PLAIN + "from keras.utils import multi_gpu_model\n" + FIT),
        ("2.5", PLAIN + "from keras.optimizers import adam\nadam()\n" + FIT),
        ("2.5", PLAIN + "from keras.optimizers import RMSprop\nRMSprop(0.1, epsilon=None)\n" + FIT),
        ("2.5", PLAIN + "from keras.optimizers import Nadam\nNadam(decay=0.1)\n" + FIT),
        ("2.5", PLAIN + FIT + "model.to_yaml()\n"),
        ("1", PLAIN + "from keras.layers import Merge\n" + FIT),
        ("1", PLAIN + "from keras.layers.core import TimeDistributedDense\n" + FIT),
        ("1", PLAIN + "from keras.layers import Dropout\nDropout(p=0.5)\n" + FIT),
        ("1", PLAIN + "Dense(4, init='uniform', W_regularizer=None)\n" + FIT),
        ("1", PLAIN + "from keras.layers import BatchNormalization\nBatchNormalization(mode=2)\n" + FIT),
        ("1", PLAIN + "from keras.datasets import imdb\nimdb.load_data(nb_words=100)\n" + FIT),
        ("1", PLAIN + "from keras import backend as K\nK.set_image_dim_ordering('th')\n" + FIT),
        ("1", PLAIN + "from keras.layers import Convolution2D\nn = 3\nConvolution2D(32, n, n)\n" + FIT),
        ("1", PLAIN + "import tensorflow as tf\ntf.Session()\n" + FIT),
        ("1", PLAIN + "import tensorflow as tf\ntf.set_random_seed(1)\n" + FIT),
        ("1", PLAIN + "from tensorflow.contrib import rnn\n" + FIT),
        ("1", IN_TENSORFLOW + "from tensorflow.keras.layers import CuDNNLSTM\n" + FIT),
    ],
)
def test_marker(tmp_path: Path, generation: str, code: str) -> None:
    assert _generation(tmp_path, code) == generation


def test_the_oldest_limit_holds_and_every_marker_is_evidence(tmp_path: Path) -> None:
    code = PLAIN + "from keras.utils import np_utils\nfrom keras.optimizers import SGD\nSGD(lr=0.1)\n" + FIT
    inspection = inspected(tmp_path, {"train.py": code + "model.predict_classes(None)\n"})
    assert inspection.keras_generation == "2.5"
    says = [item.says for item in inspection.evidence]
    assert [text for text in says if "removed in 2.6" in text]
    assert [text for text in says if "removed in 2.13" in text]
    assert [text for text in says if text.startswith("lr= is refused")]


def test_evidence_names_the_line(tmp_path: Path) -> None:
    code = PLAIN + "\n\nfrom keras.utils import np_utils\n" + FIT
    proof = next(item for item in inspected(tmp_path, {"train.py": code}).evidence if "2.13" in item.says)
    assert (proof.file, proof.line, proof.text) == ("train.py", 5, "from keras.utils import np_utils")


def test_markers_in_imported_modules_count(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "train.py": "from network import build\nmodel = build()\nmodel.fit([[1.0]], [1.0], epochs=2)\n",
        "network.py": PLAIN + "from keras.utils import np_utils\n\ndef build():\n    return Sequential([Dense(1)])\n",
        "unused.py": "from keras.layers import Merge\n",
    }
    assert inspected(tmp_path, files).keras_generation == "2.12"


def test_classical_models_have_no_generation(tmp_path: Path) -> None:
    code = "from sklearn.svm import SVC\nmodel = SVC()\nmodel.fit([[0], [1]], [0, 1])\n"
    assert _generation(tmp_path, code) is None


def test_defaults_of_tensorflow_keras_never_changed(tmp_path: Path) -> None:
    code = IN_TENSORFLOW + "from tensorflow.keras.optimizers import Adadelta\nAdadelta()\n" + FIT
    assert not [text for text in inspected(tmp_path, {"train.py": code}).warnings if "learning rate" in text]


@pytest.mark.parametrize("code", ["keras.optimizers.Adagrad()", "model.compile(optimizer='adagrad', loss='mse')"])
def test_legacy_default_is_named(tmp_path: Path, code: str) -> None:
    inspection = inspected(tmp_path, {"train.py": "import keras\n" + PLAIN + FIT + code + "\n"})
    assert [text for text in inspection.warnings if "Adagrad without a learning rate: its default was 0.01" in text]
