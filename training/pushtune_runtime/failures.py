"""Turns an exception into what a person needs: the message, their own line, and their own frames first."""

import linecache
import re
import traceback
from pathlib import Path
from typing import List, Optional

from pushtune_contract.result import Notice
from pushtune_runtime.session import Session

MESSAGE_LIMIT_CHARACTERS = 2000
TRACEBACK_LIMIT_CHARACTERS = 8000
_TERMINAL_CODES = re.compile(r"\x1b\[[0-9;]*m")  # Keras writes its messages in bold
INFEASIBLE_KINDS = frozenset({
    "ValueError", "TypeError", "IndexError", "ZeroDivisionError", "MemoryError",
    "InvalidArgumentError", "ResourceExhaustedError", "NotFoundError", "UnimplementedError", "InternalError",
})  # fmt: skip


def is_user_file(session: Session, path: str) -> bool:
    """Return whether ``path`` belongs to the repository (and not to a library or to the runtime)."""
    try:
        relative = Path(path).relative_to(session.work_folder)
    except ValueError:
        return False
    return "site-packages" not in relative.parts


def describe(session: Session, error: BaseException) -> Notice:
    """Return ``error`` as a Notice whose file and line are the innermost ones of the repository."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if is_user_file(session, frame.filename)]
    file, line = _position(session, error, frames)
    return Notice(
        message=_message(error),
        file=file,
        line=line,
        kind=type(error).__name__,
        traceback=_short_traceback(session, error, frames),
    )


def may_be_infeasible(error: BaseException) -> bool:
    """Return whether an override can have caused ``error``: shapes that do not fit, values out of range, memory."""
    return any(kind.__name__ in INFEASIBLE_KINDS for kind in type(error).__mro__)


def _position(session: Session, error: BaseException, frames: List[traceback.FrameSummary]) -> "tuple[str, int]":
    if isinstance(error, SyntaxError) and error.filename and is_user_file(session, error.filename):
        return session.relative_file(error.filename), error.lineno or 0
    if frames:
        return session.relative_file(frames[-1].filename), frames[-1].lineno or 0
    return "", 0


def _message(error: BaseException) -> str:
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    text = _TERMINAL_CODES.sub("", text)
    remedy = _remedy(error)
    text = text[:MESSAGE_LIMIT_CHARACTERS]
    return f"{text} -- {remedy}" if remedy else text


def _remedy(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError):
        return "add the package to the repository's requirements.txt"
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return "the container's memory is used up: raise trial_memory_bytes, or train on less data at once"
    if isinstance(error, FileNotFoundError):
        return "the file is not in the repository, or the script expects to start in another folder"
    if "URL fetch failure" in str(error) or type(error).__name__ == "URLError":
        return "training containers have no network: the data set has to be prepared beforehand"
    return ""


def _short_traceback(session: Session, error: BaseException, frames: List[traceback.FrameSummary]) -> str:
    lines = [f"  {_frame_text(session, frame)}" for frame in frames]
    everything = traceback.extract_tb(error.__traceback__)
    if everything and not is_user_file(session, everything[-1].filename):
        last = everything[-1]
        lines.append(f"  raised in {Path(last.filename).name}:{last.lineno} {last.name}")
    return "\n".join(lines)[-TRACEBACK_LIMIT_CHARACTERS:]


def _frame_text(session: Session, frame: traceback.FrameSummary) -> str:
    source: Optional[str] = frame.line or linecache.getline(frame.filename, frame.lineno or 0).strip()
    return f"{session.relative_file(frame.filename)}:{frame.lineno} in {frame.name}: {source or ''}".rstrip(": ")
