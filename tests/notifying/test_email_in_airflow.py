"""The operator inside a real DAG run: what a commit says is not rendered as a template."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.notifying.run_samples import write_start, write_training
from tests.notifying.sendgrid_server import running_sendgrid

from pushtune.notifying.message import compose_message
from pushtune.notifying.report import build_report

PROJECT = Path(__file__).parents[2]
HOSTILE = "{{ conn.get('other').password }} {{ 7 * 191 }} {% raw %}"
DAG_FILE = """
import json, os
from pathlib import Path
from airflow.sdk import DAG, task
from pushtune.notifying.email_operator import EmailOperator

with DAG("mailing") as dag:
    @task
    def report() -> dict:
        return {"mail": json.loads(Path(os.environ["MESSAGE_FILE"]).read_text())}

    EmailOperator(task_id="notify", message=report()["mail"])
    EmailOperator(task_id="plain", to="ada@example.org", subject="{{ dag.dag_id }}", html_content="{{ 7 * 191 }}")
"""


@pytest.mark.airflow
@pytest.mark.slow
def test_a_template_in_a_commit_message_arrives_as_it_is(tmp_path: Path) -> None:
    run_folder = tmp_path / "run"
    write_start(run_folder, subject=HOSTILE, target=0.5)
    write_training(run_folder / "retrain", mode="retrain", curve=(0.8,), test=0.8)
    message = compose_message(build_report(run_folder, mail_to=["ada@example.org"]), run_folder)
    (tmp_path / "message.json").write_text(json.dumps(message))
    (tmp_path / "airflow" / "dags").mkdir(parents=True)
    (tmp_path / "airflow" / "dags" / "mailing.py").write_text(DAG_FILE)
    with running_sendgrid() as server:
        _airflow(tmp_path, server.address, "db", "migrate")
        _airflow(tmp_path, server.address, "dags", "test", "mailing")
        bodies = {body["subject"]: body["content"] for body in server.bodies}

    assert bodies.pop("mailing") == [{"type": "text/html", "value": "1337"}]
    [(subject, (text, html))] = bodies.items()
    assert subject.startswith("[Pushtune] digits")
    assert HOSTILE in text["value"]
    assert "{{ conn.get(&#x27;other&#x27;).password }} {{ 7 * 191 }} {% raw %}" in html["value"]
    assert not [word for word in ("a secret", "1337") if word in json.dumps(bodies)]


def _airflow(folder: Path, sendgrid: str, *arguments: str) -> None:
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(folder / "airflow"),
        "PYTHONPATH": f"{PROJECT / 'plugins'}:{PROJECT / 'training'}",
        "PUSHTUNE_HOME": str(folder / "home"),
        "MESSAGE_FILE": str(folder / "message.json"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW_CONN_OTHER": json.dumps({"conn_type": "http", "password": "a secret"}),
        "AIRFLOW_CONN_SENDGRID_DEFAULT": json.dumps({"conn_type": "sendgrid", "password": "SG.k", "host": sendgrid}),
    }
    finished = subprocess.run(
        [sys.executable, "-m", "airflow", *arguments], env=environment, timeout=300, capture_output=True, text=True
    )
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
