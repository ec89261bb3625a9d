import re
from dataclasses import replace

import pytest

from pushtune.healing.diagnosis import ABSENT, UNKNOWN, Facts, Verdict, diagnose

RUNNING = Facts("running", 0, "running", 0.0, 0.0, 30.0, 0.9, 0, 120.0)
ENDED = replace(RUNNING, status="exited", exit_code=137, cpu_share=-1.0)
SILENT = {"beat_silence_seconds": 121.0, "cpu_share": 0.0}
STUCK = {"progress_silence_seconds": 151.0, "cpu_share": 0.01}


@pytest.mark.parametrize(
    ("facts", "changes", "verdict", "reason"),
    [
        (RUNNING, {}, Verdict.HEALTHY, "it runs"),
        (RUNNING, {"owner_state": "queued"}, Verdict.HEALTHY, "it runs"),
        (RUNNING, {"owner_state": "up_for_retry"}, Verdict.HEALTHY, "it runs"),
        (RUNNING, {"owner_state": "none"}, Verdict.HEALTHY, "it runs"),
        (RUNNING, {"owner_state": UNKNOWN, **SILENT}, Verdict.HEALTHY, "left alone"),
        (RUNNING, SILENT, Verdict.HUNG, "no heartbeat for 121 s"),
        (RUNNING, STUCK, Verdict.HUNG, "no progress for 151 s .expected within 30 s."),
        (RUNNING, {**SILENT, "cpu_share": -1.0}, Verdict.HUNG, "no heartbeat"),
        (RUNNING, {**SILENT, "status": "paused"}, Verdict.HUNG, "no heartbeat"),
        (RUNNING, {**SILENT, "cpu_share": 0.5}, Verdict.HEALTHY, "it runs"),
        (RUNNING, {**STUCK, "cpu_share": 0.5}, Verdict.HEALTHY, "it runs"),
        (RUNNING, {"beat_silence_seconds": 119.0, "cpu_share": 0.0}, Verdict.HEALTHY, "it runs"),
        (RUNNING, {"progress_silence_seconds": 149.0, "cpu_share": 0.0}, Verdict.HEALTHY, "it runs"),
        (RUNNING, {**SILENT, "unmoved": 1}, Verdict.HUNG, "no heartbeat"),
        (RUNNING, {**SILENT, "unmoved": 2}, Verdict.LOOPING, "the 2 containers before it"),
        (RUNNING, {"unmoved": 9}, Verdict.HEALTHY, "it runs"),
        (RUNNING, {"owner_state": ABSENT}, Verdict.ORPHAN, "its task is absent"),
        (RUNNING, {"owner_state": "success"}, Verdict.ORPHAN, "its task is success"),
        (RUNNING, {"owner_state": "failed", **SILENT}, Verdict.ORPHAN, "its task is failed"),
        (ENDED, {}, Verdict.DEAD, "code 137"),
        (ENDED, {"owner_state": "up_for_retry"}, Verdict.DEAD, "starts the next one"),
        (ENDED, {"status": "created"}, Verdict.HEALTHY, "about to start it"),
        (ENDED, {"owner_state": "failed"}, Verdict.GIVEN_UP, "code 137, and its task has no try left"),
        (ENDED, {"owner_state": "failed", "exit_code": 81}, Verdict.LEFTOVER, "its task is failed"),
        (ENDED, {"owner_state": "success"}, Verdict.LEFTOVER, "its task is success"),
        (ENDED, {"owner_state": "skipped", "exit_code": 0}, Verdict.LEFTOVER, "its task is skipped"),
        (ENDED, {"owner_state": ABSENT}, Verdict.LEFTOVER, "its task is absent"),
        (ENDED, {"owner_state": UNKNOWN}, Verdict.HEALTHY, "left alone"),
        (RUNNING, {"owner_state": "failed", "awaits_clear": True}, Verdict.HEALTHY, "once it is cleared"),
        (ENDED, {"owner_state": "failed", "awaits_clear": True}, Verdict.HEALTHY, "once it is cleared"),
        (RUNNING, {"owner_state": "success", "awaits_clear": True}, Verdict.ORPHAN, "its task is success"),
    ],
)
def test_each_row_of_the_table(facts, changes, verdict, reason):
    found, why = diagnose(replace(facts, **changes))
    assert found is verdict and re.search(reason, why)


@pytest.mark.parametrize("status", ["created", "running", "paused", "restarting", "removing", "exited", "dead"])
@pytest.mark.parametrize("owner", ["running", "failed", "success", ABSENT, UNKNOWN, "none"])
@pytest.mark.parametrize("code", [0, 81, 137])
def test_every_combination_has_a_verdict_and_an_owned_container_is_never_removed(status, owner, code):
    verdict, reason = diagnose(replace(RUNNING, status=status, owner_state=owner, exit_code=code))
    assert reason
    if owner in ("running", "none", UNKNOWN):
        assert verdict not in (Verdict.ORPHAN, Verdict.LEFTOVER, Verdict.GIVEN_UP)
