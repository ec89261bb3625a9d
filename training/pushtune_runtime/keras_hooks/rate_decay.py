"""Offers a learning rate that decays, for optimizers that the script compiles with a constant one.

Half a cosine from the script's rate towards zero, without restarts (Loshchilov and Hutter, arXiv:1608.03983), over the
epochs that one ``fit`` is asked for, whatever budget ends it earlier. The rate is set at the beginning of each epoch
from the number of the epoch alone: a resumed run, and a repetition that is cut short, see the same rates. Each ``fit``
decays on its own, and leaves the optimizer with the rate that it began with.
"""

import inspect
import math
import weakref
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence, Set

import numpy as np

from pushtune_contract.parameters import Value
from pushtune_runtime.call_sites import CallSite
from pushtune_runtime.keras_hooks.fit_events import Arguments, FitListener
from pushtune_runtime.keras_hooks.fit_hooks import FitHooks
from pushtune_runtime.keras_hooks.legacy_decay import decay_of
from pushtune_runtime.parameter_registry import ParameterRegistry

ARGUMENT = "learning_rate_decay"
NONE, COSINE = "none", "cosine"
CHOICES: List[Value] = [NONE, COSINE]
SCHEDULER = "LearningRateScheduler"
CHANGING_CALLBACKS = (SCHEDULER, "ReduceLROnPlateau")


@dataclass
class _Offer:
    """What is known about one compiled optimizer: ids of its decay and of its rate (empty for none), and more.

    Attributes:
        decays: whether the decay is asked for. fits: how many have trained with it so far.
    """

    identity: str
    rate: str
    decays: bool
    fits: int = 0


@dataclass
class _Running:
    """The running ``fit`` of an optimizer with an offer; epochs count from 0, ``last_epoch`` is not trained."""

    optimizer: Any
    offer: _Offer
    rate: float
    first_epoch: int
    last_epoch: int


@dataclass
class RateDecay(FitListener):
    """Has to come before the checkpoints among the listeners.

    Attributes:
        registry: takes the parameters. fit_hooks: knows for how many epochs ``fit`` is asked for without a budget.
    """

    registry: ParameterRegistry
    fit_hooks: FitHooks
    _offers: "weakref.WeakKeyDictionary[Any, _Offer]" = field(default_factory=weakref.WeakKeyDictionary)
    _offered: Set[str] = field(default_factory=set)
    _trained: Set[str] = field(default_factory=set)
    _running: Optional[_Running] = None

    def offer(self, site: CallSite, model: Any, rate: str) -> None:
        """Register the decay for the optimizer that ``model`` has just been compiled with at ``site``.

        Args:
            rate: id of the parameter of its learning rate; empty for none.
        """
        identity, wanted = self.registry.see(site, ("other", "compile", ARGUMENT), NONE, False, CHOICES)
        self._offered.add(identity)
        self._offers[model.optimizer] = _Offer(identity, rate, wanted == COSINE)

    def before_fit(self, model: Any, fit_number: int, epochs: int, arguments: Arguments) -> int:
        self._running = None
        optimizer: Any = getattr(model, "optimizer", None)
        offer = self._offers.get(optimizer) if optimizer is not None else None
        if offer is None:
            return 0
        offer.fits += 1
        self._trained.add(offer.identity)
        if offer.fits > 1:
            self._freeze(offer, "several calls of fit train with this optimizer")
        for name in _changing_callbacks(arguments.get("callbacks")):
            self._freeze(offer, f"{name} of the script changes the learning rate")
        if offer.rate in self.registry.seen and _sets_rate_by_epoch(arguments.get("callbacks")):
            self.registry.seen[offer.rate].freeze("LearningRateScheduler of the script sets another one in each epoch")
        self._running = _Running(
            optimizer, offer, rate_of(optimizer), arguments["initial_epoch"], self.fit_hooks.asked_epochs
        )
        return 0

    def on_epoch_begin(self, callback_list: Any, epoch: int) -> None:
        running = self._of(callback_list)
        if running is not None and running.offer.decays:
            share = decayed_share(epoch - running.first_epoch, running.last_epoch - running.first_epoch)
            running.optimizer.learning_rate = running.rate * share

    def on_epoch_end(self, callback_list: Any, epoch: int, logs: Dict[str, float]) -> None:
        running = self._of(callback_list)
        if running is None or running.offer.decays:
            return
        if rate_of(running.optimizer) != running.rate:
            self._freeze(running.offer, "the script changes the learning rate while it trains")

    def on_train_end(self, callback_list: Any) -> None:
        running = self._of(callback_list)
        if running is not None and running.offer.decays:
            running.optimizer.learning_rate = running.rate

    def finish(self) -> None:
        """Drop the offers for optimizers that no ``fit`` has used: loops of the script's own know no epochs."""
        for identity in self._offered - self._trained:
            self.registry.seen.pop(identity, None)

    def _of(self, callback_list: Any) -> Optional[_Running]:
        """Return the running ``fit`` that ``callback_list`` belongs to; None for one that a callback has started."""
        running = self._running
        same = running is not None and getattr(callback_list.model, "optimizer", None) is running.optimizer
        return running if same else None

    def _freeze(self, offer: _Offer, reason: str) -> None:
        seen = self.registry.seen.get(offer.identity)
        if seen is not None:
            seen.freeze(reason)


def decayed_share(epoch: int, epochs: int) -> float:
    """Return the share of the rate in epoch ``epoch`` (from 0) of ``epochs``: the cosine at the middle of the epoch.

    It is the mean over the epoch of what would decay from step to step, but for rounding; above 0 in the last one.
    """
    return 0.5 * (1.0 + math.cos(math.pi * (epoch + 0.5) / max(epochs, epoch + 1)))


def rate_of(optimizer: Any) -> float:
    """Return the learning rate that ``optimizer`` has now; ``float`` alone cannot read one that lies on replicas."""
    return float(np.asarray(optimizer.learning_rate))


def has_constant_rate(optimizer: Any) -> bool:
    """Return whether ``optimizer`` of Keras, or the one of this name, has a rate that is one number."""
    if isinstance(optimizer, str):
        return True
    if decay_of(optimizer):
        return False
    rates = [getattr(optimizer, name, None) for name in ("_learning_rate", "learning_rate")]
    return rates[1] is not None and not any(callable(rate) for rate in rates)  # a schedule can be called


def _sets_rate_by_epoch(callbacks: Any) -> bool:
    """Return whether a schedule among ``callbacks`` is told the epoch alone, so that it cannot go by the rate."""
    for callback in _listed(callbacks):
        schedule = getattr(callback, "schedule", None)
        if type(callback).__name__ == SCHEDULER and callable(schedule):
            try:
                inspect.signature(schedule).bind(0, 0.1)
            except TypeError:
                return True
            except ValueError:  # no function of Python
                continue
    return False


def _listed(callbacks: Any) -> Sequence[Any]:
    """Return the callbacks in ``callbacks``: one, a list or a ``CallbackList``."""
    listed = getattr(callbacks, "callbacks", callbacks)
    return listed if isinstance(listed, (list, tuple)) else [listed]


def _changing_callbacks(callbacks: Any) -> List[str]:
    """Return the names of the classes among ``callbacks`` that set the rate."""
    names = {base.__name__ for item in _listed(callbacks) for base in type(item).__mro__}
    return [name for name in CHANGING_CALLBACKS if name in names]
