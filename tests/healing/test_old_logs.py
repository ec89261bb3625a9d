import os
import time
from pathlib import Path

from pushtune.healing.old_logs import remove_old_logs


def write(path: Path, age_days: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("line\n")
    then = time.time() - age_days * 86_400
    os.utime(path, (then, then))
    return path


def test_old_files_go_with_the_folders_that_they_leave_empty(tmp_path):
    logs, outside = tmp_path / "logs", write(tmp_path / "outside" / "precious", 100)
    old = write(logs / "dag_id=a" / "run_id=1" / "attempt=1.log", 31)
    new = write(logs / "dag_id=a" / "run_id=2" / "attempt=1.log", 29)
    (logs / "dag_id=b" / "run_id=3").mkdir(parents=True)
    (logs / "dag_id=a" / "link").symlink_to(outside.parent)
    (record,) = remove_old_logs(logs, 30)
    assert not old.parent.exists() and new.exists() and outside.exists()
    assert (logs / "dag_id=b" / "run_id=3").exists(), "a task may be about to write there"
    assert record["bytes"] == 5 and record["what"] == f"1 files of {logs}"
    assert remove_old_logs(logs, 30) == []


def test_a_folder_that_does_not_exist_has_no_logs(tmp_path):
    assert remove_old_logs(tmp_path / "none", 1) == []
