"""One run, four places: the containers' results, the registry, the report and the mail say the same numbers."""

from pathlib import Path

from mlflow import MlflowClient
from tests.notifying.run_samples import write_record, write_tuned_run

from pushtune.notifying.message import compose_message
from pushtune.notifying.plain_words import number
from pushtune.notifying.report import build_report
from pushtune.promoting.promotion import promote
from pushtune.promoting.registry_store import tracking_uri
from pushtune.settings import load_settings
from pushtune_contract.result import read_result


def test_results_registry_report_and_mail_agree(tmp_path: Path) -> None:
    run_folder, settings = tmp_path / "train_digits" / "run-1", load_settings({"PUSHTUNE_HOME": str(tmp_path / "home")})
    write_tuned_run(run_folder, best=0.931234567, test=0.920123456)
    write_record(run_folder, "promote", **promote(run_folder, "train_digits", settings))
    report = build_report(run_folder)
    message = compose_message(report, run_folder)

    baseline, winner, final = (read_result(run_folder / name) for name in ("baseline", "trials/001", "retrain"))
    assert baseline.objective is not None and winner.objective is not None
    uri = tracking_uri(settings.registry_folder)
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    version = client.get_model_version_by_alias("train_digits", "champion")
    kept = client.get_run(version.run_id).data.metrics
    told = {
        "baseline.objective.accuracy": (baseline.objective.value, report["baseline"]["objective"]),
        "final.objective.accuracy": (winner.objective.value, report["final"]["objective"]),
        "baseline.test.accuracy": (baseline.test_metrics["accuracy"], report["baseline"]["test"]),
        "final.test.accuracy": (final.test_metrics["accuracy"], report["final"]["test"]),
    }
    for name, values in told.items():
        assert {*values} == {kept[name]}, name
        assert number(kept[name]) in message["text"] and number(kept[name]) in message["html"]
    assert report["model"]["version"] == version.version and report["model"]["champion"]
    assert Path(report["model"]["path"], "model.keras").read_bytes() == b"weights"
    assert str(report["model"]["path"]) in message["text"]
