"""The search for wheels, with the real pip on an index of its own."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.running.wheel_index import WheelIndex, index

from pushtune.errors import ImageBuildFailed, RequirementConflict, RequirementMissing, RequirementNeedsSources
from pushtune.running import bounded_pip, stub_wheels
from pushtune.running.bounded_pip import Attempt
from pushtune.running.requirement_needs import Need, read_needs
from pushtune.running.wheel_search import Found, WheelSearch
from pushtune.running.wheels import Platform

__all__ = ["index"]
PLATFORM = Platform("3.11.2", "x86_64")


def needs(*lines: str) -> list[Need]:
    """Return needs; a leading ``!`` marks what the entry imports."""
    return read_needs(
        {"line": line.lstrip("!"), "file": "requirements.txt", "line_number": number, "is_imported": line[0] == "!"}
        for number, line in enumerate(lines, start=1)
    )


Search = Callable[..., Found]


@pytest.fixture
def search(tmp_path: Path, index: WheelIndex) -> Search:
    def run(*lines: str, platform: Platform = PLATFORM, **provided: str) -> Found:
        constraints = stub_wheels.write_stubs(provided, tmp_path / "provided")

        def download(asked: Sequence[Need]) -> Attempt:
            return bounded_pip.download(
                [need.line for need in asked], constraints, tmp_path / "download", platform, lambda line: None
            )

        def is_known(name: str) -> bool:
            return bounded_pip.is_known(name, tmp_path / "look", platform)

        return WheelSearch(download, is_known, platform.python_minor).run(needs(*lines))

    return run


def names(found: Found) -> list[str]:
    return ["-".join(path.name.split("-")[:2]) for path in found.wheels]


def test_all_lines_as_they_stand_and_what_they_need(search: Search, index: WheelIndex) -> None:
    index.add("one", "1.0", "three>=1")
    index.add("one", "2.0")
    index.add("two", "1.5")
    index.add("three", "3.0")
    found = search("!one==1.0", "two")
    assert names(found) == ["one-1.0", "three-3.0", "two-1.5"]
    assert found.notes == {}


def test_nothing_needed_asks_nobody(search: Search) -> None:
    assert search() == Found((), {})


def test_markers_are_those_of_the_image(search: Search, index: WheelIndex) -> None:
    index.add("one", "1.0", 'old-helper; python_version < "3.9"', 'new-helper; python_version >= "3.9"')
    index.add("old-helper", "1.0")
    index.add("new-helper", "1.0")
    assert names(search("!one")) == ["new_helper-1.0", "one-1.0"]
    assert names(search("!one", platform=Platform("3.8.10", "x86_64"))) == ["old_helper-1.0", "one-1.0"]


def test_an_old_pin_without_a_wheel_gives_way_to_the_newest(search: Search, index: WheelIndex) -> None:
    index.add("native", "0.9", tag="cp36-cp36m-manylinux1_x86_64")
    index.add("native", "4.0", tag="cp311-cp311-manylinux_2_17_x86_64")
    found = search("!native==0.9")
    assert names(found) == ["native-4.0"]
    assert found.notes == {
        "native": "native==0.9 cannot be had for Python 3.11 beside what the image brings, so the newest that can is "
        "used: native 4.0"
    }


def test_what_the_image_brings_is_not_replaced(search: Search, index: WheelIndex) -> None:
    index.add("numpy", "1.0")
    index.add("helper", "1.0", "numpy<2")
    index.add("helper", "2.0", "numpy>=2")
    found = search("!helper==1.0", numpy="2.4")
    assert names(found) == ["helper-2.0", "numpy-2.4"]
    assert "helper==1.0 cannot be had" in found.notes["helper"]


def test_what_nothing_imports_is_left_out_with_the_reason(search: Search, index: WheelIndex, tmp_path: Path) -> None:
    index.add("used", "1.0")
    index.add("capped", "1.0", "numpy<2")
    index.add_source("sources", "1.2", tmp_path / "witness")
    found = search("!used", "absent==3.1", "sources", "capped", numpy="2.4")
    assert names(found) == ["used-1.0"]
    assert found.notes == {
        "absent": "absent==3.1 is left out: the package index has no such package",
        "sources": "sources is left out: it has no wheel for Python 3.11, and source archives run code while they are "
        "installed",
        "capped": "capped is left out: it cannot be installed beside what the image and the other lines bring",
    }
    assert not (tmp_path / "witness").exists()


def test_an_imported_package_that_does_not_exist(search: Search) -> None:
    with pytest.raises(
        RequirementMissing,
        match=r"must have what the training script imports.*requirements.txt:1: absent==3.1; pip says: .*No matching "
        r"distribution found for absent.*Correct the name at requirements.txt:1",
    ):
        search("!absent==3.1")


def test_an_imported_package_without_a_wheel_is_not_built(search: Search, index: WheelIndex, tmp_path: Path) -> None:
    index.add_source("sources", "1.2", tmp_path / "witness")
    with pytest.raises(RequirementNeedsSources, match=r"source archives run code.*build_dockerfile: true"):
        search("!sources==1.2")
    assert not (tmp_path / "witness").exists()


def test_a_conflict_with_the_image(search: Search, index: WheelIndex) -> None:
    index.add("capped", "1.0", "numpy<2")
    with pytest.raises(
        RequirementConflict, match=r"installable beside.*requirements.txt:1: capped; pip says: Cannot install capped"
    ):
        search("!capped", numpy="2.4")


def test_a_need_of_a_need_that_is_missing_blames_the_line(search: Search, index: WheelIndex) -> None:
    index.add("broken", "1.0", "nowhere>=2")
    index.add("good", "1.0")
    with pytest.raises(RequirementConflict, match=r"Received: requirements.txt:2: broken; pip says: .*nowhere"):
        search("good", "!broken")


def test_two_lines_that_exclude_each_other(search: Search, index: WheelIndex) -> None:
    index.add("left", "1.0", "middle<2")
    index.add("right", "1.0", "middle>=2")
    index.add("middle", "1.0")
    index.add("middle", "2.0")
    assert names(search("!left", "right")) == ["left-1.0", "middle-1.0"]
    with pytest.raises(RequirementConflict, match=r"requirements.txt:1: left, requirements.txt:2: right"):
        search("!left", "!right")


def test_a_host_without_network_leaves_nothing_out(search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(ImageBuildFailed, match=r"(?s)downloadable with this host's pip.*Check the network"):
        search("anything")


def test_a_download_without_end_is_ended(
    search: Search, index: WheelIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.add("one", "1.0")
    monkeypatch.setattr(bounded_pip, "ATTEMPT_LIMIT_SECONDS", 0.0)
    monkeypatch.setattr(bounded_pip, "LOOK_INTERVAL_SECONDS", 0.01)
    with pytest.raises(RequirementConflict, match="pip needed more than 0 seconds and was ended"):
        search("!one")


def test_a_download_that_is_too_large_is_ended(
    search: Search, index: WheelIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.add("one", "1.0")
    monkeypatch.setattr(bounded_pip, "DOWNLOAD_LIMIT_BYTES", 1)
    monkeypatch.setattr(bounded_pip, "LOOK_INTERVAL_SECONDS", 0.01)
    with pytest.raises(RequirementConflict, match="pip downloaded more than"):
        search("!one")
