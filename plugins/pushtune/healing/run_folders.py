"""The folders of runs on disk: what is known about each, and the removal of a part or of all of it.

Scripts write into the folders of their trainings, so whatever lies there is only counted and removed, never followed.
"""

import os
import secrets
import stat
import time
from collections.abc import Callable, Collection
from pathlib import Path

from pushtune.healing.retention import ABSENT, SETTLED_SECONDS, UNKNOWN, UNNAMED, RunFacts
from pushtune.records import RECORDS_FOLDER, read_record
from pushtune.running.workspace import DISCARDED_PREFIX, discard_folder, run_name
from pushtune.settings import Settings
from pushtune.training_folders import BASELINE, RETRAIN, TRIALS, is_folder, started_trials
from pushtune_contract import layout
from pushtune_contract.reading import PROGRESS_LIMIT_BYTES, UnsafeFile

CHECKOUT = "checkout"
# What the page of a run, its report and a later clear read; all else in the folder of a training is heavy.
KEPT_FILES = (
    layout.REQUEST_FILE, layout.PROGRESS_FILE, layout.HEARTBEAT_FILE, layout.RESULT_FILE, layout.STOP_FILE
)  # fmt: skip
BLOCK_BYTES = 512  # the unit of st_blocks

RunState = Callable[[str, str], str]


def run_folders(settings: Settings) -> list[Path]:
    """Return the folders of all runs, without those that are being removed."""
    found = settings.workspaces.glob("*/*")
    return sorted(path for path in found if is_folder(path) and not path.name.startswith(DISCARDED_PREFIX))


def leftovers(settings: Settings) -> list[Path]:
    """Return what a removal left behind that was interrupted some time ago; in folders of ours alone."""
    folders = [settings.workspaces / "*", settings.workspaces / "*" / "*", settings.workspaces / "*" / "*" / TRIALS]
    patterns = [folder.relative_to(settings.workspaces) / f"{DISCARDED_PREFIX}*" for folder in folders]
    found = [path for pattern in patterns for path in settings.workspaces.glob(str(pattern))]
    return [path for path in found if time.time() - path.lstat().st_ctime > SETTLED_SECONDS]


def facts_of(folder: Path, ask: RunState, busy: Collection[Path], awaited: Collection[Path] = ()) -> RunFacts:
    """Return what is known about a run's folder.

    Args:
        ask: DAG id and run id to the run's state, ``absent`` where there is no such run; it may raise.
        busy: folders of the trainings that have a container.
        awaited: folders of the runs that healing will clear.
    """
    name = run_name(folder)
    heavy_bytes = sum(tree_bytes(part) for part in heavy_parts(folder))
    return RunFacts(
        folder=str(folder),
        repository=folder.parent.name,
        state=_state(name, ask),
        idle_seconds=time.time() - _touched_unix_time(folder),
        has_model=_has_model(folder),
        has_containers=any(training.is_relative_to(folder) for training in busy),
        heavy_bytes=heavy_bytes,
        light_bytes=max(0, tree_bytes(folder) - heavy_bytes),
        awaits_clear=folder in awaited,
    )


def _state(name: tuple[str, str], ask: RunState) -> str:
    if not name[0]:
        return UNNAMED
    try:
        return ask(*name)
    except Exception:  # whatever goes wrong in asking: nothing is removed on a guess
        return UNKNOWN


def state_of_run(count: Callable[..., int], state: Callable[..., str]) -> RunState:
    """Return how a run's state is asked for by ``get_dr_count`` and ``get_dagrun_state`` of Airflow's task SDK."""
    return lambda dag_id, run_id: str(state(dag_id, run_id)) if count(dag_id=dag_id, run_ids=[run_id]) else ABSENT


def _touched_unix_time(folder: Path) -> float:
    """Return when a stage of the run wrote last: folders of ours alone, which no script can touch."""
    places = (folder, folder / RECORDS_FOLDER, folder / ".attempts", folder / TRIALS / ".attempts")
    return max(place.lstat().st_mtime for place in places if os.path.lexists(place))


def _has_model(folder: Path) -> bool:
    try:
        record = read_record(folder, "promote")
    except UnsafeFile:
        return False
    return record is not None and "version" in record["document"]


def training_folders(folder: Path) -> list[Path]:
    """Return the folders of a run that a container could write to."""
    others = [path for path in (folder / BASELINE, folder / RETRAIN) if is_folder(path)]
    return others + list(started_trials(folder).values())


def heavy_parts(folder: Path) -> list[Path]:
    """Return what a run that is over gives up first."""
    parts = [folder / CHECKOUT] if is_folder(folder / CHECKOUT) else []
    for training in training_folders(folder):
        if not os.access(training, os.R_OK | os.W_OK | os.X_OK):  # its script has closed it, also to us
            training.chmod(stat.S_IRWXU)
        parts += [path for path in sorted(training.iterdir()) if not _is_kept(path)]
    return parts


def _is_kept(path: Path) -> bool:
    facts = path.lstat()
    return path.name in KEPT_FILES and stat.S_ISREG(facts.st_mode) and facts.st_size <= PROGRESS_LIMIT_BYTES


def tree_bytes(path: Path) -> int:
    """Return the bytes that ``path`` takes on disk; links are not followed, what cannot be read counts as nothing."""
    waiting, total_bytes = [str(path)], 0
    while waiting:
        place = waiting.pop()
        try:
            facts = os.lstat(place)
            total_bytes += facts.st_blocks * BLOCK_BYTES
            if stat.S_ISDIR(facts.st_mode):
                waiting += [f"{place}/{entry.name}" for entry in os.scandir(place)]
        except OSError:  # removed meanwhile, too deep, or not readable
            continue
    return total_bytes


def lighten(folder: Path) -> None:
    """Remove the heavy parts of a run. Raises CalledProcessError where something stays."""
    aside = folder / f"{DISCARDED_PREFIX}{secrets.token_hex(8)}"
    aside.mkdir()
    for number, part in enumerate(heavy_parts(folder)):
        try:
            part.rename(aside / str(number))
        except OSError:  # a folder without the right to write it can only be removed where it is
            discard_folder(part)
    discard_folder(aside)
