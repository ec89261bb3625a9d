"""The first task of every run: which commit is trained, if any."""

import contextlib
import time
from typing import Any

from airflow.sdk import BaseSensorOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from pushtune.errors import RepositoryUnreachable, UnusablePush
from pushtune.settings import Settings, load_settings
from pushtune.watching.check_out import open_mirror
from pushtune.watching.git_remote import check_remote
from pushtune.watching.mirror import Mirror
from pushtune.watching.path_filter import first_relevant
from pushtune.watching.push_ledger import RECORDS_LIMIT, PushLedger, PushRecord
from pushtune.watching.push_trigger import HeadTrigger, fetch_credentials, watched_asset
from pushtune.watching.repository_url import redacted
from pushtune.watching.watched_repositories import WatchedRepository

FIRST_LOOK_SECONDS = 20.0


class GitSensor(BaseSensorOperator):
    """Decides what a run trains, and claims it in the push ledger.

    A run that a push woke takes the head of the branch, unless that is handled already or changes no watched file:
    then the run is skipped. A manual or scheduled run takes the head, or ``commit``, even if it was trained before.
    While the repository does not answer, the task waits in the triggerer, without a worker slot.

    Returns by XCom: commit, short_commit, branch, repository (address without credentials), previous_commit (the
    handled one before it, or None), cause (``push``, ``schedule`` or ``manual``), superseded (number of commits passed
    over), author_name, author_email, subject, committed_unix_time.

    Args:
        repository: the entry in ``config/watched_repositories.yaml``.
        commit: train this commit (7 to 40 hexadecimal digits); templated; by default the run's ``--conf`` says it.
        timeout_seconds: how long to wait for a repository that does not answer.
    """

    template_fields = (*BaseSensorOperator.template_fields, "commit")
    ui_color = "#e6f1f2"

    def __init__(
        self,
        *,
        repository: WatchedRepository,
        commit: str = "{{ (dag_run.conf or {}).get('commit') or '' }}",
        timeout_seconds: float = 3600,
        **kwargs: Any,
    ) -> None:
        asset = watched_asset(repository)
        super().__init__(timeout=timeout_seconds, inlets=[asset], **kwargs)
        self.repository = repository
        self.commit = commit
        self.asset = asset

    def execute(self, context: Any) -> dict[str, Any]:
        """Return the push that this run trains, wait for the repository, or skip."""
        return self._decide_or_wait(context, time.time() + self.timeout)

    def resume(self, context: Any, event: dict[str, Any], deadline_unix_time: float) -> dict[str, Any]:
        """Go on after the wait."""
        if not event["answered"]:
            raise AirflowFailException(f"The repository did not answer within {self.timeout:g} s. {event['error']}")
        return self._decide_or_wait(context, deadline_unix_time)

    def _decide_or_wait(self, context: Any, deadline_unix_time: float) -> dict[str, Any]:
        try:
            return _Decision(self.repository, self.commit, context, self.asset).push()
        except UnusablePush as error:
            raise AirflowFailException(str(error)) from error
        except RepositoryUnreachable as error:
            self.log.warning("%s", error)
        trigger = HeadTrigger(
            self.repository.url, self.repository.branch, deadline_unix_time, self.repository.connection_id
        )
        self.defer(trigger=trigger, method_name="resume", kwargs={"deadline_unix_time": deadline_unix_time})
        raise AssertionError  # defer() raises


class _Decision:
    """What one run trains: the repository's state and the ledger's, compared under the lock of the mirror."""

    def __init__(self, repository: WatchedRepository, commit: str, context: Any, asset: Any) -> None:
        settings: Settings = load_settings()
        self.repository = repository
        self.asked_commit = commit.strip()
        self.run_id = str(context["run_id"])
        self.run_type = str(getattr(context["dag_run"].run_type, "value", context["dag_run"].run_type))
        self.task_instance = context["ti"]
        self.ledger = PushLedger(context["asset_state_store"][asset])
        self.look_seconds = min(settings.git_timeout_seconds, FIRST_LOOK_SECONDS)
        self.credentials = fetch_credentials(repository.connection_id)
        self.mirror: Mirror = open_mirror(repository.url, settings, self.credentials)

    def push(self) -> dict[str, Any]:
        again = self.ledger.claimed_by(self.run_id)
        if again:
            with self.mirror.locked():
                return self._claim(self.mirror.find_commit(again), is_head=False)
        if self.asked_commit:
            with self.mirror.locked():
                self.mirror.fetch(self.repository.branch)
                return self._claim(self.mirror.find_commit(self.asked_commit), is_head=False)
        head = check_remote(
            self.repository.url, self.repository.branch, timeout_seconds=self.look_seconds, credentials=self.credentials
        )
        self._skip_if_handled(head)
        with self.mirror.locked():
            head = self.mirror.fetch(self.repository.branch)
            self._skip_if_handled(head)
            self._skip_if_filtered(head)
            return self._claim(head, is_head=True)

    def _skip_if_handled(self, head: str) -> None:
        record = self.ledger.record(head)
        if self.run_type == "asset_triggered" and record and record.handled and not self._is_abandoned(record):
            raise AirflowSkipException(
                f"{head[:12]} is {record.state} by {record.run_id}: there is nothing new to train."
            )

    def _skip_if_filtered(self, head: str) -> None:
        base = self._base(head)
        if self.run_type != "asset_triggered" or base is None or not self.mirror.has(base):
            return
        paths, ignored = self.repository.paths, self.repository.ignore_paths
        with contextlib.closing(self.mirror.changed_paths(base, head)) as changed:
            if first_relevant(changed, paths, ignored) is not None:
                return
        reason = f"No watched file changed between {base[:12]} and {head[:12]}."
        self.ledger.filter(head, self.run_id, base, self._older(base, head), reason)
        raise AirflowSkipException(reason)

    def _claim(self, commit: str, *, is_head: bool) -> dict[str, Any]:
        base = self._base(commit)
        older = self._older(base, commit) if is_head else []
        self.ledger.claim(commit, self.run_id, base, older, is_head=is_head)
        causes = {"asset_triggered": "push", "scheduled": "schedule"}
        return {
            "commit": commit,
            "short_commit": commit[:12],
            "branch": self.repository.branch,
            "repository": redacted(self.repository.url),
            "previous_commit": base,
            "cause": causes.get(self.run_type, "manual"),
            "superseded": len(older),
            **self.mirror.describe(commit),
        }

    def _older(self, base: str | None, head: str) -> list[str]:
        return self.mirror.commits_between(base, head, RECORDS_LIMIT)

    def _base(self, head: str) -> str | None:
        """Return the newest handled commit before ``head``, after settling those whose run vanished."""
        while base := self.ledger.base(exclude=head):
            record = self.ledger.record(base)
            if record is None or not self._is_abandoned(record):
                break
            self.ledger.supersede(base, head, self.run_id)
        return base

    def _is_abandoned(self, record: PushRecord) -> bool:
        """Return whether the run that trains ``record`` was deleted; one that ended silently is closed as failed."""
        if record.state != "running" or record.run_id == self.run_id:
            return False
        try:
            state = self.task_instance.get_dagrun_state(self.task_instance.dag_id, record.run_id)
        except AirflowException:
            return True
        if state in ("success", "failed"):
            self.ledger.close(record.commit, "failed", "The run ended without recording an outcome.", record.run_id)
        return False
