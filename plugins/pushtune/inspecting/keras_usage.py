"""Markers of an older Keras that no name gives away: orders of arguments, file names, signatures."""

import ast
import re
from collections.abc import Iterator

from pushtune.inspecting.keras_3_refusals import refused_by_keras_3
from pushtune.inspecting.libraries import keras_path
from pushtune.inspecting.script_facts import Call, ScriptFacts
from pushtune.inspecting.syntax_walk import dotted_name

_WEIGHTS = re.compile(r"\.weights\.h5$")
_MODEL_FILE = re.compile(r"\.(keras|h5|hdf5)$")
_CHECKPOINT_FILE = re.compile(r"\.(keras|h5)$")
_LAYER_SHAPE = re.compile(r"(?:\.layers\[\]|\.get_layer\(\)|(?:^|\.)layer)\.(?:input|output)_shape\b")
_RATE = re.compile(r"\boptimizer\.lr(\.|\(|$)")
NAME_STEPS = 3
Finding = tuple[str, int, str]  # generation, line, what it says


def findings(facts: ScriptFacts, scopes: set[str]) -> Iterator[Finding]:
    """Yield (generation, line, says) for each such use in ``scopes``."""
    for call in facts.calls:
        if call.scope in scopes:
            for rule in (_positional_compile, _keras_1_convolution, _keras_1_merge, _epsilon, _loss_name):
                found = rule(call)
                if found is not None:
                    yield found[0], call.line, found[1]
            for rule_of_names in (_file_names, _checkpoint):
                found = rule_of_names(call, facts)
                if found is not None:
                    yield found[0], call.line, found[1]
            yield from (("2.15", call.line, says) for says in refused_by_keras_3(call, facts))
    yield from _required_training(facts, scopes)
    yield from _attributes(facts, scopes)


def _attributes(facts: ScriptFacts, scopes: set[str]) -> Iterator[Finding]:
    for scope in sorted(scopes):
        for name, line in facts.references.get(scope, {}).items():
            if _RATE.search(name):
                yield "2.15", line, "optimizer.lr was removed in Keras 3"
            if _LAYER_SHAPE.search(name):
                yield "2.15", line, "layers of Keras 3 have no input_shape and output_shape"


def _positional_compile(call: Call) -> tuple[str, str] | None:
    if call.method != "compile" or len(call.node.args) < 3 or not isinstance(call.node.args[2], ast.List | ast.Name):
        return None
    return (
        ("2.15", "the third argument of compile is metrics in Keras 2, loss_weights in Keras 3")
        if "." in call.name
        else None
    )


def _keras_1_convolution(call: Call) -> tuple[str, str] | None:
    """``Convolution2D(32, 3, 3)``: rows and columns as two numbers."""
    inner = keras_path(call.name) or call.name
    if not inner.endswith(("Convolution2D", "Convolution3D")) or len(call.node.args) < 3:
        return None
    plain = all(not isinstance(part, ast.Tuple | ast.List | ast.Starred) for part in call.node.args[1:3])
    return ("1", "Convolution2D(filters, rows, columns) is Keras 1") if plain else None


def _keras_1_merge(call: Call) -> tuple[str, str] | None:
    """``merge([a, b])``: a function of Keras 1, while Keras 2 has a module of that name, which may well be imported."""
    return ("1", "merge() is Keras 1") if keras_path(call.name) == "layers.merge" else None


def _first_text(call: Call, facts: ScriptFacts, *words: str) -> str | None:
    """Return the text that the path argument ends with; None where the source does not show it."""
    return _text_of(call.keyword(*words) or (call.node.args[0] if call.node.args else None), facts)


def _text_of(node: ast.expr | None, facts: ScriptFacts, steps: int = NAME_STEPS) -> str | None:
    """Return the text that the path ``node`` ends with, also by way of names."""
    if isinstance(node, ast.IfExp):
        node = node.body
    if isinstance(node, ast.Name | ast.Attribute):
        value = facts.assigned_before(dotted_name(node), node.lineno)
        return _text_of(value, facts, steps - 1) if value is not None and steps else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        node = node.right
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        node = node.left
    if isinstance(node, ast.Call):  # os.path.join(folder, "model.h5"), "model-{}.h5".format(...)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            node = node.func.value
        else:
            return _text_of(node.args[-1], facts, steps - 1) if node.args and steps else None
    if isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[-1]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _file_names(call: Call, facts: ScriptFacts) -> tuple[str, str] | None:
    if "." not in call.name or (call.method == "save" and _is_not_a_model(call)):
        return None
    if call.method == "save_weights":
        text = _first_text(call, facts, "filepath")
        if text is not None and not _WEIGHTS.search(text):
            return "2.15", "Keras 3 wants names of weights to end in .weights.h5"
    if call.method == "save" or keras_path(call.name) in ("models.save_model", "saving.save_model"):
        text = _first_text(call, facts, "filepath") if call.method == "save" else _second_text(call)
        if text is not None and not _MODEL_FILE.search(text):
            return "2.15", "Keras 3 wants names of models to end in .keras or .h5"
    return None


def _second_text(call: Call) -> str | None:
    node = call.keyword("filepath") or (call.node.args[1] if len(call.node.args) > 1 else None)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _is_not_a_model(call: Call) -> bool:
    receiver = call.name.rpartition(".")[0].lower()
    return not re.search(
        r"model|net|autoencoder|encoder|decoder|generator|discriminator|classifier|gan|vae|cnn|lstm|rnn|dnn|mlp|^m$",
        receiver,
    )


def _checkpoint(call: Call, facts: ScriptFacts) -> tuple[str, str] | None:
    inner = keras_path(call.name)
    if inner is None or not inner.endswith("ModelCheckpoint"):
        return None
    text = _first_text(call, facts, "filepath")
    weights_only = getattr(call.keyword("save_weights_only"), "value", False) is True
    wanted = _WEIGHTS if weights_only else _CHECKPOINT_FILE
    if text is None or wanted.search(text):
        return None
    return "2.15", f"Keras 3 wants this checkpoint to end in {'.weights.h5' if weights_only else '.keras'}"


def _epsilon(call: Call) -> tuple[str, str] | None:
    """``Adam(epsilon=None)``: the old optimizers took the backend's value, those since 2.11 fail."""
    inner = keras_path(call.name) or ""
    value = call.keyword("epsilon")
    if inner.startswith("optimizers.") and isinstance(value, ast.Constant) and value.value is None:
        return "2.5", "epsilon=None of an optimizer works up to 2.10"
    return None


def _loss_name(call: Call) -> tuple[str, str] | None:
    """Names of losses, as texts, that Keras no longer knows."""
    node = call.keyword("loss") or (call.node.args[1] if len(call.node.args) > 1 else None)
    if call.method != "compile" or not isinstance(node, ast.Constant):
        return None
    if node.value in ("cosine_proximity", "cosine"):
        return "2.5", "the short name was removed by 2.4: it is cosine_similarity now"
    if node.value in ("kullback_leibler_divergence", "logcosh"):
        return "2.15", "this short name of a loss was removed in Keras 3"
    return None


def _required_training(facts: ScriptFacts, scopes: set[str]) -> Iterator[Finding]:
    """A layer's ``call`` that needs ``training``: Keras 3 passes it by name only, and only where it knows it."""
    for scope in sorted(scopes):
        owner, _, method = scope.partition(".")
        if method == "call" and "training" in facts.required.get(scope, ()) and owner in facts.classes:
            yield "2.15", facts.functions[scope], "Keras 3 does not fill the required argument training"
