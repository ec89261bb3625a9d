"""Notices values that the script sets after the constructor: what the constructor was given is then never trained."""

import weakref
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Set

from pushtune_runtime.parameter_registry import ParameterRegistry
from pushtune_runtime.session import Session

_MISSING = object()


@dataclass(frozen=True)
class _Given:
    """An argument, and the attribute of its name right after the constructor."""

    estimator: Callable[[], Any]
    identity: str
    argument: str
    value: Any


class LaterValues:
    """Compares estimators that are about to be trained with what their constructors have made of them."""

    def __init__(self, session: Session, registry: ParameterRegistry) -> None:
        self._session = session
        self._registry = registry
        self._given: List[_Given] = []
        self._trained: Set[str] = set()
        self._replaced: Dict[str, Any] = {}

    def note(self, estimator: Any, identities: Dict[str, str]) -> None:
        """The constructor has run; ``identities`` has the id of the parameter of each argument."""
        try:
            reference = weakref.ref(estimator)
        except TypeError:  # a class with slots
            return
        for argument, identity in identities.items():
            self._given.append(_Given(reference, identity, argument, getattr(estimator, argument, _MISSING)))

    def check(self, estimator: Any) -> None:
        """``estimator``, with all that it is made of, is about to be trained."""
        try:
            parts = [estimator, *estimator.get_params(deep=True).values()]
        except Exception:  # an estimator of the script's own that does not keep what it is given
            parts = [estimator]
        alive = {id(part) for part in parts}
        self._given = [given for given in self._given if given.estimator() is not None]
        for given in self._given:
            if id(given.estimator()) in alive:
                self._compare(given)

    def _compare(self, given: _Given) -> None:
        value = getattr(given.estimator(), given.argument, _MISSING)
        if _are_equal(value, given.value):
            self._trained.add(given.identity)
        else:
            self._replaced[given.identity] = value

    def finish(self) -> None:
        """Take back what was never trained: it is no parameter to tune, and its override was not applied."""
        for identity, value in self._replaced.items():
            seen = self._registry.seen.get(identity)
            if identity in self._trained or seen is None:
                continue
            seen.freeze(f"the script sets it to {value!r} before it trains"[:200])
            if identity in self._session.applied:
                self._session.applied.remove(identity)
                name = f"{seen.owner}.{seen.argument}"
                text = f"the script sets {name} after the constructor: it was trained with {value!r}"
                self._session.warn(text[:500], seen.file, seen.line)


def _are_equal(one: Any, other: Any) -> bool:
    try:
        return one is other or bool(one == other)
    except Exception:  # arrays, and whatever else a script makes of its arguments
        return False
