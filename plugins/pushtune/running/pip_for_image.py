"""Runs pip for the Python of an image: ``python pip_for_image.py MARKERS ARGUMENTS...``.

pip chooses wheels for another Python when it is asked to, but decides environment markers (``python_version < "3.12"``)
by the Python that runs it. MARKERS is a JSON object with the values that hold in the image. A program of its own, not
to be imported.
"""

import importlib
import json
import sys
from typing import Any


def main() -> int:
    """Run pip; return its exit code."""
    values = json.loads(sys.argv[1])
    markers: Any = importlib.import_module("pip._vendor.packaging.markers")
    own_environment = markers.default_environment
    markers.default_environment = lambda: {**own_environment(), **values}
    return int(importlib.import_module("pip._internal.cli.main").main(sys.argv[2:]))


if __name__ == "__main__":
    sys.exit(main())
