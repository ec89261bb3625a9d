"""The operator on real containers. Airflow itself is not started: ``execute`` gets the two things that it uses."""

import contextlib
import os
import signal
import threading
import time
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from tests.running.operator_runs import Store, run

from pushtune.records import read_faults
from pushtune.running import attempts
from pushtune.running.training_operator import TrainingOperator, restart_arguments
from pushtune.running.workspace import run_name
from pushtune.settings import Settings

__all__ = ["run"]


@pytest.mark.docker
def test_outcome_is_returned_and_container_is_gone(trial, run):
    made, store = trial("progress(2)\nend('done', 0, objective=OBJECTIVE)"), Store()
    outcome = run(made, store)
    assert outcome["objective"]["value"] == 0.75 and outcome["folder"] == made.spec["folder"]
    assert set(store["container"]) == {"container_id", "engine"} and store["progress"]["epoch"] == 2
    assert made.containers() == []


@pytest.mark.docker
def test_a_trial_that_has_finished_is_not_trained_again(trial, run):
    made = trial("progress(1)\nend('done', 0, objective=OBJECTIVE)")
    first = run(made)
    assert run(made) == first
    assert (made.folder / "progress.jsonl").read_text().count("\n") == 1


@pytest.mark.docker
def test_a_container_that_nobody_remembers_is_found_by_its_name(trial, run):
    """The task process died after it had created the container and before it could store the id."""
    made = trial("time.sleep(1)\nend('done', 0)")
    container_id = made.create()
    made.engine.start(container_id)
    assert run(made)["container_id"] == container_id
    assert made.container.attempts.containers == 1


@pytest.mark.docker
def test_a_container_that_was_created_but_not_started_is_started(trial, run):
    made = trial("end('done', 0)")
    assert run(made, Store(), image=made.image)["container_id"] != ""
    other = trial("end('done', 0)", seed=1)
    container_id = other.create()
    assert run(other)["container_id"] == container_id


@pytest.mark.docker
def test_an_end_that_nobody_has_read_is_read_by_the_next_try(trial, run):
    made = trial("end('done', 0, objective=OBJECTIVE)")
    container_id = made.create()
    made.engine.start(container_id)
    made.client.wait(container_id, timeout=30)
    store = Store(container={"container_id": container_id, "engine": made.engine.engine_id()})
    assert run(made, store)["container_id"] == container_id and made.containers() == []


@pytest.mark.docker
def test_a_container_of_another_request_is_replaced(trial, run):
    old = trial("time.sleep(60)")
    old_id = old.create()
    old.engine.start(old_id)
    new = trial("end('done', 0)", seed=5)
    store = Store(container={"container_id": old_id, "engine": new.engine.engine_id()})
    assert run(new, store)["container_id"] != old_id
    assert new.containers() == []


@pytest.mark.docker
def test_an_id_of_another_engine_is_not_looked_for(trial, run):
    store = Store(container={"container_id": "0" * 64, "engine": "another"})
    assert run(trial("end('done', 0)"), store)["status"] == "done"


@pytest.mark.docker
def test_ends_map_to_skip_fail_and_retry(trial, run):
    cases = [
        ("end('infeasible', 80)", AirflowSkipException, "trial is skipped"),
        ("end('script_error', 81)", AirflowFailException, "push again"),
        ("sys.exit(0)", AirflowFailException, "must leave result.json"),
        ("os.kill(os.getpid(), signal.SIGKILL)", AirflowException, "newest checkpoint"),
    ]
    for seed, (body, kind, text) in enumerate(cases):
        with pytest.raises(kind, match=text) as caught:
            run(trial(body, seed=seed))
        assert type(caught.value) is kind


@pytest.mark.docker
def test_a_container_that_got_further_is_followed_by_the_next_one_at_once(trial, run):
    made = trial("""
        epoch = int(open(TRIAL + "seen").read()) if os.path.exists(TRIAL + "seen") else 0
        put("seen", str(epoch + 1))
        progress(epoch + 1)
        if epoch < 3:
            os.kill(os.getpid(), signal.SIGKILL)
        end("done", 0)
    """)
    store = Store()
    assert run(made, store)["restarts"] == 3 and made.containers() == []
    assert store["progress"]["epoch"] == 4


@pytest.mark.docker
@pytest.mark.parametrize(
    ("end", "text", "containers"),
    [("os._exit(1)", "exit code 1", 2), ("os.kill(os.getpid(), signal.SIGKILL)", "exit code 137", 4)],
    ids=["ended by itself", "killed"],
)
def test_a_container_that_got_no_further_waits_for_the_next_try(trial, run, end, text, containers):
    """One that was killed may have been so by chance: it is followed at once, twice."""
    made = trial(f"""
        if not os.path.exists(TRIAL + "progress.jsonl"):
            progress(1)
        {end}
    """)
    with pytest.raises(AirflowException, match=text):
        run(made)
    assert made.container.attempts.containers == containers


@pytest.mark.docker
def test_only_a_fault_that_may_pass_is_kept_as_one(trial, run):
    """A killed task process leaves the note of its start; a training that ends, however it does, leaves none."""
    folder = None
    for seed, (body, kinds) in enumerate([
        ("end('done', 0)", []), ("end('script_error', 81)", []), ("end('infeasible', 80)", []),
        ("os.kill(os.getpid(), signal.SIGKILL)", ["TrialKilled"]),
    ]):  # fmt: skip
        made = trial(f"assert os.path.exists(TRIAL)\n{body}", seed=seed)
        folder = made.folder.parents[1]
        with contextlib.suppress(AirflowException, AirflowSkipException):
            run(made)
        assert [fault["kind"] for fault in read_faults(folder)] == kinds, body
    assert run_name(folder) == ("train_digits", "manual__1")


@pytest.mark.docker
def test_a_reason_before_the_start_skips_without_a_container(trial, run):
    made = trial("end('done', 0)")
    with pytest.raises(AirflowSkipException, match="Not started: its sibling met the target"):
        run(made, stop_rule=lambda spec: "its sibling met the target")
    assert made.containers() == [] and made.container.attempts.containers == 0


@pytest.mark.docker
def test_a_stop_file_of_a_former_round_does_not_stop_the_next_start(trial, run):
    made = trial("end('pruned' if os.path.exists(TRIAL + 'stop') else 'done', 0)")
    (made.folder / "stop").write_text("old")
    assert run(made)["status"] == "done"


@pytest.mark.docker
def test_given_up_fails_once_and_then_starts_anew(trial, run):
    made = trial("end('done', 0)")
    attempts.give_up(made.folder, "it hangs again and again")
    with pytest.raises(AirflowFailException, match="it hangs again and again"):
        run(made)
    assert run(made)["status"] == "done"


@pytest.mark.docker
def test_on_kill_stops_and_removes_and_the_next_try_starts_a_new_container(trial, run):
    made = trial("""
        if os.path.exists(TRIAL + "seen"):
            end("done", 0)
        put("seen", "1")
        signal.signal(signal.SIGTERM, lambda *_: (put("asked", "1"), os._exit(82)))
        time.sleep(60)
    """)
    store = Store()

    def kill_soon():
        while not (made.folder / "seen").exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGUSR1)

    signal.signal(signal.SIGUSR1, lambda *_: made.operator.on_kill())
    threading.Thread(target=kill_soon, daemon=True).start()
    try:
        with pytest.raises(AirflowException, match="stopped or removed from outside"):
            run(made, store)
    finally:
        signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    assert (made.folder / "asked").exists() and made.containers() == []
    assert read_faults(made.folder.parents[1]) == [], "a person who ends a task decides what becomes of it"
    assert run(made, store)["restarts"] == 1


@pytest.mark.docker
def test_a_dying_container_is_not_attached_to(trial, run):
    """The task process was killed in the middle of ``on_kill``; the container ignores SIGTERM and still runs."""
    made = trial("""
        if os.path.exists(TRIAL + "seen"):
            end("done", 0)
        put("seen", "1")
        time.sleep(60)
    """)
    container_id = made.create()
    made.engine.start(container_id)
    while not (made.folder / "seen").exists():
        time.sleep(0.05)
    attempts.mark_killed(made.folder, container_id)
    outcome = run(made, Store(container={"container_id": container_id, "engine": made.engine.engine_id()}))
    assert outcome["container_id"] != container_id and made.containers() == []


@pytest.mark.docker
def test_a_container_of_an_older_plan_of_the_same_task_is_removed(trial, run, settings):
    made = trial("end('done', 0)")
    stray = made.client.create_container(
        made.image, command=["sleep", "60"], name="pushtune-stray-test",
        labels={**made.client.inspect_container(made.create())["Config"]["Labels"], "pushtune.trial_folder": "/other"},
    )["Id"]
    made.engine.remove(made.container.name)
    run(made)
    assert made.engine.find(stray) is None


def test_what_is_not_a_trial_is_refused_with_the_remedy():
    operator = TrainingOperator(task_id="trial", image="x", trial="{{ forgotten }}")
    with pytest.raises(AirflowFailException, match="trial must be what prepare_trial returns.*forgotten"):
        operator.execute({})


def test_no_engine_is_retried_with_a_clear_text(tmp_path, monkeypatch):
    monkeypatch.setenv("PUSHTUNE_HOME", str(tmp_path))
    from pathlib import Path

    from pushtune.running.workspace import prepare_trial
    from pushtune_contract.request import TrialRequest

    settings = Settings(home=tmp_path)
    request = TrialRequest(mode="trial", entry="run.py")
    spec = prepare_trial(settings.workspaces / "d" / "r", "baseline", request, Path("/checkout"), settings)
    operator = TrainingOperator(task_id="trial", image="x", trial=spec, docker_url=f"unix://{tmp_path}/no.sock")
    instance = SimpleNamespace(dag_id="d", run_id="r", task_id="trial", map_index=-1, stats_tags={})
    with pytest.raises(AirflowException, match="must be running and reachable") as caught:
        operator.execute({"ti": instance})
    (fault,) = read_faults(settings.workspaces / "d" / "r")
    assert (fault["kind"], fault["task_id"], fault["map_index"]) == ("EngineUnavailable", "trial", -1)
    assert type(caught.value) is AirflowException


@pytest.mark.parametrize("argument", [{"privileged": True}, {"network_mode": "host"}, {"retrieve_output": True}])
def test_hardening_cannot_be_argued_away(argument):
    with pytest.raises(TypeError, match=r"decided by hardening\.py"):
        TrainingOperator(task_id="trial", image="x", trial={}, **argument)


def test_restarts_follow_the_settings():
    arguments = restart_arguments(Settings(restart_limit=7, restart_delay_seconds=3))
    assert arguments["retries"] == 7 and arguments["retry_delay"].total_seconds() == 3
    operator = TrainingOperator(task_id="trial", image="x", trial={}, **arguments)
    assert operator.retry_exponential_backoff and operator.map_index_template == "{{ task.trial['label'] }}"
