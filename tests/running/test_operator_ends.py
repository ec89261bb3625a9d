"""Trials that end, or cannot begin, in another way than by themselves."""

import pytest
from airflow.sdk.exceptions import AirflowFailException
from tests.running.operator_runs import run

__all__ = ["run"]
pytestmark = pytest.mark.docker


def test_a_trial_that_met_the_target_and_died_before_it_could_say_so_goes_on_and_answers(trial, run):
    made = trial("""
        if not os.path.exists(TRIAL + "progress.jsonl"):
            progress(1, objective=0.9)
            os.kill(os.getpid(), signal.SIGKILL)
        while not os.path.exists(TRIAL + "stop"):
            time.sleep(0.05)
        end("pruned", 83, objective=OBJECTIVE)
    """)
    met = "the target is met"
    outcome = run(made, stop_rule=lambda spec: met if (made.folder / "progress.jsonl").exists() else "")
    assert outcome["status"] == "pruned" and outcome["objective"]["value"] == 0.75 and outcome["restarts"] == 1


def test_files_of_the_commit_that_were_cleaned_up_are_told_without_another_try(trial, run):
    made = trial("end('done', 0)")
    made.spec["checkout"] += " that is gone"
    with pytest.raises(AirflowFailException, match="that is gone is gone: clean_up .* Clear the task check_out"):
        run(made)
    assert made.containers() == []
