"""What the script remembers while it trains: kept in checkpoints where it can be, named as a reason where it cannot.

Looked at is what ``script_reach`` finds once ``on_train_begin`` of all callbacks has run. Stored is what differs from
then, so data that is merely held is never written. Some things change and cannot be restored truly:

- what the model's code reads: TensorFlow made its graph with an earlier value, a resumed process makes it with a later;
- what Python code that reads the data can reach: that code runs ahead of the training, and again in each process;
- what cannot be pickled, iterators of TensorFlow, variables that appear only later.
"""

import types
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from pushtune_runtime.keras_hooks.script_holders import ENTRIES, FIXED, Holder
from pushtune_runtime.keras_hooks.script_reach import CALLBACKS, DATA, MODEL, ScriptReach
from pushtune_runtime.keras_hooks.script_things import PLAIN, variables_of
from pushtune_runtime.keras_hooks.stored_values import Unstorable, digest_of, is_library, refill, restored, stored

CODE = (types.FunctionType, types.MethodType, types.ModuleType, type)
ONLY_SHOWN = ("tqdm.", "logging")  # modules whose objects tell a person what happens, and decide nothing
FEW = 100  # containers with at most so many plain values are stored whether they have changed or not

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
            (holder.path, name): Known(value, self._digest(value, name)) for holder, name, value in self._values()
        }
        self._reasons: Set[str] = set()
        self._has_captured = False
        self.unrestored: Set[str] = set()

    def capture(self, within_epoch: bool = False) -> bytes:
        """Return what has changed since the start, and note as ``reasons`` what a resumed run will not have.

        Args:
            within_epoch: a resumed process begins this epoch a second time, so what is as at the start counts as well.
        """
        kept: Dict[Place, Any] = {}
        for holder, name, value in self._values():
            known = self._initial.get((holder.path, name))
            digest = self._digest(value, name)
            if digest is None:
                self._note_unstored(holder, name, value, known)
            elif known is None or digest != known.digest:
                self._keep(holder, name, value, known, kept)
            elif within_epoch and self._may_be_set_again(holder, name) and _is_small(value):
                kept[holder.path, name] = value
        self._note_later_variables()
        self._has_captured = True
        return self._together(kept)

    def restore(self, content: bytes) -> None:
        """Bring back what ``capture`` returned."""
        try:
            kept, same = restored(content, self._reach.things)
        except Exception:  # it refers to what is no longer there, or the script's own __setstate__ fails
            self.unrestored.add("what the script remembers outside of the model")
            return
        for (path, name), value in kept.items():
            holder = self._reach.holders.get(path)
            if holder is None or not _bring_back(holder, name, value, (path, name) in same):
                self.unrestored.add(f"{name} of {path}")

    @property
    def reasons(self) -> List[str]:
        """Why a resumed run may end differently, as far as it is known."""
        clocks = [f"{name} reads the clock, or random numbers of the system" for name in sorted(self._reach.clocks)]
        closed = [f"{path} cannot be looked into" for path in sorted(self._reach.unreadable)]
        late = [
            f"the module {name} is imported only while training, and may remember something"
            for name in self._reach.remembering_late_modules()
        ]
        return sorted(self._reasons) + clocks + closed + late + self._reasons_of_data()

    def _values(self) -> Iterator[Tuple[Holder, str, Any]]:
        for holder in self._reach.holders.values():
            try:
                values = holder.values()
            except Exception:  # a property of the script's own fails
                self._reach.unreadable.add(holder.path)
                continue
            for name, value in values.items():
                if holder.sides_of(name) - {DATA}:  # reading again what was read brings the others back
                    yield holder, name, value

    def _digest(self, value: Any, name: str) -> Optional[bytes]:
        digest = digest_of(value, self._reach.paths)
        if digest is not None or name != ENTRIES or isinstance(value, bytearray):
            return digest
        # Something in it cannot be looked into; whether that is still the same object can be seen.
        entries = list(value.items()) if isinstance(value, dict) else [(None, entry) for entry in value]
        if any(hasattr(type(entry), "__next__") for _, entry in entries):
            return None
        return digest_of([(key, digest_of(entry, self._reach.paths) or id(entry)) for key, entry in entries], {})

    def _keep(self, holder: Holder, name: str, value: Any, known: Optional[Known], kept: Dict[Place, Any]) -> None:
        sides = holder.sides_of(name)
        if MODEL in sides and not self._eager and self._is_from_building(name, known):
            self._initial[holder.path, name] = Known(value, self._digest(value, name))
            return
        kept[holder.path, name] = value
        if MODEL in sides and not self._eager:
            self._reasons.add(f"{holder.described(name)} changes, but TensorFlow's graph has an earlier value")
        elif DATA in sides:
            self._reasons.add(f"{holder.described(name)} changes, and Python code that reads the data may look at it")

    def _is_from_building(self, name: str, known: Optional[Known]) -> bool:
        """Return whether the first batch may have given a layer this value, as it will in another process."""
        is_new = known is None or known.value is None
        return is_new and not self._has_captured and name not in self._reach.assigned

    def _may_be_set_again(self, holder: Holder, name: str) -> bool:
        """Return whether a callback may change, as an epoch begins, what is as it was."""
        is_of_model = holder.kind == "keras" and not self._eager  # the first batch may build it
        return CALLBACKS in holder.sides_of(name) and not is_of_model and not name.startswith(FIXED)

    def _together(self, kept: Dict[Place, Any]) -> bytes:
        """Return ``kept`` as bytes: in one piece, so that what two of them share is shared again; or what can be."""
        try:
            return stored(self._with_same(kept), self._reach.paths)
        except Unstorable:
            pass
        storable = {}
        for (path, name), value in kept.items():
            try:
                stored(value, self._reach.paths)
                storable[path, name] = value
            except Unstorable:
                self._note_unstored(self._reach.holders[path], name, value, None)
        return stored(self._with_same(storable), self._reach.paths)

    def _with_same(self, kept: Dict[Place, Any]) -> Tuple[Dict[Place, Any], Set[Place]]:
        """Return ``kept``, and the places whose value is the object that it was at the start."""
        nothing = Known(object(), None)
        return kept, {place for place, value in kept.items() if self._initial.get(place, nothing).value is value}

    def _note_unstored(self, holder: Holder, name: str, value: Any, known: Optional[Known]) -> None:
        """Note what cannot be stored, if it is the script's own to keep and to change."""
        if self._is_memory(holder, name, value, known):
            kind = "something" if name == ENTRIES else f"a {type(value).__name__}"
            self._reasons.add(f"{holder.described(name)} is {kind}, which no checkpoint can hold")

    def _is_memory(self, holder: Holder, name: str, value: Any, known: Optional[Known]) -> bool:
        sides = holder.sides_of(name)
        is_of_script = name in holder.names if holder.kind == "keras" else not self._reach.is_of_library(holder.path)
        if not is_of_script or self._reach.is_of_library(f"{holder.path}.{name}"):
            return False
        if type(value).__module__.startswith(ONLY_SHOWN):
            return False
        is_other = known is None or value is not known.value
        if is_library(value):
            return is_other and hasattr(type(value), "variables")
        if issubclass(type(value), CODE):
            return is_other
        reached_only = holder.kind in ("function", "module") or not (CALLBACKS in sides or self._eager)
        return is_other or not reached_only or hasattr(type(value), "__next__")

    def _note_later_variables(self) -> None:
        """Note Keras' objects beside the model whose variables were not there yet as the fit began."""
        known = {id(variable) for variable in self._reach.variables.values()}
        for holder in self._reach.holders.values():
            is_beside = holder.kind == "keras" and holder.sides == {CALLBACKS}
            if is_beside and any(id(one) not in known for one in variables_of(holder.thing)):
                self._reasons.add(f"variables of {holder.path} appear only while training")

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


def _is_small(value: Any) -> bool:
    if isinstance(value, (list, set, dict)):
        plain = [*value, *(value.values() if isinstance(value, dict) else ())]
        return len(value) <= FEW and all(type(entry) in PLAIN for entry in plain)
    return type(value) in PLAIN


def _bring_back(holder: Holder, name: str, value: Any, same: bool) -> bool:
    """Give ``holder`` the value ``name`` again, in the object that has held it if it was the ``same`` all the time."""
    try:
        return (same and refill(holder.values().get(name), value)) or holder.assign(name, value)
    except Exception:  # anything may happen in the script's own __setstate__ and properties
        return False
