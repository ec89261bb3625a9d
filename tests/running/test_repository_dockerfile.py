"""A repository's own Dockerfile: really built on an image of this engine, and trained in."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from tests.running.repository_runs import prepare, repository, train

from pushtune.commands.build_images import ensure_images
from pushtune.errors import DockerfileFailed, DockerfileRefused
from pushtune.running import repository_dockerfile
from pushtune.running.container_engine import connect
from pushtune.running.image_contents import ImageContents
from pushtune.running.repository_dockerfile import ensure_repository_image, repository_tag
from pushtune.running.wheels import Platform
from pushtune.settings import Settings

pytestmark = pytest.mark.docker
SCRIPT = """\
import own_library
from sklearn.linear_model import LogisticRegression
from sklearn.datasets import load_iris
x, y = load_iris(return_X_y=True)
print(own_library.NAME, LogisticRegression(max_iter=200).fit(x, y).score(x, y))
"""


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    found = docker.from_env(timeout=600)
    yield found
    found.close()


@pytest.fixture(scope="module")
def parent() -> str:
    """An image with Python and scikit-learn, without our runtime."""
    return ensure_images(["classical-libraries"])["classical-libraries"]


@pytest.fixture
def settings(tmp_path: Path, client: Any) -> Iterator[Settings]:
    ours = {"label": f"pushtune.image={repository_dockerfile.NAME}"}
    before = {image.id for image in client.images.list(filters=ours)}
    yield Settings(home=tmp_path / "home", trial_memory_bytes=2**31)
    for image in client.images.list(filters=ours):
        if image.id not in before:
            client.images.remove(image.id, force=True)


def build(client: Any, settings: Settings, folder: Path, dockerfile: str, **files: str) -> str:
    checkout = repository(folder, {"Dockerfile": dockerfile, **files})
    return ensure_repository_image(client, checkout, settings, lambda line: None)


@pytest.mark.slow
def test_a_repository_trains_in_its_own_image(client: Any, parent: str, settings: Settings, tmp_path: Path) -> None:
    dockerfile = (
        f"FROM {parent}\nCOPY library.sh /tmp/\nRUN [\"sh\", \"-c\", \"/tmp/library.sh\"]\nUSER 0\n"
        'HEALTHCHECK CMD false\nCMD ["python", "-c", "1/0"]\n'
    )
    shell = "#!/bin/sh\necho 'NAME = \"mine\"' > /opt/venv/lib/python3.11/site-packages/own_library.py\n"
    checkout = repository(tmp_path / "code", {"train.py": SCRIPT, "Dockerfile": dockerfile, "library.sh": shell})
    (checkout / "library.sh").chmod(0o755)
    prepared = prepare(checkout, settings, own_dockerfile=True)
    lines: list[str] = []
    engine = connect("unix:///var/run/docker.sock", 60)
    result = train(prepared, settings, engine, lines)
    engine.close()
    assert result.status == "done" and result.objective is not None
    assert any(line.startswith("mine 0.9") for line in lines)
    config = client.images.get(prepared.image["image_tag"]).attrs["Config"]
    assert (config["User"], config["Entrypoint"], config["Healthcheck"]["Test"]) == (
        "10001", ["python", "-m", "pushtune_runtime"], ["NONE"],
    )  # fmt: skip
    assert not client.images.list(name=f"{prepared.image['image_tag']}-as-pushed")


def test_no_secret_of_the_host_reaches_the_build(
    client: Any, parent: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://user:secret@127.0.0.1:9")
    configuration = {"proxies": {"default": {"httpProxy": "http://user:secret@127.0.0.1:9"}}}
    (tmp_path / "config.json").write_text(json.dumps(configuration))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    tag = build(client, settings, tmp_path / "code", f"FROM {parent}\nRUN env > /told\n")
    told = client.containers.run(tag, ["/told"], entrypoint=["cat"], remove=True, network_mode="none").decode()
    assert "PATH=" in told
    assert "secret" not in told
    assert "secret" not in str(client.images.get(tag).history())


def test_equal_files_build_once_and_links_stay_inside(
    client: Any, parent: str, settings: Settings, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        checkout = repository(tmp_path / name, {"Dockerfile": f"FROM {parent}\n", "data.txt": "1"})
        (checkout / "link").symlink_to("/etc/shadow")
    assert repository_tag(tmp_path / "one") == repository_tag(tmp_path / "two")
    (tmp_path / "two" / "data.txt").write_text("2")
    assert repository_tag(tmp_path / "one") != repository_tag(tmp_path / "two")


def test_without_a_dockerfile_the_entry_is_wrong(client: Any, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").symlink_to("/etc/hostname")
    with pytest.raises(DockerfileRefused, match=r"must have a Dockerfile at its top.*remove build_dockerfile"):
        ensure_repository_image(client, tmp_path, settings, lambda line: None)


def test_a_failing_instruction_shows_its_last_lines(
    client: Any, parent: str, settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(DockerfileFailed, match=r"(?s)own Dockerfile must build.*the reason.*Correct the Dockerfile"):
        build(client, settings, tmp_path / "code", f"FROM {parent}\nRUN echo the reason && exit 3\n")


def test_a_parent_that_cannot_be_pulled_is_explained(client: Any, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(DockerfileFailed, match=r"(?s)own Dockerfile must build.*No registry answers.*docker load"):
        build(client, settings, tmp_path / "code", "FROM registry.invalid/python:3.11\n")


@pytest.mark.parametrize(("command", "end"), [
    ("sleep 300", "nothing was heard of the build for 3 seconds"), ("yes $$", "the build was ended after 3 seconds"),
])  # fmt: skip
def test_a_build_that_never_ends_is_ended(
    client: Any, parent: str, settings: Settings, tmp_path: Path, command: str, end: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(repository_dockerfile, "BUILD_LIMIT_SECONDS", 3)
    with pytest.raises(DockerfileFailed, match=end):
        build(client, settings, tmp_path / "code", f"FROM {parent}\nRUN {command} # never ends\n")
    for _ in range(100):
        left = [one for one in client.containers.list() if "never ends" in str(one.attrs["Config"]["Cmd"])]
        if not left:
            break
        time.sleep(0.1)
    assert left == []


def test_a_volume_is_refused(client: Any, parent: str, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(DockerfileRefused, match=r"must declare no VOLUME.*/data.*Remove the VOLUME"):
        build(client, settings, tmp_path / "code", f"FROM {parent}\nVOLUME /data\n")


def test_a_trigger_is_refused(client: Any, parent: str, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(DockerfileRefused, match=r"must leave no ONBUILD.*RUN id.*Remove the ONBUILD"):
        build(client, settings, tmp_path / "code", f"FROM {parent}\nONBUILD RUN id\n")


def test_an_image_without_python_is_refused(client: Any, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(DockerfileRefused, match=r"must hold Python"):
        build(client, settings, tmp_path / "code", "FROM scratch\nCOPY Dockerfile /\n")


def test_an_old_python_is_refused() -> None:
    with pytest.raises(DockerfileRefused, match=r"must be 3\.8 or newer.*3\.6\.9"):
        repository_dockerfile._require_python(ImageContents(Platform("3.6.9", "x86_64"), {}))
