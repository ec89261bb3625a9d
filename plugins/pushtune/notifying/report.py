"""The report of one run: one JSON document that the e-mail, the terminal and the run's page all show.

It is made from what the stages recorded and from the containers' own documents, never from logs, so the numbers
are those of ``result.json``. A run that ended early gives a shorter report, never none.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pushtune.notifying.bounded_report import bounded
from pushtune.notifying.run_facts import RunFacts, Training, describe_changes, read_run
from pushtune.notifying.trial_table import trial_rows
from pushtune.targets import meets
from pushtune_contract.result import Notice, Objective
from pushtune_contract.validation import as_document

OUTCOMES = ("target_met", "best_effort", "no_improvement", "failed", "skipped", "running")
WARNINGS_LIMIT = 50
NO_ERROR = ("done", "pruned", "interrupted")  # why something was interrupted is known to who did it, not to the script
TRIAL_TASK = ".trial"  # the rounds go on without a trial that failed
MODEL_FACTS = ("name", "path", "version", "champion", "reason", "serving")
AFTER_TRAINING = ("report", "notify")  # what goes wrong here does not change what came out of the run


def build_report(
    run_folder: Path,
    *,
    mail_to: Sequence[str] = (),
    run_page: str = "",
    failures: Sequence[Mapping[str, str]] = (),
    finished: bool = True,
) -> dict[str, Any]:
    """Return the report of the run in ``run_folder``.

    Args:
        mail_to: addresses that the outcome is sent to. run_page: address of the page that shows the run.
        failures: tasks that failed, as ``{"stage": ..., "message": ...}``, in order. They explain why there is no
            model; where there is one (a trial may fail, a task may be cleared) they do not matter.
        finished: False while the run goes on: without a registered model the outcome is then ``running``.
    """
    facts = read_run(run_folder)
    objective = _objective(facts)
    winner = _winner(facts)
    report = _origin(facts) | {
        "objective": _pick(as_document(objective), ("metric", "direction", "guard", "chance")) if objective else None,
        "target": facts.document("judge_baseline").get("target"),
        "threads": facts.document("judge_baseline").get("threads") or {},
        "baseline": _numbers(facts.baseline, facts.baseline, objective),
        "final": _numbers(winner, facts.retrain, objective) if facts.retrain is not None else {},
        "trials": trial_rows(facts),
        "winning_trial": winner.number if winner is not None else None,
        "winning_changes": _winning_changes(facts, winner),
        "model": _pick(facts.document("promote"), MODEL_FACTS),
        "mail": {"to": list(mail_to), "where": facts.document("notify").get("where")},
        "seconds_per_stage": _seconds(facts),
        "warnings": _warnings(facts),
        "test_reads": _test_reads(facts),
        "curves": {"baseline": _curve(facts.baseline), "winner": _curve(winner)},
        "run_page": run_page,
        "error": _error(facts),
    }
    if report["error"] is None and "version" not in report["model"]:
        report["error"] = _failed_task(failures)
    report["outcome"] = _outcome(facts, report, finished)
    if report["outcome"] == "failed" and report["error"] is None:
        report["error"] = _missing_model(report)
    return bounded(report)


def _origin(facts: RunFacts) -> dict[str, Any]:
    """Where the code came from, and what it was taken for."""
    pushed, inspected = facts.document("check_out"), facts.document("inspect")
    return {
        "repository": pushed.get("repository"),
        "branch": pushed.get("branch"),
        "commit": pushed.get("commit"),
        "author": pushed.get("author_name"),
        "subject": pushed.get("subject"),
        "entry": inspected.get("entry"),
        "framework": inspected.get("framework"),
        "family": inspected.get("family"),
        "image": inspected.get("image"),
        "evidence": inspected.get("evidence") or [],
        "skipped": next(filter(None, (document.get("skipped") for document in facts.documents.values())), None),
    }


def _objective(facts: RunFacts) -> Objective | None:
    result = facts.baseline.result if facts.baseline is not None else None
    return result.objective if result is not None else None


def _winner(facts: RunFacts) -> Training | None:
    """The trial that was chosen: as the stage ``best`` recorded it, else as the final training was asked."""
    number = facts.document("best").get("number")
    if not isinstance(number, int) and facts.retrain is not None and facts.retrain.request is not None:
        number = facts.retrain.request.trial_number
    return facts.training(number) if isinstance(number, int) else None


def _winning_changes(facts: RunFacts, winner: Training | None) -> list[str]:
    recorded = facts.document("best").get("changes")
    if isinstance(recorded, list):
        return [str(change) for change in recorded]
    source = facts.retrain if facts.retrain is not None else winner
    return describe_changes(source.request.overrides, facts.baseline) if source is not None and source.request else []


def _numbers(ranked: Training | None, tested: Training | None, objective: Objective | None) -> dict[str, Any]:
    """Objective of one training and test value of another (or the same); the metric's own test value comes first."""
    metrics = tested.result.test_metrics if tested is not None and tested.result is not None else {}
    return {
        "objective": ranked.objective if ranked is not None else None,
        "test": metrics.get(objective.metric) if objective is not None else None,
        "test_metrics": metrics,
    }


def _outcome(facts: RunFacts, report: dict[str, Any], finished: bool) -> str:
    if report["error"] is not None:
        return "failed"
    if report["skipped"]:
        return "skipped"
    final, baseline = report["final"].get("objective"), report["baseline"].get("objective")
    if final is None or facts.retrain is None or facts.retrain.status != "done":
        return "failed" if finished else "running"
    if "version" not in report["model"]:  # finished: somebody has marked a task as failed, and no task said anything
        return "failed" if finished else "running"
    direction = report["objective"]["direction"] if report["objective"] else "maximize"
    if meets(final, report["target"], direction):
        return "target_met"
    improved = baseline is None or (final > baseline if direction == "maximize" else final < baseline)
    return "best_effort" if improved else "no_improvement"


def _error(facts: RunFacts) -> dict[str, Any] | None:
    """What ended the run: the script's own error first, since it is the cause of all that follows."""
    for stage, training in (("baseline", facts.baseline), ("retrain", facts.retrain)):
        if training is not None and training.result is not None and training.status not in NO_ERROR:
            notice = training.result.error or Notice(f"The script ended with the status {training.status}.")
            return {"stage": stage} | _pick(as_document(notice), ("message", "file", "line", "kind", "traceback"))
    for stage, document in facts.documents.items():
        if document.get("error") and stage not in AFTER_TRAINING:
            return {"stage": stage, "message": str(document["error"]), "file": "", "line": 0}
    return None


def _failed_task(failures: Sequence[Mapping[str, str]]) -> dict[str, Any] | None:
    """The first task that failed and that the run could not do without."""
    for failure in failures:
        stage = failure.get("stage", "")
        if stage not in AFTER_TRAINING and not stage.endswith(TRIAL_TASK):
            return {"stage": stage, "message": failure.get("message", ""), "file": "", "line": 0}
    return None


def _missing_model(report: dict[str, Any]) -> dict[str, Any]:
    """Why a run without a recorded error has no model: the first thing that is missing."""
    steps = (
        ("check_out", report["commit"], "The commit was not checked out."),
        ("inspect", report["entry"], "No training script was found."),
        ("baseline", report["baseline"]["objective"], "The script reported no metric that could be improved."),
    )
    for stage, value, message in steps:
        if value is None:
            return {"stage": stage, "message": message, "file": "", "line": 0}
    retrained = report["final"].get("objective") is not None
    stage, step = ("promote", "its model was registered") if retrained else ("retrain", "a final model was trained")
    message = f"The run ended before {step}. Its graph shows the task: clear it, or push again."
    return {"stage": stage, "message": message, "file": "", "line": 0}


def _curve(training: Training | None) -> list[list[float]]:
    return training.curve if training is not None else []


def _seconds(facts: RunFacts) -> dict[str, float]:
    seconds = dict(facts.seconds)
    trainings: dict[str, list[Training | None]] = {
        "baseline": [facts.baseline],
        "trials": list(facts.trials.values()),
        "retrain": [facts.retrain],
    }
    for stage, members in trainings.items():
        known = [member.result.seconds for member in members if member is not None and member.result is not None]
        if known:
            seconds[stage] = math.fsum(known)
    return {stage: round(value, 3) for stage, value in seconds.items()}


def _warnings(facts: RunFacts) -> list[dict[str, Any]]:
    """Warnings of inspection, image, wishes of the author, baseline and final training, each once."""
    found: dict[tuple[str, str, int], dict[str, Any]] = {}
    for stage in ("inspect", "prepare_image", "judge_baseline"):
        for warning in facts.document(stage).get("warnings") or []:
            text = warning if isinstance(warning, str) else str(warning.get("message", ""))
            found.setdefault((text, "", 0), {"message": text, "file": "", "line": 0, "kind": stage})
    for training in (facts.baseline, facts.retrain):
        for notice in training.result.warnings if training is not None and training.result is not None else []:
            key = (notice.message, notice.file, notice.line)
            found.setdefault(key, _pick(as_document(notice), ("message", "file", "line", "kind")))
    return list(found.values())[:WARNINGS_LIMIT]


def _test_reads(facts: RunFacts) -> dict[str, int]:
    def reads(trainings: Sequence[Training | None]) -> int:
        return sum(member.result.test_reads for member in trainings if member is not None and member.result is not None)

    return {
        "baseline": reads([facts.baseline]),
        "trials": reads(list(facts.trials.values())),
        "final": reads([facts.retrain]),
    }


def _pick(document: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: document[name] for name in names if name in document}
