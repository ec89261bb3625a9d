"""Finds metrics in a line that the script prints, by conservative patterns: a wrong number costs more than a missed."""

import math
import re
from dataclasses import dataclass, replace
from typing import List, Optional

from pushtune_runtime.own_loops.labels import UNNAMED, Label, part_of, read_label

LINE_LIMIT_CHARACTERS = 2000
LABEL_LIMIT_CHARACTERS = 60
LABEL_LIMIT_WORDS = 6
_TERMINAL_CODES = re.compile(r"\x1b(?:\[[0-9;?]{0,16}[ -/]{0,4}[@-~]|[@-Z\\^_])")
_NUMBER = re.compile(
    r"(?<![\w.,+\-/^])(?<!\d:)(?P<digits>[+-]?(?:\d{1,12}(?:[.,]\d{1,17})?|\.\d{1,17})(?:[eE][+-]?\d{1,3})?)"
    r"(?P<percent>[ \t]?%)?(?![\w/^]|[.,:]\d|%)"
)
_MENTIONS_METRIC = re.compile(
    r"acc|auc|f1|f-score|precision|recall|r2|r²|r\^2|r.squared|mae|mse|loss|error|iou|dice|mape", re.IGNORECASE
)
# What ends one entry of a line and begins the next.
_FOREIGN = re.compile(r"[,;|\[\]{}<>]|\s[-–—/]+\s|\t|:(?=.*[A-Za-z])")
_LABEL = re.compile(
    r"^[\s*#>.(\-0-9:\"']*(?P<words>[A-Za-z][A-Za-z0-9_/^² \-]*?(?:\([A-Za-z0-9_ %\-]{1,30}\))?)[\"']?\s*"
    r"(?P<between>[:=]|[=-]+>|\bis\b:?|\bwas\b:?|\bof\b:?|)\s*$"
)
_ONE_OF_MANY = re.compile(r"\b(?:class|label|category|digit)\b", re.IGNORECASE)  # "class 3 accuracy: 0.9"
_UNITS = re.compile(r"\((?:%|in %|percent)\)|\[%\]")


@dataclass(frozen=True)
class PrintedNumber:
    """A metric that a line names.

    Attributes:
        name: the words before the number, as printed. value: shares lie between 0 and 1.
        was_percent: the number was divided by 100.
    """

    name: str
    label: Label
    value: float
    was_percent: bool


def find_numbers(line: str) -> List[PrintedNumber]:
    """Return the metrics that ``line`` names, from left to right.

    Of a line that a carriage return overwrites (a progress bar) only what stays visible counts; of a longer line than
    ``LINE_LIMIT_CHARACTERS`` the end is not read.
    """
    text = line.rstrip("\r\n").rpartition("\r")[2][:LINE_LIMIT_CHARACTERS]
    if not _MENTIONS_METRIC.search(text) or _ONE_OF_MANY.search(text):
        return []
    text = _TERMINAL_CODES.sub("", text)
    found: List[PrintedNumber] = []
    context, end = "", 0
    for match in _NUMBER.finditer(text):
        number = _numbered(text[max(end, match.start() - LABEL_LIMIT_CHARACTERS) : match.start()], match)
        if number is not None:
            context = context if found else text[: match.start()].rpartition(number.name)[0]
            found.append(_in_context(number, context))
        end = match.end()
    return found


def _in_context(number: PrintedNumber, context: str) -> PrintedNumber:
    """Return ``number`` with the part of the data that the line begins with: ``Validation - loss: 0.4, acc: 0.9``."""
    if number.label.part != UNNAMED:
        return number
    return replace(number, label=replace(number.label, part=part_of(context)))


def _numbered(before: str, match: "re.Match[str]") -> Optional[PrintedNumber]:
    in_percent = bool(match["percent"]) or bool(_UNITS.search(before))
    entry = _LABEL.match(_FOREIGN.split(_UNITS.sub("", before).rstrip())[-1])
    if entry is None or len(entry["words"].split()) > LABEL_LIMIT_WORDS:
        return None
    label = read_label(entry["words"])
    if label is None or not (entry["between"] or _ends_with_metric(entry["words"])):
        return None
    digits = match["digits"].replace(",", ".")
    if label.is_share:
        return _share(entry["words"].strip(), label, digits, in_percent)
    # "loss 3" without a sign between: one of several losses, a count, an exit code.
    is_clear = bool(entry["between"]) or "." in digits
    value = float(digits)
    return PrintedNumber(entry["words"].strip(), label, value, False) if is_clear and math.isfinite(value) else None


def _share(name: str, label: Label, digits: str, in_percent: bool) -> Optional[PrintedNumber]:
    """Return a share between 0 and 1; None where it is not one.

    A whole number without a sign may be a count, or a class.
    """
    value = float(digits)
    if in_percent:
        return PrintedNumber(name, label, value / 100, True) if 0.0 <= value <= 100.0 else None
    return share_of(name, label, value) if "." in digits else None


def share_of(name: str, label: Label, value: float) -> Optional[PrintedNumber]:
    """Return ``value`` as a share between 0 and 1; None where it is not one.

    A number between 1 and 100 is taken as per cent: 87.31 is no count of anything.
    """
    if 0.0 <= value <= 1.0:
        return PrintedNumber(name, label, value, False)
    return PrintedNumber(name, label, value / 100, True) if 1.0 < value <= 100.0 else None


def _ends_with_metric(words: str) -> bool:
    """Return whether the last word, or the last two, name the metric: ``acc 0.8``, ``log loss 0.3``."""
    pieces = words.split()
    return any(read_label(" ".join(pieces[-count:])) is not None for count in (1, 2) if len(pieces) >= count)
