"""Every knob of the installation: unit, range and default in one place.

A knob is set by an environment variable: ``PUSHTUNE_`` and the field's name in capitals. What belongs to one
repository (target, budget, schedule) stands in ``config/watched_repositories.yaml`` instead.
"""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pushtune.errors import InvalidSetting

PROJECT_FOLDER = Path(__file__).resolve().parents[2]
PREFIX = "PUSHTUNE_"
NO_KNOBS = ("PUSHTUNE_GIT_USERNAME", "PUSHTUNE_GIT_PASSWORD")  # from the sensor to git, see watching/git_command.py
# What Docker takes for a host: a dot, a port, or 'localhost'; folders of the registry may follow.
_LABEL = "[A-Za-z0-9][A-Za-z0-9-]*"
_REGISTRY = rf"^((localhost(:[0-9]+)?|{_LABEL}(\.{_LABEL})+(:[0-9]+)?|{_LABEL}:[0-9]+)(/[a-z0-9._-]+)*)?$"
# An address without a path: with one, Airflow answers 404 to its own tasks, which call the server directly.
_ADDRESS = r"^(https?://([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?/?)?$"
SERVICE_DAGS = ("check_containers", "clean_up", "send_delayed_mails")  # Pushtune's own, beside one per repository


class Settings(BaseModel):
    """All knobs. Folders that are not given stand below ``home``.

    The bounds are what Docker and Airflow take: bytes in 63 bits, users in 31, a hundredth of a core.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    home: Path = Field(PROJECT_FOLDER / ".pushtune", description="folder of everything that Pushtune keeps")
    watched_repositories: Path = Field(
        PROJECT_FOLDER / "config" / "watched_repositories.yaml", description="the file that lists the repositories"
    )
    port: int = Field(8080, ge=1, le=65535, description="port of Airflow's web pages, on 127.0.0.1")
    base_url: str = Field(
        "", pattern=_ADDRESS,
        description="where people reach the pages, such as `https://pushtune.example.org` of a proxy, without a path: "
        "mails link there; none: `http://127.0.0.1:<port>`",
    )

    poll_interval_seconds: float = Field(30, ge=1, le=86_400, description="pause between two looks at a repository")
    git_timeout_seconds: float = Field(120, ge=1, le=3600, description="limit of one git command")
    checkout_limit_bytes: int = Field(2 * 2**30, ge=2**20, le=2**60, description="largest checkout that is accepted")
    lfs_limit_bytes: int = Field(
        2 * 2**30, ge=2**10, le=2**60,
        description="files of Git LFS in one commit, together; and what is kept of earlier ones",
    )
    lfs_timeout_seconds: float = Field(1800, ge=10, le=86_400, description="limit of fetching them")

    trial_memory_bytes: int = Field(4 * 2**30, ge=2**28, le=2**60, description="memory of one training container")
    trial_cpus: float = Field(1.0, ge=0.01, le=256, description="CPU cores of one training container")
    trial_processes: int = Field(512, ge=32, le=32_768, description="processes and threads of one training container")
    trial_disk_bytes: int = Field(
        10 * 2**30, ge=2**26, le=2**60, description="what one trial may write into its folder"
    )
    trial_temporary_bytes: int = Field(
        1 * 2**30, ge=2**20, le=2**60, description="size of /tmp in a training container (memory)"
    )
    trial_time_limit_seconds: float = Field(3600, ge=10, le=365 * 86_400, description="limit of one training run")
    trials_at_once: int = Field(
        max(1, min(4, os.cpu_count() or 1)), ge=1, le=64, description="training containers at the same time, per run"
    )
    checkpoint_interval_seconds: float = Field(60, ge=1, le=86_400, description="longest time between two checkpoints")
    container_uid: int = Field(
        10_001 if os.getuid() == 0 else os.getuid(), ge=1, le=2**31 - 2,
        description="user that training runs as inside containers",
    )

    accelerator: Literal["auto", "cpu", "gpu"] = Field(
        "auto", description="what trains: `auto` (an NVIDIA GPU where the engine has one), `cpu` or `gpu`"
    )
    gpu_trials_at_once: int = Field(1, ge=1, le=64, description="trainings that share the GPU, all runs together")
    base_image_registry: str = Field(
        "", pattern=_REGISTRY,
        description="registry that stands for Docker Hub: `<registry>/library/python:...`; log in with `docker login`",
    )
    dataset_mirror: str = Field(
        "", pattern=r"^(https?://[^\s@]+)?$",
        description="where public data sets come from instead of their hosts: `<mirror>/<host>/<path>`",
    )

    hung_after_seconds: float = Field(
        120, ge=5, le=86_400, description="a heartbeat that is this much too late means hung"
    )
    restart_limit: int = Field(5, ge=0, le=100, description="how often one training run is restarted")
    clear_limit: int = Field(
        3, ge=0, le=20, description="how often a task without tries left is cleared after a fault of the infrastructure"
    )
    restart_delay_seconds: float = Field(
        10, ge=0, le=3600, description="pause before the first restart; doubles each time"
    )

    serving_memory_bytes: int = Field(2 * 2**30, ge=2**28, le=2**60, description="memory of one serving container")
    serving_cpus: float = Field(1.0, ge=0.01, le=256, description="CPU cores of one serving container")
    serving_start_seconds: float = Field(
        180, ge=5, le=3600, description="a new champion that does not answer within this time is not taken into use"
    )
    serving_answer_seconds: float = Field(10, gt=0, le=300, description="limit of one prediction")
    serving_body_limit_bytes: int = Field(
        16 * 2**20, ge=2**10, le=2**30, description="largest request to a served model, and its largest answer"
    )

    disk_reserve_bytes: int = Field(
        2 * 2**30, ge=0, le=2**60,
        description="free disk space under which no training is started and no image is built",
    )
    keep_runs_days: float = Field(30, gt=0, le=3650, description="files of a run are removed this long after its end")
    keep_runs_per_repository: int = Field(100, ge=1, le=10_000, description="and beyond so many newer runs")
    keep_checkpoints_days: float = Field(
        3, gt=0, le=3650, description="checkpoints of a run without a model; with one they go when the run is over"
    )
    workspaces_limit_bytes: int = Field(
        100 * 2**30, ge=2**26, le=2**60, description="files of all runs; beyond it the oldest go first"
    )
    image_unused_days: float = Field(14, gt=0, le=3650, description="an image of a repository that no kept run uses")
    images_limit_bytes: int = Field(
        50 * 2**30, ge=2**26, le=2**60,
        description="images of repositories; beyond it the oldest go that no kept run uses",
    )
    log_retention_days: float = Field(30, gt=0, le=3650, description="Airflow's log files")
    outbox_retention_days: float = Field(30, gt=0, le=3650, description="notes about e-mails that were sent")
    keep_checks_days: float = Field(2, gt=0, le=3650, description="Airflow's records of the checks of each minute")

    sendgrid_timeout_seconds: float = Field(20, gt=0, le=60, description="limit of each wait for SendGrid")
    mail_from: str = Field("pushtune@localhost", description="sender of the e-mails")

    @cached_property
    def pages_url(self) -> str:
        """Where people reach Airflow's pages. The server itself listens on 127.0.0.1, where our own calls go."""
        return self.base_url.rstrip("/") or f"http://127.0.0.1:{self.port}"

    @cached_property
    def airflow_home(self) -> Path:
        """Airflow's own files: configuration, database, logs."""
        return self.home / "airflow"

    @cached_property
    def workspaces(self) -> Path:
        """One folder per run, mounted into containers: the same absolute path on every host."""
        return self.home / "workspaces"

    @cached_property
    def mirrors(self) -> Path:
        """One bare clone per watched repository."""
        return self.home / "mirrors"

    @cached_property
    def datasets(self) -> Path:
        """Public data sets, downloaded once, mounted read-only into training containers."""
        return self.home / "datasets"

    @cached_property
    def scratch(self) -> Path:
        """What builds and downloads need while they work, a folder each."""
        return self.home / "scratch"

    @cached_property
    def outbox(self) -> Path:
        """E-mails that could not be sent, or that need no sending."""
        return self.home / "outbox"

    @cached_property
    def registry_folder(self) -> Path:
        """The MLflow registry: its database and the files of the models."""
        return self.home / "registry"

    @cached_property
    def serving(self) -> Path:
        """One folder per served champion: what answers, and its Unix socket."""
        return self.home / "serving"

    @cached_property
    def run_folder(self) -> Path:
        """Process ids, password and logs of the running instance."""
        return self.home / "run"


def unknown_variables(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables that look like a knob and are none, each with the most similar knob, or ''."""
    knobs = [PREFIX + name.upper() for name in Settings.model_fields]
    unknown = [name for name in environment if name.startswith(PREFIX) and name not in (*knobs, *NO_KNOBS)]
    return {name: next(iter(get_close_matches(name, knobs, n=1, cutoff=0.8)), "") for name in sorted(unknown)}


def load_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings that ``environment`` asks for.

    Raises:
        InvalidSetting: a value is out of range or of the wrong type; the text names the variable.
    """
    given = {
        name: environment[PREFIX + name.upper()]
        for name in Settings.model_fields
        if environment.get(PREFIX + name.upper(), "") != ""
    }
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        variable = PREFIX + str(first["loc"][0]).upper()
        raise InvalidSetting(
            f"{variable} must be valid: {first['msg']}.", repr(first["input"]), f"Change or unset {variable}."
        ) from error
    return settings.model_copy(update={"home": settings.home.resolve()})
