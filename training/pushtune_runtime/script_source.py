"""Reads scripts as Python source; notebooks become one script in memory, with a line for each of their lines."""

import ast
import json
import tokenize
from pathlib import Path

from pushtune_contract.notebook_cells import plain_cell

SOURCE_LIMIT_BYTES = 16 * 1024 * 1024


def read_source(path: Path) -> str:
    """Return the source of the script or notebook at ``path``.

    Raises:
        SyntaxError: the encoding is wrong, or a notebook is not JSON.
        OSError: the file cannot be read.
    """
    if path.stat().st_size > SOURCE_LIMIT_BYTES:
        raise SyntaxError(f"{path.name} must hold at most {SOURCE_LIMIT_BYTES} bytes, but it is larger")
    if path.suffix == ".ipynb":
        return _notebook_source(path)
    with tokenize.open(str(path)) as stream:
        return stream.read()


def parse_source(path: Path) -> ast.Module:
    """Return the syntax tree of ``path``. Raises SyntaxError and OSError as ``read_source`` does."""
    return ast.parse(read_source(path), filename=str(path))


def _notebook_source(path: Path) -> str:
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        texts = ["".join(cell["source"]) for cell in cells]
    except (ValueError, KeyError, TypeError) as error:
        raise SyntaxError(f"{path.name} must be a notebook of format 4, but it is not: {error}") from error
    return "\n".join(line for text in texts for line in plain_cell(text).lines) + "\n"
