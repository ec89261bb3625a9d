"""The one exception of this package: each bad input, and each model that cannot be served, has its own text."""

from typing import Dict

from pushtune_contract.serving import Refusal

SHOWN_CHARACTERS = 300


class Refused(Exception):
    """A request, or a model, that is refused.

    Attributes:
        status: of the HTTP answer: 400 for what the caller can mend, 500 for what the model did.
    """

    def __init__(self, rule: str, received: object, remedy: str, status: int = 400) -> None:
        super().__init__(rule, received, remedy)
        self.refusal = Refusal(rule, shortened(received), remedy)
        self.status = status

    def document(self) -> Dict[str, str]:
        """Return the body of the answer: ``error`` as TensorFlow Serving has it, and its three parts."""
        refusal = self.refusal
        parts = {"rule": refusal.rule, "received": refusal.received, "remedy": refusal.remedy}
        return {"error": str(refusal), **parts}


def shortened(value: object) -> str:
    """Return ``value`` as one printable line of bounded length."""
    text = "".join(character if character.isprintable() else " " for character in str(value)[: SHOWN_CHARACTERS + 1])
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 3] + "..."
