"""What was given up is told once, whoever is killed on the way to it."""

import json
import time

import pytest

from pushtune.healing.action_log import actions_file, keep
from pushtune.healing.alerts import ACTIONS_PER_MAIL, compose_alert, next_alert

TO = {"digits": ["ada@example.org"], "other": ["bob@example.org"], "third": ["ada@example.org"]}


def given_up(number: int, unix_time: float, dag_id: str = "digits", **changes) -> dict:
    return {
        "verdict": "given_up", "dag_id": dag_id, "run_id": "r", "task_id": f"task_{number}", "map_index": -1,
        "name": "n", "attempt": 2, "reason": "no try left", "container_id": f"c{number}", "unix_time": unix_time,
        "action": "removed", **changes,
    }  # fmt: skip


@pytest.fixture
def now():
    return time.time()


@pytest.fixture
def settled():
    return set()


@pytest.fixture
def ask(settings, settled):
    return lambda: next_alert(settings, lambda record: TO[record["dag_id"]], settled.__contains__)


def test_nothing_is_told_where_nothing_was_given_up(settings, ask, now):
    assert ask() is None
    keep(settings, given_up(1, now, verdict="hung"))
    assert ask() is None


def test_a_mail_stays_the_same_until_its_fate_is_known(settings, ask, settled, now):
    keep(settings, given_up(1, now))
    mail = ask()
    assert mail["to"] == TO["digits"] and "task_1" in mail["text"]
    keep(settings, given_up(2, now, "other"))
    assert ask() == mail, "another key would let the same be sent twice"
    settled.add(mail["key"])
    second = ask()
    assert second["to"] == TO["other"] and "task_1" not in second["text"] and second["key"] != mail["key"]
    settled.add(second["key"])
    assert ask() is None and ask() is None


def test_what_happens_again_is_told_again(settings, ask, settled, now):
    keep(settings, given_up(1, now))
    settled.add(ask()["key"])
    assert ask() is None
    keep(settings, given_up(1, now + 1))
    assert ask()["key"] not in settled


def test_many_are_told_in_several_mails(settings, ask, settled, now):
    for number in range(ACTIONS_PER_MAIL + 3):
        keep(settings, given_up(number, now))
    first = ask()
    settled.add(first["key"])
    assert first["text"].count("task_") == ACTIONS_PER_MAIL and ask()["text"].count("task_") == 3


def test_nobody_reads_about_the_runs_of_others(settings, ask, settled, now):
    for number, dag_id in enumerate(("digits", "other", "third")):
        keep(settings, given_up(number, now, dag_id, reason=f"reason of {dag_id}"))
    first = ask()
    settled.add(first["key"])
    second = ask()
    settled.add(second["key"])
    assert (first["to"], second["to"]) == (TO["digits"], TO["other"]) and first["key"] != second["key"]
    assert "reason of digits" in first["text"] and "reason of third" in first["text"] and "other" not in first["text"]
    assert second["text"].count("reason of") == 1 and "reason of other" in second["html"]
    assert ask() is None, "each action is told once"


def test_what_waits_for_its_own_mail_is_told_even_where_more_happens_meanwhile(settings, ask, settled, now):
    keep(settings, given_up(1, now))
    keep(settings, given_up(2, now, "other"))
    told = []
    for number in range(3, 6):
        mail = ask()
        settled.add(mail["key"])
        told.append(mail["text"])
        keep(settings, given_up(number, now))
    assert "task_1" in told[0] and "task_2" in told[1] and "task_3" in told[2] and "task_4" in told[2]


def test_what_is_long_past_is_no_news(settings, ask, now):
    keep(settings, given_up(1, now - 30 * 86_400))
    assert ask() is None


@pytest.mark.parametrize("content", ["", "{", "[]", json.dumps({"told": 3}), json.dumps({"mail": {"key": "x"}})])
def test_a_damaged_file_says_nothing(settings, ask, now, content):
    keep(settings, given_up(1, now))
    actions_file(settings).with_name("alerts.json").write_text(content)
    assert "task_1" in ask()["text"]


def test_it_escapes_what_it_quotes(now):
    mail = compose_alert([given_up(1, now, "<b>", reason="<script>")], [])
    assert "<script>" not in mail["html"] and "&lt;script&gt;" in mail["html"] and mail["to"] == []


def test_a_container_that_cannot_be_ended_has_a_remedy_of_its_own(now):
    mail = compose_alert([given_up(1, now, verdict="stuck")], [])
    assert "cannot be ended: no try left" in mail["text"] and "docker rm -f" in mail["text"]
    assert "clear the task" not in mail["text"] and "given up after" not in mail["text"]
