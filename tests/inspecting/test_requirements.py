"""What has to be installed, and where that is written."""

from pathlib import Path

import pytest
from tests.inspecting.inspecting_helpers import inspected

from pushtune.inspecting.distributions import IMAGE_DISTRIBUTIONS, declared_distribution, distribution_of, normalized
from pushtune.inspecting.requirement_line import parse_requirement

TRAIN = "from sklearn.svm import SVC\nmodel = SVC()\nmodel.fit(X, y)\n"
IMAGES = Path(__file__).parents[2] / "requirements" / "images"


def _requirements(folder: Path, files: dict[str, str | bytes]) -> list[str]:
    return inspected(folder, {"train.py": TRAIN, **files}).requirements


@pytest.mark.parametrize(
    ("line", "parsed"),
    [
        ("numpy", ("numpy", "")),
        ("Flask_Cors == 1.0", ("flask-cors", "==1.0")),
        ("uvicorn[standard]>=0.2,<1", ("uvicorn[standard]", ">=0.2,<1")),
        ("torch==1.9.0+cu111", ("torch", "==1.9.0+cu111")),
        ("x ; python_version < '3.8'", ("x", "")),
        ("x==1.0 --hash=sha256:abc", ("x", "==1.0")),
        ("x~=1.4  # why", ("x", "~=1.4")),
        ("x (>=1.0)", ("x", ">=1.0")),
        ("x>=1,<2 || 3", ("x", ">=1,<2||3")),
        ("x = 5", None),
        ("https://example.org/x.whl", None),
        ("git+https://example.org/x.git", None),
        ("./folder", None),
        ("Install the following first:", None),
        ("numpy pandas", None),
        ("", None),
    ],
)
def test_one_line(line: str, parsed: tuple[str, str] | None) -> None:
    assert parse_requirement(line) == parsed


@pytest.mark.parametrize(
    ("module", "distribution"),
    [
        ("cv2", "opencv-python-headless"),
        ("sklearn.svm", "scikit-learn"),
        ("yaml", "pyyaml"),
        ("keras_tuner", "keras-tuner"),
        ("os.path", None),
        ("google.colab", None),
        ("cPickle", None),
        ("_private", None),
    ],
)
def test_import_to_distribution(module: str, distribution: str | None) -> None:
    assert distribution_of(module) == distribution


@pytest.mark.parametrize(
    ("name", "meant"),
    [("sklearn", "scikit-learn"), ("cv2", "opencv-python-headless"), ("opencv-python", "opencv-python-headless"),
     ("pickle", None), ("python", None), ("0", None), ("pillow", "pillow"), ("uvicorn[standard]", "uvicorn[standard]")],
)  # fmt: skip
def test_declared_names_are_corrected(name: str, meant: str | None) -> None:
    assert declared_distribution(name) == meant


@pytest.mark.parametrize("family", ["cnn", "dense", "rnn", "transformer", "classical"])
def test_the_table_of_images_agrees_with_the_images(family: str) -> None:
    source = IMAGES / f"{family}.in"
    lines = (source if source.exists() else IMAGES / "keras.in").read_text().split("\n")
    if "-r keras.in" in lines:
        lines += (IMAGES / "keras.in").read_text().split("\n")
    named = {normalized(line.partition("==")[0]) for line in lines if line and not line.startswith(("#", "-"))}
    assert named <= IMAGE_DISTRIBUTIONS[family]


def test_what_the_repository_provides_is_not_installed(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"helpers/__init__.py": "", "train.py": "import helpers\nimport wandb\n" + TRAIN}
    assert _requirements(tmp_path, files) == ["wandb"]


def test_fallback_imports_are_not_needed(tmp_path: Path) -> None:
    code = "try:\n    import json\nexcept ImportError:\n    import simplejson\n" + TRAIN
    assert _requirements(tmp_path, {"train.py": code}) == []


def test_lists_of_other_folders_do_not_count(tmp_path: Path) -> None:
    assert _requirements(tmp_path, {"web/requirements.txt": "flask\n", "requirements/base.txt": "wandb\n"}) == ["wandb"]


def test_a_dump_of_an_environment_gives_versions_only(tmp_path: Path) -> None:
    dump = "".join(f"package{number}==1.0\n" for number in range(40)) + "wandb==0.12.1\nopenpyxl==3.0\n"
    inspection = inspected(tmp_path, {"train.py": "import wandb\n" + TRAIN, "requirements.txt": dump})
    assert inspection.requirements == ["openpyxl==3.0", "wandb==0.12.1"]
    assert [text for text in inspection.warnings if "42 exact versions are the dump of an environment" in text]


def test_tools_of_the_desk_are_left_out_unless_imported(tmp_path: Path) -> None:
    assert _requirements(tmp_path, {"requirements.txt": "black\npytest\njupyter\nwandb\n"}) == ["wandb"]


def test_versions_of_what_the_image_brings_are_not_applied(tmp_path: Path) -> None:
    inspection = inspected(tmp_path, {"train.py": TRAIN, "requirements.txt": "scikit-learn==0.20\nnumpy>=1\n"})
    assert inspection.requirements == []
    assert (
        "requirements.txt:1: scikit-learn==0.20 is not applied: the image brings its own scikit-learn"
        in inspection.warnings
    )


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("environment.yml", "dependencies:\n- f::wandb=0.12=py38_0\n- pip:\n  - 'x>=1'\n", ["wandb==0.12.*", "x>=1"]),
        ("environment.yml", "name: a\nother:\n  - wandb\n", []),
        ("Pipfile", '[packages]\nwandb = "==0.12"\nx = {version = "*", extras = ["a"]}\n', ["wandb==0.12", "x"]),
        ("Pipfile", "not [ toml", []),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "3"\nwandb = "^1"\nx = "1"\n', ["wandb>=1", "x>=1"]),
        ("pyproject.toml", "project = 5\ntool = 3\n", []),
        ("setup.py", "setup(\n  install_requires=[\n    'wandb>=0.1',\n    \"x\",\n  ],\n)\n", ["wandb>=0.1", "x"]),
        ("setup.cfg", "[options]\ninstall_requires =\n    wandb\n    x>=2\n", ["wandb", "x>=2"]),
        ("setup.cfg", "no section", []),
        ("Dockerfile", "# RUN pip install no\nRUN pip install wandb && pip3 install x==1 -r r\n", ["wandb", "x==1"]),
        ("Dockerfile", 'RUN ["pip", "install", "wandb", "x"]\n', ["wandb", "x"]),
        ("my.dockerfile", "RUN conda install -y -c conda-forge wandb\n", ["wandb"]),
    ],
)  # fmt: skip
def test_kinds_of_lists(tmp_path: Path, name: str, text: str, wanted: list[str]) -> None:
    assert _requirements(tmp_path, {name: text}) == wanted


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("requirements.txt", "wandb~=1\n", "~=1"),
        ("requirements.txt", "wandb==0.12.x\n", "==0.12.x"),
        ("requirements.txt", "wandb>=0.*\n", ">=0.*"),
        ("Pipfile", "[packages]\nwandb = '>=1,<2 || 3'\n", ">=1,<2||3"),
        ("environment.yml", "dependencies:\n - wandb=1.1.1k\n", "==1.1.1k.*"),
        ("Dockerfile", "RUN pip install wandb==1.x\n", "==1.x"),
    ],
)
def test_a_version_that_is_none_is_said_and_dropped(tmp_path: Path, name: str, text: str, wanted: str) -> None:
    inspection = inspected(tmp_path, {"train.py": TRAIN, name: text})
    assert inspection.requirements == ["wandb"]
    (warning,) = [item for item in inspection.warnings if "no version" in item]
    assert warning.endswith(f": {wanted} is no version that pip takes: any wandb will do")


@pytest.mark.parametrize(
    ("version", "wanted"),
    [("0.*", "==0.*"), ("~0.12.*", "==0.12.*"), ("~=1.2", "~=1.2"), ("^0.1", ">=0.1"), ("*", ""), (">=1,<2", ">=1,<2")],
)
def test_versions_of_poetry_and_pipenv(tmp_path: Path, version: str, wanted: str) -> None:
    files: dict[str, str | bytes] = {"Pipfile": f"[packages]\nwandb = '{version}'\n"}
    assert _requirements(tmp_path, files) == [f"wandb{wanted}"]


def test_packages_of_conda_keep_their_names(tmp_path: Path) -> None:
    text = "dependencies:\n - openssl=1.1.1k\n - jpeg=9d\n - opencv=4.5\n - pip:\n   - cv2\n   - umap\n - magic=1\n"
    assert _requirements(tmp_path, {"environment.yml": text}) == [
        "jpeg", "magic==1.*", "opencv-python-headless==4.5.*", "openssl", "umap-learn",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("wandb==0.12.0; python_version<'3.8'\nwandb==0.15.0; python_version>='3.8'\n", ["wandb==0.15.0"]),
        ("wandb; sys_platform == 'win32'  # why\nx ; (os_name=='posix')\n", ["x"]),
        ("wandb; extra == 'dev'\n", []),
        ("wandb; no marker at all\n", ["wandb"]),
        ("wandb; " + "(" * 900 + "\n", ["wandb"]),
        ("wandb; python_version ~= 'x'\n", ["wandb"]),
    ],
)
def test_markers_are_those_of_an_image(tmp_path: Path, text: str, wanted: list[str]) -> None:
    assert _requirements(tmp_path, {"requirements.txt": text}) == wanted


def test_extras_in_a_setup_file_do_not_end_its_list(tmp_path: Path) -> None:
    text = "setup(install_requires=['foo[bar]>=1', # don't 'no'\n 'baz', \"wib; python_version<'3'\"], x=['no'])"
    assert _requirements(tmp_path, {"setup.py": text}) == ["baz", "foo[bar]>=1"]


def test_included_lists_are_read_within_the_repository(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("secret\n")
    (tmp_path / "repo" / "reqs").mkdir(parents=True)
    (tmp_path / "repo" / "reqs" / "link.txt").symlink_to(outside)
    wanted = _requirements(
        tmp_path / "repo",
        {
            "requirements.txt": "-r reqs/base.txt # a\n-r ../outside.txt\n--requirement=reqs/link.txt\n-r none.txt\n",
            "reqs/base.txt": "wandb\n-r ../requirements.txt\n-r more.list\n",
            "reqs/more.list": "umap-learn\n",
            "reqs/other.txt": "flask\n",
        },
    )
    assert wanted == ["umap-learn", "wandb"]
