"""The registry on a real MLflow database: versions, aliases, retries, hostile files, processes at the same time."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from pushtune.errors import ModelMissing, NoFormerChampion, RegistryUnavailable
from pushtune.promoting import registry
from pushtune.promoting.champion import Score, alias_of
from pushtune.promoting.model_entry import ModelEntry
from pushtune.promoting.registry_store import locked_registry, tracking_uri
from pushtune_contract.reading import UnsafeFile

LIMIT_BYTES = 2**20


def entry_for(model_folder: Path, value: float, run_key: str) -> ModelEntry:
    return ModelEntry(
        dag_id="train_digits",
        run_key=run_key,
        model_folder=model_folder,
        score=Score("accuracy", "maximize", value),
        target=0.9,
        parameters={"task.py:31 filters": "16 -> 48"},
        metrics={"baseline.objective.accuracy": 0.8, "final.test.accuracy": 0.9},
        curves={"curve.winner.accuracy": [(1, 0.5), (2, value)]},
        tags={"repository": "https://example.org/r.git", "commit": "c0ffee", "subject": "x\n<b>'; drop"},
    )


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "trained" / "model"
    folder.mkdir(parents=True)
    (folder / "model.keras").write_bytes(b"weights")
    return folder


def client_of(registry_folder: Path) -> MlflowClient:
    return MlflowClient(tracking_uri=tracking_uri(registry_folder), registry_uri=tracking_uri(registry_folder))


@pytest.fixture
def registry_folder(tmp_path: Path) -> Path:
    return tmp_path / "registry of models"  # a space, since folders have them


def test_everything_about_a_model_can_be_read_back(registry_folder: Path, model_folder: Path) -> None:
    answer = registry.register_model(registry_folder, entry_for(model_folder, 0.95, "run-1"), LIMIT_BYTES)

    assert (answer["name"], answer["version"], answer["champion"]) == ("train_digits", 1, True)
    assert (Path(answer["path"]) / "model.keras").read_bytes() == b"weights"
    assert registry_folder in Path(answer["path"]).parents
    client = client_of(registry_folder)
    run = client.get_run(answer["run_id"])
    assert run.info.status == "FINISHED"
    assert run.data.params == {"task.py:31 filters": "16 -> 48"}
    assert run.data.metrics["final.test.accuracy"] == 0.9
    assert run.data.tags["pushtune.commit"] == "c0ffee"
    assert run.data.tags["pushtune.subject"] == "x <b>'; drop"
    curve = client.get_metric_history(answer["run_id"], "curve.winner.accuracy")
    assert [(point.step, point.value) for point in curve] == [(1, 0.5), (2, 0.95)]
    assert client.get_model_version_by_alias("train_digits", "champion").version == 1


def test_the_same_run_again_gives_the_same_version(registry_folder: Path, model_folder: Path) -> None:
    first = registry.register_model(registry_folder, entry_for(model_folder, 0.95, "run-1"), LIMIT_BYTES)
    again = registry.register_model(registry_folder, entry_for(model_folder, 0.95, "run-1"), LIMIT_BYTES)
    assert again == first
    assert registry.champion(registry_folder, "train_digits") == first


def test_a_retry_does_not_take_the_title_back_from_a_later_champion(registry_folder: Path, model_folder: Path) -> None:
    registry.register_model(registry_folder, entry_for(model_folder, 0.92, "run-1"), LIMIT_BYTES)
    registry.register_model(registry_folder, entry_for(model_folder, 0.95, "run-2"), LIMIT_BYTES)
    registry.register_model(registry_folder, entry_for(model_folder, 0.92, "run-1"), LIMIT_BYTES)
    present = registry.champion(registry_folder, "train_digits")
    assert present is not None and present["version"] == 2


def without_alias(monkeypatch: pytest.MonkeyPatch, registry_folder: Path, entry: ModelEntry) -> None:
    """Register a version whose alias cannot be set any more."""

    def full(*_: object) -> None:
        raise MlflowException("(sqlite3.OperationalError) database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(MlflowClient, "set_registered_model_alias", full)
        with pytest.raises(RegistryUnavailable, match="disk is full"):
            registry.register_model(registry_folder, entry, LIMIT_BYTES)


def test_a_promotion_that_is_completed_later_is_decided_anew(
    registry_folder: Path, model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = {value: entry_for(model_folder, value, f"run-{value}") for value in (0.91, 0.92, 0.97, 0.99)}
    registry.register_model(registry_folder, entries[0.91], LIMIT_BYTES)
    for value in (0.92, 0.99):
        without_alias(monkeypatch, registry_folder, entries[value])
    registry.register_model(registry_folder, entries[0.97], LIMIT_BYTES)

    late = registry.register_model(registry_folder, entries[0.92], LIMIT_BYTES)
    assert (late["champion"], late["replaced_version"]) == (False, None)
    assert late["reason"] == "accuracy 0.92 is worse than 0.97 of the champion, which stays."
    present = registry.champion(registry_folder, "train_digits")
    assert present is not None and present["score"]["value"] == 0.97

    late = registry.register_model(registry_folder, entries[0.99], LIMIT_BYTES)
    assert (late["champion"], late["replaced_version"]) == (True, present["version"])
    assert late["reason"] == "accuracy 0.99 is better than 0.97 of the champion."
    assert registry.register_model(registry_folder, entries[0.92], LIMIT_BYTES)["champion"] is False
    assert registry.champion(registry_folder, "train_digits") == late
    assert registry.roll_back(registry_folder, "train_digits")["score"]["value"] == 0.97


def test_only_a_better_model_takes_over(registry_folder: Path, model_folder: Path) -> None:
    values = {"run-1": 0.92, "run-2": 0.91, "run-3": 0.92, "run-4": 0.93, "run-5": 0.5}
    answers = {
        key: registry.register_model(registry_folder, entry_for(model_folder, value, key), LIMIT_BYTES)
        for key, value in values.items()
    }
    assert [answer["champion"] for answer in answers.values()] == [True, False, False, True, False]
    assert answers["run-4"]["replaced_version"] == 1
    assert answers["run-5"]["reason"] == "accuracy 0.5 does not meet the target 0.9."
    present = registry.champion(registry_folder, "train_digits")
    assert present is not None and present["score"] == {"metric": "accuracy", "direction": "maximize", "value": 0.93}


def test_roll_back_walks_through_the_former_champions(registry_folder: Path, model_folder: Path) -> None:
    for key, value in {"run-1": 0.91, "run-2": 0.92, "run-3": 0.93}.items():
        registry.register_model(registry_folder, entry_for(model_folder, value, key), LIMIT_BYTES)
    assert registry.roll_back(registry_folder, "train_digits")["version"] == 2
    assert registry.roll_back(registry_folder, "train_digits")["version"] == 1
    with pytest.raises(NoFormerChampion, match="model 'train_digits' with no earlier champion"):
        registry.roll_back(registry_folder, "train_digits")
    with pytest.raises(NoFormerChampion, match="model 'unknown' with no champion"):
        registry.roll_back(registry_folder, "unknown")


def test_roll_back_passes_over_what_was_deleted(registry_folder: Path, model_folder: Path) -> None:
    for key, value in {"run-1": 0.91, "run-2": 0.92, "run-3": 0.915, "run-4": 0.93}.items():
        registry.register_model(registry_folder, entry_for(model_folder, value, key), LIMIT_BYTES)
    client_of(registry_folder).delete_model_version("train_digits", "2")
    assert registry.roll_back(registry_folder, "train_digits")["version"] == 1, "the third was never champion"


def test_no_registry_yet_means_no_champion(registry_folder: Path) -> None:
    assert registry.champion(registry_folder, "train_digits") is None
    assert not registry_folder.exists()


def test_models_of_other_repositories_are_apart(registry_folder: Path, model_folder: Path) -> None:
    registry.register_model(registry_folder, entry_for(model_folder, 0.95, "run-1"), LIMIT_BYTES)
    other = replace(entry_for(model_folder, 0.91, "run-1"), dag_id="train_other")
    answer = registry.register_model(registry_folder, other, LIMIT_BYTES)
    assert (answer["version"], answer["champion"]) == (1, True)


def test_an_attempt_that_died_leaves_nothing_behind(registry_folder: Path, model_folder: Path) -> None:
    """The process is ended between the copy of the files and the creation of the version."""
    program = (
        "import os, sys; from pathlib import Path; from pushtune.promoting import registry; import test_registry as e\n"
        "registry._ensure_model = lambda *_: os._exit(9)\n"
        "registry.register_model(Path(sys.argv[1]), e.entry_for(Path(sys.argv[2]), 0.95, 'run-1'), 2**20)\n"
    )
    assert _python(program, registry_folder, model_folder) == 9
    assert registry.champion(registry_folder, "train_digits") is None

    answer = registry.register_model(registry_folder, entry_for(model_folder, 0.95, "run-1"), LIMIT_BYTES)
    assert (answer["version"], answer["champion"]) == (1, True)
    kept = [folder.name for folder in (registry_folder / "artifacts" / "train_digits").iterdir()]
    assert kept == [answer["run_id"]]


def test_an_attempt_that_died_before_the_alias_is_completed(registry_folder: Path, model_folder: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from mlflow import MlflowClient; import test_registry as e\n"
        "from pushtune.promoting import registry\n"
        "MlflowClient.set_registered_model_alias = lambda *_: os._exit(9)\n"
        "registry.register_model(Path(sys.argv[1]), e.entry_for(Path(sys.argv[2]), 0.95, 'run-1'), 2**20)\n"
    )
    assert _python(program, registry_folder, model_folder) == 9
    assert registry.champion(registry_folder, "train_digits") is None

    answer = registry.register_model(registry_folder, entry_for(model_folder, 0.95, "run-1"), LIMIT_BYTES)
    assert answer["version"] == 1
    assert registry.champion(registry_folder, "train_digits") == answer


@pytest.mark.parametrize("statement", [2, 60, 900, 1600])
def test_an_attempt_that_died_while_the_tables_were_made_is_no_obstacle(
    registry_folder: Path, model_folder: Path, statement: int
) -> None:
    """MLflow makes them by some 1,700 statements, half of which it would refuse for ever."""
    program = (
        "import os, sys; from pathlib import Path; from sqlalchemy import event; from sqlalchemy.engine import Engine\n"
        "from pushtune.promoting import registry; import test_registry as e\n"
        "left = [int(sys.argv[3])]\n"
        "def count(*_): left[0] -= 1; left[0] or os._exit(9)\n"
        "event.listen(Engine, 'before_cursor_execute', count)\n"
        "registry.register_model(Path(sys.argv[1]), e.entry_for(Path(sys.argv[2]), 0.95, 'run-1'), 2**20)\n"
    )
    assert _python(program, registry_folder, model_folder, statement) == 9
    assert registry.champion(registry_folder, "train_digits") is None
    answer = registry.register_model(registry_folder, entry_for(model_folder, 0.95, "run-1"), LIMIT_BYTES)
    assert registry.champion(registry_folder, "train_digits") == answer
    assert not list(registry_folder.glob("unfinished*"))


def test_processes_at_the_same_time_agree_on_one_champion(registry_folder: Path, model_folder: Path) -> None:
    """Four processes create the database together; whoever comes last, the best model is champion."""
    program = (
        "import sys; from pathlib import Path; from pushtune.promoting import registry; import test_registry as e\n"
        "entry = e.entry_for(Path(sys.argv[2]), float(sys.argv[3]), sys.argv[3])\n"
        "registry.register_model(Path(sys.argv[1]), entry, 2**20)\n"
    )
    values = ["0.91", "0.95", "0.93", "0.92"]
    running = [_start_python(program, registry_folder, model_folder, value) for value in values]
    assert [process.wait(timeout=120) for process in running] == [0, 0, 0, 0]
    present = registry.champion(registry_folder, "train_digits")
    assert present is not None and present["score"]["value"] == 0.95


def test_links_are_not_copied_into_the_registry(registry_folder: Path, model_folder: Path) -> None:
    (model_folder / "secret").symlink_to("/etc/passwd")
    (model_folder / "folder").symlink_to("/etc")
    answer = registry.register_model(registry_folder, entry_for(model_folder, 0.95, "run-1"), LIMIT_BYTES)
    assert sorted(path.name for path in Path(answer["path"]).rglob("*")) == ["model.keras"]


def test_a_model_over_the_limit_is_refused(registry_folder: Path, model_folder: Path) -> None:
    (model_folder / "large").write_bytes(b"0" * (LIMIT_BYTES + 1))
    with pytest.raises(UnsafeFile, match="at most"):
        registry.register_model(registry_folder, entry_for(model_folder, 0.95, "run-1"), LIMIT_BYTES)


def test_a_missing_model_is_an_error(registry_folder: Path, model_folder: Path) -> None:
    (model_folder / "model.keras").unlink()
    with pytest.raises(ModelMissing, match="must leave a model in the folder 'model'. Received: an empty folder"):
        registry.register_model(registry_folder, entry_for(model_folder, 0.95, "run-1"), LIMIT_BYTES)


def test_a_lock_that_is_never_freed_is_an_error(registry_folder: Path) -> None:
    with locked_registry(registry_folder):
        second = locked_registry(registry_folder, limit_seconds=0.2)
        with pytest.raises(RegistryUnavailable, match="must be free within 0.2 seconds"), second:
            pass


def test_a_damaged_database_is_an_error_in_words(registry_folder: Path, model_folder: Path) -> None:
    registry_folder.mkdir()
    (registry_folder / "mlflow.db").write_bytes(b"not a database" * 100)
    with pytest.raises(RegistryUnavailable, match="must be readable and writable"):
        registry.register_model(registry_folder, entry_for(model_folder, 0.95, "run-1"), LIMIT_BYTES)


def _start_python(program: str, *arguments: object) -> subprocess.Popen[bytes]:
    project = Path(__file__).parents[2]
    paths = [project / "plugins", project / "training", Path(__file__).parent]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    return subprocess.Popen([sys.executable, "-c", program, *map(str, arguments)], env=environment)


def _python(program: str, *arguments: object) -> int:
    return _start_python(program, *arguments).wait(timeout=120)


def test_another_branch_has_a_champion_of_its_own(registry_folder: Path, model_folder: Path) -> None:
    def register(value: float, run_key: str, ref: str | None) -> dict[str, object]:
        entry = replace(entry_for(model_folder, value, run_key), alias=alias_of(ref, "main"))
        return registry.register_model(registry_folder, entry, LIMIT_BYTES)

    assert register(0.95, "run-1", "refs/heads/main")["champion"]
    better = register(0.99, "run-2", "refs/heads/feature/x")
    assert (better["champion"], better["alias"]) == (False, alias_of("refs/heads/feature/x", "main"))
    assert "there was no champion yet. It is compared under the alias branch-feature-x-" in str(better["reason"])
    assert "worse than 0.99" in str(register(0.97, "run-3", "refs/heads/feature/x")["reason"])
    champion = registry.champion(registry_folder, "train_digits")
    assert champion is not None and champion["version"] == 1
    assert register(0.96, "run-4", None)["champion"], "the primary branch is compared with its own"
    assert client_of(registry_folder).get_model_version_by_alias("train_digits", str(better["alias"])).version == 2
