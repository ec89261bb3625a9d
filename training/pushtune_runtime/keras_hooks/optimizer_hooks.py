"""Finds and overrides the optimizer and its learning rate, however the script gives them."""

import functools
import inspect
import math
from typing import Any, Dict, Optional, Tuple

import numpy

from pushtune_contract.parameters import Value
from pushtune_runtime.keras_hooks.keras_classes import KerasClasses
from pushtune_runtime.keras_hooks.legacy_decay import keep_decay
from pushtune_runtime.keras_hooks.rate_decay import RateDecay, has_constant_rate, rate_of
from pushtune_runtime.parameter_registry import ParameterRegistry

OPTIMIZERS = ("SGD", "RMSprop", "Adam", "AdamW", "Adadelta", "Adagrad", "Adamax", "Nadam", "Ftrl", "Lion", "Adafactor")
OFFERED_OPTIMIZERS: Tuple[Value, ...] = ("adam", "adamw", "nadam", "rmsprop", "sgd")
SCHEDULES = ("ExponentialDecay", "CosineDecay", "CosineDecayRestarts", "InverseTimeDecay", "PolynomialDecay")
OTHER_ARGUMENTS = ("momentum", "weight_decay")
ADADELTA_NOTE = "Adadelta's default was 1.0 in the stand-alone Keras up to 2.3 and is 0.001 now: 1.0 is worth a trial"


class OptimizerHooks:
    """Wraps the constructors of optimizers and schedules, and ``compile``."""

    def __init__(self, registry: ParameterRegistry, decay: RateDecay) -> None:
        self._registry = registry
        self._decay = decay
        self._rates: Dict[int, str] = {}  # id of an optimizer of the script -> id of its learning-rate parameter
        self._kept: "list[Any]" = []
        self._compiled_rate = ""  # id of the learning-rate parameter of the optimizer that is being compiled with
        self._optimizers: Any = None

    def install(self, classes: KerasClasses) -> None:
        """Patch the optimizers, the schedules and ``compile``."""
        modules = classes.modules("optimizers")
        self._optimizers = modules[-1]  # those of tf.keras: in Keras 2 the only ones that models take everywhere
        for name in OPTIMIZERS:
            for patched_class in {getattr(module, name, None) for module in modules} - {None}:
                self._patch(patched_class, name, "learning_rate")
        for name in SCHEDULES:
            for patched_class in {getattr(module.schedules, name, None) for module in modules} - {None}:
                self._patch(patched_class, name, "initial_learning_rate")
        self._patch_compile(classes.compiler)

    def _patch(self, patched_class: Any, owner: str, rate_name: str) -> None:
        original = patched_class.__init__
        signature = inspect.signature(original)

        @functools.wraps(original)
        def constructor(instance: Any, /, *args: Any, **kwargs: Any) -> None:
            site = self._registry.sites.here(owner)
            if site is None:
                original(instance, *args, **kwargs)
                return
            bound = signature.bind(instance, *args, **kwargs)
            explicit = set(bound.arguments)
            bound.apply_defaults()
            for argument in (rate_name, *OTHER_ARGUMENTS):
                value: Any = bound.arguments.get(argument)
                if not _is_number(value) or (argument != rate_name and argument not in explicit):
                    continue
                role = "learning_rate" if argument == rate_name else "other"
                identity, wanted = self._registry.see(
                    site, (role, owner, argument), float(value), argument in explicit
                )
                bound.arguments[argument] = float(wanted)
                if argument == rate_name:
                    self._note_rate(instance, owner, identity, argument in explicit)
            original(*bound.args, **bound.kwargs)

        constructor.__signature__ = signature  # type: ignore[attr-defined]
        patched_class.__init__ = constructor

    def _note_rate(self, instance: Any, owner: str, identity: str, explicit: bool) -> None:
        self._rates[id(instance)] = identity
        self._kept.append(instance)
        if owner == "Adadelta" and not explicit:
            self._registry.seen[identity].reason = ADADELTA_NOTE

    def _patch_compile(self, trainer_class: Any) -> None:
        original = trainer_class.compile
        signature = inspect.signature(original)

        @functools.wraps(original)
        def compile(model: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: A001  (the name that Keras gives it)
            site = self._registry.sites.here("compile")
            if site is None:
                return original(model, *args, **kwargs)
            bound = signature.bind(model, *args, **kwargs)
            explicit = "optimizer" in bound.arguments
            bound.apply_defaults()
            optimizer = bound.arguments["optimizer"] = self._choose(site, bound.arguments["optimizer"], explicit)
            result = original(*bound.args, **bound.kwargs)
            if _name_of(optimizer) is not None and has_constant_rate(optimizer):
                self._decay.offer(site, model, self._compiled_rate)
            return result

        trainer_class.compile = compile

    def _choose(self, site: Any, given: Any, explicit: bool) -> Any:
        """Return the optimizer to compile with: the script's own, unless its name or learning rate is overridden."""
        name, self._compiled_rate = _name_of(given), ""
        if name is None:
            return given
        choices = OFFERED_OPTIMIZERS if name in OFFERED_OPTIMIZERS else (name, *OFFERED_OPTIMIZERS)
        _, wanted = self._registry.see(site, ("optimizer", "compile", "optimizer"), name, explicit, choices)
        rate = self._rate_of_text(site, given, name) if isinstance(given, str) else self._rate_of_instance(site, given)
        if wanted == name and rate is None:
            return given
        if wanted == name and not isinstance(given, str):
            return given  # the learning rate has arrived in the constructor already
        built = self._build(str(wanted), rate)
        keep_decay(built, given)
        return built

    def _rate_of_text(self, site: Any, given: str, name: str) -> Optional[Any]:
        """Register the learning rate of an optimizer that is given by its name; return the wanted one, or None."""
        default = _default_rate(self._class_of(name))
        if default is None:
            return None
        identity, rate = self._registry.see(site, ("learning_rate", "compile", "learning_rate"), default, False)
        self._compiled_rate = identity
        if name == "adadelta":
            self._registry.seen[identity].reason = ADADELTA_NOTE
        return rate if self._registry.is_overridden(identity) else None

    def _rate_of_instance(self, site: Any, given: Any) -> Optional[Any]:
        """Return a schedule, or a rate that was asked for; the script's number belongs to its own optimizer alone."""
        for name in ("_learning_rate", "learning_rate"):  # the second one in the legacy optimizers of Keras 2
            rate = getattr(given, name, None)
            if isinstance(rate, self._optimizers.schedules.LearningRateSchedule):
                return rate
        if hasattr(given, "learning_rate") and id(given) not in self._rates:
            self._take_rate_of_library(site, given)
        identity = self._rates.get(id(given))
        self._compiled_rate = identity or ""
        if identity is not None and self._registry.is_overridden(identity):
            return rate_of(given)
        return None

    def _take_rate_of_library(self, site: Any, given: Any) -> None:
        """Register the rate of an optimizer that the library made for the script (``get``, ``from_config``)."""
        current = float(str(numpy.float32(rate_of(given))))  # 0.002 and not 0.0020000000949949026
        if not math.isfinite(current):
            return
        identity, wanted = self._registry.see(site, ("learning_rate", "compile", "learning_rate"), current, True)
        self._rates[id(given)] = identity
        self._kept.append(given)
        if wanted != current:
            given.learning_rate = wanted

    def _build(self, name: str, rate: Optional[Any]) -> Any:
        options = {} if rate is None else {"learning_rate": rate}
        self._registry.sites.paused = True
        try:
            return self._class_of(name)(**options)
        finally:
            self._registry.sites.paused = False

    def _class_of(self, name: str) -> Any:
        for candidate in OPTIMIZERS:
            if candidate.lower() == name.lower() and hasattr(self._optimizers, candidate):
                return getattr(self._optimizers, candidate)
        raise ValueError(f"optimizer must be one of {[item.lower() for item in OPTIMIZERS]}, but got {name!r}")


def _name_of(given: Any) -> Optional[str]:
    """Return the lower-case name of an optimizer of Keras; None for anything else."""
    name = given if isinstance(given, str) else type(given).__name__
    return name.lower() if name.lower() in [item.lower() for item in OPTIMIZERS] else None


def _default_rate(optimizer_class: Any) -> Optional[float]:
    default = inspect.signature(optimizer_class.__init__).parameters["learning_rate"].default
    return float(default) if _is_number(default) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
