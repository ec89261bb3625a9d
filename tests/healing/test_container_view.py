"""What the page of the containers is drawn from."""

import json

from pushtune.healing.action_log import actions_file, keep
from pushtune.healing.container_view import container_view, keep_findings

LABELS = {"run_id": "r", "task_id": "round_1.trial", "map_index": 3, "attempt": 2, "installation": "i"}


def finding(dag_id: str) -> dict:
    container = {"name": f"pushtune-{dag_id}", "status": "running", "labels": {**LABELS, "dag_id": dag_id}}
    return {"container": container, "verdict": "hung", "reason": "no heartbeat for 130 s"}


def test_nothing_is_known_before_the_first_check(settings):
    assert container_view(settings, "digits") == {"checked_unix_time": 0.0, "containers": [], "actions": []}


def test_a_dag_shows_its_own_containers_and_the_checks_show_all(settings):
    keep_findings(settings, [finding("digits"), finding("other")])
    for dag_id in ("digits", "other"):
        keep(settings, {"dag_id": dag_id, "verdict": "hung", "action": "stopped"})
    keep(settings, {"verdict": "old", "action": "removed", "bytes": 5})
    own = container_view(settings, "digits")
    assert [record["dag_id"] for record in own["containers"]] == ["digits"] and own["checked_unix_time"] > 0
    assert [record["dag_id"] for record in own["actions"]] == ["digits"]
    assert own["containers"][0] == {
        "name": "pushtune-digits", "status": "running", "dag_id": "digits", "run_id": "r", "task_id": "round_1.trial",
        "map_index": 3, "attempt": 2, "verdict": "hung", "reason": "no heartbeat for 130 s",
    }  # fmt: skip
    everything = container_view(settings, "check_containers")
    assert len(everything["containers"]) == 2 and len(everything["actions"]) == 3
    assert everything["actions"][0]["verdict"] == "old", "the newest comes first"


def test_the_newest_hundred_actions_over_both_files(settings):
    path = actions_file(settings)
    path.parent.mkdir(parents=True)
    lines = [json.dumps({"dag_id": "digits", "number": number}) for number in range(150)]
    path.with_name(path.name + ".1").write_text("\n".join(lines[:100]) + "\nno json\n")
    path.write_text("\n".join(lines[100:]) + "\n")
    found = [record["number"] for record in container_view(settings, "digits")["actions"]]
    assert found == list(range(149, 49, -1))
