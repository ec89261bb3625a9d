"""A run on a file system that is almost full: refused at its first step, and told by the mail in the same words."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from pushtune.errors import DiskAlmostFull
from pushtune.pipeline import run_ending, tasks
from pushtune.pipeline.run import Run
from pushtune.records import read_faults
from pushtune.running.workspace import run_name
from pushtune.settings import Settings
from pushtune.watching.watched_repositories import WatchedRepository

SIZE_BYTES, RESERVE_BYTES = 16 * 2**20, 12 * 2**20


@pytest.fixture
def run(tmp_path: Path):
    """A run whose home is a file system of 16 MiB with 6 MiB in use; the remaining 10 are less than the reserve."""
    home = tmp_path / "home"
    home.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_BYTES}", "tmpfs", str(home)]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a file system")
    (home / "filler").write_bytes(b"0" * (6 * 2**20))
    settings = Settings(home=home, disk_reserve_bytes=RESERVE_BYTES)
    repository = WatchedRepository(name="digits", url=str(tmp_path / "origin.git"))
    yield Run.of(settings, repository, "manual__1", {"notify": ["ada@example.org"]})
    subprocess.run(["umount", "--lazy", str(home)], check=True)


def test_the_commit_is_not_even_fetched_and_the_mail_says_why(run: Run) -> None:
    with pytest.raises(DiskAlmostFull, match=r"12\.0 MiB must be free .* Received: 10\.0 MiB free") as caught:
        tasks.check_out(run, {"commit": "0" * 40}, None)
    assert not run.folder.exists()
    task = {"dag_id": "digits", "run_id": "manual__1", "task_id": "check_out", "map_index": -1}
    run_ending.keep_failure(run.folder, task, caught.value)
    assert read_faults(run.folder)[0]["kind"] == "DiskAlmostFull", "it is cleared once there is space"
    mail = run_ending.report(run, has_push=True, pages_url="http://127.0.0.1:8080")
    assert mail is not None and mail["to"] == ["ada@example.org"]
    assert "10.0 MiB free" in mail["text"] and "clean_up" in mail["text"]


def test_with_space_the_same_run_goes_on(run: Run, tmp_path: Path) -> None:
    (run.settings.home / "filler").unlink()
    with pytest.raises(Exception, match="origin"):  # the repository itself is not there
        tasks.check_out(run, {"commit": "0" * 40}, None)
    assert run_name(run.folder) == ("digits", "manual__1")
    with pytest.raises(DiskAlmostFull):
        tasks.prepare_image(replace(run, settings=Settings(home=run.settings.home, disk_reserve_bytes=2**60)))
