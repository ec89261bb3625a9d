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
    prefixes = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    return any(_pattern(glob).fullmatch(prefix) for glob in globs for prefix in prefixes)


@lru_cache(maxsize=1024)
def _pattern(glob: str) -> re.Pattern[str]:
    """``*`` and ``?`` stay within a folder, ``**`` crosses folders; a glob without ``/`` matches in every folder."""
    glob = glob.rstrip("/")
    if "/" not in glob:
        glob = f"**/{glob}"
    text = re.escape(re.sub(r"\*{3,}", "**", glob)).replace(r"/\*\*/", "/(?:.*/)?")
    text = re.sub(r"^\\\*\\\*/", "(?:.*/)?", text).replace(r"\*\*", ".*").replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    return re.compile(text, re.DOTALL)
