"""What each kind of model offers to the server."""

from abc import ABC, abstractmethod
from typing import Any, List, Tuple

from pushtune_runtime.serving.predict_request import PredictRequest
from pushtune_runtime.serving.tensors import InputSpec


class Model(ABC):
    """A loaded model.

    Attributes:
        kind: in a word. signatures: names of its functions. inputs: what it takes.
    """

    kind: str
    signatures: Tuple[str, ...]
    inputs: List[InputSpec]

    @abstractmethod
    def predict(self, request: PredictRequest) -> List[Any]:
        """Return one prediction per instance. Raises Refused for input that does not fit."""
