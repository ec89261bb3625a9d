"""Reads numbers that are printed without words, by their names in the code: ``print(epoch, loss, accuracy)``.

The values are those of the variables, so that nothing is lost by rounding; the text itself is not looked at.
"""

import ast
import re
import sys
from types import FrameType
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

from pushtune_runtime.call_sites import CallSites, frame_position
from pushtune_runtime.own_loops.labels import TRAINING, Label, read_label
from pushtune_runtime.own_loops.printed_numbers import PrintedNumber, share_of
from pushtune_runtime.own_loops.single_numbers import single_number
from pushtune_runtime.source_index import Position, SourceFile, Sources, called_name

_PRINTING = ("print", "write", "info")
_ROUNDING = ("round", "float", "str", "format")
_TO_NUMBER = ("numpy", "item")
_PLACEHOLDERS = re.compile(r"%[-+ #0-9.]*[A-Za-z%]|\{[^{}]*\}")
_WORD = re.compile(r"[A-Za-z]+")
# Words that say nothing about a number beside them. With any other word, it is for the words to say what is printed.
_NEUTRAL_WORDS = frozenset({
    "epoch", "epochs", "ep", "e", "step", "steps", "iteration", "iterations", "iter", "batch", "of", "time", "seconds",
    "sec", "s", "ms",
})  # fmt: skip

Named = Tuple[str, Label]


class NamedPrints:
    """Finds the metrics among the variables of the print that is being executed."""

    def __init__(self, sites: CallSites, sources: Sources) -> None:
        self._sites = sites
        self._sources = sources
        self._known: Dict[Tuple[str, Position], List[Named]] = {}

    def numbers(self) -> List[PrintedNumber]:
        """Return what the variables of the running print say, from left to right; nothing where words are printed."""
        frame = self._sites.script_frame(sys._getframe(1))
        if frame is None:
            return []
        place = (self._sites.file_of(frame), frame_position(frame))
        if place not in self._known:
            self._known[place] = self._named(*place)
        numbers = (_printed(name, label, frame) for name, label in self._known[place])
        return [number for number in numbers if number is not None]

    def _named(self, file: str, position: Position) -> List[Named]:
        source = self._sources.get(file)
        call = source.call_at(position) if source else None
        if source is None or call is None or called_name(call) not in _PRINTING or not _is_without_words(call):
            return []
        names = [name for argument in call.args for name in _plain_names(argument)]
        labels = ((name, read_label(name)) for name in dict.fromkeys(names))
        of_batches = _names_of_training_batches(source)
        return [
            (name, Label(label.metric, TRAINING) if name in of_batches else label)
            for name, label in labels
            if label is not None
        ]


def _is_without_words(call: ast.Call) -> bool:
    """Return whether the texts in ``call`` hold no word that could say what its numbers are."""
    texts = [node.value for node in _shown(call) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    words = {word.lower() for text in texts for word in _WORD.findall(_PLACEHOLDERS.sub(" ", text))}
    return words <= _NEUTRAL_WORDS


def _names_of_training_batches(source: SourceFile) -> Set[str]:
    """Return the variables that take what ``train_on_batch`` returns: they speak of the last batch alone."""
    taken: Set[str] = set()
    for call in source.calls:
        node: Optional[ast.AST] = call if called_name(call) == "train_on_batch" else None
        while node is not None and not isinstance(node, ast.stmt):
            node = source.parents.get(node)
        targets = node.targets if isinstance(node, ast.Assign) else []
        taken |= {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
    return taken


def _plain_names(node: ast.AST) -> Iterator[str]:
    """Yield the variables that ``node`` shows as they are, or rounded, formatted, or times a number.

    What is computed of several values (``total / batches``) is none of them.
    """
    if isinstance(node, ast.Name):
        yield node.id
    for part in _shown_as_it_is(node):
        yield from _plain_names(part)


def _shown_as_it_is(node: ast.AST) -> List[ast.AST]:
    if isinstance(node, ast.JoinedStr):
        return list(node.values)
    if isinstance(node, ast.FormattedValue):
        return [node.value]
    if isinstance(node, (ast.Tuple, ast.List)):
        return list(node.elts)
    if isinstance(node, ast.BinOp):
        sides = [node.left, node.right]
        constants = [side for side in sides if isinstance(side, ast.Constant)]
        is_plain = isinstance(node.op, (ast.Mult, ast.Mod)) and len(constants) == 1
        return [side for side in sides if side not in constants] if is_plain else []
    if not isinstance(node, ast.Call):
        return []
    if isinstance(node.func, ast.Attribute) and not node.args:
        return [node.func.value] if node.func.attr in _TO_NUMBER else []
    is_text = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Constant)
    return list(node.args) if is_text else list(node.args[:1]) if called_name(node) in _ROUNDING else []


def _shown(call: ast.Call) -> Iterator[ast.AST]:
    """Yield what the arguments of ``call`` consist of, from left to right, without the formats of f-strings."""
    waiting: List[ast.AST] = list(reversed(call.args))
    while waiting:
        node = waiting.pop()
        yield node
        inner = [node.value] if isinstance(node, ast.FormattedValue) else list(ast.iter_child_nodes(node))
        waiting.extend(reversed(inner))


def _printed(name: str, label: Label, frame: FrameType) -> Optional[PrintedNumber]:
    value: Any = frame.f_locals.get(name, frame.f_globals.get(name))
    number = single_number(value)
    if number is None or not label.is_share:
        return None if number is None else PrintedNumber(name, label, number, False)
    return share_of(name, label, number)
