"""Which paths are replaced, and by what: never by one outside the folder of the trial."""

from pathlib import Path
from typing import Any

import pytest

from pushtune.running.path_bridges import data_entries, find_bridges, find_output_folders
from pushtune_contract.request import TrialRequest


def path(literal: str, kind: str = "input", found_at: str | None = None, exists: bool = False) -> dict[str, Any]:
    return {"literal": literal, "kind": kind, "exists": exists, "found_at": found_at, "file": "train.py", "line": 3}


@pytest.mark.parametrize(
    "item, expected",
    [
        (path(r"C:\Users\me\iris.csv", found_at="data/iris.csv"), "data/iris.csv"),
        (path("/kaggle/input/x/y.csv", found_at="y.csv"), "y.csv"),
        (path("/content/drive/My Drive/data/", found_at="data"), "data"),
        (path("datasets/iris.csv", found_at="data/iris.csv"), "data/iris.csv"),
        (path("/content/drive/model.h5", "output"), "outputs/content/drive/model.h5"),
        (path(r"D:\work\logs", "output"), "outputs/D/work/logs/"),
        (path("~/models/best.keras", "output"), "outputs/home/models/best.keras"),
        (path("/home/me/never.csv"), "outputs/home/me/never.csv"),
        (path("saved/model.h5", found_at="model.h5"), None),  # perhaps written by the script itself
        (path("data/iris.csv", exists=True), None),
        (path("models/best.h5", "output"), None),
        (path("/tmp/model.h5", "output"), None),
        (path("/usr/share/dict/words"), None),
        (path("/home/../../etc/shadow", "output"), None),
        (path("/home/me/x.csv", found_at="../outside.csv"), None),
        (path("/home/me/x.csv", found_at="/etc/passwd"), None),
        (path("/home/me/line\x1bbreak", "output"), None),
        (path("/home/" + "x" * 400, "output"), None),
    ],
)
def test_a_path_of_another_machine_is_bridged_into_the_repository(item: dict[str, Any], expected: str | None) -> None:
    assert find_bridges([item]) == ({item["literal"]: expected} if expected else {})


def test_parents_of_relative_outputs_are_named_once_and_never_outside() -> None:
    literals = ["models/best.h5", "models/last.h5", "./logs/run/", "best.h5", "../up/x.h5", "w/{epoch}/x.h5", "/a/b.h5"]
    items = [path(literal, "output") for literal in literals] + [path("data/in.csv")]
    assert find_output_folders(items) == ["models", "logs/run"]


def test_the_number_of_bridges_is_bounded_and_the_contract_takes_them() -> None:
    items = [path(f"/home/me/{number}.csv") for number in range(1000)]
    items += [path(f"out{number}/x.h5", "output") for number in range(1000)]
    bridges, folders = find_bridges(items), find_output_folders(items)
    assert (len(bridges), len(folders)) == (300, 300)
    assert TrialRequest("baseline", "train.py", path_bridges=bridges, output_folders=folders).path_bridges == bridges


@pytest.mark.parametrize("outside", ["../x", "/etc/passwd", "a/../../x", "", "nul\0"])
def test_the_contract_refuses_a_path_outside(outside: str) -> None:
    with pytest.raises(ValueError, match="path_bridges: expected paths inside the repository, but got"):
        TrialRequest("baseline", "train.py", path_bridges={"C:/x": outside})
    with pytest.raises(ValueError, match="output_folders: expected at most 300 paths, but got 301"):
        TrialRequest("baseline", "train.py", output_folders=["x"] * 301)


def test_the_data_folder_serves_what_the_repository_lacks(tmp_path: Path) -> None:
    for name in ("train.csv", "a/labels.csv", "b/labels.csv", "b/only.csv", "best.h5"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    data = data_entries(tmp_path)
    assert data == {"train.csv", "best.h5", "a", "a/labels.csv", "b", "b/labels.csv", "b/only.csv"}
    items = [
        path("/kaggle/input/x/train.csv"), path("input/b/labels.csv"), path("labels.csv"), path("D:/only.csv"),
        path("/content/b/"), path("/home/me/here.csv", found_at="here.csv"), path("/home/me/none.csv"), path("best.h5"),
    ]  # fmt: skip
    bridges = find_bridges(items, data)
    assert bridges == {
        "/kaggle/input/x/train.csv": "/pushtune/data/train.csv", "input/b/labels.csv": "/pushtune/data/b/labels.csv",
        "D:/only.csv": "/pushtune/data/b/only.csv", "/content/b/": "/pushtune/data/b",
        "/home/me/here.csv": "here.csv", "/home/me/none.csv": "outputs/home/me/none.csv",
    }  # fmt: skip
    assert TrialRequest("baseline", "train.py", path_bridges=bridges).path_bridges == bridges
    assert data_entries(None) == set()


def test_the_contract_refuses_a_path_outside_of_the_data_folder() -> None:
    with pytest.raises(ValueError, match="path_bridges: expected paths inside the repository, but got '../trial/x'"):
        TrialRequest("baseline", "train.py", path_bridges={"C:/x": "/pushtune/data/../trial/x"})
