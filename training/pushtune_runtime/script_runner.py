"""Runs the script as ``python script.py arguments`` would, with its own file name and line numbers."""

import ast
import linecache
import os
import sys
import types
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional

from pushtune_runtime.notebook_names import notebook_names
from pushtune_runtime.own_loops.loop_syntax import wrap_epoch_loops
from pushtune_runtime.path_bridges import make_output_folders
from pushtune_runtime.script_source import read_source
from pushtune_runtime.session import Session
from pushtune_runtime.value_overrides import LiteralOverrides
from pushtune_runtime.work_folder import starting_folder


class TrainingStopped(BaseException):
    """Ends a script whose training was asked to stop; not an ``Exception``, so that scripts do not catch it."""


@dataclass(frozen=True)
class Outcome:
    """How the script ended: ``error`` is what it raised; None where it ran to its end or left with exit code 0."""

    error: Optional[BaseException] = None


def run_script(session: Session, literals: LiteralOverrides) -> Outcome:
    """Run the entry script of the request in this process; whatever it raises is in the outcome.

    Changes the process: current folder, ``sys.argv``, ``sys.path`` and ``sys.modules["__main__"]`` are the script's.
    """
    path = session.work_folder / session.request.entry
    try:
        text = read_source(path)
        tree = ast.parse(text, filename=str(path))
        _remember_lines(path, text)
        folder = starting_folder(session.work_folder, session.request.entry, tree)
        tree = wrap_epoch_loops(literals.rewrite(tree, session.request.entry))
        code = compile(tree, str(path), "exec")
        make_output_folders(session, folder)
        _enter(folder, path, session)
        module = _main_module(path, session.work_folder, tree)
        exec(code, module.__dict__)  # noqa: S102  (to run the script is the purpose of this process)
    except SystemExit as leaving:
        return Outcome(None if leaving.code in (None, 0) else leaving)
    except BaseException as error:  # everything that the script may raise becomes its outcome
        return Outcome(error)
    finally:
        _flush()
    return Outcome()


def _remember_lines(path: Path, text: str) -> None:
    """Let tracebacks show the lines of a notebook's code instead of its JSON."""
    if path.suffix == ".ipynb":
        linecache.cache[str(path)] = (len(text), None, text.splitlines(keepends=True), str(path))


def _enter(folder: Path, path: Path, session: Session) -> None:
    os.chdir(folder)
    sys.argv = [str(path), *session.request.arguments]
    sys.path[0:0] = [str(path.parent)]
    if str(session.work_folder) not in sys.path:
        sys.path.append(str(session.work_folder))  # scripts that are started as ``python -m package.script``


def _main_module(path: Path, work_folder: Path, tree: ast.AST) -> types.ModuleType:
    module = types.ModuleType("__main__")
    module.__dict__.update({"__file__": str(path), "__builtins__": __builtins__, "__package__": None})
    if any(isinstance(node, ast.ImportFrom) and node.level > 0 for node in ast.walk(tree)):
        module.__dict__["__package__"] = ".".join(_package_of(path, work_folder))
    if any(isinstance(node, ast.Name) and node.id == "get_ipython" for node in ast.walk(tree)):
        module.__dict__.update(notebook_names())
    sys.modules["__main__"] = module
    return module


def _package_of(path: Path, work_folder: Path) -> List[str]:
    return list(path.parent.relative_to(work_folder).parts)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue  # the script closed it
