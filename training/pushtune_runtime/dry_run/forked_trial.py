"""A dry run before the trial: a forked process builds the model with the overrides, without data, in a second.

It happens right after Keras is imported, which scripts do before they read their data, and it happens in a process of
its own, so that the trial itself notices nothing: names, seeds and counters stay as they are.
"""

import ast
import contextlib
import json
import os
import select
import signal
import time
from dataclasses import asdict, replace
from typing import Any, Callable, Dict, Optional

from pushtune_contract.progress import read_progress
from pushtune_contract.reading import UnsafeFile, parse_json
from pushtune_contract.result import Notice
from pushtune_contract.validation import ContractViolation, build
from pushtune_runtime.dry_run.model_building import ModelBuilding, StatementFailed
from pushtune_runtime.failures import describe
from pushtune_runtime.script_source import read_source
from pushtune_runtime.session import Session
from pushtune_runtime.value_overrides import LiteralOverrides, parse_id

LONGEST_SECONDS = 3.0  # for each of two processes; most models are described in a tenth of it
ANSWER_LIMIT_BYTES = 64 * 1024
# Arguments that decide shapes: no other one can make a model impossible to build.
SHAPING = frozenset({"units", "filters", "kernel_size", "output_dim", "num_heads", "key_dim", "extra_layers"})
# What a shape that does not fit raises. Memory, files and the like depend on more than the configuration.
SURE_KINDS = frozenset({"ValueError", "TypeError", "IndexError", "ZeroDivisionError", "InvalidArgumentError"})
_BUILT: Dict[str, Any] = {"failed": None, "applied": []}


class FoundInfeasible(BaseException):
    """Ends a script whose model cannot be built; not an ``Exception``, so that scripts do not catch it."""


class DryRun:
    """The dry run of the trial of ``session``; ``literals`` are the overrides that are written into the script."""

    def __init__(self, session: Session, literals: LiteralOverrides) -> None:
        self._session = session
        self._literals = literals

    @property
    def is_wanted(self) -> bool:
        """Whether this is the first process of a trial whose overrides can make its model impossible to build."""
        request = self._session.request
        parts = [parse_id(text) for text in request.overrides]
        shaping = any(one is not None and one.argument in SHAPING for one in parts)
        if request.mode != "trial" or not shaping or not request.entry.endswith((".py", ".ipynb")):
            return False
        return sum(line.kind == "start" for line in read_progress(self._session.trial_folder)) < 2

    def run(self) -> None:
        """Raises FoundInfeasible where the model cannot be built with the overrides, and can be without."""
        if not self.is_wanted:
            return
        answer = _in_child(self._build)
        if answer is None or answer["failed"] is None or _in_child(self._build_unchanged) != _BUILT:
            return
        with contextlib.suppress(ContractViolation):
            self._session.infeasible = build(Notice, answer["failed"])
            self._session.applied = [name for name in self._session.request.overrides if name in answer["applied"]]
            raise FoundInfeasible

    def _build(self) -> Dict[str, Any]:
        """Return what building the model has led to."""
        path = self._session.work_folder / self._session.request.entry
        tree = self._literals.rewrite(ast.parse(read_source(path), filename=str(path)), self._session.request.entry)
        try:
            ModelBuilding(tree, path, self._session.work_folder).run()
        except StatementFailed as failed:
            error = failed.__cause__
            if error is None or type(error).__name__ not in SURE_KINDS:
                raise
            return {"failed": asdict(describe(self._session, error)), "applied": self._session.applied}
        return _BUILT

    def _build_unchanged(self) -> Dict[str, Any]:
        """The same with the script's own values: what fails then is not the fault of the overrides."""
        self._session.request = replace(self._session.request, overrides={})
        self._literals.planned.clear()
        self._literals.roles.clear()
        return self._build()


def _in_child(work: Callable[[], Dict[str, Any]]) -> Optional[Dict[str, Any]]:
    """Return what ``work`` returns in a forked process; None where that fails, or takes too long."""
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        _answer_and_leave(writer, work)
    os.close(writer)
    try:
        answer = parse_json(_read(reader), "answer")
    except (OSError, UnsafeFile, TimeoutError):
        return None
    finally:
        os.close(reader)
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
    known = isinstance(answer, dict) and set(answer) == set(_BUILT) and isinstance(answer["applied"], list)
    return answer if known else None


def _answer_and_leave(writer: int, work: Callable[[], Dict[str, Any]]) -> None:
    """Never returns: nothing of the trial's own process may run on in its copy."""
    try:
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        signal.setitimer(signal.ITIMER_REAL, 2 * LONGEST_SECONDS)  # ends it, should nobody be waiting any more
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # a device that is in use by two processes may have no memory left
        os.write(writer, json.dumps(work()).encode("utf-8"))
    except BaseException:
        os._exit(1)
    os._exit(0)


def _read(reader: int) -> bytes:
    content, deadline = b"", time.monotonic() + LONGEST_SECONDS
    while len(content) <= ANSWER_LIMIT_BYTES:
        ready, _, _ = select.select([reader], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        piece = os.read(reader, ANSWER_LIMIT_BYTES)
        if not piece:
            return content
        content += piece
    raise UnsafeFile("the answer is too long")
