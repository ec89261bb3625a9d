"""Hears the lines that the script writes to its standard output and error, and leaves them as they are.

The streams stay the same objects; only their ``write`` gets a listener. What a process of the script's own prints is
not heard, nor what is written to the file below the stream.
"""

import functools
import re
import sys
from types import FrameType
from typing import Callable, List, Optional

LINE_LIMIT_CHARACTERS = 4000  # what a line without an end may keep waiting
LINES_PER_WRITE = 2000
_DIGIT = re.compile(r"\d")
_LIBRARY = re.compile(r"[/\\](?:keras|tf_keras|tensorflow)[/\\]")
FRAMES_LIMIT = 30

Listener = Callable[[str], None]


class OutputWatch:
    """Calls ``listener`` with each complete line that holds a digit and that no training library printed itself."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._waiting: List[str] = []

    def install(self) -> None:
        """Watch both streams from now on; a stream that cannot be watched is left alone."""
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.write = self._wrap(stream.write)  # type: ignore[method-assign]
            except AttributeError:
                continue

    def _wrap(self, original: Callable[[str], int]) -> Callable[[str], int]:
        pending = _PendingLine()

        @functools.wraps(original)
        def write(text: str) -> int:
            written = original(text)
            if isinstance(text, str):
                self._hear(pending, text)
            return written

        return write

    def _hear(self, pending: "_PendingLine", text: str) -> None:
        for line in pending.complete(text):
            if _DIGIT.search(line) and not _is_written_by_library(sys._getframe(1)):
                self._listener(line)


class _PendingLine:
    """Puts lines together from what is written piece by piece, as ``print`` and progress bars do."""

    def __init__(self) -> None:
        self._text = ""

    def complete(self, text: str) -> List[str]:
        """Return the lines that ``text`` completes, with what was written before."""
        head, newline, rest = text[-LINES_PER_WRITE * LINE_LIMIT_CHARACTERS :].rpartition("\n")
        if not newline:
            self._text = _newest(self._text + rest[-LINE_LIMIT_CHARACTERS:])
            return []
        lines = [line[:LINE_LIMIT_CHARACTERS] for line in (self._text + head).split("\n")[-LINES_PER_WRITE:]]
        self._text = _newest(rest)
        return lines


def _newest(text: str) -> str:
    """Return what a carriage return leaves of an unfinished line: the newest version of a progress bar."""
    before, _, newest = text.rpartition("\r")
    return newest[:LINE_LIMIT_CHARACTERS] or before.rpartition("\r")[2][:LINE_LIMIT_CHARACTERS] + text[-1:]


def _is_written_by_library(frame: Optional[FrameType]) -> bool:
    for _ in range(FRAMES_LIMIT):
        if frame is None:
            return False
        if _LIBRARY.search(frame.f_code.co_filename):
            return True
        frame = frame.f_back
    return False
