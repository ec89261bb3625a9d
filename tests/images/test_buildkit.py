"""The Dockerfiles build on BuildKit as well; the classic builder is what the product asks every engine for."""

import os
import shutil
import subprocess
from pathlib import Path

import docker
import pytest

from pushtune.commands.build_images import ensure_images
from pushtune.running.image_catalog import find_image, input_files
from pushtune.settings import PROJECT_FOLDER

pytestmark = [pytest.mark.docker, pytest.mark.slow]

TAG = "pushtune-test-buildkit:1"
BUILD_SECONDS = 300


def client_with_buildkit() -> str | None:
    """A client up to 20.10 has BuildKit inside, a newer one needs its plugin."""
    for program in filter(None, (shutil.which("docker"), shutil.which("docker", path="/usr/bin"))):
        version = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=True)
        plugin = subprocess.run([program, "buildx", "version"], capture_output=True, timeout=60, check=False)
        if "version 20." in version.stdout or plugin.returncode == 0:
            return program
    return None


def test_a_family_image_builds_on_buildkit(tmp_path: Path) -> None:
    program = client_with_buildkit()
    if program is None:
        pytest.skip("No client here can use BuildKit.")
    parent = ensure_images(["keras"])["keras"]
    for path in input_files(find_image("dense")):
        folder = PROJECT_FOLDER / "images" / "dense"
        target = tmp_path / path.relative_to(folder if path.is_relative_to(folder) else PROJECT_FOLDER)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    command = [program, "build", "--network=none", f"--build-arg=PARENT={parent}", f"--tag={TAG}", str(tmp_path)]
    engine = docker.from_env()
    try:
        built = subprocess.run(
            command, env={**os.environ, "DOCKER_BUILDKIT": "1"}, capture_output=True, text=True, timeout=BUILD_SECONDS,
            check=False,
        )  # fmt: skip
        assert built.returncode == 0, built.stderr
        assert "exporting to image" in built.stderr  # what BuildKit says, and the classic builder does not
        engine.containers.run(TAG, ["-c", "import pushtune_runtime"], entrypoint="python", remove=True)  # raises
        assert engine.images.get(TAG).attrs["Config"]["User"] == "10001"
    finally:
        if engine.images.list(name=TAG):
            engine.images.remove(TAG, force=True)
        engine.close()
