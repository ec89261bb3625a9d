"""Runs sample scripts through ``python -m pushtune_runtime`` in a process of its own, as a container would."""

import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pushtune_contract.parameters import Parameter
from pushtune_contract.progress import ProgressLine, read_progress
from pushtune_contract.request import TrialRequest, write_request
from pushtune_contract.result import TrialResult, read_result

SCRIPTS = Path(__file__).parent / "scripts"
TRAINING = Path(__file__).parents[2] / "training"
TIMEOUT_SECONDS = 300

needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="runs in the environment of the training images"
)
needs_sklearn = pytest.mark.skipif(
    importlib.util.find_spec("sklearn") is None, reason="runs in the environment of the training images"
)


@dataclass(frozen=True)
class Run:
    """What one run left behind."""

    folder: Path
    exit_code: int
    stdout: str
    stderr: str
    result: TrialResult
    progress: list[ProgressLine]

    @property
    def output(self) -> Path:
        return self.folder / "output"

    def parameter(self, ending: str) -> Parameter:
        """Return the only parameter whose id ends with ``ending``."""
        found = [item for item in self.result.search_space if item.id.endswith(ending)]
        assert len(found) == 1, f"{ending}: {[item.id for item in self.result.search_space]}"
        return found[0]

    def messages(self, kind: str = "") -> str:
        """Return the texts of all warnings, of one kind if given."""
        return "\n".join(item.message for item in self.result.warnings if kind in ("", item.kind))


def run(
    folder: Path, code: Path | str, entry: str = "train.py", stop: bool = False, python: str = sys.executable,
    **request: Any,
) -> Run:
    """Run ``entry`` of the repository ``code`` (a folder, or the name of a sample) in the trial folder ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    request.setdefault("mode", "baseline")
    write_request(folder, TrialRequest(entry=entry, **request))
    if stop:
        (folder / "stop").touch()
    command = [python, "-m", "pushtune_runtime", str(folder), str(SCRIPTS / code), str(folder / "datasets")]
    environment = {**os.environ, "PYTHONPATH": str(TRAINING), "TF_CPP_MIN_LOG_LEVEL": "3", "HOME": str(folder)}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, stdin=subprocess.DEVNULL
    )
    assert (folder / "result.json").exists(), done.stderr[-3000:]
    return Run(folder, done.returncode, done.stdout, done.stderr, read_result(folder), read_progress(folder))


def run_text(folder: Path, text: str, entry: str = "train.py", **request: Any) -> Run:
    """Run a script that is given as text."""
    code = folder / "code"
    (code / entry).parent.mkdir(parents=True, exist_ok=True)
    (code / entry).write_text(text, encoding="utf-8")
    return run(folder / "trial", code, entry, **request)
