"""``python -m pushtune.inspecting PATH``: what the code in a folder says about itself."""

import argparse
import json
import sys
from pathlib import Path

from pushtune.errors import PushtuneError
from pushtune.inspecting.inspection import inspect_checkout
from pushtune.inspecting.page import as_page


def main(arguments: list[str] | None = None) -> int:
    """Print the inspection; return 0, or 2 where the path or the entry cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m pushtune.inspecting", description=__doc__)
    parser.add_argument("path", type=Path, help="folder of the repository")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of the page")
    parser.add_argument("--entry", help="the training script, relative to PATH, instead of the one that is found")
    given = parser.parse_args(arguments)
    try:
        inspection = inspect_checkout(given.path, given.entry)
    except (PushtuneError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if given.json:
        sys.stdout.write(json.dumps(inspection.as_document(), indent=1) + "\n")
    else:
        sys.stdout.write(as_page(inspection))
    return 0


if __name__ == "__main__":
    sys.exit(main())
