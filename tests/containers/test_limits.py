"""Limits that Airflow's side enforces, on real containers: output, disk, time, and a trial that does not listen."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from pushtune.errors import TrialInterrupted, TrialOverDisk, TrialOverTime
from pushtune.running import container_log, supervision
from pushtune.running.hardening import LOG_FILE_BYTES, LOG_FILES

pytestmark = pytest.mark.docker


@pytest.fixture
def quick(monkeypatch):
    """Intervals of a second where production waits longer."""
    monkeypatch.setattr(supervision, "DISK_INTERVAL_SECONDS", 0.5)
    monkeypatch.setattr(supervision, "STOP_RULE_INTERVAL_SECONDS", 0.5)
    monkeypatch.setattr(supervision, "STOP_GRACE_SECONDS", 2.0)
    monkeypatch.setattr(supervision, "KILL_GRACE_SECONDS", 1)


def test_a_flood_of_output_fills_neither_the_task_log_nor_the_disk(trial):
    made = trial("""
        line = ("x" * 5000 + "\\x1b[31m\\n").encode() * 20
        for _ in range(800):
            os.write(1, line)
        print("the last words")
        end("done", 0)
    """)
    container_id = made.create()
    supervisor = made.supervisor()
    state = made.container.run(container_id, supervisor)
    log = Path(made.client.inspect_container(container_id)["LogPath"])
    on_disk = sum(path.stat().st_size for path in log.parent.glob(log.name + "*"))
    assert 0 < on_disk <= LOG_FILES * LOG_FILE_BYTES * 1.1
    made.container.settle(state, supervisor)
    assert max(map(len, made.lines)) < container_log.LINE_LIMIT_CHARACTERS + 100
    assert len(made.lines) <= container_log.LINES_LIMIT + container_log.LAST_LINES + 10
    assert "the last words" in made.lines and "\x1b" not in "".join(made.lines)


def test_following_ends_at_the_line_limit_and_the_last_lines_are_shown(trial, monkeypatch):
    monkeypatch.setattr(container_log, "LINES_LIMIT", 100)
    made = trial("""
        for number in range(3000):
            print("line", number)
        time.sleep(2)
        print("the last words")
        end("done", 0)
    """)
    made.run()
    assert "line 99" in made.lines and "line 200" not in made.lines
    assert "the last words" in made.lines and "line 2999" in made.lines


def test_a_trial_that_writes_too_much_is_stopped(trial, quick):
    made = trial("""
        for number in range(100):
            put("part%d" % number, "x" * 2**20)
        time.sleep(60)
    """)
    with pytest.raises(TrialOverDisk, match="at most 67108864 bytes.*PUSHTUNE_TRIAL_DISK_BYTES"):
        made.run()
    assert made.containers() == []


def test_a_stop_rule_ends_a_trial_at_its_next_epoch(trial, quick):
    made = trial("""
        for epoch in range(1, 200):
            progress(epoch)
            if os.path.exists(TRIAL + "stop"):
                end("pruned", 83, objective=OBJECTIVE)
            time.sleep(0.2)
    """)
    asked = []

    def rule(spec):
        asked.append(spec["name"])
        return "its sibling met the target" if len(asked) > 1 else None

    assert made.run(stop_rule=rule)["status"] == "pruned"
    assert asked[0] == "trials/003" and any("its sibling met the target" in line for line in made.lines)


def test_a_trial_that_does_not_listen_is_stopped_by_force_and_counts_as_pruned(trial, quick):
    made = trial("signal.signal(signal.SIGTERM, signal.SIG_IGN)\nos.mkdir(TRIAL + 'stop')\ntime.sleep(60)")
    outcome = made.run(stop_rule=lambda spec: "hopeless")
    assert outcome["status"] == "pruned" and outcome["objective"] is None
    assert made.containers() == []


def test_the_time_limit_is_first_a_wish_and_then_an_order(trial, quick):
    made = trial("time.sleep(60)", time_limit_seconds=1.0)
    with pytest.raises(TrialOverTime, match="within 1 s.*PUSHTUNE_TRIAL_TIME_LIMIT_SECONDS"):
        made.run()


def test_time_of_earlier_containers_counts(trial, quick):
    made = trial("time.sleep(60)", time_limit_seconds=50.0)
    with pytest.raises(TrialOverTime):
        made.run(used_seconds=49.5)


@pytest.mark.parametrize("seconds", [3600, -3600, 86_400])
def test_setting_the_clock_takes_no_time_from_a_training(trial, quick, monkeypatch, seconds):
    made, now = trial("time.sleep(4)\nend('done', 0)", time_limit_seconds=30.0), time.time
    set_at = time.monotonic() + 2
    monkeypatch.setattr(time, "time", lambda: now() + (seconds if time.monotonic() > set_at else 0))
    assert made.run()["status"] == "done"
    assert 3 < made.container.attempts.used_seconds < 25


def test_a_clock_of_the_engine_that_was_set_forward_counts_no_time(trial, quick):
    made = trial("time.sleep(1)\nend('done', 0)", time_limit_seconds=30.0)
    supervisor = made.supervisor()
    state = made.container.run(made.create(), supervisor)
    told = replace(state, finished_unix_time=state.finished_unix_time + 3600)
    assert made.container.settle(told, supervisor)["status"] == "done"
    assert made.container.attempts.used_seconds < 25


def test_containers_that_claim_progress_and_die_at_once_come_to_an_end(trial, quick):
    made = trial("progress(1)\nos.kill(os.getpid(), signal.SIGKILL)", time_limit_seconds=9.0)
    for _ in range(3):  # each start counts 5 s, the limit is 9 s and a grace of 2 s
        with pytest.raises(TrialInterrupted):
            made.run()
    with pytest.raises(TrialOverTime, match="all its containers together.*in 3 containers"):
        made.run()


def test_a_failing_stop_rule_costs_no_training(trial, quick):
    made = trial("time.sleep(2)\nend('done', 0)")
    assert made.run(stop_rule=lambda spec: 1 / 0)["status"] == "done"
    assert len([line for line in made.lines if "this trial goes on" in line]) == 1


def test_a_link_at_the_place_of_the_stop_file_is_replaced_not_followed(trial, quick, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    made = trial(f"""
        os.symlink({str(victim)!r}, TRIAL + "stop")
        while os.path.islink(TRIAL + "stop"):
            time.sleep(0.1)
        end("pruned", 83)
    """)
    assert made.run(stop_rule=lambda spec: "enough")["status"] == "pruned"
    assert victim.read_text() == "untouched" and not (made.folder / "stop").is_symlink()
