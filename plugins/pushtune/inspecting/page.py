"""An inspection as a page that a person reads: the answers, and why."""

from pushtune.inspecting.inspection import Inspection

EVIDENCE_SHOWN = 20
CANDIDATES_SHOWN = 5


def as_page(inspection: Inspection) -> str:
    """Return the readable page of reasons."""
    arguments = "".join(f" {word}" for word in inspection.arguments)
    lines = [
        f"entry script      {inspection.entry or 'none'}{arguments}",
        f"family            {inspection.family}",
        f"framework         {inspection.framework or 'none'}",
        f"Keras generation  {inspection.keras_generation or 'none'}",
        f"image             {inspection.image or 'none'}",
        f"to be installed   {', '.join(inspection.requirements) or 'nothing'}",
        f"public data sets  {', '.join(inspection.datasets) or 'none'}",
    ]
    lines += _candidates(inspection) + _evidence(inspection) + _paths(inspection)
    if inspection.warnings:
        lines += ["", "Warnings", *(f"  {text}" for text in inspection.warnings)]
    return "\n".join(_printable(line) for line in lines) + "\n"


def _candidates(inspection: Inspection) -> list[str]:
    lines = ["", "Scripts that train a model when started, the likeliest first"] if inspection.entry_candidates else []
    for item in inspection.entry_candidates[:CANDIDATES_SHOWN]:
        lines.append(f"  {item['path']}  ({item['points']} points)")
        reasons = item["reasons"]
        lines += [f"    {reason}" for reason in reasons] if isinstance(reasons, list) else []
    return lines


def _evidence(inspection: Inspection) -> list[str]:
    lines = ["", "Evidence"] if inspection.evidence else []
    for item in inspection.evidence[:EVIDENCE_SHOWN]:
        lines += [f"  {item.file}:{item.line}  {item.says}", f"      {item.text}"]
    return lines


def _paths(inspection: Inspection) -> list[str]:
    lines = ["", "Paths"] if inspection.paths else []
    for item in inspection.paths:
        state = "written" if item.kind == "output" else "there" if item.exists else "MISSING"
        if item.kind == "input" and not item.exists and item.found_at:
            state = f"bridged to {item.found_at}"
        if item.lfs_pointer:
            state += ", a Git LFS pointer without its content"
        lines.append(f"  {item.file}:{item.line}  {item.literal}  {state}")
    return lines


def _printable(line: str) -> str:
    """What comes out of a repository must not drive the terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in line)
