"""A result may be as large as the contract lets it be: the report about it can still be written, read and mailed."""

import json
import shutil
from pathlib import Path

import pytest
from tests.notifying.run_samples import write_start, write_training, write_tuned_run

from pushtune.notifying.bounded_report import REPORT_LIMIT_BYTES, bounded
from pushtune.notifying.message import compose_message
from pushtune.notifying.report import build_report
from pushtune.records import read_record, recorded
from pushtune_contract import layout
from pushtune_contract.result import Notice


def rewrite_result(folder: Path, **fields: object) -> None:
    """Change a result as a script can: in the shortest form that JSON knows."""
    path = folder / layout.RESULT_FILE
    document = {**json.loads(path.read_text()), **fields}
    path.write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")))


@pytest.mark.parametrize(
    "fields",
    [
        {"warnings": [{"message": f"{number} " + "é" * 19_900, "file": "é" * 19_900} for number in range(50)]},
        {"warnings": [{"message": f"{number} " + "\x7f" * 19_900 + "\x01" * 90} for number in range(190)]},
        {"test_metrics": {f"{number:06d}" + "é" * 90: 0.5 for number in range(19_000)}},
    ],
)
def test_a_result_up_to_its_limit_costs_no_report(tmp_path: Path, fields: dict[str, object]) -> None:
    write_tuned_run(tmp_path / "run")
    for folder in ("baseline", "retrain"):
        rewrite_result(tmp_path / "run" / folder, **fields)
    with recorded(tmp_path / "run", "report") as document:
        document.update(build_report(tmp_path / "run", mail_to=["ada@example.org"]))
    record = read_record(tmp_path / "run", "report")
    assert record is not None and record["document"] == document
    assert document["final"]["objective"] == 0.9312 and "target met" in compose_message(document, tmp_path)["subject"]


def test_many_trials_with_long_words_cost_no_report(tmp_path: Path) -> None:
    write_start(tmp_path)
    write_training(tmp_path / "trials" / "001", number=1, status="script_error", error=Notice("é" * 20_000))
    for number in range(2, 300):
        shutil.copytree(tmp_path / "trials" / "001", tmp_path / "trials" / f"{number:03d}")
    report = build_report(tmp_path)
    assert len(json.dumps(report)) <= REPORT_LIMIT_BYTES and len(report["trials"]) == 300


def test_an_ordinary_report_stays_as_it_is(tmp_path: Path) -> None:
    report = {"error": {"traceback": "x" * 20_000}, "trials": [{"number": 1, "reason": "no"}], "target": None}
    assert bounded(report) == report
