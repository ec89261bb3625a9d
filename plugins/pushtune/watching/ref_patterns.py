"""Which branches and tags of a repository are watched. Globs as people know them from branch filters. Pure text.

A ref is named in full here, such as ``refs/heads/main`` or ``refs/tags/v1.0``.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from pushtune.watching.repository_url import check_branch
from pushtune.watching.watched_repositories import WatchedRepository

REFS_LIMIT = 100
HEADS = "refs/heads/"
TAGS = "refs/tags/"


def branch_ref(branch: str) -> str:
    """Return the full name of ``branch``."""
    return HEADS + branch


def short_name(ref: str) -> str:
    """Return what people call ``ref``: the branch, or ``tag`` and its name."""
    return ref.removeprefix(HEADS) if ref.startswith(HEADS) else f"tag {ref.removeprefix(TAGS)}"


def check_ref(ref: str) -> str:
    """Return ``ref`` if git accepts it as the full name of a branch or tag. Raises ValueError."""
    for prefix in (HEADS, TAGS):
        if ref.startswith(prefix):
            check_branch(ref.removeprefix(prefix))
            return ref
    raise ValueError("must begin with refs/heads/ or refs/tags/")


def patterns_of(repository: WatchedRepository) -> tuple[str, ...]:
    """Return the patterns of all that is watched, the primary branch first, as full names with globs."""
    return (
        branch_ref(repository.branch),
        *(HEADS + glob for glob in repository.branches),
        *(TAGS + glob for glob in repository.tags),
    )


def watched_refs(repository: WatchedRepository) -> Callable[[str], bool]:
    """Return a function that tells whether a ref is watched."""
    patterns = patterns_of(repository)
    return lambda ref: is_watched(ref, patterns)


def is_watched(ref: str, patterns: Iterable[str]) -> bool:
    """Return whether ``ref`` matches one of ``patterns``: ``*`` and ``?`` stay within a part, ``**`` crosses ``/``."""
    return any(_pattern(pattern).fullmatch(ref) for pattern in patterns)


def select(refs: Mapping[str, str], patterns: tuple[str, ...]) -> tuple[dict[str, str], int]:
    """Return (ref -> commit of what is watched, how many more there are than ``REFS_LIMIT``).

    The first pattern is the primary branch, which always comes first; the others follow by name.
    """
    found = sorted(ref for ref in refs if is_watched(ref, patterns) and _is_valid(ref))
    found.sort(key=lambda ref: ref != patterns[0])
    return {ref: refs[ref] for ref in found[:REFS_LIMIT]}, max(0, len(found) - REFS_LIMIT)


def _is_valid(ref: str) -> bool:
    try:
        return check_ref(ref) == ref
    except ValueError:
        return False


@lru_cache(maxsize=4096)
def _pattern(glob: str) -> re.Pattern[str]:
    text = re.escape(re.sub(r"\*{3,}", "**", glob))
    text = text.replace(r"\*\*", ".*").replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    return re.compile(text, re.DOTALL)
