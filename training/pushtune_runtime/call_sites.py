"""Where in the repository a library call is written, to the column."""

import itertools
import sys
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Dict, Iterator, List, Optional, Tuple

from pushtune_runtime.failures import is_user_file
from pushtune_runtime.session import Session
from pushtune_runtime.source_index import Position, SourceFile, Sources

CALLERS_LIMIT = 8
COPYING = frozenset({"from_config", "deserialize_keras_object", "clone_model", "clone", "_clone_parametrized"})
_RUNTIME_FOLDER = str(Path(__file__).resolve().parent)


@dataclass(frozen=True)
class CallSite:
    """One run of a call in the repository.

    Attributes:
        file: relative to the repository. position: of the whole call expression.
        occurrence: how often a call at this place has run before, for this class or method.
        frames: the frames of the repository that led to the call, innermost first.
    """

    file: str
    position: Position
    occurrence: int
    frames: Tuple[Tuple[str, Position], ...]

    def parameter_id(self, owner: str, argument: str) -> str:
        """Return the identity of ``argument`` of this call, as the contract writes it."""
        line, _, column, _ = self.position
        return f"{self.file}:{line}:{column}#{self.occurrence}.{owner}.{argument}"


class CallSites:
    """Counts calls; only calls written in the repository itself count, not those of a library within a library."""

    def __init__(self, session: Session, sources: Sources) -> None:
        self._session = session
        self._sources = sources
        self._counts: Dict[Tuple[str, int, int, str], int] = {}
        self.paused = False  # while the runtime itself builds something on behalf of the script

    def here(self, owner: str) -> Optional[CallSite]:
        """Return the call of ``owner`` that is being made; None where its direct caller is not the repository.

        Frames of this runtime are skipped, so that hooks may lie on top of each other.
        """
        if self.paused:
            return None
        frame = _first_outside_runtime(sys._getframe(1))
        if frame is None or not is_user_file(self._session, frame.f_code.co_filename) or self._is_copied(frame):
            return None
        frames = tuple(itertools.islice(self._user_frames(frame), CALLERS_LIMIT))
        file, position = frames[0]
        key = (file, position[0], position[2], owner)
        self._counts[key] = self._counts.get(key, -1) + 1
        return CallSite(file, position, self._counts[key], frames)

    def mark(self) -> Dict[Tuple[str, int, int, str], int]:
        """Return how often each call has run so far, for ``rewind``."""
        return dict(self._counts)

    def rewind(self, mark: Dict[Tuple[str, int, int, str], int]) -> None:
        """Count on from ``mark``: what follows repeats calls that have run before."""
        self._counts = dict(mark)

    def is_called_by_script(self) -> bool:
        """Return whether the repository itself makes the call that a hook stands in; nothing is counted."""
        if self.paused:
            return False
        frame = _first_outside_runtime(sys._getframe(1))
        return frame is not None and is_user_file(self._session, frame.f_code.co_filename)

    def _is_copied(self, frame: Optional[FrameType]) -> bool:
        """Return whether a library is making a copy of something that the script has made before.

        A class of the script whose constructor calls that of a layer is called by ``load_model`` and the like, too.
        """
        while frame is not None:
            code = frame.f_code
            if code.co_name in COPYING and not is_user_file(self._session, code.co_filename):
                return True
            frame = frame.f_back
        return False

    def _user_frames(self, frame: Optional[FrameType]) -> Iterator[Tuple[str, Position]]:
        while frame is not None:
            if is_user_file(self._session, frame.f_code.co_filename):
                yield self._session.relative_file(frame.f_code.co_filename), frame_position(frame)
            frame = frame.f_back

    def script_frame(self, frame: Optional[FrameType]) -> Optional[FrameType]:
        """Return ``frame``, or the nearest one around it, that belongs to the repository."""
        while frame is not None and not is_user_file(self._session, frame.f_code.co_filename):
            frame = frame.f_back
        return frame

    def file_of(self, frame: FrameType) -> str:
        """Return the file of ``frame``, relative to the repository."""
        return self._session.relative_file(frame.f_code.co_filename)

    def line(self) -> Tuple[str, int]:
        """Return file and line of the innermost frame of the repository; ("", 0) where there is none."""
        for file, position in self._user_frames(sys._getframe(1)):
            return file, position[0]
        return "", 0

    def callers(self, site: CallSite) -> List[Tuple[SourceFile, "object"]]:
        """Return file and call node of each frame of ``site``, innermost first, as far as they can be told."""
        found: List[Tuple[SourceFile, object]] = []
        for file, position in site.frames:
            source = self._sources.get(file)
            call = source.call_at(position) if source else None
            if source is None or call is None:
                break
            found.append((source, call))
        return found


def _first_outside_runtime(frame: Optional[FrameType]) -> Optional[FrameType]:
    while frame is not None and frame.f_code.co_filename.startswith(_RUNTIME_FOLDER):
        frame = frame.f_back
    return frame


def frame_position(frame: FrameType) -> Position:
    """Return the span of the expression that ``frame`` is evaluating (only its line before Python 3.11)."""
    positions = getattr(frame.f_code, "co_positions", None)
    if positions is not None:
        found = next(itertools.islice(positions(), frame.f_lasti // 2, None), None)
        if found is not None and None not in found:
            line, last_line, column, last_column = found
            return (line, last_line, column, last_column)
    return (frame.f_lineno, frame.f_lineno, 0, 0)
