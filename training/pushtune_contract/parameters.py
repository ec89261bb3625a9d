"""A tunable value of a script: what it is, where it is written, and whether it may change."""

from dataclasses import dataclass, field
from typing import List, Optional, Union

Value = Union[bool, int, float, str]

VALUE_LIMIT_CHARACTERS = 200

# What a value means, whichever class or function takes it. Ranges are chosen by role.
ROLES = (
    "learning_rate",
    "optimizer",
    "epochs",
    "batch_size",
    "units",
    "filters",
    "dropout",
    "kernel_size",
    "activation",
    "other",
)


@dataclass(frozen=True)
class Parameter:
    """One value that the baseline run saw on its way into the library.

    Attributes:
        id: ``file:line:column#occurrence.Class.argument``, stable between runs of the same script.
        role: one of ``ROLES``.
        owner: class or method that takes it, such as ``Conv2D`` or ``fit``.
        argument: name of the argument, such as ``filters``.
        value: what the script gives; the library's default where the script gives none.
        explicit: False where the value is the library's default.
        file: path relative to the repository. line: from 1. column: from 0.
            They point at the literal where it could be found, otherwise at the call.
        tunable: False where a change cannot work (output layer, tied shape, unknown use).
        reason: why it is not tunable, or anything that a reader should know about it.
        group: parameters with the same group must get the same value (tied shapes); None stands alone.
        choices: the values that are possible, for texts; empty where a range makes sense.
    """

    id: str
    role: str
    owner: str
    argument: str
    value: Value
    explicit: bool
    file: str
    line: int
    column: int
    tunable: bool = True
    reason: str = ""
    group: Optional[str] = None
    choices: List[Value] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise ValueError(f"role: expected one of {ROLES}, but got {self.role!r}")


def describe_change(parameter: Parameter, value: Value) -> str:
    """Return a change as a person reads it: ``task.py:31 filters 16 -> 48``."""
    return f"{parameter.file}:{parameter.line} {parameter.argument} {_short(parameter.value)} -> {_short(value)}"


def _short(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    text = str(value)
    return text if len(text) <= VALUE_LIMIT_CHARACTERS else text[: VALUE_LIMIT_CHARACTERS - 3] + "..."
