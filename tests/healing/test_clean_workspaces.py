"""Cleaning real folders, such as a hostile script leaves them, beside real containers."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pushtune.errors import EngineUnavailable
from pushtune.healing.action_log import actions_file
from pushtune.healing.clean_workspaces import clean_workspaces, summary, tags_in_use
from pushtune.healing.retention import ABSENT
from pushtune.healing.run_folders import facts_of, leftovers, state_of_run, tree_bytes
from pushtune.records import recorded
from pushtune.running.workspace import name_run, run_folder
from pushtune.settings import Settings

OLD_SECONDS = 40 * 86_400
CONTRACT_FILES = ("request.json", "result.json", "progress.jsonl")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file that nothing here may ever reach."""
    path = tmp_path / "outside" / "precious"
    path.parent.mkdir()
    path.write_text("precious")
    return path


def make_run(settings: Settings, run_id: str, *, age_seconds: float = OLD_SECONDS, model: bool = True) -> Path:
    folder = run_folder(settings, "digits", run_id)
    name_run(folder, "digits", run_id)
    for training in ("baseline", "trials/001", "retrain"):
        for part in ("checkpoint", "model"):
            (folder / training / part).mkdir(parents=True)
            (folder / training / part / "weights").write_bytes(b"0" * 10_000)
        for name in CONTRACT_FILES:
            (folder / training / name).write_text("{}")
    (folder / "checkout").mkdir()
    with recorded(folder, "prepare_image") as document:
        document["image_tag"] = f"pushtune/environment:{run_id}"
    with recorded(folder, "promote") as document:
        document.update({"version": 1} if model else {})
    age(folder, age_seconds)
    return folder


def age(folder: Path, age_seconds: float) -> None:
    then = time.time() - age_seconds
    for place in (folder, folder / "records"):
        os.utime(place, (then, then))


def success(dag_id: str, run_id: str) -> str:
    return "success"


@pytest.mark.docker
def test_a_run_with_a_model_keeps_what_its_page_needs(settings):
    folder = make_run(settings, "r1", age_seconds=3600)
    (record,) = clean_workspaces(settings, success)
    assert record["action"] == "lightened" and record["bytes"] >= 60_000
    left = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    trainings = ("baseline", "retrain", "trials/001")
    assert left == sorted(
        ["records/prepare_image.json", "records/promote.json", "run.json"]
        + [f"{training}/{name}" for training in trainings for name in CONTRACT_FILES]
    )
    (line,) = actions_file(settings).read_text().splitlines()
    assert "registry" in json.loads(line)["reason"]
    age(folder, 3600)
    assert clean_workspaces(settings, success) == []


@pytest.mark.docker
def test_old_runs_go_but_not_the_newest_nor_a_running_one(settings):
    folders = {name: make_run(settings, name, age_seconds=OLD_SECONDS + number) for number, name in enumerate("nor")}
    states = {"n": "success", "o": "success", "r": "running"}
    records = clean_workspaces(settings, lambda dag_id, run_id: states[run_id])
    assert {Path(record["what"]): record["action"] for record in records} == {
        folders["n"]: "lightened", folders["o"]: "removed",
    }  # fmt: skip
    assert not folders["o"].exists() and (folders["r"] / "retrain" / "checkpoint" / "weights").exists()
    assert tags_in_use(settings) == ["pushtune/environment:n", "pushtune/environment:r"]


@pytest.mark.docker
def test_a_run_that_airflow_does_not_know_goes_with_its_repository(settings):
    folder = make_run(settings, "deleted", age_seconds=3600)
    ask = state_of_run(lambda **asked: 0, lambda *asked: pytest.fail("asked for the state of an absent run"))
    (record,) = clean_workspaces(settings, ask)
    assert record["action"] == "removed" and "does not know" in record["reason"]
    assert not folder.parent.exists() and settings.workspaces.exists()


def broken(dag_id: str, run_id: str) -> str:
    raise ConnectionError("no API server")


@pytest.mark.docker
def test_nothing_goes_while_airflow_cannot_be_asked(settings):
    folder = make_run(settings, "r1")
    assert clean_workspaces(settings, broken) == [] and (folder / "checkout").exists()


@pytest.mark.docker
def test_links_and_traps_of_a_script_lead_nowhere(settings, outside):
    folder = make_run(settings, "r1", age_seconds=3600)
    trial = folder / "trials" / "001"
    (trial / "checkpoint" / "link").symlink_to(outside.parent)
    (trial / "output").symlink_to(outside.parent)
    (trial / "result.json").unlink()
    (trial / "result.json").symlink_to(outside)
    (trial / "-rf").mkdir()
    (folder / "trials" / "002").symlink_to(outside.parent)
    os.mkfifo(trial / "pipe")
    deep = trial / "deep"
    deep.mkdir()
    here = os.open(deep, os.O_RDONLY)
    for _ in range(3000):  # deeper than Python may recurse, and longer than a path may be
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    age(folder, 3600)
    clean_workspaces(settings, success)
    assert outside.read_text() == "precious"
    assert sorted(path.name for path in trial.iterdir()) == ["progress.jsonl", "request.json"]
    age(folder, OLD_SECONDS)
    make_run(settings, "newer", age_seconds=3600)
    clean_workspaces(settings, success)
    assert not folder.exists() and outside.read_text() == "precious"


@pytest.mark.docker
def test_a_run_with_a_container_is_left_alone_even_without_a_name(trial, settings):
    made = trial("time.sleep(600)")
    container_id = made.create()
    folder = made.folder.parents[1]
    (made.folder / "checkpoint").mkdir()
    (folder / "records").mkdir()
    for place in (made.folder.parent / ".attempts", folder):
        os.utime(place, (0, 0))
    age(folder, OLD_SECONDS)
    assert clean_workspaces(settings, success) == []
    made.engine.remove(container_id)
    (record,) = clean_workspaces(settings, success)
    assert record["action"] == "lightened"


@pytest.mark.docker
def test_what_an_interrupted_removal_left_goes(settings, monkeypatch):
    left = settings.workspaces / "digits" / ".discarded-0123"
    (left / "deep").mkdir(parents=True)
    assert leftovers(settings) == [], "somebody may be removing it right now"
    now = time.time()
    monkeypatch.setattr("pushtune.healing.run_folders.time.time", lambda: now + 3600)
    (record,) = clean_workspaces(settings, success)
    assert "interrupted" in record["reason"] and not left.exists()


def test_without_an_engine_nothing_goes(settings, monkeypatch):
    folder = make_run(settings, "r1")
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such.sock")
    with pytest.raises(EngineUnavailable):
        clean_workspaces(settings, success)
    assert (folder / "checkout").exists()


def test_sizes_are_those_on_disk_and_links_count_as_themselves(settings, outside):
    outside.write_bytes(b"0" * 10_000_000)
    folder = make_run(settings, "r1")
    (folder / "baseline" / "model" / "link").symlink_to(outside)
    facts = facts_of(folder, lambda *name: ABSENT, [])
    assert facts.state == ABSENT and 60_000 <= facts.heavy_bytes < 200_000
    assert tree_bytes(folder) == facts.heavy_bytes + facts.light_bytes


def test_the_summary_names_the_largest():
    records = [{"what": str(size), "bytes": size, "reason": ""} for size in range(200)]
    found = summary(records)
    assert (found["bytes"], found["count"], len(found["removed"])) == (19_900, 200, 100)
    assert found["removed"][0]["bytes"] == 199


@pytest.mark.docker
@pytest.mark.skipif(os.getuid() != 0, reason="another user is needed, whom a closed folder keeps out")
def test_a_training_that_closed_its_folder_keeps_no_other_from_being_cleaned(settings):
    """In a process without root's rights: root may read everything."""
    closed, other = make_run(settings, "r1"), make_run(settings, "r2")
    (closed / "baseline").chmod(0)
    for place in (settings.home, *settings.home.rglob("*")):
        os.chown(place, 10001, 10001)
    settings.home.parent.chmod(0o755)
    script = """
import os, sys
from pathlib import Path
from pushtune.healing.run_folders import facts_of
os.setgroups([]); os.setgid(10001); os.setuid(10001)
for folder in map(Path, sys.argv[1:]):
    print(facts_of(folder, lambda *name: "success", []).heavy_bytes > 50_000)
"""
    command = [sys.executable, "-c", script, str(closed), str(other)]
    for parent in settings.home.parents:
        if parent.stat().st_mode & 0o001 == 0 and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["True", "True"], done.stderr
