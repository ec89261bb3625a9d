"""What can be varied: one dimension for each value, tied group of values, or kind of values.

Built from what the baseline run reported. The fewer dimensions, the more each trial tells: values that must stay equal
share one, and where a script has many layers of a kind they are varied together (all widths by one factor).
"""

from collections.abc import Iterable
from dataclasses import replace

from pushtune.tuning import learning_rates
from pushtune.tuning.dimensions import Dimension
from pushtune.tuning.joining import joined
from pushtune.tuning.ranges import Range, is_whole_number, range_of
from pushtune.tuning.wished_ranges import epochs_with_wishes, heeded, with_wishes
from pushtune.wishes import Wishes
from pushtune_contract.parameters import Parameter, Value

MOST_DIMENSIONS = 24
USUAL_BATCH_SIZE = 32  # the default of Keras
LONGEST_ID_CHARACTERS = 500  # ids come from the container, and every trial's request carries them
INFLUENCE = (
    "optimizer", "learning_rate", "batch_size", "filters", "units", "dropout", "activation", "kernel_size", "other",
)
SHORTEST_BUDGET_EPOCHS = 12
LONGEST_BUDGET_EPOCHS = 60
# The start of a training process takes about ten seconds: fewer epochs than fit into twice that save nothing.
SHORT_TRIAL_SECONDS = 20.0
MOST_EPOCHS_OF_A_SHORT_TRIAL = 100
MOST_EPOCHS = 100_000

def build_search_space(
    parameters: Iterable[Parameter], epoch_budget: int | None = None, train_samples: int | None = None,
    epoch_seconds: float | None = None, wishes: Wishes | None = None,
) -> list[Dimension]:
    """Return the dimensions that trials vary, the most influential roles first.

    Args:
        parameters: what the baseline run saw; those that are not tunable never appear in a dimension.
        epoch_budget: the most epochs of one trial; None chooses ``default_epoch_budget``.
        train_samples: number of training samples, where known; bounds the batch size.
        epoch_seconds: how long the baseline took for an epoch, where known; short ones raise the default budget.
        wishes: what the repository's author asks for.
    """
    usable = [parameter for parameter in parameters if len(parameter.id) <= LONGEST_ID_CHARACTERS]
    everything, ranges = heeded(usable, wishes or Wishes())
    groups = _tied_groups(everything)
    optimizers = [parameter for parameter in everything if parameter.role == "optimizer"]
    dimensions = [
        with_wishes(_dimension(members, optimizers, train_samples), members, ranges)
        for members in groups
        if members[0].role != "epochs"
    ]
    found = joined([dimension for dimension in dimensions if dimension is not None])
    epochs = _epochs([members for members in groups if members[0].role == "epochs"], epoch_budget, epoch_seconds)
    if epoch_budget is None:  # the person who starts a run has the last word
        epochs = [epochs_with_wishes(dimension, ranges) for dimension in epochs]
    kept = [*sorted(found, key=_influence)[:MOST_DIMENSIONS], *epochs]
    return _with_rates_settled(kept, _boldness(everything, epochs, train_samples))


def _with_rates_settled(dimensions: list[Dimension], boldness: float) -> list[Dimension]:
    """Return ``dimensions`` with learning rates that follow only optimizers which turned out to be varied."""
    keys = {dimension.key for dimension in dimensions}
    return [
        replace(dimension, optimizer=dimension.optimizer if dimension.optimizer in keys else None, boldness=boldness)
        if dimension.role == "learning_rate"
        else dimension
        for dimension in dimensions
    ]


def _boldness(parameters: list[Parameter], epochs: list[Dimension], train_samples: int | None) -> float:
    if not epochs or not train_samples:
        return 1.0
    given = [int(one.value) for one in parameters if one.role == "batch_size" and is_whole_number(one.value)]
    steps_per_epoch = train_samples / (given[0] if given else USUAL_BATCH_SIZE)
    return learning_rates.boldness_for(max(1.0, steps_per_epoch) * epochs[0].high)


def default_epoch_budget(own_epochs: int, epoch_seconds: float | None = None) -> int:
    """Return the epochs of a trial when nobody says: three times the script's, but 12 at least, and 60 at most.

    Never less than the script's own; where epochs are short, as many as fit into ``SHORT_TRIAL_SECONDS``, up to 100.
    """
    fitting = 0 if epoch_seconds is None else int(SHORT_TRIAL_SECONDS / max(epoch_seconds, 0.01))
    short = min(fitting, MOST_EPOCHS_OF_A_SHORT_TRIAL)
    return max(SHORTEST_BUDGET_EPOCHS, own_epochs, min(3 * own_epochs, LONGEST_BUDGET_EPOCHS), short)


def _tied_groups(parameters: Iterable[Parameter]) -> list[list[Parameter]]:
    """Return the parameters that are varied together; a group with one frozen or differing member is left out whole."""
    groups: dict[str, list[Parameter]] = {}
    for parameter in parameters:
        groups.setdefault(parameter.group or parameter.id, []).append(parameter)
    return [
        members
        for members in groups.values()
        if all(member.tunable and _same(member.value, members[0].value) for member in members)
    ]


def _same(value: Value, other: Value) -> bool:
    return type(value) is type(other) and value == other


def _dimension(members: list[Parameter], optimizers: list[Parameter], train_samples: int | None) -> Dimension | None:
    first = members[0]
    if first.role == "learning_rate":
        return _learning_rate(members, optimizers)
    found = range_of(first, train_samples)
    return None if found is None else _of_range(members, found)


def _of_range(members: list[Parameter], found: Range) -> Dimension:
    first = members[0]
    current = found.choices[0] if first.role == "optimizer" else first.value
    return Dimension(
        key=_key(first), role=first.role, kind=found.kind, parameter_ids=tuple(member.id for member in members),
        own_values=tuple(member.value for member in members), current=current, reason=found.reason,
        low=found.low, high=found.high, log=found.log, choices=found.choices,
        owner=first.owner, argument=first.argument,
    )


def _key(parameter: Parameter) -> str:
    return parameter.group or parameter.id


def _learning_rate(members: list[Parameter], optimizers: list[Parameter]) -> Dimension | None:
    first = members[0]
    if isinstance(first.value, (bool, str)) or not 1e-9 < first.value < 1e3:
        return None
    partner = _nearest(first, optimizers)
    name = str(partner.value).lower() if partner is not None else first.owner.lower()
    own = float(first.value)
    band = learning_rates.band_of(name, own)
    return Dimension(
        key=_key(first), role="learning_rate", kind="float", parameter_ids=tuple(member.id for member in members),
        own_values=tuple(member.value for member in members), current=own,
        reason="what works for the optimizer (arXiv:1206.5533, arXiv:1412.6980)",
        low=min(own, band.low) if first.explicit else band.low, high=band.high, log=True,
        optimizer=_key(partner) if partner is not None and partner.tunable else None, own_optimizer=name,
    )


def _nearest(parameter: Parameter, optimizers: list[Parameter]) -> Parameter | None:
    """Return the optimizer that a learning rate belongs to: the one written closest to it in the same file."""
    same_file = [optimizer for optimizer in optimizers if optimizer.file == parameter.file]
    candidates = same_file or (optimizers if len(optimizers) == 1 else [])
    return min(candidates, key=lambda optimizer: abs(optimizer.line - parameter.line), default=None)


def _epochs(
    groups: list[list[Parameter]], epoch_budget: int | None, epoch_seconds: float | None
) -> list[Dimension]:
    members = [member for group in groups for member in group if is_whole_number(member.value)]
    if not members:
        return []
    own = tuple(min(int(member.value), MOST_EPOCHS) for member in members)
    longest = max(own)
    budget = epoch_budget if epoch_budget is not None else default_epoch_budget(longest, epoch_seconds)
    return [
        Dimension(
            key="all epochs" if len(members) > 1 else _key(members[0]), role="epochs", kind="int",
            parameter_ids=tuple(member.id for member in members), own_values=own, current=longest,
            reason="the script's number up to the budget; the best epoch of the curve is what counts",
            low=min(longest, budget), high=budget, sampled=False,
        )
    ]


def _influence(dimension: Dimension) -> int:
    return INFLUENCE.index(dimension.role)
