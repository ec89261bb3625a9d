"""What commands say on a terminal: lines, steps with their running time, and errors.

On a terminal the steps that are under way share one line at the bottom, redrawn a few times a second. Anywhere
else (a log, a pipe) the same information comes as plain lines. Everything printed is stripped of control
characters, since titles and errors may quote names from a repository.
"""

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from pushtune.commands.system_errors import explained
from pushtune.errors import PushtuneError
from pushtune.settings import unknown_variables

REDRAW_INTERVAL_SECONDS = 0.2
REMINDER_INTERVAL_SECONDS = 15.0  # between two "still at it" lines where there is no terminal
TITLE_LIMIT_CHARACTERS = 200
ERASE_LINE = "\r\x1b[2K"
EXIT_FAILURE = 1
EXIT_INTERRUPTED = 130


def clean(text: object, limit_characters: int = 2000) -> str:
    """Return ``text`` without control characters (newlines become spaces) and not longer than the limit."""
    shown = str(text)[: limit_characters + 1]
    shown = "".join(character if character.isprintable() else " " for character in shown)
    return shown if len(shown) <= limit_characters else shown[: limit_characters - 1] + "…"


def say(text: str = "") -> None:
    """Print lines; control characters other than newlines are removed."""
    for line in text.split("\n"):
        _board.print_line(clean(line))


@dataclass
class Step:
    """One piece of work that is under way. ``note`` says what it is doing right now."""

    title: str
    started: float = field(default_factory=time.monotonic)
    detail: str = ""
    reminded: float = field(default_factory=time.monotonic)

    def note(self, detail: object) -> None:
        """Show ``detail`` beside the title until the next note."""
        self.detail = clean(detail, 80)

    @property
    def seconds(self) -> float:
        """Time since the step began."""
        return time.monotonic() - self.started


@contextmanager
def step(title: str) -> Iterator[Step]:
    """Show that ``title`` is under way, then how long it took and whether it worked. Steps may overlap in threads."""
    current = Step(clean(title, TITLE_LIMIT_CHARACTERS))
    _board.begin(current)
    try:
        yield current
    except BaseException:
        _board.end(current, succeeded=False)
        raise
    _board.end(current, succeeded=True)


def show_error(error: BaseException) -> None:
    """Print an error: an expected one as rule, received value and remedy, another one by its type and text."""
    if isinstance(error, PushtuneError):
        say(f"Error: {clean(error.rule)}")
        for line in str(error.received).splitlines():
            say(f"  {clean(line)}")
        say(f"What to do: {clean(error.remedy)}")
    else:
        say(f"Error: {type(error).__name__}: {error}")


def warn_of_unknown_variables() -> None:
    """Name the variables that look like a setting and are none: on the error output, as the other may be JSON."""
    for name, similar in unknown_variables().items():
        hint = f" Did you mean {similar}?" if similar else ""
        print(clean(f"Warning: {name} is no setting and changes nothing.{hint}"), file=sys.stderr)


def exit_code_of(main: Callable[[], int | None], interrupted: str = "Interrupted.") -> int:
    """Run a command; return its exit code: what ``main`` returns, 1 for a failure that was explained, 130 for Ctrl-C.

    An unexpected exception keeps its traceback.
    """
    warn_of_unknown_variables()
    try:
        return main() or 0
    except PushtuneError as error:
        show_error(error)
        return EXIT_FAILURE
    except OSError as error:
        with suppress(BrokenPipeError):  # whoever reads the output may be what has gone
            show_error(explained(error))
        return EXIT_FAILURE
    except KeyboardInterrupt:
        say(interrupted)
        return EXIT_INTERRUPTED


class _Board:
    """The steps under way and the one place that writes, so that threads do not mix their lines."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._steps: list[Step] = []
        self._ticker: threading.Thread | None = None
        self._status_shown = False

    def begin(self, current: Step) -> None:
        with self._lock:
            self._steps.append(current)
            if not _is_terminal():
                self.print_line(f"... {current.title}")
            if self._ticker is None or not self._ticker.is_alive():
                self._ticker = threading.Thread(target=self._tick, name="console", daemon=True)
                self._ticker.start()

    def end(self, current: Step, succeeded: bool) -> None:
        with self._lock:
            self._steps.remove(current)
            mark = _paint("ok", 32) if succeeded else _paint("failed", 31)
            self.print_line(f"{mark}  {current.title}  {_duration(current.seconds)}", trusted=True)

    def print_line(self, line: str, trusted: bool = False) -> None:
        with self._lock:
            _write((ERASE_LINE if self._status_shown else "") + (line if trusted else clean(line)) + "\n")
            self._status_shown = False

    def _tick(self) -> None:
        while True:
            with self._lock:
                if not self._steps:
                    self._ticker = None
                    return
                if _is_terminal():
                    _write(ERASE_LINE + self._status_line())
                    self._status_shown = True
                else:
                    self._remind()
            time.sleep(REDRAW_INTERVAL_SECONDS)

    def _status_line(self) -> str:
        parts = [_described(current) for current in self._steps]
        width = shutil.get_terminal_size().columns - 1
        return ("... " + " | ".join(parts))[:width]

    def _remind(self) -> None:
        now = time.monotonic()
        for current in self._steps:
            if now - current.reminded >= REMINDER_INTERVAL_SECONDS:
                current.reminded = now
                self.print_line(f"... {_described(current)}")


def _described(current: Step) -> str:
    return f"{current.title} {_duration(current.seconds)}" + (f" ({current.detail})" if current.detail else "")


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"


def _is_terminal() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _paint(text: str, colour: int) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if _is_terminal() and not os.environ.get("NO_COLOR") else text


def _write(text: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()


_board = _Board()
