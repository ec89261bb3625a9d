"""Brings the output of a container into the task's log: as it comes, in bounded lines, and not without end.

The output is untrusted. Control characters and terminal sequences are taken out (a log is read in terminals), a line
is cut at ``LINE_LIMIT_CHARACTERS``, and after ``LINES_LIMIT`` lines or ``CHARACTERS_LIMIT`` characters following ends:
then only the last lines are shown when the container is done. The memory in use does not depend on the output.
"""

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

LINE_LIMIT_CHARACTERS = 2_000
LINES_LIMIT = 20_000
CHARACTERS_LIMIT = 8 * 2**20
LINES_PER_SECOND_LIMIT = 2_000
LAST_LINES = 50

TERMINAL_SEQUENCE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,200}(\x07|\x1b\\)?|.)?")


def clean_line(text: str) -> str:
    """Return ``text`` without terminal sequences and control characters, cut to ``LINE_LIMIT_CHARACTERS``."""
    text = TERMINAL_SEQUENCE.sub("", text.rstrip("\r\n").rpartition("\r")[2]).replace("\t", "    ")
    printable = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    if len(printable) > LINE_LIMIT_CHARACTERS:
        left_out = len(printable) - LINE_LIMIT_CHARACTERS
        return f"{printable[:LINE_LIMIT_CHARACTERS]} ... ({left_out} characters left out)"
    return printable


def lines_of(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield whole lines, cleaned.

    Of a progress bar that redraws itself by carriage returns only the last state is kept, and of a line that never ends
    only the start, so that the memory in use stays bounded.
    """
    limit_bytes = 4 * LINE_LIMIT_CHARACTERS
    pending = b""
    for chunk in chunks:
        *whole, last = (pending + chunk).split(b"\n")
        for line in whole:
            yield clean_line(line.decode("utf-8", "replace"))
        if b"\r" in last.rstrip(b"\r"):
            last = last.rstrip(b"\r").rpartition(b"\r")[2]
        pending = last[:limit_bytes]
    if pending:
        yield clean_line(pending.decode("utf-8", "replace"))


class LogFollower(threading.Thread):
    """Follows one container's output in the background and sets ``ended`` when the output has ended."""

    def __init__(self, open_stream: Callable[[], Any], write: Callable[[str], None]) -> None:
        super().__init__(name="container-log", daemon=True)
        self.ended = threading.Event()
        self.limited = False
        self._closed = False
        self._open_stream = open_stream
        self._write = write
        self._stream: Any = None

    def run(self) -> None:
        """Write line by line until the output ends, the limit is reached, or ``close`` is called."""
        try:
            self._stream = self._open_stream()
            self._follow(self._stream)
        except Exception as error:  # the container does not depend on its log: training goes on
            if not self._closed:
                self._write(f"The container's output cannot be followed any more: {error}")
        finally:
            self.ended.set()

    def _follow(self, stream: Any) -> None:
        second, in_second, characters = 0, 0, 0
        for number, line in enumerate(lines_of(stream), start=1):
            characters += len(line)
            if number > LINES_LIMIT or characters > CHARACTERS_LIMIT:
                self.limited = True
                self._write("There is more output than a log should hold. The rest is left out; progress is shown.")
                self.close()
            if self._closed:
                return
            if line:
                self._write(line)
            if int(time.monotonic()) != second:
                second, in_second = int(time.monotonic()), 0
            in_second += 1
            if in_second > LINES_PER_SECOND_LIMIT:
                time.sleep(1)  # slows our reading down, not the container: the engine keeps a bounded file

    def finish(self, timeout_seconds: float) -> bool:
        """Wait for the end of the output, then stop following; return whether all of it was shown."""
        self.join(timeout_seconds)
        complete = not self.limited and not self.is_alive()
        self.close()
        return complete

    def close(self) -> None:
        """Stop following; nothing is written any more."""
        self._closed = True
        if self._stream is not None and hasattr(self._stream, "close"):
            with suppress(OSError, ValueError):  # it has ended by itself meanwhile
                self._stream.close()
