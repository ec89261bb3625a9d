"""How long the final model trains: as long as it took the winning trial to reach its best objective."""

from collections.abc import Iterable
from typing import Any

from pushtune_contract.parameters import Parameter, describe_change


def with_final_epochs(best: dict[str, Any], search_space: Iterable[Parameter]) -> dict[str, Any]:
    """Return ``best`` (see ``rounds.best_trial``) with the epochs of the final training in overrides and changes.

    A trial is planned with more epochs than it needs, and its best epoch is what is worth repeating. A script that
    calls ``fit`` several times keeps the epochs of the trial, since the best epoch belongs to the last call alone:
    ``epochs`` is None then.
    """
    parameters = [parameter for parameter in search_space if parameter.role == "epochs"]
    if best["epochs"] is None or not parameters:
        return best
    if len(parameters) > 1:
        return {**best, "epochs": None}
    (parameter,) = parameters
    overrides, changes = dict(best["overrides"]), list(best["changes"])
    planned = overrides.pop(parameter.id, None)
    if planned is not None and (told := describe_change(parameter, planned)) in changes:
        changes.remove(told)
    if best["epochs"] != parameter.value:
        overrides[parameter.id] = best["epochs"]
        changes.append(describe_change(parameter, best["epochs"]))
    return {**best, "overrides": overrides, "changes": changes}
