"""One line of a list of requirements: its name, its versions, and whether it is meant for the image's Python at all."""

import re

from packaging.markers import Marker
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from pushtune.inspecting.distributions import normalized

LINE_LIMIT_CHARACTERS = 1000
# What the images are: the inspection comes before the choice of one, and they differ in nothing that lists tell apart.
_IMAGE = {
    "python_version": "3.11", "python_full_version": "3.11.0", "implementation_name": "cpython",
    "platform_python_implementation": "CPython", "os_name": "posix", "sys_platform": "linux",
    "platform_system": "Linux", "platform_machine": "x86_64", "extra": "",
}  # fmt: skip
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_REQUIREMENT = re.compile(
    rf"^({_NAME})\s*+(\[[\w\s,.-]*+\])?+\s*+\(?+((?:===?|~=|!=|<=?|>=?)[^;#]*+)?+(;[^#]*+)?+(?:(?<=\s)(?:#|--).*)?$"
)


def parse_requirement(line: str) -> tuple[str, str] | None:
    """Return (normalised name, versions as written, without blanks) of one requirement; None if it is none.

    An extra stays with the name; the environment marker is left to ``is_for_image``.
    """
    found = _REQUIREMENT.match(line.strip()) if len(line) <= LINE_LIMIT_CHARACTERS else None
    if found is None:
        return None
    name, extras, versions, _ = found.groups()
    versions = re.split(r"\s--", versions or "", maxsplit=1)[0]  # an option of the installer, such as --hash
    return normalized(name) + re.sub(r"\s", "", extras or ""), re.sub(r"[\s)]", "", versions).rstrip(",")


def is_version(versions: str) -> bool:
    """Return whether the installer takes ``versions`` (``==1.2,<2``); what other tools write, it often does not."""
    try:
        SpecifierSet(versions)
    except InvalidSpecifier:
        return False
    return True


def is_for_image(line: str) -> bool:
    """Return whether the environment marker of ``line`` holds in an image; a line without a readable one is meant."""
    marker = re.split(r"\s#|\s--", line, maxsplit=1)[0].partition(";")[2].strip()
    if not marker or len(line) > LINE_LIMIT_CHARACTERS:
        return True
    try:
        return Marker(marker).evaluate(_IMAGE)
    except (ValueError, RecursionError):
        return True
