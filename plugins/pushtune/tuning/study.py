"""Optuna: proposes configurations, and keeps the study in its own storage for Optuna's tools.

Proposals come from a study in memory that is filled with all that is known; the storage is filled from the same facts.
So nothing is ever asked twice, whatever is killed in between, and the storage tells the truth about pruned and failed
trials, while the sampler sees what serves it: a pruned trial with the objective it had reached (its model ranks every
pruned trial below the worst complete one, even below a baseline at chance), a failed one with the worst objective.

The only module of this stage that imports Optuna: load it in tasks, not while a DAG file is parsed.
"""

import math
import os
import sqlite3
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

from pushtune.tuning import learning_rates
from pushtune.tuning.dimensions import Dimension, Point, band_for
from pushtune.tuning.recipes import value_at
from pushtune_contract.parameters import Value

STUDY_NAME = "pushtune"
STUDY_FILE = "study.db"
LOCK_SECONDS = 30

MOST_REPEATS = 40

STATES = {
    "running": TrialState.RUNNING, "done": TrialState.COMPLETE, "pruned": TrialState.PRUNED,
    "skipped": TrialState.FAIL, "infeasible": TrialState.FAIL, "failed": TrialState.FAIL,
}


@dataclass(frozen=True)
class Observation:
    """What is known about one trial.

    Attributes:
        number: number in the study. point: dimension key -> value. status: a key of ``STATES``.
        objective: None where there is none. curve: objective after each epoch. notes: shown by Optuna's tools.
    """

    number: int
    point: Point
    status: str
    objective: float | None = None
    curve: Sequence[float] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)


def propose(
    dimensions: Sequence[Dimension], observations: Sequence[Observation], count: int, direction: str, seed: int,
    accept: Callable[[Point], bool] = lambda point: True,
) -> list[Point]:
    """Return up to ``count`` configurations that are not among ``observations``; fewer where no new ones are found.

    Those that ``accept`` refuses are drawn again.

    The sampler is multivariate TPE (Bergstra et al., NIPS 2011; arXiv:2304.11127) with the constant liar for those that
    are proposed together. The same arguments always give the same proposals.
    """
    sampled = [dimension for dimension in dimensions if dimension.sampled]
    fixed = {dimension.key: int(dimension.high) for dimension in dimensions if not dimension.sampled}
    distributions = {dimension.key: _distribution(dimension) for dimension in sampled}
    with _quiet():
        study = optuna.create_study(direction=direction, sampler=_sampler(seed))
        for trial in _as_seen_by_the_sampler(sampled, observations, direction):
            study.add_trial(trial)
        seen = [{key: value for key, value in known.point.items() if key not in fixed} for known in observations]
        points: list[Point] = []
        for _ in range(count + MOST_REPEATS):
            if len(points) == count:
                break
            trial = study.ask(fixed_distributions=distributions)
            point = decode(sampled, trial.params)
            if point in seen or not accept({**fixed, **point}):
                study.tell(trial, state=TrialState.FAIL)
                continue
            seen.append(point)
            points.append({**fixed, **point})
    return points


def record(
    run_folder: Path, dimensions: Sequence[Dimension], observations: Sequence[Observation], direction: str
) -> None:
    """Bring Optuna's storage up to what is known: add the trials that it lacks, close those that have ended."""
    sampled = [dimension for dimension in dimensions if dimension.sampled]
    with _stored_study(run_folder, direction) as stored:
        count = len(stored.get_trials(deepcopy=False))
        for known in sorted(observations, key=lambda known: known.number):
            if known.number >= count:
                stored.add_trial(_frozen(sampled, known))
    close(run_folder, observations, direction)


def close(run_folder: Path, observations: Sequence[Observation], direction: str) -> None:
    """Tell Optuna's storage how trials ended; those that it holds as finished, or lacks, are left as they are."""
    with _stored_study(run_folder, direction) as stored:
        held = stored.get_trials(deepcopy=False)
        for known in observations:
            is_open = known.number < len(held) and held[known.number].state == TrialState.RUNNING
            if is_open and known.status != "running":
                _tell(stored, held[known.number], known)


def encode(dimensions: Sequence[Dimension], point: Point) -> dict[str, Any]:
    """Return ``point`` as Optuna's parameters: numbers as positions in their range, ordered choices as indices."""
    return {dimension.key: _encoded(dimension, point[dimension.key], point) for dimension in dimensions}


def decode(dimensions: Sequence[Dimension], params: Mapping[str, Any]) -> Point:
    """Return the configuration that Optuna's parameters stand for (the inverse of ``encode``, up to rounding)."""
    point: Point = {}
    for dimension in sorted(dimensions, key=lambda dimension: dimension.role != "optimizer"):
        param = params[dimension.key]
        if dimension.kind == "categorical":
            point[dimension.key] = param
        elif dimension.choices:
            point[dimension.key] = dimension.choices[param]
        else:
            point[dimension.key] = value_at(dimension, param, point)
    return point


def _encoded(dimension: Dimension, value: Value, point: Point) -> Any:
    if dimension.kind == "categorical":
        return value
    if dimension.choices:
        return min(range(len(dimension.choices)), key=lambda index: abs(float(dimension.choices[index]) - float(value)))
    if dimension.role == "learning_rate":
        return learning_rates.position_of(float(value), band_for(dimension, point))
    return _share(float(value), dimension)


def _share(value: float, dimension: Dimension) -> float:
    if dimension.high <= dimension.low:
        return 0.0
    inside = min(max(value, dimension.low), dimension.high)
    if dimension.log:
        return math.log(inside / dimension.low) / math.log(dimension.high / dimension.low)
    return (inside - dimension.low) / (dimension.high - dimension.low)


def _distribution(dimension: Dimension) -> BaseDistribution:
    if dimension.kind == "categorical":
        return CategoricalDistribution(dimension.choices)
    if dimension.choices:
        return IntDistribution(0, len(dimension.choices) - 1)
    return FloatDistribution(0.0, 1.0)


def _sampler(seed: int) -> optuna.samplers.BaseSampler:
    return optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True, n_startup_trials=0)


def _as_seen_by_the_sampler(
    dimensions: Sequence[Dimension], observations: Sequence[Observation], direction: str
) -> Iterator[optuna.trial.FrozenTrial]:
    known = [observation.objective for observation in observations if observation.objective is not None]
    worst = (min if direction == "maximize" else max)(known, default=0.0)
    for observation in observations:
        if observation.status == "skipped":
            continue
        value = worst if observation.objective is None else observation.objective
        yield optuna.trial.create_trial(
            state=TrialState.RUNNING if observation.status == "running" else TrialState.COMPLETE,
            value=None if observation.status == "running" else value,
            params=encode(dimensions, observation.point),
            distributions={dimension.key: _distribution(dimension) for dimension in dimensions},
        )


def _frozen(dimensions: Sequence[Dimension], known: Observation) -> optuna.trial.FrozenTrial:
    state = STATES[known.status]
    return optuna.trial.create_trial(
        state=state,
        value=known.objective if state in (TrialState.COMPLETE, TrialState.PRUNED) else None,
        params=encode(dimensions, known.point),
        distributions={dimension.key: _distribution(dimension) for dimension in dimensions},
        user_attrs=dict(known.notes),
        intermediate_values=dict(enumerate(known.curve, start=1)),
    )


@contextmanager
def _stored_study(run_folder: Path, direction: str) -> Iterator[optuna.Study]:
    database = run_folder / STUDY_FILE
    _set_aside_if_broken(database)
    with _quiet():
        if not database.exists():
            _create(database, direction)
        with _opened(database, direction) as stored:
            yield stored


def _create(database: Path, direction: str) -> None:
    """Create the storage aside and rename it: killed between a table and its index, Optuna never adds the index."""
    aside = database.with_name(f".{database.name}.{os.getpid()}.tmp")
    aside.unlink(missing_ok=True)
    with _opened(aside, direction):
        pass
    aside.replace(database)


@contextmanager
def _opened(database: Path, direction: str) -> Iterator[optuna.Study]:
    storage = optuna.storages.RDBStorage(
        f"sqlite:///{database}", engine_kwargs={"connect_args": {"timeout": LOCK_SECONDS}}
    )
    try:
        yield optuna.create_study(storage=storage, study_name=STUDY_NAME, direction=direction, load_if_exists=True)
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _set_aside_if_broken(database: Path) -> None:
    """Rename a damaged storage (a power cut, a full disk): it is filled again from the rounds' documents."""
    if not database.exists():
        return
    try:
        with closing(sqlite3.connect(database, timeout=LOCK_SECONDS)) as connection:
            verdict = connection.execute("PRAGMA quick_check").fetchone()
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        verdict = (str(error),)
    if verdict != ("ok",):
        database.rename(database.with_name(f"{database.name}.broken"))


def _tell(stored: optuna.Study, held: optuna.trial.FrozenTrial, known: Observation) -> None:
    trial = optuna.trial.Trial(stored, held._trial_id)
    for epoch, objective in enumerate(known.curve, start=1):
        if epoch not in held.intermediate_values:
            trial.report(objective, epoch)
    for name, note in known.notes.items():
        trial.set_user_attr(name, note)
    state = STATES[known.status]
    value = known.objective if state == TrialState.COMPLETE else None
    stored.tell(known.number, value, state=state, skip_if_finished=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna's log to errors: a task's log is for what was decided."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", category=optuna.exceptions.ExperimentalWarning)
            warnings.simplefilter("ignore", category=UserWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)
