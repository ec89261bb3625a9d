"""What is written comes back; what a disk, a kill or another run did to it is noticed."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hypothesis_numpy

from pushtune_runtime.checkpoint_store import GENERATIONS_KEPT, CheckpointStore

IDENTITY = {"script": "abc", "overrides": {"fit.epochs": 3}, "seed": 1}
ENVIRONMENT = {"threads": 1, "tensorflow": "2.21.0"}
DTYPES = st.sampled_from(["f4", "f8", "i8", "u1", "?", "c8", ">i4", "U3", "S2", "f2"])
ARRAYS = st.dictionaries(
    st.text(min_size=1, max_size=8),
    DTYPES.flatmap(lambda dtype: hypothesis_numpy.arrays(dtype, hypothesis_numpy.array_shapes(min_dims=0, min_side=0))),
    max_size=4,
)
STATES = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5))


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def open_store(folder: Path, **identity: object) -> CheckpointStore:
    return CheckpointStore(folder, {**IDENTITY, **identity}, ENVIRONMENT)


def write_two(folder: Path) -> CheckpointStore:
    store = open_store(folder)
    for step in (1, 2):
        arrays = {"weights": np.full((3, 4), step, "f4"), "step": np.array(step)}
        store.write(arrays, {"epoch": step}, b"blob %d" % step)
    return store


@given(arrays=ARRAYS, state=STATES, blob=st.none() | st.binary())
@settings(max_examples=40)
def test_everything_comes_back_as_written(
    arrays: dict[str, Any], state: dict[str, Any], blob: "bytes | None"
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        open_store(Path(folder)).write(arrays, state, blob)
        checkpoint = open_store(Path(folder)).newest()
    assert checkpoint is not None
    assert (checkpoint.state, checkpoint.blob, checkpoint.differences) == (state, blob, [])
    assert checkpoint.arrays.keys() == arrays.keys()
    for name, array in arrays.items():
        assert checkpoint.arrays[name].dtype == array.dtype
        assert checkpoint.arrays[name].shape == array.shape
        assert checkpoint.arrays[name].tobytes() == array.tobytes()


def test_half_precision_of_accelerators_comes_back(tmp_path: Path) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    array = np.array([1.5, -2.25], dtype=ml_dtypes.bfloat16)
    open_store(tmp_path).write({"weights": array}, {})
    checkpoint = open_store(tmp_path).newest()
    assert checkpoint is not None
    assert checkpoint.arrays["weights"].dtype == array.dtype
    assert np.array_equal(checkpoint.arrays["weights"], array)


def test_objects_are_refused_since_they_would_need_pickle(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="must hold numbers or texts, but 'callbacks' holds Python objects"):
        open_store(tmp_path).write({"callbacks": np.array([{}], dtype=object)}, {})


def test_an_empty_folder_has_no_checkpoint(tmp_path: Path) -> None:
    store = open_store(tmp_path / "checkpoint")
    assert store.newest() is None
    assert store.refused == []


def test_only_the_newest_generations_are_kept(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    for step in range(5):
        assert store.write({}, {"epoch": step}) == step + 1
    assert names_in(tmp_path) == ["000004", "000005"]
    assert GENERATIONS_KEPT == 2


@given(data=st.data())
@settings(max_examples=60)
def test_any_changed_bit_or_lost_byte_of_any_file_is_detected(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_two(Path(folder))
        victim = data.draw(st.sampled_from(sorted((Path(folder) / "000002").iterdir())))
        content = bytearray(victim.read_bytes())
        position = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            content[position] ^= 1 << data.draw(st.integers(0, 7))
        else:
            del content[position:]
        victim.write_bytes(bytes(content))
        store = open_store(Path(folder))
        checkpoint = store.newest()
    assert checkpoint is not None
    assert checkpoint.state == {"epoch": 1}
    assert np.array_equal(checkpoint.arrays["weights"], np.ones((3, 4), "f4"))
    assert store.refused == ["checkpoint 000002: its content does not match its checksums"]


@pytest.mark.parametrize("name", ["arrays.bin", "state.json", "manifest.txt"])
def test_a_lost_file_is_detected(tmp_path: Path, name: str) -> None:
    write_two(tmp_path)
    (tmp_path / "000002" / name).unlink()
    store = open_store(tmp_path)
    checkpoint = store.newest()
    assert checkpoint is not None
    assert checkpoint.generation == 1
    assert store.refused[0].startswith("checkpoint 000002: ")


def test_nothing_is_returned_when_all_generations_are_damaged(tmp_path: Path) -> None:
    write_two(tmp_path)
    for state in tmp_path.glob("*/state.json"):
        state.write_text("{}")
    store = open_store(tmp_path)
    assert store.newest() is None
    assert len(store.refused) == 2


@pytest.mark.parametrize("change", [{"script": "other"}, {"overrides": {}}, {"seed": 2}, {"mode": "retrain"}])
def test_a_foreign_checkpoint_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    write_two(tmp_path)
    store = open_store(tmp_path, **change)
    assert store.newest() is None
    assert store.refused[0] == f"checkpoint 000002: it belongs to another run: {next(iter(change))} differ"


def test_another_environment_is_used_but_named(tmp_path: Path) -> None:
    write_two(tmp_path)
    checkpoint = CheckpointStore(tmp_path, IDENTITY, {**ENVIRONMENT, "threads": 2}).newest()
    assert checkpoint is not None
    assert checkpoint.differences == ["threads was 1 and is 2"]


def test_leftovers_of_a_killed_writer_are_removed(tmp_path: Path) -> None:
    write_two(tmp_path)
    shutil.copytree(tmp_path / "000002", tmp_path / ".aside-4711-3")
    open_store(tmp_path)
    assert names_in(tmp_path) == ["000001", "000002"]


def test_a_full_disk_leaves_the_older_generation_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = write_two(tmp_path)

    def full(handle: int, content: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        store.write({"weights": np.zeros(3)}, {"epoch": 3})
    monkeypatch.undo()
    assert names_in(tmp_path) == ["000001", "000002"]
