"""What a container of pushed code may do: as little as training, or serving, needs.

The code inside comes from whoever can push, so it gets no privileges, no network, no secrets, a read-only system, and
a bound on everything that it could use up.
"""

from typing import Any

from docker.types import LogConfig, Mount, Ulimit

from pushtune.running.accelerator import host_config_fields
from pushtune.settings import Settings
from pushtune_contract import layout, serving

SHARED_MEMORY_BYTES = 256 * 2**20
OPEN_FILES_LIMIT = 4096
LOG_FILE_BYTES = 16 * 2**20
LOG_FILES = 2
EXTRA_DATA_MOUNT = layout.DATA_MOUNT
NANO_CPUS_PER_CORE = 10**9


def host_config_arguments(settings: Settings, spec: dict[str, Any]) -> dict[str, Any]:
    """Return the keyword arguments of ``create_host_config`` for the trial ``spec`` (see ``prepare_trial``)."""
    return {
        **_sandbox(settings, settings.trial_memory_bytes, spec.get("cpus", settings.trial_cpus)),
        "network_mode": "bridge" if spec.get("network") else "none",
        "mounts": _mounts(settings, spec),
        **host_config_fields(spec.get("accelerator")),
    }


def serving_arguments(settings: Settings, model_folder: str, socket_folder: str) -> dict[str, Any]:
    """Return the same for the container that serves a model: it can write its socket, and nothing else."""
    return {
        **_sandbox(settings, settings.serving_memory_bytes, settings.serving_cpus),
        "network_mode": "none",
        "mounts": [
            Mount(serving.MODEL_MOUNT, model_folder, type="bind", read_only=True),
            Mount(serving.SOCKET_MOUNT, socket_folder, type="bind"),
        ],
    }


def _sandbox(settings: Settings, memory_bytes: int, cpus: float) -> dict[str, Any]:
    """What holds for all pushed code.

    ``memswap_limit`` equals ``mem_limit``: no swap, so that a trial that needs too much memory ends by itself and the
    machine stays responsive. ``init`` forwards signals and collects zombies. ``/tmp`` is memory of the container; code
    may be loaded from it, since just-in-time compilers do and the folder of the trial allows it as well.
    """
    return {
        "auto_remove": False,
        "init": True,
        "privileged": False,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "read_only": True,
        "tmpfs": {"/tmp": f"rw,exec,nosuid,nodev,size={settings.trial_temporary_bytes},mode=1777"},  # noqa: S108
        "ipc_mode": "private",
        "shm_size": SHARED_MEMORY_BYTES,
        "mem_limit": memory_bytes,
        "memswap_limit": memory_bytes,
        "nano_cpus": int(cpus * NANO_CPUS_PER_CORE),
        "pids_limit": settings.trial_processes,
        "ulimits": [
            Ulimit(name="core", soft=0, hard=0),
            Ulimit(name="fsize", soft=settings.trial_disk_bytes, hard=settings.trial_disk_bytes),
            Ulimit(name="nofile", soft=OPEN_FILES_LIMIT, hard=OPEN_FILES_LIMIT),
        ],
        "log_config": LogConfig(
            type="json-file", config={"max-size": str(LOG_FILE_BYTES), "max-file": str(LOG_FILES)}
        ),
        "restart_policy": {"Name": "no"},
    }


def _mounts(settings: Settings, spec: dict[str, Any]) -> list[Mount]:
    mounts = [
        Mount(layout.TRIAL_MOUNT, spec["folder"], type="bind"),
        Mount(layout.CODE_MOUNT, spec["checkout"], type="bind", read_only=True),
        Mount(layout.DATASETS_MOUNT, str(settings.datasets), type="bind", read_only=True),
    ]
    if spec.get("data_folder"):
        mounts.append(Mount(EXTRA_DATA_MOUNT, spec["data_folder"], type="bind", read_only=True))
    return mounts
