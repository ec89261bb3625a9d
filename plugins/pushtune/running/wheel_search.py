"""Finds wheels for all that a repository needs; gives up exact versions and what nothing imports before it fails.

The first attempt takes every line as it stands. After a failure the lines that pip blames lose their version, since old
pins have no wheel for today's Python; then those that the entry does not import are left out. What remains and still
cannot be had is the error, with the line, pip's words and the remedy.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name, parse_wheel_filename

from pushtune.errors import (
    ImageBuildFailed,
    RequirementConflict,
    RequirementMissing,
    RequirementNeedsSources,
    UnusableEnvironment,
)
from pushtune.running.bounded_pip import Attempt
from pushtune.running.requirement_needs import Need
from pushtune.running.wheels import download_remedy, is_host_problem

LOG_LINES_SHOWN = 8
SHOWN_LIMIT_CHARACTERS = 600
_UNSATISFIED = re.compile(
    r"ERROR: Could not find a version that satisfies the requirement (\S+)(?: \(from (?!versions:)([^()]*))?"
)
_CONFLICT = re.compile(r"ERROR: Cannot install (.*?) because these package versions have conflicting dependencies")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

Download = Callable[[Sequence[Need]], Attempt]


@dataclass(frozen=True)
class Found:
    """Attributes: wheels to install; notes: name of a need -> what became of it, where that is not what it says."""

    wheels: tuple[Path, ...]
    notes: dict[str, str]


class WheelSearch:
    """One search.

    Args:
        download: resolves needs and downloads their wheels.
        is_known: says whether the index has a distribution in any form.
        python: version of the image's Python, such as ``3.11``.
    """

    def __init__(self, download: Download, is_known: Callable[[str], bool], python: str) -> None:
        self._download, self._is_known, self._python = download, is_known, python
        self._asked: dict[str, Need] = {}  # needs whose version was given up
        self._notes: dict[str, str] = {}

    def run(self, needs: Sequence[Need]) -> Found:
        """Return the wheels for ``needs``.

        Raises:
            RequirementMissing, RequirementNeedsSources, RequirementConflict: the entry imports what cannot be had.
            ImageBuildFailed: the host cannot download anything now.
        """
        current = list(needs)
        while current:
            attempt = self._download(current)
            if not attempt.failed:
                return Found(attempt.wheels, {**self._notes, **self._notes_on_versions(attempt.wheels)})
            if is_host_problem(attempt.log):
                raise ImageBuildFailed(
                    "What a repository needs must be downloadable with this host's pip.",
                    _tail(attempt.log), download_remedy(attempt.log),
                )
            current = self._concede(current, attempt.log)
        return Found((), self._notes)

    def _concede(self, current: list[Need], log: str) -> list[Need]:
        """Return fewer or weaker needs than ``current``; each call comes nearer to an end."""
        blamed = _blamed(current, log)
        pinned = [need for need in blamed if need.is_pinned]
        if pinned:
            self._asked.update({need.name: need for need in pinned})
            return [need.without_pin() if need in pinned else need for need in current]
        unused = [need for need in blamed if not need.is_imported]
        if not unused:
            raise self._error(blamed, log)
        for need in unused:
            self._notes[need.name] = f"{self._asked.get(need.name, need).line} is left out: {self._why(need, log)}"
        return [need for need in current if need not in unused]

    def _why(self, need: Need, log: str) -> str:
        if not _is_unsatisfied(need, log):
            return "it cannot be installed beside what the image and the other lines bring"
        if self._is_known(need.name):
            return f"it has no wheel for Python {self._python}, and source archives run code while they are installed"
        return "the package index has no such package"

    def _error(self, blamed: list[Need], log: str) -> UnusableEnvironment:
        lines = ", ".join(f"{need.place}: {self._asked.get(need.name, need).line}" for need in blamed)
        received = f"{lines}; pip says: {_errors(log)}"
        alone = blamed[0] if len(blamed) == 1 and _is_unsatisfied(blamed[0], log) else None
        if alone is None:
            return RequirementConflict(
                "What the training script imports must be installable beside what its image brings.", received,
                f"Change the requirement at {blamed[0].place}, or write a Dockerfile that installs everything and set "
                "build_dockerfile: true in the repository's entry of watched_repositories.yaml.",
            )
        if self._is_known(alone.name):
            return RequirementNeedsSources(
                f"A package must have a wheel for Python {self._python}: source archives run code of their own while "
                "they are installed, so they are not built.", received,
                "Name another version or package; or install it in a Dockerfile of the repository, whose build you "
                "allow by build_dockerfile: true in its entry of watched_repositories.yaml.",
            )
        return RequirementMissing(
            "The package index must have what the training script imports.", received,
            f"Correct the name at {alone.place}, put the module into the repository, or give pip's index that has it.",
        )

    def _notes_on_versions(self, wheels: Sequence[Path]) -> dict[str, str]:
        versions = {name: str(version) for name, version, *_ in (parse_wheel_filename(path.name) for path in wheels)}
        return {
            name: f"{need.line} cannot be had for Python {self._python} beside what the image brings, so the newest "
            f"that can is used: {name} {versions[canonicalize_name(name)]}"
            for name, need in self._asked.items()
            if canonicalize_name(name) in versions and name not in self._notes
        }


def _blamed(current: Sequence[Need], log: str) -> list[Need]:
    """Return the needs that pip's ``log`` blames; all of them where it blames none."""
    names = set()
    for name, origin in _UNSATISFIED.findall(log):
        names |= {canonicalize_name(word) for word in _NAME.findall(re.split(r"[<>=!~;\[]", name)[0])[:1]}
        names |= {canonicalize_name(re.split(r"[<>=!~;\[]", part)[0]) for part in origin.split("->")}
    for listed in _CONFLICT.findall(log):
        parts = re.split(r", | and ", listed)
        names |= {canonicalize_name(re.split(r"[<>=!~;\[ ]", part.strip())[0]) for part in parts}
    return [need for need in current if need.name in names] or list(current)


def _is_unsatisfied(need: Need, log: str) -> bool:
    """Say whether pip found no version of ``need`` itself."""
    heads = [re.split(r"[<>=!~;\[]", name)[0] for name, _ in _UNSATISFIED.findall(log)]
    return need.name in {canonicalize_name(head) for head in heads}


def _errors(log: str) -> str:
    lines = [line.removeprefix("ERROR: ") for line in log.splitlines() if line.startswith("ERROR: ")]
    return " ".join(lines)[:SHOWN_LIMIT_CHARACTERS] or _tail(log)


def _tail(log: str) -> str:
    return "\n".join(log.splitlines()[-LOG_LINES_SHOWN:])
