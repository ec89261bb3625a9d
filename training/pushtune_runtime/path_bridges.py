"""Lets a script find what it calls by a path of another machine: the text is replaced in memory, the file stays.

A path of the author's own machine, of Colab or of Kaggle becomes the place of the file that is meant, below the folder
that the script runs in. Airflow's side has decided which (``path_bridges`` of the request).
"""

import ast
import os
from pathlib import Path
from typing import Any, Dict, Set

from pushtune_runtime.session import Session


class PathBridges:
    """The texts that are replaced in this run; a path that exists as it is written is left alone."""

    def __init__(self, session: Session) -> None:
        self._texts: Dict[str, str] = {
            literal: _target(session.work_folder, literal, path)
            for literal, path in session.request.path_bridges.items()
            if not _exists(literal)
        }

    def __bool__(self) -> bool:
        return bool(self._texts)

    def rewrite(self, tree: ast.Module) -> ast.Module:
        """Return ``tree`` with the texts replaced; lines and columns stay as they are."""
        return _TextReplacer(self._texts).visit(tree) if self._texts else tree


class _TextReplacer(ast.NodeTransformer):
    def __init__(self, texts: Dict[str, str]) -> None:
        self._texts = texts

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:  # noqa: N802  (name given by ast)
        if not isinstance(node.value, str) or node.value not in self._texts:
            return node
        return ast.copy_location(ast.Constant(value=self._texts[node.value], kind=node.kind), node)


def _target(work_folder: Path, literal: str, path: str) -> str:
    """Return the text that takes the place of ``literal``, with a separator at its end only where that has one."""
    ending = "/" if literal.endswith(("/", "\\")) else ""
    return str(work_folder / path) + ending


def _exists(path: str) -> bool:
    try:
        return os.path.exists(path)
    except (OSError, ValueError):
        return False


def make_output_folders(session: Session, starting_folder: Path) -> None:
    """Create the folders that the script writes to; they are there on the machine of its author.

    A script that creates one of them itself, and does not expect it to be there, is not disturbed. Nor is it after a
    restart, when the folders of the process before are still there.
    """
    request = session.request
    folders = [starting_folder / name for name in request.output_folders]
    for path in request.path_bridges.values():
        target = session.work_folder / path
        folders.append(target if path.endswith("/") else target.parent)
    root = session.work_folder.resolve()
    for folder in folders:
        if folder.resolve() != root and root in folder.resolve().parents:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                session.warn(f"the output folder {session.relative_file(folder)} cannot be created: {error.strerror}")
    _expect_creation(_folders_beyond_repository(session))


def _folders_beyond_repository(session: Session) -> Set[str]:
    """Return the folders of the work folder that the repository does not have."""
    found = set()
    for parent, names, _ in os.walk(session.work_folder, followlinks=False):
        relative = Path(parent).relative_to(session.work_folder)
        found |= {os.path.join(parent, name) for name in names if not (session.code_folder / relative / name).is_dir()}
    return found


def _expect_creation(folders: Set[str]) -> None:
    """Let ``os.mkdir`` succeed once for each of ``folders``, as it would in an empty work folder."""
    original = os.mkdir

    def mkdir(path: Any, *arguments: Any, **options: Any) -> None:
        try:
            original(path, *arguments, **options)
        except FileExistsError:
            place = None if isinstance(path, int) else os.path.abspath(os.fsdecode(path))
            if place not in folders or not os.path.isdir(place):
                raise
            folders.discard(place)

    if folders:
        os.mkdir = mkdir
