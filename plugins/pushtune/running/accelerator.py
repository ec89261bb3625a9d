"""Whether trainings get an NVIDIA GPU: what the engine offers, whether there is one, and what a container needs for it.

An engine offers one through NVIDIA's runtime, or through CDI (Docker 28.2 and newer list those devices). That a runtime
is registered does not mean that a GPU is there, so a small container asks the driver before an image of gigabytes is
built.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import requests
from docker.errors import DockerException
from docker.types import DeviceRequest

from pushtune.errors import AcceleratorMissing
from pushtune.settings import Settings

RUNTIME, CDI = "runtime", "cdi"
NVIDIA_RUNTIME = "nvidia"
CDI_KIND = "nvidia.com/gpu"
ENVIRONMENT = {"NVIDIA_VISIBLE_DEVICES": "all", "NVIDIA_DRIVER_CAPABILITIES": "compute,utility"}
REASON_LIMIT_CHARACTERS = 300
PROBE_MEMORY_BYTES = 512 * 2**20
PROBE_SECONDS = 60
PROBE_LABEL = "pushtune.probe"

# cuInit and cuDeviceGetCount of CUDA's driver API; 0 is success.
_PROBE = """
import ctypes
try:
    driver, count = ctypes.CDLL("libcuda.so.1"), ctypes.c_int()
    code = driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count))
    print(count.value if code == 0 else f"the driver says {code}")
except OSError as error:
    print(error)
"""


@dataclass(frozen=True)
class Choice:
    """Attributes: accelerator (None: the CPU; else JSON data with ``kind`` and ``name``); reason: why, for people."""

    accelerator: dict[str, str] | None
    reason: str = ""


def choose(client: Any, settings: Settings, probe_image: Any) -> Choice:
    """Return what trainings of code that can use a GPU get from the engine of ``client``.

    Args:
        probe_image: returns the tag of an image with Python; called only where a GPU is offered.

    Raises:
        AcceleratorMissing: the settings ask for a GPU that the engine does not offer.
    """
    if settings.accelerator == "cpu":
        return Choice(None)
    offered = find_offer(client.info())
    if settings.accelerator == "gpu":
        return Choice(_required(offered, client), "PUSHTUNE_ACCELERATOR=gpu")
    if offered is None:
        return Choice(None)
    said = ask_driver(client, offered, probe_image())
    if said.isdigit() and int(said) > 0:
        return Choice(offered, f"the engine's {offered['name']} gives {said} GPU(s)")
    return Choice(
        None,
        f"The Docker engine offers {offered['name']}, but no GPU answers ({said}): training uses the CPU. Check "
        "`nvidia-smi` on its host, or set PUSHTUNE_ACCELERATOR=cpu.",
    )


def _required(offered: dict[str, str] | None, client: Any) -> dict[str, str]:
    if offered is None:
        runtimes = ", ".join(sorted(client.info().get("Runtimes") or {}))
        raise AcceleratorMissing(
            "PUSHTUNE_ACCELERATOR=gpu needs a Docker engine with NVIDIA's runtime, or with its devices listed by CDI.",
            f"an engine with the runtimes {runtimes}",
            "Install NVIDIA's container toolkit (`nvidia-ctk runtime configure`), or set PUSHTUNE_ACCELERATOR=auto.",
        )
    return offered


def find_offer(info: Mapping[str, Any]) -> dict[str, str] | None:
    """Return how the engine whose ``docker info`` is given offers an NVIDIA GPU; None where it does not."""
    if NVIDIA_RUNTIME in (info.get("Runtimes") or {}):
        return {"kind": RUNTIME, "name": NVIDIA_RUNTIME}
    for device in info.get("DiscoveredDevices") or ():
        if device.get("Source") == CDI and str(device.get("ID", "")).startswith(f"{CDI_KIND}="):
            return {"kind": CDI, "name": f"{CDI_KIND}=all"}
    return None


def host_config_fields(accelerator: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the arguments of ``create_host_config`` that give a container the GPUs; none for the CPU."""
    if not accelerator:
        return {}
    if accelerator["kind"] == RUNTIME:
        return {"runtime": accelerator["name"]}
    return {"device_requests": [DeviceRequest(driver=CDI, device_ids=[accelerator["name"]])]}


def ask_driver(client: Any, offered: Mapping[str, str], image: str) -> str:
    """Return how many GPUs a container sees, as digits, or why it sees none."""
    try:
        output = _output_of_probe(client, offered, image)
    except (DockerException, requests.RequestException) as error:
        output = str(getattr(error, "explanation", None) or error).encode()
    text = " ".join(output.decode("utf-8", "replace").split())
    return text[:REASON_LIMIT_CHARACTERS] or "no answer"


def _output_of_probe(client: Any, offered: Mapping[str, str], image: str) -> bytes:
    container = client.containers.create(
        image, ["-c", _PROBE], entrypoint=["python3"], environment=ENVIRONMENT, network_mode="none",
        cap_drop=["ALL"], read_only=True, user="65534", mem_limit=PROBE_MEMORY_BYTES,
        labels={PROBE_LABEL: "gpu"}, **host_config_fields(offered),
    )  # fmt: skip
    try:
        container.start()
        container.wait(timeout=PROBE_SECONDS)  # a driver that is stuck never answers
        return bytes(container.logs())
    finally:
        with suppress(DockerException):
            container.remove(force=True)
        with suppress(DockerException, requests.RequestException):  # what killed tasks have left
            client.containers.prune(filters={"label": PROBE_LABEL, "until": "10m"})
