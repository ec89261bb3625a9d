"""What is known about the serving of one model: a file beside the folders of its sockets, which no container sees."""

from dataclasses import dataclass, field
from pathlib import Path

from pushtune.moments import NEVER, Moment
from pushtune_contract.reading import UnsafeFile, read_json, write_json
from pushtune_contract.serving import SOCKET_FILE
from pushtune_contract.validation import ContractViolation, as_document, build

STATE_FILE = "serving.json"


@dataclass(frozen=True)
class ServedModel:
    """A version of a model, and what serving it needs.

    Attributes:
        image: tag of the image that trained it. folder: absolute path of its files.
        metric, value: its objective, as the registry has it.
    """

    dag_id: str
    version: int
    image: str
    folder: str
    metric: str
    value: float


NOTHING = ServedModel("", 0, "", "", "", 0.0)


@dataclass
class Effort:
    """What was tried to bring up one version.

    Attributes:
        key: digest of what its containers were started with; with another one everything starts anew.
        starts: since it last answered for a while. last: when the last start was.
        reason: why it does not answer; empty where nothing is known against it. given_up: nothing more is tried.
    """

    key: str
    starts: int = 0
    last: Moment = NEVER
    reason: str = ""
    given_up: bool = False


@dataclass
class ServingState:
    """The serving of one model.

    Attributes:
        model: what answers, or answered last; ``NOTHING`` where nothing has yet.
        container_id, socket_folder: of the container that answers; empty where none does.
        silent_since: when the container that answered was first found silent; ``NEVER`` while it answers.
        efforts: version -> what was tried.
        engine: id of the engine whose containers these are. seen: when it was looked at last.
    """

    model: ServedModel = NOTHING
    container_id: str = ""
    socket_folder: str = ""
    silent_since: Moment = NEVER
    efforts: dict[str, Effort] = field(default_factory=dict)
    engine: str = ""
    seen: Moment = NEVER

    def effort(self, version: int, key: str) -> Effort:
        """Return what was tried for this version with this key."""
        known = self.efforts.get(str(version))
        if known is None or known.key != key:
            known = self.efforts[str(version)] = Effort(key)
        return known


def read_state(folder: Path) -> ServingState:
    """Return what is known; nothing where there is no file, or none that can be read."""
    try:
        return build(ServingState, read_json(folder / STATE_FILE))
    except (FileNotFoundError, UnsafeFile, ContractViolation):
        return ServingState()


def write_state(folder: Path, state: ServingState) -> None:
    """Keep ``state``, whole or not at all: from this moment on, requests go to the container that it names."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_json(folder / STATE_FILE, as_document(state))


def socket_path(folder: Path, state: ServingState) -> Path:
    """Return where the container that answers has its socket."""
    return folder / state.socket_folder / SOCKET_FILE
