"""Takes what ``evaluate``, ``score`` and the like return to a script that trains with a loop of its own."""

import ast
import sys
from typing import Any, Dict, List

from pushtune_runtime.call_sites import CallSites, frame_position
from pushtune_runtime.keras_hooks.fit_events import FitListener
from pushtune_runtime.objective_choice import finite, plain_name
from pushtune_runtime.own_loops.labels import TEST, UNNAMED, Label, part_of
from pushtune_runtime.own_loops.metric_objects import names_around
from pushtune_runtime.own_loops.own_scores import OwnScores
from pushtune_runtime.source_index import Sources


class OwnEvaluations(FitListener):
    """Names each metric by the part of the data that the call speaks of; without a word of it, it is test data."""

    def __init__(self, sites: CallSites, sources: Sources, scores: OwnScores) -> None:
        self._sites = sites
        self._sources = sources
        self._scores = scores

    def after_evaluate(self, model: Any, metrics: Dict[str, float]) -> None:
        self.add(metrics)

    def add(self, metrics: Dict[str, float], is_part: bool = False) -> None:
        """Enter ``metrics``, name -> value, which the call of the script that is being executed has computed.

        ``is_part`` says that it computes them of one batch of many.
        """
        part = next((found for found in map(part_of, self._names_in_code()) if found != UNNAMED), TEST)
        for name, value in finite(metrics).items():
            self._scores.add("evaluate", name, Label(plain_name(name), part), value, is_part=is_part)

    def _names_in_code(self) -> List[str]:
        frame = self._sites.script_frame(sys._getframe(1))
        source = self._sources.get(self._sites.file_of(frame)) if frame else None
        call = source.call_at(frame_position(frame)) if source and frame else None
        if source is None or call is None:
            return []
        given = [node.id for argument in call.args for node in ast.walk(argument) if isinstance(node, ast.Name)]
        return [*given, *names_around(source, call)]
