"""``pushtune.yaml`` in the repository: what its author settled, one ``key: value`` a line."""

import re
import shlex
from dataclasses import dataclass, field

from pushtune.inspecting.repository_files import RepositoryFiles
from pushtune.inspecting.source_text import decode

FILE_NAMES = ("pushtune.yaml", "pushtune.yml")
_LINE = re.compile(r"^(\w+)[ \t]*:[ \t]*(.*?)[ \t]*(?:[ \t]#.*)?$")


@dataclass(frozen=True)
class RepositorySettings:
    """Attributes: entry relative to the repository, arguments of the script, warnings about lines not understood."""

    entry: str | None = None
    arguments: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read_settings(files: RepositoryFiles) -> RepositorySettings:
    """Return what ``pushtune.yaml`` at the top of the repository says; nothing where there is none.

    Keys: ``entry`` (a path) and ``arguments`` (one line, split as a shell would). Others are left to other stages.
    """
    name = next((name for name in FILE_NAMES if name in files.sizes), None)
    content = files.read(name) if name else None
    if content is None:
        return RepositorySettings()
    values = {}
    for line in decode(content)[0].split("\n"):
        found = _LINE.match(line)
        if found:
            values[found.group(1)] = found.group(2).strip("\"'")
    entry = values.get("entry", "").replace("\\", "/").removeprefix("./") or None
    try:
        return RepositorySettings(entry, shlex.split(values.get("arguments", "")))
    except ValueError:
        return RepositorySettings(
            entry, [], [f"{name}: arguments cannot be split into words: {values['arguments'][:200]}"]
        )
