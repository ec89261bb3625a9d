"""The folders of a run: where they lie, and how the folder of one trial is made ready for its container.

A trial's folder belongs to the user that runs inside the container, so anything may lie in it afterwards: links,
pipes, very deep trees. What we have to remember about a trial therefore stands outside of it (``attempts``), and
whatever we write into it goes through ``write_inside``, which follows no link.
"""

import hashlib
import json
import os
import re
import secrets
import subprocess
from pathlib import Path
from typing import Any

from pushtune.errors import CheckoutMissing, UnsafeTrialFolder
from pushtune.running.attempts import Attempts, forget_attempts, give_up, read_attempts, write_attempts
from pushtune.running.dataset_cache import make_cache_folder
from pushtune.settings import Settings
from pushtune_contract import layout
from pushtune_contract.reading import UnsafeFile, read_json, write_json
from pushtune_contract.request import TrialRequest
from pushtune_contract.validation import as_document

LABEL_LIMIT_CHARACTERS = 200
REMOVAL_TIMEOUT_SECONDS = 300
DISCARDED_PREFIX = ".discarded-"
RUN_FILE = "run.json"
NAME_PATTERN = re.compile(r"[a-z0-9_]+(/[a-z0-9_]+)?")


def run_folder(settings: Settings, dag_id: str, run_id: str) -> Path:
    """Return the folder of one run: readable, safe as a path, and the same for the same ids each time.

    A run id may hold anything (``manual__2026-01-01T00:00:00+00:00``, or what a user typed), so the readable part is
    cut down to harmless characters and a hash of both ids keeps it unique.
    """
    digest = hashlib.sha256(f"{dag_id}\0{run_id}".encode()).hexdigest()[:12]
    return settings.workspaces / _slug(dag_id) / f"{_slug(run_id)}-{digest}"


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip(".-")[:60] or "unnamed"


def request_digest(document: dict[str, Any]) -> str:
    """Return the SHA-256 of a request document, independent of the order of its keys."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def prepare_trial(
    run_folder: Path,
    name: str,
    request: TrialRequest,
    checkout: Path,
    settings: Settings,
    *,
    label: str = "",
    network: bool = False,
    data_folder: Path | None = None,
) -> dict[str, Any]:
    """Make the folder of one trial ready and return what ``TrainingOperator`` takes as ``trial``.

    Calling it again with the same request changes nothing that the trial wrote (its checkpoint above all). A request
    that differs from the last one starts with an empty folder, since a checkpoint of other values must not be resumed.

    Args:
        run_folder: folder of the run, below ``settings.workspaces``.
        name: ``baseline``, ``retrain`` or ``trials/<number>``: the folder below ``run_folder``.
        request: what the container shall do.
        checkout: the commit's files, mounted read-only.
        label: how the trial reads in Airflow's grid; by default its name.
        network: whether the container may reach the network.
        data_folder: further data that the repository's entry names, mounted read-only.

    Raises:
        UnsafeTrialFolder: the folder would not lie below ``settings.workspaces``, or the name is not a trial's name.
    """
    if not NAME_PATTERN.fullmatch(name):
        raise UnsafeTrialFolder(
            "The name of a trial must be one or two words of small letters, digits and underscores.", repr(name),
            "Use baseline, retrain or trials/<number>.",
        )
    spec = {
        "name": name,
        "folder": str(run_folder / name),
        "checkout": str(checkout),
        "label": clean_label(label or name),
        "request": _request_document(request),
        "network": network,
        "data_folder": None if data_folder is None else str(data_folder),
    }
    restore_trial(spec, settings)
    return spec


def _request_document(request: TrialRequest) -> dict[str, Any]:
    """Return the request without the newest fields where they say nothing: a run keeps its image over an upgrade."""
    document: dict[str, Any] = as_document(request)
    for name, nothing in (("batch_size_divisor", 1), ("timed_threads", 0)):
        if document[name] == nothing:
            del document[name]
    return document


def clean_label(text: str) -> str:
    """Return ``text`` as one printable line of bounded length: file names of a repository may be in it."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:LABEL_LIMIT_CHARACTERS]


def restore_trial(spec: dict[str, Any], settings: Settings) -> None:
    """Bring the folder of ``spec`` into the state in which a container may start: see ``prepare_trial``."""
    folder = Path(spec["folder"])
    if not folder.resolve().is_relative_to(settings.workspaces.resolve()) or folder.is_symlink():
        raise UnsafeTrialFolder(
            f"The folder of a trial must lie below {settings.workspaces}.", folder,
            "Use run_folder() to find its place.",
        )
    digest = request_digest(spec["request"])
    attempts = read_attempts(folder)
    if attempts is None or attempts.request_sha256 != digest:
        discard_folder(folder)
        forget_attempts(folder)
        write_attempts(folder, Attempts(request_sha256=digest))
    make_cache_folder(settings.datasets)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if os.getuid() == 0:
        os.chown(folder, settings.container_uid, settings.container_uid)
    content = json.dumps(spec["request"], indent=1, sort_keys=True, allow_nan=False) + "\n"
    write_inside(folder, layout.REQUEST_FILE, content.encode())


def require_checkout(spec: dict[str, Any]) -> None:
    """Raise CheckoutMissing where the files of the commit are gone, so that no container can start."""
    if not Path(spec["checkout"]).is_dir():
        raise CheckoutMissing(
            "The files of the commit must be in the folder of the run.",
            f"{spec['checkout']} is gone: clean_up removes it some days after a run, or where the disk gets full",
            "Clear the task check_out of this run with all that follows it, or push again.",
        )


def unmoved_containers(folder: Path) -> int:
    """Return how many containers of this trial in a row have ended without getting further."""
    attempts = read_attempts(folder)
    return 0 if attempts is None else attempts.unmoved


def give_up_trial(folder: Path, reason: str) -> None:
    """Make the trial's task fail at its next try, with this reason, instead of starting one more container."""
    give_up(folder, reason)


def write_inside(folder: Path, name: str, content: bytes) -> None:
    """Write a file into a trial's folder, whole or not at all.

    The running container may put a link at any name that it can guess, so the file is created under a name that it
    cannot, and the rename replaces a link instead of following it. A folder at the place of ``name`` is moved away.
    """
    aside = folder / f".{secrets.token_hex(16)}"
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
        os.fchmod(handle, 0o644)
        os.fsync(handle)
    try:
        aside.replace(folder / name)
    except IsADirectoryError:
        (folder / name).rename(folder / f".{secrets.token_hex(16)}")
        aside.replace(folder / name)


def ask_to_stop(folder: Path, reason: str) -> None:
    """Ask a running trial to end at its next epoch end."""
    write_inside(folder, layout.STOP_FILE, reason.encode("utf-8", "replace"))


def withdraw_stop(folder: Path) -> None:
    """Take back what ``ask_to_stop`` wrote, before a container starts that shall run, or whatever lies in its place."""
    try:
        (folder / layout.STOP_FILE).unlink(missing_ok=True)
    except OSError:  # a folder, which the container before has made
        discard_folder(folder / layout.STOP_FILE)


def discard_folder(folder: Path) -> None:
    """Remove what untrusted code wrote: a folder, or anything else at its place; a link itself, never its target.

    It is renamed first, so that its name is free at once. ``rm`` does the removal: it copes with trees that are nested
    deeper than Python's recursion limit and follows no link. Raises CalledProcessError where something stays.
    """
    if not os.path.lexists(folder):
        return
    aside = folder.with_name(f"{DISCARDED_PREFIX}{secrets.token_hex(8)}")
    folder.rename(aside)
    if _remove(aside) != 0:  # a folder without the right to write it: links below it are passed over by chmod -R
        _run_quietly("chmod", "-R", "u+rwX", "--", str(aside))
        if _remove(aside) != 0:
            raise subprocess.CalledProcessError(1, ["rm", str(aside)])


def _remove(path: Path) -> int:
    return _run_quietly("rm", "-rf", "--one-file-system", "--", str(path))


def _run_quietly(*command: str) -> int:
    # The names of a hostile folder do not belong into a log.
    return subprocess.run(command, check=False, timeout=REMOVAL_TIMEOUT_SECONDS, stderr=subprocess.DEVNULL).returncode


def name_run(folder: Path, dag_id: str, run_id: str) -> None:
    """Write down which run the folder belongs to, since its name cannot be read backwards."""
    if not (folder / RUN_FILE).exists():
        folder.mkdir(parents=True, exist_ok=True)
        for closed in (folder.parent, folder):  # nobody else may list them; the user of the containers passes through
            closed.chmod(0o711)
        write_json(folder / RUN_FILE, {"dag_id": dag_id, "run_id": run_id})


def run_name(folder: Path) -> tuple[str, str]:
    """Return DAG id and run id of a run's folder; empty texts where nothing is known."""
    try:
        document = read_json(folder / RUN_FILE)
        return str(document["dag_id"]), str(document["run_id"])
    except (FileNotFoundError, UnsafeFile, KeyError, TypeError):
        return "", ""
