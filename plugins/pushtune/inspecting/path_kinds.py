"""Whether a literal names what a script reads or what it writes: by the call that gets it, also by way of a name."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pushtune.inspecting.libraries import keras_path
from pushtune.inspecting.patterns import words
from pushtune.inspecting.script_facts import Call

OPTION_METHODS = words("add_argument add_option DEFINE_string option Option")
NODES_LIMIT = 200
NAME_STEPS = 3
_OUTPUT_METHODS = words(
    "save save_weights savefig to_csv to_json to_pickle to_excel to_hdf imwrite imsave makedirs mkdir savetxt savez"
    " savez_compressed ModelCheckpoint TensorBoard CSVLogger plot_model dump save_model FileWriter create_file_writer"
    " write_png export save_pretrained to_file BackupAndRestore rmtree log_text log_dict log_figure log_image log_table"
    " SavedModelBuilder Builder"
)
# What they get is shown, printed or noted.
_SHOWN = words(
    "print write_line info debug warning warn error exception critical title suptitle xlabel ylabel set_title"
    " set_xlabel set_ylabel set_description set_experiment log_param log_metric set_tag"
)
# Names under which authors keep what a script writes, where no call that is seen decides.
_OUTPUT_NAME = re.compile(r"(?:^|_)(?:out|outputs?|save|saved|saving|results?|export|plots?)(?:_|$)", re.I)
_INPUT_METHODS = words(
    "read_csv read_excel read_json read_pickle read_table read_hdf read_parquet loadtxt genfromtxt load imread"
    " load_model"
    " load_weights load_img listdir glob iglob scandir walk flow_from_directory image_dataset_from_directory"
    " text_dataset_from_directory imread_collection loadmat fromfile File ZipFile exists isfile isdir load_files"
    " load_svmlight_file read open_dataset VideoCapture from_csv TFRecordDataset TextLineDataset make_csv_dataset"
    " load_dataset CascadeClassifier"
)
# Calls that make one text or path of what they get, and give it on.
_TEXT_CALLS = words(
    "join joinpath format str Path PurePath fspath abspath realpath normpath expanduser basename dirname get getenv"
)
# They say nothing of a name: what is looked for may be about to be written.
_LOOKS = words("exists isfile isdir")


@dataclass
class PathKinds:
    """What the calls of one script do with paths.

    Attributes:
        literals: (text, line) -> ``input``, ``output`` or ``shown``, of a literal in the call itself.
        names: name of a variable, attribute or option -> the kinds of the calls that get it.
    """

    literals: dict[tuple[str, int], str] = field(default_factory=dict)
    names: dict[str, set[str]] = field(default_factory=dict)


def path_kinds(calls: Iterable[Call], assigned: Iterable[tuple[str, ast.expr]]) -> dict[tuple[str, int], str]:
    """Return (literal, line) -> kind: ``input``, ``output``, or ``shown`` for what is no path at all.

    Args:
        calls: those that are reached. assigned: (target, value) of assignments, which give a literal its name.
    """
    kinds, options = PathKinds(), list(assigned)
    named = [(value, "output") for target, value in options if _OUTPUT_NAME.search(target.rpartition(".")[2])]
    for call in reversed(list(calls)):  # a call within another decides before it: ``np.save("b", np.load("a"))``
        if call.method in OPTION_METHODS:
            options += _option(call.node)
        elif call.method in _SHOWN or _is_cached(call):
            for part in [*call.node.args, *(word.value for word in call.node.keywords)]:
                _note(kinds, part, "shown", named=False, inside=_TEXT_CALLS)
        elif kind := _kind_of_call(call):
            for part in [*call.node.args, *(word.value for word in call.node.keywords)]:
                _note(kinds, part, kind, named=call.method not in _LOOKS)
    _follow(kinds, options)
    for value, kind in named:
        _note(kinds, value, kind, named=False, inside=_TEXT_CALLS)
    return kinds.literals


def _is_cached(call: Call) -> bool:
    """Return whether it loads a public data set: what it gets is the name of a file in the cache of Keras."""
    return call.method == "load_data" and (keras_path(call.name) or "").startswith("datasets.")


def _kind_of_call(call: Call) -> str | None:
    if call.name in ("open", "io.open", "codecs.open", "gzip.open"):
        mode = call.keyword("mode") or (call.node.args[1] if len(call.node.args) > 1 else None)
        text = getattr(mode, "value", "r")
        return "output" if isinstance(text, str) and any(sign in text for sign in "wax") else "input"
    if call.method in _OUTPUT_METHODS:
        return "output"
    return "input" if call.method in _INPUT_METHODS else None


def _note(
    kinds: PathKinds, part: ast.expr, kind: str, named: bool = True, inside: frozenset[str] | None = None
) -> None:
    for node in _parts(part, inside):
        if isinstance(node, ast.Constant):
            kinds.literals.setdefault((str(node.value), node.lineno), kind)
        elif named:
            kinds.names.setdefault(_name(node), set()).add(kind)


def _follow(kinds: PathKinds, assigned: list[tuple[str, ast.expr]]) -> None:
    """Give what is assigned the kind of what is done with its name; one that is read as well counts as read."""
    for _ in range(NAME_STEPS):
        for target, value in assigned:
            known = kinds.names.get(target.rpartition(".")[2])
            if known:
                _note(kinds, value, "input" if "input" in known else "output")


def _option(node: ast.Call) -> list[tuple[str, ast.expr]]:
    """Return (name, default) of an option of the command line, as argparse, optparse, click and absl have them."""
    texts = [part.value for part in node.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    given = {word.arg: word.value for word in node.keywords}
    target = given.get("dest")
    if isinstance(target, ast.Constant):
        texts = [str(target.value)]
    default = given.get("default", node.args[1] if len(node.args) > 1 else None)
    if not texts or default is None:
        return []
    longest = max(texts, key=lambda text: (text.startswith("--"), not text.startswith("-")))
    return [(longest.lstrip("-").replace("-", "_"), default)]


def _parts(
    part: ast.expr, inside: frozenset[str] | None = None
) -> Iterator[ast.Constant | ast.Name | ast.Attribute]:
    """Yield the texts and names that make up one argument, also inside ``os.path.join``, ``+`` and ``/``.

    Args:
        inside: the calls whose arguments belong to it; None for all.
    """
    stack, seen = [part], 0
    while stack and seen < NODES_LIMIT:
        node, seen = stack.pop(), seen + 1
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                yield node
        elif isinstance(node, ast.Name | ast.Attribute):
            yield node
        elif isinstance(node, ast.BinOp):
            stack += [node.left, node.right]
        elif isinstance(node, ast.Call):
            stack += node.args if inside is None or _called(node) in inside else []
        elif isinstance(node, ast.JoinedStr):
            stack += [value.value if isinstance(value, ast.FormattedValue) else value for value in node.values]


def _called(node: ast.Call) -> str:
    return _name(node.func) if isinstance(node.func, ast.Name | ast.Attribute) else ""


def _name(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr
