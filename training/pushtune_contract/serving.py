"""What Airflow's side and a serving container have agreed on: mounts, what is asked for, and how it is refused."""

from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from pushtune_contract.reading import read_json, write_json
from pushtune_contract.validation import as_document, build

# Absolute paths inside a serving container: the model, read-only, and the folder of its socket alone.
MODEL_MOUNT = "/pushtune/model"
SOCKET_MOUNT = "/pushtune/socket"

# Files in the folder of the socket.
SOCKET_FILE = "model.sock"
REFUSAL_FILE = "refusal.json"

HEALTH_PATH = "/health"
PREDICT_PATH = "/predict"
REFUSAL_LIMIT_BYTES = 16 * 1024


@dataclass(frozen=True)
class ServingOrder:
    """The last argument of ``python -m pushtune_runtime.serving``, as JSON.

    Attributes:
        version: of the model in the registry. metric, value: its objective there; both are only repeated in answers.
        threads: number of threads for one operation. body_limit_bytes: largest body of a request.
    """

    version: int
    metric: str = ""
    value: Optional[float] = None
    threads: int = 1
    body_limit_bytes: int = 16 * 1024 * 1024

    def __post_init__(self) -> None:
        for name in ("version", "threads", "body_limit_bytes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, but got {getattr(self, name)}")


@dataclass(frozen=True)
class Refusal:
    """Why a model cannot be served, or a request not be answered: what has to hold, what was found, what to do."""

    rule: str
    received: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.rule} Received: {self.received}. {self.remedy}"


def write_refusal(folder: Path, refusal: Refusal) -> None:
    """Keep why the container ends without having served."""
    write_json(folder / REFUSAL_FILE, as_document(refusal))


def read_refusal(folder: Path) -> Optional[Refusal]:
    """Return what ``write_refusal`` kept; None where nothing is. Raises UnsafeFile or ContractViolation."""
    try:
        return build(Refusal, read_json(folder / REFUSAL_FILE, REFUSAL_LIMIT_BYTES))
    except FileNotFoundError:
        return None
