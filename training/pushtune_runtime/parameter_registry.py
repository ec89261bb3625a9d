"""Collects the tunable values that pass the hooks, and hands out the values that the request wants instead."""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence, Tuple

from pushtune_contract.parameters import Parameter, Value
from pushtune_runtime.call_sites import CallSite, CallSites
from pushtune_runtime.literal_finder import Literal, LiteralFinder, Search
from pushtune_runtime.session import Session
from pushtune_runtime.source_index import Sources
from pushtune_runtime.value_overrides import LiteralOverrides, cast_like, value_node

PARAMETERS_LIMIT = 1000  # a script that builds models in a loop must not fill the result


@dataclass
class Seen:
    """A parameter on its way to the contract's ``Parameter``; what later hooks learn is written into it.

    ``named``: its literal has a name (a constant, a default, an option), and all uses of it change together.
    """

    id: str
    role: str
    owner: str
    argument: str
    value: Value
    explicit: bool
    file: str
    line: int
    column: int
    choices: List[Value] = field(default_factory=list)
    named: bool = False
    tunable: bool = True
    reason: str = ""

    def freeze(self, reason: str) -> None:
        """Mark as not tunable; the first reason stays."""
        if self.tunable:
            self.tunable, self.reason = False, reason


class ParameterRegistry:
    """All parameters of a run. Hooks call ``see`` with what the script gives and use what it returns."""

    def __init__(self, session: Session, sources: Sources, literals: LiteralOverrides) -> None:
        self._session = session
        self._finder = LiteralFinder(sources)
        self._literals = literals
        self.sites = CallSites(session, sources)
        self.seen: Dict[str, Seen] = {}
        self._first_of_literal: Dict[Tuple[Any, ...], str] = {}
        self._groups: Dict[str, str] = {}
        self._by_place: Dict[Tuple[str, int, int], str] = {}

    def see(
        self, site: CallSite, name: Tuple[str, str, str], value: Value, explicit: bool, choices: Sequence[Value] = ()
    ) -> Tuple[str, Value]:
        """Register the argument of one call.

        Args:
            name: role, owner and argument.
            value: what the script (its literals possibly replaced already) or the library gives.

        Returns:
            The id of the parameter, and the value to use.
        """
        role, owner, argument = name
        identity = site.parameter_id(owner, argument)
        literal = self._literal(site, owner, argument, value) if explicit else None
        identity = self._same_place_before(identity, site, name, literal, explicit)
        original = literal.value if literal and literal.value is not None else value
        if identity not in self.seen and len(self.seen) < PARAMETERS_LIMIT:
            place = _place(literal) or (site.file, site.position[0], site.position[2])
            named = literal is not None and literal.rewritable and literal.named
            described = (identity, role, owner, argument, original, explicit)
            self.seen[identity] = Seen(*described, *place, list(choices), named)
            self._share_literal(identity, literal, role)
        if self._replaced_for_another(literal, argument) and identity not in self._session.request.overrides:
            return identity, self._fitting(role, original)
        return identity, self._fitting(role, self._wanted(identity, value, original))

    def is_overridden(self, identity: str) -> bool:
        """Return whether the request gives a value for ``identity``."""
        return identity in self._session.request.overrides

    def warn(self, message: str) -> None:
        """Add a warning to the result."""
        self._session.warn(message)

    def unite(self, first: str, second: str) -> None:
        """Put two parameters into one group: they must get the same value."""
        one, other = self.group_of(first), self.group_of(second)
        if one != other:
            self._groups[max(one, other)] = min(one, other)

    def group_of(self, identity: str) -> str:
        """Return the name of the group of ``identity``, which is the smallest id in it."""
        while identity in self._groups:
            identity = self._groups[identity]
        return identity

    def parameters(self) -> List[Parameter]:
        """Return all parameters for the result, groups and all."""
        sizes: Dict[str, int] = {}
        frozen: Dict[str, str] = {}
        for identity, seen in self.seen.items():
            group = self.group_of(identity)
            sizes[group] = sizes.get(group, 0) + 1
            if not seen.tunable:
                frozen.setdefault(group, seen.reason)
        return [self._parameter(seen, sizes, frozen) for seen in self.seen.values()]

    def _parameter(self, seen: Seen, sizes: Dict[str, int], frozen: Dict[str, str]) -> Parameter:
        group = self.group_of(seen.id)
        if seen.tunable and group in frozen:
            seen.freeze(f"must equal another value: {frozen[group]}")
        return Parameter(
            id=seen.id,
            role=seen.role,
            owner=seen.owner,
            argument=seen.argument,
            value=seen.value,
            explicit=seen.explicit,
            file=seen.file,
            line=seen.line,
            column=seen.column,
            tunable=seen.tunable,
            reason=seen.reason,
            group=group if sizes[group] > 1 else None,
            choices=seen.choices,
        )

    def _literal(self, site: CallSite, owner: str, argument: str, value: Value) -> Optional[Literal]:
        callers: List[Any] = self.sites.callers(site)
        if not callers:
            return None
        source, call = callers[0]
        node = value_node(call, owner, argument)
        search = Search(source, tuple(callers[1:]), value, site.occurrence)
        literal = self._finder.find(search, node)
        if literal is None:
            return None
        planned = self._literals.planned.get((literal.file, literal.line, literal.column))
        return literal if value in (literal.value, planned) else None

    def _same_place_before(
        self, identity: str, site: CallSite, name: Tuple[str, str, str], literal: Optional[Literal], explicit: bool
    ) -> str:
        """One literal in one call is one parameter, however often the call runs (folds, blocks of a network)."""
        place: Any = ("default",)
        if explicit:
            place = _place(literal) or site.occurrence
        return self._first_of_literal.setdefault((site.file, site.position, name, place), identity)

    def _replaced_for_another(self, literal: Optional[Literal], argument: str) -> bool:
        """Return whether the literal was replaced for an argument of another kind, which this one must not follow."""
        if literal is None:
            return False
        planned_for = self._literals.roles.get((literal.file, literal.line, literal.column), [])
        return bool(planned_for) and argument not in [parts.argument for parts in planned_for]

    def _share_literal(self, identity: str, literal: Optional[Literal], role: str) -> None:
        """Calls that take the same literal for the same purpose form a group."""
        if literal is None:
            return
        place = (literal.file, literal.line, literal.column)
        first = self._by_place.setdefault(place, identity)
        if first != identity and first in self.seen and self.seen[first].role == role:
            self.unite(first, identity)

    def _fitting(self, role: str, value: Value) -> Value:
        """Return a batch size that fits into the memory, where the whole one did not."""
        divisor = self._session.request.batch_size_divisor
        if role != "batch_size" or divisor == 1 or isinstance(value, (bool, str)):
            return value
        smaller = max(1, int(value) // divisor)
        self._session.warn(f"batch size {value} -> {smaller}: with {value} the training ran out of memory")
        return smaller

    def _wanted(self, identity: str, value: Value, original: Value) -> Value:
        overrides = self._session.request.overrides
        if identity in overrides:
            if identity not in self._session.applied:
                self._session.applied.append(identity)
            return cast_like(original, overrides[identity])
        return value


def _place(literal: Optional[Literal]) -> Optional[Tuple[str, int, int]]:
    return (literal.file, literal.line, literal.column) if literal else None
