"""The scripts of ``corpus`` through the runtime: as they are, with one value changed, killed and started again."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pushtune_contract.parameters import Parameter
from pushtune_contract.progress import read_progress
from pushtune_contract.request import TrialRequest, write_request
from pushtune_contract.result import TrialResult, read_result

FOLDER = Path(__file__).parent
CORPUS = FOLDER / "corpus"
EXPECTED = FOLDER / "corpus_expected.json"
TRAINING = FOLDER.parents[1] / "training"
ADDED = ("extra_layers", "added_dropout", "learning_rate_decay")  # offered by the runtime, written nowhere in a script
KILLED = -9


@dataclass(frozen=True)
class Expected:
    """What is known about one script, see ``corpus_expected.json``.

    Attributes:
        family: as the inspection names it. style: how the script is written, for people.
        parameters: all values that pass into the library, as ``parameter_text`` writes them.
        objective: ``metric guard``; None where the script shows none.
        exactness: rating of a resumed run. status: how the baseline ends.
        change: beginning of a parameter's text -> new value; the one override of the trial.
        answer: what becomes of the trial: ``applied``, ``unapplied`` or ``infeasible``.
        warnings: texts that the warnings (or the error) contain, in any order. needs: libraries beyond the usual ones.
    """

    family: str
    style: str
    parameters: list[str]
    objective: str | None
    exactness: str
    change: dict[str, Any]
    answer: str = "applied"
    status: str = "done"
    warnings: list[str] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)

    @property
    def missing(self) -> list[str]:
        """Return the needed libraries that this environment lacks."""
        return [name for name in self.needs if importlib.util.find_spec(name) is None]


def read_expected() -> dict[str, Expected]:
    """Return file name of a script -> what is expected of it."""
    return {name: Expected(**entry) for name, entry in json.loads(EXPECTED.read_text()).items()}


@dataclass(frozen=True)
class Ending:
    """What one run left behind; ``steps`` are the metrics of each epoch of each fit."""

    exit_code: int
    cpu_seconds: float
    result: TrialResult
    steps: list[Any]
    stdout: str


class Worker:
    """One process that runs scripts in forked children, one after the other."""

    def __init__(self, library: str) -> None:
        """``library`` is imported beforehand: ``tensorflow``, or empty for none."""
        threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        paths = [str(TRAINING), str(FOLDER), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        environment = {**os.environ, **threads, "PYTHONPATH": os.pathsep.join(paths), "PYTHONHASHSEED": "0"}
        command = [sys.executable, str(FOLDER / "corpus_worker.py"), *([library] if library else [])]
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(
        self, folder: Path, script: str, moment: str = "never", code: Path = CORPUS, **request: Any
    ) -> Ending:
        """Run ``script`` of ``code`` in ``folder``, or go on with it; killed at ``moment``."""
        folder.mkdir(parents=True, exist_ok=True)
        write_request(folder, TrialRequest(entry=script, **{"mode": "baseline", "seed": 5, **request}))
        job = {"folder": str(folder), "code": str(code), "moment": moment}
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        stdout, stderr = (Path(f"{folder}{ending}").read_text(errors="replace") for ending in (".stdout", ".stderr"))
        if answer["exit_code"] == KILLED and moment != "never":
            return Ending(KILLED, answer["cpu_seconds"], TrialResult("interrupted", ""), [], stdout)
        assert (folder / "result.json").exists(), f"{script}: {answer}\n{stderr[-3000:]}"
        epochs = [line for line in read_progress(folder) if line.kind == "epoch"]
        steps = [[line.fit, line.epoch, json.dumps(line.metrics, sort_keys=True), line.objective] for line in epochs]
        return Ending(answer["exit_code"], answer["cpu_seconds"], read_result(folder), steps, stdout)

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=150)


class Workers:
    """The processes for scripts with and without TensorFlow, started when first needed."""

    def __init__(self) -> None:
        self._running: dict[str, Worker] = {}

    def of(self, family: str) -> Worker:
        """Return the worker for scripts of ``family``."""
        library = "" if family == "classical" else "tensorflow"
        if library not in self._running:
            self._running[library] = Worker(library)
        return self._running[library]

    def close(self) -> None:
        """End all processes."""
        for worker in self._running.values():
            worker.close()


def parameter_text(parameter: Parameter, script: str) -> str:
    """Return ``[file:]line owner.argument value [default] [fixed]``; the file only where it is not the script."""
    place = f"{parameter.line}" if parameter.file == script else f"{parameter.file}:{parameter.line}"
    marks = ("" if parameter.explicit else " default") + ("" if parameter.tunable else " fixed")
    return f"{place} {parameter.owner}.{parameter.argument} {parameter.value}{marks}"


def parameters_of(result: TrialResult, script: str) -> list[str]:
    """Return the texts of all values that are written in the script or are defaults of the library."""
    return [parameter_text(item, script) for item in result.search_space if item.argument not in ADDED]


def overrides_of(result: TrialResult, script: str, change: dict[str, Any]) -> dict[str, Any]:
    """Return parameter id -> value for the parameters whose texts begin with the keys of ``change``."""
    return {
        item.id: value
        for start, value in change.items()
        for item in result.search_space
        if (parameter_text(item, script) + " ").startswith(start + " ") and item.argument not in ADDED
    }


def objective_text(result: TrialResult) -> str | None:
    """Return ``metric guard``; None without an objective."""
    return f"{result.objective.metric} {result.objective.guard}" if result.objective else None


class Checks:
    """Compares runs of the corpus with what is expected; each script is run as it is only once."""

    def __init__(self, folder: Path) -> None:
        """``folder`` takes what the runs leave."""
        self._folder = folder
        self._baselines: dict[str, Ending] = {}
        self.workers = Workers()
        self.expected = read_expected()

    def baseline(self, script: str) -> Ending:
        """Return the run of ``script`` as it is."""
        if script not in self._baselines:
            worker = self.workers.of(self.expected[script].family)
            self._baselines[script] = worker.run(self._folder / script / "baseline", script)
        return self._baselines[script]

    def check_baseline(self, script: str) -> None:
        """Assert that the unmodified script works and reports what it should."""
        expected, result = self.expected[script], self.baseline(script).result
        assert (result.status, objective_text(result)) == (expected.status, expected.objective), result.error
        assert parameters_of(result, script) == expected.parameters
        assert result.exactness == expected.exactness, result.exactness_reason
        notices = [*result.warnings, *([result.error] if result.error else [])]
        said = "\n".join(f"{item.file}:{item.line}: {item.message}" for item in notices)
        assert [text for text in expected.warnings if text not in said] == [], said

    def check_trial(self, script: str) -> None:
        """Assert that one changed value arrives and changes what is computed, or that the result says otherwise."""
        expected, baseline = self.expected[script], self.baseline(script)
        overrides = overrides_of(baseline.result, script, expected.change)
        assert overrides, "the change names no parameter"
        trial = self.workers.of(expected.family).run(
            self._folder / script / "trial", script, mode="trial", trial_number=1, overrides=overrides,
            script_sha256=baseline.result.script_sha256,
        )  # fmt: skip
        result = trial.result
        answer = "unapplied" if result.status == "done" and result.unapplied else result.status
        assert ("applied" if answer == "done" else answer) == expected.answer, result.error
        assert result.test_reads == 0
        if expected.answer == "applied":
            assert sorted(result.applied) == sorted(overrides)
            assert trial.steps != baseline.steps, "the override is said to be applied, but nothing has changed"

    def check_resume(self, script: str) -> None:
        """Assert that the run ends the same, bit for bit, when it is killed after its first checkpoint."""
        whole, folder = self.baseline(script), self._folder / script / "resumed"
        worker = self.workers.of(self.expected[script].family)
        assert worker.run(folder, script, "after_write:1").exit_code == KILLED
        resumed = worker.run(folder, script)
        assert len(resumed.result.resumed_from_epochs) == 1
        assert resumed.steps == whole.steps
        assert resumed.result.objective == whole.result.objective
        assert resumed.result.test_metrics == whole.result.test_metrics
        assert resumed.result.exactness == "exact", resumed.result.exactness_reason
        last = _lasting_lines(resumed.stdout)
        assert _lasting_lines(whole.stdout)[-len(last) :] == last


def _lasting_lines(stdout: str) -> list[str]:
    """Return the lines that hold no times; those of epochs before the kill are not printed a second time."""
    return [line for line in stdout.splitlines() if not re.search(r"^Epoch \d|step", line)]
