import os
import shutil
import subprocess
import tarfile

import docker
import pytest

from pushtune.commands import distribution
from pushtune.commands.base_image import Start, find_start, official_reference
from pushtune.errors import BaseImageMissing
from pushtune.settings import PROJECT_FOLDER

pytestmark = pytest.mark.docker
ABSENT = "127.0.0.1:9/no/such/image:1"  # port 9: nothing listens there
needs_packages = pytest.mark.skipif(not distribution.can_install(), reason="needs root on Debian or Ubuntu")


@pytest.fixture
def client():
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture
def project(tmp_path):
    (tmp_path / "images" / "base").mkdir(parents=True)
    (tmp_path / "images" / "base" / "Dockerfile").write_text(f"ARG PARENT={ABSENT}\nFROM ${{PARENT}}\n")
    return tmp_path


def test_the_official_image_is_pinned_to_a_version():
    assert official_reference(PROJECT_FOLDER / "images" / "base" / "Dockerfile") == "python:3.11-slim-bookworm"


def test_an_official_image_that_the_engine_holds_is_used(client, project, tmp_path):
    with tarfile.open(tmp_path / "empty.tar", "w"):
        pass
    client.api.import_image_from_file(str(tmp_path / "empty.tar"), repository="127.0.0.1:9/no/such/image", tag="1")
    try:
        assert find_start(client, "base", lambda line: None, project) == Start(ABSENT)
    finally:
        client.images.remove(ABSENT)


@needs_packages
def test_where_no_registry_answers_the_distribution_is_used_and_the_reason_kept(client, project):
    start = find_start(client, "base", lambda line: None, project)
    assert start.reference is None
    assert "refused" in start.reason


def test_without_registry_and_packages_the_remedy_names_the_ways_out(client, project, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BaseImageMissing, match=r"must be pulled, or made by mmdebstrap.*refused.*docker load.*again"):
        find_start(client, "base", lambda line: None, project)


@needs_packages
def test_the_sources_are_those_of_the_distribution_alone():
    lines = distribution.source_lines()
    policy = subprocess.run(["apt-cache", "policy", "libc6"], capture_output=True, text=True, check=True).stdout
    assert lines
    for line in lines:
        uri, release = [part for part in line.split() if not part.startswith("[")][1:3]
        assert uri.rstrip("/") in policy or release.endswith(("-updates", "-security", "-backports"))


@needs_packages
def test_download_settings_of_the_host_are_taken_along(monkeypatch, tmp_path):
    (tmp_path / "apt.conf").write_text(
        'Acquire::http::Proxy "http://user:word@127.0.0.1:3128";\nAcquire::Retries "2";\nAcquire::Languages "none";\n'
    )
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    options = distribution.acquire_options()
    assert 'Acquire::http::Proxy "http://user:word@127.0.0.1:3128";' in options
    assert 'Acquire::Retries "2";' in options
    assert not any("Languages" in option for option in options)


@pytest.mark.slow
@needs_packages
@pytest.mark.skipif(shutil.which("mmdebstrap") is None, reason="needs mmdebstrap")
def test_a_root_file_system_holds_the_packages_and_no_setting_of_the_host(monkeypatch, tmp_path):
    (tmp_path / "apt.conf").write_text('Acquire::Retries "7";\n')
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    distribution.make_rootfs(["tzdata"], tmp_path / "rootfs.tar")
    with tarfile.open(tmp_path / "rootfs.tar") as archive:
        names = {name.removeprefix("./") for name in archive.getnames()}
        texts = [
            archive.extractfile(member).read() for member in archive
            if member.isfile() and member.name.startswith("./etc/apt/")
        ]  # fmt: skip
    assert {"usr/share/zoneinfo/UTC", "etc/os-release"} <= names
    assert not any(name.startswith("etc/apt/sources.list") or "apt-get" in name for name in names)
    assert not any(b"Retries" in text for text in texts)


@needs_packages
def test_a_package_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(distribution.DistributionFailed, match="no-such-package-anywhere"):
        distribution.install_packages("no-such-package-anywhere")


def test_installing_is_for_root_with_apt(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not distribution.can_install()
    if os.geteuid() == 0:
        (tmp_path / "apt-get").touch(mode=0o755)
        assert distribution.can_install()
