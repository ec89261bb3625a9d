"""Jupyter notebooks as scripts: the code cells in their order, with what only IPython understands taken out.

Line numbers are those of the script that ``to_script`` returns. Magics keep their line as a comment or ``pass``.
"""

import json
import re
from dataclasses import dataclass, field

_CELL_SKIPPED = re.compile(
    r"%%(?:bash|sh|script|html|javascript|js|latex|markdown|svg|perl|ruby|R|cython|writefile|file|sql|bigquery|cmd|system|!)"
)
_LINE_MAGIC = re.compile(r"^(\s*)(?:%{1,2}|!|\?)(.*)$")
_ASSIGNED_MAGIC = re.compile(r"^([\w.,\s\[\]]++=\s*)(?:%|!)\S.*$")
_HELP = re.compile(r"^\s*[\w.]+\?{1,2}\s*$")
_INSTALL = re.compile(r"^\s*(?:[!%]\s*)(?:\S*python3?\s+-m\s+)?(?:pip3?|conda)\s+install\s+(.*)$")
_SPECIFIER = re.compile(r"^[A-Za-z][\w.\-\[\],]*(?:[=<>!~]=?[\w.*,<>=!]+)?$")


LINE_LIMIT_CHARACTERS = 1000


@dataclass
class NotebookScript:
    """A notebook as one script.

    Attributes:
        text: the script. installs: (requirement, line) of each ``pip install`` in a cell.
        language: of the kernel, in lower case; ``python`` where the notebook does not say.
        written_files: names of the files that ``%%writefile`` cells write.
    """

    text: str = ""
    language: str = "python"
    installs: list[tuple[str, int]] = field(default_factory=list)
    written_files: list[str] = field(default_factory=list)


class NotANotebook(ValueError):
    """The file is called a notebook and is none; the text says why."""


def to_script(content: bytes) -> NotebookScript:
    """Return the notebook ``content`` (nbformat 3 or 4) as a script.

    Raises:
        NotANotebook: it is not JSON, or holds no cells.
    """
    try:
        document = json.loads(content.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:
        raise NotANotebook(f"it is not JSON: {str(error)[:120]}") from error
    script = NotebookScript(language=_language(document))
    lines: list[str] = []
    for number, source in enumerate(_code_cells(document), start=1):
        lines.append(f"# cell {number}")
        lines.extend(_cell_lines(source, script, len(lines) + 1))
    script.text = "\n".join(lines) + "\n"
    return script


def _language(document: object) -> str:
    metadata = document.get("metadata") if isinstance(document, dict) else None
    for key, name in (("kernelspec", "language"), ("language_info", "name"), ("kernelspec", "name")):
        section = metadata.get(key) if isinstance(metadata, dict) else None
        value = section.get(name) if isinstance(section, dict) else None
        if isinstance(value, str) and value:
            return "python" if value.lower().startswith(("python", "ipython")) else value.lower()
    return "python"


def _code_cells(document: object) -> list[str]:
    """Return the source of each code cell."""
    if not isinstance(document, dict):
        raise NotANotebook("its JSON is not an object")
    cells = document.get("cells")
    if cells is None:  # nbformat 3
        sheets = document.get("worksheets")
        cells = [cell for sheet in _items(sheets) if isinstance(sheet, dict) for cell in _items(sheet.get("cells"))]
    if not isinstance(cells, list):
        raise NotANotebook("its cells are not a list")
    return [_source(cell) for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code"]


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _source(cell: dict[str, object]) -> str:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return source if isinstance(source, str) else ""


def _cell_lines(source: str, script: NotebookScript, first_line: int) -> list[str]:
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = next((line for line in lines if line.strip()), "")
    skipped = _CELL_SKIPPED.match(first)
    if skipped:
        if first.startswith(("%%writefile", "%%file")):
            script.written_files.append(first.split()[-1])
        return ["# " + line for line in lines]
    return [_plain_line(line, script, first_line + offset) for offset, line in enumerate(lines)]


def _plain_line(line: str, script: NotebookScript, number: int) -> str:
    if len(line) > LINE_LIMIT_CHARACTERS or not any(sign in line for sign in "%!?"):
        return line
    installed = _INSTALL.match(line)
    if installed:
        script.installs.extend((word, number) for word in requirement_words(installed.group(1)))
    return without_magic(line)


def requirement_words(text: str) -> list[str]:
    """Return the words of a ``pip install`` line that name packages: no options, no files, no addresses."""
    words, skip_next = [], False
    for word in text.split("#", 1)[0].replace('"', " ").replace("'", " ").split():
        if word in (";", "&&", "||", "|", ">", "&"):
            break
        if skip_next:
            skip_next = False
        elif word in ("-r", "--requirement", "-c", "--constraint", "-f", "--find-links", "-i", "--index-url",
                      "--extra-index-url", "-e", "--editable", "-t", "--target", "--channel"):  # fmt: skip
            skip_next = True
        elif _SPECIFIER.match(word):
            words.append(word)
    return words


def without_magic(line: str) -> str:
    """Return ``line`` as plain Python: a magic becomes ``pass`` at its indentation, an assigned one ``None``."""
    if len(line) > LINE_LIMIT_CHARACTERS:
        return line
    found = _LINE_MAGIC.match(line)
    if found:
        return f"{found.group(1)}pass  # {found.group(2).strip()}"
    assigned = _ASSIGNED_MAGIC.match(line)
    if assigned:
        return assigned.group(1) + "None"
    return "pass" if _HELP.match(line) else line
