"""``config/watched_repositories.yaml``: which repositories are watched, and how each is trained.

One broken entry never hides the others: the good ones are returned beside the messages about the bad ones.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pushtune.errors import InvalidRepositoryUrl
from pushtune.plain_yaml import InvalidYaml, read_yaml
from pushtune.settings import SERVICE_DAGS
from pushtune.watching.repository_url import check_branch, check_url

ENTRIES_LIMIT = 1000
RESERVED_NAMES = frozenset({*SERVICE_DAGS, "train_on_push"})

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_EMAIL = re.compile(r"[^@\s<>,;\"]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
_CRON = re.compile(r"@(hourly|daily|weekly|monthly|quarterly|yearly)|[\d*/,A-Za-z#L?-]+( [\d*/,A-Za-z#L?-]+){4}")


class WatchedRepository(BaseModel):
    """One entry: a repository, a branch, and what a training of it may cost.

    Attributes:
        name: becomes the DAG's id: small letters, digits, ``-`` and ``_``, at most 63.
        url: https, ssh, ``user@host:path``, file, or an absolute path; never with a password inside.
        branch: the primary branch, whose pushes are trained, and whose best model is the champion.
        branches, tags: globs of further branches and of tags that are trained; each has a champion of its own.
            ``*`` and ``?`` stay within a part of the name, ``**`` crosses ``/``. The first 100 refs by name count.
        paths: globs; a push that changes none of them is recorded as filtered. Empty: every file counts.
        ignore_paths: globs of files that never count.
        entry: path of the training script; None lets the inspection choose.
        arguments: command-line arguments of the script.
        target: the objective that is good enough, in the unit of the metric (0.9, not 90, for an accuracy); None: 0.85
            for accuracy and its kin, and for other metrics no target, so that the budget alone ends the tuning.
        objective: metric that the target is about; None takes the one that the script reports.
        rounds: rounds of tuning at most. trials_per_round: trials in each.
        epochs: the most epochs that one trial trains; None: three times the script's, at least 12, at most 60 (100
            where epochs are short), never less than the script's own.
        parallelism: trials at the same time; None takes the installation's ``trials_at_once``.
        schedule: cron of additional trainings; None trains on pushes only.
        notify: e-mail addresses; empty: the author of the commit.
        connection_id: Airflow connection with the user and password (https) or private key (ssh).
        webhook_connection_id: Airflow connection whose password signs the webhooks of this repository, at least 16
            characters; None: it takes none.
        submodules: whether submodules are checked out too.
        lfs: whether the objects of Git LFS are fetched. True: a run fails where one cannot be had. None: such a file
            stays a pointer, with a warning. False: they are never asked for.
        data_folder: absolute path on the host, mounted read-only into the training containers.
        network: whether training containers may use the network.
        build_dockerfile: whether the image is built from the repository's own Dockerfile; its build runs as root of a
            container with a network, so allow it only to repositories whose authors you trust.
        serve: whether a container answers predictions of the champion.
        watch: whether pushes are noticed; False leaves only what is triggered by hand or by schedule.
        poll_interval_seconds: pause between two looks; None takes the installation's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, str_max_length=4096)

    name: str
    url: str
    branch: str = "main"
    branches: tuple[str, ...] = Field(default=(), max_length=50, strict=False)
    tags: tuple[str, ...] = Field(default=(), max_length=50, strict=False)
    paths: tuple[str, ...] = Field(default=(), max_length=100, strict=False)
    ignore_paths: tuple[str, ...] = Field(default=(), max_length=100, strict=False)
    entry: str | None = None
    arguments: tuple[str, ...] = Field(default=(), max_length=200, strict=False)
    target: float | None = Field(default=None, allow_inf_nan=False)
    objective: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")
    rounds: int = Field(default=3, ge=1, le=10)
    trials_per_round: int = Field(default=6, ge=1, le=50)
    epochs: int | None = Field(default=None, ge=1, le=100_000)
    parallelism: int | None = Field(default=None, ge=1, le=64)
    schedule: str | None = None
    notify: tuple[str, ...] = Field(default=(), max_length=50, strict=False)
    connection_id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]{1,250}$")
    webhook_connection_id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]{1,250}$")
    submodules: bool = False
    lfs: bool | None = None
    data_folder: str | None = None
    network: bool = False
    build_dockerfile: bool = False
    serve: bool = False
    watch: bool = True
    poll_interval_seconds: float | None = Field(default=None, ge=1, le=86_400)

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if not _NAME.fullmatch(value) or value in RESERVED_NAMES:
            raise ValueError(
                "must be 1 to 63 small letters, digits, '-' or '_', and none of " + _listed(RESERVED_NAMES)
            )
        return value

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        try:
            return check_url(value)
        except InvalidRepositoryUrl as error:
            raise ValueError(f"{error.rule} {error.remedy}".rstrip(".")) from error

    @field_validator("branch")
    @classmethod
    def _branch(cls, value: str) -> str:
        return check_branch(value)

    @field_validator("branches", "tags")
    @classmethod
    def _ref_globs(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for glob in value:
            try:
                check_branch(glob.replace("*", "x").replace("?", "x"))
            except ValueError as error:
                raise ValueError(f"must be globs of names, such as 'feature/*' or 'v*', not {glob!r}") from error
        return value

    @field_validator("entry")
    @classmethod
    def _entry(cls, value: str | None) -> str | None:
        if value is not None and (not value or value.startswith(("/", "-")) or ".." in value.split("/")):
            raise ValueError("must be a path inside the repository, such as 'train.py' or 'src/train.py'")
        return value

    @field_validator("paths", "ignore_paths")
    @classmethod
    def _globs(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for glob in value:
            if not glob or glob.startswith(("/", "./", "!")) or ".." in glob.split("/") or "\\" in glob:
                raise ValueError(f"must be globs relative to the repository, such as 'src/**' or '*.py', not {glob!r}")
        return value

    @field_validator("schedule")
    @classmethod
    def _schedule(cls, value: str | None) -> str | None:
        if value is not None and not _CRON.fullmatch(value):
            raise ValueError("must be a cron expression with five fields, such as '0 3 * * 1', or '@daily'")
        return value

    @field_validator("notify")
    @classmethod
    def _notify(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            if not _EMAIL.fullmatch(address):
                raise ValueError(f"must be e-mail addresses such as 'team@example.com', not {address!r}")
        return value

    @field_validator("data_folder")
    @classmethod
    def _data_folder(cls, value: str | None) -> str | None:
        if value is not None and (not value.startswith("/") or ".." in value.split("/") or value == "/"):
            raise ValueError("must be an absolute path of a folder on the host, without '..'")
        return value


@dataclass(frozen=True)
class InvalidEntry:
    """What is wrong with one entry, or with the whole file; ``name`` is the entry's name or position, or the file's."""

    name: str
    message: str


def load_watched_repositories(path: Path | str) -> tuple[list[WatchedRepository], list[InvalidEntry]]:
    """Return the usable entries of the file at ``path``, and what is wrong with the others; never raises.

    Each message names the file, the entry, the field, the rule and what was received.
    """
    file = Path(path)
    try:
        document = read_yaml(file)
    except InvalidYaml as error:
        return [], [InvalidEntry(file.name, f"{file}: {error}")]
    entries = document.get("repositories") if isinstance(document, dict) else None
    if not isinstance(entries, list) or set(document) != {"repositories"} or len(entries) > ENTRIES_LIMIT:
        rule = f"must hold one key, 'repositories', with a list of at most {ENTRIES_LIMIT} entries"
        return [], [
            InvalidEntry(
                file.name, f"{file}: {rule}. Received: {_short(document)}. Write 'repositories: []' to watch none."
            )
        ]
    return _split(file, entries)


def _split(file: Path, entries: list[Any]) -> tuple[list[WatchedRepository], list[InvalidEntry]]:
    repositories: dict[str, WatchedRepository] = {}
    invalid: list[InvalidEntry] = []
    for number, entry in enumerate(entries, start=1):
        name = str(entry.get("name", f"number {number}"))[:80] if isinstance(entry, dict) else f"number {number}"
        try:
            if not isinstance(entry, dict):
                raise ValueError(f"must be a mapping with at least name and url. Received: {_short(entry)}.")
            repository = WatchedRepository.model_validate(entry)
            if repository.name in repositories:
                raise ValueError(
                    f"field 'name': must be unique, but an entry above is called so too. Received: {name!r}."
                )
            repositories[repository.name] = repository
        except ValidationError as error:
            details = " ".join(_describe(detail) for detail in error.errors())
            invalid.append(InvalidEntry(name, f"{file}: entry {name!r}: {details}"))
        except ValueError as error:
            invalid.append(InvalidEntry(name, f"{file}: entry {name!r}: {error}"))
    return list(repositories.values()), invalid


def _describe(detail: Any) -> str:
    field = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "missing":
        return f"field '{field}': must be given. Received: nothing."
    if detail["type"] == "extra_forbidden":
        return f"field '{field}': must be one of {_listed(WatchedRepository.model_fields)}. Received: '{field}'."
    rule = detail["msg"].removeprefix("Value error, ")
    received = "a text that is not shown" if field == "url" else _short(detail["input"])
    return f"field '{field}': {rule}. Received: {received}."


def _short(value: Any) -> str:
    return repr(value)[:120]


def _listed(names: Any) -> str:
    return ", ".join(sorted(names))
