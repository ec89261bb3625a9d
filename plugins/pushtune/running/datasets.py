"""Public data sets that the code names are fetched before the first training, which has no network.

The container that fetches them has one, and runs our own code only; the repository is not in it.
"""

import os
import shutil
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from docker.types import Mount

from pushtune.errors import PushtuneError
from pushtune.file_locks import wait_for_lock
from pushtune.running.container_engine import ContainerEngine
from pushtune.running.container_labels import fetching_labels, installation_id
from pushtune.running.dataset_cache import (
    DATASETS,
    complete_names,
    is_cached,
    missing_files,
    open_cache,
    take_over,
)
from pushtune.running.hardening import host_config_arguments
from pushtune.running.scratch import scratch_folder
from pushtune.settings import Settings
from pushtune_contract.reading import UnsafeFile, read_json

FETCH_LIMIT_SECONDS = 900.0
LOOK_INTERVAL_SECONDS = 0.5
STAGING_MOUNT = "/pushtune/staging"
OUTCOME_FILE = "outcome.json"
CERTIFICATES_FILE = "certificates.pem"
REASON_LIMIT_CHARACTERS = 600
OUTCOME_LIMIT_BYTES = 64 * 1024
MIRROR_VARIABLE = "PUSHTUNE_DATASET_MIRROR"  # as pushtune_runtime.fetch_datasets reads it
PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def provide_datasets(
    places: Mapping[str, str], image: Callable[[], str], engine: ContainerEngine, settings: Settings,
    on_line: Callable[[str], None], limit_seconds: float = FETCH_LIMIT_SECONDS,
) -> list[str]:  # fmt: skip
    """Make sure that the data sets are in the cache; return a warning for each that could not be had.

    Nothing is started where they all are. Two calls at once fetch nothing twice.

    Args:
        places: data set -> where the code names it: ``keras.datasets.mnist`` -> ``train.py:3``.
        image: returns the tag of one of our own images with the libraries, and of none that a repository has a part in:
            its runtime fetches. limit_seconds: for all data sets together.
    """
    cache = settings.datasets
    open_cache(cache)
    warnings = [_unknown(name, place, cache) for name, place in places.items() if name not in DATASETS]
    known = [name for name in places if name in DATASETS]
    reasons: dict[str, str] = {}
    if any(not is_cached(cache, name) for name in known):
        try:
            with _one_at_a_time(settings, limit_seconds + 60):
                names = [name for name in known if not is_cached(cache, name)]
                on_line(f"fetching {', '.join(names)} into {cache}")
                reasons = _fetch(names, image(), engine, settings, limit_seconds)
        except (PushtuneError, OSError) as error:
            reasons = dict.fromkeys(known, str(error))
    for name in known:
        if is_cached(cache, name):
            complete_names(cache, name)
        else:
            warnings.append(_missing(name, places[name], settings, reasons.get(name, "")))
    return warnings


def _fetch(
    names: list[str], image: str, engine: ContainerEngine, settings: Settings, limit_seconds: float
) -> dict[str, str]:
    """Fetch ``names`` in a container, move what came into the cache, and return name -> why it failed."""
    with scratch_folder(settings, "datasets") as staging:
        _copy_certificates(staging)
        if os.getuid() == 0:
            os.chown(staging, settings.container_uid, settings.container_uid)
        ended = _run(names, image, engine, settings, staging, limit_seconds)
        outcome = _read_outcome(staging)
        for name in names:
            if outcome.get(name) == "":
                take_over(staging, settings.datasets, name)
        return {name: outcome.get(name, ended) for name in names}


def _run(
    names: list[str], image: str, engine: ContainerEngine, settings: Settings, staging: Path, limit_seconds: float
) -> str:
    """Run the container to its end; return how it ended, for the data sets that it says nothing about."""
    name = f"pushtune-datasets-{installation_id(settings)}"
    engine.remove(name)  # of a process that was killed: we hold the lock
    host_config: dict[str, Any] = host_config_arguments(
        settings, {"folder": str(staging), "checkout": str(staging), "network": True}
    )
    host_config["mounts"] = [Mount(STAGING_MOUNT, str(staging), type="bind")]
    container = engine.create(
        name, image, host_config, labels=fetching_labels(settings), user=engine.training_user(settings.container_uid),
        entrypoint=["python", "-m", "pushtune_runtime.fetch_datasets"], command=[STAGING_MOUNT, *names],
        environment=_environment(staging, settings), working_dir="/tmp",  # noqa: S108  (a memory file system of the container)
    )  # fmt: skip
    try:
        engine.start(container)
        deadline = time.monotonic() + limit_seconds
        while time.monotonic() < deadline:
            state = engine.find(container)
            if state is None or not state.is_running:
                code = state.exit_code if state else "unknown"
                return f"the container that fetches it ended with code {code}: {_last_line(engine, container)}"
            time.sleep(LOOK_INTERVAL_SECONDS)
        return f"it took longer than {limit_seconds:.0f} seconds"
    finally:
        engine.remove(container)


def _last_line(engine: ContainerEngine, container: str) -> str:
    lines = b"".join(engine.logs(container, 1, follow=False)).decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "without a word")


def _environment(staging: Path, settings: Settings) -> dict[str, str]:
    """Return what a company's network asks for: its proxy, its certificates and its mirror."""
    given = {name: os.environ[name] for name in PROXY_VARIABLES if os.environ.get(name)}
    if settings.dataset_mirror:
        given[MIRROR_VARIABLE] = settings.dataset_mirror
    if (staging / CERTIFICATES_FILE).exists():
        bundle = f"{STAGING_MOUNT}/{CERTIFICATES_FILE}"
        given.update(SSL_CERT_FILE=bundle, REQUESTS_CA_BUNDLE=bundle)
    return given


def _copy_certificates(staging: Path) -> None:
    """Take the host's bundle along, which a company may have added its own certificate to."""
    bundle = os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile
    if bundle and Path(bundle).is_file():
        shutil.copyfile(bundle, staging / CERTIFICATES_FILE)
        (staging / CERTIFICATES_FILE).chmod(0o644)


def _read_outcome(staging: Path) -> dict[str, str]:
    try:
        document = read_json(staging / OUTCOME_FILE, OUTCOME_LIMIT_BYTES)
    except (FileNotFoundError, UnsafeFile):
        return {}
    pairs = document.items() if isinstance(document, dict) else ()
    return {str(name): str(reason) for name, reason in pairs}


@contextmanager
def _one_at_a_time(settings: Settings, limit_seconds: float) -> Iterator[None]:
    """Hold the lock of the cache, which lies beside it: containers can open what is inside.

    Raises:
        TimeoutError: another process has not left it within ``limit_seconds``.
    """
    path = settings.home / "datasets.lock"
    lock = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        if not wait_for_lock(lock, limit_seconds):
            raise TimeoutError(f"another process has held {path} for {limit_seconds:.0f} seconds")
        yield
    finally:
        os.close(lock)


def _missing(name: str, place: str, settings: Settings, reason: str) -> str:
    cache = settings.datasets
    origin = f" from {settings.dataset_mirror}" if settings.dataset_mirror else ""
    said = "".join(sign if sign.isprintable() else " " for sign in reason)[:REASON_LIMIT_CHARACTERS].rstrip(". ")
    files = missing_files(cache, name)
    source = DATASETS[name].source
    names = ", ".join(path.name for path in files)
    by_hand = (
        f"Put {names} (from {source}) into {files[0].parent}"
        if source
        else f"On a machine with a network, let {name}() run once and copy {names} into {files[0].parent}"
    )
    return (
        f"{place}: {name} is not in {cache}, and training has no network. "
        f"Downloading it with the library's own loader{origin} failed: {said or 'no file came out of it'}. "
        f"{by_hand}, then clear this run."
    )


def _unknown(name: str, place: str, cache: Path) -> str:
    library = "scikit_learn_data" if name.startswith("sklearn.") else "keras"
    return (
        f"{place}: {name} cannot be downloaded beforehand, since what it fetches depends on its arguments, and "
        f"training has no network. Unless it is there already, put what the library keeps of it into {cache / library}."
    )
