"""Wrong options are refused at once, with the rule and what was received."""

import errno
from pathlib import Path

import pytest

from pushtune.commands import supervisor
from pushtune.commands.command_line import main


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--rounds", "99", "argument --rounds: must be a whole number from 0 to 10, not '99'"),
        ("--rounds", "-1", "argument --rounds: must be a whole number from 0 to 10, not '-1'"),
        ("--rounds", "0000000099", "argument --rounds: must be a whole number from 0 to 10, not '0000000099'"),
        ("--trials", "0", "argument --trials: must be a whole number from 1 to 50, not '0'"),
        ("--trials", "six", "argument --trials: must be a whole number from 1 to 50, not 'six'"),
        ("--epochs", "1" * 5000, "argument --epochs: must be a whole number from 1 to 100000, not '1111"),
        ("--target", "high", "argument --target: must be a finite number, such as 0.9, not 'high'"),
        ("--target", "nan", "argument --target: must be a finite number, such as 0.9, not 'nan'"),
        ("--target", "-inf", "argument --target: must be a finite number, such as 0.9, not '-inf'"),
        ("--target", "1e999", "argument --target: must be a finite number, such as 0.9, not '1e999'"),
    ],
)
def test_a_wrong_option_of_train(capsys: pytest.CaptureFixture[str], option: str, value: str, said: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["train", "--repository", "/nowhere", f"{option}={value}"])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_a_home_that_cannot_be_a_folder_is_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    for home in (tmp_path / "file", tmp_path / "file" / "home"):
        monkeypatch.setenv("PUSHTUNE_HOME", str(home))
        assert main(["status"]) == 1
        said = capsys.readouterr().out
        assert said.startswith("Error: A folder must be")
        assert str(tmp_path / "file") in said and "PUSHTUNE_HOME" in said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/x/instance.lock"), "Error: This user must be allowed"),
        (OSError(errno.ENOSPC, "No space left on device", "/x/instance.lock"), "Error: There must be space"),
        (OSError(errno.EIO, "Input/output error", "/x/instance.lock"), "Error: The system must let the command"),
    ],
)
def test_what_the_system_refuses_is_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: OSError, said: str
) -> None:
    def refuse(_: object) -> None:
        raise error

    monkeypatch.setenv("PUSHTUNE_HOME", str(tmp_path))
    monkeypatch.setattr(supervisor, "acquire_lock", refuse)
    assert main(["status"]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith(said)
    assert "/x/instance.lock" in shown and "What to do: " in shown
