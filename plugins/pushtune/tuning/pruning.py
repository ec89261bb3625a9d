"""When a running trial is stopped: asked every few seconds, from learning curves alone.

Rules, in this order:

1. Target: a sibling has finished with an objective that meets the target, or the trial itself has met it and its newest
   epoch was no better. The search is over, whatever else could still be learned.
2. Chance: at the first rung the trial is no better than guessing. It is dead, even if it is the first to get there.
3. Rungs: asynchronous successive halving (Li et al., arXiv:1810.05934) after 1, 3, 9, ... epochs (a multiple of that
   where an epoch has only a few steps), with two changes: the comparison is repeated as peers arrive (the first
   arrivals are not promoted for good), and a trial within ``TOLERANCE`` of the best goes on, since the first epochs of
   good configurations differ by noise.
4. Plateau: its best epoch lies a third of its budget back. What it has reached counts, the rest would be wasted.
5. Seconds: the trial is behind the leader, and at its present gain per second it cannot catch up in the time that the
   leader needs. Curves flatten, so that the straight line is an optimistic guess: a trial has to be clearly behind.

The trial with the best objective of all is never stopped by rules 3 and 5.

Where the learning rate decays, a curve is flat or noisy in its middle and rises towards its end. Rule 4 waits for two
thirds of the budget then. Rule 5 adds what a decay still brings: as much as the leader has gained from the same share
of its own decay on, or ``DECAY_GAIN`` where the leader has none. Five curves were recorded on Fashion-MNIST (Adam at
0.0012 and 0.005, 16 to 64 filters, 12 to 20 epochs): from a quarter of the epochs on, what each still gained was at
most 0.034 of the way from guessing to its best, times the share of epochs left (0.02 in the mean). The rungs ask for
nothing more: up to the ninth epoch, a decayed curve was at most 0.002 behind the constant one of its configuration.

The constants were chosen on 71 real learning curves of a part of Fashion-MNIST, replayed 150 times with twelve trials
on two slots: 58 % of the epochs and 81 % of the time remain, and the best objective is 0.0001 lower in the mean, 0.0032
at worst. Rungs alone leave 67 % and 85 %; a ``LEADER_TIMES`` of 1 more than doubles the loss.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pushtune.targets import meets
from pushtune.tuning.curves import Curve, read_curve, read_result_if_any
from pushtune.tuning.outcomes import doubt_about, is_possible
from pushtune.tuning.target import is_better
from pushtune_contract.result import Objective

REDUCTION_FACTOR = 3
FEWEST_PEERS = 2
TOLERANCE = 0.05  # share of the way from guessing (or from the baseline) to the best peer; less at later rungs

CHANCE_SHARE = 0.05  # of the way from guessing to perfect
CHANCE_SIGMAS = 3.0
NOISE_SIGMAS = 2.0

PATIENCE_SHARE = 1 / 3  # of the planned epochs without a better one
DECAYED_PATIENCE_SHARE = 2 / 3  # the same where the learning rate decays
FEWEST_PATIENT_EPOCHS = 6

GAIN_SHARE = 1 / 6  # of the planned epochs, over which the gain per second is measured
FEWEST_GAIN_EPOCHS = 4
LEADER_TIMES = 2.0  # a trial may take this many times the leader's time
DECAY_GAIN = 0.035  # of the way from the reference to the best, gained over a whole decay; in proportion to its rest


@dataclass(frozen=True)
class PruningRule:
    """What a trial is compared with.

    Attributes:
        direction: ``maximize`` or ``minimize``.
        target: the objective that ends the search; None where the budget does.
        chance: the objective of guessing; None where it has no meaning (regression).
        first_rung: full epochs before the trial is judged; more than one where an epoch has only a few steps.
        reference: objective from which gains are counted: guessing or the baseline.
        validation_samples: size of the hold-out, for the noise of the objective; 0 where unknown.
        fits: how often the script calls ``fit``: before the last one nobody knows what is still to come.
        guard, script_sha256: of the baseline; results of siblings count where they agree.
    """

    direction: str
    metric: str = "accuracy"
    target: float | None = None
    chance: float | None = None
    first_rung: int = 1
    reference: float | None = None
    validation_samples: int = 0
    fits: int = 1
    guard: str = "holdout"
    script_sha256: str = ""


def stop_rule(spec: Mapping[str, Any]) -> str | None:
    """Return why the trial of ``spec`` should stop now, or not start at all; None where it should go on.

    ``spec`` is what a training task gets: ``folder`` is the trial's folder, ``stop_rule`` an object with the fields of
    ``PruningRule``, ``siblings``, the folders to compare with, and ``decaying``, the folders of trials (its own
    included) whose learning rate decays. Without ``stop_rule`` a trial runs to its end.
    """
    rule = spec.get("stop_rule")
    if not rule:
        return None
    return stop_reason(Path(spec["folder"]), [Path(folder) for folder in rule.get("siblings", [])], rule)


def stop_reason(trial_folder: Path, sibling_folders: Sequence[Path], rule: Mapping[str, Any]) -> str | None:
    """Return why the trial in ``trial_folder`` should stop now; None where it should go on."""
    parsed = PruningRule(**{name: value for name, value in rule.items() if name not in ("siblings", "decaying")})
    if parsed.target is not None:
        for folder in sibling_folders:
            value = _finished_objective(folder, parsed)
            if meets(value, parsed.target, parsed.direction):
                return f"target met by {folder.name}: {parsed.metric} {value:.4g}"
    decaying = set(rule.get("decaying", []))

    def curve_of(folder: Path) -> Curve:
        return replace(_believable(read_curve(folder), parsed), decays=str(folder) in decaying)

    curve = curve_of(trial_folder)
    peers = [curve_of(folder) for folder in sibling_folders]
    return decide(curve, [peer for peer in peers if len(peer)], parsed)


def decide(curve: Curve, peers: Sequence[Curve], rule: PruningRule) -> str | None:
    """Return why a trial with this ``curve`` should stop, given the curves of its peers; None where it should go on."""
    if not len(curve):
        return None
    own = best_of(curve.objectives, rule.direction)
    if meets(own, rule.target, rule.direction):
        return "target met, and the newest epoch was no better" if curve.objectives[-1] != own else None
    if _is_at_chance(curve, rule):
        return f"at chance level after {len(curve)} epochs: {rule.metric} {own:.4g}, guessing gives {rule.chance:.4g}"
    in_last_fit = curve.fits >= rule.fits
    if in_last_fit and _is_on_plateau(curve, own):
        return f"no better since epoch {curve.objectives.index(own) + 1} of {len(curve)}"
    leader = _leader(peers, rule) if len(curve) >= rule.first_rung else None
    if leader is None or not is_better(best_of(leader.objectives, rule.direction), own, rule.direction):
        return None
    return _behind_at_a_rung(curve, peers, rule) or (_cannot_catch_up(curve, leader, rule) if in_last_fit else None)


def best_of(objectives: Sequence[float], direction: str) -> float:
    """Return the best of ``objectives`` (at least one)."""
    return max(objectives) if direction == "maximize" else min(objectives)


def rungs_up_to(epochs: int, first: int = 1) -> list[int]:
    """Return ``first`` times 1, 3, 9, ... up to ``epochs``."""
    rungs, rung = [], max(1, first)
    while rung <= epochs:
        rungs.append(rung)
        rung *= REDUCTION_FACTOR
    return rungs


def chance_level(chance: float, validation_samples: int) -> float:
    """Return the accuracy up to which a trial counts as guessing: a small share above, plus the hold-out's noise."""
    noise = math.sqrt(max(0.0, chance * (1.0 - chance)) / validation_samples) if validation_samples > 0 else 0.0
    return chance + CHANCE_SHARE * (1.0 - chance) + CHANCE_SIGMAS * noise


def _finished_objective(folder: Path, rule: PruningRule) -> float | None:
    result = read_result_if_any(folder)
    if result is None or result.status not in ("done", "pruned") or result.objective is None:
        return None
    expected = Objective(rule.metric, rule.direction, 0.0, 0, rule.guard)
    return None if doubt_about(result, expected, rule.script_sha256) else result.objective.value


def _believable(curve: Curve, rule: PruningRule) -> Curve:
    possible = all(is_possible(value, rule.metric, rule.direction) for value in curve.objectives)
    return curve if possible else Curve()


def _is_at_chance(curve: Curve, rule: PruningRule) -> bool:
    if rule.chance is None or rule.direction != "maximize" or len(curve) < rule.first_rung:
        return False
    return best_of(curve.objectives, rule.direction) <= chance_level(rule.chance, rule.validation_samples)


def _is_on_plateau(curve: Curve, best: float) -> bool:
    share = DECAYED_PATIENCE_SHARE if curve.decays else PATIENCE_SHARE
    patience = max(FEWEST_PATIENT_EPOCHS, math.ceil(curve.planned_epochs * share))
    return curve.planned_epochs > 0 and len(curve) - (curve.objectives.index(best) + 1) >= patience


def _leader(peers: Sequence[Curve], rule: PruningRule) -> Curve | None:
    leader = None
    for peer in peers:
        best = best_of(peer.objectives, rule.direction)
        if leader is None or is_better(best, best_of(leader.objectives, rule.direction), rule.direction):
            leader = peer
    return leader


def _behind_at_a_rung(curve: Curve, peers: Sequence[Curve], rule: PruningRule) -> str | None:
    for rung in rungs_up_to(len(curve), rule.first_rung):
        at_rung = [best_of(peer.objectives[:rung], rule.direction) for peer in peers if len(peer) >= rung]
        if len(at_rung) < FEWEST_PEERS:
            break
        own, best = best_of(curve.objectives[:rung], rule.direction), best_of(at_rung, rule.direction)
        ahead = sum(is_better(value, own, rule.direction) for value in at_rung)
        survivors = max(1, math.ceil((len(at_rung) + 1) / REDUCTION_FACTOR))
        if ahead >= survivors and abs(best - own) > _tolerance(best, rung // max(1, rule.first_rung), rule):
            place = f"behind {ahead} of {len(at_rung)} trials after {rung} epochs"
            return f"{place}: {rule.metric} {own:.4g}, best {best:.4g}"
    return None


def _tolerance(best: float, rung: int, rule: PruningRule) -> float:
    """Return by how much a trial may be behind ``best`` at the rung that is ``rung`` times the first one."""
    return TOLERANCE / math.sqrt(rung) * _way(best, rule) + NOISE_SIGMAS * _noise(best, rule)


def _way(best: float, rule: PruningRule) -> float:
    """Return how far ``best`` is from the reference, from which gains are counted."""
    return max(abs(best - rule.reference) if rule.reference is not None else 0.0, 0.05 * abs(best))


def _noise(value: float, rule: PruningRule) -> float:
    """Return the standard error of an accuracy on the hold-out; 0 for other metrics, whose noise is not known."""
    if rule.chance is None or rule.validation_samples <= 0:
        return 0.0
    return math.sqrt(max(0.0, value * (1.0 - value)) / rule.validation_samples)


def _cannot_catch_up(curve: Curve, leader: Curve, rule: PruningRule) -> str | None:
    window = max(FEWEST_GAIN_EPOCHS, rule.first_rung, math.ceil(curve.planned_epochs * GAIN_SHARE))
    if len(curve) <= window:
        return None
    own, before = best_of(curve.objectives, rule.direction), best_of(curve.objectives[:-window], rule.direction)
    gain_per_second = abs(own - before) / max(curve.seconds[-1] - curve.seconds[-1 - window], 1e-9)
    seconds_left = _seconds_left(curve, leader)
    best = best_of(leader.objectives, rule.direction)
    missing = abs(best - own)
    if gain_per_second * seconds_left >= missing or missing <= _noise(best, rule) + _gain_of_decay(curve, leader, rule):
        return None
    return f"cannot catch up: {missing:.3g} behind the best, gains {gain_per_second * 60:.2g} a minute"


def _gain_of_decay(curve: Curve, leader: Curve, rule: PruningRule) -> float:
    """Return by how much the objective may still rise because the learning rate falls, whatever the curve does now.

    A leader with a decay behind it shows how much that is; without one it is the most that was ever seen.
    """
    if not curve.decays:
        return 0.0
    best = best_of(leader.objectives, rule.direction)
    if leader.decays and leader.share == 1.0:
        at_this_share = max(1, math.floor(curve.share * len(leader)))
        return abs(best - best_of(leader.objectives[:at_this_share], rule.direction))
    return DECAY_GAIN * (1.0 - curve.share) * _way(best, rule)


def _seconds_left(curve: Curve, leader: Curve) -> float:
    per_epoch = curve.seconds[-1] / len(curve)
    own_rest = max(0, curve.planned_epochs - len(curve)) * per_epoch
    leader_total = leader.seconds[-1] / len(leader) * max(leader.planned_epochs, len(leader))
    return max(0.0, min(own_rest, LEADER_TIMES * leader_total - curve.seconds[-1]))
