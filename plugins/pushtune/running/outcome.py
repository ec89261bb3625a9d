"""What the end of a container means: a decision over its exit code, the reason of a kill, and its result."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from pushtune.errors import (
    ImageBroken,
    PushtuneError,
    ResultUnusable,
    ScriptFailed,
    TrialInfeasible,
    TrialInterrupted,
    TrialKilled,
    TrialOutOfMemory,
    TrialStalled,
)
from pushtune.running.container_engine import ContainerState
from pushtune.running.container_log import clean_line
from pushtune_contract.exit_codes import ExitCode
from pushtune_contract.reading import UnsafeFile
from pushtune_contract.result import Notice, TrialResult, read_result
from pushtune_contract.validation import ContractViolation

STATUS_OF_CODE = {
    ExitCode.DONE: "done",
    ExitCode.PRUNED: "pruned",
    ExitCode.INFEASIBLE: "infeasible",
    ExitCode.SCRIPT_ERROR: "script_error",
    ExitCode.INTERRUPTED: "interrupted",
}
FINAL_CODES = (ExitCode.DONE, ExitCode.PRUNED, ExitCode.INFEASIBLE, ExitCode.SCRIPT_ERROR)
COMMAND_CODES = (125, 126, 127)  # of Docker and the shell: the command could not be started
KILLED_CODES = (130, 137, 143, 255)  # SIGINT, SIGKILL, SIGTERM, and the engine's own end
STALLED_LIMIT = 3
# What Python, NumPy and TensorFlow raise where memory is refused instead of taken away.
MEMORY_ERRORS = ("MemoryError", "_ArrayMemoryError", "ResourceExhaustedError")


def judge(state: ContainerState, trial_folder: Path, unmoved: int) -> TrialResult:
    """Return the result of a container that has ended well (done or pruned).

    Args:
        state: the container, exited.
        trial_folder: where its result is.
        unmoved: how many containers in a row ended without getting further, this one included.

    Raises:
        TrialInfeasible: skip. ScriptFailed, ResultUnusable, TrialOutOfMemory, ImageBroken, TrialStalled: do not retry.
        TrialInterrupted: retry.
    """
    if state.exit_code in FINAL_CODES:
        return _believable_result(ExitCode(state.exit_code), trial_folder)
    raise _unfinished(state, unmoved)


def _believable_result(code: ExitCode, trial_folder: Path) -> TrialResult:
    remedy = "Look at the container's output above; if the script writes into Pushtune's own files, it must not."
    try:
        result = read_result(trial_folder)
    except FileNotFoundError as error:
        raise ResultUnusable(
            f"A container that ends with code {int(code)} ({code.name}) must leave result.json.", "no such file", remedy
        ) from error
    except (UnsafeFile, ContractViolation) as error:
        raise ResultUnusable("result.json must follow the contract.", clean_line(str(error)), remedy) from error
    if result.status != STATUS_OF_CODE[code]:
        raise ResultUnusable(
            f"result.json must say the same as exit code {int(code)} ({STATUS_OF_CODE[code]}).", result.status, remedy
        )
    if code is ExitCode.INFEASIBLE:
        raise TrialInfeasible(
            "A configuration must be possible with this script.", _told(result.error), "The trial is skipped."
        )
    if code is ExitCode.SCRIPT_ERROR and result.error is not None and result.error.kind in MEMORY_ERRORS:
        raise _out_of_memory(_told(result.error))
    if code is ExitCode.SCRIPT_ERROR:
        raise ScriptFailed(
            "The training script must run to its end.", _told(result.error), "Correct the script and push again."
        )
    return result


def _told(notice: Notice | None) -> str:
    """Return ``file:line: kind: message`` as far as it is known."""
    if notice is None:
        return "no reason was given"
    where = f"{notice.file}:{notice.line}: " if notice.file else ""
    kind = f"{notice.kind}: " if notice.kind else ""
    return clean_line(f"{where}{kind}{notice.message}".replace("\n", " "))


def _unfinished(state: ContainerState, unmoved: int) -> PushtuneError:
    what = f"exit code {state.exit_code}" + (f", {clean_line(state.error)}" if state.error else "")
    if state.oom_killed:
        return _out_of_memory(f"killed for its memory ({what})")
    if state.exit_code in COMMAND_CODES:
        return ImageBroken(
            "The image must be able to start the runtime.", what, "Build the images again with `make images`."
        )
    if unmoved >= STALLED_LIMIT and is_crash(state):
        return TrialStalled(
            f"A container that crashes must get further than the last one; {STALLED_LIMIT} in a row did not.", what,
            "Look at the container's output above: the interpreter or a library crashes at the same place each time.",
        )
    kind = TrialInterrupted if state.error or is_crash(state) else TrialKilled
    return kind(
        "A container must run until the runtime ends it.", what,
        "The next container resumes from the newest checkpoint.",
    )


def _out_of_memory(received: str) -> TrialOutOfMemory:
    return TrialOutOfMemory(
        "Training must fit into the memory of its container.", received,
        "Use a smaller batch size or model, or raise PUSHTUNE_TRIAL_MEMORY_BYTES.",
    )


def is_crash(state: ContainerState) -> bool:
    """Whether the container ended on its own and without an answer, as a crash of the interpreter does."""
    return state.exit_code not in (*FINAL_CODES, ExitCode.INTERRUPTED, *KILLED_CODES)


def outcome_document(
    spec: dict[str, Any], state: ContainerState, result: TrialResult | None, restarts: int
) -> dict[str, Any]:
    """Return what the operator returns: small, since it travels between tasks.

    Keys: ``name``, ``folder``, ``status`` (``done`` or ``pruned``), ``objective`` (a document, or None), ``seconds``
    (of all containers), ``container_id``, ``image_digest``, ``restarts``. Without a ``result`` the trial was stopped
    from our side because it did not end when it was asked to.
    """
    objective = None if result is None or result.objective is None else asdict(result.objective)
    return {
        "name": spec["name"],
        "folder": spec["folder"],
        "status": "pruned" if result is None else result.status,
        "objective": objective,
        "seconds": round(state.seconds if result is None else result.seconds, 3),
        "container_id": state.id,
        "image_digest": state.image_id,
        "restarts": restarts,
    }
