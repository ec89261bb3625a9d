import os
import pty
import re
import subprocess
import sys
import threading

import pytest

from pushtune.commands.console import clean, exit_code_of, say, show_error, step
from pushtune.errors import UnknownImage
from pushtune.settings import PROJECT_FOLDER

ERROR = UnknownImage("An image must exist.", "line one\nline \x1b[31mtwo", "Correct the name.")


def test_control_characters_never_reach_the_terminal(capsys):
    say("safe\x1b]0;title\x07\rover\u202ewritten\nnext")
    assert capsys.readouterr().out == "safe ]0;title  over written\nnext\n"


def test_long_text_is_cut():
    assert clean("x" * 50, 10) == "x" * 9 + "…"


def test_a_step_says_when_it_begins_and_how_it_ended(capsys):
    with step("Build the image cnn"):
        pass
    begin, end = capsys.readouterr().out.splitlines()
    assert begin == "... Build the image cnn"
    assert end.startswith("ok  Build the image cnn  0.")


def test_a_failed_step_says_so_and_lets_the_error_through(capsys):
    with pytest.raises(UnknownImage), step("Build"):
        raise ERROR
    assert capsys.readouterr().out.splitlines()[-1].startswith("failed  Build  ")


def test_steps_in_threads_keep_their_lines_apart(capsys):
    def work(number):
        for turn in range(20):
            with step(f"step {number}.{turn}"):
                say(f"line {number}.{turn}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 * 20 * 3
    assert all(line.startswith(("... step ", "line ", "ok  step ")) for line in lines)


def test_an_expected_error_shows_its_three_parts(capsys):
    show_error(ERROR)
    assert capsys.readouterr().out.splitlines() == [
        "Error: An image must exist.", "  line one", "  line  [31mtwo", "What to do: Correct the name.",
    ]  # fmt: skip


def test_an_unexpected_error_shows_its_type(capsys):
    show_error(ValueError("odd"))
    assert capsys.readouterr().out == "Error: ValueError: odd\n"


def raising(error):
    def main():
        raise error

    return main


@pytest.mark.parametrize(
    ("main", "code"), [(lambda: None, 0), (lambda: 2, 2), (raising(ERROR), 1), (raising(KeyboardInterrupt()), 130)]
)
def test_exit_codes(main, code, capsys):
    assert exit_code_of(main) == code


def test_a_variable_that_is_no_setting_is_named_apart_from_what_the_command_prints(capsys, monkeypatch):
    monkeypatch.setenv("PUSHTUNE_TRIAL_MEMORY", "secret\x1b[31m")
    assert exit_code_of(lambda: say("{}")) == 0
    shown = capsys.readouterr()
    assert shown.out == "{}\n"
    assert shown.err == (
        "Warning: PUSHTUNE_TRIAL_MEMORY is no setting and changes nothing. Did you mean PUSHTUNE_TRIAL_MEMORY_BYTES?\n"
    )


def test_an_unexpected_error_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        exit_code_of(raising(ZeroDivisionError()))


def test_on_a_terminal_running_steps_share_a_line_that_is_erased():
    code = (
        "import time\nfrom pushtune.commands.console import step\n"
        "with step('Train') as current:\n current.note('epoch 1')\n time.sleep(0.7)\n"
    )
    leader, follower = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": f"{PROJECT_FOLDER}/plugins:{PROJECT_FOLDER}/training", "TERM": "xterm"}
    process = subprocess.Popen([sys.executable, "-c", code], stdout=follower, env=environment)
    assert process.wait(timeout=60) == 0
    os.close(follower)
    shown = os.read(leader, 65536).decode()
    os.close(leader)
    assert re.search(r"\r\x1b\[2K\.\.\. Train \d+\.\d s \(epoch 1\)", shown)
    assert re.search(r"\r\x1b\[2K\x1b\[32mok\x1b\[0m  Train  \d+\.\d s\r\n$", shown)


def test_a_terminal_that_knows_only_ascii_is_no_problem():
    environment = {**os.environ, "PYTHONPATH": f"{PROJECT_FOLDER}/plugins:{PROJECT_FOLDER}/training",
                   "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}  # fmt: skip
    code = "from pushtune.commands.console import say; say('größer … ok')"
    output = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, timeout=60)
    assert output.stdout == b"gr??er ? ok\n"
