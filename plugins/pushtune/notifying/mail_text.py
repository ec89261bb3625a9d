"""The e-mail about one run: what happened, the numbers, what changed, and where everything is. One screen.

Everything that comes from the repository (names, commit subject, error texts) is hostile until it is one printable
line and escaped. The mail loads nothing from anywhere: no image, no style sheet, no script.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pushtune.notifying.plain_words import duration, escaped, number, one_line

SUBJECT_LIMIT_CHARACTERS = 150
VALUE_LIMIT_CHARACTERS = 500
METRIC_LIMIT_CHARACTERS = 40
CURVE_ROWS = 8
CHANGES_SHOWN = 12
WARNINGS_SHOWN = 4
EVIDENCE_SHOWN = 3

PLAIN = 'style="padding:1px 12px 1px 0;vertical-align:top"'
GREY = 'style="padding:1px 12px 1px 0;vertical-align:top;color:#666"'
RUN_ROW = "Run"

Report = Mapping[str, Any]
Rows = list[tuple[str, str]]
Curve = list[tuple[int, float | None, float | None]]


def compose_mail(report: Report) -> dict[str, str]:
    """Return ``subject``, ``html`` and ``text`` of the mail about ``report`` (see ``report.build_report``)."""
    sections = _sections(report)
    headline = _headline(report)
    return {
        "subject": one_line(f"[Pushtune] {_name(report)}: {headline}", SUBJECT_LIMIT_CHARACTERS),
        "html": _as_html(headline, sections, _curve_rows(report)),
        "text": _as_text(headline, sections, _curve_rows(report)),
    }


def _name(report: Report) -> str:
    repository = str(report.get("repository") or "unknown repository").rstrip("/").removesuffix(".git")
    short = one_line(repository.rsplit("/", 1)[-1], 60)
    return f"{short} {str(report.get('commit') or '')[:7]}".strip()


def _headline(report: Report) -> str:
    return _HEADLINES.get(str(report.get("outcome")), _failed)(report)


def _target_met(report: Report) -> str:
    return f"target met, {_change(report)} (target {number(report.get('target'))})"


def _best_effort(report: Report) -> str:
    target = report.get("target")
    return f"improved, {_change(report)}" + ("" if target is None else f", below the target {number(target)}")


def _no_improvement(report: Report) -> str:
    final = (report.get("final") or {}).get("objective")
    trials = max(0, len(report.get("trials") or []) - 1)
    return f"no improvement over {_metric(report)} {number(final)} in {trials} trials"


def _skipped(report: Report) -> str:
    return f"not trained: {report.get('skipped')}"


def _failed(report: Report) -> str:
    error = report.get("error") or {}
    return f"failed in {error.get('stage') or 'an unknown stage'}: {error.get('message') or 'no reason was recorded'}"


_HEADLINES: dict[str, Callable[[Report], str]] = {
    "target_met": _target_met,
    "best_effort": _best_effort,
    "no_improvement": _no_improvement,
    "skipped": _skipped,
    "failed": _failed,
}


def _metric(report: Report) -> str:
    return one_line((report.get("objective") or {}).get("metric") or "objective", METRIC_LIMIT_CHARACTERS)


def _change(report: Report) -> str:
    before, after = (report.get("baseline") or {}).get("objective"), (report.get("final") or {}).get("objective")
    return f"{_metric(report)} {number(before)} -> {number(after)}"


def _sections(report: Report) -> list[tuple[str, Rows]]:
    """Title and rows of each part of the mail; parts without rows are left out."""
    parts = [
        ("Error", _error_rows(report)),
        ("Numbers", _number_rows(report)),
        ("Changed", [("", str(change)) for change in (report.get("winning_changes") or [])[:CHANGES_SHOWN]]),
        ("Code", _code_rows(report)),
        ("Model", _model_rows(report)),
        ("Warnings", [("", _notice(warning)) for warning in (report.get("warnings") or [])[:WARNINGS_SHOWN]]),
    ]
    return [(title, rows) for title, rows in parts if rows]


def _error_rows(report: Report) -> Rows:
    error = report.get("error")
    if not error:
        return []
    place = f"{error['file']}:{error.get('line', 0)}" if error.get("file") else ""
    kind = str(error.get("kind") or "")
    message = str(error.get("message") or "")
    rows = [("Stage", str(error.get("stage") or "")), ("Line", place)]
    return [row for row in rows if row[1]] + [("Message", f"{kind}: {message}" if kind else message)]


def _number_rows(report: Report) -> Rows:
    baseline, final = report.get("baseline") or {}, report.get("final") or {}
    if baseline.get("objective") is None:
        return []
    metric, objective = _metric(report), report.get("objective") or {}
    reads = report.get("test_reads") or {}
    rows = [(f"Validation {metric}, as pushed", number(baseline.get("objective")))]
    if final:
        rows.append((f"Validation {metric}, final", number(final.get("objective"))))
    rows.append((f"Test {metric}, as pushed", number(baseline.get("test"))))
    if final:
        rows.append((f"Test {metric}, final", number(final.get("test"))))
    rows.append(("Target", "none" if report.get("target") is None else number(report["target"])))
    if objective.get("guard") == "none":
        rows.append(("Caution", "no clean validation data could be had; the validation values may be optimistic"))
    shown = ", ".join(f"{name} {reads.get(name, 0)}" for name in ("baseline", "trials", "final"))
    return [*rows, ("Test data read", f"{shown} times")]


def _code_rows(report: Report) -> Rows:
    rows = [
        ("Repository", report.get("repository")),
        ("Branch", report.get("branch")),
        ("Commit", " ".join(str(report[name]) for name in ("commit", "subject") if report.get(name))),
        ("Author", report.get("author")),
        ("Script", report.get("entry")),
        ("Detected", ", ".join(str(report[name]) for name in ("framework", "family", "image") if report.get(name))),
    ]
    evidence = [
        ("Because", f"{item.get('file')}:{item.get('line')} {item.get('says', '')}")
        for item in (report.get("evidence") or [])[:EVIDENCE_SHOWN]
    ]
    return [(name, str(value)) for name, value in rows if value] + evidence


def _model_rows(report: Report) -> Rows:
    model = report.get("model") or {}
    rows = [
        ("Registered", f"{model['name']} version {model.get('version')}" if model.get("name") else ""),
        ("Champion", ("yes: " if model.get("champion") else "no: ") + str(model.get("reason", "")) if model else ""),
        ("Served", _served(model.get("serving"))),
        ("Files", str(model.get("path") or "")),
        ("Trials", str(max(0, len(report.get("trials") or []) - 1))),
        ("Training time", duration(_training_seconds(report))),
        (RUN_ROW, str(report.get("run_page") or "")),
    ]
    return [(name, value) for name, value in rows if value]


def _served(serving: Any) -> str:
    """Whether the new champion answers predictions; empty where nobody asked for it."""
    return f"{'yes' if serving.get('serving') else 'not yet'}: {serving.get('reason')}" if serving else ""


def _training_seconds(report: Report) -> float:
    seconds = report.get("seconds_per_stage") or {}
    return float(sum(seconds.get(stage, 0.0) for stage in ("baseline", "trials", "retrain")))


def _notice(warning: Any) -> str:
    if not isinstance(warning, Mapping):
        return str(warning)
    place = f"{warning['file']}:{warning.get('line', 0)} " if warning.get("file") else ""
    return f"{place}{warning.get('message', '')}"


def _curve_rows(report: Report) -> Curve:
    """Return (epoch, value as pushed, value of the winner) of at most ``CURVE_ROWS`` epochs, with first and last."""
    curves = report.get("curves") or {}
    pushed, tuned = ({int(epoch): value for epoch, value in curves.get(name) or []} for name in ("baseline", "winner"))
    both = min(max(pushed, default=0), max(tuned, default=0))  # until then: of a long training not every epoch is kept
    epochs = sorted(set(pushed) & set(tuned) | {epoch for epoch in set(pushed) | set(tuned) if epoch >= both})
    if len(epochs) < 2:
        return []
    last = len(epochs) - 1
    chosen = sorted({round(place * last / (CURVE_ROWS - 1)) for place in range(CURVE_ROWS)})
    return [(epochs[place], pushed.get(epochs[place]), tuned.get(epochs[place])) for place in chosen]


def _as_text(headline: str, sections: list[tuple[str, Rows]], curve: Curve) -> str:
    lines = [one_line(headline)]
    for title, rows in sections:
        lines += ["", title]
        for name, value in rows:
            shown = one_line(value, VALUE_LIMIT_CHARACTERS)
            lines.append(f"  {name}: {shown}" if name else f"  {shown}")
    if curve:
        lines += ["", "Validation by epoch: as pushed, final"]
        lines += [f"  {epoch:4d}  {number(pushed):>10}  {number(tuned):>10}" for epoch, pushed, tuned in curve]
    return "\n".join(lines) + "\n"


def _as_html(headline: str, sections: list[tuple[str, Rows]], curve: Curve) -> str:
    parts = [f'<h2 style="font-size:17px;margin:0 0 8px">{escaped(headline)}</h2>']
    for title, rows in sections:
        cells = [(f"<td {GREY}>{escaped(name)}</td>" if name else "") + _cell(name, value) for name, value in rows]
        parts.append(_table(title, cells))
    if curve:
        head = "".join(f"<td {GREY}>{name}</td>" for name in ("Epoch", "As pushed", "Final"))
        cells = [
            f"<td {GREY}>{epoch}</td><td {PLAIN}>{number(pushed)}</td><td {PLAIN}>{number(tuned)}</td>"
            for epoch, pushed, tuned in curve
        ]
        parts.append(_table("Validation by epoch", [head, *cells]))
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html><html><head><meta charset="utf-8"></head>'
        f'<body style="font:14px sans-serif;max-width:720px">\n{body}\n</body></html>\n'
    )


def _table(title: str, rows: list[str]) -> str:
    inner = "\n".join(f"<tr>{row}</tr>" for row in rows)
    return f'<h3 style="font-size:13px;margin:10px 0 2px">{escaped(title)}</h3><table>\n{inner}\n</table>'


def _cell(name: str, value: str) -> str:
    shown = escaped(value, VALUE_LIMIT_CHARACTERS)
    if name == RUN_ROW and value.startswith(("http://", "https://")):
        shown = f'<a href="{shown}">{shown}</a>'
    return f"<td {PLAIN}>{shown}</td>" if name else f'<td {PLAIN} colspan="2">{shown}</td>'
