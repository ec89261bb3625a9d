"""What we remember about the containers of one trial, in a file that the trial itself cannot reach.

It stands beside the folder of the trial, in ``.attempts/`` of the folder above: never mounted into a container.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pushtune.moments import NEVER, Moment
from pushtune_contract.reading import UnsafeFile, read_json, write_json
from pushtune_contract.validation import ContractViolation, as_document, build

ATTEMPTS_FOLDER = ".attempts"


@dataclass
class Attempts:
    """The history of one trial.

    Attributes:
        request_sha256: digest of the request that all of this belongs to.
        containers: how many containers were created.
        used_seconds: running time of the containers that have ended.
        running: id of the container that was started last. started: when.
        settled: id of the newest container whose end was already counted.
        progress: the furthest point that was reached: fit, epoch, step.
        unmoved: how many containers in a row ended, however they did, without getting further than the one before.
        outcome: what the operator returned; set once the trial is done or pruned.
    """

    request_sha256: str
    containers: int = 0
    used_seconds: float = 0.0
    running: str = ""
    started: Moment = NEVER
    settled: str = ""
    progress: list[int] = field(default_factory=lambda: [0, 0, 0])
    unmoved: int = 0
    outcome: dict[str, Any] = field(default_factory=dict)

    def start_of(self, container_id: str, said_unix_time: float) -> Moment:
        """Return when this container was started: as noted, or else as the engine's clock said."""
        return self.started if self.running == container_id else Moment(said_unix_time)

    @property
    def restarts(self) -> int:
        """Containers after the first."""
        return max(0, self.containers - 1)


def _path(trial_folder: Path, ending: str) -> Path:
    return trial_folder.parent / ATTEMPTS_FOLDER / f"{trial_folder.name}.{ending}"


def read_attempts(trial_folder: Path) -> Attempts | None:
    """Return what is known about the trial; None where nothing is, or nothing that can be read."""
    try:
        return build(Attempts, read_json(_path(trial_folder, "json")))
    except (FileNotFoundError, UnsafeFile, ContractViolation):
        return None


def write_attempts(trial_folder: Path, attempts: Attempts) -> None:
    """Keep ``attempts``, whole or not at all."""
    path = _path(trial_folder, "json")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, as_document(attempts))


def forget_attempts(trial_folder: Path) -> None:
    """Remove everything that is known about the trial."""
    for ending in ("json", "killed", "given_up"):
        _path(trial_folder, ending).unlink(missing_ok=True)


def mark_killed(trial_folder: Path, container_id: str) -> None:
    """Note that we are stopping this container, so that nobody attaches to it while it dies.

    A file of its own: it is written from a signal handler, which may interrupt the writing of the other one.
    """
    _write_mark(trial_folder, "killed", container_id)


def is_killed(trial_folder: Path, container_id: str) -> bool:
    """Whether ``mark_killed`` was called for this container."""
    return _read_mark(trial_folder, "killed") == container_id


def give_up(trial_folder: Path, reason: str) -> None:
    """Ask the operator of this trial to stop restarting it, and say why."""
    _write_mark(trial_folder, "given_up", reason)


def take_given_up(trial_folder: Path) -> str:
    """Return the reason that ``give_up`` left and remove it, so that a later clear by a user starts anew."""
    reason = _read_mark(trial_folder, "given_up")
    _path(trial_folder, "given_up").unlink(missing_ok=True)
    return reason


def mark_smaller_batch(trial_folder: Path) -> None:
    """Note that this trial needs a smaller batch than the script's to fit into its memory."""
    _write_mark(trial_folder, "smaller_batch", "out of memory")


def has_smaller_batch(trial_folder: Path) -> bool:
    """Whether ``mark_smaller_batch`` was called for this trial."""
    return _path(trial_folder, "smaller_batch").exists()


def forget_smaller_batch(trial_folder: Path) -> None:
    """Take the note back."""
    _path(trial_folder, "smaller_batch").unlink(missing_ok=True)


def mark_older_image(trial_folder: Path, image: str, reason: str) -> None:
    """Note that this trial runs in ``image`` instead of the one it was given, and why."""
    path = _path(trial_folder, "older_image")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"image": image, "reason": reason})


def older_image(trial_folder: Path) -> tuple[str, str]:
    """Return image and reason that ``mark_older_image`` noted; empty texts where it noted nothing."""
    try:
        document = read_json(_path(trial_folder, "older_image"))
    except FileNotFoundError:
        return "", ""
    return str(document["image"]), str(document["reason"])


def _write_mark(trial_folder: Path, ending: str, text: str) -> None:
    path = _path(trial_folder, ending)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _read_mark(trial_folder: Path, ending: str) -> str:
    try:
        return _path(trial_folder, ending).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
