"""A restarted script sees the folder as its first process did, and its files come back where training goes on."""

from pathlib import Path

import pytest

from pushtune_contract.request import TrialRequest
from pushtune_runtime import earlier_files
from pushtune_runtime.earlier_files import bring_back, forget, set_aside
from pushtune_runtime.session import Session
from pushtune_runtime.work_folder import lay_out


def start(trial: Path) -> Session:
    """Do what a process does before it runs the script."""
    code = trial / "code"
    code.mkdir(exist_ok=True)
    (code / "train.py").write_text("pass\n")
    session = Session(TrialRequest(mode="baseline", entry="train.py"), trial, code)
    session.report("start")
    set_aside(session)
    lay_out(code, session.work_folder)
    return session


def names(session: Session) -> list[str]:
    return sorted(path.relative_to(session.work_folder).as_posix() for path in session.work_folder.rglob("*"))


def test_the_first_process_keeps_its_folder(tmp_path: Path) -> None:
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "given.txt").write_text("from outside")
    session = start(tmp_path)
    assert names(session) == ["given.txt", "train.py"]


def test_files_are_out_of_sight_until_training_goes_on(tmp_path: Path) -> None:
    first = start(tmp_path)
    (first.work_folder / "models" / "deep").mkdir(parents=True)
    (first.work_folder / "models" / "deep" / "best.h5").write_text("best of the first process")
    (first.work_folder / "log.txt").write_text("first process")
    (first.work_folder / "latest").symlink_to("models")
    second = start(tmp_path)
    assert names(second) == ["train.py"]
    (second.work_folder / "log.txt").write_text("second process")
    bring_back(second)
    assert (second.work_folder / "models" / "deep" / "best.h5").read_text() == "best of the first process"
    assert (second.work_folder / "latest").is_symlink()
    assert (second.work_folder / "log.txt").read_text() == "second process"
    assert not (tmp_path / earlier_files.ASIDE_FOLDER).exists()


def test_a_process_that_dies_before_its_training_changes_nothing(tmp_path: Path) -> None:
    first = start(tmp_path)
    (first.work_folder / "best.h5").write_text("best")
    second = start(tmp_path)
    (second.work_folder / "half.txt").write_text("written before the training")
    third = start(tmp_path)
    assert names(third) == ["train.py"]
    bring_back(third)
    assert names(third) == ["best.h5", "train.py"]


def test_a_kill_while_files_come_back_loses_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = start(tmp_path)
    for number in range(5):
        (first.work_folder / f"{number}.h5").write_text(str(number))
    second = start(tmp_path)
    monkeypatch.setattr(earlier_files, "forget", lambda session: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        bring_back(second)
    monkeypatch.undo()
    third = start(tmp_path)
    assert names(third) == ["train.py"]
    bring_back(third)
    assert [(third.work_folder / f"{number}.h5").read_text() for number in range(5)] == list("01234")


def test_training_that_starts_anew_does_not_see_them_again(tmp_path: Path) -> None:
    first = start(tmp_path)
    (first.work_folder / "best.h5").write_text("of a run that does not count")
    second = start(tmp_path)
    forget(second)
    (second.work_folder / "best.h5").write_text("of the run that counts")
    third = start(tmp_path)
    bring_back(third)
    assert (third.work_folder / "best.h5").read_text() == "of the run that counts"
