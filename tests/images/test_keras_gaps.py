"""What older code uses: on Keras 3 with the compatibility layer, and in the images with Keras 2; all really run.

The table of gaps in ``keras_route`` says the same. Where this file finds that a gap is closed, its row can go.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.running.repository_runs import Prepared, repository, train

from pushtune.commands.build_images import ensure_images
from pushtune.running.container_engine import connect
from pushtune.running.keras_route import choose_image
from pushtune.settings import Settings

pytestmark = [pytest.mark.docker, pytest.mark.slow]

MODEL = (
    "import numpy as np; from keras.models import Sequential; from keras.layers import Dense\n"
    "model = Sequential([Dense(2, input_shape=(4,))]); model.compile('sgd', 'mse')\n"
    "x, y = np.ones((8, 4)), np.ones((8, 2))\n"
)
# Line -> (what the inspection says about it, code that needs it). They work on Keras 2.15, and not on Keras 3.
GAPS_2_15 = {
    "from keras.layers import LocallyConnected2D": ("this name was removed in Keras 3", ""),
    "tf.keras.estimator.model_to_estimator": ("this name was removed in Keras 3", "import tensorflow as tf"),
    "tf.estimator.RunConfig()": ("this name left TensorFlow together with Keras 2, in 2.16", "import tensorflow as tf"),
    "tf.compat.v1.layers.dense": (
        "this name left TensorFlow together with Keras 2, in 2.16", "import tensorflow as tf",
    ),
    "keras.backend.function": ("the stand-alone Keras 3 has no such backend function", "import keras"),
    "keras.layers.LSTM(4, batch_input_shape=(2, 3, 4))": ("batch_input_shape was removed in Keras 3", "import keras"),
    "model.add_loss(tf.reduce_mean(model.outputs[0])); model.compile('sgd', 'mse'); model.fit(x, y)": (
        "Keras 3 takes add_loss inside of a layer only", MODEL + "import tensorflow as tf",
    ),
    "Dense(2)(tf.square(keras.Input((4,))))": (
        "Keras 3 hands no symbol of a model to functions of TensorFlow", MODEL + "import keras, tensorflow as tf",
    ),
    "keras.layers.LSTM(4, time_major=True)": (
        "Keras 3 has no time_major: it would take times for rows", "import keras",
    ),
    "model.layers[0].output_shape": ("layers of Keras 3 have no input_shape and output_shape", MODEL),
    "model.layers[0].get_output_at(0)": ("layers of Keras 3 have no nodes to ask for", MODEL),
    "tf.keras.losses.mean_squared_error": (
        "tf.keras of Keras 3 lacks this function, which Keras itself has", "import tensorflow as tf",
    ),
    "tf.keras.backend.learning_phase()": (
        "tf.keras of Keras 3 has no such backend function", "import tensorflow as tf",
    ),
    "tf.keras.callbacks.BaseLogger()": ("this name was removed in Keras 3", "import tensorflow as tf"),
    "tf.keras.applications.RegNetX002": ("this name was removed in Keras 3", "import tensorflow as tf"),
}  # fmt: skip
# They work on Keras 2.12, and neither on 2.15 nor on 3.
GAPS_2_12 = {
    "from keras.wrappers.scikit_learn import KerasClassifier": ("this module was removed in 2.13", ""),
    "from keras.utils import layer_utils": ("this module was removed in 2.13", ""),
}  # fmt: skip
# The layer restores them on Keras 3.
RESTORED = {
    "from keras.constraints import maxnorm; maxnorm(3)": ("this name was removed in 2.13", ""),
    "keras.losses.logcosh": ("the short name was removed in Keras 3", "import keras"),
    "keras.regularizers.l2(l=0.01)": ("l= was removed in Keras 3", "import keras"),
    "K.set_value(model.optimizer.lr, 0.5); assert float(model.optimizer.learning_rate) == 0.5": (
        "optimizer.lr was removed in Keras 3", MODEL + "from keras import backend as K",
    ),
    "K.set_session(tf.compat.v1.Session())": (
        "this name was removed in 2.13", "import tensorflow as tf; from keras import backend as K",
    ),
    "keras.callbacks.TensorBoard(write_grads=False)": ("this argument was removed in Keras 3", "import keras"),
    "model.compile('sgd', 'mse', sample_weight_mode=None)": ("sample_weight_mode was removed in Keras 3", MODEL),
    "float(model.optimizer.lr)": ("optimizer.lr was removed in Keras 3", MODEL),
    "from keras.preprocessing.sequence import TimeseriesGenerator": (
        "the stand-alone Keras 3 has no such preprocessing", "",
    ),
    "tf.keras.optimizers.legacy.Adam(0.01)": ("this name was removed in Keras 3", "import tensorflow as tf"),
    "tf.keras.layers.experimental.preprocessing.Rescaling(0.1)": (
        "this name was removed in Keras 3", "import tensorflow as tf",
    ),
    "from keras.utils import np_utils; np_utils.to_categorical([0, 1])": ("this module was removed in 2.13", ""),
    "from keras.layers.core import Dense": ("this module was removed in 2.13", ""),
    "from keras.layers.normalization import BatchNormalization": (
        "the module keras.layers.normalization lost its content in 2.6", "",
    ),
    "from keras.preprocessing.text import Tokenizer": ("the stand-alone Keras 3 has no such preprocessing", ""),
    "from keras.preprocessing.image import ImageDataGenerator": (
        "the stand-alone Keras 3 has no such preprocessing", "",
    ),
    "keras.backend.mean": ("the stand-alone Keras 3 has no such backend function", "import keras"),
    "keras.losses.mse": ("the short name was removed in Keras 3", "import keras"),
    "keras.optimizers.SGD(lr=0.01, decay=1e-6)": ("decay= of an optimizer works up to 2.10", "import keras"),
    "model.compile('sgd', 'mse', ['mae']); model.fit(x, y)": ("the third argument of compile is metrics", MODEL),
    "model.fit(x, y, nb_epoch=1, workers=2)": ("a Keras 1 argument of fit", MODEL),
    "model.predict_classes(x)": ("predict_classes was removed in 2.6", MODEL),
    "model.save_weights('w.h5'); model.load_weights('w.h5')": ("weight files end in .weights.h5 in Keras 3", MODEL),
    "model.add(Old()); model.predict(x)": (
        "Keras 3 does not fill the required argument training",
        MODEL + "import keras\nclass Old(keras.layers.Layer):\n    def call(self, x, training): return x",
    ),
    "model.compile('sgd', 'mse', metrics=keras.metrics.MeanAbsoluteError()); model.fit(x, y)": (
        "Keras 3 takes no metric of compile outside of a list", MODEL + "import keras",
    ),
    "model.reset_states()": ("Model.reset_states and Metric.reset_states were removed in Keras 3", MODEL),
    "model.fit(data, steps_per_epoch=8 / 2)": (
        "Keras 3 wants whole numbers of steps",
        MODEL + "import tensorflow as tf; data = tf.data.Dataset.from_tensor_slices((x, y)).batch(2)",
    ),
    "m = keras.metrics.Mean(); m.update_state(3.0); m.reset_states(); assert float(m.result()) == 0": (
        "Model.reset_states and Metric.reset_states were removed in Keras 3", "import keras",
    ),
    "keras.optimizers.SGD(0.5).minimize(lambda: v * v, var_list=[v]); assert float(v) == 0": (
        "", "import keras, tensorflow as tf; v = tf.Variable(2.0)",
    ),
    "assert keras.layers.Layer().add_weight('w', [4, 2], None, 'zeros').shape == (4, 2)": ("", "import keras"),
    "assert keras.layers.Layer().add_variable('w', shape=[4, 2]).shape == (4, 2)": ("", "import keras"),
}  # fmt: skip
ALL = {**GAPS_2_15, **GAPS_2_12, **RESTORED}

SCRIPT = f"""
import json
outcomes = {{}}
for line, (_, setup) in {ALL!r}.items():
    try:
        exec(setup + "\\n" + line, {{}})
        outcomes[line] = ""
    except BaseException as error:
        outcomes[line] = type(error).__name__ + ": " + str(error)[:200]
open("outcomes.json", "w").write(json.dumps(outcomes))
import numpy, keras
model = keras.Sequential([keras.layers.Dense(2, input_shape=(4,))])
model.compile("sgd", "mse")
model.fit(numpy.ones((16, 4)), numpy.ones((16, 2)))
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return line -> error (empty: it works) in an image."""
    found: dict[str, dict[str, str]] = {}

    def of(image: str) -> dict[str, str]:
        if image not in found:
            folder = tmp_path_factory.mktemp(image)
            settings = Settings(home=folder / "home", trial_memory_bytes=2**31)
            client = connect("unix:///var/run/docker.sock", 300)
            prepared = Prepared(
                repository(folder / "code", {"train.py": SCRIPT}), {"entry": "train.py"},
                {"image_tag": ensure_images([image])[image]},
            )  # fmt: skip
            lines: list[str] = []
            train(prepared, settings, client, lines)
            (path,) = Path(settings.workspaces).rglob("outcomes.json")
            found[image] = json.loads(path.read_text())
            client.close()
        return found[image]

    return of


@pytest.mark.parametrize("line", [*GAPS_2_15, *GAPS_2_12])
def test_a_gap_is_open_on_keras_3(outcomes: Any, line: str) -> None:
    assert outcomes("dense")[line] != ""


@pytest.mark.parametrize("line", RESTORED)
def test_the_layer_restores_the_rest(outcomes: Any, line: str) -> None:
    assert outcomes("dense")[line] == ""


@pytest.mark.parametrize("line", GAPS_2_15)
def test_keras_2_15_has_what_it_is_chosen_for(outcomes: Any, line: str) -> None:
    assert outcomes("keras_2_15")[line] == ""


@pytest.mark.parametrize("line", GAPS_2_12)
def test_keras_2_12_has_what_2_15_lacks(outcomes: Any, line: str) -> None:
    assert outcomes("keras_2_12")[line] == ""
    assert outcomes("keras_2_15")[line] != ""


@pytest.mark.parametrize(("line", "generation", "image"), [
    *((line, "2.15", "keras_2_15") for line in GAPS_2_15),
    *((line, "2.12", "keras_2_12") for line in GAPS_2_12),
    *((line, "2.12", "dense") for line in RESTORED),
])  # fmt: skip
def test_the_route_agrees(line: str, generation: str, image: str) -> None:
    marker = {"file": "train.py", "line": 1, "text": line, "says": ALL[line][0]}
    assert choose_image("dense", generation, [marker]).image == image
