"""Literals that are paths: what the script reads and writes, and where the repository holds what it reads."""

import ast
import re
from dataclasses import asdict, dataclass

from pushtune.inspecting.entry_script import Candidate
from pushtune.inspecting.patterns import one_of, words
from pushtune.inspecting.project import Project
from pushtune.inspecting.repository_files import RepositoryFiles
from pushtune.inspecting.script_facts import Call

PATHS_LIMIT = 300
LENGTH_LIMIT_CHARACTERS = 300
_OUTPUT_METHODS = words(
    "save save_weights savefig to_csv to_json to_pickle to_excel to_hdf imwrite imsave makedirs mkdir savetxt savez"
    " savez_compressed ModelCheckpoint TensorBoard CSVLogger plot_model dump save_model FileWriter create_file_writer"
    " write_png export save_pretrained to_file BackupAndRestore rmtree"
)
_INPUT_METHODS = words(
    "read_csv read_excel read_json read_pickle read_table read_hdf read_parquet loadtxt genfromtxt load imread"
    " load_model"
    " load_weights load_img listdir glob iglob scandir walk flow_from_directory image_dataset_from_directory"
    " text_dataset_from_directory imread_collection loadmat fromfile File ZipFile exists isfile isdir load_files"
    " load_svmlight_file read open_dataset VideoCapture from_csv TFRecordDataset TextLineDataset make_csv_dataset"
    " load_dataset CascadeClassifier"
)
_EXTENSION = re.compile(
    r"\."
    + one_of(
        "csv tsv txt json npy npz pkl pickle h5 hdf5 keras png jpe?g bmp gif xlsx? mat zip gz tar parquet data"
        " dat wav mp3 mp4"
        " avi xml ya?ml ckpt pb tflite joblib model bin weights arff feather db sqlite names train test log"
        " html tfrecords?"
        " ubyte"
    )
    + "$",
    re.I,
)
_WINDOWS = re.compile(r"^[A-Za-z]:[\\/]")
_ABSOLUTE = re.compile(r"^(/[\w.@ -]+){2,}/?$|^~/|^/[\w.-]+/?$")
_RELATIVE = re.compile(r"^(\.{1,2}/)?[\w.@ ()-]+(/[\w.@ (){}%*:+=-]+)*/?$")
_NOT_A_PATH = re.compile(
    r"^(https?|ftp|gs|s3|file)://|^[\w-]+/[\w-]+;|^(application|text|image|audio|video|multipart)/|[<>|\n\t]"
    r"|^(/|\.|\./|\.\.|-)$|^\d+([./-]\d+)*$"
)


@dataclass(frozen=True)
class DataPath:
    """One literal.

    Attributes:
        literal: as written. file, line: where. kind: ``input`` or ``output``.
        exists: it is there as written, seen from the repository's root or from the script's folder.
        found_at: path in the repository that must be meant, where it is another one; None if nothing fits.
        lfs_pointer: what is there is a Git LFS pointer, not the data.
    """

    literal: str
    file: str
    line: int
    kind: str
    exists: bool
    found_at: str | None
    lfs_pointer: bool = False

    def problem(self) -> str | None:
        """Return what a person has to do about it before training; None if nothing."""
        place = f"{self.file}:{self.line}: {self.literal}"
        if self.lfs_pointer:
            return f"{place} is a Git LFS pointer: its content has to be fetched"
        if self.kind == "input" and not self.exists and self.found_at is None:
            return f"{place} is not in the repository: it has to be there before training starts, or to be downloaded"
        return None

    def as_document(self) -> dict[str, object]:
        """Return it as plain data."""
        return asdict(self)


def find_paths(project: Project, candidate: Candidate) -> list[DataPath]:
    """Return the paths that starting ``candidate`` reads and writes, in the order of the text."""
    found: dict[tuple[str, str], DataPath] = {}
    for path in dict.fromkeys(where for where, _ in candidate.reached):
        facts = project.script(path).facts
        kinds = _kinds_of_literals([call for call in facts.calls if (path, call.scope) in candidate.reached])
        for text, line, scope in facts.strings:
            if (path, scope) not in candidate.reached:
                continue
            kind = kinds.get((text, line)) or kinds.get((text, 0))
            if (text, path) in found or len(found) >= PATHS_LIMIT or not _is_path(text, kind):
                continue
            found[(text, path)] = _located(project.files, text, path, line, kind or "input")
    return list(found.values())


def _kinds_of_literals(calls: list[Call]) -> dict[tuple[str, int], str]:
    """Return (literal, line) -> kind for every literal that is an argument of a call which reads or writes files."""
    kinds: dict[tuple[str, int], str] = {}
    for call in calls:
        kind = _kind_of_call(call)
        for part in [*call.node.args, *(word.value for word in call.node.keywords)] if kind else ():
            for node in _literals(part):
                kinds.setdefault((str(node.value), node.lineno), kind or "input")
    return kinds


def _literals(part: ast.expr) -> list[ast.Constant]:
    """Return the texts that make up one argument, also inside ``os.path.join`` and ``+``."""
    found: list[ast.Constant] = []
    stack = [part]
    while stack and len(found) < 50:
        node = stack.pop()
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node)
        elif isinstance(node, ast.BinOp):
            stack += [node.left, node.right]
        elif isinstance(node, ast.Call):
            stack += node.args
        elif isinstance(node, ast.JoinedStr):
            stack += [value for value in node.values if isinstance(value, ast.Constant)]
    return found


def _kind_of_call(call: Call) -> str | None:
    if call.name in ("open", "io.open", "codecs.open", "gzip.open"):
        mode = call.keyword("mode") or (call.node.args[1] if len(call.node.args) > 1 else None)
        text = getattr(mode, "value", "r")
        return "output" if isinstance(text, str) and any(sign in text for sign in "wax") else "input"
    if call.method in _OUTPUT_METHODS:
        return "output"
    return "input" if call.method in _INPUT_METHODS else None


def _is_path(text: str, kind: str | None) -> bool:
    if not 0 < len(text.strip()) <= LENGTH_LIMIT_CHARACTERS or _NOT_A_PATH.search(text):
        return False
    if _WINDOWS.match(text) or text.startswith(("./", "../", "~/", ".\\", "..\\")):
        return True
    plain = text.replace("\\", "/")
    if _ABSOLUTE.match(plain):
        return kind is not None or plain.count("/") >= 2 or bool(_EXTENSION.search(plain))
    if not _RELATIVE.match(plain):
        return False
    if _EXTENSION.search(plain) and not plain.startswith("."):
        return True
    return kind is not None and "/" in plain


def _located(files: RepositoryFiles, text: str, script: str, line: int, kind: str) -> DataPath:
    plain = text.replace("\\", "/").strip()
    folder = script.rpartition("/")[0]
    absolute = bool(_WINDOWS.match(plain)) or plain.startswith(("/", "~"))
    at = None
    if not absolute:
        places = (_joined(base, plain) for base in ("", folder))
        at = next((place for place in places if place is not None and _is_there(files, place)), None)
    exists = at is not None
    if not exists and kind == "input":
        at = _by_longest_tail(files, plain)
    found_at = at if at is not None and not (exists and at == _joined("", plain)) else None
    return DataPath(text, script, line, kind, exists, found_at, at is not None and files.is_lfs_pointer(at))


def _is_there(files: RepositoryFiles, place: str) -> bool:
    return place in files.sizes or place in files.folders


def _joined(base: str, relative: str) -> str | None:
    """Return the normalised path; None where it leaves the repository."""
    parts = base.split("/") if base else []
    for part in relative.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts) or None


def _by_longest_tail(files: RepositoryFiles, plain: str) -> str | None:
    """Return the one path of the repository that ends like ``plain``; the longest common tail wins."""
    parts = [part for part in plain.split("/") if part not in ("", ".", "..", "~") and not part.endswith(":")]
    for start in range(len(parts)):
        tail = "/".join(parts[start:])
        if _is_there(files, tail):
            return tail
        fits = files.ending_with(tail)
        if len(fits) == 1:
            return fits[0]
        if fits:
            return None
    return None
