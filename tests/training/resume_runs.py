"""Runs the scripts of ``resume_scripts`` with and without kills and compares how they end."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pushtune_contract.exit_codes import ExitCode
from pushtune_contract.progress import read_progress
from pushtune_contract.request import TrialRequest, write_request
from pushtune_contract.result import TrialResult, read_result

FOLDER = Path(__file__).parent
SCRIPTS = FOLDER / "resume_scripts"
TRAINING = FOLDER.parents[1] / "training"
TIMEOUT_SECONDS = 240


@dataclass(frozen=True)
class Ending:
    """What a run leaves: equal endings mean that it made no difference how often the run was killed."""

    stdout: str
    objective: Any
    test_metrics: Any
    epochs: list[Any]
    result: TrialResult


def environment() -> dict[str, str]:
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    return {**os.environ, **threads, "PYTHONPATH": str(TRAINING), "PYTHONHASHSEED": "0", "TF_CPP_MIN_LOG_LEVEL": "3"}


def ask(folder: Path, script: str, **request: Any) -> None:
    """Write the request to run ``script``."""
    folder.mkdir(parents=True, exist_ok=True)
    defaults: dict[str, Any] = {"mode": "retrain", "seed": 3, "checkpoint_interval_seconds": 3600.0}
    write_request(folder, TrialRequest(entry=script, **{**defaults, **request}))


def run(folder: Path, moment: str = "never") -> "subprocess.CompletedProcess[str]":
    """Run the request in ``folder`` until it ends or kills itself at ``moment``."""
    command = [sys.executable, str(FOLDER / "resume_driver.py"), str(folder), str(SCRIPTS), moment]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    expected = {"never": ExitCode.DONE, "sigterm": ExitCode.INTERRUPTED}.get(moment.split(":")[0], -signal.SIGKILL)
    assert done.returncode == expected, f"{moment}: exit code {done.returncode}\n{done.stderr[-3000:]}"
    return done


def ending(folder: Path, stdout: str) -> Ending:
    result = read_result(folder)
    lines = [line for line in read_progress(folder) if line.kind == "epoch"]
    return Ending(
        stdout=stdout,
        objective=result.objective,
        test_metrics=result.test_metrics,
        epochs=[(line.fit, line.epoch, json.dumps(line.metrics, sort_keys=True), line.objective) for line in lines],
        result=result,
    )


def run_through(folder: Path, script: str, moments: tuple[str, ...] = (), **request: Any) -> Ending:
    """Run ``script``, killed at each of ``moments`` and started again, to its end."""
    ask(folder, script, **request)
    for moment in moments:
        run(folder, moment)
    return ending(folder, run(folder).stdout)


def assert_same(killed: Ending, whole: Ending) -> None:
    """Assert that both runs ended the same, bit for bit, and reported each epoch once."""
    assert killed.stdout == whole.stdout
    assert killed.objective == whole.objective
    assert killed.test_metrics == whole.test_metrics
    assert killed.epochs == whole.epochs
    assert killed.result.epochs_trained == whole.result.epochs_trained
