"""Environments of repositories: real images on a real family's image, from an index of our own."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from tests.running.repository_runs import prepare, repository, train
from tests.running.wheel_index import WheelIndex, index

from pushtune.commands.build_images import ensure_images
from pushtune.errors import EnvironmentTooLarge, ImageBroken, ImageMissing, RequirementMissing
from pushtune.pipeline.environment import make_ready
from pushtune.running import environment_image
from pushtune.running.container_engine import connect
from pushtune.running.environment_image import Environment, ensure_environment, environment_tag
from pushtune.running.image_catalog import COMPOSE_NAMES, image_tag
from pushtune.running.image_contents import look_into
from pushtune.running.image_use import remove_unused_images
from pushtune.running.requirement_needs import Need, read_needs
from pushtune.settings import Settings

__all__ = ["index"]
pytestmark = pytest.mark.docker
CLASSICAL = """\
import tabulate
from sklearn.linear_model import LogisticRegression
from sklearn.datasets import load_iris
x, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=200).fit(x, y)
print(tabulate.tabulate([["score", model.score(x, y)]]))
"""


def needs(*lines: str) -> list[Need]:
    return read_needs(
        {"line": line.lstrip("!"), "file": "requirements.txt", "line_number": number, "is_imported": line[0] == "!"}
        for number, line in enumerate(lines, start=1)
    )


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    found = docker.from_env(timeout=600)
    yield found
    found.close()


@pytest.fixture(scope="module")
def family() -> str:
    return ensure_images(["classical"])["classical"]


@pytest.fixture
def settings(tmp_path: Path, client: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """An installation of its own; the environments that it built are removed."""
    home = Settings(home=tmp_path / "home", trial_memory_bytes=2**31)
    yield home
    for image in client.images.list(filters={"label": f"pushtune.image={environment_image.NAME}"}):
        if image.labels[environment_image.INSTALLATION_LABEL] == environment_image.installation_id(home):
            client.images.remove(image.id, force=True)


@pytest.fixture
def installer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, family: str, client: Any) -> Path:
    """The installer comes from the usual index, before pip is pointed at another one."""
    home = Settings(home=tmp_path / "home")
    home.home.mkdir()
    environment_image._installer(look_into(client, family).platform, home)
    return home.home


def make(client: Any, family: str, settings: Settings, *lines: str) -> Environment:
    return ensure_environment(client, family, needs(*lines), settings, lambda line: None)


def output(client: Any, tag: str, code: str) -> str:
    text: bytes = client.containers.run(
        tag, ["-c", code], entrypoint=["python"], remove=True, network_mode="none", read_only=True
    )
    return text.decode()


def test_without_needs_the_image_of_the_family_is_the_environment(settings: Settings, client: Any, family: str) -> None:
    assert make(client, family, settings) == Environment(family)


@pytest.mark.slow
def test_what_is_needed_is_there_compiled_and_kept(
    installer: Path, index: WheelIndex, settings: Settings, client: Any, family: str
) -> None:
    index.add("helpful", "1.2", "other", module="VALUE = 42")
    index.add("other", "3.0")
    index.add("numpy", "99.0", module="raise SystemExit('the wrong one')")
    environment = make(client, family, settings, "!helpful", "absent", "numpy==1.16.4")
    assert environment.built
    assert environment.packages == ["helpful==1.2", "other==3.0"]
    numpy = look_into(client, family).distributions["numpy"]
    assert environment.warnings == [
        "requirements.txt:2: absent is left out: the package index has no such package",
        f"requirements.txt:3: numpy==1.16.4 is not applied: the image brings numpy {numpy}",
    ]
    code = (
        "import helpful, other, pathlib, numpy; "
        "print(helpful.VALUE, pathlib.Path(helpful.__cached__).exists(), numpy.__version__)"
    )
    assert output(client, environment.tag, code) == f"42 True {numpy}\n"
    again = make(client, family, settings, "!helpful", "absent", "numpy==1.16.4")
    assert (again.tag, again.built, again.warnings) == (environment.tag, False, environment.warnings)
    config, usual = (client.images.get(tag).attrs["Config"] for tag in (environment.tag, family))
    assert [config[key] for key in ("User", "Entrypoint", "Env", "WorkingDir")] == [
        usual[key] for key in ("User", "Entrypoint", "Env", "WorkingDir")
    ]
    assert not config["Cmd"]
    assert not list(settings.scratch.glob("*-*"))


def test_a_failure_leaves_no_image(index: WheelIndex, settings: Settings, client: Any, family: str) -> None:
    with pytest.raises(RequirementMissing, match=r"requirements.txt:1: absent"):
        make(client, family, settings, "!absent")
    assert not client.images.list(name=environment_tag(family, needs("!absent")))


def test_what_would_fill_the_disk_is_refused(
    index: WheelIndex, settings: Settings, client: Any, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.add("large", "1.0", module="#" * 5000)
    monkeypatch.setattr(environment_image, "INSTALLED_LIMIT_BYTES", 4000)
    with pytest.raises(EnvironmentTooLarge, match=r"at most 0 GiB.*1 distributions.*Remove what"):
        make(client, family, settings, "!large")


def test_equal_needs_share_an_image() -> None:
    assert environment_tag("pushtune/cnn:1", needs("!a", "b")) == environment_tag("pushtune/cnn:1", needs("b", "!a"))
    different = [
        environment_tag("pushtune/cnn:1", needs("!a", "b")), environment_tag("pushtune/cnn:2", needs("!a", "b")),
        environment_tag("pushtune/cnn:1", needs("!a", "b==1")), environment_tag("pushtune/cnn:1", needs("!a", "!b")),
    ]  # fmt: skip
    assert len(set(different)) == len(different)


@pytest.mark.slow
def test_environments_that_nobody_asks_for_go(
    installer: Path, index: WheelIndex, settings: Settings, client: Any, family: str
) -> None:
    index.add("first", "1.0")
    index.add("second", "1.0")
    old = make(client, family, settings, "!first").tag
    kept = make(client, family, settings, "!second").tag
    long_ago = time.time() - 15 * 86_400
    for tag in (old, kept):
        os.utime(settings.home / "environments" / tag.rpartition(":")[2], (long_ago, long_ago))
    assert remove_unused_images(settings.model_copy(update={"image_unused_days": 16.0}), []) == []
    assert remove_unused_images(settings.model_copy(update={"home": settings.home / "another"}), []) == []
    roomy = settings.model_copy(update={"image_unused_days": 16.0, "images_limit_bytes": 2**40})
    assert remove_unused_images(roomy, []) == []
    tight = roomy.model_copy(update={"images_limit_bytes": 0})
    assert remove_unused_images(tight, [old, kept]) == [], "what a kept run was trained in stays"
    (record,) = remove_unused_images(settings, [kept])
    assert record["what"] == old and record["bytes"] > 0 and "unused for 15 days" in record["reason"]
    assert (client.images.list(name=old), len(client.images.list(name=kept))) == ([], 1)
    (record,) = remove_unused_images(tight, [])
    assert record["what"] == kept and "all together" in record["reason"]


def test_an_image_that_is_missing_is_named(client: Any) -> None:
    with pytest.raises(ImageMissing, match="pushtune/absent:1"):
        look_into(client, "pushtune/absent:1")


def test_an_image_without_python_is_named(client: Any, family: str) -> None:
    with pytest.raises(ImageBroken, match=r"program python9 in an image must be Python"):
        look_into(client, family, "python9")


@pytest.mark.slow
def test_a_repository_with_a_list_of_requirements_trains(settings: Settings, client: Any, tmp_path: Path) -> None:
    """With the index of this host: ``tabulate`` is a small distribution without dependencies."""
    files = {"train.py": CLASSICAL, "requirements.txt": "tabulate\nscikit-learn==0.19\n"}
    checkout = repository(tmp_path / "code", files)
    prepared = prepare(checkout, settings)
    assert [package.partition("==")[0] for package in prepared.image["packages"]] == ["tabulate"]
    engine = connect("unix:///var/run/docker.sock", 60)
    result = train(prepared, settings, engine, [])
    engine.close()
    assert result.status == "done" and result.objective is not None
    again = make_ready(prepared.inspection, checkout, False, settings)
    assert (again["image_tag"], again["packages"]) == (prepared.image["image_tag"], prepared.image["packages"])


def test_no_name_of_an_image_is_taken(family: str) -> None:
    assert environment_image.NAME not in (*COMPOSE_NAMES, image_tag("classical"))
