"""One look at a checkout: entry script, family, Keras generation, requirements, paths; each with its evidence."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pushtune.errors import (
    AmbiguousEntry,
    EmptyRepository,
    EntryNotFound,
    EntrySyntaxError,
    InvalidRepositorySettings,
    NoTrainingScript,
    UnsupportedFamily,
)
from pushtune.inspecting.command_line import find_questions
from pushtune.inspecting.data_paths import DataPath, find_paths
from pushtune.inspecting.datasets import find_datasets
from pushtune.inspecting.entry_script import Candidate, is_ambiguous, rank_candidates
from pushtune.inspecting.evidence import Evidence
from pushtune.inspecting.keras_generation import find_generation
from pushtune.inspecting.model_family import UNSUPPORTED, choose_family
from pushtune.inspecting.project import SCRIPT_ENDINGS, Project
from pushtune.inspecting.removed_names import find_removed_names
from pushtune.inspecting.repository_files import Deadline, RepositoryFiles, list_repository
from pushtune.inspecting.repository_settings import RepositorySettings, read_settings
from pushtune.inspecting.requirements import find_requirements
from pushtune.inspecting.run_commands import find_run_commands
from pushtune.inspecting.script_selection import SCRIPTS_LIMIT, scripts_to_read

TIME_LIMIT_SECONDS = 4.0
LARGE_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Inspection:
    """What a checkout says about itself.

    Attributes:
        entry: path of the training script, relative to the checkout; None if there is none or it is ambiguous.
        entry_candidates: ``{"path", "points", "reasons"}``, the likeliest first.
        framework: of the main model (``keras``, ``tensorflow``, ``scikit-learn``, ``xgboost``, ``pytorch``, ...);
        None without one.
        family: cnn, rnn, transformer, dense, classical, pytorch or unsupported.
        keras_generation: newest Keras on which the unmodified code works as meant; None without Keras or TensorFlow.
        keras_markers: all lines that use what an older Keras had.
        requirements: lines for the installer, beyond what the image holds. requirement_sources: the same with file,
        line number and whether the entry cannot start without it. paths: see ``DataPath``.
        evidence: lines that the answers rest on. warnings: what a person should know.
        image: name of the family's image without a tag; None where there is none.
        arguments: command-line arguments that the repository itself gives the entry.
        datasets: public data sets that the code names, such as ``keras.datasets.mnist``, with the place that does.
        ambiguous: two scripts are equally likely. looked_at: how many files there are, and how many of them scripts.
        fault: (file, line, text, message) where Python refuses the entry.
        missing_entry: the script that ``pushtune.yaml`` names, if it is no file of the repository.
        wishes: what ``pushtune.yaml`` asks of the tuning, see ``Wishes``. settings_fault: what is wrong with that file.
    """

    entry: str | None
    entry_candidates: list[dict[str, Any]] = field(default_factory=list)
    framework: str | None = None
    family: str = UNSUPPORTED
    keras_generation: str | None = None
    keras_markers: list[Evidence] = field(default_factory=list)
    requirements: list[str] = field(default_factory=list)
    requirement_sources: list[dict[str, Any]] = field(default_factory=list)
    paths: list[DataPath] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    image: str | None = None
    arguments: list[str] = field(default_factory=list)
    datasets: dict[str, str] = field(default_factory=dict)
    ambiguous: bool = False
    looked_at: dict[str, int] = field(default_factory=dict)
    fault: tuple[str, int, str, str] | None = None
    missing_entry: str | None = None
    wishes: dict[str, Any] = field(default_factory=dict)
    settings_fault: str | None = None

    def as_document(self) -> dict[str, Any]:
        """Return the inspection as plain JSON data."""
        return {
            "entry": self.entry,
            "entry_candidates": self.entry_candidates,
            "framework": self.framework,
            "family": self.family,
            "keras_generation": self.keras_generation,
            "keras_markers": [item.as_document() for item in self.keras_markers],
            "requirements": self.requirements,
            "requirement_sources": self.requirement_sources,
            "paths": [item.as_document() for item in self.paths],
            "evidence": [item.as_document() for item in self.evidence],
            "warnings": self.warnings,
            "image": self.image,
            "arguments": self.arguments,
            "datasets": list(self.datasets),
            "dataset_places": self.datasets,
            "ambiguous": self.ambiguous,
            "looked_at": self.looked_at,
            "wishes": self.wishes,
        }


def inspect_checkout(folder: Path, entry: str | None = None) -> Inspection:
    """Return what the repository in ``folder`` says about itself; nothing of it is imported or run.

    ``entry`` settles the script, as does ``entry:`` in the repository's ``pushtune.yaml``; both are relative to
    ``folder``.
    What is missing is reported, not raised: ``require_trainable`` turns it into an error.

    Raises:
        EntryNotFound: the given entry is no file of the repository.
        NotADirectoryError, FileNotFoundError: ``folder`` is not a folder.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder")
    deadline = Deadline.after(TIME_LIMIT_SECONDS)
    files = list_repository(folder, deadline)
    project = Project(files, deadline)
    settings = read_settings(files)
    chosen = entry or settings.entry
    warnings = _warnings_of_tree(files)
    if settings.fault is not None:
        warnings.append(settings.fault)
        return Inspection(None, warnings=warnings, settings_fault=settings.fault, looked_at=_count(files))
    if entry is not None and entry not in files.sizes:
        raise EntryNotFound.of(entry, "the call")
    if chosen is not None and chosen not in files.sizes:
        missing = EntryNotFound.of(chosen, "pushtune.yaml")
        return Inspection(None, warnings=[*warnings, str(missing)], missing_entry=chosen, looked_at=_count(files))
    paths = [chosen] if chosen else []
    paths = paths or scripts_to_read(files, deadline)
    candidates = rank_candidates(project, paths[:SCRIPTS_LIMIT], find_run_commands(files, deadline))
    if deadline.passed():
        warnings.append(f"only a part of the repository was read: {TIME_LIMIT_SECONDS:.0f} s were used up")
    elif len(paths) > SCRIPTS_LIMIT:
        warnings.append(f"only {SCRIPTS_LIMIT} of {len(paths)} scripts were read, those that look most like training")
    looked_at = _count(files)
    if not candidates:
        return _without_candidate(project, chosen, paths, warnings, looked_at)
    return _described(project, candidates, chosen, settings, warnings, looked_at)


def _count(files: RepositoryFiles) -> dict[str, int]:
    return {"files": len(files.sizes), "scripts": sum(path.endswith(SCRIPT_ENDINGS) for path in files.sizes)}


def _warnings_of_tree(files: RepositoryFiles) -> list[str]:
    found = []
    if files.truncated:
        found.append(f"the repository was not listed whole: {files.truncated}")
    if files.total_bytes > LARGE_BYTES:
        found.append(f"the repository holds {files.total_bytes / 1e9:.1f} GB: large data is better kept outside of it")
    for path, target in sorted(files.links.items())[:10]:
        found.append(f"{path}: a symbolic link (to {target[:100]}) is not followed")
    for path in files.submodules:
        if not any(name.startswith(path + "/") for name in files.sizes):
            found.append(f"{path}: the submodule is not checked out")
    return found


def _without_candidate(
    project: Project, chosen: str | None, paths: list[str], warnings: list[str], looked_at: dict[str, int]
) -> Inspection:
    """No script trains anything that is known here; a given entry is still the entry."""
    fault = None
    faults = []
    for path in [chosen] if chosen else paths[:50]:
        script_fault = project.script(path).fault if not project.deadline.passed() else None
        if script_fault is not None:
            faults.append((path, script_fault.line, script_fault.text, script_fault.message))
            warnings.append(
                f"{path}:{script_fault.line}: Python cannot read it: {script_fault.message}: {script_fault.text}"
            )
    if len(faults) == 1 and (chosen or len(paths) == 1):
        fault = faults[0]
    if not looked_at["files"]:
        warnings.append("the repository is empty")
    elif not chosen:
        warnings.append(
            f"no script trains a model: looked at {looked_at['scripts']} scripts among {looked_at['files']} files"
        )
    else:
        warnings.append(f"{chosen}: no training call of a known library was found in it")
    return Inspection(entry=chosen, warnings=warnings, looked_at=looked_at, fault=fault)


def _described(
    project: Project,
    candidates: list[Candidate],
    chosen: str | None,
    settings: RepositorySettings,
    warnings: list[str],
    looked_at: dict[str, int],
) -> Inspection:
    best = candidates[0]
    ambiguous = is_ambiguous(candidates) and not chosen
    family = choose_family(project, best)
    generation = find_generation(project, best) if family.framework in ("keras", "tensorflow") else None
    requirements = find_requirements(project, best, family.family)
    script = project.script(best.path)
    evidence = list(family.evidence)
    if generation is not None:
        evidence += generation.evidence
        warnings += generation.warnings
    evidence += [item.evidence for item in requirements.needed]
    warnings += requirements.warnings
    arguments = settings.arguments or best.arguments
    paths = find_paths(project, best)
    warnings += find_removed_names(project, best)
    warnings += find_questions(project, best, arguments) + [text for item in paths if (text := item.problem())]
    if best.is_idle:
        warnings.append(best.reasons[0][1])
    fault = None
    if script.fault is not None:
        fault = (best.path, script.fault.line, script.fault.text, script.fault.message)
        kind = "Python 2" if script.python2 else "Python"
        warnings.append(
            f"{best.path}:{script.fault.line}: {kind}; Python 3 refuses it: {script.fault.message}: {script.fault.text}"
        )
    if ambiguous:
        warnings.append("two scripts are equally likely: " + ", ".join(item.path for item in candidates[:5]))
    return Inspection(
        entry=None if ambiguous else best.path,
        entry_candidates=[_candidate_document(item) for item in candidates[:20]],
        framework=family.framework,
        family=family.family,
        keras_generation=generation.generation if generation else None,
        keras_markers=generation.markers if generation else [],
        requirements=[item.as_line() for item in requirements.needed],
        requirement_sources=[item.as_document() for item in requirements.needed],
        paths=paths,
        evidence=evidence,
        warnings=warnings,
        image=None if family.family == UNSUPPORTED else family.family,
        arguments=arguments,
        datasets=find_datasets(project, best),
        ambiguous=ambiguous,
        looked_at=looked_at,
        fault=fault,
        wishes=settings.wishes.model_dump(),
    )


def _candidate_document(candidate: Candidate) -> dict[str, Any]:
    reasons = [
        f"{points:+g} {re.sub(r'[^ -~]', '?', text)}" for points, text in sorted(candidate.reasons, reverse=True)
    ]
    return {"path": candidate.path, "points": candidate.points, "framework": candidate.framework, "reasons": reasons}


def require_trainable(inspection: Inspection) -> None:
    """Return if ``inspection`` names a script that can be trained here.

    Raises:
        EmptyRepository, InvalidRepositorySettings, EntryNotFound, NoTrainingScript, AmbiguousEntry, EntrySyntaxError,
        UnsupportedFamily: why it cannot.
    """
    if not inspection.looked_at.get("files"):
        raise EmptyRepository.of()
    if inspection.settings_fault is not None:
        raise InvalidRepositorySettings.of(inspection.settings_fault)
    if inspection.missing_entry is not None:
        raise EntryNotFound.of(inspection.missing_entry, "pushtune.yaml")
    if inspection.ambiguous:
        raise AmbiguousEntry.of([str(item["path"]) for item in inspection.entry_candidates[:5]])
    if inspection.fault is not None:
        raise EntrySyntaxError.of(*inspection.fault)
    if inspection.entry is None or inspection.framework is None:
        raise NoTrainingScript.of(inspection.entry, inspection.looked_at)
    if inspection.image is None:
        raise UnsupportedFamily.of(inspection.entry, inspection.framework)
