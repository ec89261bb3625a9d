"""What the author of a repository wishes of the tuning: ``freeze``, ``narrow`` and ``add`` in ``pushtune.yaml``.

The inspection reads and checks them, the tuning follows them.
"""

import re
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt, StrictStr, field_validator

from pushtune_contract.parameters import Parameter, Value

MOST_WISHES = 200
LONGEST_NAME_CHARACTERS = 300
MOST_VALUES = 50
LARGEST_NUMBER = 1e300

Name = Annotated[StrictStr, Field(min_length=1, max_length=LONGEST_NAME_CHARACTERS)]
Values = Annotated[list[StrictInt | StrictFloat | StrictStr], Field(min_length=2, max_length=MOST_VALUES)]

_PLACE = re.compile(r"(?P<file>[^:]+):(?P<line>\d{1,7})(?: (?P<argument>\w+))?")
_KIND = re.compile(r"\w+")
# Numbers to a person, but texts to YAML 1.1, which wants a point and a sign: 1e-4, 1.5e3.
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")


class Wishes(BaseModel):
    """Names of values: a role or argument (``batch_size``), a line (``train.py:31``) or both (``train.py:31 units``).

    Attributes:
        freeze: values that stay as they are.
        narrow: name -> the lowest and the highest number, or the texts to choose from.
        add: the same for values that would be left alone: found, but not varied by themselves.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    freeze: Annotated[list[Name], Field(max_length=MOST_WISHES)] = []
    narrow: Annotated[dict[Name, Values], Field(max_length=MOST_WISHES)] = {}
    add: Annotated[dict[Name, Values], Field(max_length=MOST_WISHES)] = {}

    @field_validator("freeze", "narrow", "add")
    @classmethod
    def _are_names(cls, given: Any) -> Any:
        for name in given:
            if not _KIND.fullmatch(name) and not _PLACE.fullmatch(name):
                raise ValueError(f"{name!r:.80} is neither a name such as batch_size nor a place such as train.py:31")
        return given

    @field_validator("narrow", "add")
    @classmethod
    def _are_ranges(cls, texts_or_numbers: dict[str, list[Value]]) -> dict[str, list[Value]]:
        given = {name: [_number_of(value) for value in values] for name, values in texts_or_numbers.items()}
        for name, values in given.items():
            texts = [value for value in values if isinstance(value, str)]
            if texts and len(texts) < len(values):
                raise ValueError(f"{name!r:.80} mixes numbers and texts")
            if len(set(values)) < len(values):
                raise ValueError(f"{name!r:.80} gives a value twice")
            numbers = [value for value in values if not isinstance(value, str)]
            if any(abs(number) > LARGEST_NUMBER for number in numbers):  # some of them are no float any more
                raise ValueError(f"{name!r:.80} has a number beyond {LARGEST_NUMBER:g}")
            if numbers and (len(numbers) != 2 or numbers[0] >= numbers[1]):
                raise ValueError(f"{name!r:.80} wants the lowest and the highest number, as in [16, 64]")
        return given


def _number_of(value: Value) -> Value:
    """Return the number that the text ``value`` writes; ``value`` itself where it writes none."""
    is_number = isinstance(value, str) and _NUMBER.fullmatch(value)
    return float(value) if is_number else value


def fits(name: str, parameter: Parameter) -> bool:
    """Return whether the wish ``name`` speaks of ``parameter``."""
    place = _PLACE.fullmatch(name)
    if place is None:
        return name in (parameter.role, parameter.argument)
    same_line = (place["file"], int(place["line"])) == (parameter.file, parameter.line)
    return same_line and place["argument"] in (None, parameter.argument)
