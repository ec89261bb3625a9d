"""How fast, and how far, the tuning stage improves a weak script: real trainings, without Airflow and Docker.

Each trial is a process ``python -m pushtune_runtime``, as it would run in its container; plans, stop rules and results
go through the same functions that the DAG calls. Example:

    PYTHONPATH=plugins:training python benchmarks/tuning_quality.py weak_fashion_mnist --python TRAINING_PYTHON \
        --datasets FOLDER --target 0.91 --rounds 3 --seeds 0 1 2 --out results.jsonl

``--python`` is a Python with the libraries of the training image. ``--datasets`` holds what Keras would download
(``datasets/fashion-mnist/*.gz``). One line of JSON per seed is appended to ``--out``.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pushtune.tuning.curves import read_curve
from pushtune.tuning.final_epochs import with_final_epochs
from pushtune.tuning.pruning import best_of, stop_rule
from pushtune.tuning.rounds import best_trial, collect_round, needs_round, plan_round
from pushtune_contract import layout
from pushtune_contract.request import TrialRequest, write_request
from pushtune_contract.result import TrialResult, read_result

PROJECT = Path(__file__).resolve().parents[1]
THRESHOLDS = (0.85, 0.88, 0.90, 0.91, 0.92)
LOOK_SECONDS = 1.0
TRIAL_LIMIT_SECONDS = 1800.0


@dataclass
class Bench:
    """One tuning of one script with one seed.

    Attributes:
        python: interpreter of the training processes. training: folder of ``pushtune_runtime``.
        datasets: what libraries would download.
        code: folder with the script. entry: its name. run: folder of this run.
        deadline_seconds: no trial is started later than this after the beginning; running ones are asked to stop.
        crossings: threshold -> seconds from the beginning of the tuning until a learning curve passed it.
    """

    python: str
    training: Path
    datasets: Path
    code: Path
    entry: str
    run: Path
    options: dict[str, Any]
    at_once: int
    threads: int
    seed: int
    deadline_seconds: float
    started: float = field(default_factory=time.monotonic)
    crossings: dict[float, float] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.started

    def train(self, name: str, request: TrialRequest, rule: dict[str, Any] | None = None) -> None:
        """Run one training process in ``run/name`` to its end, or until the stop rule ends it."""
        folder = self.run / name
        folder.mkdir(parents=True)
        spec = {"folder": str(folder), "stop_rule": rule}
        if rule and (self.seconds > self.deadline_seconds or stop_rule(spec)):
            (folder / layout.STOP_FILE).write_text("not needed any more")
            return
        write_request(folder, request)
        home = self.run / "homes" / name.replace("/", "_")
        home.mkdir(parents=True)
        with (folder / "output.log").open("wb") as log:
            process = subprocess.Popen(
                [self.python, "-m", "pushtune_runtime", str(folder), str(self.code), str(self.datasets)],
                env={**os.environ, "PYTHONPATH": str(self.training), "HOME": str(home)},
                stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
            )
            self._watch(process, folder, spec)
        shutil.rmtree(folder / layout.MODEL_FOLDER, ignore_errors=True)

    def _watch(self, process: "subprocess.Popen[bytes]", folder: Path, spec: dict[str, Any]) -> None:
        limit = time.monotonic() + TRIAL_LIMIT_SECONDS
        stop = folder / layout.STOP_FILE
        while process.poll() is None:
            time.sleep(LOOK_SECONDS)
            self._note_crossings(folder)
            reason = stop_rule(spec)
            if spec["stop_rule"] and self.seconds > self.deadline_seconds:
                reason = "the time is up"
            if reason and not stop.exists():
                stop.write_text(reason)
            if time.monotonic() > limit:
                process.kill()
        self._note_crossings(folder)

    def _note_crossings(self, folder: Path) -> None:
        curve = read_curve(folder)
        for threshold in THRESHOLDS:
            if len(curve) and threshold not in self.crossings and best_of(curve.objectives, "maximize") >= threshold:
                self.crossings[threshold] = round(self.seconds, 1)

    def request(self, mode: str, **more: Any) -> TrialRequest:
        """Return a request for the script."""
        return TrialRequest(mode, self.entry, seed=self.seed, threads=self.threads, **more)

    def tune(self, rounds: int) -> dict[str, Any]:
        """Run the baseline and up to ``rounds`` rounds; return what came out."""
        self.train("baseline", self.request("baseline"))
        baseline = read_result(self.run / "baseline")
        assert baseline.objective is not None, baseline.error
        document: dict[str, Any] = {
            "baseline": baseline.objective.value, "baseline_seconds": round(self.seconds, 1), "rounds": [],
        }
        for number in range(1, rounds + 1):
            needed, reason = needs_round(self.run, number, baseline, self.options)
            if not needed or self.seconds > self.deadline_seconds:
                document["ended"] = reason
                break
            document["rounds"].append(self._round(number, baseline))
        document.update(best=best_trial(self.run), seconds=round(self.seconds, 1), crossings=self.crossings)
        document["epochs"] = sum(len(read_curve(folder)) for folder in (self.run / "trials").glob("*"))
        return document

    def _round(self, number: int, baseline: TrialResult) -> dict[str, Any]:
        planned = plan_round(self.run, number, baseline, self.options)
        with ThreadPoolExecutor(self.at_once) as pool:
            list(pool.map(lambda trial: self._trial(trial, baseline), planned))
        collected = collect_round(self.run, number)
        best = collected["best"]
        print(f"  round {number}: {self.seconds:.0f} s, best {best['objective']:.4f} ({best['label']})", flush=True)
        for trial in collected["trials"]:
            self._show(trial)
        return collected

    def _trial(self, trial: dict[str, Any], baseline: TrialResult) -> None:
        request = replace(
            self.request("trial"), trial_number=trial["number"], overrides=trial["overrides"],
            epoch_budget=trial["epoch_budget"], script_sha256=baseline.script_sha256,
        )
        self.train(f"trials/{trial['number']:03d}", request, trial["stop_rule"])

    def _show(self, trial: dict[str, Any]) -> None:
        folder = self.run / "trials" / f"{trial['number']:03d}"
        curve = read_curve(folder)
        stop = folder / layout.STOP_FILE
        reason = stop.read_text() if stop.exists() else trial["reason"]
        values = " ".join(f"{value:.3f}" for value in curve.objectives[:15])
        print(f"    {trial['label']} | {trial['status']} {trial['seconds']:.0f} s | {values} | {reason}", flush=True)

    def retrain(self, best: dict[str, Any]) -> dict[str, Any]:
        """Train the best configuration on all training data and read the test data, once."""
        baseline = read_result(self.run / "baseline")
        final = with_final_epochs(best, baseline.search_space)
        request = replace(
            self.request("retrain"), trial_number=final["number"], overrides=final["overrides"],
            epoch_budget=final["epochs"], script_sha256=baseline.script_sha256,
        )
        self.train("retrain", request)
        result = read_result(self.run / "retrain")
        return {"status": result.status, "test": result.test_metrics, "seconds": result.seconds}


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("script", help="name of a script in benchmarks/scripts, without .py")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--training", type=Path, default=PROJECT / "training")
    parser.add_argument("--datasets", type=Path, default=Path("/nonexistent"))
    parser.add_argument("--target", type=float)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--trials", type=int, default=6, help="trials per round")
    parser.add_argument("--epochs", type=int, help="the most epochs of one trial")
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1e9, help="time for baseline and rounds together")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--retrain", action="store_true")
    parser.add_argument("--keep", type=Path, help="folder that keeps the folders of the runs")
    parser.add_argument("--out", type=Path)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> None:
    """Tune the script once for each seed."""
    given = parse(arguments)
    options = {"target": given.target, "trials_per_round": given.trials, "epochs": given.epochs}
    for seed in given.seeds:
        run = Path(tempfile.mkdtemp(prefix=f"{given.script}_{seed}_", dir=given.keep))
        code = run / "checkout"
        code.mkdir()
        shutil.copy(PROJECT / "benchmarks" / "scripts" / f"{given.script}.py", code)
        bench = Bench(
            given.python, given.training, given.datasets, code, f"{given.script}.py", run, {**options, "seed": seed},
            given.at_once, given.threads, seed, given.seconds,
        )
        print(f"{given.script}, seed {seed}", flush=True)
        document = {"script": given.script, "seed": seed, **options, **bench.tune(given.rounds)}
        if given.retrain:
            document["retrain"] = bench.retrain(document["best"])
        print(f"  {document['seconds']} s, {document['best']['objective']:.4f}, {document['crossings']}, "
              f"{document.get('retrain')}", flush=True)
        if given.out:
            with given.out.open("a") as stream:
                stream.write(json.dumps(document) + "\n")
        if not given.keep:
            shutil.rmtree(run)


if __name__ == "__main__":
    main(sys.argv[1:])
