"""One or two lines of plain text for what a stage decided."""

from collections.abc import Callable
from typing import Any

Document = dict[str, Any]


def describe_stage(stage: str, document: Document) -> list[str]:
    """Return the lines that tell a person what ``stage`` decided; none where it decided nothing of interest."""
    if isinstance(document.get("error"), str):
        return [f"{stage} failed: {document['error']}"]
    if stage.startswith("round_"):
        return _describe_round(stage, document)
    if stage.startswith("failure_"):
        return [f"{document.get('stage')} failed: {document.get('message')}"]
    describe = _DESCRIPTIONS.get(stage)
    return describe(document) if describe else []


def _describe_check_out(document: Document) -> list[str]:
    return [f'check out {document["short_commit"]} "{document["subject"]}" by {document["author_name"]}']


def _describe_inspect(document: Document) -> list[str]:
    command = " ".join([document["entry"], *document.get("arguments", [])])
    lines = [f"inspect {command}: {document['framework']}, family {document['family']}, image {document['image']}"]
    for item in document.get("evidence", [])[:3]:
        lines.append(f"  because {item['file']}:{item['line']} {item['says']}")
    return lines


def _describe_baseline(document: Document) -> list[str]:
    objective = document.get("objective") or {}
    verdict = "met" if document.get("target_met") else "not met"
    target = "no target" if document.get("target") is None else f"target {document['target']}: {verdict}"
    lines = [f"baseline {objective.get('metric')} {objective.get('value', float('nan')):.4f} ({target})"]
    threads = document.get("threads") or {}
    return lines + ([f"  threads: {threads['reason']}"] if threads.get("reason") else [])


def _describe_round(stage: str, document: Document) -> list[str]:
    title = stage.replace("_", " ")
    collected = document.get("collected")
    if collected is None:
        return [
            f"{title}: {len(document.get('plan') or [])} trials",
            *[f"  {plan['label']}" for plan in document["plan"]],
        ]
    best = collected.get("best") or {}
    return [f"{title} ended; best so far: trial {best.get('number')} with {_number(best.get('objective'))}"]


def _describe_prepare_image(document: Document) -> list[str]:
    added = ", ".join(document.get("packages") or [])
    lines = [f"image {document['image_tag']}" + (f", with {added} added" if added else "")]
    return lines + [f"  warning: {text}" for text in document.get("warnings") or []]


def _describe_best(document: Document) -> list[str]:
    changes = document.get("changes") or ["no change: the script's own values"]
    return [f"retrain trial {document.get('number')} on all training data", *[f"  {change}" for change in changes]]


def _describe_promote(document: Document) -> list[str]:
    return [f"registry: version {document.get('version')}; {document.get('reason', '')}"]


def _number(objective: Any) -> str:
    value = objective.get("value") if isinstance(objective, dict) else objective
    return "no objective" if value is None else f"{value:.4f}"


def _describe_report(document: Document) -> list[str]:
    return [f"report: {str(document.get('outcome')).replace('_', ' ')}"]


def _describe_notify(document: Document) -> list[str]:
    return [f"e-mail {document.get('state')}: {document.get('where')}"]


_DESCRIPTIONS: dict[str, Callable[[Document], list[str]]] = {
    "check_out": _describe_check_out,
    "inspect": _describe_inspect,
    "prepare_image": _describe_prepare_image,
    "judge_baseline": _describe_baseline,
    "best": _describe_best,
    "promote": _describe_promote,
    "report": _describe_report,
    "notify": _describe_notify,
}
