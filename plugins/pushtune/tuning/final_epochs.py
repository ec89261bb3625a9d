"""How long the final model trains: as long as it took the winning trial to reach its best objective."""

from collections.abc import Iterable
from typing import Any

from pushtune.tuning.rate_decay import decays_with
from pushtune.tuning.wished_ranges import heeded
from pushtune.wishes import Wishes
from pushtune_contract.parameters import Parameter, describe_change

# With a rate that decays, the later half of the curve rises to its end but for the noise of the hold-out.
TAIL_SHARE = 0.5


def with_final_epochs(
    best: dict[str, Any], search_space: Iterable[Parameter], wishes: Wishes | None = None
) -> dict[str, Any]:
    """Return ``best`` (see ``rounds.best_trial``) with the epochs of the final training in overrides and changes.

    A trial is planned with more epochs than it needs, and its best epoch is what is worth repeating. A script that
    calls ``fit`` several times keeps the epochs of the trial, since the best epoch belongs to the last call alone:
    ``epochs`` is None then. So do epochs that may not change, since ``wishes`` freeze them or the baseline found that
    a change cannot work.

    A rate that decays does so over the planned epochs, which therefore stay as they are, and ``epochs`` only ends the
    training: with the planned number where the best epoch lies in the tail of the decay, else with the best epoch.
    """
    space, _ = heeded(search_space, wishes or Wishes())
    parameters = [parameter for parameter in space if parameter.role == "epochs"]
    if best["epochs"] is None or not parameters:
        return best
    if len(parameters) > 1 or not all(parameter.tunable for parameter in parameters):
        return {**best, "epochs": None}
    (parameter,) = parameters
    if decays_with(best["overrides"], space):
        planned = int(best["overrides"].get(parameter.id, parameter.value))
        return {**best, "epochs": planned if best["epochs"] > TAIL_SHARE * planned else best["epochs"]}
    overrides, changes = dict(best["overrides"]), list(best["changes"])
    replaced = overrides.pop(parameter.id, None)
    if replaced is not None and (told := describe_change(parameter, replaced)) in changes:
        changes.remove(told)
    if best["epochs"] != parameter.value:
        overrides[parameter.id] = best["epochs"]
        changes.append(describe_change(parameter, best["epochs"]))
    return {**best, "overrides": overrides, "changes": changes}
