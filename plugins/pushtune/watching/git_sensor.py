"""The first task of every run: which commit is trained, if any."""

from dataclasses import asdict
from typing import Any

from airflow.sdk import BaseSensorOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from pushtune.errors import RepositoryUnreachable, UnusablePush
from pushtune.moments import moment_in, present
from pushtune.settings import load_settings
from pushtune.watching.check_out import open_mirror
from pushtune.watching.git_command import GitFailed
from pushtune.watching.push_decision import NothingToTrain, PushDecision
from pushtune.watching.push_ledger import PushLedger
from pushtune.watching.push_trigger import HeadTrigger, fetch_credentials, watched_asset
from pushtune.watching.watched_repositories import WatchedRepository

_CAUSES = {"asset_triggered": "push", "scheduled": "schedule"}


class GitSensor(BaseSensorOperator):
    """Decides what a run trains, and claims it in the push ledger.

    A run that a push woke takes the head of the branch, or of a further branch or tag, unless that is handled already
    or changes no watched file: then the run is skipped. A manual or scheduled run takes the head, or ``commit``, even
    if it was trained before. While the repository does not answer, the task waits in the triggerer, without a worker
    slot.

    Returns by XCom: commit, short_commit, branch (what people call it), ref (its full name), repository (address
    without credentials), previous_commit (the handled one before it, or None), cause (``push``, ``schedule`` or
    ``manual``), superseded (number of commits passed over), author_name, author_email, subject, committed_unix_time.

    Args:
        repository: the entry in ``config/watched_repositories.yaml``.
        commit: train this commit (7 to 40 hexadecimal digits); templated; by default the run's ``--conf`` says it.
        timeout_seconds: how long to wait for a repository that does not answer.
    """

    template_fields = (*BaseSensorOperator.template_fields, "commit")

    def __init__(
        self,
        *,
        repository: WatchedRepository,
        commit: str = "{{ (dag_run.conf or {}).get('commit') or '' }}",
        timeout_seconds: float = 3600,
        **kwargs: Any,
    ) -> None:
        self.repository = repository
        self.commit = commit
        self.asset = watched_asset(repository)
        super().__init__(timeout=timeout_seconds, inlets=[self.asset], **kwargs)

    def execute(self, context: Any) -> dict[str, Any]:
        """Return the push that this run trains, wait for the repository, or skip."""
        return self._decide_or_wait(context, asdict(present()), 0)

    def resume(self, context: Any, event: dict[str, Any], since: dict[str, Any], failures: int = 0) -> dict[str, Any]:
        """Go on after the wait, which began at the moment ``since``; ``failures``: how often it was in vain before."""
        if not event["answered"]:
            raise self._given_up(event["error"])
        return self._decide_or_wait(context, since, failures)

    def _given_up(self, error: object) -> AirflowFailException:
        return AirflowFailException(f"The repository did not answer within {self.timeout:g} s. {error}")

    def _decide_or_wait(self, context: Any, since: dict[str, Any], failures: int) -> dict[str, Any]:
        try:
            decision = self._decision(context)
            push = decision.take(self.commit.strip())
        except UnusablePush as error:
            raise AirflowFailException(str(error)) from error
        except GitFailed:
            with decision.mirror.locked():
                decision.mirror.remove()  # it cannot be read: the retry fetches it again
            raise
        except RepositoryUnreachable as error:
            self.log.warning("%s", error)
            if moment_in(since).seconds_until(present()) >= self.timeout:  # it answers a look, but not a fetch
                raise self._given_up(error) from error
            self._wait(since, failures)
        if isinstance(push, NothingToTrain):
            raise AirflowSkipException(push.reason)
        return push

    def _decision(self, context: Any) -> PushDecision:
        run = context["dag_run"]
        task_instance = context["ti"]

        def run_state(run_id: str) -> str | None:
            if not task_instance.get_dr_count(dag_id=task_instance.dag_id, run_ids=[run_id]):
                return None
            return str(task_instance.get_dagrun_state(task_instance.dag_id, run_id))

        credentials = fetch_credentials(self.repository.connection_id)
        return PushDecision(
            repository=self.repository,
            ledger=PushLedger(context["asset_state_store"][self.asset]),
            mirror=open_mirror(self.repository.url, load_settings(), credentials),
            run_id=run.run_id,
            cause=_CAUSES.get(str(getattr(run.run_type, "value", run.run_type)), "manual"),
            run_state=run_state,
        )

    def _wait(self, since: dict[str, Any], failures: int) -> None:
        trigger = HeadTrigger(
            self.repository.url,
            self.repository.branch,
            since,
            self.timeout,
            self.repository.connection_id,
            failures=failures,
        )
        self.defer(trigger=trigger, method_name="resume", kwargs={"since": since, "failures": failures + 1})
