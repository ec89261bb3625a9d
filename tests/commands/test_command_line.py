"""Wrong options are refused at once, with the rule and what was received."""

import pytest

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
        ("--target", "high", "argument --target: invalid float value: 'high'"),
    ],
)
def test_a_wrong_option_of_train(capsys: pytest.CaptureFixture[str], option: str, value: str, said: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["train", "--repository", "/nowhere", f"{option}={value}"])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
