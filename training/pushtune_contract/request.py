"""``request.json``: what Airflow asks a training container to do."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Optional, Union

from pushtune_contract import layout
from pushtune_contract.parameters import Value
from pushtune_contract.reading import read_json, write_json
from pushtune_contract.validation import as_document, build, check_version

MODES = ("baseline", "trial", "retrain", "timing")
PATHS_LIMIT = 300


@dataclass(frozen=True)
class TrialRequest:
    """One run of the script.

    Attributes:
        mode: ``baseline`` runs the script as it is, on the training part of the training data, and reports what can be
            tuned; ``trial`` runs it with overrides and never reads the test data; ``retrain`` runs it with overrides on
            all training data and reads the test data once; ``timing`` runs it up to some batches of its first ``fit``
            (a baseline asks this of itself).
        trial_number: number of the trial in its study; 0 is the script's own configuration.
        entry: path of the script, relative to the repository, with forward slashes.
        arguments: command-line arguments of the script.
        overrides: parameter id -> new value.
        script_sha256: hash of the entry script that the parameter ids belong to; None in a baseline.
        epoch_budget: the most epochs that one ``fit`` may train; None leaves the script's number.
        seed: seeds Python, NumPy and the framework before the script starts.
        validation_fraction: part of the training data that is held out for the objective, 0 < f < 1.
        objective: metric to report as the objective (``accuracy``, ``mae``, ...); None lets the runtime choose.
        objective_source: where the script itself says its objective, as ``objective_source`` in the baseline's result
            names it: nothing else is taken for it then. None where ``fit`` or an estimator gives it, and in a baseline.
        checkpoint_interval_seconds: write a checkpoint within an epoch when this long has passed since the last.
        time_limit_seconds: the run stops itself at the next epoch end after this long.
        threads: number of threads for one operation, and for operations at once.
        path_bridges: text in the script that is a path elsewhere, as written -> path relative to the repository, or
            below ``layout.DATA_MOUNT`` that is meant; a value that ends in ``/`` is a folder that is created.
        output_folders: folders that the script writes to, relative to the folder that it starts in; they are created.
        batch_size_divisor: every batch size is divided by this, since the whole did not fit into the memory.
        timed_threads: a baseline times some steps with one thread and with so many, when it is done; 0: it does not.
    """

    mode: str
    entry: str
    trial_number: int = 0
    arguments: List[str] = field(default_factory=list)
    overrides: Dict[str, Value] = field(default_factory=dict)
    script_sha256: Optional[str] = None
    epoch_budget: Optional[int] = None
    seed: int = 0
    validation_fraction: float = 0.2
    objective: Optional[str] = None
    checkpoint_interval_seconds: float = 60.0
    time_limit_seconds: float = 3600.0
    threads: int = 1
    path_bridges: Dict[str, str] = field(default_factory=dict)
    output_folders: List[str] = field(default_factory=list)
    batch_size_divisor: int = 1
    timed_threads: int = 0
    objective_source: Optional[str] = None
    contract_version: int = layout.CONTRACT_VERSION

    def __post_init__(self) -> None:
        check_version(self.contract_version)
        if self.mode not in MODES:
            raise ValueError(f"mode: expected one of {MODES}, but got {self.mode!r}")
        if self.entry.startswith("/") or ".." in self.entry.split("/"):
            raise ValueError(f"entry: expected a path inside the repository, but got {self.entry!r}")
        if not 0.0 < self.validation_fraction < 1.0:
            raise ValueError(f"validation_fraction: expected 0 < fraction < 1, but got {self.validation_fraction}")
        at_least_one = [(name, 1) for name in ("epoch_budget", "batch_size_divisor", "threads")]
        for name, smallest in (*at_least_one, ("trial_number", 0), ("seed", 0), ("timed_threads", 0)):
            value = getattr(self, name)
            if value is not None and value < smallest:
                raise ValueError(f"{name}: expected at least {smallest}, but got {value}")
        prefix = layout.DATA_MOUNT + "/"
        targets = [path[len(prefix) :] if path.startswith(prefix) else path for path in self.path_bridges.values()]
        _check_paths("path_bridges", targets)
        _check_paths("output_folders", self.output_folders)


def _check_paths(name: str, paths: List[str]) -> None:
    if len(paths) > PATHS_LIMIT:
        raise ValueError(f"{name}: expected at most {PATHS_LIMIT} paths, but got {len(paths)}")
    for path in paths:
        if not path or path.startswith("/") or ".." in path.split("/") or "\0" in path:
            raise ValueError(f"{name}: expected paths inside the repository, but got {path!r}")


def read_request(trial_folder: Union[str, Path]) -> TrialRequest:
    """Return the request in ``trial_folder``. Raises FileNotFoundError, UnsafeFile or ContractViolation."""
    return build(TrialRequest, read_json(Path(trial_folder) / layout.REQUEST_FILE))


def write_request(trial_folder: Union[str, Path], request: TrialRequest) -> None:
    """Write the request into ``trial_folder``, whole or not at all."""
    write_json(Path(trial_folder) / layout.REQUEST_FILE, as_document(request))
