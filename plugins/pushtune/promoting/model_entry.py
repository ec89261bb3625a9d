"""What is kept about one model, in the words that the registry accepts: short names, short texts, finite numbers."""

import hashlib
import math
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pushtune.promoting.champion import CHAMPION, FinalCheck, Score

# Limits of MLflow 3.17: 250 characters for a name, 6000 for a parameter, 8000 for a tag. Ours are for readers.
NAME_LIMIT_CHARACTERS = 200
TEXT_LIMIT_CHARACTERS = 1000
CURVE_LIMIT_POINTS = 2000


@dataclass(frozen=True)
class ModelEntry:
    """One trained model on its way into the registry.

    Attributes:
        dag_id: the model's name in the registry. run_key: one version is made per run key.
        model_folder: the files, as training left them; they are copied, never opened.
        score: what the champion is chosen by. target: what the score has to reach; None asks for nothing.
        final_check: test values, where a tuned model may be vetoed by them.
        parameters: readable changes and settings. metrics: name -> finite value.
        alias: of the champion of the model's branch or tag.
        curves: name -> (epoch from 1, value) pairs. tags: where the model comes from.
    """

    dag_id: str
    run_key: str
    model_folder: Path
    score: Score
    target: float | None = None
    final_check: FinalCheck | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, list[tuple[int, float]]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    alias: str = CHAMPION

    def identity(self) -> str:
        """A key without special characters that is the same for every attempt of the same run."""
        return hashlib.sha256(f"{self.dag_id}\n{self.run_key}".encode()).hexdigest()


def registry_name(text: str) -> str:
    """Return ``text`` as a name that MLflow accepts: letters, digits, ``_-.: /``, and a plain relative path."""
    allowed = re.sub(r"[^A-Za-z0-9_\-.: /]", "_", text)[:NAME_LIMIT_CHARACTERS]
    plain = posixpath.normpath(allowed.replace("..", "_").strip("/ ")).lstrip("./ ")
    return plain or "_"


def registry_text(text: object) -> str:
    """Return ``text`` without control characters and within the limit of readers."""
    printable = "".join(character if character.isprintable() else " " for character in str(text))
    return printable[:TEXT_LIMIT_CHARACTERS]


def named_once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the pairs with valid names; a name that comes again gets a number, so that nothing is overwritten."""
    named: dict[str, str] = {}
    for name, text in pairs:
        base = key = registry_name(name)
        count = 1
        while key in named:
            count += 1
            key = f"{base} {count}"
        named[key] = registry_text(text)
    return named


def finite(metrics: Mapping[str, float | None]) -> dict[str, float]:
    """Return the numbers that the registry can store, under valid names."""
    return {registry_name(name): value for name, value in metrics.items() if value is not None and math.isfinite(value)}
