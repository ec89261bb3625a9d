"""Files that an earlier process of the same run has written: out of sight at first, brought back where it left off.

A restarted script runs again from its first line. If it found there what its earlier process has left (``if
os.path.exists("model.h5"): load``), it could take another way than before. So the folder of the earlier process is set
aside at the start, and what it holds is brought back when the training goes on from a checkpoint. Files that the new
process has written by then are kept as they are.
"""

import os
import shutil
from pathlib import Path

from pushtune_contract.progress import read_progress
from pushtune_runtime.session import Session

ASIDE_FOLDER = "output.earlier"


def set_aside(session: Session) -> None:
    """Move the output of an earlier process away; call before the folder is filled from the repository."""
    aside = _aside(session)
    if sum(line.kind == "start" for line in read_progress(session.trial_folder)) < 2:
        return
    if aside.exists():
        # The process before this one never came to its training: what counts is what it had set aside itself.
        shutil.rmtree(session.work_folder, ignore_errors=True)
    elif session.work_folder.exists():
        os.rename(session.work_folder, aside)


def bring_back(session: Session) -> None:
    """Training goes on from a checkpoint: put back what is missing.

    Files get a second name instead of a new one, so that a kill in between loses none.
    """
    aside = _aside(session)
    for parent, folders, names in os.walk(aside):
        place = session.work_folder / Path(parent).relative_to(aside)
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        for name in folders:
            if name not in links:
                (place / name).mkdir(exist_ok=True)
        for name in names + links:
            if not os.path.lexists(place / name):
                os.link(Path(parent) / name, place / name, follow_symlinks=False)
    forget(session)


def forget(session: Session) -> None:
    """Training starts anew, or has taken over everything: remove what was set aside."""
    shutil.rmtree(_aside(session), ignore_errors=True)


def _aside(session: Session) -> Path:
    return session.trial_folder / ASIDE_FOLDER
