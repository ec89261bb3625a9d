"""Which scripts are worth parsing: a cheap look at the bytes, so that thousands of files cost a second."""

import re

from pushtune.inspecting.project import SCRIPT_ENDINGS
from pushtune.inspecting.repository_files import NOTEBOOK_LIMIT_BYTES, SCRIPT_LIMIT_BYTES, Deadline, RepositoryFiles

SCRIPTS_LIMIT = 250
_LIBRARY = re.compile(
    rb"\b(keras|tensorflow|sklearn|xgboost|lightgbm|catboost|torch|fastai|statsmodels|prophet|mxnet|jax|flax|chainer|paddle|theano"
    rb"|lasagne|tflearn|tensorlayer|pyspark|h2o|transformers|ultralytics|surprise|pytorch_lightning|lightning|caffe|cntk|tf_keras"
    rb"|autokeras|kerastuner|keras_tuner|pycaret|fasttext|import)\b"
)
_TRAINS = re.compile(
    rb"\.\s*(fit|fit_generator|train|train_on_batch|partial_fit|minimize|apply_gradients|backward|fit_one_cycle|fine_tune|search|cv"
    rb"|train_and_evaluate|fit_predict|fit_flat_cos|train_supervised)\s*\(|\b(cross_val_score|cross_validate|cross_val_predict)\s*\("
)


def scripts_to_read(files: RepositoryFiles, deadline: Deadline) -> list[str]:
    """Return the scripts that may train or start a training, those that look most like it first."""
    found: list[tuple[int, int, str]] = []
    for path in files.sizes:
        if not path.endswith(SCRIPT_ENDINGS) or deadline.passed():
            continue
        content = files.read(path, NOTEBOOK_LIMIT_BYTES if path.endswith(".ipynb") else SCRIPT_LIMIT_BYTES)
        if content is None:
            continue
        if content[:4] in (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff") or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            content = content.replace(b"\x00", b"")
        if not _LIBRARY.search(content):
            continue
        found.append((0 if _TRAINS.search(content) else 1, path.count("/"), path))
    return [path for _, _, path in sorted(found)]
