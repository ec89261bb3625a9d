"""How many threads the trials of a run use, and how many of them train at once: as the baseline has measured."""

from typing import Any

from pushtune.pipeline.environment import OWN_DOCKERFILE
from pushtune.pipeline.run import Document, Run
from pushtune.records import read_record
from pushtune.running.image_catalog import image_tag
from pushtune.tuning.threads import choose_threads, cores_together
from pushtune_contract.request import TrialRequest
from pushtune_contract.result import TrialResult


def chosen_threads(run: Run, baseline: TrialResult) -> Document:
    """Return the record of the choice: ``threads`` of a trial, trials ``at_once``, ``reason``, ``step_seconds``."""
    note = baseline.step_note or _reason_not_to_time(run)
    return choose_threads(baseline.step_seconds, note, at_once=_at_once(run), cores=_cores(run))


def thread_fields(run: Run, mode: str) -> dict[str, Any]:
    """Return what a request in ``mode`` says about threads.

    Trials and the final training, and so whatever resumes them, use the same number. The baseline trains with one
    thread, since only it can tell whether more are of use.
    """
    if mode == "baseline":
        cores = _cores(run)
        return {"timed_threads": cores} if cores > 1 and not _reason_not_to_time(run) else {}
    return {"threads": _choice(run).get("threads", 1)}


def trial_slots(run: Run) -> Document:
    """Return the part of a trial's document that bounds how many train at once; empty where Airflow's bound is right.

    A run asks for fewer, or the trials need all cores each.
    """
    at_once = 1 if _choice(run).get("threads", 1) > 1 else run.options.get("parallelism")
    return {"slots": {"folder": str(run.folder / "slots"), "count": at_once}} if at_once else {}


def cores_of_spec(run: Run, request: TrialRequest) -> Document:
    """Return the part of a training's document that gives it more cores than the settings do, where it needs them."""
    threads = max(request.threads, request.timed_threads)
    return {"cpus": max(float(threads), run.settings.trial_cpus)} if threads > 1 else {}


def _reason_not_to_time(run: Run) -> str:
    """Return why the baseline is not asked to time steps, which runs the beginning of its script twice more."""
    if run.repository.network:
        return "no steps were timed: with a network, what the script sends would be sent again"
    prepared = _document(run, "prepare_image")
    if prepared.get("accelerator"):
        return "no steps were timed: it trains on a GPU"
    chosen = _document(run, "inspect").get("chosen_image")
    todays = [image_tag(chosen["name"])] if chosen else []
    if prepared.get("built_from") not in (OWN_DOCKERFILE, *todays):
        return "no steps were timed: the image is that of an earlier release"  # its runtime refuses unknown fields
    return ""


def _document(run: Run, stage: str) -> Document:
    record = read_record(run.folder, stage)
    document: Document = record["document"] if record else {}
    return document


def _choice(run: Run) -> Document:
    choice: Document = _document(run, "judge_baseline").get("threads") or {}
    return choice


def _at_once(run: Run) -> int:
    return int(run.options.get("parallelism") or run.repository.parallelism or run.settings.trials_at_once)


def _cores(run: Run) -> int:
    return cores_together(_at_once(run), run.settings.trial_cpus)
