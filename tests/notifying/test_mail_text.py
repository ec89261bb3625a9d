"""The mail about a run: its subject, its numbers, and hostile texts in every place that a repository can fill."""

import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.notifying.run_samples import CHANGES, write_record, write_start, write_training, write_tuned_run

from pushtune.notifying.mail_text import compose_mail
from pushtune.notifying.message import compose_message
from pushtune.notifying.plain_words import duration, number, one_line
from pushtune.notifying.report import build_report
from pushtune_contract.result import Notice

ALLOWED_TAGS = {"html", "head", "meta", "body", "h2", "h3", "table", "tr", "td", "a"}
HOSTILE = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onmouseover='x", "</td></table><h1>owned",
    "a\r\nBcc: all@example.org", "{{ conn.x.password }}", "{% for x in y %}", "\u202egnp.exe", "\x00\x1b[31m",
    "x" * 10_000, "\ud800", "&lt;b&gt;",
]


class Reader(HTMLParser):
    """Collects what a mail program would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def mail_of(run_folder: Path, **options: Any) -> dict[str, str]:
    return compose_mail(build_report(run_folder, **options))


def test_target_met(tmp_path: Path) -> None:
    write_tuned_run(tmp_path)
    mail = mail_of(tmp_path, run_page="http://127.0.0.1:8080/dags/d/runs/1")
    assert mail["subject"] == "[Pushtune] digits c0ffee0: target met, accuracy 0.7912 -> 0.9312 (target 0.9000)"
    for text in (mail["text"], Reader(mail["html"]).text):
        for part in (
            "0.7912", "0.9312", "0.7800", "0.9201", *CHANGES, "train_digits version 3", "/registry/3", "yes: better",
            "http://127.0.0.1:8080/dags/d/runs/1", "Try a CNN", "task.py:31 Conv2D: a convolution",
            "baseline 1, trials 0, final 1 times", "task.py:3 No seed is set.",
        ):
            assert part in text
    assert ("href", "http://127.0.0.1:8080/dags/d/runs/1") in Reader(mail["html"]).attributes


def test_best_effort(tmp_path: Path) -> None:
    write_tuned_run(tmp_path, best=0.85)
    subject = mail_of(tmp_path)["subject"]
    assert subject == "[Pushtune] digits c0ffee0: improved, accuracy 0.7912 -> 0.8500, below the target 0.9000"


def test_improvement_without_a_target(tmp_path: Path) -> None:
    write_tuned_run(tmp_path)
    write_record(tmp_path, "judge_baseline", target=None)
    mail = mail_of(tmp_path)
    assert mail["subject"] == "[Pushtune] digits c0ffee0: improved, accuracy 0.7912 -> 0.9312"
    assert "Target: none" in mail["text"]


def test_no_improvement(tmp_path: Path) -> None:
    write_tuned_run(tmp_path)
    write_record(tmp_path, "best", number=0, changes=[], overrides={})
    assert mail_of(tmp_path)["subject"] == "[Pushtune] digits c0ffee0: no improvement over accuracy 0.7912 in 4 trials"


def test_failure_shows_the_scripts_own_line(tmp_path: Path) -> None:
    write_start(tmp_path)
    error = Notice("name 'x' is not defined", "src/task.py", 12, "NameError")
    write_training(tmp_path / "baseline", mode="baseline", status="script_error", error=error)
    mail = mail_of(tmp_path)
    assert mail["subject"] == "[Pushtune] digits c0ffee0: failed in baseline: name 'x' is not defined"
    assert "Line: src/task.py:12" in mail["text"] and "NameError: name 'x' is not defined" in mail["text"]


def test_container_given_up(tmp_path: Path) -> None:
    write_start(tmp_path)
    mail = mail_of(tmp_path, failures=[{"stage": "retrain", "message": "Given up after 5 restarts."}])
    assert mail["subject"] == "[Pushtune] digits c0ffee0: failed in retrain: Given up after 5 restarts."


def test_skipped(tmp_path: Path) -> None:
    write_record(tmp_path, "wait_for_push", skipped="only README.md changed")
    assert mail_of(tmp_path)["subject"] == "[Pushtune] unknown repository: not trained: only README.md changed"


def test_a_validation_that_may_be_optimistic_is_named(tmp_path: Path) -> None:
    write_tuned_run(tmp_path)
    report = build_report(tmp_path)
    report["objective"]["guard"] = "none"
    assert "the validation values may be optimistic" in compose_mail(report)["text"]


def test_the_curve_has_first_and_last_epoch_and_few_rows(tmp_path: Path) -> None:
    winner = [[float(epoch), epoch / 100] for epoch in range(1, 61)]
    report = {"outcome": "best_effort", "curves": {"baseline": [], "winner": winner}}
    rows = re.findall(r"^ +(\d+) +- +(\d\.\d+)$", compose_mail(report)["text"], re.MULTILINE)
    assert (rows[0], rows[-1], len(rows)) == (("1", "0.0100"), ("60", "0.6000"), 8)


def test_curves_with_different_epochs_are_compared_where_both_have_one() -> None:
    """Of a long training every second epoch is kept."""
    pushed, tuned = ([[float(epoch), 0.5] for epoch in range(1, 400, step)] for step in (2, 1))
    report = {"outcome": "best_effort", "curves": {"baseline": pushed, "winner": tuned[:200]}}
    rows = re.findall(r"^ +(\d+) +(0.5000|-) +(0.5000|-)$", compose_mail(report)["text"], re.MULTILINE)
    assert len(rows) == 8 and rows[-1][0] == "399"
    assert {row[1:] for row in rows if int(row[0]) < 200} == {("0.5000", "0.5000")}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_texts_stay_texts(tmp_path: Path, hostile: str) -> None:
    """Every text of the report is replaced at once; the mail still has our tags and attributes only."""
    write_tuned_run(tmp_path)
    report = build_report(tmp_path, run_page="http://127.0.0.1/x")
    for outcome in ("target_met", "best_effort", "no_improvement", "failed", "skipped", hostile):
        mail = compose_mail(_filled(report, hostile) | {"outcome": outcome})
        seen = Reader(mail["html"])
        assert set(seen.tags) <= ALLOWED_TAGS
        assert {name for name, _ in seen.attributes} <= {"style", "charset", "colspan", "href"}
        assert mail["subject"].isprintable() and len(mail["subject"]) <= 150
        assert all(line.isprintable() and len(line) < 600 for line in mail["text"].splitlines())
        mail["html"].encode()
        mail["text"].encode()
        assert len(mail["html"]) < 60_000


def test_a_page_that_is_no_web_address_is_no_link(tmp_path: Path) -> None:
    write_tuned_run(tmp_path)
    assert "href" not in mail_of(tmp_path, run_page="javascript:alert(1)")["html"]


def _filled(value: Any, text: str) -> Any:
    if isinstance(value, dict):
        return {name: _filled(item, text) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, text) for item in value]
    return text if isinstance(value, str) else value


@given(st.text(), st.integers(1, 300))
def test_one_line_is_printable_and_bounded(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert line.isprintable() and len(line) <= limit


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.91234, "0.9123"), (0, "0.0000"), (12345.6, "1.235e+04"), (1e-5, "1e-05"), (None, "-"), ("x", "-"), (True, "-")],
)
def test_numbers(value: Any, shown: str) -> None:
    assert number(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(8.4, "8 s"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (None, "-"), (math.inf, "-"), (math.nan, "-")],
)
def test_durations(seconds: Any, shown: str) -> None:
    assert duration(seconds) == shown


def test_the_key_of_a_message_names_run_and_outcome(tmp_path: Path) -> None:
    run_folder = tmp_path / "train_digits" / "manual-1"
    write_tuned_run(run_folder)
    message = compose_message(build_report(run_folder, mail_to=["ada@example.org"]), run_folder)
    assert message["key"] == "train_digits/manual-1/target_met"
    assert (message["to"], message["run_folder"]) == (["ada@example.org"], str(run_folder))
    assert message["subject"].startswith("[Pushtune]")
