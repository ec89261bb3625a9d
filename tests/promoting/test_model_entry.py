"""Names and texts that the registry accepts, whatever the repository contains."""

from hypothesis import given
from hypothesis import strategies as st
from mlflow.utils.validation import _validate_metric_name, _validate_param_name

from pushtune.promoting.model_entry import finite, named_once, registry_name, registry_text


@given(st.text(max_size=400))
def test_every_name_is_accepted_by_mlflow(text: str) -> None:
    name = registry_name(text)
    _validate_param_name(name)
    _validate_metric_name(name)


@given(st.lists(st.tuples(st.sampled_from(["a", "a/../a", "../a", "b"]), st.text(max_size=5)), max_size=8))
def test_no_parameter_overwrites_another(pairs: list[tuple[str, str]]) -> None:
    assert len(named_once(pairs)) == len(pairs)


def test_readable_names_stay_as_they_are() -> None:
    assert registry_name("src/task.py:31 filters") == "src/task.py:31 filters"


@given(st.text())
def test_texts_are_one_printable_line(text: str) -> None:
    assert registry_text(text).isprintable() and len(registry_text(text)) <= 1000


def test_numbers_that_cannot_be_stored_are_left_out() -> None:
    assert finite({"a": 1.0, "b": float("nan"), "c": float("inf"), "d": None}) == {"a": 1.0}
