"""Folders that go with the work that they are for, or after the process that was killed over it."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pushtune.commands import instance
from pushtune.pipeline import clean_up
from pushtune.running.scratch import remove_abandoned, scratch_folder
from pushtune.settings import Settings

PROJECT = Path(__file__).parents[2]
WORKER = """
import pathlib, sys, time
from pushtune.running.scratch import scratch_folder
from pushtune.settings import Settings
with scratch_folder(Settings(home=pathlib.Path(sys.argv[1])), "environment") as folder:
    (folder / "download").mkdir()
    (folder / "download" / "torch.whl").write_bytes(b"x" * 1000)
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def start(settings: Settings) -> tuple[subprocess.Popen[str], Path]:
    environment = {**os.environ, "PYTHONPATH": f"{PROJECT}/plugins:{PROJECT}/training"}
    command = [sys.executable, "-c", WORKER, str(settings.home)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


@pytest.fixture
def left(settings: Settings) -> Path:
    """What a process has left that was killed as `make down` kills those of tasks."""
    process, folder = start(settings)
    process.kill()
    process.wait()
    assert folder.is_dir()
    return folder


def names(settings: Settings) -> list[str]:
    return [path.name for path in settings.scratch.iterdir()]


def test_it_is_removed_at_the_end_and_after_a_failure(settings: Settings) -> None:
    with scratch_folder(settings, "build") as folder:
        assert folder.parent == settings.scratch and folder.name.startswith("build-")
        (folder / "x").write_text("")
    with pytest.raises(RuntimeError), scratch_folder(settings, "build"):
        raise RuntimeError
    assert names(settings) == []


def test_nobody_else_may_look_into_it(settings: Settings) -> None:
    with scratch_folder(settings, "build") as folder:
        assert [place.stat().st_mode & 0o077 for place in (settings.scratch, folder)] == [0, 0]


def test_what_is_in_use_stays(settings: Settings) -> None:
    with scratch_folder(settings, "build") as folder:
        process, other = start(settings)
        try:
            assert remove_abandoned(settings) == []
            assert folder.is_dir() and other.is_dir()
        finally:
            process.kill()
            process.wait()
        assert [found for found, _ in remove_abandoned(settings)] == [other]
        assert folder.is_dir() and not other.exists()


def test_what_a_killed_process_left_is_removed(settings: Settings, left: Path) -> None:
    ((folder, size_bytes),) = remove_abandoned(settings)
    assert folder == left and size_bytes >= 1000
    assert names(settings) == []
    assert remove_abandoned(settings) == []


def test_whoever_looks_for_what_is_abandoned_takes_no_new_folder(settings: Settings) -> None:
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            assert remove_abandoned(settings) == []

    with ThreadPoolExecutor(2) as pool:
        lookers = [pool.submit(look) for _ in range(2)]
        for _ in range(300):
            with scratch_folder(settings, "build") as folder:
                (folder / "x").write_text("")
        over.set()
        assert [looker.result() for looker in lookers] == [None, None]
    assert names(settings) == []


def test_a_kill_at_any_moment_leaves_nothing_that_stays(settings: Settings) -> None:
    settings.scratch.mkdir(parents=True)
    (settings.scratch / "build-before").mkdir()  # killed before its lock was there
    (settings.scratch / "build-after.lock").touch()  # killed before its lock was removed
    assert [folder.name for folder, _ in remove_abandoned(settings)] == ["build-before"]
    assert names(settings) == []


def test_where_nothing_was_ever_made_nothing_is_made(settings: Settings) -> None:
    assert remove_abandoned(settings) == []
    assert not settings.home.exists()


def test_the_cleaning_removes_it(settings: Settings, left: Path) -> None:
    done = clean_up.old_files(settings)
    assert done["removed"] == [{"what": str(left), "bytes": done["bytes"], "reason": "its process is gone"}]
    assert not left.exists()


def test_the_start_of_airflow_removes_it(settings: Settings, left: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_require_free_port", "prepare", "_start_supervisor", "_wait_until_healthy"):
        monkeypatch.setattr(instance, name, lambda *_: None)
    instance.up(settings)
    assert not left.exists()
