"""Who gets a GPU: what is decided from the engine's offer, and what a container is given, on a real engine with one.

No GPU is needed: the runtime "nvidia" of the second engine is plain runc, and CUDA's driver a library of four lines.
"""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from tests.running.gpu_engine import copy_image, second_engine

from pushtune.commands.build_images import ensure_images
from pushtune.errors import AcceleratorMissing, InvalidSetting
from pushtune.pipeline.environment import accelerator_of_spec
from pushtune.running.accelerator import CDI, RUNTIME, Choice, ask_driver, choose, find_offer, host_config_fields
from pushtune.running.container_engine import ContainerEngine
from pushtune.running.hardening import host_config_arguments
from pushtune.running.image_builder import build_dockerfile
from pushtune.running.image_catalog import FAMILY_NAMES, GPU_FAMILIES, GPU_NAME, image_tag, input_files, lineage
from pushtune.settings import PROJECT_FOLDER, Settings, load_settings

NVIDIA = {"kind": RUNTIME, "name": "nvidia"}
DEVICES = {"kind": CDI, "name": "nvidia.com/gpu=all"}
SPEC = {"folder": "/w/trials/003", "checkout": "/w/checkout", "network": False, "data_folder": None}
DRIVER = """
int cuInit(unsigned flags) { return 0; }
int cuDeviceGetCount(int *count) { *count = 2; return 0; }
"""


class Engine:
    """What ``choose`` asks of an engine before it starts a container."""

    def __init__(self, *runtimes: str) -> None:
        self.runtimes = runtimes

    def info(self) -> dict[str, Any]:
        return {"Runtimes": dict.fromkeys(self.runtimes, {})}


def never() -> str:
    raise AssertionError("no image may be needed")


@pytest.mark.parametrize(
    ("info", "offer"),
    [
        ({}, None),
        ({"Runtimes": {"runc": {}}}, None),
        ({"Runtimes": {"runc": {}, "nvidia": {}}}, NVIDIA),
        ({"Runtimes": None, "DiscoveredDevices": None}, None),
        ({"DiscoveredDevices": [{"Source": "cdi", "ID": "nvidia.com/gpu=0"}]}, DEVICES),
        ({"DiscoveredDevices": [{"Source": "cdi", "ID": "amd.com/gpu=0"}, {}]}, None),
    ],
)
def test_what_an_engine_offers(info: dict[str, Any], offer: dict[str, str] | None) -> None:
    assert find_offer(info) == offer


def test_the_cpu_asks_nothing() -> None:
    assert choose(None, Settings(accelerator="cpu"), never) == Choice(None)
    assert choose(Engine("runc"), Settings(), never) == Choice(None)


def test_a_gpu_that_is_asked_for_must_be_offered() -> None:
    wanted = Settings(accelerator="gpu")
    assert choose(Engine("runc", "nvidia"), wanted, never).accelerator == NVIDIA
    with pytest.raises(AcceleratorMissing, match="needs a Docker engine .* Received: an engine with .* runc. Install"):
        choose(Engine("runc"), wanted, never)
    with pytest.raises(InvalidSetting, match="PUSHTUNE_ACCELERATOR must be valid"):
        load_settings({"PUSHTUNE_ACCELERATOR": "tpu"})


def test_a_container_on_the_cpu_is_what_it_was() -> None:
    plain = host_config_arguments(Settings(), SPEC)
    assert "runtime" not in plain and "device_requests" not in plain
    assert host_config_arguments(Settings(), {**SPEC, "accelerator": None}) == plain
    with_gpu = host_config_arguments(Settings(), {**SPEC, "accelerator": NVIDIA})
    assert with_gpu == {**plain, "runtime": "nvidia"}, "everything else stays as hard"


def test_devices_of_cdi_are_requested_by_name() -> None:
    client = docker.APIClient(base_url="tcp://127.0.0.1:1", version="1.41")
    config = client.create_host_config(**host_config_fields(DEVICES))
    (request,) = config["DeviceRequests"]
    assert (request["Driver"], request["DeviceIDs"]) == ("cdi", ["nvidia.com/gpu=all"])


def test_the_gpu_has_places_that_all_runs_share(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, gpu_trials_at_once=3)
    assert accelerator_of_spec({"accelerator": None}, settings) == accelerator_of_spec({}, settings) == {}
    slots = {"folder": str(tmp_path / "gpu-slots"), "count": 3}
    assert accelerator_of_spec({"accelerator": NVIDIA}, settings) == {"accelerator": {**NVIDIA, "slots": slots}}


def test_the_images_for_the_cpu_know_nothing_of_it() -> None:
    of_gpu = {path for image in lineage(GPU_NAME)[1:] for path in input_files(image)}
    own = {PROJECT_FOLDER / "requirements/images/gpu.txt", PROJECT_FOLDER / "images/gpu/Dockerfile"}
    assert own <= of_gpu
    for name in FAMILY_NAMES:
        assert not own & {path for image in lineage(name) for path in input_files(image)}
        assert image_tag(name) != image_tag(GPU_NAME)
    assert GPU_FAMILIES == ("transformer", "cnn", "rnn", "dense")


@pytest.fixture(scope="module")
def engine() -> Iterator[Any]:
    """A client of an engine that offers a GPU, and holds the base image."""
    tag = ensure_images(["base"])["base"]
    with second_engine() as address, contextlib.closing(docker.DockerClient(base_url=address)) as second:
        with contextlib.closing(docker.from_env()) as first:
            copy_image(first, second, tag)
        yield second


@pytest.fixture(scope="module")
def with_driver(engine: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image in which CUDA's driver finds two GPUs."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    folder = tmp_path_factory.mktemp("driver")
    (folder / "driver.c").write_text(DRIVER)
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-nostdlib", "-o", "libcuda.so.1", "driver.c"], cwd=folder, check=True
    )
    recipe = f"FROM {image_tag('base')}\nCOPY libcuda.so.1 /usr/lib/libcuda.so.1\n"
    context: list[tuple[str, Path | bytes]] = [
        ("Dockerfile", recipe.encode()), ("libcuda.so.1", (folder / "libcuda.so.1").read_bytes()),
    ]  # fmt: skip
    build_dockerfile(engine, "pushtune-test/driver:1", context, {}, lambda line: None)
    return "pushtune-test/driver:1"


@pytest.mark.docker
@pytest.mark.slow
def test_a_runtime_without_a_gpu_leaves_training_on_the_cpu(engine: Any) -> None:
    choice = choose(engine, Settings(), lambda: image_tag("base"))
    assert choice.accelerator is None
    assert choice.reason.startswith("The Docker engine offers nvidia, but no GPU answers (libcuda.so.1: cannot open")


@pytest.mark.docker
@pytest.mark.slow
def test_a_gpu_that_answers_is_used(engine: Any, with_driver: str) -> None:
    choice = choose(engine, Settings(), lambda: with_driver)
    assert choice == Choice(NVIDIA, "the engine's nvidia gives 2 GPU(s)")


@pytest.mark.docker
@pytest.mark.slow
def test_an_engine_that_cannot_start_the_container_says_why(engine: Any) -> None:
    said = ask_driver(engine, {"kind": RUNTIME, "name": "absent"}, image_tag("base"))
    assert "absent" in said and not said.isdigit()
    assert "cdi" in ask_driver(engine, DEVICES, image_tag("base")).lower()


@pytest.mark.docker
@pytest.mark.slow
def test_a_training_container_runs_under_the_runtime_of_the_gpu(engine: Any, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    spec: dict[str, Any] = {"accelerator": {**NVIDIA, "slots": {"folder": str(tmp_path / "gpu-slots"), "count": 1}}}
    for name in ("folder", "checkout"):
        spec[name] = str(tmp_path / name)
        (tmp_path / name).mkdir()
    settings.datasets.mkdir()
    trials = ContainerEngine(engine.api)
    container = trials.create(
        "pushtune-test-gpu", image_tag("base"), host_config_arguments(settings, spec),
        entrypoint=["python", "-c"], command=["print('trained')"], user="10001:10001",
    )  # fmt: skip
    try:
        assert engine.api.inspect_container(container)["HostConfig"]["Runtime"] == "nvidia"
        trials.start(container)
        assert b"".join(trials.logs(container, 10, follow=True)) == b"trained\n"
    finally:
        trials.remove(container)
