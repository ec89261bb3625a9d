"""The repository's Python sources as modules: who imports whom, and where a name is defined."""

import sys
from dataclasses import dataclass, field
from typing import Any

from pushtune.inspecting.lenient_parse import Fault, parse
from pushtune.inspecting.libraries import FRAMEWORKS
from pushtune.inspecting.notebook import NotANotebook, NotebookScript, to_script
from pushtune.inspecting.repository_files import (
    NOTEBOOK_LIMIT_BYTES,
    SCRIPT_LIMIT_BYTES,
    Deadline,
    RepositoryFiles,
)
from pushtune.inspecting.script_facts import ScriptFacts
from pushtune.inspecting.source_text import decode
from pushtune.inspecting.syntax_walk import read_facts

SCRIPT_ENDINGS = (".py", ".ipynb", ".pyw", ".py3")
RESOLVE_LIMIT = 6
CLOSURE_LIMIT = 100
STARS_LIMIT = 30
DYNAMIC_LIMIT = 30


@dataclass
class Script:
    """One parsed source. ``facts`` are empty where nothing could be read; ``fault`` says what Python refuses."""

    path: str
    lines: list[str] = field(default_factory=list)
    facts: ScriptFacts = field(default_factory=ScriptFacts)
    fault: Fault | None = None
    python2: bool = False
    notebook: NotebookScript | None = None
    encoding: str = "utf-8"

    def line(self, number: int) -> str:
        """Return the text of line ``number`` (from 1), shortened for showing."""
        return self.lines[number - 1].strip()[:200] if 0 < number <= len(self.lines) else ""


class Project:
    """Parses sources on demand and keeps them; resolves names across the repository's own modules."""

    def __init__(self, files: RepositoryFiles, deadline: Deadline) -> None:
        self.files = files
        self.deadline = deadline
        self._scripts: dict[str, Script] = {}
        self._by_stem: dict[str, list[str]] = {}
        self._imported: dict[str, list[tuple[str, int]]] = {}
        self._closures: dict[str, list[str]] = {}
        self._notes: dict[str, dict[str, Any]] = {}
        for path in files.sizes:
            if path.endswith(".py"):
                name = path[:-3].removesuffix("/__init__")
                self._by_stem.setdefault(name.rpartition("/")[2], []).append(path)
        folders = {path.split("/")[-2] for path in files.sizes if path.endswith(".py") and "/" in path}
        self._own_names = {name for name in folders | set(self._by_stem) if name not in FRAMEWORKS}

    def script(self, path: str) -> Script:
        """Return the parsed source at ``path``, a listed file; an empty one when the time is used up."""
        if path not in self._scripts:
            if self.deadline.passed():
                return Script(path, fault=Fault(1, "", "it was not read: the time for it was used up"))
            self._scripts[path] = self._read(path)
        return self._scripts[path]

    def notes(self, name: str) -> dict[str, Any]:
        """Return the memory that a reader of this project keeps under ``name``."""
        return self._notes.setdefault(name, {})

    def _read(self, path: str) -> Script:
        is_notebook = path.endswith(".ipynb")
        content = self.files.read(path, NOTEBOOK_LIMIT_BYTES if is_notebook else SCRIPT_LIMIT_BYTES)
        if content is None:
            return Script(path, fault=Fault(1, "", "the file is too large or cannot be read"))
        notebook = None
        if is_notebook:
            try:
                notebook = to_script(content)
            except NotANotebook as error:
                return Script(path, fault=Fault(1, "", f"this is no notebook: {error}"))
            text, encoding = notebook.text, "utf-8"
        else:
            text, encoding = decode(content)
        if notebook is not None and notebook.language != "python":
            return Script(path, notebook=notebook)
        parsed = parse(text[:SCRIPT_LIMIT_BYTES], self.deadline)
        facts = ScriptFacts() if parsed.tree is None else read_facts(parsed.tree)
        return Script(path, text.split("\n"), facts, parsed.fault, parsed.python2, notebook, encoding)

    def module_path(self, module: str, importer: str) -> str | None:
        """Return the file that ``import module`` in the file ``importer`` means, if the repository holds it.

        A script is started from its own folder or from the repository's root, so both are tried, then any folder on
        the way up; a leading dot is relative to the importer's folder.
        """
        folder = importer.rpartition("/")[0]
        dots = len(module) - len(module.lstrip("."))
        parts = module.lstrip(".").split(".") if module.strip(".") else []
        if dots:
            above = folder.split("/") if folder else []
            above = above[: len(above) - (dots - 1)] if dots > 1 else above
            return self._file_at([*above, *parts])
        start = folder.split("/") if folder else []
        if parts[:2] == ["tensorflow", "models"]:  # in no release: where the examples lay that a script was copied from
            return self._file_at([*start, parts[-1]])
        is_library = bool(parts) and (parts[0] in FRAMEWORKS or parts[0] in sys.stdlib_module_names)
        # Only a file right there can shadow a library; anything else may lie on the way up, or on a changed path.
        places = [start, []] if is_library else [start[:count] for count in range(len(start), -1, -1)]
        found = (self._file_at([*place, *parts]) for place in places)
        nearest = next((path for path in found if path and path != importer), None)
        return nearest if nearest or is_library else self._below_source_root(parts)

    def provides(self, module: str, importer: str) -> bool:
        """Return whether the repository itself is meant to provide ``module``, be it that a part of it is missing.

        A first part that is called like a script or a folder of scripts anywhere in it is never to be installed.
        """
        return module.partition(".")[0] in self._own_names or self.module_path(module, importer) is not None

    def modules_called(self, pattern: str, importer: str) -> list[str]:
        """Return the files that the module name ``pattern`` can mean, in which ``*`` stands for any part of it."""
        parts = pattern.split(".")
        if not pattern or "*" in parts[0] or pattern.startswith("."):
            return []
        if "*" not in pattern:
            found = self.module_path(pattern, importer)
            return [found] if found and found != importer else []
        fixed = parts[: next(index for index, part in enumerate(parts) if "*" in part)]
        above = [importer.split("/")[:count] for count in range(importer.count("/"), -1, -1)]
        for folder in ("/".join([*base, *fixed]) + "/" for base in above):
            inside = [path for path in self.files.sizes if path.startswith(folder) and path.endswith(".py")]
            if inside:
                return [path for path in inside if path != importer][:DYNAMIC_LIMIT]
        return []

    def _file_at(self, parts: list[str]) -> str | None:
        base = "/".join(parts)
        for path in (f"{base}.py", f"{base}/__init__.py" if base else "__init__.py"):
            if path in self.files.sizes:
                return path
        return None

    def _below_source_root(self, parts: list[str]) -> str | None:
        """``sys.path`` tricks: a module that exists exactly once anywhere in the repository is meant."""
        if not parts:
            return None
        wanted = "/".join(parts)
        fits = [
            path for path in self._by_stem.get(parts[-1], ())
            if f"/{path[:-3].removesuffix('/__init__')}".endswith(f"/{wanted}")
        ]  # fmt: skip
        return fits[0] if len(fits) == 1 else None

    def imported_paths(self, path: str) -> list[tuple[str, int]]:
        """Return (file of this repository, line) for each import in ``path`` that means one."""
        if path not in self._imported:
            found: dict[str, int] = {}
            for item in self.script(path).facts.imports:
                names = [item.dotted] if item.dotted == item.module else [item.dotted, item.module]
                targets = (self.module_path(name, path) for name in names)
                target = next((target for target in targets if target and target != path), None)
                if target:
                    found.setdefault(target, item.line)
            self._imported[path] = list(found.items())
        return self._imported[path]

    def closure(self, path: str) -> list[str]:
        """Return ``path`` and the files of this repository that it imports, directly or not, nearest first."""
        if path not in self._closures:
            seen, queue = {path: None}, [path]
            for current in queue:
                for target, _ in self.imported_paths(current):
                    if target not in seen and len(seen) < CLOSURE_LIMIT:
                        seen[target] = None
                        queue.append(target)
            self._closures[path] = list(seen)
        return self._closures[path]

    def definition(self, dotted: str, path: str) -> tuple[str, str] | None:
        """Return (file, name) of the function or class that ``dotted`` means in ``path``; None if it is not ours."""
        name, current = dotted.replace("()", "").replace("[]", ""), path
        for _ in range(RESOLVE_LIMIT):
            facts = self.script(current).facts
            local = name.lstrip(".")
            if not name.startswith(".") and (local in facts.functions or local in facts.classes):
                return current, local
            head = local.partition(".")[0]
            if head in facts.classes and not name.startswith("."):
                return current, head
            step = self._step(name, current)
            if step is None:
                return None
            current, name = step
        return None

    def _step(self, dotted: str, path: str) -> tuple[str, str] | None:
        """Follow one import: return (file, name within it)."""
        dots = dotted[: len(dotted) - len(dotted.lstrip("."))]
        parts = dotted.lstrip(".").split(".")
        for count in range(len(parts) - 1, 0, -1):
            target = self.module_path(dots + ".".join(parts[:count]), path)
            if target and target != path:
                rest = ".".join(parts[count:])
                return target, self.script(target).facts.resolve(rest)
        home = self._star_home(path, parts[0]) if not dots else None
        return None if home is None else (home, self.script(home).facts.resolve(".".join(parts)))

    def _star_home(self, path: str, name: str) -> str | None:
        """Return the file from which ``from x import *`` brings ``name``, through any number of such imports."""
        seen = [path]
        for current in seen:
            if len(seen) > STARS_LIMIT:
                return None
            for star in self.script(current).facts.stars:
                target = self.module_path(star, current)
                if target and target not in seen:
                    if self._offers(target, name):
                        return target
                    seen.append(target)
        return None

    def _offers(self, path: str, name: str) -> bool:
        facts = self.script(path).facts
        return name in facts.functions or name in facts.classes or name in facts.bindings
