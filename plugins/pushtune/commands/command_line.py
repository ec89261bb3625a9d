"""The commands and their options."""

import argparse
import importlib
import math
import sys
from collections.abc import Callable

from pushtune.commands.console import exit_code_of
from pushtune.settings import Settings, load_settings

Command = Callable[[Settings, argparse.Namespace], int]


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code: 0 for success, 1 for a failure that was explained, 130 for Ctrl-C."""
    options = _parser().parse_args(arguments)
    interrupted = "Interrupted. What runs in Airflow goes on; `make down` stops it."
    return exit_code_of(lambda: int(options.command(load_settings(), options)), interrupted)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pushtune", description="Push code, get a tuned model.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add(commands, "demo", "pushtune.commands.demo", "set everything up and watch an example become a tuned model")
    train = _add(commands, "train", "pushtune.commands.train", "train and tune any repository")
    train.add_argument("--repository", help="path or URL of a git repository, or a plain folder")
    train.add_argument("--branch", help="branch to train; default: the repository's own default branch")
    train.add_argument("--target", type=_number, help="value of the objective to reach; default 0.85")
    train.add_argument("--rounds", type=_whole_number(0, 10), help="rounds of tuning at most; default 3")
    train.add_argument("--trials", type=_whole_number(1, 50), help="trials per round; default 6")
    train.add_argument("--epochs", type=_whole_number(1, 100_000), help="epochs of one trial at most")
    for name, text in (
        ("up", "start Airflow"),
        ("status", "say whether everything runs"),
        ("logs", "show the end of each log"),
        ("images", "build missing images"),
        ("lock", "compile the lock files again"),
    ):
        _add(commands, name, "pushtune.commands.simple_commands", text)
    down = _add(commands, "down", "pushtune.commands.simple_commands", "stop Airflow and its containers")
    down.add_argument("--remove", action="store_true", help="remove the containers too: nothing is resumed")
    pushes = _add(commands, "pushes", "pushtune.commands.pushes", "list what became of each push")
    pushes.add_argument("--repository", metavar="NAME", help="name of one entry; default: all")
    pushes.add_argument("--json", action="store_true", help="all that is known, as JSON")
    predict = _add(commands, "predict", "pushtune.commands.predict", "ask the served champion of a repository")
    predict.add_argument("--model", metavar="NAME", required=True, help="name of the repository's entry")
    predict.add_argument("--file", help="JSON with the instances; - for the standard input; default: show the inputs")
    test = _add(commands, "test", "pushtune.commands.checks", "run linters, types and tests")
    test.add_argument("--matrix", action="store_true", help="the whole matrix of kills and resumes, half an hour")
    test.add_argument("--failed", action="store_true", help="of the tests only those that failed the last time")
    return parser


def _number(text: str) -> float:
    """Read an option; a target that is not finite is one that nothing reaches."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"must be a finite number, such as 0.9, not {text!r}")
    return number


def _whole_number(lowest: int, highest: int) -> Callable[[str], int]:
    """Return what reads an option: refused here, a wrong value costs no time."""

    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or len(text) > 9 or not lowest <= int(text) <= highest:
            raise argparse.ArgumentTypeError(f"must be a whole number from {lowest} to {highest}, not {text!r}")
        return int(text)

    return read


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, module: str, text: str
) -> argparse.ArgumentParser:
    def run(settings: Settings, options: argparse.Namespace) -> int:
        # Only the command that runs is imported: most need libraries that take seconds to load.
        command: Command = getattr(importlib.import_module(module), name)
        return command(settings, options)

    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
