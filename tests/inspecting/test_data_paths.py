"""Literals that are paths: told from other texts, located in the repository, reported when they are missing."""

from pathlib import Path

import pytest
from tests.inspecting.inspecting_helpers import inspected

TRAIN = "from sklearn.svm import SVC\nmodel = SVC()\nmodel.fit(X, y)\n"


def _paths(folder: Path, code: str, files: dict[str, str | bytes] | None = None) -> list[dict[str, object]]:
    inspection = inspected(folder, {"train.py": code + "\n" + TRAIN, **(files or {})})
    return [item.as_document() for item in inspection.paths]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("pd.read_csv('a.csv')", "input"),
        ("open('a.csv')", "input"),
        ("open('a.csv', 'wb')", "output"),
        ("open('a.csv', mode='a')", "output"),
        ("frame.to_csv('a.csv')", "output"),
        ("plt.savefig('a.csv')", "output"),
        ("ModelCheckpoint(filepath='a.csv')", "output"),
        ("os.listdir(os.path.join(base, 'a.csv'))", "input"),
        ("np.load(folder + 'a.csv')", "input"),
        ("name = 'a.csv'", "input"),
        ("OUT = 'a.csv'; frame.to_csv(OUT)", "output"),
        ("OUT = 'a.csv'; path = os.path.join(BASE, OUT); plt.savefig(path)", "output"),
        ("OUT = 'a.csv'; frame.to_csv(OUT); pd.read_csv(OUT)", "input"),
        ("OUT = 'a.csv'\nif not os.path.isfile(OUT): frame.to_csv(OUT)", "output"),
        ("parser.add_argument('-o', '--out-file', default='a.csv'); frame.to_csv(f'{args.out_file}')", "output"),
        ("parser.add_argument('--out', default='a.csv', dest='to'); frame.to_csv(args.to)", "output"),
        ("flags.DEFINE_string('out', 'a.csv', 'where to'); frame.to_csv(FLAGS.out)", "output"),
        ("parser.add_argument('--data', default='a.csv'); pd.read_csv(args.data)", "input"),
        ("print(len(pd.read_csv('a.csv')))", "input"),
        ("logging.info(count_of('a.csv'))", "input"),
        ("np.save(target, np.load('a.csv'))", "input"),
        ("results = run_experiment('a.csv')", "input"),
        ("out_dir = os.path.join(str(BASE), 'a.csv')", "output"),
        ("save_path = Path(BASE) / 'a.csv'", "output"),
        ("output = os.environ.get('OUT', 'a.csv')", "output"),
    ],
)
def test_kind(tmp_path: Path, code: str, kind: str) -> None:
    assert [(item["literal"], item["kind"], item["line"]) for item in _paths(tmp_path, code)] == [("a.csv", kind, 1)]


@pytest.mark.parametrize(
    "code",
    [
        "download('https://example.org/data.csv')",
        "kind = 'text/html'",
        "print('and/or')",
        "print('{}'.format('a.csv'))",
        "print(os.path.join(base, 'a.csv'))",
        "date = '12/05/2020'",
        "name = 'relu'",
        "'''A docstring about data/train.csv'''",
        "print('a\\nb.csv')",
        "x = '.csv'",
    ],
)
def test_other_texts_are_no_paths(tmp_path: Path, code: str) -> None:
    assert _paths(tmp_path, code) == []


@pytest.mark.parametrize(
    ("literal", "found_at", "exists"),
    [
        ("data/a.csv", None, True),
        ("./data/a.csv", None, True),
        ("a.csv", "data/a.csv", False),
        ("../data/a.csv", "data/a.csv", False),
        ("/home/anna/project/data/a.csv", "data/a.csv", False),
        ("C:/Users/anna/a.csv", "data/a.csv", False),
        ("/content/drive/My Drive/data", "data", False),
        ("~/b.csv", None, False),
        ("/data/twice.csv", None, False),
    ],
)
def test_place_in_the_repository(tmp_path: Path, literal: str, found_at: str | None, exists: bool) -> None:
    files: dict[str, str | bytes] = {"data/a.csv": "1", "one/twice.csv": "1", "two/twice.csv": "1"}
    (item,) = _paths(tmp_path, f"pd.read_csv({literal!r})", files)
    assert (item["found_at"], item["exists"]) == (found_at, exists)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    inspection = inspected(tmp_path, {"train.py": "pd.read_csv('gone.csv')\n" + TRAIN})
    assert [text for text in inspection.warnings if text.startswith("train.py:1: gone.csv is not in the repository")]


def test_paths_of_functions_that_never_run_do_not_count(tmp_path: Path) -> None:
    assert _paths(tmp_path, "def never():\n    open('a.csv')") == []


@pytest.mark.parametrize("method", ["on_epoch_end", "train_step", "update_state", "__getitem__"])
def test_paths_in_what_keras_calls_by_itself_count(tmp_path: Path, method: str) -> None:
    other = f"class Keeper(Base):\n    def {method}(self, *a):\n        plt.savefig('images/epoch=%d.png')\n"
    (found,) = _paths(tmp_path, "from own import Keeper\nkeeper = Keeper()", {"own.py": other})
    assert (found["literal"], found["kind"], found["file"]) == ("images/epoch=%d.png", "output", "own.py")
