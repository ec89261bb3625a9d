"""Takes one push through the real stages, from the checkout to the mail, without Airflow's processes."""

import contextlib
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException
from fastapi.testclient import TestClient
from tests.hostile.attacks import TRAINED

from pushtune.commands.follow import RunView
from pushtune.commands.summary import keep_summary, print_summary
from pushtune.errors import EngineUnavailable, PushtuneError
from pushtune.healing.check import diagnose_containers, list_containers
from pushtune.notifying.outbox import Mail, as_eml, is_address
from pushtune.notifying.report import build_report
from pushtune.pages.run_view import run_view
from pushtune.pages.web_app import create_app
from pushtune.pipeline import run_ending, tasks
from pushtune.pipeline.run import Run
from pushtune.running.training_operator import TrainingOperator
from pushtune.settings import Settings
from pushtune.watching.git_remote import check_remote
from pushtune.watching.watched_repositories import WatchedRepository
from pushtune_contract.reading import UnsafeFile

OPTIONS = {"target": None, "rounds": 0, "trials_per_round": 1, "epochs": None, "parallelism": None, "notify": []}
TRIES = 2
EXPECTED = (PushtuneError, AirflowException, UnsafeFile)


@dataclass
class Ending:
    """How a run ended, and everything that a person or a program may see of it."""

    run: Run
    stage: str = TRAINED
    message: str = ""
    lines: list[str] = field(default_factory=list)
    mail: bytes = b""
    html: str = ""
    page: bytes = b""
    terminal: str = ""
    seconds: float = 0.0
    broken_checks: list[str] = field(default_factory=list)


class Drive:
    """One run of ``repository``."""

    def __init__(self, settings: Settings, repository: WatchedRepository) -> None:
        self.ending = Ending(Run.of(settings, repository, f"hostile {{{{ 31337 * 1009 }}}} {repository.name}", OPTIONS))
        self.run = self.ending.run

    def go(self) -> Ending:
        """Run every stage until one fails, then the report, the mail, the page and the terminal."""
        started = time.monotonic()
        for stage, action in self._stages():
            try:
                action()
            except EXPECTED as error:
                self.ending.stage, self.ending.message = stage, str(error)
                run_ending.keep_failure(self.run.folder, self._task(f"{stage}_task"), error)
                break
        self._show()
        self.ending.seconds = time.monotonic() - started
        return self.ending

    def _stages(self) -> list[tuple[str, Callable[[], Any]]]:
        run, made = self.run, dict[str, Any]()

        def check_out() -> None:
            limit = run.settings.git_timeout_seconds
            head = check_remote(run.repository.url, run.repository.branch, timeout_seconds=limit)
            tasks.check_out(run, {"commit": head, "previous_commit": None}, None)

        def prepare() -> None:
            made["baseline"] = tasks.prepare_image(run)["baseline"]

        def choose() -> None:
            made["retrain"] = tasks.choose_best(run)

        return [
            ("check_out", check_out),
            ("inspect", lambda: tasks.inspect(run)),
            ("prepare_image", prepare),
            ("train", lambda: self._train("train", made["baseline"])),
            ("judge_baseline", lambda: tasks.judge_baseline(run)),
            ("choose_best", choose),
            ("retrain", lambda: self._train("retrain", made["retrain"])),
            ("promote", lambda: tasks.promote(run)),
        ]

    def _task(self, task_id: str) -> dict[str, Any]:
        return {"dag_id": self.run.repository.name, "run_id": self.run.run_id, "task_id": task_id, "map_index": -1}

    def _train(self, task_id: str, spec: dict[str, Any]) -> None:
        """One task with its retries, as Airflow makes them."""
        store = _Store()
        for number in range(TRIES):
            operator = _told(self.ending.lines)(task_id=task_id, image="not used", trial=spec)
            instance = SimpleNamespace(**self._task(task_id), stats_tags={})
            try:
                with self._health_checks():
                    operator.execute({"ti": instance, "task_state_store": store})
                return
            except AirflowFailException:
                raise
            except AirflowException:
                if number == TRIES - 1:
                    raise

    @contextlib.contextmanager
    def _health_checks(self) -> Iterator[None]:
        """Look after the containers beside the training, as the DAG ``check_containers`` does."""
        over, settings = threading.Event(), self.run.settings

        def check() -> None:
            while not over.wait(1.0):
                try:
                    diagnose_containers(settings, list_containers(settings), {})
                except EngineUnavailable:  # a busy machine; the next look finds it again
                    continue
                except Exception as error:  # shown by the test, which fails by it
                    self.ending.broken_checks.append(repr(error))

        thread = threading.Thread(target=check, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(timeout=30)

    def _show(self) -> None:
        ending, run = self.ending, self.run
        message = run_ending.report(run, True, run.settings.pages_url)
        assert message is not None
        known = {name: message[name] for name in ("key", "subject", "html", "text")}
        to = [address for address in message["to"] if is_address(address)]
        ending.mail, ending.html = as_eml(Mail(sender="pushtune@localhost", to=to, **known)), message["html"]
        app = create_app(lambda dag_id, run_id, over: run_view(run.folder, build_report, over), lambda: None)
        answer = TestClient(app).get("/run/data", params={"dag_id": "x", "run_id": "y"})
        assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
        ending.page = answer.content
        with contextlib.redirect_stdout(io.StringIO()) as shown:
            RunView(run.folder).refresh()
            print_summary(keep_summary(run.settings, run.folder, run.repository.name))
        ending.terminal = shown.getvalue()
        json.loads(ending.page)


class _Store(dict[str, Any]):
    def set(self, key: str, value: Any) -> None:
        self[key] = json.loads(json.dumps(value, allow_nan=False))


class _Log:
    """Takes what a task logs."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def __getattr__(self, level: str) -> Callable[..., None]:
        return lambda text, *arguments, **options: self._lines.append(str(text) % arguments if arguments else str(text))


def _told(lines: list[str]) -> type[TrainingOperator]:
    """Return the operator, with its log kept in ``lines``."""

    class Told(TrainingOperator):
        log = property(lambda self: _Log(lines))  # type: ignore[assignment]

    return Told
