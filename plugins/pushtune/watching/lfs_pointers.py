"""Finds the files of a checkout that stand for an object of Git LFS, as its specification (v1) describes them."""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

POINTER_LIMIT_BYTES = 1024  # git-lfs: a pointer is smaller

_VERSION = b"version https://git-lfs.github.com/spec/v1\n"
_FIELDS = re.compile(
    r"version [^\n]+\n(?P<more>([a-z0-9.-]+ [^\n]+\n)*?)oid sha256:(?P<oid>[0-9a-f]{64})\nsize (?P<size>[0-9]{1,15})\n?"
)


@dataclass(frozen=True)
class Pointer:
    """One file of a checkout: where it stands, and the SHA-256 and size in bytes of what belongs there.

    Attributes:
        shown: the path within the checkout, as text that may be printed.
    """

    file: Path
    shown: str
    oid: str
    size_bytes: int


def find_pointers(tree: Path) -> list[Pointer]:
    """Return the pointers below ``tree``, sorted by path; links are not followed."""
    found = []
    for parent, folders, files in os.walk(tree, followlinks=False):
        folders.sort()
        for name in sorted(files):
            file = Path(parent) / name
            content = _small_file(file)
            fields = _FIELDS.fullmatch(content) if content else None
            if fields and not fields["more"]:  # 'ext-' lines: the object is not the content of the file
                shown = printable(str(file.relative_to(tree)))
                found.append(Pointer(file, shown, fields["oid"], int(fields["size"])))
    return found


def printable(text: str, limit: int = 200) -> str:
    """Return hostile text as one printable line."""
    text = text.encode("utf-8", "replace").decode()
    return "".join(character if character.isprintable() else "?" for character in text)[:limit]


def _small_file(file: Path) -> str:
    facts = file.lstat()
    if not stat.S_ISREG(facts.st_mode) or not len(_VERSION) < facts.st_size < POINTER_LIMIT_BYTES:
        return ""
    content = file.read_bytes()
    return content.decode("utf-8", "replace") if content.startswith(_VERSION) else ""
