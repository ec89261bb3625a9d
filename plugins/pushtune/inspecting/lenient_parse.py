"""Source text to a syntax tree, also where today's Python refuses it: Python 2, notebook magics, broken lines.

Only the tree is made; nothing is compiled to code or run. What was repaired is for reading facts alone: the fault of
the original text stays in ``Parsed.fault``, because the script would not run as it stands.
"""

import ast
import re
import warnings
from dataclasses import dataclass

from pushtune.inspecting.repository_files import Deadline
from pushtune_contract.notebook_cells import plain_line

REPAIR_LIMIT = 40
REPAIR_LIMIT_CHARACTERS = 100_000

# Python 2 statements, each turned into something of the same meaning for reading: names and calls stay visible.
_PYTHON_2 = (
    (re.compile(r"(^|[:;])([ \t]*)print[ \t]*>>[ \t]*", re.M), r"\1\2_ = "),
    (re.compile(r"(^|[:;])([ \t]*)print[ \t]+(?=[^\s=(.,)\]:])", re.M), r"\1\2_ = "),
    (re.compile(r"(^|[:;])([ \t]*)print(?=[\"'])", re.M), r"\1\2_ = "),
    (re.compile(r"(^|[:;])([ \t]*)exec[ \t]+(?=[^\s=(.,)])", re.M), r"\1\2_ = "),
    (re.compile(r"\bexcept[ \t]+([\w.]+|\([^()\n]*\))[ \t]*,[ \t]*(\w+)[ \t]*:"), r"except \1 as \2:"),
    (re.compile(r"\braise[ \t]+([\w.]+)[ \t]*,[ \t]*"), r"_ = \1, "),
    (re.compile(r"<>"), "!="),
    (re.compile(r"`([^`\n]*)`"), r"(\1)"),
    (re.compile(r"\b([uU][rR])(?=[\"'])"), "r"),
    (re.compile(r"(?<![\w.])0++([0-7]++)(?![\w.])"), r"0o\1"),
    (re.compile(r"(?<![\w.])(\d+)[lL](?!\w)"), r"\1"),
)


@dataclass(frozen=True)
class Fault:
    """Why Python refuses a file: line from 1, its text, and the parser's message."""

    line: int
    text: str
    message: str


@dataclass(frozen=True)
class Parsed:
    """Attributes: tree (None where nothing could be read), python2 (it parses as Python 2), fault (None where"
    " it parses)."""

    tree: ast.Module | None
    python2: bool = False
    fault: Fault | None = None


def parse(text: str, deadline: Deadline) -> Parsed:
    """Return the tree of ``text``; where Python refuses it, the tree of what can still be read, and the fault."""
    tree, fault = _try(text)
    if tree is not None or fault is None:
        return Parsed(tree, fault=fault)
    older = _as_python_3(text)
    tree, _ = _try(older) if older != text else (None, None)
    if tree is not None:
        return Parsed(tree, python2=True, fault=fault)
    plain = "\n".join(map(plain_line, older.split("\n")))
    return Parsed(_repaired(plain, deadline), python2=False, fault=fault)


def _try(text: str) -> tuple[ast.Module | None, Fault | None]:
    """Return (tree, None) or (None, fault)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            tree = compile(text, "<repository>", "exec", flags=flags, dont_inherit=True)
    except SyntaxError as error:
        line = error.lineno or 1
        lines = text.split("\n")
        shown = lines[line - 1] if 0 < line <= len(lines) else ""
        return None, Fault(line, shown.strip()[:200], error.msg or "invalid syntax")
    except (RecursionError, MemoryError, ValueError, OverflowError) as error:
        return None, Fault(1, "", f"the file cannot be read as Python: {type(error).__name__}")
    return tree, None


def _as_python_3(text: str) -> str:
    for pattern, replacement in _PYTHON_2:
        text = pattern.sub(replacement, text)
    return text.expandtabs(8) if "\t" in text else text


def _repaired(text: str, deadline: Deadline) -> ast.Module | None:
    """Return the tree of ``text`` without the lines that Python stumbles over; None where too little is left."""
    lines = text.split("\n")
    for _ in range(REPAIR_LIMIT if len(text) < REPAIR_LIMIT_CHARACTERS else 3):
        if deadline.passed():
            return None
        tree, fault = _try("\n".join(lines))
        if tree is not None or fault is None:
            return tree
        if not _mend(lines, fault):
            return None
    # What comes before the last fault is still worth reading.
    return _try("\n".join(lines[: fault.line - 1]))[0] if fault else None


def _mend(lines: list[str], fault: Fault) -> bool:
    """Change one line so that this fault is gone; return False where no line is left to change."""
    number = min(fault.line, len(lines)) - 1
    above = next((index for index in range(number - 1, -1, -1) if lines[index].strip()), -1)
    if above >= 0 and fault.message.startswith("expected an indented block") and lines[above].rstrip().endswith(":"):
        lines[above] += " pass"
        return True
    if above >= 0 and "indent" in fault.message and _indentation(lines[number]) != _indentation(lines[above]):
        lines[number] = _indentation(lines[above]) + lines[number].lstrip()
        return True
    while number >= 0 and not lines[number].strip():
        number -= 1
    if number < 0:
        return False
    is_mended = lines[number].strip() == "pass"
    lines[number] = "" if is_mended else _indentation(lines[number]) + "pass"
    return True


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
