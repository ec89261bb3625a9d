"""A storm: faults at random moments while people push, then calm, then the audit."""

import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults import audit, recovery
from tests.faults.evidence import diary
from tests.faults.faults import Fault, choose
from tests.faults.world import EASY_TARGET, World

PUSH_INTERVAL_SECONDS = 5.0
SOON_SECONDS = 180
NOTHING_TO_BREAK_SECONDS = 0.5
CALM_SECONDS = 600
CONTAINERS_GONE_SECONDS = 150


@dataclass
class Storm:
    """What is done to ``world``, and what came out.

    Attributes:
        tell: takes a line for a person. faults: name -> how often it was injected. broken: rule -> how it was broken.
        figures: what was counted and measured.
    """

    world: World
    tell: Callable[[str], None]
    faults: Counter[str] = field(default_factory=Counter)
    broken: dict[str, list[str]] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    _began: float = field(default_factory=time.monotonic)
    _next_push: float = 0.0

    def inject(self, fault: Fault) -> bool:
        """Inject one fault; return whether there was something to break."""
        self.keep_going()
        told = fault.inject(self.world)
        if told:
            self.faults[fault.name] += 1
            self._say(f"{len(self.world.kills):4} kills  {fault.name}: {told}")
        return bool(told)

    def inject_soon(self, fault: Fault) -> bool:
        """Inject one fault as soon as there is something to break; return whether there was."""
        deadline = time.monotonic() + SOON_SECONDS
        while time.monotonic() < deadline:
            if self.inject(fault):
                return True
            self.wait(0.5)
        return False

    def rage(self, kills: int, seconds: float, pause_seconds: float) -> None:
        """Inject random faults until so many kills were made, or the time is over."""
        deadline = time.monotonic() + seconds
        while len(self.world.kills) < kills and time.monotonic() < deadline:
            if self.inject(choose(self.world.chance)):
                self.wait(min(self.world.chance.expovariate(1 / pause_seconds), 5 * pause_seconds))
            else:
                self.wait(NOTHING_TO_BREAK_SECONDS)

    def wait(self, seconds: float) -> None:
        """Let time pass; what is due is repaired and pushed meanwhile."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.keep_going()
            time.sleep(min(0.5, left))

    def keep_going(self) -> None:
        """Repair what is due, and let those push whose last push has its end."""
        self.world.repair_due()
        if time.monotonic() < self._next_push:
            return
        self._next_push = time.monotonic() + PUSH_INTERVAL_SECONDS
        for name, person in self.world.developers.items():
            if person.present and self.world.is_idle(name):
                self._say(f"            {name} is idle, next push: {person.push_commit()[:12]}")

    def calm(self) -> None:
        """Repair everything, let all work end, and wait until the check of the containers has come by."""
        self._say("calm")
        self.world.repair_all()
        # A frozen server answers all that has waited in one moment: to pause may win there over to go on.
        for name in self.world.developers:
            self.world.pause(name, False)
        deadline = time.monotonic() + CALM_SECONDS
        while time.monotonic() < deadline and not all(self._is_settled(name) for name in self.world.developers):
            time.sleep(1)
        deadline = time.monotonic() + CONTAINERS_GONE_SECONDS
        while time.monotonic() < deadline and not self._nothing_is_left():
            time.sleep(1)

    def _is_settled(self, name: str) -> bool:
        if not self.world.is_idle(name):
            return False
        runs = self.world.records.runs(name)
        record = self.world.records.ledger(name)[self.world.developers[name].head]
        if record["state"] == "failed" and record["run_id"] in self.world.marked_failed and record["run_id"] in runs:
            self.world.developers[name].push_commit()  # a person has failed the last one: the next one must be trained
            return False
        return True

    def _nothing_is_left(self) -> bool:
        if self.world.reality.containers(everything=True) or audit.lost_mails(self.world):
            return False
        return not checked(audit.unserved_champions, self.world)

    def judge(self) -> None:
        """Check each rule and collect the figures; stops the instance."""
        world = self.world
        recovery.read_diaries(world.kills)
        self.broken = {name: checked(rule, world) for name, rule in audit.RULES.items()}
        repetitions = [audit.repetitions(diary(folder)) for folder in audit.trial_folders(world)]
        unowned = [entry.seconds for entry in world.watcher.unowned.values() if entry.lived]
        self.figures = {
            "kills": len(world.kills),
            "faults": dict(sorted(self.faults.items())),
            "recovery_seconds": recovery.summary(world.kills),
            "epochs_trained_twice": sum(total for total, _ in repetitions),
            "longest_unowned_running_seconds": round(max(unowned, default=0.0), 1),
            **world.facts(),
            "mails_uncertain": len(audit.uncertain_mails(world)),
            "seconds": round(time.monotonic() - self._began),
            "kill_list": [[round(kill.unix_time), kill.part, kill.told, kill.seconds] for kill in world.kills],
        }
        world.end()
        self.broken |= {name: checked(rule, world) for name, rule in audit.RULES_AFTER_STOP.items()}

    def _say(self, line: str) -> None:
        self.tell(f"{time.monotonic() - self._began:6.0f} s {line}")


def checked(rule: Callable[[World], list[str]], world: World) -> list[str]:
    """Return how ``rule`` was broken; a rule that cannot be checked has not held."""
    try:
        return rule(world)
    except Exception as error:
        return [f"it could not be checked: {error!r}"]


@contextmanager
def storm_over(names: Sequence[str], seed: int, tell: Callable[[str], None]) -> Iterator[Storm]:
    """Yield a storm over an instance of its own, which is stopped and removed whatever happens."""
    with tempfile.TemporaryDirectory(prefix="pushtune-faults-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        world = World(Path(folder), names, random.Random(seed))
        try:
            world.begin(EASY_TARGET)
            world.win_champions()
            yield Storm(world, tell)
        finally:
            world.end()
