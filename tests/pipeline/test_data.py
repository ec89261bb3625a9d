"""What is named as missing before training starts: what neither the repository nor the data folder has."""

from pathlib import Path

from pushtune.inspecting.inspection import inspect_checkout
from pushtune.pipeline.data import path_fields, provide_data, still_missing
from pushtune.settings import load_settings

SCRIPT = """\
import pandas as pd
from sklearn.svm import SVC
train = pd.read_csv("/kaggle/input/x/train.csv")
test = pd.read_csv("C:/Users/me/test.csv")
model = SVC().fit(train[["a"]], train["b"])
train.to_csv("results/out.csv")
"""


def test_a_file_of_the_data_folder_is_not_named_as_missing(tmp_path: Path) -> None:
    checkout, data = tmp_path / "checkout", tmp_path / "data"
    checkout.mkdir()
    data.mkdir()
    (checkout / "train.py").write_text(SCRIPT)
    (data / "train.csv").write_text("a,b")
    inspection = inspect_checkout(checkout).as_document()
    assert len([text for text in inspection["warnings"] if "is not in the repository" in text]) == 2
    (missing,) = still_missing(inspection, str(data))
    assert missing.startswith("train.py:4: C:/Users/me/test.csv is not in the repository")
    assert path_fields(inspection, str(data)) == {
        "path_bridges": {
            "/kaggle/input/x/train.csv": "/pushtune/data/train.csv",
            "C:/Users/me/test.csv": "outputs/C/Users/me/test.csv",
        },
        "output_folders": ["results"],
    }  # fmt: skip
    assert still_missing(inspection, None) == inspection["warnings"]


def test_code_without_public_data_sets_needs_no_engine(tmp_path: Path) -> None:
    assert provide_data({"dataset_places": {}}, load_settings({"PUSHTUNE_HOME": str(tmp_path)})) == []
