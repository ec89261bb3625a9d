"""What a repository, or the person who started a run, may ask of the tuning."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pushtune.errors import InvalidTuningOption
from pushtune.wishes import Wishes


class TuningOptions(BaseModel):
    """Options of the tuning stage; unknown names are left to other stages."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    target: float | None = Field(None, description="objective that ends the tuning; None: 0.85 for accuracies")
    rounds: int = Field(3, ge=0, le=100, description="rounds at most; 0 trains the script as it is")
    trials_per_round: int = Field(6, ge=1, le=64, description="trials that are planned together")
    epochs: int | None = Field(None, ge=1, le=100_000, description="the most epochs of one trial; None: a default")
    seed: int = Field(0, ge=0, lt=2**31, description="seed of the proposals")
    wishes: Wishes = Field(Wishes(), description="what the repository's author asks for in pushtune.yaml")
    failures_in_a_row: int = Field(8, ge=1, le=1000, description="so many failed trials in a row end the tuning")


def parse_options(options: Mapping[str, Any]) -> TuningOptions:
    """Return the options. Raises InvalidTuningOption: a value is out of range or of the wrong type."""
    try:
        return TuningOptions.model_validate(dict(options))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise InvalidTuningOption(
            f"The option {name} of the tuning must be valid: {first['msg']}.", repr(first["input"])[:80],
            "Change it in config/watched_repositories.yaml, or in the configuration that the run was started with.",
        ) from error
