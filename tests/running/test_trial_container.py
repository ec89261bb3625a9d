"""The ends of a container, each had in a real one."""

import pytest

from pushtune.errors import (
    ImageBroken,
    ImageMissing,
    ResultUnusable,
    ScriptFailed,
    TrialInfeasible,
    TrialInterrupted,
    TrialOutOfMemory,
    TrialStalled,
)

pytestmark = pytest.mark.docker


def test_done_returns_objective_and_removes_container(trial):
    made = trial("progress(1)\nprint('hello')\nend('done', 0, objective=OBJECTIVE, seconds=1.5)")
    outcome = made.run()
    assert outcome["status"] == "done" and outcome["objective"]["value"] == 0.75 and outcome["seconds"] == 1.5
    assert outcome["image_digest"].startswith("sha256:") and outcome["restarts"] == 0
    assert "hello" in made.lines and any("epoch 1 of 5" in line for line in made.lines)
    assert made.published[-1]["epoch"] == 1
    assert made.containers() == []
    assert made.container.attempts.outcome == outcome


def test_pruned_is_an_outcome(trial):
    assert trial("end('pruned', 83, objective=OBJECTIVE)").run()["status"] == "pruned"


def test_infeasible_says_why(trial):
    error = {"message": "negative size", "kind": "ValueError", "file": "net.py", "line": 7}
    made = trial(f"end('infeasible', 80, error={error})")
    with pytest.raises(TrialInfeasible, match=r"net\.py:7: ValueError: negative size.*skipped"):
        made.run()
    assert made.containers() == []


def test_script_error_names_the_line(trial):
    error = {"message": "no\nfile", "kind": "OSError", "file": "task.py", "line": 12}
    made = trial(f"end('script_error', 81, error={error})")
    with pytest.raises(ScriptFailed, match=r"task\.py:12: OSError: no file.*push again"):
        made.run()


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("sys.exit(0)", "must leave result.json.*no such file"),
        ("put('result.json', '{}'); sys.exit(0)", "must follow the contract.*status"),
        ("os.symlink('/etc/shadow', TRIAL + 'result.json'); sys.exit(0)", "must follow the contract.*plain file"),
        ("end('pruned', 0)", r"same as exit code 0 \(done\).*pruned"),
    ],
)
def test_forged_result_is_refused(trial, body, text):
    with pytest.raises(ResultUnusable, match=text):
        trial(body).run()


def test_out_of_memory_is_told_apart_from_a_kill(trial):
    with pytest.raises(TrialOutOfMemory, match="smaller batch.*PUSHTUNE_TRIAL_MEMORY_BYTES"):
        trial("held = bytearray(2**30)\nfor i in range(0, 2**30, 4096): held[i] = 1").run()


def test_kill_from_outside_is_an_interruption_and_next_container_resumes(trial):
    made = trial("""
        if os.path.exists(TRIAL + "seen"):
            end("done", 0, objective=OBJECTIVE)
        put("seen", "1")
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    with pytest.raises(TrialInterrupted, match="exit code 137.*newest checkpoint"):
        made.run()
    assert len(made.containers()) == 1
    assert made.run()["restarts"] == 1
    assert made.containers() == []


def test_container_that_never_starts_the_runtime_means_a_broken_image(trial):
    made = trial("")
    created = made.container.create(made.image, entrypoint=["/no/such/program"], environment={})
    supervisor = made.supervisor()
    with pytest.raises(ImageBroken, match="make images"):
        made.container.settle(made.container.run(created, supervisor), supervisor)


def test_missing_image_names_the_command_that_builds_it(trial):
    made = trial("")
    made.image = "pushtune/no-such-image:1"
    with pytest.raises(ImageMissing, match="pushtune/no-such-image:1.*make images"):
        made.run()


def test_crashes_without_progress_end_after_three(trial):
    made = trial("os._exit(139)")
    for _ in range(2):
        with pytest.raises(TrialInterrupted):
            made.run()
    with pytest.raises(TrialStalled, match="3 in a row"):
        made.run()


def test_crashes_with_progress_go_on(trial):
    made = trial("""
        epoch = int(open(TRIAL + "seen").read()) if os.path.exists(TRIAL + "seen") else 0
        put("seen", str(epoch + 1))
        progress(epoch + 1)
        os._exit(139)
    """)
    for _ in range(4):
        with pytest.raises(TrialInterrupted):
            made.run()
