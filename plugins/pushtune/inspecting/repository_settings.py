"""``pushtune.yaml`` in the repository: what its author settled."""

import shlex
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StrictStr, ValidationError, field_validator

from pushtune.inspecting.repository_files import RepositoryFiles
from pushtune.plain_yaml import InvalidYaml, parse_yaml
from pushtune.wishes import Wishes

FILE_NAMES = ("pushtune.yaml", "pushtune.yml")
SIZE_LIMIT_BYTES = 64 * 1024
LONGEST_TEXT_CHARACTERS = 4000


class _Document(Wishes):
    """All keys of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    entry: Annotated[StrictStr, Field(max_length=LONGEST_TEXT_CHARACTERS)] | None = None
    arguments: list[str] = []

    @field_validator("arguments", mode="before")
    @classmethod
    def _are_words(cls, given: Any) -> list[str]:
        if isinstance(given, str):
            return shlex.split(given[:LONGEST_TEXT_CHARACTERS])  # raises ValueError where a quotation mark is missing
        if not isinstance(given, list) or not all(isinstance(word, (str, int, float)) for word in given):
            raise ValueError("is one line of text, or a list of words")
        return [str(word) for word in given]


@dataclass(frozen=True)
class RepositorySettings:
    """Attributes: entry relative to the repository, arguments of the script, wishes of the tuning.

    ``fault`` says what is wrong with the file, in one line; nothing of the file holds then.
    """

    entry: str | None = None
    arguments: list[str] = field(default_factory=list)
    wishes: Wishes = field(default_factory=Wishes)
    fault: str | None = None


def read_settings(files: RepositoryFiles) -> RepositorySettings:
    """Return what ``pushtune.yaml`` at the top of the repository says; nothing where there is none.

    Keys: ``entry`` (a path), ``arguments`` (one line, split as a shell would, or a list of words), and those of
    ``Wishes``. The file is hostile: plain YAML of a bounded size, no aliases, and nothing but these keys.
    """
    name = next((name for name in FILE_NAMES if name in files.sizes), None)
    if name is None:
        return RepositorySettings()
    content = files.read(name, SIZE_LIMIT_BYTES)
    if content is None:
        return RepositorySettings(fault=f"{name}: must be a plain file of at most {SIZE_LIMIT_BYTES} bytes.")
    try:
        document = parse_yaml(content)
        checked = _Document.model_validate({} if document is None else document)
    except InvalidYaml as error:
        return RepositorySettings(fault=f"{name}: {error}")
    except ValidationError as error:
        return RepositorySettings(fault=f"{name}: {_first_of(error)}")
    entry = (checked.entry or "").replace("\\", "/").removeprefix("./") or None
    wishes = Wishes(freeze=checked.freeze, narrow=checked.narrow, add=checked.add)
    return RepositorySettings(entry, checked.arguments, wishes)


def _first_of(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][:2])[:120] or "the file"
    if first["type"] == "extra_forbidden":
        return f"the key {place!r} is not known; known are {', '.join(_Document.model_fields)}."
    return f"{place}: {first['msg']}. Received: {first['input']!r:.120}."
