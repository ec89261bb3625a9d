"""What is noted while a task runs."""

import time
from types import SimpleNamespace

from pushtune.records import read_faults
from pushtune.running import fault_record
from pushtune.running.supervision import Flag


def test_the_note_of_a_running_task_stays_young(tmp_path, monkeypatch):
    monkeypatch.setattr(fault_record, "INTERVAL_SECONDS", 0.05)
    spec = {"folder": str(tmp_path / "run" / "baseline"), "name": "baseline"}
    instance = SimpleNamespace(dag_id="d", run_id="r", task_id="t", map_index=-1)
    with fault_record.fault_kept(spec, instance, Flag()):
        (first,) = read_faults(tmp_path / "run")
        time.sleep(0.5)
        (second,) = read_faults(tmp_path / "run")
        assert second["kind"] == fault_record.KILLED and second["uptime_seconds"] > first["uptime_seconds"]
    time.sleep(0.2)
    assert read_faults(tmp_path / "run") == []
