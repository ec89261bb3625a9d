import json
import os
import re
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from pushtune.errors import UnsafeTrialFolder
from pushtune.running import attempts, workspace
from pushtune.running.workspace import discard_folder, prepare_trial, restore_trial, run_folder
from pushtune.settings import Settings
from pushtune_contract.request import TrialRequest, read_request

REQUEST = TrialRequest(mode="trial", entry="train.py", trial_number=3, overrides={"train.py:3:1#0.Adam.lr": 0.01})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def prepare(settings: Settings, request: TrialRequest = REQUEST, name: str = "trials/003", **more):
    return prepare_trial(run_folder(settings, "digits", "run 1"), name, request, Path("/checkout"), settings, **more)


def test_run_folder_is_stable_readable_and_one_harmless_folder(settings):
    wild = "manual__2026-01-01T00:00:00+00:00/../../etc"
    folder = run_folder(settings, "digits", wild)
    assert folder == run_folder(settings, "digits", wild)
    assert folder.parent == settings.workspaces / "digits"
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", folder.name) and folder.name.startswith("manual__2026-01-01T00-00-00")


def test_run_folders_of_ids_that_look_alike_differ(settings):
    folders = {run_folder(settings, dag, run) for dag in ("a", "a/", "ä") for run in ("x", "x ", "../x", "x" * 300)}
    assert len(folders) == 12 and all(len(folder.name) < 100 for folder in folders)


def test_prepared_trial_has_its_request_and_belongs_to_the_container_user(settings):
    spec = prepare(settings, label="train.py:31 filters 16 -> 48")
    folder = Path(spec["folder"])
    assert read_request(folder) == REQUEST and json.loads(json.dumps(spec)) == spec
    assert folder.stat().st_mode & 0o777 == 0o700
    if os.getuid() == 0:
        assert folder.stat().st_uid == settings.container_uid
    assert spec["label"] == "train.py:31 filters 16 -> 48"


def test_containers_may_enter_the_data_sets_whatever_the_umask(settings):
    before = os.umask(0o077)
    try:
        prepare(settings)
    finally:
        os.umask(before)
    assert settings.datasets.stat().st_mode & 0o777 == 0o755


def test_same_request_keeps_the_checkpoint_and_restores_the_request(settings):
    folder = Path(prepare(settings)["folder"])
    (folder / "checkpoint").mkdir()
    (folder / "request.json").write_text("tampered")
    prepare(settings)
    assert (folder / "checkpoint").is_dir() and read_request(folder) == REQUEST


def test_changed_request_starts_clean(settings):
    folder = Path(prepare(settings)["folder"])
    (folder / "checkpoint").mkdir()
    attempts.mark_killed(folder, "abc")
    prepare(settings, replace(REQUEST, seed=7))
    assert [path.name for path in folder.iterdir()] == ["request.json"]
    assert not attempts.is_killed(folder, "abc")
    assert not list(folder.parent.glob(".discarded-*"))


def test_folder_that_nobody_remembers_starts_clean(settings):
    folder = run_folder(settings, "digits", "run 1") / "trials" / "003"
    folder.mkdir(parents=True)
    (folder / "checkpoint").write_text("of whom?")
    prepare(settings)
    assert not (folder / "checkpoint").exists()


def test_a_tree_deeper_than_the_recursion_limit_is_removed(settings):
    folder = Path(prepare(settings)["folder"])
    here = os.open(folder, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=here)  # noqa: PTH102
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    prepare(settings, replace(REQUEST, seed=7))
    assert [path.name for path in folder.iterdir()] == ["request.json"]


def test_removal_follows_no_link(settings, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("x")
    folder = Path(prepare(settings)["folder"])
    (folder / "checkpoint").symlink_to(tmp_path / "precious")
    prepare(settings, replace(REQUEST, seed=7))
    assert (tmp_path / "precious" / "file").exists()


def test_written_files_replace_links_and_folders(settings, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    folder = Path(prepare(settings)["folder"])
    (folder / "stop").symlink_to(victim)
    workspace.ask_to_stop(folder, "enough")
    assert victim.read_text() == "untouched" and (folder / "stop").read_text() == "enough"
    workspace.withdraw_stop(folder)
    (folder / "stop").mkdir()
    workspace.ask_to_stop(folder, "enough")
    assert (folder / "stop").read_text() == "enough"


@pytest.mark.parametrize("name", ["../003", "/etc", "trials/../../x", "a/b/c", "", "trials/00 3", ".attempts"])
def test_names_that_are_no_trial_are_refused(settings, name):
    with pytest.raises(UnsafeTrialFolder, match=r"small letters.*trials/<number>"):
        prepare(settings, name=name)


def test_folders_outside_of_the_workspaces_are_refused(settings, tmp_path):
    spec = prepare(settings)
    with pytest.raises(UnsafeTrialFolder, match="must lie below .*workspaces"):
        restore_trial({**spec, "folder": str(tmp_path / "elsewhere")}, settings)
    target = tmp_path / "target"
    target.mkdir()
    link = settings.workspaces / "link"
    link.symlink_to(target)
    with pytest.raises(UnsafeTrialFolder, match="must lie below"):
        restore_trial({**spec, "folder": str(link)}, settings)


def test_labels_are_one_printable_line(settings):
    assert prepare(settings, label="a\nb\x1b[31m\u202e" + "c" * 500)["label"].startswith("a b [31m ccc")
    assert len(prepare(settings, label="c" * 500)["label"]) == workspace.LABEL_LIMIT_CHARACTERS


def test_digest_ignores_the_order_of_keys():
    assert workspace.request_digest({"a": 1, "b": 2}) == workspace.request_digest({"b": 2, "a": 1})
    assert workspace.request_digest({"a": 1}) != workspace.request_digest({"a": 2})


def in_a_process_without_rights(action) -> int:
    """Run ``action`` as nobody and return the exit code."""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            action()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.skipif(os.getuid() != 0, reason="only root may become another user")
def test_a_folder_that_takes_away_its_own_rights_is_discarded_without_root(tmp_path):
    """Where Airflow is not root, trainings run as the same user, who may lock themselves out."""
    precious = tmp_path / "precious"
    precious.write_text("precious")
    precious.chmod(0o600)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        os.chown(place, 65534, 65534)
        folder = Path(place) / "trial"

        def lock_out() -> None:
            (folder / "a" / "b").mkdir(parents=True)
            (folder / "a" / "b" / "file").write_text("x")
            (folder / "a" / "link").symlink_to(precious)
            for path in (folder / "a" / "b", folder / "a"):
                path.chmod(0)

        assert in_a_process_without_rights(lock_out) == 0
        assert in_a_process_without_rights(lambda: discard_folder(folder)) == 0
        assert list(Path(place).iterdir()) == []
    assert precious.read_text() == "precious" and precious.stat().st_mode & 0o777 == 0o600


def test_a_link_in_the_place_of_a_folder_is_discarded_as_a_link(tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("link", "dangling", "absent"):
        discard_folder(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


@pytest.mark.parametrize("content", [None, "{", "[]", '{"dag_id": "d"}'])
def test_a_folder_without_a_readable_name_is_of_no_known_run(tmp_path, content):
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    assert workspace.run_name(tmp_path) == ("", "")


def test_a_run_is_named_once(tmp_path):
    workspace.name_run(tmp_path / "run", "d", "manual__1+00:00")
    workspace.name_run(tmp_path / "run", "another", "x")
    assert workspace.run_name(tmp_path / "run") == ("d", "manual__1+00:00")


def test_a_folder_in_the_place_of_the_stop_file_does_not_keep_the_next_container_from_starting(settings):
    folder = Path(prepare(settings)["folder"])
    (folder / "stop" / "deep").mkdir(parents=True)
    workspace.withdraw_stop(folder)
    assert not (folder / "stop").exists()
    workspace.withdraw_stop(folder)


def test_nobody_else_may_list_the_folder_of_a_run(settings):
    folder = run_folder(settings, "digits", "run 1")
    workspace.name_run(folder, "digits", "run 1")
    assert folder.stat().st_mode & 0o777 == folder.parent.stat().st_mode & 0o777 == 0o711
