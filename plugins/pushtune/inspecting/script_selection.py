"""Which scripts are worth parsing: a cheap look at the bytes, so that thousands of files cost a second."""

import re

from pushtune.inspecting.project import SCRIPT_ENDINGS
from pushtune.inspecting.repository_files import NOTEBOOK_LIMIT_BYTES, SCRIPT_LIMIT_BYTES, Deadline, RepositoryFiles

SCRIPTS_LIMIT = 250
BARE_LIMIT_BYTES = 100_000
_SHEBANG = re.compile(rb"#!.*\bpython")
_TRAINS = re.compile(
    rb"\.\s*(fit|fit_generator|train|train_model|train_on_batch|partial_fit|minimize|apply_gradients|backward|fine_tune|search"
    rb"|fit_one_cycle|fit_flat_cos|fit_predict|cv|train_and_evaluate|train_supervised)\s*\("
    rb"|\bcross_val(_score|_predict|idate)\s*\(|\b(value_and_)?grad\s*\("
)
# Something at the first level that does more than define: a guard, a call, a loop.
_STARTS = re.compile(rb"__main__|^(?:[A-Za-z_][\w.]*[ \t]*(?:\(|=[ \t]*[\w.]+\()|(?:with|for|while|try|if)\b|\()", re.M)


def scripts_to_read(files: RepositoryFiles, deadline: Deadline) -> list[str]:
    """Return the scripts that may train or start a training, those that look most like it first."""
    found: list[tuple[int, int, str]] = []
    for path in files.sizes:
        if deadline.passed():
            break
        bare = "." not in path.rpartition("/")[2]
        if not path.endswith(SCRIPT_ENDINGS) and not (bare and files.sizes[path] <= BARE_LIMIT_BYTES):
            continue
        content = files.read(path, NOTEBOOK_LIMIT_BYTES if path.endswith(".ipynb") else SCRIPT_LIMIT_BYTES)
        if content is None:
            continue
        if content[:4] in (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff") or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            content = content.replace(b"\x00", b"")
        if b"import" not in content or (bare and not _SHEBANG.match(content)):
            continue
        trains = bool(_TRAINS.search(content))
        if trains or path.endswith(".ipynb") or _STARTS.search(content):
            found.append((0 if trains else 1, path.count("/"), path))
    return [path for _, _, path in sorted(found)]
