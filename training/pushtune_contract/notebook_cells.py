"""Code cells of a notebook as plain Python: what the inspection reads and what a container runs are the same lines.

Only what IPython alone understands is replaced, and each line keeps its number.
"""

import ast
import re
import warnings
from typing import List, NamedTuple, Optional, Tuple

BODY_MAGICS = ("time", "timeit", "capture", "prun", "memit", "wandb")  # these run the Python below them
# Line magics that run the Python beside them -> their options that take a value.
STATEMENT_MAGICS = {"time": "", "timeit": "nrp", "prun": "lsTD", "memit": "rti"}
SIGNS = "%!?"
_PARSED_LIMIT_CHARACTERS = 500_000
_TOKEN = re.compile(
    r"(?P<quotes>\"\"\"|''')|\"(?:\\[\s\S]|[^\"\\\n])*\"?|'(?:\\[\s\S]|[^'\\\n])*'?|#[^\n]*"
    r"|(?P<open>[\[({])|(?P<close>[\])}])|\\\n|(?P<end>\n)"
)
_ENDS_OF_STRING = {quotes: re.compile(r"(?:\\.|[^\\])*?" + quotes, re.S) for quotes in ('"""', "'''")}
_TARGET = re.compile(r"[\w.,\s\[\]]+")


class Cell(NamedTuple):
    """Attributes: lines: plain Python. commands: (index of the line, what IPython would do there) of each magic."""

    lines: List[str]
    commands: List[Tuple[int, str]]


def plain_cell(source: str) -> Cell:
    """Return the cell ``source`` as plain Python. A cell that is Python already stays as it is."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    lines = source.split("\n")
    if not any(sign in source for sign in SIGNS) or _is_python(source):
        return Cell(lines, [])
    first = next((index for index, line in enumerate(lines) if line.strip() and line.lstrip()[0] != "#"), 0)
    if not lines[first].startswith("%%"):
        return _without_magics(lines)
    command = (first, lines[first])
    if (lines[first][2:].split() or [""])[0] not in BODY_MAGICS:
        return Cell(["# " + line for line in lines], [command])
    body = _without_magics(lines[first + 1 :])
    commands = [(first + 1 + index, text) for index, text in body.commands]
    return Cell(lines[:first] + ["pass  # " + lines[first][2:]] + body.lines, [command] + commands)


def plain_line(line: str) -> str:
    """Return one logical ``line`` as plain Python: a magic becomes ``pass``, or the statement that it runs."""
    indentation = line[: len(line) - len(line.lstrip())]
    text = line.strip()
    if text.startswith(("%", "!", "?")):
        return indentation + (_statement(text) or "pass  # " + text.lstrip("%!?").strip())
    target, sign, value = line.partition("=")
    value = value.strip()
    if sign and value[:1] in ("%", "!") and value[1:2].strip() and _TARGET.fullmatch(target):
        kept = _statement(value) if value.startswith("%time ") else None
        return target + "= " + (kept or "None")
    is_question = text.endswith("?") and not text.startswith("#") and not any(sign in text for sign in " \t'\"")
    return indentation + "pass" if is_question else line


def _statement(magic: str) -> Optional[str]:
    """Return the Python that the line magic ``magic`` runs; None where it runs none."""
    name, _, rest = magic.partition(" ")
    with_value = STATEMENT_MAGICS.get(name[1:]) if name.startswith("%") else None
    rest = rest.strip()
    while with_value is not None and rest.startswith("-"):
        option, _, rest = rest.partition(" ")
        if len(option) == 2 and option[1] in with_value:
            rest = rest.lstrip().partition(" ")[2]
        rest = rest.lstrip()
    if not rest or with_value is None or rest.startswith(tuple(SIGNS)) or rest.endswith("?"):
        return None  # nothing, or another magic
    return rest


def _is_python(source: str) -> bool:
    if len(source) > _PARSED_LIMIT_CHARACTERS:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            compile(source, "<cell>", "exec", flags, True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return False
    return True


def _without_magics(lines: List[str]) -> Cell:
    """Replace the magics among ``lines``: only where a statement begins is ``%`` no operator, nor a part of a text."""
    text = "\n".join(lines) + "\n"
    plain, commands = list(lines), []
    number = place = 0
    while number < len(lines):
        last = number
        if plain_line(lines[number]) == lines[number]:
            end = _end_of_statement(text, place)
            last += text.count("\n", place, end) - 1
        else:
            while lines[last].endswith("\\") and last + 1 < len(lines):
                last += 1
            whole = " ".join(line.rstrip("\\") for line in lines[number : last + 1])
            commands.append((number, whole.strip()))
            plain[number : last + 1] = [plain_line(whole)] + [""] * (last - number)
            end = place + sum(len(line) + 1 for line in lines[number : last + 1])
        number, place = last + 1, end
    return Cell(plain, commands)


def _end_of_statement(text: str, place: int) -> int:
    """Return where the line ends on which the statement ends that begins at ``place``."""
    depth = 0
    while True:
        found = _TOKEN.search(text, place)
        if found is None:
            return len(text)
        place = found.end()
        if found.group("quotes"):
            closed = _ENDS_OF_STRING[found.group("quotes")].match(text, place)
            if closed is None:
                return len(text)
            place = closed.end()
        elif found.group("open"):
            depth += 1
        elif found.group("close"):
            depth = max(0, depth - 1)
        elif found.group("end") and not depth:
            return place
