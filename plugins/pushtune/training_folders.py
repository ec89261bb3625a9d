"""Where the trainings of a run lie in its folder: ``baseline``, ``trials/001`` and those after it, ``retrain``."""

import re
from pathlib import Path

BASELINE = "baseline"
TRIALS = "trials"
RETRAIN = "retrain"
NUMBER = re.compile(r"\d{1,6}")


def trial_name(number: int) -> str:
    """Return where trial ``number`` lies below its run's folder; the baseline is trial 0 of its study."""
    return f"{TRIALS}/{number:03d}" if number else BASELINE


def trial_folder(run_folder: Path, number: int) -> Path:
    """Return the folder of trial ``number`` (0: the baseline), whether it was started or not."""
    return run_folder / trial_name(number)


def started_trials(run_folder: Path) -> dict[int, Path]:
    """Return the folders of the trials that were started, by number, in order; without the baseline."""
    found = (path for path in (run_folder / TRIALS).glob("*") if NUMBER.fullmatch(path.name) and is_folder(path))
    return dict(sorted((int(path.name), path) for path in found))


def is_folder(path: Path) -> bool:
    """Return whether a folder itself is there, not a link to one."""
    return path.is_dir() and not path.is_symlink()
