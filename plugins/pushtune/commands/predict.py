"""``python -m pushtune predict``: asks the served champion of a repository, through Airflow's own web server."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from pushtune.commands.instance import running_api
from pushtune.errors import ModelNotServed
from pushtune.settings import Settings
from pushtune_contract.reading import UnsafeFile, parse_json

STANDARD_INPUT = "-"


def predict(settings: Settings, options: argparse.Namespace) -> int:
    """Print the answer to the JSON document in a file; without one print what is served and what it takes."""
    document = None if options.file is None else _document(options.file, settings.serving_body_limit_bytes)
    answer = running_api(settings).model(options.model, document)
    print(json.dumps(answer, indent=None if options.file else 2, ensure_ascii=True))
    return 0


def _document(name: str, limit_bytes: int) -> dict[str, Any]:
    """Return what the file holds; a bare list is taken for the instances."""
    try:
        content = _content(name, limit_bytes)
        document = parse_json(content, "standard input" if name == STANDARD_INPUT else name)
    except (OSError, UnsafeFile) as error:
        raise ModelNotServed(
            'FILE must hold JSON: {"instances": [...]}, or the list alone; - is the standard input.', error,
            "Correct the file; without FILE= the inputs of the model are shown.",
        ) from error
    return document if isinstance(document, dict) else {"instances": document}


def _content(name: str, limit_bytes: int) -> bytes:
    if name == STANDARD_INPUT:
        return sys.stdin.buffer.read(limit_bytes + 1)
    with Path(name).open("rb") as stream:
        return stream.read(limit_bytes + 1)
