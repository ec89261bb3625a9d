"""Planning a round and being killed in between: nothing is asked twice, nothing is lost."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.tuning.tuning_samples import baseline, finish, result, stored_states

from pushtune.tuning import rounds, study
from pushtune.tuning.rounds import plan_round

OPTIONS: dict[str, Any] = {"seed": 3, "trials_per_round": 5, "target": 0.9}


class Killed(Exception):
    """Stands for SIGKILL at one place."""


@pytest.mark.parametrize("place", ["write_plan", "record"])
def test_a_kill_while_planning_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    def kill(*_: Any) -> None:
        raise Killed

    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    undisturbed = plan_round(tmp_path / "one", 1, baseline(), OPTIONS)
    with monkeypatch.context() as patched:
        patched.setattr(rounds if place == "write_plan" else study, place, kill)
        with pytest.raises(Killed):
            plan_round(tmp_path / "two", 1, baseline(), OPTIONS)
    again = plan_round(tmp_path / "two", 1, baseline(), OPTIONS)
    assert [trial["overrides"] for trial in again] == [trial["overrides"] for trial in undisturbed]
    assert len(stored_states(tmp_path / "two")) == 6


def test_a_kill_between_two_trials_of_the_storage_is_made_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = study._frozen

    def kill_at_third(dimensions: Any, known: study.Observation) -> Any:
        if known.number == 3:
            raise Killed
        return original(dimensions, known)

    with monkeypatch.context() as patched:
        patched.setattr(study, "_frozen", kill_at_third)
        with pytest.raises(Killed):
            plan_round(tmp_path, 1, baseline(), OPTIONS)
    assert len(stored_states(tmp_path)) == 3
    plan_round(tmp_path, 1, baseline(), OPTIONS)
    assert len(stored_states(tmp_path)) == 6


def test_a_lost_storage_is_built_again(tmp_path: Path) -> None:
    plan_round(tmp_path, 1, baseline(), OPTIONS)
    for number in range(1, 6):
        finish(tmp_path, number, result(0.5 + number / 100), [0.4, 0.5 + number / 100])
    (tmp_path / study.STUDY_FILE).unlink()
    plan_round(tmp_path, 2, baseline(), OPTIONS)
    assert [state for state, _ in stored_states(tmp_path)] == ["COMPLETE"] * 6 + ["RUNNING"] * 5


def test_a_damaged_storage_is_set_aside_and_built_again(tmp_path: Path) -> None:
    first = plan_round(tmp_path, 1, baseline(), OPTIONS)
    (tmp_path / study.STUDY_FILE).write_bytes(b"no database at all" * 500)
    assert plan_round(tmp_path, 1, baseline(), OPTIONS) == first
    assert len(stored_states(tmp_path)) == 6
    assert (tmp_path / f"{study.STUDY_FILE}.broken").exists()


PLANNER = """
import json, sys
from pathlib import Path
from pushtune.tuning.rounds import plan_round
from tests.tuning.tuning_samples import baseline
plan_round(Path(sys.argv[1]), 1, baseline(), json.loads(sys.argv[2]))
"""


@pytest.mark.slow
def test_a_process_killed_while_planning_leaves_nothing_that_matters(tmp_path: Path) -> None:
    """Kills come when the first, the second, ... file of the run's folder appears or grows."""
    for name in ("killed", "undisturbed"):
        (tmp_path / name).mkdir()
    project = Path(__file__).parents[2]
    path = os.pathsep.join(str(project / folder) for folder in ("plugins", "training", "."))
    command = [sys.executable, "-c", PLANNER, str(tmp_path / "killed"), json.dumps(OPTIONS)]
    for changes in (1, 2, 4, 8):
        process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path})
        seen, before = 0, folder_state(tmp_path / "killed")
        while seen < changes and process.poll() is None:
            after = folder_state(tmp_path / "killed")
            seen, before = seen + (after != before), after
        process.kill()
        process.wait()
    again = plan_round(tmp_path / "killed", 1, baseline(), OPTIONS)
    undisturbed = plan_round(tmp_path / "undisturbed", 1, baseline(), OPTIONS)
    assert [trial["overrides"] for trial in again] == [trial["overrides"] for trial in undisturbed]
    assert stored_states(tmp_path / "killed") == stored_states(tmp_path / "undisturbed")


def folder_state(folder: Path) -> dict[str, int]:
    """Return file name -> size for what is in ``folder`` at this moment."""
    state = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                state[name] = (Path(parent) / name).stat().st_size
    return state
