"""Champions of a real registry in real containers: started, exchanged, restarted, refused, removed."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.promoting.serving_harness import DAG, Served, served

from pushtune.commands import instance
from pushtune.errors import ContainerRefused
from pushtune.healing.alerts import REPORTED, compose_alert
from pushtune.healing.container_view import container_view
from pushtune.pipeline.serving import serve_champion, served_images
from pushtune.promoting import registry
from pushtune.running.container_labels import ROLE, SERVING
from pushtune.running.serving_containers import ServingContainers
from pushtune_contract.serving import ServingOrder

__all__ = ["served"]
pytestmark = [pytest.mark.docker, pytest.mark.slow]
FIRST, SECOND = "[0, 0, 1, 1]", "[1, 1, 0, 0]"


def words(actions: list[dict[str, object]]) -> list[tuple[object, object]]:
    return [(action["verdict"], action["version"]) for action in actions]


def test_a_champion_answers_and_the_next_one_takes_over(served: Served) -> None:
    assert served.check() == [] and served.predict()[0] == 404, "no champion yet"
    served.champion(served.fit(FIRST), 0.95)
    assert serve_champion(served.settings, DAG)["serving"] is True
    assert served.predict() == (200, {"predictions": [0, 1]})
    status, known = served.models().describe(DAG)
    assert status == 200 and (known["version"], known["metric"], known["value"]) == (1, "accuracy", 0.95)
    assert known["inputs"] == [{"name": "features", "dtype": "any", "shape": [2]}]
    assert served.check() == [], "nothing is left to do"
    (one,) = served.containers()
    assert one["Labels"][ROLE] == SERVING and served_images(served.settings) == [served.image]

    served.champion(served.fit(SECOND), 0.97)
    document = serve_champion(served.settings, DAG)
    assert document == {"serving": True, "reason": "version 2 answers on /pushtune/models/digits"}
    assert served.predict()[1] == {"predictions": [1, 0]}
    assert len(served.containers()) == 1 and len(list((served.settings.serving / DAG).glob("*-*"))) == 1

    registry.roll_back(served.settings.registry_folder, DAG)
    assert ("replaced", 2) in words(served.check())
    assert served.predict()[1] == {"predictions": [0, 1]}

    view = container_view(served.settings, DAG)
    assert [(row["verdict"], row["status"]) for row in view["containers"]] == [("healthy", "running")]
    assert {action["verdict"] for action in view["actions"]} == {"serving", "replaced"}


def test_a_killed_container_is_followed_by_another(served: Served) -> None:
    served.champion(served.fit(FIRST), 0.95)
    served.check()
    (before,) = served.containers()
    served.client.kill(before["Id"])
    assert served.predict()[0] == 503
    actions = served.check()
    assert words(actions) == [("dead", 1), ("serving", 1), ("serving", 1)] and "code 137" in actions[0]["reason"]
    assert served.predict()[0] == 200 and served.containers()[0]["Id"] != before["Id"]
    served.client.remove_container(served.containers()[0]["Id"], force=True)
    served.check()
    assert served.predict()[0] == 200


def test_a_stop_of_the_instance_stops_it_and_a_removal_leaves_none(served: Served) -> None:
    served.champion(served.fit(FIRST), 0.95)
    served.check()
    instance.down(served.settings)
    assert [found["State"] for found in served.containers()] == ["exited"]
    served.check()
    assert served.predict()[0] == 200
    instance.down(served.settings, remove=True)
    assert served.containers() == []


def test_what_is_not_asked_for_any_more_is_removed_unless_an_entry_is_broken(served: Served) -> None:
    served.champion(served.fit(FIRST), 0.95)
    served.check()
    text = served.file.read_text()
    served.file.write_text(text.replace("serve: true", "serve: perhaps"))
    served.check()
    assert served.predict()[0] == 200, "the entry that cannot be read may ask for it"
    served.ask_for(False)
    assert words(served.check()) == [("not_wanted", 1)]
    assert served.containers() == [] and not (served.settings.serving / DAG).exists()
    status, document = served.predict()
    assert status == 404 and "needs 'serve: true'" in document["error"]


def test_a_model_that_cannot_be_loaded_leaves_the_former_one(served: Served, tmp_path: Path) -> None:
    served.champion(served.fit(FIRST), 0.95)
    served.check()
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "model.weights.h5").write_bytes(b"weights")
    served.champion(broken, 0.97)
    document = serve_champion(served.settings, DAG)
    assert document["serving"] is False and "weights without the model's structure" in document["reason"]
    assert document["reason"].endswith("Version 1 goes on answering.")
    assert served.predict() == (200, {"predictions": [0, 1]})
    assert "weights without" in served.models().describe(DAG)[1]["not_served"]["2"]
    assert served.check() == [], "it is not tried again"
    (before,) = served.containers()
    served.client.kill(before["Id"])
    served.check()
    assert served.predict()[0] == 200 and served.state.model.version == 1, "the former one is brought back"


@pytest.mark.parametrize(
    ("image", "says"), [("pushtune/classical:gone", "which must be on this Docker engine"), ("", "no name of an image")]
)
def test_an_image_that_is_gone_is_named_and_tried_a_few_times_only(served: Served, image: str, says: str) -> None:
    served.settings = served.settings.model_copy(update={"restart_limit": 2})
    served.champion(served.fit(FIRST), 0.95, image)
    actions = [action for _ in range(6) for action in served.check()]
    assert [action["verdict"] for action in actions].count("given_up") == 1
    assert len(actions) == (4 if image else 2) and says in actions[0]["reason"] and image in actions[0]["reason"]
    mail = compose_alert([action for action in actions if action["verdict"] in REPORTED], ["a@example.org"])
    assert mail["to"] == ["a@example.org"]
    assert "version 1 of its model is not served" in mail["text"]
    assert "serving container(s)" in mail["subject"] and "clear the task" not in mail["text"]
    assert says in served.predict()[1]["error"]


def test_it_sees_nothing_but_its_model_and_its_socket(served: Served) -> None:
    served.champion(served.fit(FIRST), 0.95)
    served.check()
    found = served.client.inspect_container(served.containers()[0]["Id"])
    mounts = {mount["Destination"]: mount["RW"] for mount in found["Mounts"]}
    assert mounts == {"/pushtune/model": False, "/pushtune/socket": True}
    config = found["HostConfig"]
    assert config["NetworkMode"] == "none" and config["CapDrop"] == ["ALL"] and config["ReadonlyRootfs"]
    assert config["Memory"] == config["MemorySwap"] == 2**29 and config["PidsLimit"] and not config["PortBindings"]
    assert not found["Config"]["User"].startswith("0:") or os.getuid() != 0
    program = "open('/pushtune/socket/more', 'w')"
    created = served.client.exec_create(found["Id"], ["python", "-c", program])
    output = served.client.exec_start(created["Id"]).decode()
    assert "PermissionError" in output or os.getuid() != 0


def test_a_model_that_fills_the_folder_of_its_socket_is_ended(served: Served) -> None:
    served.champion(served.fit(FIRST), 0.95)
    served.check()
    folder = served.settings.serving / DAG / served.state.socket_folder
    for number in range(9):
        (folder / str(number)).touch()
    assert [action["verdict"] for action in served.check()] == ["refused", "given_up"]
    assert served.containers() == [] and not folder.exists()


def test_an_engine_elsewhere_is_refused_with_the_reason(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    from pushtune.pipeline import serving
    from pushtune.running.serving_containers import ServingContainers

    made = ServingContainers(served.settings, "unix:///var/run/docker.sock")
    made._url = "tcp://engine.example.org:2376"
    monkeypatch.setattr(serving, "_containers", lambda settings: made)
    served.champion(served.fit(FIRST), 0.95)
    assert [action["verdict"] for action in served.check()] == ["not_started", "given_up"]
    assert "tcp://engine.example.org:2376" in served.predict()[1]["error"] and served.containers() == []


def test_the_container_answers_for_each_bad_input_on_its_own(served: Served) -> None:
    served.champion(served.fit(FIRST), 0.95)
    served.check()
    for body, says in (
        (b"no JSON", "must be a JSON document"), (b'{"instances": [[1]]}', "a list of 1"),
        (b'{"instances": [["x", 1]]}', "'x'"), (b'{"instances": []}', "1 to 10000"),
    ):  # fmt: skip
        status, document = served.predict(body)
        assert status == 400 and says in document["error"], body
    body = json.dumps({"signature_name": "predict_proba", "instances": [[5, 5]]}).encode()
    ((_, high),) = served.predict(body)[1]["predictions"]
    assert high > 0.5


def test_a_configuration_that_the_engine_refuses_is_given_up_and_the_former_version_is_kept_up(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.champion(served.fit(FIRST), 0.95)
    served.check()
    served.champion(served.fit(SECOND), 0.97)
    (before,) = served.containers()
    served.settings = served.settings.model_copy(update={"restart_limit": 2})
    real = ServingContainers.start

    def start(self: ServingContainers, dag_id: str, order: ServingOrder, *more: Any) -> str:
        if order.version == 2:
            raise ContainerRefused("The Docker engine must accept the request.", "range of CPUs", "Look at its log.")
        return real(self, dag_id, order, *more)

    monkeypatch.setattr(ServingContainers, "start", start)
    served.client.kill(before["Id"])
    actions = [action for _ in range(6) for action in served.check()]
    assert served.predict()[0] == 200 and served.state.model.version == 1, "the former one is brought back"
    given_up = [action for action in actions if action["verdict"] == "given_up"]
    assert len(given_up) == 1 and "range of CPUs" in given_up[0]["reason"]


def test_a_folder_that_cannot_be_read_ends_its_own_model_alone(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.champion(served.fit(FIRST), 0.95)
    served.check()
    (before,) = served.containers()

    def closed(self: Path) -> Any:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:  # root reads what any other user may not
        patch.setattr(Path, "iterdir", closed)
        actions = served.check()
    assert ("refused", 1) in words(actions) and ("given_up", 1) in words(actions)
    assert before["Id"] not in [found["Id"] for found in served.containers()]
