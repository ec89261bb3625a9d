"""What a version of a model carries in the registry: the tags that Pushtune writes, and what is read from them.

Anybody may make a version by hand, or name one champion, so each tag may be missing.
"""

import math
from typing import Any
from urllib.parse import unquote, urlsplit

from pushtune.promoting.champion import CHAMPION, Score, Verdict
from pushtune.promoting.model_entry import ModelEntry, registry_text

TAG = "pushtune."


def version_tags(entry: ModelEntry, verdict: Verdict, replaced_version: str) -> dict[str, str]:
    """Return the tags of a new version: enough to compare it with a later one and to say where it comes from."""
    own = {
        "identity": entry.identity(),
        "run_key": entry.run_key,
        "metric": entry.score.metric,
        "direction": entry.score.direction,
        "value": repr(entry.score.value),
        "guard": entry.score.guard,
        "promoted": str(verdict.promoted),
        "meets_target": str(verdict.meets_target),
        "reason": verdict.reason,
        "replaced_version": replaced_version,
        "alias": entry.alias,
    }
    return {TAG + name: registry_text(text) for name, text in {**entry.tags, **own}.items()}


def tag_of(version: Any, name: str) -> str:
    """Return the text of one of Pushtune's tags; empty where the version does not carry it."""
    return str(version.tags.get(TAG + name, ""))


def score_of(version: Any) -> Score | None:
    """Return the score that the version was registered with; None where it carries none that can be compared."""
    try:
        metric, direction, value = (version.tags[TAG + name] for name in ("metric", "direction", "value"))
        score = Score(metric, direction, float(value), tag_of(version, "guard"))
    except (KeyError, ValueError):
        return None
    return score if math.isfinite(score.value) else None


def folder_of(version: Any) -> str:
    """Return the path of the version's files."""
    return unquote(urlsplit(version.source).path)


def document_of(version: Any) -> dict[str, Any]:
    """Return the version in the form of ``registry.register_model``; ``score`` is None where it carries none."""
    score = score_of(version)
    alias = tag_of(version, "alias") or CHAMPION
    told = "" if alias == CHAMPION else f" It is compared under the alias {alias}."
    replaced = tag_of(version, "replaced_version")
    return {
        "name": version.name,
        "version": int(version.version),
        "run_id": version.run_id,
        "path": folder_of(version),
        "champion": tag_of(version, "promoted") == "True" and alias == CHAMPION,
        "alias": alias,
        "meets_target": tag_of(version, "meets_target") == "True",
        "reason": tag_of(version, "reason") + told,
        "replaced_version": int(replaced) if replaced else None,
        "score": None if score is None else {
            "metric": score.metric, "direction": score.direction, "value": score.value
        },
    }  # fmt: skip
