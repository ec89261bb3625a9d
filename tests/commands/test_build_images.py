import io
import os
import subprocess
import sys
import tarfile
import uuid

import docker
import pytest

from pushtune.commands import build_images
from pushtune.commands.build_images import ensure_images
from pushtune.errors import ImageBuildFailed, UnknownImage
from pushtune.running import image_builder
from pushtune.running.image_catalog import find_image, image_tag
from pushtune.settings import PROJECT_FOLDER, load_settings

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def client():
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture(scope="module")
def base():
    return ensure_images(["base"])["base"]


@pytest.fixture
def name(client):
    """A name for images of one test, which are removed at its end."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    yield name
    for image in client.images.list(filters={"label": f"pushtune.image={name}"}):
        client.images.remove(image.id, force=True)


def containers_of(client, name):
    return [container.name for container in client.containers.list(all=True) if name in container.name]


def ignore(line):
    pass


def test_a_second_run_builds_nothing(client, base, capsys):
    before = client.images.get(base).id
    capsys.readouterr()
    assert ensure_images(["base"]) == {"base": image_tag("base")}
    assert client.images.get(base).id == before
    assert capsys.readouterr().out == ""


def test_an_unknown_family_is_refused_before_anything_is_built():
    with pytest.raises(UnknownImage, match="'vgg'"):
        ensure_images(["cnn", "vgg"])


def test_the_command_prints_its_error_and_fails():
    environment = {**os.environ, "PYTHONPATH": f"{PROJECT_FOLDER}/plugins:{PROJECT_FOLDER}/training"}
    command = [sys.executable, "-m", "pushtune.commands.build_images", "vgg"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stdout.startswith("Error: An image must be one of base,")
    assert done.stderr == ""


def test_a_dockerfile_builds_without_a_network_and_carries_its_label(client, base, name):
    dockerfile = b"ARG PARENT\nFROM ${PARENT}\nCOPY a/file /file\nRUN ls /sys/class/net > /net\n"
    context = [("Dockerfile", dockerfile), ("a/file", b"content")]
    image_builder.build_dockerfile(client, f"pushtune/{name}:1", context, {"PARENT": base}, ignore)
    check = 'test "$(cat /file)" = content && test "$(cat /net)" = lo'
    client.containers.run(f"pushtune/{name}:1", ["sh", "-c", check], remove=True, network_mode="none")
    assert client.images.get(f"pushtune/{name}:1").labels["pushtune.image"] == name


def test_a_failing_dockerfile_shows_its_last_lines(client, base, name):
    context = [("Dockerfile", b"ARG PARENT\nFROM ${PARENT}\nRUN echo the reason && exit 3\n")]
    with pytest.raises(ImageBuildFailed, match=rf"(?s)pushtune/{name}:1 must build.*the reason.*code: 3"):
        image_builder.build_dockerfile(client, f"pushtune/{name}:1", context, {"PARENT": base}, ignore)


def test_a_dockerfile_that_cannot_be_read_is_an_error_of_the_build(client, name):
    with pytest.raises(ImageBuildFailed, match="(?i)unknown instruction"):
        image_builder.build_dockerfile(client, f"pushtune/{name}:1", [("Dockerfile", b"FORM x\n")], {}, ignore)


def test_a_container_becomes_an_image_without_its_working_files(client, base, name):
    script = b"open('/made', 'w').write(open('/mnt/input').read()); print('installing')"
    members = [("script.py", script), ("input", b"42")]
    heard = []
    image_builder.build_by_running(client, f"pushtune/{name}:1", base, "script.py", members, heard.append)
    # Judged by the exit code: on a busy machine the engine may lose the output of a container that ends at once.
    check = 'test "$(cat /made)" = 42 && test -z "$(ls /mnt)"'
    client.containers.run(f"pushtune/{name}:1", ["sh", "-c", check], remove=True, network_mode="none")
    config = client.images.get(f"pushtune/{name}:1").attrs["Config"]
    assert config["Volumes"] is None
    assert config["Labels"]["pushtune.image"] == name
    assert "installing" in heard
    assert containers_of(client, name) == []


def test_a_failing_script_shows_its_last_lines_and_leaves_nothing(client, base, name):
    members = [("script.py", b"raise SystemExit('the reason')")]
    with pytest.raises(ImageBuildFailed, match="the reason"):
        image_builder.build_by_running(client, f"pushtune/{name}:1", base, "script.py", members, ignore)
    assert containers_of(client, name) == []
    assert not image_builder.image_exists(client, f"pushtune/{name}:1")


def test_what_a_killed_build_left_is_taken_over(client, base, name):
    client.containers.create(base, ["true"], name=f"pushtune-build-{name}-1")
    image_builder.build_by_running(client, f"pushtune/{name}:1", base, "script.py", [("script.py", b"")], ignore)
    assert containers_of(client, name) == []


def test_a_missing_parent_is_an_error_of_the_build(client, name):
    with pytest.raises(ImageBuildFailed, match="(?i)no such image"):
        image_builder.build_by_running(client, f"pushtune/{name}:1", "pushtune/absent:1", "s.py", [], ignore)


def test_a_full_disk_is_named():
    error = image_builder.build_failed("pushtune/cnn:1", "write /layer: no space left on device")
    assert "Free some disk space" in str(error)


@pytest.mark.parametrize(("image", "limit"), [("base", "FREE"), ("gpu-libraries", "GPU")])
def test_too_little_space_is_refused_before_the_work(client, monkeypatch, image, limit):
    monkeypatch.setattr(build_images, "FREE_SPACE_REQUIRED_BYTES", 0)
    monkeypatch.setattr(build_images, f"{limit}_SPACE_REQUIRED_BYTES", 2**60)
    with pytest.raises(ImageBuildFailed, match=r"needs 1073741824 GiB of free disk space.*Received: [\d.]+ GiB"):
        build_images._require_space(client, [find_image(image)])


def test_too_little_space_for_the_image_for_gpus_names_the_way_around_it(client, monkeypatch):
    monkeypatch.setattr(build_images, "GPU_SPACE_REQUIRED_BYTES", 2**60)
    with pytest.raises(ImageBuildFailed, match="PUSHTUNE_ACCELERATOR=cpu does without"):
        build_images._require_space(client, [find_image("gpu-libraries")])


def import_image(client, name, version):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(tarfile.TarInfo(version))
    changes = [f"LABEL pushtune.image={name}"]
    client.api.import_image_from_data(archive.getvalue(), repository=f"pushtune/{name}", tag=version, changes=changes)


def test_images_of_earlier_contents_go_unless_they_are_young(client, name, monkeypatch):
    for version in ("old", "new"):
        import_image(client, name, version)
    assert image_builder.remove_old_images(client, [f"pushtune/{name}:new"]) == []
    monkeypatch.setattr(image_builder, "KEPT_SECONDS", -5)
    assert image_builder.remove_old_images(client, [f"pushtune/{name}:new"]) == [f"pushtune/{name}:old"]
    assert image_builder.image_exists(client, f"pushtune/{name}:new")


def test_builds_wait_for_each_other(tmp_path):
    """The second process is let in only when the first has left."""
    code = (
        "import sys, time; from pushtune.commands.build_images import _only_one\n"
        "with _only_one():\n print('in', flush=True); sys.stdin.read(); print('out', flush=True)\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{PROJECT_FOLDER}/plugins:{PROJECT_FOLDER}/training",
                   "TMPDIR": str(tmp_path)}  # fmt: skip
    command = [sys.executable, "-c", code]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment, text=True) as first:
        assert first.stdout.readline() == "in\n"
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment, text=True) as second:
            assert second.stdout.readline() == "... Wait for another process that builds images\n"
            first.stdin.close()
            assert first.stdout.readline() == "out\n"
            assert second.stdout.readline().startswith("ok  Wait for another process")
            assert second.stdout.readline() == "in\n"
            second.stdin.close()


def test_the_home_folder_is_left_clean(base, tmp_path):
    settings = load_settings({"PUSHTUNE_HOME": str(tmp_path / "home")})
    ensure_images(["base"], settings)
    assert not list(settings.scratch.glob("*-*"))


def test_an_image_that_does_not_say_which_python_it_holds_is_refused(client, name, tmp_path):
    dockerfile = b"ARG PARENT\nFROM ${PARENT}\nRUN ln -sf /bin/true /opt/venv/bin/python3\n"
    context = [("Dockerfile", dockerfile)]
    image_builder.build_dockerfile(client, f"pushtune/{name}:1", context, {"PARENT": image_tag("base")}, ignore)
    build = build_images._Build(client, {}, [], tmp_path)
    with pytest.raises(ImageBuildFailed, match=rf"pushtune/{name}:1 must say which Python.*no output"):
        build._python_of(f"pushtune/{name}:1")
