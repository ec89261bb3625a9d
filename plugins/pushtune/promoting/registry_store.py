"""Opens the registry's database: one writer at a time, bounded waiting, no telemetry, errors in our own words."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pushtune.errors import RegistryUnavailable
from pushtune.file_locks import wait_for_lock

LOCK_LIMIT_SECONDS = 120.0
DATABASE_LIMIT_SECONDS = 30
UNFINISHED = "unfinished-mlflow.db"


def database(registry_folder: Path) -> Path:
    """The SQLite file; it does not exist before the first model is registered."""
    return registry_folder / "mlflow.db"


def tracking_uri(registry_folder: Path) -> str:
    """The address under which MLflow finds the registry; its own server takes the same one."""
    return f"sqlite:///{database(registry_folder)}?timeout={DATABASE_LIMIT_SECONDS}"


@contextmanager
def locked_registry(registry_folder: Path, limit_seconds: float = LOCK_LIMIT_SECONDS) -> Iterator[Any]:
    """Yield a client while no other process writes. The kernel frees the lock when its holder dies.

    Raises:
        RegistryUnavailable: another process held the lock for ``limit_seconds``, or the database is broken.
    """
    registry_folder.mkdir(parents=True, exist_ok=True)
    with (registry_folder / ".lock").open("w") as lock:
        if not wait_for_lock(lock, limit_seconds):
            raise RegistryUnavailable(
                f"The model registry must be free within {limit_seconds:g} seconds.",
                f"a lock on {registry_folder / '.lock'} that another process still holds",
                "See which process holds it (fuser), end it if it hangs, then clear the task 'promote'.",
            )
        if not database(registry_folder).exists():
            _create(registry_folder)
        with open_registry(registry_folder) as client:
            yield client


def _create(registry_folder: Path) -> None:
    """Let MLflow make its tables aside: it refuses for ever a database that a kill left with half of them."""
    for left in registry_folder.glob(f"{UNFINISHED}*"):  # with SQLite's journal, which must not meet another database
        left.unlink()
    aside = registry_folder / UNFINISHED
    with _client(registry_folder, f"sqlite:///{aside}") as client:
        client.search_experiments(max_results=1)
    aside.replace(database(registry_folder))


@contextmanager
def open_registry(registry_folder: Path) -> Iterator[Any]:
    """Yield a client for reading. Raises RegistryUnavailable where the database cannot be used."""
    registry_folder.mkdir(parents=True, exist_ok=True)
    with _client(registry_folder, tracking_uri(registry_folder)) as client:
        yield client


@contextmanager
def _client(registry_folder: Path, uri: str) -> Iterator[Any]:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read by MLflow when it is imported
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield MlflowClient(tracking_uri=uri, registry_uri=uri)
    except (MlflowException, SQLAlchemyError) as error:
        damaged = "Check the free space and the owner of that folder; a damaged mlflow.db is restored from a copy."
        deleted = "Somebody has deleted it there meanwhile: nothing is damaged. Clear the task, or push again."
        is_absent = getattr(error, "error_code", "") == "RESOURCE_DOES_NOT_EXIST"
        raise RegistryUnavailable(
            f"The model registry in {registry_folder} must be readable and writable.",
            str(error)[:500],
            deleted if is_absent else damaged,
        ) from error
