"""What a caller may send to a served model: good values become arrays, everything else one refusal with three parts."""

import json
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pushtune_runtime.serving.predict_request import INSTANCES_LIMIT, PredictRequest, parse_request
from pushtune_runtime.serving.refused import Refused
from pushtune_runtime.serving.tensors import InputSpec, columns_of, to_array, to_json

PIXELS = InputSpec("pixels", "float32", (2, 2))
WORDS = InputSpec("words", "int32", (3,))
TEXT = InputSpec("text", "string", (1,))
ANY = InputSpec("any", "number", None)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def deep(depth: int) -> list[Any]:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return [value]


def refused(call: Any, *arguments: Any) -> str:
    with pytest.raises(Refused) as caught:
        call(*arguments)
    document = caught.value.document()
    assert set(document) == {"error", "rule", "received", "remedy"} and all(document.values())
    assert json.dumps(document) and len(document["error"]) < 1000
    return document["error"]


@settings(max_examples=300)
@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_a_request_or_a_refusal(body: bytes) -> None:
    try:
        request = parse_request(body)
    except Refused as refusal:
        assert refusal.status == 400 and refusal.document()["error"]
    else:
        assert isinstance(request, PredictRequest) and 1 <= len(request.instances) <= INSTANCES_LIMIT


@settings(max_examples=300)
@given(st.lists(JSON, min_size=1, max_size=4), st.sampled_from([PIXELS, WORDS, TEXT, ANY]))
def test_any_values_are_an_array_of_the_right_kind_or_a_refusal(values: list[Any], spec: InputSpec) -> None:
    try:
        array = to_array(values, spec)
    except Refused as refusal:
        assert refusal.status == 400
        return
    assert len(array) == len(values)
    if spec.dtype in ("float32", "int32"):
        assert array.dtype == spec.dtype and np.isfinite(array).all()
    if spec.shape is not None:
        assert array.shape[1:] == spec.shape


@settings(max_examples=100)
@given(st.lists(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=3, max_size=3), min_size=1, max_size=5))
def test_whole_numbers_arrive_as_they_are(rows: list[list[int]]) -> None:
    body = json.dumps({"instances": rows}).encode()
    assert to_array(parse_request(body).instances, WORDS).tolist() == rows


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "must be a JSON document"), (b"\xff\xfe", "must be a JSON document"), (b"[1, 2]", "a list"),
        (b"[" * 100_000, "nested less deeply"), (b'{"instances": ' + b"[" * 5000 + b"]" * 5000 + b"}", "deeply"),
        (b'{"instances": [NaN]}', "NaN, which is not"), (b'{"instances": [-Infinity]}', "which is not"),
        (b'{"instances": [' + b"9" * 100_000 + b"]}", "a number of 100000 digits"),
        (b'{"instances": {}}', "1 to 10000"), (b'{"instances": 3}', "a number"), (b'{"instances": null}', "null"),
        (b'{"inputs": [1]}', "['inputs']"), (b'{"instances": [1], "x": 2}', "['x']"),
        (b'{"instances": [1], "signature_name": 2}', "must be a text"),
        (json.dumps({"instances": [0] * 10_001}).encode(), "a list of 10001"),
    ],
    ids=range(15),
)
def test_each_bad_body_has_its_own_sentence(body: bytes, says: str) -> None:
    assert says in refused(parse_request, body)


@pytest.mark.parametrize(
    ("values", "spec", "says"),
    [
        ([[[1, 2], [3]]], PIXELS, "make no array"), ([[1, 2]], PIXELS, "shape [2]"), ([[1], 2], ANY, "make no array"),
        ([["a"], "b"], TEXT, "make no array"), ([[[]], [[1]]], ANY, "make no array"), (deep(40), ANY, "30 dimensions"),
        ([[[1, 2], [3, "4"]]], PIXELS, "the text '4'"),
        ([[[1, 2], [3, None]]], PIXELS, "null"), ([[[1, 2], [3, {}]]], PIXELS, "an object"),
        ([[[1, 2], [3, 1e300]]], PIXELS, "1e+300"), ([[[1, 2], [3, float("inf")]]], PIXELS, "beyond all limits"),
        ([[[1, 2], [3, 10**19]]], PIXELS, ""), ([[1, 2, 2**31]], WORDS, "2147483648"),
        ([[1, 2, 0.5]], WORDS, "fraction"),
        ([[1, 2, 10**30]], WORDS, "no array can hold"), ([[300]], InputSpec("b", "uint8", (1,)), "300"),
        ([[-1]], InputSpec("b", "uint8", (1,)), "-1"), ([[2]], InputSpec("b", "bool", (1,)), "2"),
        ([["a", "b"]], TEXT, "shape [2]"), ([["a"], [1]], TEXT, "something else than text"), ([[1]], TEXT, "than text"),
    ],
)  # fmt: skip
def test_each_bad_value_is_named(values: list[Any], spec: InputSpec, says: str) -> None:
    if says == "":
        assert to_array(values, spec).dtype == np.float32
    else:
        error = refused(to_array, values, spec)
        assert says in error and repr(spec.name) in error


@pytest.mark.parametrize("spec", [TEXT, PIXELS, ANY])
def test_a_long_text_among_short_ones_takes_no_more_memory_than_it_needs(spec: InputSpec) -> None:
    values = [["x" * 20_000], *(["a"] for _ in range(2000))]
    tracemalloc.start()
    try:
        if spec is TEXT:
            assert to_array(values, spec).tolist() == values
        else:
            assert "the text 'xxx" in refused(to_array, values, spec)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 2 * 2**20


def test_named_inputs_are_complete_and_known() -> None:
    specs = [PIXELS, WORDS]
    assert columns_of([{"words": 1, "pixels": 2}, {"pixels": 4, "words": 3}], specs) == [[2, 4], [1, 3]]
    assert columns_of([5, 6], [WORDS]) == [[5, 6]] and columns_of([{"words": 7}], [WORDS]) == [[7]]
    for instances in ([1], [{"words": 1}], [{"words": 1, "pixels": 2, "more": 3}], [{"words": 1, "pixels": 2}, 3]):
        assert "pixels, words" in refused(columns_of, instances, specs)


def test_an_answer_is_json_whatever_a_model_returns() -> None:
    assert to_json(np.array([[1.5, np.nan], [np.inf, 2]])) == [[1.5, None], [None, 2.0]]
    assert to_json(np.array([b"a\xff", b"b"], dtype=object)) == ["a\N{REPLACEMENT CHARACTER}", "b"]
    assert to_json(np.array(["x", 1, None], dtype=object)) == ["x", 1, None]
    assert json.dumps(to_json(np.array([np.datetime64("2026-01-01")])))
    objects = [None, np.nan, np.float64(np.inf), np.int64(3), np.float32(0.5), np.bool_(True)]
    assert to_json(np.array(objects, dtype=object)) == [None, None, None, 3, 0.5, True]
    assert to_json(np.array([[True], [False]])) == [[True], [False]] and to_json(np.float32(0.1)) == 0.1
    assert to_json(np.array([[], []], np.float32)) == [[], []]
    assert to_json(np.array([b"a\xff"])) == ["a\N{REPLACEMENT CHARACTER}"]


@given(st.lists(st.floats(width=32), max_size=5))
def test_numbers_of_32_bits_are_written_with_no_more_digits_than_they_hold(numbers: list[float]) -> None:
    array = np.array(numbers, np.float32)
    told = [np.nan if value is None else value for value in to_json(array)]
    assert np.array_equal(np.array(told, np.float32)[np.isfinite(array)], array[np.isfinite(array)])
    assert np.isnan(np.array(told)[~np.isfinite(array)]).all()
    assert all(len(json.dumps(value)) <= len("-1000000000000000.0") for value in told)


def test_numbers_of_a_kind_that_numpy_does_not_know_are_numbers() -> None:
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    assert to_json(np.array([[0.5, np.nan], [np.inf, 2]], bfloat16)) == [[0.5, None], [None, 2.0]]
