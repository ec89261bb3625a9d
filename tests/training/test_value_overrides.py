import ast
from pathlib import Path

import pytest

from pushtune_contract.request import TrialRequest
from pushtune_runtime.session import Session
from pushtune_runtime.source_index import Sources
from pushtune_runtime.value_overrides import LiteralOverrides, cast_like, parse_id, position_of


def _rewritten(folder: Path, text: str, **overrides: "int | float | str") -> str:
    """Return ``text`` as it is compiled: ``L3_C4_fit_epochs=7`` overrides ``train.py:3:4#0.fit.epochs``."""
    (folder / "train.py").write_text(text)
    named = {}
    for name, value in overrides.items():
        line, column, owner, argument = name.split("_", 3)
        named[f"train.py:{line[1:]}:{column[1:]}#0.{owner}.{argument}"] = value
    session = Session(TrialRequest(mode="trial", entry="train.py", overrides=named), folder, folder)
    return ast.unparse(LiteralOverrides(session, Sources(folder)).rewrite(ast.parse(text), "train.py"))


def test_every_use_of_a_constant_sees_the_new_value(tmp_path: Path) -> None:
    text = "B = 32\nsteps = n // B\nfit(x, batch_size=B)\n"
    assert _rewritten(tmp_path, text, L3_C0_fit_batch_size=64) == "B = 64\nsteps = n // B\nfit(x, batch_size=B)"


def test_a_constant_that_two_overrides_want_differently_stays(tmp_path: Path) -> None:
    text = "N = 8\nDense(N)\nDense(N)\n"
    assert _rewritten(tmp_path, text, L2_C0_Dense_units=16, L3_C0_Dense_units=24) == text.strip()
    assert _rewritten(tmp_path, text, L2_C0_Dense_units=16, L3_C0_Dense_units=16).startswith("N = 16")


def test_an_argument_is_never_taken_for_its_neighbour(tmp_path: Path) -> None:
    text = "LSTM(64, **options)\nDense(8, 'relu')\n"
    assert _rewritten(tmp_path, text, L1_C0_LSTM_dropout=0.3, L2_C0_Dense_activation="tanh") == (
        "LSTM(64, **options)\nDense(8, 'tanh')"
    )


def test_texts_and_numbers_are_not_mixed(tmp_path: Path) -> None:
    text = "E = '5'\nfit(x, epochs=int(E))\n"
    assert _rewritten(tmp_path, text, L2_C0_fit_epochs=7) == text.strip()


def test_positions_stay_as_they_are(tmp_path: Path) -> None:
    text = "E = 5; F = 6\nfit(x, epochs=E)\n"
    (tmp_path / "train.py").write_text(text)
    request = TrialRequest(mode="trial", entry="train.py", overrides={"train.py:2:0#0.fit.epochs": 500})
    overrides = LiteralOverrides(Session(request, tmp_path, tmp_path), Sources(tmp_path))
    tree = overrides.rewrite(ast.parse(text), "train.py")
    constants = [(node.value, node.col_offset) for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    assert constants == [(500, 4), (6, 11)]


@pytest.mark.parametrize("text", ["", "a.py", "a.py:1:2.Dense.units", "a.py:1:2#x.Dense.units", "a.py:1:2#0.Dense"])
def test_other_texts_are_no_ids(text: str) -> None:
    assert parse_id(text) is None


def test_an_id_is_read_back() -> None:
    text = "a b/c:d.py:10:4#12.Dense.units"
    assert str(parse_id(text)) == text


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [(8, 16.0, 16), (8, 16.5, 16.5), (0.1, 1, 1.0), (True, 3, 3), ("a", "b", "b"), (3, "b", "b")],
)
def test_values_keep_their_kind(old: object, new: "int | float | str", expected: object) -> None:
    cast = cast_like(old, new)
    assert (cast, type(cast)) == (expected, type(expected))


def test_positions_of_arguments() -> None:
    assert position_of("Dense", "units") == 0
    assert position_of("Conv2D", "kernel_size") == 1
    assert position_of("fit", "epochs") == 3
    assert position_of("LSTM", "dropout") is None
    assert position_of("compile", "learning_rate") is None
