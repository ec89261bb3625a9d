"""Which lines a dry run executes: never one that could come out differently in the script itself."""

import ast
from pathlib import Path

import pytest
from tests.training.runtime_runs import needs_tensorflow

from pushtune_runtime.dry_run.mentions import Mentions, bound_names, dotted
from pushtune_runtime.dry_run.model_building import ModelBuilding, StatementFailed

pytestmark = needs_tensorflow

# A kernel of 9 does not fit into 8 x 8; Keras refuses it when the layer is called.
WITH_K = "keras.layers.Conv2D(4, k)(keras.Input((8, 8, 1)))\n"
TOO_LARGE = "keras.layers.Conv2D(4, 9)(keras.Input((8, 8, 1)))\n"


def _failure(folder: Path, text: str) -> "BaseException | None":
    """Return what a dry run of ``text`` raises."""
    text = f"import keras\n{text}"
    try:
        ModelBuilding(ast.parse(text), folder / "train.py", folder).run()
    except StatementFailed as failed:
        return failed.__cause__
    return None


@pytest.mark.parametrize("text", [
    TOO_LARGE,
    "import numpy as np\nx = np.load('x.npy')\nx = x / 255.0\n" + TOO_LARGE,
    "K = 9\nkeras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(4, K)])\n",
    "m = keras.Sequential()\nm.add(keras.Input((8, 8, 1)))\nfor k in (3, 9):\n    m.add(keras.layers.Conv2D(4, k))\n",
    "def net(k: np.ndarray, f=4) -> Unknown:\n    return keras.layers.Conv2D(f, k)(keras.Input((8, 8, 1)))\nnet(9)\n",
    f"def main():\n    data = open('x').read()\n    {TOO_LARGE}\nif __name__ == '__main__':\n    main()\n",
    f"print(open('x').read())\nclass Own(keras.Model):\n    def call(self, x):\n        return x\n{TOO_LARGE}",
    "import tensorflow as tf\ntf.keras.layers.Conv2D(4, 9, activation=tf.nn.relu)(tf.keras.Input((8, 8, 1)))\n",
    "from tensorflow.keras.layers import *\nConv2D(4, 9)(Input((8, 8, 1)))\n",
    "s = {'k': 9}\nkeras.layers.Conv2D(4, s['k'])(keras.Input((8, 8, 1)))\n",
])  # fmt: skip
def test_a_model_that_cannot_be_built_is_found(tmp_path: Path, text: str) -> None:
    failure = _failure(tmp_path, text)
    assert isinstance(failure, ValueError)
    assert "output size" in str(failure)


@pytest.mark.parametrize("text", [
    # The script's own control flow is followed.
    "x = keras.Input((8, 8, 1))\nif x.shape[1] < 9:\n    x = keras.layers.ZeroPadding2D(1)(x)\n"
    "keras.layers.Conv2D(4, 9)(x)\n",
    "x = keras.Input((8, 8, 1))\nkeras.layers.MaxPooling2D(x.shape[1])(x)\n",
    f"try:\n    {TOO_LARGE}except ValueError:\n    pass\n",
    "def net():\n    return keras.layers.Conv2D(4, 9)(keras.Input((8, 8, 1)))\n",
    # What comes from data, options or other files is not known.
    "size = len(open('x').read())\nkeras.layers.Conv2D(4, 9)(keras.Input((size, size, 1)))\n",
    f"from . import settings\n{TOO_LARGE}",
    f"from own import *\n{TOO_LARGE}",
    f"k = 9\nif open('x').read():\n    k = 3\n{WITH_K}",
    f"s = {{'k': 9}}\nload(s)\nk = s['k']\n{WITH_K}",
    f"s = {{'k': 9}}\ndef load():\n    s['k'] = 3\n    return open('x')\nload()\nk = s['k']\n{WITH_K}",
    f"k = 9\ndef load():\n    global k\n    k = 3\nload()\n{WITH_K}",
    f"k = 9\nmatch open('x').read():\n    case k:\n        pass\n{WITH_K}",
    f"k = 9\ndel k\n{WITH_K}",
    f"import math\nk = 9\nwith open('x') as k, math.inf:\n    pass\n{WITH_K}",
    # What was trained before counts, and what was changed or built before may decide.
    f"m = keras.Sequential([keras.layers.Dense(1)])\nm.fit(open('x'))\n{TOO_LARGE}",
    f"def train():\n    return keras.Sequential().fit(open('x'))\nhistory = train()\n{TOO_LARGE}",
    f"class Run:\n    def go(self):\n        self.m.fit(1)\nRun().go()\n{TOO_LARGE}",
    f"class Run:\n    history = model.fit(1)\n{TOO_LARGE}",
    f"getattr(open('x'), 'fit')()\n{TOO_LARGE}",
    f"keras.backend.set_image_data_format(open('x').read())\n{TOO_LARGE}",
    f"keras.layers.Conv2D = open('x')\n{TOO_LARGE}",
    f"def patch(k):\n    k.layers.Conv2D = 1\npatch(keras)\nkeras.x = open('x')\n{TOO_LARGE}",
    f"exec(open('x').read())\n{TOO_LARGE}",
    f"keras.layers.Dense(len(open('x').read()))\n{TOO_LARGE}",
    "m = keras.Sequential([keras.Input((8, 8, 1))])\nprepare(m)\nm.add(keras.layers.Conv2D(4, 9))\n",
    # What reads files or learns from data is not done.
    "keras.models.load_model('missing.keras')\n",
    "keras.layers.StringLookup(vocabulary='missing.txt')\n",
    "keras.datasets.mnist.load_data(path=3)\n",
])  # fmt: skip
def test_what_may_be_otherwise_in_the_script_is_not_known(tmp_path: Path, text: str) -> None:
    assert _failure(tmp_path, text) is None


def test_a_repository_with_modules_of_its_own_is_not_known(tmp_path: Path) -> None:
    text = f"import settings\n{TOO_LARGE}"
    assert _failure(tmp_path, text) is not None
    (tmp_path / "settings.py").touch()
    assert _failure(tmp_path, text) is None


def test_what_functions_and_other_names_mention_counts() -> None:
    tree = ast.parse("from a.b import c as d\ndef f():\n    g(d)\ndef g(x):\n    return x.fit('y')\nf()\n")
    assert Mentions(tree).of(tree.body[-1]) == {"f", "g", "d", "c", "x", "fit", "y"}


def test_all_ways_to_bind_a_name_count() -> None:
    text = (
        "a = b.c = 1\ndel d\nimport e.f\nimport g as h\nfor i in j: pass\nwith k as l: pass\n"
        "try: pass\nexcept E as m: pass\ndef n(o, *p, **q): pass\nclass r: pass\n(s := 1)\n"
    )
    assert bound_names(ast.parse(text)) == set("adehilmnopqrs")


def test_a_path_leaves_out_indices() -> None:
    assert dotted(ast.parse("a.b[0].c").body[0].value) == ["a", "b", "c"]  # type: ignore[attr-defined]
    assert dotted(ast.parse("a().b").body[0].value) == []  # type: ignore[attr-defined]
