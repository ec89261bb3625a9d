"""What Keras 3 refuses although every name is still there: each rule was tried on Keras 3.15 with TensorFlow 2.21."""

import ast
import re
from collections.abc import Iterator

from pushtune.inspecting.libraries import keras_path
from pushtune.inspecting.script_facts import MAIN, MODULE, Call, ScriptFacts
from pushtune.inspecting.syntax_walk import dotted_name

_SYMBOLIC = re.compile(r"^(?:layers\.)?(?:\w+\.)*(?:[A-Z]\w*\(\)\(\)|Input\(\))$")
_ENDS = ("input", "inputs", "output", "outputs")
_SYMBOL_STEPS = 20
_RECURRENT = ("LSTM", "GRU", "SimpleRNN", "RNN")
_STEPPING = ("fit", "evaluate", "predict")
_STEPS = ("steps_per_epoch", "validation_steps")
_MODEL_FILES = (".keras", ".h5", ".hdf5")
_MODEL = re.compile(r"model|net|encoder|decoder|generator|discriminator|vae|gan|critic", re.I)


def refused_by_keras_3(call: Call, facts: ScriptFacts) -> Iterator[str]:
    """Yield why Keras 3 refuses ``call``, which Keras 2 up to 2.15 takes."""
    if call.method == "compile" and "." in call.name:
        yield from _single_metric(call, facts)
    if _adds_a_loss_to_a_model(call, facts):
        yield "Keras 3 takes add_loss inside of a layer only"
    if call.method == "reset_states" and _is_not_a_layer(call, facts):
        yield "Model.reset_states and Metric.reset_states were removed in Keras 3"
    if call.method in _STEPPING and any(_is_quotient(call.keyword(word), facts) for word in _STEPS):
        yield "Keras 3 wants whole numbers of steps"
    if _loads_a_folder(call, facts):
        yield "Keras 3 loads no models or weights other than .keras and .h5 files"
    if call.method in _RECURRENT and _may_be_true(call.keyword("time_major")):
        yield "Keras 3 has no time_major: it would take times for rows"
    if call.name.startswith("tensorflow.") and keras_path(call.name) is None and _takes_a_symbol(call, facts):
        yield "Keras 3 hands no symbol of a model to functions of TensorFlow"


def _single_metric(call: Call, facts: ScriptFacts) -> Iterator[str]:
    node = call.keyword("metrics") or (call.node.args[2] if len(call.node.args) > 2 else None)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield "Keras 3 wants the metrics of compile as a list"
    name = facts.resolve(dotted_name(node.func)) if isinstance(node, ast.Call) else ""
    if (keras_path(name) or "").startswith("metrics."):
        yield "Keras 3 takes no metric of compile outside of a list"


def _may_be_true(node: ast.expr | None) -> bool:
    return node is not None and not (isinstance(node, ast.Constant) and not node.value)


def _adds_a_loss_to_a_model(call: Call, facts: ScriptFacts) -> bool:
    if call.method != "add_loss" or call.name.startswith(("self.", "super()", "tensorflow.")):
        return False
    receiver = call.name.rpartition(".")[0]
    paths = [keras_path(item.value) or "" for item in facts.assigned(receiver)]
    made = any(path.endswith(("Model()", "Sequential()")) for path in paths)
    return (made or bool(_MODEL.search(receiver))) and not facts.methods("add_loss")


def _is_not_a_layer(call: Call, facts: ScriptFacts) -> bool:
    receiver = call.name.rpartition(".")[0]
    values = [item.value for item in facts.assigned(receiver)]
    if facts.methods("reset_states") or any((keras_path(value) or "").startswith("layers.") for value in values):
        return False
    return bool(_MODEL.search(receiver)) or any((keras_path(value) or "").startswith("metrics.") for value in values)


def _is_quotient(node: ast.expr | None, facts: ScriptFacts) -> bool:
    if isinstance(node, ast.Name):
        node = facts.assigned_before(node.id, node.lineno)
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)


def _loads_a_folder(call: Call, facts: ScriptFacts) -> bool:
    node = call.node.args[0] if call.node.args else call.keyword("filepath")
    weights = call.method == "load_weights" and not facts.methods("load_weights")
    if keras_path(call.name) != "models.load_model" and not weights:
        return False
    text = node.value if isinstance(node, ast.Constant) else None
    return isinstance(text, str) and not text.endswith(_MODEL_FILES)


def _takes_a_symbol(call: Call, facts: ScriptFacts) -> bool:
    """Return whether an argument is what layers made of an input in the same scope, and no other thing's name there."""
    for node in call.node.args:
        given = facts.assigned(node.id) if isinstance(node, ast.Name) else []
        paths = [keras_path(item.value) for item in given if item.scope == call.scope]
        if paths and all(path is not None and _SYMBOLIC.match(path) for path in paths):
            return _is_symbol(node, call, facts) and not facts.stands_in_a_lambda(call)
    return False


def _is_symbol(node: ast.expr | None, call: Call, facts: ScriptFacts) -> bool:
    """Return whether ``node`` leads back to ``Input()`` or a model's ends: layers take plain tensors as well."""
    line = call.line + 1
    for _ in range(_SYMBOL_STEPS):
        if isinstance(node, ast.List | ast.Tuple):
            node = node.elts[0] if node.elts else None
        elif isinstance(node, ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Attribute):
            return node.attr in _ENDS and bool(_MODEL.search(dotted_name(node.value)))
        elif isinstance(node, ast.Name):
            node, line = _given_above(node.id, line, call, facts)
        elif isinstance(node, ast.Call):
            path = keras_path(facts.resolve(dotted_name(node))) or ""
            if path.endswith("Input()"):
                return True
            node = node.args[0] if _SYMBOLIC.match(path) and node.args else None
        else:
            return False
    return False


def _given_above(name: str, line: int, call: Call, facts: ScriptFacts) -> tuple[ast.expr | None, int]:
    """Return what ``name`` was last assigned above ``line``, and where: in the scope of ``call``, else in the module;
    None for a parameter.
    """
    above = [item for item in facts.assigned(name) if item.line < line]
    here = [item for item in above if item.scope == call.scope]
    if not here and name in facts.parameters.get(call.scope, ()):
        return None, line
    known = here or [item for item in above if item.scope in (MODULE, MAIN)]
    return (facts.assigned_before(name, known[-1].line), known[-1].line) if known else (None, line)
