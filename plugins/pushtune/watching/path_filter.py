"""Which changed files make a push worth a training. Globs as people know them from ``.gitignore``. Pure text."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache


def first_relevant(changed_paths: Iterable[str], paths: Sequence[str], ignore_paths: Sequence[str]) -> str | None:
    """Return the first changed path that counts, or None where none does.

    A path counts if it matches one of ``paths`` (or there are none) and none of ``ignore_paths``.
    """
    for path in changed_paths:
        if (not paths or _matches(path, paths)) and not _matches(path, ignore_paths):
            return path
    return None


def _matches(path: str, globs: Sequence[str]) -> bool:
    """Return whether a glob matches ``path`` or one of the folders that hold it."""
    parts = path.split("/")
    return any(_fits(parts, pieces) for glob in globs for pieces in _ways(glob))


def _fits(parts: Sequence[str], pieces: Sequence[str]) -> bool:
    """Return whether ``pieces`` match the first of ``parts``, or all of them.

    Piece by piece with the set of places reached: one pattern with several ``**`` takes the cube of a path's length.
    """
    reached = {0}
    for index, piece in enumerate(pieces):
        if piece == "**":
            reached = set(range(min(reached) + (index == len(pieces) - 1), len(parts) + 1))
        else:
            pattern = _pattern(piece)
            reached = {place + 1 for place in reached if place < len(parts) and pattern.fullmatch(parts[place])}
        if not reached:
            return False
    return True


@lru_cache(maxsize=1024)
def _ways(glob: str) -> list[tuple[str, ...]]:
    """Return the pieces of ``glob``, once for each way to read it; without a ``/``, it matches in every folder."""
    glob = re.sub(r"\*{3,}", "**", glob.rstrip("/"))
    ways: list[tuple[str, ...]] = [()]
    for piece in (glob if "/" in glob else f"**/{glob}").split("/"):
        ways = [(*way, *variant) for way in ways for variant in _variants(piece)]
    return ways


def _variants(piece: str) -> list[tuple[str, ...]]:
    """``a**b`` matches within one part of a path (``a*b``), or across several (``a*/**/*b``)."""
    head, crosses, tail = piece.partition("**")
    if not crosses or piece == "**":
        return [(piece,)]
    rest = _variants(f"*{tail}")
    return [(head + way[0], *way[1:]) for way in rest] + [(f"{head}*", "**", *way) for way in rest]


@lru_cache(maxsize=1024)
def _pattern(piece: str) -> re.Pattern[str]:
    """``*`` and ``?`` stay within a part of a path."""
    text = re.escape(piece).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(text, re.DOTALL)
