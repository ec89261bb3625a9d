"""Decides how a run ended and writes ``result.json``."""

import sys
from typing import Dict, Optional

from pushtune_contract.exit_codes import ExitCode
from pushtune_contract.result import SECONDS_LIMIT, Notice, TrialResult, write_result
from pushtune_runtime.failures import describe, may_be_infeasible
from pushtune_runtime.script_runner import Outcome, TrainingStopped
from pushtune_runtime.session import Session

EXIT_CODES: Dict[str, ExitCode] = {
    "done": ExitCode.DONE,
    "infeasible": ExitCode.INFEASIBLE,
    "script_error": ExitCode.SCRIPT_ERROR,
    "interrupted": ExitCode.INTERRUPTED,
    "pruned": ExitCode.PRUNED,
}
REPORTED_LIBRARIES = ("tensorflow", "keras", "numpy", "sklearn", "pandas")


def report(session: Session, outcome: Outcome) -> ExitCode:
    """Write the result of the run and return the exit code that says the same."""
    error = session.infeasible
    if error is None and outcome.error is not None:
        error = describe(session, outcome.error)
    status = _status(session, outcome.error)
    if status in ("done", "pruned", "interrupted"):
        _warn_about_late_failure(session, outcome.error, error)
        error = None
    elif error is None or isinstance(outcome.error, TrainingStopped):
        error = Notice(message=_why_no_result(session), kind="NothingTrained")
    try:
        write_result(session.trial_folder, _result(session, status, error))
    except (TypeError, ValueError) as refused:  # a value that is no JSON: the status and the reason must arrive anyway
        reason = Notice(message=f"the result could not be written: {type(refused).__name__}: {refused}")
        bare = TrialResult(status, session.script_sha256, error=error, warnings=[reason], objective=session.objective)
        write_result(session.trial_folder, bare)
    session.phase = "end"
    session.report("end", message=error.message[:2000] if error else status)
    return EXIT_CODES[status]


def _status(session: Session, error: Optional[BaseException]) -> str:
    if session.stop_reason in ("interrupted", "pruned"):
        return session.stop_reason
    if session.stop_reason == "diverged" or session.infeasible is not None:
        return "infeasible"
    if session.trained and (error is None or session.objective is not None):
        return "done"
    if error is not None and session.request.overrides and may_be_infeasible(error):
        return "infeasible"
    return "script_error"


def _warn_about_late_failure(session: Session, error: Optional[BaseException], notice: Optional[Notice]) -> None:
    if notice is None or isinstance(error, (TrainingStopped, KeyboardInterrupt)):
        return
    message = f"the script failed after its model was trained: {notice.message}"
    session.warnings.append(Notice(message, notice.file, notice.line, notice.kind, notice.traceback))


def _why_no_result(session: Session) -> str:
    if session.stop_reason == "diverged":
        return "the loss became infinite or not a number: this configuration does not train"
    if session.stop_reason == "time_limit":
        return f"no epoch was completed within the limit of {session.request.time_limit_seconds:.0f} s"
    if session.undecidable:
        return session.undecidable
    if session.own_loop_steps:
        return (
            "the script trains with a loop of its own (GradientTape, train_on_batch or partial_fit), which shows no "
            "metric to tune by; let it ask a metric of Keras for its result() or an estimator for its score after each "
            "epoch, print a line such as 'val_accuracy: 0.87', or call fit"
        )
    return (
        "the script ended without training a model: neither fit of a Keras model nor fit of a scikit-learn "
        "estimator was called; is this the right entry script, and are its arguments complete?"
    )


def _result(session: Session, status: str, error: Optional[Notice]) -> TrialResult:
    wanted = session.request.overrides
    return TrialResult(
        status=status,
        script_sha256=session.script_sha256,
        objective=session.objective,
        objective_source=session.own_source,
        test_metrics=session.test_metrics,
        test_reads=session.test_reads,
        search_space=session.search_space,
        applied=[name for name in wanted if name in session.applied],
        unapplied=[name for name in wanted if name not in session.applied],
        warnings=session.warnings,
        error=error,
        seconds=round(min(session.seconds, SECONDS_LIMIT), 3),  # a clock that was set between two processes
        epochs_trained=session.epochs_trained,
        resumed_from_epochs=session.resumed_from_epochs,
        exactness=session.exactness,
        exactness_reason=session.exactness_reason,
        model_files=session.model_files,
        samples=session.samples,
        versions={**_versions(), **session.versions},
    )


def _versions() -> Dict[str, str]:
    versions = {"python": sys.version.split()[0]}
    for name in REPORTED_LIBRARIES:
        version = getattr(sys.modules.get(name), "__version__", None)
        if isinstance(version, str):
            versions[name] = version
    return versions
