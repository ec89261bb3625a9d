"""Which literal a value is traced to, before a script runs."""

import ast
from pathlib import Path

import pytest

from pushtune_runtime.literal_finder import LiteralFinder, Search
from pushtune_runtime.source_index import Sources, argument_node, called_name

CASES = {
    "bare": ("fit(x, epochs=7)", (1, 7)),
    "constant": ("E = 7\nfit(x, epochs=E)", (1, 7)),
    "tuple assignment": ("B, E = 32, 7\nfit(x, epochs=E)", (1, 7)),
    "annotated": ("E: int = 7\nfit(x, epochs=E)", (1, 7)),
    "two steps": ("E = 7\nF = E\nfit(x, epochs=F)", (1, 7)),
    "conversion": ("E = 7\nfit(x, epochs=int(E))", (1, 7)),
    "default": ("def run(e=7):\n    fit(x, epochs=e)\nrun()", (1, 7)),
    "keyword-only default": ("def run(*, e=7):\n    fit(x, epochs=e)\nrun()", (1, 7)),
    "only caller": ("def run(e):\n    fit(x, epochs=e)\n\nrun(7)", (4, 7)),
    "only caller of a constructor": (
        "class T:\n    def __init__(self, e):\n        self.e = e\n"
        "    def go(self):\n        fit(x, epochs=self.e)\nT(e=7)",
        (6, 7),
    ),
    "dictionary": ("C = {'b': 1, 'e': 7}\nfit(x, epochs=C['e'])", (1, 7)),
    "dictionary with get": ("C = {'b': 1, 'e': 7}\nfit(x, epochs=C.get('e', 3))", (1, 7)),
    "get of something else": ("fit(x, epochs=os.environ.get('E', 7))", (1, 7)),
    "list": ("C = [1, 7]\nfit(x, epochs=C[1])", (1, 7)),
    "class attribute": ("class C:\n    e = 7\nfit(x, epochs=C.e)", (2, 7)),
    "attribute of an instance": ("class C:\n    e: int = 7\nc = C()\nfit(x, epochs=c.e)", (2, 7)),
    "argparse": (
        "p = ArgumentParser()\np.add_argument('-e', '--num-epochs', type=int, default=7)\n"
        "a = p.parse_args()\nfit(x, epochs=a.num_epochs)",
        (2, 7),
    ),
    "argparse in a function": (
        "p = ArgumentParser()\np.add_argument('--epochs', default=7)\n"
        "def main(args):\n    fit(x, epochs=args.epochs)\nmain(p.parse_args())",
        (2, 7),
    ),
    "argparse with a name of its own": (
        "p.add_argument('--num', dest='e', default=7)\na = p.parse_args()\nfit(x, epochs=a.e)", (1, 7),
    ),
    "argparse behind a function": (
        "def options():\n    p.add_argument('--e', default=7)\n    return p.parse_args()\n"
        "a = options()\nfit(x, epochs=a.e)",
        (2, 7),
    ),
    "nested dictionary": ("C = {'fit': {'e': 7}}\nfit(x, epochs=C['fit']['e'])", (1, 7)),
    "nested dictionary by way of a function": (
        "C = {'fit': {'e': 7}}\ndef run(c):\n    f = c['fit']\n    fit(x, epochs=f['e'])\nrun(C)", (1, 7),
    ),
    "nested dictionary of keywords": ("C = {'fit': {'epochs': 7}}\nfit(x, **C['fit'])", (1, 7)),
    "call of dict": ("C = dict(epochs=7)\nfit(x, **C)", (1, 7)),
    "default of pop": ("def run(**options):\n    e = options.pop('e', 7)\n    fit(x, epochs=e)", (2, 7)),
    "dataclass that an object holds": (
        "class C:\n    e: int = 7\nclass T:\n    def __init__(self, c):\n        self.c = c\n"
        "    def go(self):\n        k = self.c\n        fit(x, epochs=k.e)\nT(C()).go()",
        (2, 7),
    ),
    "argument of a dataclass": ("class C:\n    e: int = 3\nc = C(e=7)\nfit(x, epochs=c.e)", (3, 7)),
    "absl": ("flags.DEFINE_integer('epochs', 7, 'how many')\nfit(x, epochs=FLAGS.epochs)", (1, 7)),
    "inner scope first": ("E = 1\ndef run():\n    E = 7\n    fit(x, epochs=E)", (3, 7)),
    "equal tuple": ("fit(x, epochs=(7, 7))", (1, 7)),
    "dictionary of keywords": ("A = {'epochs': 7}\nfit(x, **A)", (1, 7)),
    "old name": ("fit(x, nb_epoch=7)", (1, 7)),
    "else of the command line": ("E = int(sys.argv[1]) if len(sys.argv) > 1 else 7\nfit(x, epochs=E)", (1, 7)),
}
UNKNOWN = {
    "computed": "E = 7\nfit(x, epochs=E * 2)",
    "assigned twice": "E = 7\nE = 8\nfit(x, epochs=E)",
    "changed": "E = 7\nE += 1\nfit(x, epochs=E)",
    "several callers": "def run(e):\n    fit(x, epochs=e)\nrun(7)\nrun(8)",
    "either of two": "fit(x, epochs=7 if fast else 70)",
    "loop": "for e in (7, 8):\n    fit(x, epochs=e)",
    "keywords from elsewhere": "fit(x, **options)",
    "keywords of two dictionaries": "A = {'epochs': 7}\nB = {}\nfit(x, **A, **B)",
    "star arguments": "fit(*everything)",
    "element out of range": "C = [7]\nfit(x, epochs=C[1])",
    "entry that is not there": "C = {'fit': {}}\nfit(x, epochs=C['fit']['e'])",
    "object round in circles": "class T:\n    def go(self):\n        self.a = self.b\n        self.b = self.a\n"
    "        fit(x, epochs=self.a.e)",
    "round in circles": "A = B\nB = A\nfit(x, epochs=A)",
    "star import": "from settings import *\nfit(x, epochs=E)",
}


def _trace(folder: Path, text: str) -> "tuple[int, object, bool] | None":
    (folder / "train.py").write_text(text)
    sources = Sources(folder)
    source = sources.get("train.py")
    assert source is not None
    call = next(item for item in source.calls if called_name(item) == "fit")
    found = LiteralFinder(sources).find(Search(source), argument_node(call, "epochs", 3))
    return (found.line, found.value, found.rewritable) if found else None


@pytest.mark.parametrize("name", CASES)
def test_found(name: str, tmp_path: Path) -> None:
    text, (line, value) = CASES[name]
    found = _trace(tmp_path, text)
    assert found is not None
    assert found[:2] == (line, value)


@pytest.mark.parametrize("name", UNKNOWN)
def test_not_followed(name: str, tmp_path: Path) -> None:
    assert _trace(tmp_path, UNKNOWN[name]) is None


def test_a_tuple_is_found_but_never_rewritten(tmp_path: Path) -> None:
    assert _trace(tmp_path, "fit(x, epochs=(7, 7))") == (1, 7, False)


def test_imports_are_followed_in_all_forms(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "options.py").write_text("E = 7\n\nclass C:\n    e = 9\n")
    assert _trace(tmp_path, "from lib.options import E\nfit(x, epochs=E)") == (1, 7, True)
    assert _trace(tmp_path, "from lib.options import C as D\nfit(x, epochs=D.e)") == (4, 9, True)
    assert _trace(tmp_path, "from lib.options import C\nfit(x, epochs=C.e)") == (4, 9, True)
    assert _trace(tmp_path, "from lib import options\nfit(x, epochs=options.E)") == (1, 7, True)
    (tmp_path / "options.py").write_text("E = 5\n")
    assert _trace(tmp_path, "import options\nfit(x, epochs=options.E)") == (1, 5, True)


def test_a_loop_is_resolved_by_what_arrived(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("SIZES = [8, 6, 8]\nfor size in SIZES:\n    Dense(size)\n")
    sources = Sources(tmp_path)
    source = sources.get("train.py")
    assert source is not None
    node = next(item for item in source.calls if called_name(item) == "Dense").args[0]
    finder = LiteralFinder(sources)
    columns = [
        getattr(finder.find(Search(source, value=value, occurrence=number), node), "column", None)
        for number, value in enumerate([8, 6, 8])
    ]
    assert columns == [9, 12, 15]
    assert finder.find(Search(source, value=7, occurrence=0), node) is None


def test_a_chain_over_several_lines_is_found_where_python_reports_it(tmp_path: Path) -> None:
    text = "data = (\n    make(x)\n    .shuffle(10)\n    .batch(32)\n)\n"
    (tmp_path / "train.py").write_text(text)
    source = Sources(tmp_path).get("train.py")
    assert source is not None
    batch = [call for call in source.calls_starting_at(4, 5)]
    assert [ast.unparse(call.func).rsplit(".", 1)[-1] for call in batch] == ["batch"]
