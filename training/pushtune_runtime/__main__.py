"""``python -m pushtune_runtime [TRIAL_FOLDER] [CODE_FOLDER] [DATASETS_FOLDER]``: runs one request.

The folders default to the mounts of the contract. The exit code is one of ``ExitCode``; ``result.json`` says the same
in detail and is always written, unless the process is killed.
"""

import hashlib
import os
import sys
from pathlib import Path
from typing import List

from pushtune_contract import layout
from pushtune_contract.exit_codes import ExitCode
from pushtune_contract.reading import remove_unfinished
from pushtune_contract.request import read_request
from pushtune_runtime import environment
from pushtune_runtime.earlier_files import set_aside
from pushtune_runtime.heartbeat import HeartbeatThread
from pushtune_runtime.interruption import Interruption
from pushtune_runtime.run_report import report
from pushtune_runtime.script_runner import Outcome, run_script
from pushtune_runtime.session import Session
from pushtune_runtime.step_timing import StepTiming
from pushtune_runtime.wiring import Wiring
from pushtune_runtime.work_folder import lay_out


def main(arguments: List[str]) -> int:
    """Run the request in the trial folder; return the exit code.

    Starts the process again where Python would hash texts differently each time: the order of sets of texts is part
    of what a script computes, and a resumed run has to compute the same.
    """
    if "PYTHONHASHSEED" not in os.environ:
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "pushtune_runtime", *arguments])  # noqa: S606  (no shell)
    defaults = [layout.TRIAL_MOUNT, layout.CODE_MOUNT, layout.DATASETS_MOUNT]
    trial_folder, code_folder, datasets_folder = (
        Path(text).resolve() for text in [*arguments, *defaults[len(arguments) :]]
    )
    session = Session(read_request(trial_folder), trial_folder, code_folder, datasets_folder)
    return int(run_request(session))


def run_request(session: Session) -> ExitCode:
    """Run the script of ``session`` and write its result."""
    request = session.request
    remove_unfinished(session.trial_folder)
    step_timing = StepTiming(session)
    if step_timing.has_cut_short():
        return ExitCode.DONE
    environment.prepare(request.threads, session.datasets_folder)
    session.report("start")
    interruption = Interruption(session, lambda: report(session, Outcome()))
    interruption.install()
    heartbeat = HeartbeatThread(session)
    heartbeat.start()
    try:
        session.script_sha256 = _script_hash(session)
        set_aside(session)
        lay_out(session.code_folder, session.work_folder)
    except (OSError, ScriptChanged) as error:
        return report(session, Outcome(error))
    wiring = Wiring(session, interruption)
    wiring.install()
    environment.seed_everything(request.seed)
    outcome = run_script(session, wiring.literals)
    outcome = wiring.finish(outcome)
    interruption.finish()
    exit_code = report(session, outcome)
    if exit_code is ExitCode.DONE:
        step_timing.run()
    heartbeat.stop()
    return exit_code


class ScriptChanged(RuntimeError):
    """The overrides of the request belong to another version of the script."""


def _script_hash(session: Session) -> str:
    content = (session.code_folder / session.request.entry).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    expected = session.request.script_sha256
    if expected is not None and expected != digest:
        raise ScriptChanged(
            f"the overrides belong to the script with SHA-256 {expected}, but {session.request.entry} has {digest}; "
            "run the baseline of this version first"
        )
    return digest


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
