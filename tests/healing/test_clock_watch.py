"""What a clock that is set forward may remove: nothing."""

import json
import time
from pathlib import Path

import pytest

from pushtune.healing import clock_watch
from pushtune.healing.action_log import actions_file
from pushtune.healing.clock_watch import ages_are_believed
from pushtune.moments import Moment, present
from pushtune.notifying.outbox import Mail, outbox_entry
from pushtune.pipeline import clean_up
from pushtune.settings import Settings

DAY_SECONDS = 86_400


@pytest.fixture
def clock(monkeypatch):
    """Say when it is: by the clock, and since the boot."""

    def set_to(unix_time: float, uptime_seconds: float, boot_id: str = "this boot") -> None:
        monkeypatch.setattr(clock_watch, "present", lambda: Moment(unix_time, boot_id, uptime_seconds))

    return set_to


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def test_time_that_passes_is_believed(settings, clock):
    for hours in range(0, 200, 20):
        clock(1.8e9 + hours * 3600, hours * 3600.0)
        assert ages_are_believed(settings)
    assert not actions_file(settings).exists()


@pytest.mark.parametrize(
    ("seconds", "believed"), [(50, True), (3500, True), (-3600, True), (3700, False), (1e9, False)]
)
def test_after_a_step_forward_nothing_is_judged_by_its_age_for_a_day(settings, clock, seconds, believed):
    clock(1.8e9, 100.0)
    assert ages_are_believed(settings)
    for later in (60, 3600, 80_000):
        clock(1.8e9 + seconds + later, 100.0 + later)
        assert ages_are_believed(settings) is believed
    clock(1.8e9 + seconds + DAY_SECONDS, 100.0 + DAY_SECONDS)
    assert ages_are_believed(settings)


def test_it_is_shown_once_with_its_reason(settings, clock):
    clock(1.8e9, 100.0)
    ages_are_believed(settings)
    for later in (60, 120):
        clock(1.8e9 + DAY_SECONDS + later, 100.0 + later)
        ages_are_believed(settings)
    (line,) = actions_file(settings).read_text().splitlines()
    record = json.loads(line)
    assert record["reason"] == "it was set forward by 86400 s" and "a day" in record["action"]


def test_a_boot_between_two_looks_is_no_step(settings, clock):
    clock(1.8e9, 100.0, "boot before")
    ages_are_believed(settings)
    clock(1.8e9 + 10 * DAY_SECONDS, 5.0)
    assert ages_are_believed(settings) and not actions_file(settings).exists()


def test_a_broken_note_stops_nothing(settings):
    ages_are_believed(settings)
    (settings.home / "healing" / "clock.json").write_text("[")
    assert ages_are_believed(settings)


def test_a_clock_far_ahead_makes_no_mail_be_sent_again_and_removes_no_log(settings, monkeypatch):
    """The note about a mail that was sent is what keeps it from being sent again."""
    ages_are_believed(settings)
    log = settings.airflow_home / "logs" / "dag_id=digits" / "attempt=1.log"
    log.parent.mkdir(parents=True)
    log.write_text("of a task that runs")
    mail = Mail("digits/1", "a@example.org", ["b@example.org"], "It trained", "<p>0.9</p>")
    with outbox_entry(settings.outbox, mail) as entry:
        entry.start_sending()
        entry.finish_sending("id")
    noted, now = present(), time.time
    monkeypatch.setattr(time, "time", lambda: now() + 60 * DAY_SECONDS)
    assert clean_up.old_files(settings) == clean_up.POSTPONED
    assert clean_up.unused_images(settings) == clean_up.POSTPONED
    assert clean_up.old_runs(settings, lambda dag_id, run_id: "failed") == clean_up.POSTPONED
    with outbox_entry(settings.outbox, mail) as entry:
        assert entry.sent and log.exists()
    # A day later, with the clock still there, a person has had the time to look: it counts.
    monkeypatch.setattr(time, "monotonic", lambda: noted.uptime_seconds + DAY_SECONDS)
    assert clean_up.old_files(settings)["count"] == 2
    with outbox_entry(settings.outbox, mail) as entry:
        assert not entry.sent and not log.exists()
