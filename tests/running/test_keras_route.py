import ast
import inspect
import re

import pytest

from pushtune.inspecting import keras_3_refusals, keras_markers, keras_usage
from pushtune.inspecting.script_facts import Call, ScriptFacts
from pushtune.running.image_catalog import LEGACY_NAMES, image_tag
from pushtune.running.keras_route import GAPS, LEGACY_IMAGES, choose_image


def marker(says: str, text: str = "import keras") -> dict[str, object]:
    return {"file": "nets/train.py", "line": 7, "text": text, "says": says}


def test_code_for_keras_3_and_code_without_keras_stay_with_their_family() -> None:
    gap = marker("this library works with Keras 2 only")
    assert choose_image("cnn", "3", [gap]).image == "cnn"
    assert choose_image("cnn", None, [gap]).image == "cnn"
    assert choose_image("classical", "2.15", [gap]).image == "classical"


def test_what_the_layer_restores_needs_no_older_keras() -> None:
    restored = marker("this module was removed in 2.13", "from keras.utils import np_utils")
    assert choose_image("cnn", "2.12", [restored]) == choose_image("cnn", "3", [])


def test_a_recurrent_layer_with_times_first_needs_keras_2() -> None:
    call = ast.parse("LSTM(4, time_major=True)", mode="eval").body
    assert isinstance(call, ast.Call)
    (says,) = keras_3_refusals.refused_by_keras_3(Call("keras.layers.LSTM", 7, "", call), ScriptFacts())
    assert choose_image("rnn", "2.15", [marker(says)]).image == "keras_2_15"


@pytest.mark.parametrize(("generation", "image"), LEGACY_IMAGES.items())
def test_a_gap_leads_to_the_newest_keras_2_that_fits_all_of_the_code(generation: str, image: str) -> None:
    route = choose_image("rnn", generation, [marker("harmless"), marker("this library works with Keras 2 only")])
    assert route.image == image
    assert route.reason.startswith("nets/train.py:7: this library works with Keras 2 only, so this trains with Tens")


def test_the_images_are_in_the_catalog() -> None:
    assert set(LEGACY_IMAGES.values()) == set(LEGACY_NAMES)
    assert all(re.fullmatch(rf"pushtune/{name}:[0-9a-f]{{12}}", image_tag(name)) for name in LEGACY_NAMES)


def test_every_gap_is_about_something_that_the_inspection_says() -> None:
    tables = (
        keras_markers.NAME_MARKERS, keras_markers.TENSORFLOW_MARKERS, keras_markers.ARGUMENT_MARKERS,
        keras_markers.METHOD_MARKERS,
    )  # fmt: skip
    said = [row.says for table in tables for row in table]
    elsewhere = ("optimizer.lr was removed in Keras 3", "Keras 3 does not fill the required argument training")
    elsewhere += (inspect.getsource(keras_3_refusals), inspect.getsource(keras_usage))
    unknown = [says.pattern for says, _ in GAPS if not any(says.search(text) for text in [*said, *elsewhere])]
    assert unknown == []
