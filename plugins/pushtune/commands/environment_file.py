"""Files of variables that every docker-compose reads as they were meant.

docker-compose 1.29 (python-dotenv) and the releases of compose v2 (compose-go) disagree about quotes, escapes, blanks,
``$`` and ``#``. Only what all of them read alike is written; tests/commands/test_environment_file.py has their rules.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from pushtune.commands.private_files import write_private
from pushtune.errors import InvalidSetting

_PAIR = re.compile(r"""^(\w+)=(?:'([^']*)'|"((?:\\.|[^"\\])*)"|(.*))$""", re.MULTILINE)
_REFUSED = re.compile("[\0\ud800-\udfff]")  # the second is how Python shows bytes that are no text


def environment_text(values: Mapping[str, str]) -> str:
    """Return the file that says ``values``.

    Raises:
        InvalidSetting: one cannot be written so that it is read back everywhere; the text names it without its value.
    """
    return "".join(f"{name}={_written(name, value)}\n" for name, value in values.items())


def write_environment_file(path: Path, values: Mapping[str, str]) -> None:
    """Write ``values`` with mode 0600. Raises as ``environment_text`` does."""
    write_private(path, environment_text(values))


def read_environment_file(path: Path) -> dict[str, str]:
    """Return what a file of ours says; empty where there is none."""
    if not path.exists():
        return {}
    found = {}
    for name, single, double, plain in _PAIR.findall(path.read_text()):
        unescaped = re.sub(r"\\(.)", lambda match: "\r" if match[1] == "r" else match[1], double)
        found[name] = single or unescaped or plain
    return found


def _written(name: str, value: str) -> str:
    is_usable = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and not _REFUSED.search(value)
    if is_usable and not value.startswith(("'", '"')) and not re.search(r"[\s$#]", value):
        return value
    if is_usable and not re.search(r"['\r]|\$\{|\\\\|\\$", value):
        return f"'{value}'"
    if is_usable and "$" not in value and not value.endswith(("\\", '"')):
        escaped = re.sub(r'([\\"])', r"\\\1", value).replace("\r", "\\r")
        return f'"{escaped}"'
    raise InvalidSetting(
        "A variable that is passed on to docker-compose must be one that all its versions read alike.",
        f"{name}, whose name or value has signs that they do not: ${{, or $ beside quotes, backslashes or lines",
        "Write such signs in another way: \\u0024 for $ and \\u0027 for ' in JSON, %24 and %27 in an address.",
    )
