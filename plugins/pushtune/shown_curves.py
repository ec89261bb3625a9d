"""Learning curves as the page and the mail show them: few points, read again and again at little cost."""

import re
from functools import lru_cache
from pathlib import Path

from pushtune_contract import layout
from pushtune_contract.progress import ProgressLine, learning_curve
from pushtune_contract.reading import PROGRESS_LIMIT_BYTES, UnsafeFile, parse_json, read_bytes
from pushtune_contract.validation import ContractViolation, build

POINTS_LIMIT = 300
# A script can write megabytes, and the page asks every few seconds for everybody who looks at it: of a larger file only
# the lines that are shown are parsed.
WHOLE_LIMIT_BYTES = 2**20
SAMPLE_LIMIT_BYTES = 8 * 1024  # of one line in a large file; the runtime writes some hundred bytes
OBJECTIVE = re.compile(rb'"objective": -?\d[^,\n]{0,30}, "message"')  # as the runtime writes it, once an epoch

Points = tuple[tuple[int, float], ...]


def shown_curve(training_folder: Path) -> Points:
    """Return (epoch, objective) pairs, the epoch counted from 1 through all fits, about ``POINTS_LIMIT`` at most.

    Of more epochs, every second, fourth, ... is kept, so that two curves have epochs in common, and the last.
    A file that is missing, forged or larger than the contract allows gives none. Parses only what has changed.
    """
    try:
        facts = (training_folder / layout.PROGRESS_FILE).lstat()
    except OSError:
        return ()
    return _curve(training_folder, facts.st_size, (facts.st_mtime_ns, facts.st_ino))


@lru_cache(maxsize=512)
def _curve(training_folder: Path, size_bytes: int, stamp: tuple[int, int]) -> Points:
    if size_bytes <= WHOLE_LIMIT_BYTES:
        points = learning_curve(training_folder)
        return tuple(points[place] for place in _kept_places(len(points)))
    return _sampled_curve(training_folder / layout.PROGRESS_FILE) if size_bytes <= PROGRESS_LIMIT_BYTES else ()


def _sampled_curve(progress_file: Path) -> Points:
    """Lines of epochs are counted, not parsed: an epoch that was trained again after a resume counts twice."""
    try:
        content = read_bytes(progress_file, PROGRESS_LIMIT_BYTES)
    except (FileNotFoundError, UnsafeFile):
        return ()
    # Never split into lines: millions of empty ones would take seconds. The last one may still be being written.
    found = [match.start() for match in OBJECTIVE.finditer(content, 0, content.rfind(b"\n"))]
    points = []
    for place in _kept_places(len(found)):
        line = _line_around(content, found[place])
        try:
            parsed = build(ProgressLine, parse_json(line, progress_file.name))
        except (UnsafeFile, ContractViolation):
            continue
        if parsed.kind == "epoch" and parsed.objective is not None:
            points.append((place + 1, parsed.objective))
    return tuple(points)


def _line_around(content: bytes, position: int) -> bytes:
    before = content[max(0, position - SAMPLE_LIMIT_BYTES) : position].rsplit(b"\n", 1)[-1]
    return before + content[position : position + SAMPLE_LIMIT_BYTES].split(b"\n", 1)[0]


def _kept_places(count: int) -> list[int]:
    """A step that is a power of two: the epochs of a longer curve are then among those of a shorter one."""
    step = 1
    while count > step * POINTS_LIMIT:
        step *= 2
    places = list(range(0, count, step))
    return places if not places or places[-1] == count - 1 else [*places, count - 1]
