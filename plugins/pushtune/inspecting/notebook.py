"""Jupyter notebooks as scripts: the code cells in their order, with what only IPython understands taken out.

Line numbers are those of the script that ``to_script`` returns. Magics keep their line as a comment or ``pass``.
"""

import json
import re
from dataclasses import dataclass, field

from pushtune_contract.notebook_cells import plain_cell

_INSTALL = re.compile(r"^\s*(?:[!%]\s*)(?:\S*python3?\s+-m\s+)?(?:pip3?|conda)\s+install\s+(.*)$")
_SPECIFIER = re.compile(r"^[A-Za-z][\w.\-\[\],]*(?:[=<>!~]=?[\w.*,<>=!]+)?$")
# Names of kernels, up to the first sign in them, that run another language; any other name may be an environment's.
_OTHER_KERNELS = {
    "ir": "r", "julia": "julia", "scala": "scala", "spylon": "scala", "almond": "scala", "javascript": "javascript",
    "tslab": "typescript", "bash": "bash", "octave": "octave", "matlab": "matlab", "sas": "sas", "stata": "stata",
    "xcpp": "c++", "xcpp17": "c++", "ruby": "ruby", "ihaskell": "haskell", "haskell": "haskell", "java": "java",
    "kotlin": "kotlin", "gophernotes": "go", "rust": "rust", "evcxr": "rust", "perl": "perl", "lua": "lua",
    "wolframlanguage": "wolfram", "clojure": "clojure", "sparkr": "r", "sparkrkernel": "r", "sparkkernel": "scala",
}  # fmt: skip
TEXT_LIMIT_CHARACTERS = 1_000_000  # twice what is read of a script: what lies beyond is not even split into lines


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
    read = 0
    for number, source in enumerate(_code_cells(document), start=1):
        lines.append(f"# cell {number}")
        read += len(source)
        if read > TEXT_LIMIT_CHARACTERS:
            break
        lines.extend(_cell_lines(source, script, len(lines) + 1))
    script.text = "\n".join(lines) + "\n"
    return script


def _language(document: object) -> str:
    metadata = document.get("metadata") if isinstance(document, dict) else None
    for key, name in (("kernelspec", "language"), ("language_info", "name")):
        value = _text_at(metadata, key, name)
        if value:
            return "python" if value.startswith(("python", "ipython")) else value
    return _OTHER_KERNELS.get(re.split(r"[\W_]", _text_at(metadata, "kernelspec", "name"), maxsplit=1)[0], "python")


def _text_at(metadata: object, key: str, name: str) -> str:
    section = metadata.get(key) if isinstance(metadata, dict) else None
    value = section.get(name) if isinstance(section, dict) else None
    return value.lower() if isinstance(value, str) else ""


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
    cell = plain_cell(source)
    for offset, command in cell.commands:
        installed = _INSTALL.match(command)
        if installed:
            script.installs.extend((word, first_line + offset) for word in requirement_words(installed.group(1)))
        if command.startswith(("%%writefile", "%%file")):
            script.written_files.append(command.split()[-1])
    return cell.lines


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
