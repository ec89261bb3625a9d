"""Reads the body of a prediction: the row format of TensorFlow Serving's REST interface, strictly."""

import json
from dataclasses import dataclass
from typing import Any, List

from pushtune_runtime.serving.refused import Refused, shortened

DEFAULT_SIGNATURE = "serving_default"
INSTANCES_LIMIT = 10_000
DIGITS_LIMIT = 20  # what a whole number of 64 bits needs; longer ones cost time that grows with their square
EXAMPLE = 'Send {"instances": [...]}, one entry for each example.'


@dataclass(frozen=True)
class PredictRequest:
    """What is asked: the values of each instance, for one of the model's functions."""

    instances: List[Any]
    signature: str = DEFAULT_SIGNATURE


def parse_request(body: bytes) -> PredictRequest:
    """Return what ``body`` asks for.

    Raises:
        Refused: it is no JSON, holds NaN or infinities, is nested too deeply, or is not of the form
            ``{"instances": [...]}`` with an optional ``signature_name``.
    """
    document = _parse(body)
    if not isinstance(document, dict) or "instances" not in document:
        raise Refused('The body must be a JSON object with the key "instances".', _shape_of(document), EXAMPLE)
    unknown = sorted(set(document) - {"instances", "signature_name"})
    if unknown:
        raise Refused('The keys may be "instances" and "signature_name".', unknown[:5], EXAMPLE)
    instances = document["instances"]
    if not isinstance(instances, list) or not 1 <= len(instances) <= INSTANCES_LIMIT:
        received = f"a list of {len(instances)}" if isinstance(instances, list) else _shape_of(instances)
        raise Refused(f'"instances" must be a list of 1 to {INSTANCES_LIMIT} examples.', received, EXAMPLE)
    signature = document.get("signature_name", DEFAULT_SIGNATURE)
    if not isinstance(signature, str):
        raise Refused('"signature_name" must be a text.', _shape_of(signature), "Leave it out.")
    return PredictRequest(instances, signature)


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant, parse_int=_whole_number)
    except RecursionError:
        raise Refused(
            "The body must be JSON that is nested less deeply.", "hundreds of brackets in each other", EXAMPLE
        ) from None
    except ValueError as error:
        raise Refused("The body must be a JSON document.", shortened(error), EXAMPLE) from None


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text}, which is not a JSON number")


def _whole_number(text: str) -> int:
    if len(text) > DIGITS_LIMIT:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _shape_of(value: Any) -> str:
    """Say what kind of JSON value it is, without its content."""
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    if isinstance(value, dict):
        return f"an object with the keys {sorted(value)[:5]}"
    return kinds.get(type(value), "a number")
