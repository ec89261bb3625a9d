"""Tells when an epoch of a loop of the script's own begins and ends, and may give the loop another length.

A loop counts only if its name says epochs (see ``loop_syntax``), and its length is offered only if weights were updated
in it.
"""

import builtins
from typing import Any, Callable, Dict, Iterator

from pushtune_runtime.own_loops.loop_syntax import HOOK
from pushtune_runtime.own_loops.own_scores import OwnScores
from pushtune_runtime.parameter_registry import ParameterRegistry
from pushtune_runtime.session import Session


class EpochLoops:
    """Gives the hook, finds the loops that train, and lets their length be overridden."""

    def __init__(self, session: Session, registry: ParameterRegistry, scores: OwnScores) -> None:
        self._session = session
        self._registry = registry
        self._scores = scores
        self._trains: Dict[str, bool] = {}  # id of the parameter of each loop -> whether weights were updated in it
        self._running = False

    def install(self) -> None:
        """Make the hook known to the script; call before it runs."""
        setattr(builtins, HOOK, self._enter)

    def finish(self) -> None:
        """Forget loops that trained nothing: their length has nothing to do with the model."""
        for identity in [identity for identity, trains in self._trains.items() if not trains]:
            self._registry.seen.pop(identity, None)

    def _enter(self, numbers: Any) -> Any:
        """Return what the loop over ``numbers`` runs over; anything but a plain range, or an inner loop, as it is."""
        if type(numbers) is not range or numbers.step != 1 or self._running:
            return numbers
        site = self._registry.sites.here("range")
        if site is None:
            return numbers
        identity, wanted = self._registry.see(site, ("epochs", "range", "epochs"), len(numbers), True)
        self._trains.setdefault(identity, False)
        length = len(numbers)
        if self._registry.is_overridden(identity) and isinstance(wanted, (int, float)):
            length = min(max(1, int(wanted)), self._session.request.epoch_budget or int(wanted))
        return EpochRange(range(numbers.start, numbers.start + length), lambda span: self._epochs(span, identity))

    def _epochs(self, numbers: range, identity: str) -> Iterator[int]:
        self._scores.begin_loop(len(numbers))
        self._running = True
        try:
            for position, number in enumerate(numbers, start=1):
                self._scores.begin_epoch(position)
                try:
                    yield number
                except GeneratorExit:  # the script has left its loop: nothing may be raised here
                    self._note(identity, self._scores.end_epoch())
                    return
                self._note(identity, self._scores.end_epoch())
                if self._scores.has_to_end():
                    return
        finally:
            self._running = False
            self._scores.end_loop()

    def _note(self, identity: str, has_trained: bool) -> None:
        self._trains[identity] = self._trains[identity] or has_trained


class EpochRange:
    """Behaves like the range in a loop or in a progress bar."""

    def __init__(self, numbers: range, run: Callable[[range], Iterator[int]]) -> None:
        self._numbers = numbers
        self._run = run

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[int]:
        return self._run(self._numbers)
