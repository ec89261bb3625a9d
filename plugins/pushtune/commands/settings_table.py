"""The reference of all knobs, written from the settings themselves: ``python -m pushtune.commands.settings_table``."""

import os
from typing import Any

import annotated_types

from pushtune.settings import PREFIX, PROJECT_FOLDER, Settings

DOCUMENT = PROJECT_FOLDER / "docs" / "configuration.md"
HEADER = """# Knobs of an installation

Each is an environment variable, read when a process starts. A value out of range stops the start with a message that
names the variable; a name that is misspelt is met by a warning of each command. What belongs to one repository stands
in `config/watched_repositories.yaml`, whose example explains each field.

| variable | default | range | meaning |
|---|---|---|---|
"""


def table() -> str:
    """Return the page, as it has to be in ``docs/configuration.md``."""
    return HEADER + "".join(_row(name, field) for name, field in Settings.model_fields.items())


def _row(name: str, field: Any) -> str:
    cells = (f"`{PREFIX}{name.upper()}`", _default(name, field.default), _range(field.metadata), field.description)
    return f"| {' | '.join(cells)} |\n"


def _default(name: str, value: Any) -> str:
    if isinstance(value, os.PathLike):
        return f"`{os.path.relpath(value, PROJECT_FOLDER)}`"
    if value == "":
        return "none"
    # These depend on the machine that the page is written on.
    depending = {"trials_at_once": "number of cores, at most 4", "container_uid": "10001 for root, else the own user"}
    return depending.get(name, f"{value:,}".replace(",", " ") if isinstance(value, int | float) else f"`{value}`")


def _range(metadata: list[Any]) -> str:
    signs = {annotated_types.Ge: "from", annotated_types.Gt: "above", annotated_types.Le: "to"}
    parts = []
    for bound in metadata:
        for kind, word in signs.items():
            if isinstance(bound, kind):
                parts.append(f"{word} {getattr(bound, kind.__name__.lower()):,}".replace(",", " "))
    return " ".join(parts)


if __name__ == "__main__":
    DOCUMENT.write_text(table())
