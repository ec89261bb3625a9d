"""What a repository needs beside its image, as the inspection reports it, checked line by line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pushtune.errors import InvalidRequirementLine

NEEDS_LIMIT = 200


@dataclass(frozen=True)
class Need:
    """One distribution that a repository needs.

    Attributes:
        name: normalised. line: what the installer is asked for, such as ``gensim==3.8.3``.
        place: ``file:line`` where it is declared or imported.
        is_imported: the entry cannot start without it; anything else is installed if that works.
        is_pinned: the line restricts the version.
    """

    name: str
    line: str
    place: str
    is_imported: bool
    is_pinned: bool

    def without_pin(self) -> "Need":
        """Return the same distribution in any version."""
        requirement = Requirement(self.line)
        extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
        return replace(self, line=requirement.name + extras, is_pinned=False)


def read_needs(sources: Iterable[Mapping[str, Any]]) -> list[Need]:
    """Return the needs that the inspection lists in ``requirement_sources``, sorted by name.

    What nobody imports is of use at best: where its line cannot be used, it is left out.

    Raises:
        InvalidRequirementLine: a line for what the entry imports is none, or asks for an address.
    """
    needs: dict[str, Need] = {}
    for source in list(sources)[:NEEDS_LIMIT]:
        try:
            need = _read_need(source)
        except InvalidRequirementLine:
            if source["is_imported"]:
                raise
            continue
        needs.setdefault(need.name, need)
    return [needs[name] for name in sorted(needs)]


def _read_need(source: Mapping[str, Any]) -> Need:
    place = f"{source['file']}:{source['line_number']}"
    try:
        requirement = Requirement(str(source["line"]))
    except InvalidRequirement:
        raise _refused(place, source["line"]) from None
    if requirement.url or requirement.marker:
        raise _refused(place, source["line"])
    is_pinned = bool(requirement.specifier)
    return Need(canonicalize_name(requirement.name), str(requirement), place, bool(source["is_imported"]), is_pinned)


def _refused(place: str, line: object) -> InvalidRequirementLine:
    return InvalidRequirementLine(
        "A requirement must be the name of a distribution, with extras and versions at most.", f"{place}: {line!r}",
        "Write it like 'einops' or 'einops==0.8.2'.",
    )
