"""The folder that the script runs in: a copy of the repository in which it may write whatever it likes."""

import ast
import os
import shutil
from pathlib import Path
from typing import Iterator

LINK_ABOVE_BYTES = 1024 * 1024  # larger files are data: linked to the read-only checkout instead of copied
SKIPPED_FOLDERS = frozenset({".git", ".hg", ".svn", "__pycache__", ".venv", "node_modules"})


def lay_out(code_folder: Path, work_folder: Path) -> None:
    """Fill ``work_folder`` with the repository; what is already there stays, so that a resumed run finds its own files.

    Directories and files up to 1 MiB are copied, larger files become links to ``code_folder``.
    """
    work_folder.mkdir(parents=True, exist_ok=True)
    for parent, folders, names in os.walk(code_folder, followlinks=False):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        relative = Path(parent).relative_to(code_folder)
        for name in folders + names:
            _place(Path(parent) / name, work_folder / relative / name)


def _place(source: Path, target: Path) -> None:
    if target.is_symlink() or target.exists():
        return
    if source.is_symlink():
        target.symlink_to(os.readlink(source))
    elif source.is_dir():
        target.mkdir()
    elif source.stat().st_size > LINK_ABOVE_BYTES:
        target.symlink_to(source)
    else:
        shutil.copyfile(source, target)
        target.chmod(source.stat().st_mode & 0o777 | 0o600)


def starting_folder(work_folder: Path, entry: str, tree: ast.AST) -> Path:
    """Return the folder that the script expects to be started in.

    The rule: the folder of the entry script if a path written in the script exists there and does not exist below
    the root of the repository; otherwise the root.
    """
    beside_entry = (work_folder / entry).parent
    for text in _relative_paths(tree):
        if _exists(beside_entry / text) and not _exists(work_folder / text):
            return beside_entry
    return work_folder


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a text that cannot be a path: too long, or with a null character
        return False


def _relative_paths(tree: ast.AST) -> Iterator[str]:
    """Yield the texts of the script that may be relative paths."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            if 1 < len(text) < 255 and "\n" not in text and not text.startswith(("/", "~")) and text.strip(". /"):
                yield text
