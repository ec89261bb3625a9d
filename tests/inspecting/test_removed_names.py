"""Names of other libraries that are gone."""

from pathlib import Path

import pytest
from tests.inspecting.inspecting_helpers import inspected

TRAIN = "from sklearn.svm import SVC\nmodel = SVC()\nmodel.fit(X, y)\n"


@pytest.mark.parametrize(
    ("code", "warning"),
    [
        ("from sklearn.cross_validation import train_test_split", "sklearn.cross_validation no longer exists"),
        ("from sklearn.externals import joblib", "it is joblib now"),
        ("import numpy as np\nx = np.zeros(3).astype(np.float)", "train.py:2: numpy.float no longer exists"),
        ("import scipy.misc\nscipy.misc.imresize(x, 2)", "it is PIL.Image.resize now"),
        ("from scipy import misc\nmisc.imread('a.png').shape", "it is imageio.v3.imread now"),
        ("import collections\nclass A(collections.Mapping): pass", "it is collections.abc.Mapping now"),
        ("import pandas as pd\npd.Panel()", "pandas.Panel no longer exists in the version that the image holds"),
    ],
)
def test_removed_name_is_a_warning(tmp_path: Path, code: str, warning: str) -> None:
    warnings = inspected(tmp_path, {"train.py": f"{code}\n{TRAIN}"}).warnings
    assert [text for text in warnings if warning in text]


@pytest.mark.parametrize(
    "code",
    [
        "import numpy as np\nnp.float32(1); np.int64(1); np.str_('a'); np.bool(1); np.nan",
        "try:\n    from sklearn.externals import joblib\nexcept ImportError:\n    import joblib",
        "def never():\n    import time\n    time.clock()",
        "from sklearn.model_selection import train_test_split",
    ],
)
def test_other_names_are_not(tmp_path: Path, code: str) -> None:
    assert not [text for text in inspected(tmp_path, {"train.py": f"{code}\n{TRAIN}"}).warnings if "exists" in text]
