"""A disk that is really full: a small file system of its own."""

import errno
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowException
from tests.running.operator_runs import ENTRYPOINT, Store

from pushtune.errors import DiskAlmostFull
from pushtune.running.disk_reserve import as_full_disk, require_engine_space, require_free_space
from pushtune.running.training_operator import TrainingOperator
from pushtune.running.workspace import prepare_trial
from pushtune.settings import Settings
from pushtune_contract.request import TrialRequest

SIZE_BYTES = 8 * 2**20


@pytest.fixture
def small_disk(tmp_path: Path):
    """The folder of a file system of 8 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_BYTES}", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("only root may mount a file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, leave_bytes: int = 0) -> None:
    with (folder / "filler").open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(b"0" * 4096)
        except OSError as error:
            assert error.errno == errno.ENOSPC
        stream.truncate(max(0, stream.tell() - leave_bytes))


def test_enough_space_is_no_problem(small_disk):
    require_free_space(Settings(home=small_disk / "not" / "there" / "yet", disk_reserve_bytes=4 * 2**20))


def test_less_than_the_reserve_is_refused_with_numbers_and_remedy(small_disk):
    fill(small_disk, leave_bytes=2**20)
    with pytest.raises(DiskAlmostFull) as caught:
        require_free_space(Settings(home=small_disk, disk_reserve_bytes=4 * 2**20))
    assert str(caught.value).startswith(f"At least 4.0 MiB must be free on the disk of {small_disk}. Received: 1.0 MiB")
    assert "clean_up" in caught.value.remedy and "PUSHTUNE_DISK_RESERVE_BYTES" in caught.value.remedy


def test_a_write_that_finds_the_disk_full_is_told_in_the_same_words(small_disk):
    fill(small_disk)
    with pytest.raises(OSError, match="No space left") as caught:
        (small_disk / "more").write_bytes(b"0" * 10_000)
    told = as_full_disk(caught.value)
    assert told is not None and "clean_up" in told.remedy and "No space left" in str(told)
    assert as_full_disk(OSError(errno.EACCES, "no")) is None


def operator(home: Path, monkeypatch: pytest.MonkeyPatch, reserve_bytes: int) -> TrainingOperator:
    settings = Settings(home=home, disk_reserve_bytes=reserve_bytes)
    monkeypatch.setenv("PUSHTUNE_HOME", str(home))
    monkeypatch.setenv("PUSHTUNE_DISK_RESERVE_BYTES", str(reserve_bytes))
    request = TrialRequest(mode="trial", entry="run.py")
    spec = prepare_trial(settings.workspaces / "d" / "r", "baseline", request, Path("/checkout"), settings)
    return TrainingOperator(task_id="trial", image="x", trial=spec)


def test_a_training_on_a_full_disk_is_tried_again_later_and_says_why(small_disk, monkeypatch):
    """Not even the request can be written."""
    task = operator(small_disk, monkeypatch, 2**20)
    fill(small_disk)
    with pytest.raises(AirflowException, match=r"There must be space .* No space left .* the DAG clean_up") as caught:
        task.execute({"ti": SimpleNamespace(dag_id="d", run_id="r", task_id="trial", map_index=-1)})
    assert type(caught.value) is AirflowException, "it must be retried"


@pytest.mark.docker
def test_a_training_does_not_start_under_the_reserve(small_disk, trial, monkeypatch, image):

    made = trial("end('done', 0)")
    monkeypatch.setenv("PUSHTUNE_HOME", str(made.settings.home))
    monkeypatch.setenv("PUSHTUNE_DISK_RESERVE_BYTES", str(2**60))
    task = TrainingOperator(task_id="trial", trial=made.spec, image=image, entrypoint=ENTRYPOINT)

    owner = made.owner
    instance = SimpleNamespace(
        dag_id=owner.dag_id, run_id=owner.run_id, task_id=owner.task_id, map_index=owner.map_index, stats_tags={}
    )
    context = {"ti": instance, "task_state_store": Store()}
    with pytest.raises(AirflowException, match=r"must be free on the disk") as caught:
        task.execute(context)
    assert type(caught.value) is AirflowException and made.containers() == []
    monkeypatch.setenv("PUSHTUNE_DISK_RESERVE_BYTES", "0")
    assert task.execute(context)["status"] == "done"


@pytest.mark.docker
def test_the_engines_own_disk_counts_as_well(tmp_path):
    import docker

    client = docker.from_env(timeout=60)
    try:
        require_engine_space(client, Settings(home=tmp_path, disk_reserve_bytes=0))
        with pytest.raises(DiskAlmostFull, match=os.path.realpath(client.info()["DockerRootDir"])):
            require_engine_space(client, Settings(home=tmp_path, disk_reserve_bytes=2**60))
    finally:
        client.close()
