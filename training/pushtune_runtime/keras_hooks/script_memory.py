"""What the script remembers while it trains: kept in checkpoints where it can be, named as a reason where it cannot.

Looked at is what ``script_reach`` finds once ``on_train_begin`` of all callbacks has run. Stored is what differs from
then, so data that is merely held is never written. Three things change and cannot be restored truly:

- what the model's code reads: TensorFlow made its graph with an earlier value, a resumed process makes it with a later;
- what Python code that reads the data can reach: that code runs ahead of the training, and again in each process;
- what cannot be pickled.
"""

import pickle
import types
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from pushtune_runtime.keras_hooks.script_holders import Holder
from pushtune_runtime.keras_hooks.script_reach import CALLBACKS, DATA, MODEL, ScriptReach
from pushtune_runtime.keras_hooks.stored_values import Unstorable, digest_of, is_library, refill, restored, stored

CODE = (types.FunctionType, types.MethodType, types.ModuleType, type)

Place = Tuple[str, str]  # path of a holder, name of a value


class Known(NamedTuple):
    """A value as it was when ``fit`` began."""

    value: Any
    digest: Optional[bytes]


class ScriptMemory:
    """The memory of one ``fit``.

    Args:
        reach: what can be reached. eager: whether the model's Python code runs for each batch.

    Attributes:
        unrestored: what a checkpoint had and this process has no place for.
    """

    def __init__(self, reach: ScriptReach, eager: bool) -> None:
        self._reach = reach
        self._eager = eager
        self._initial = {
            (holder.path, name): Known(value, digest_of(value, reach.paths)) for holder, name, value in self._values()
        }
        self._reasons: Set[str] = set()
        self._has_captured = False
        self.unrestored: Set[str] = set()

    def capture(self) -> bytes:
        """Return what has changed since the start, and note as ``reasons`` what a resumed run will not have."""
        changed: Dict[Place, Tuple[bool, bytes]] = {}
        for holder, name, value in self._values():
            known = self._initial.get((holder.path, name))
            digest = digest_of(value, self._reach.paths)
            if digest is None:
                self._note_unstored(holder, name, value, known)
            elif known is None or digest != known.digest:
                self._keep(holder, name, value, known, changed)
        self._has_captured = True
        return pickle.dumps(changed)

    def restore(self, content: bytes) -> None:
        """Bring back what ``capture`` returned."""
        things = self._reach.things
        for (path, name), (same, blob) in pickle.loads(content).items():  # noqa: S301  (as in stored_values)
            holder = self._reach.holders.get(path)
            if holder is None or not _bring_back(holder, name, same, blob, things):
                self.unrestored.add(f"{name} of {path}")

    @property
    def reasons(self) -> List[str]:
        """Why a resumed run may end differently, as far as it is known."""
        clocks = [f"{name} reads the clock, or random numbers of the system" for name in sorted(self._reach.clocks)]
        closed = [f"{path} cannot be looked into" for path in sorted(self._reach.unreadable)]
        return sorted(self._reasons) + clocks + closed + self._reasons_of_data()

    def _values(self) -> Iterator[Tuple[Holder, str, Any]]:
        for holder in self._reach.holders.values():
            for name, value in holder.values().items():
                if holder.sides_of(name) - {DATA}:  # reading again what was read brings the others back
                    yield holder, name, value

    def _keep(self, holder: Holder, name: str, value: Any, known: Optional[Known], changed: Dict[Any, Any]) -> None:
        sides = holder.sides_of(name)
        if MODEL in sides and not self._eager and self._is_from_building(name, known):
            self._initial[holder.path, name] = Known(value, digest_of(value, self._reach.paths))
            return
        try:
            changed[holder.path, name] = known is not None and value is known.value, stored(value, self._reach.paths)
        except Unstorable:
            self._note_unstored(holder, name, value, known)
        if MODEL in sides and not self._eager:
            self._reasons.add(f"{holder.described(name)} changes, but TensorFlow's graph has an earlier value")
        elif DATA in sides:
            self._reasons.add(f"{holder.described(name)} changes, and Python code that reads the data may look at it")

    def _is_from_building(self, name: str, known: Optional[Known]) -> bool:
        """Return whether the first batch may have given a layer this value, as it will in another process."""
        is_new = known is None or known.value is None
        return is_new and not self._has_captured and name not in self._reach.assigned

    def _note_unstored(self, holder: Holder, name: str, value: Any, known: Optional[Known]) -> None:
        """Note what cannot be stored, if it is the script's own to keep and to change."""
        if self._is_memory(holder, name, value, known):
            self._reasons.add(f"{holder.described(name)} is a {type(value).__name__}, which no checkpoint can hold")

    def _is_memory(self, holder: Holder, name: str, value: Any, known: Optional[Known]) -> bool:
        sides = holder.sides_of(name)
        if holder.kind == "keras":
            return False
        if holder.kind == "callback" and not self._reach.is_own_class(type(holder.thing)):
            return False
        is_other = known is None or value is not known.value
        if is_library(value):
            return is_other and hasattr(value, "variables")
        if issubclass(type(value), CODE):
            return is_other
        reached_only = holder.kind in ("function", "module") or not (CALLBACKS in sides or self._eager)
        return is_other or not reached_only or hasattr(value, "__next__")

    def _reasons_of_data(self) -> List[str]:
        """Return what Python code that reads the data has in common with the training, which it runs ahead of."""
        sides = [holder.sides for holder in self._reach.holders.values() if holder.kind == "keras"]
        reasons = []
        if any({DATA, MODEL} <= side for side in sides):
            reasons.append("Python code that reads the data can look at the model, ahead of the training")
        drawing = self._reach.drawing[CALLBACKS] | (self._reach.drawing[MODEL] if self._eager else set())
        for name in sorted(drawing if self._reach.data_runs_python else ()):
            reasons.append(f"{name} draws random numbers that Python code which reads the data may draw too")
        return reasons


def _bring_back(holder: Holder, name: str, same: bool, blob: bytes, things: Dict[str, Any]) -> bool:
    """Give ``holder`` the value ``name`` again, in the object that has held it if it was the ``same`` all the time."""
    try:
        value = restored(blob, things)
    except Exception:  # it refers to what is no longer there, or the script's own __setstate__ fails
        return False
    return (same and refill(holder.values().get(name), value)) or holder.assign(name, value)
