"""One try of a training's task: ``execute`` of the operator gets the two things that it uses of Airflow."""

from types import SimpleNamespace

import pytest

from pushtune.running.training_operator import TrainingOperator

ENTRYPOINT = ["python3", "-u", "/pushtune/code/run.py"]


class Store(dict):
    """The task state store: what is set survives a try."""

    def set(self, key, value):
        self[key] = value


@pytest.fixture
def run(settings, monkeypatch, image):
    """Return a function that executes one try of the task of a trial."""
    for name in ("home", "trial_memory_bytes", "trial_disk_bytes"):
        monkeypatch.setenv(f"PUSHTUNE_{name.upper()}", str(getattr(settings, name)))

    def execute(made, store=None, **arguments):
        given = {"image": image, "entrypoint": ENTRYPOINT, **arguments}
        operator = TrainingOperator(task_id="trial", trial=made.spec, **given)
        made.operator = operator
        owner = made.owner
        instance = SimpleNamespace(
            dag_id=owner.dag_id, run_id=owner.run_id, task_id=owner.task_id, map_index=owner.map_index, stats_tags={}
        )
        return operator.execute({"ti": instance, "task_state_store": store if store is not None else Store()})

    return execute
