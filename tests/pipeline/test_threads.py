"""From the steps that a baseline has timed to the threads, cores and slots of trials and final training."""

import os
from dataclasses import replace

import pytest
from tests.pipeline.test_wishes import a_run
from tests.tuning.tuning_samples import baseline

from pushtune.commands.stage_lines import describe_stage
from pushtune.notifying.report import build_report
from pushtune.pipeline import tasks
from pushtune.pipeline.threads import thread_fields
from pushtune.records import read_record, recorded
from pushtune.running.hardening import host_config_arguments
from pushtune_contract.request import read_request
from pushtune_contract.result import write_result

pytestmark = pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="there is nothing to choose with one core")


def prepared(tmp_path, times, parallelism=2):
    """Return a run whose baseline has timed its steps, and the documents of the trials of its first round."""
    run = a_run(tmp_path)
    run = replace(run, options={**run.options, "parallelism": parallelism})
    write_result(run.folder / "baseline", replace(baseline(0.4), step_seconds=times))
    tasks.judge_baseline(run)
    return run, tasks.plan_round(run, 1)


def test_the_baseline_is_asked_to_time_steps_with_all_cores_of_the_run(tmp_path):
    run = replace(a_run(tmp_path), options={"parallelism": 2})
    request = tasks._request(run, "baseline")
    assert (request.threads, request.timed_threads) == (1, 2)
    spec = tasks._spec(run, "baseline", request, "the script as it is")
    assert host_config_arguments(run.settings, spec)["nano_cpus"] == 2 * 10**9


@pytest.mark.parametrize(
    ("prepared_as", "network", "reason"),
    [
        ({}, True, "with a network, what the script sends would be sent again"),
        ({"accelerator": {"kind": "runtime"}}, False, "it trains on a GPU"),
        ({"built_from": "pushtune/cnn:0123456789ab"}, False, "the image is that of an earlier release"),
    ],
)
def test_where_the_baseline_is_not_asked(tmp_path, prepared_as, network, reason):
    run = a_run(tmp_path)
    repository = run.repository.model_copy(update={"network": network})
    run = replace(run, options={**run.options, "parallelism": 2}, repository=repository)
    with recorded(run.folder, "prepare_image") as document:
        document.update({**run.document("prepare_image"), **prepared_as})
    assert "timed_threads" not in thread_fields(run, "baseline")
    tasks.judge_baseline(run)
    choice = read_record(run.folder, "judge_baseline")["document"]["threads"]
    assert (choice["threads"], choice["reason"]) == (1, f"1 for each trial, 2 at once; no steps were timed: {reason}")


def test_a_dockerfile_of_the_repository_holds_todays_runtime(tmp_path):
    run = replace(a_run(tmp_path), options={"parallelism": 2})
    with recorded(run.folder, "prepare_image") as document:
        document.update(image_tag="pushtune/repository:1", built_from="Dockerfile")
    assert thread_fields(run, "baseline") == {"timed_threads": 2}


def test_all_cores_for_one_trial_at_a_time(tmp_path):
    run, trials = prepared(tmp_path, {"1": 0.2, "2": 0.1})
    assert read_record(run.folder, "judge_baseline")["document"]["threads"]["threads"] == 2
    for trial in trials:
        assert trial["request"]["threads"] == 2 and "timed_threads" not in trial["request"]
        assert trial["slots"]["count"] == 1
        assert host_config_arguments(run.settings, trial)["nano_cpus"] == 2 * 10**9
    retrain = tasks.choose_best(run)
    assert retrain["request"]["threads"] == 2 and retrain["cpus"] == 2.0
    assert read_request(run.folder / "retrain").threads == 2


def test_the_reason_is_told_wherever_the_run_is_shown(tmp_path):
    run, _ = prepared(tmp_path, {"1": 0.2, "2": 0.1})
    reason = (
        "2 for each trial, one at a time; a step takes 200 ms with 1 thread and 100 ms with 2: "
        "2.00 times as fast, 1.80 are needed for all cores"
    )
    record = read_record(run.folder, "judge_baseline")["document"]
    assert describe_stage("judge_baseline", record)[1] == f"  threads: {reason}"
    assert build_report(run.folder)["threads"]["reason"] == reason


def test_one_thread_each(tmp_path):
    run, trials = prepared(tmp_path, {"1": 0.2, "2": 0.15})
    for trial in trials:
        assert trial["request"]["threads"] == 1
        assert trial["slots"]["count"] == 2
        assert host_config_arguments(run.settings, trial)["nano_cpus"] == 10**9
    assert tasks.choose_best(run)["request"]["threads"] == 1


def test_a_run_that_was_judged_before_an_upgrade_goes_on_with_one_thread(tmp_path):
    run, _ = prepared(tmp_path, {"1": 0.2, "2": 0.1})
    record = run.folder / "records" / "judge_baseline.json"
    record.unlink()
    assert tasks._request(run, "trial").threads == 1
