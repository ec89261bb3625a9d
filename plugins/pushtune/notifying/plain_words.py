"""Texts that come from a repository, made harmless for a reader: one line, printable, bounded."""

import html
import math
import unicodedata

LINE_LIMIT_CHARACTERS = 200

# Categories that a line of text must not hold: controls, formats (among them those that turn the writing direction and
# make a file name read backwards), surrogates, private use, unassigned, line and paragraph separators.
REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def one_line(text: object, limit_characters: int = LINE_LIMIT_CHARACTERS) -> str:
    """Return ``text`` as one printable line of at most ``limit_characters``; what is cut off shows as an ellipsis."""
    start = str(text)[: 20 * limit_characters]
    shown = "".join(" " if unicodedata.category(character) in REFUSED_CATEGORIES else character for character in start)
    words = " ".join(shown.split())
    return words if len(words) <= limit_characters else words[: limit_characters - 1] + "…"


def escaped(text: object, limit_characters: int = LINE_LIMIT_CHARACTERS) -> str:
    """Return ``text`` as one line that is safe between tags and inside quoted attributes of HTML."""
    return html.escape(one_line(text, limit_characters), quote=True)


def number(value: object) -> str:
    """Return a metric with four digits after the point; large and tiny ones in four significant digits."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "-"
    return f"{value:.4f}" if 0.001 <= abs(value) < 1000 or value == 0 else f"{value:.4g}"


def duration(seconds: object) -> str:
    """Return seconds as ``8 s``, ``3 min 20 s`` or ``2 h 5 min``; ``-`` for what is no finite number."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds):
        return "-"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
