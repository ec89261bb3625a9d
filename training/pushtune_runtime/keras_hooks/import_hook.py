"""Patches a library right after its import, before the script can use it; libraries that are not used cost nothing."""

import importlib.abc
import importlib.machinery
import sys
from types import ModuleType
from typing import Any, Callable, Dict, Optional, Sequence, Set

Patch = Callable[[ModuleType], None]


class PatchAfterImport(importlib.abc.MetaPathFinder):
    """Calls ``patches[name]`` with the module ``name`` once its body has been executed."""

    def __init__(self, patches: Dict[str, Patch]) -> None:
        self._patches = dict(patches)
        self._asking: Set[str] = set()

    def install(self) -> None:
        """Watch imports from now on; modules that are there already are patched at once."""
        for name in [name for name in self._patches if name in sys.modules]:
            self._patches.pop(name)(sys.modules[name])
        sys.meta_path.insert(0, self)

    def find_spec(
        self, fullname: str, path: Optional[Sequence[str]], target: Optional[ModuleType] = None
    ) -> Optional[importlib.machinery.ModuleSpec]:
        """Return the ordinary spec of a watched module, with a loader that patches afterwards.

        A spec may be asked for without an import (TensorFlow looks for Keras' folder in this way), so a patch is
        forgotten only once it has been applied.
        """
        if fullname not in self._patches or fullname in self._asking:
            return None
        self._asking.add(fullname)
        try:
            spec = _search(self, fullname, path, target)
        finally:
            self._asking.discard(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _PatchingLoader(spec.loader, lambda module: self._patches.pop(fullname, _nothing)(module))
        return spec


def _search(
    asking: Any, fullname: str, path: Optional[Sequence[str]], target: Optional[ModuleType]
) -> Optional[importlib.machinery.ModuleSpec]:
    for finder in sys.meta_path:
        if finder is not asking and hasattr(finder, "find_spec"):
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                return spec
    return None


def _nothing(module: ModuleType) -> None:
    """The module was patched before."""


class _PatchingLoader(importlib.abc.Loader):
    def __init__(self, loader: Any, patch: Patch) -> None:
        self._loader = loader
        self._patch = patch

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        self._patch(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)
