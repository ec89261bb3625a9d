"""Reads metric objects that the script asks itself: ``val_accuracy.result()`` in a loop of its own."""

import ast
import functools
import sys
from typing import Any, Callable, List, Optional, Tuple

from pushtune_runtime.call_sites import CallSites, frame_position
from pushtune_runtime.own_loops.labels import UNNAMED, Label, part_of, read_label
from pushtune_runtime.own_loops.own_scores import OwnScores
from pushtune_runtime.own_loops.single_numbers import single_number
from pushtune_runtime.source_index import FUNCTIONS, SourceFile, Sources

AVERAGES = ("mean", "sum", "mean_tensor")  # of a number that only the script knows
NAME_LIMIT_CHARACTERS = 60


class MetricObjects:
    """Wraps ``result`` of all metrics; only what the script itself asks for, and not within ``tf.function``, counts."""

    def __init__(self, sites: CallSites, sources: Sources, scores: OwnScores) -> None:
        self._sites = sites
        self._sources = sources
        self._scores = scores

    def install(self, metric_class: Any) -> None:
        """Patch ``metric_class``, the base of all metrics of Keras, those below it, and those yet to be defined."""
        patch = self._patch

        def __init_subclass__(cls: Any, /, **kwargs: Any) -> None:  # noqa: N807  (Python's name)
            super(metric_class, cls).__init_subclass__(**kwargs)
            patch(cls)

        metric_class.__init_subclass__ = classmethod(__init_subclass__)
        waiting = [metric_class]
        while waiting:
            cls = waiting.pop()
            self._patch(cls)
            waiting.extend(cls.__subclasses__())

    def _patch(self, cls: Any) -> None:
        result = vars(cls).get("result")
        if callable(result) and not hasattr(result, "__wrapped__"):
            cls.result = self._wrap(result)

    def _wrap(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def result(metric: Any, *args: Any, **kwargs: Any) -> Any:
            value = original(metric, *args, **kwargs)
            if not self._scores.is_library_busy() and self._sites.is_called_by_script():
                self._note(str(getattr(metric, "name", "")), value)
            return value

        return result

    def _note(self, metric_name: str, value: Any) -> None:
        number = single_number(value)
        if number is None:
            return
        name, label = self._label(metric_name)
        if label is not None:
            self._scores.add("metric", name, label, number)

    def _label(self, metric_name: str) -> Tuple[str, Optional[Label]]:
        """Return what the script calls the metric, and what that means."""
        named = [] if metric_name.rstrip("_0123456789") in AVERAGES else [metric_name]
        texts = [*named, *self._names_in_code()]
        label = next((found for found in map(read_label, texts) if found is not None), None)
        if label is None:
            return "", None
        part = next((found for found in map(part_of, texts) if found != UNNAMED), UNNAMED)
        shown = texts[len(named)] if len(texts) > len(named) else metric_name
        return shown[:NAME_LIMIT_CHARACTERS], Label(label.metric, part)

    def _names_in_code(self) -> List[str]:
        """Return the names around the call: of the object, of what takes the value, of the function it stands in."""
        frame = self._sites.script_frame(sys._getframe(1))
        if frame is None:
            return []
        source = self._sources.get(self._sites.file_of(frame))
        call = source.call_at(frame_position(frame)) if source else None
        return names_around(source, call) if source and call else []


def names_around(source: SourceFile, call: ast.Call) -> List[str]:
    """Return the names that tell what ``call`` is about, the nearest first."""
    names = []
    if isinstance(call.func, ast.Attribute):
        names.append(_last_name(call.func.value))
    node: Optional[ast.AST] = call
    while node is not None:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            names.append(_last_name(node.targets[0]))
        elif isinstance(node, FUNCTIONS) and not isinstance(node, ast.Lambda):
            names.append(node.name)
        node = source.parents.get(node)
    return [name for name in names if name]


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        key = node.slice
        return str(key.value) if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
    return node.id if isinstance(node, ast.Name) else ""
