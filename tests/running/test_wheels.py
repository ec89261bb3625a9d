import base64
import hashlib
import zipfile

import pytest

from pushtune.errors import ImageBuildFailed
from pushtune.running.wheels import Platform, download_wheels, select_requirements
from pushtune.settings import PROJECT_FOLDER

PLATFORM = Platform("3.11.2", "x86_64")
LOCK = """\
colour==1.0 ; sys_platform == 'win32' \\
    --hash=sha256:aa \\
    --hash=sha256:bb
    # via shades
numeric==2.4 ; python_full_version < '3.12' \\
    --hash=sha256:cc
    # via
    #   one
    #   two
numeric==2.5 ; python_full_version >= '3.12' \\
    --hash=sha256:dd
fast==1 ; platform_machine == 'aarch64' \\
    --hash=sha256:ee
# The following packages were excluded from the output:
# huge
"""


def make_wheel(folder, name, tag="py3-none-any"):
    """Write a wheel without content; return the line of a lock file that names it."""
    path = folder / f"{name}-1.0-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{name}-1.0.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        archive.writestr(f"{name}-1.0.dist-info/RECORD", "")
    return f"{name}==1.0 \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder of wheels that the host's pip is configured to use, and nothing else."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        (Platform("3.11.2", "x86_64"), ["numeric==2.4"]),
        (Platform("3.13.0", "x86_64"), ["numeric==2.5"]),
        (Platform("3.11.2", "aarch64"), ["numeric==2.4", "fast==1"]),
    ],
)
def test_markers_are_decided_by_the_python_of_the_image(platform, expected):
    selected = select_requirements(LOCK, platform)
    assert [line.split()[0] for line in selected.splitlines() if "==" in line] == expected


def test_hashes_stay_and_comments_go():
    assert select_requirements(LOCK, PLATFORM) == "numeric==2.4 \\\n    --hash=sha256:cc\n"


def test_what_the_images_below_hold_is_left_out():
    assert select_requirements(LOCK, PLATFORM, installed="numeric==2.4 \\\n    --hash=sha256:cc\n") == ""


def test_the_families_agree_with_the_framework_on_every_version():
    folder = PROJECT_FOLDER / "requirements" / "images"
    framework = select_requirements((folder / "keras.txt").read_text(), PLATFORM)
    names = {line.partition("==")[0] for line in framework.splitlines() if "==" in line}
    for family in ("cnn", "rnn", "transformer"):
        added = select_requirements((folder / f"{family}.txt").read_text(), PLATFORM, installed=framework)
        assert names.isdisjoint({line.partition("==")[0] for line in added.splitlines() if "==" in line}), family


def test_downloads_what_fits_the_image_and_says_so(index, tmp_path):
    lock = make_wheel(index, "pure") + make_wheel(index, "native", "cp311-cp311-manylinux_2_28_x86_64")
    make_wheel(index, "native", "cp312-cp312-manylinux_2_28_x86_64")
    heard = []
    wheels = download_wheels(lock, tmp_path / "wheels", PLATFORM, heard.append)
    assert [path.name.removesuffix(".whl") for path in wheels] == [
        "native-1.0-cp311-cp311-manylinux_2_28_x86_64", "pure-1.0-py3-none-any",
    ]  # fmt: skip
    assert any("native" in line for line in heard)


def test_a_wheel_with_other_content_is_refused(index, tmp_path):
    lock = make_wheel(index, "pure").replace("sha256:", "sha256:" + "0" * 8)[:-9] + "\n"
    with pytest.raises(ImageBuildFailed, match=r"(?s)DO NOT MATCH THE HASHES.*do not trust it"):
        download_wheels(lock, tmp_path / "wheels", PLATFORM)


def test_a_source_archive_is_never_taken(index, tmp_path):
    (index / "risky-1.0.tar.gz").write_bytes(base64.b64decode("H4sIAAAAAAAAAwMAAAAAAAAAAAA="))
    with pytest.raises(ImageBuildFailed, match=r"(?s)No matching distribution.*pip config list"):
        download_wheels("risky==1.0 --hash=sha256:" + "0" * 64 + "\n", tmp_path / "wheels", PLATFORM)


def test_a_network_that_does_not_answer_is_named(index, tmp_path, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(ImageBuildFailed, match=r"(?s)Received: .*Check the network"):
        download_wheels("pure==1.0 --hash=sha256:" + "0" * 64 + "\n", tmp_path / "wheels", PLATFORM)
