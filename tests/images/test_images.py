"""One behaviour suite over the images of all families: what a trial may rely on, and what must not be in an image."""

import json
import os
from pathlib import Path

import docker
import pytest

from pushtune.commands.build_images import ensure_images
from pushtune.running.image_catalog import FAMILY_NAMES, LEGACY_NAMES, LOCK_FOLDER, lineage
from pushtune.running.wheels import Platform, select_requirements
from pushtune.settings import PROJECT_FOLDER

pytestmark = [pytest.mark.docker, pytest.mark.slow]

KERAS_LIBRARIES = [
    "tensorflow", "keras", "numpy", "pandas", "sklearn.ensemble", "matplotlib.pyplot", "PIL.Image", "h5py", "seaborn",
    "tqdm", "yaml", "requests", "scipy.stats", "tensorboard", "pydot",
]  # fmt: skip
LIBRARIES = {
    "transformer": [*KERAS_LIBRARIES, "sentencepiece", "regex", "nltk"],
    "cnn": [*KERAS_LIBRARIES, "cv2", "skimage.transform", "imageio"],
    "rnn": [*KERAS_LIBRARIES, "nltk", "statsmodels.api"],
    "dense": KERAS_LIBRARIES,
    **dict.fromkeys(LEGACY_NAMES, [
        *KERAS_LIBRARIES, "sentencepiece", "regex", "cv2", "skimage.transform", "imageio", "nltk", "statsmodels.api",
    ]),
    "classical": ["sklearn.ensemble", "pandas", "xgboost", "lightgbm", "imblearn", "statsmodels.api", "seaborn"],
}
KERAS_FIT = (
    "import keras, numpy; model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]); "
    "model.compile(loss='mse'); model.fit(numpy.ones((8, 4)), numpy.ones(8), verbose=0); model.save('/tmp/model.keras')"
)
CLASSICAL_FIT = (
    "import lightgbm, sklearn.datasets, sklearn.ensemble, xgboost; x, y = sklearn.datasets.load_iris(return_X_y=True); "
    "[kind().fit(x, y).score(x, y) for kind in (sklearn.ensemble.RandomForestClassifier, xgboost.XGBClassifier, "
    "lightgbm.LGBMClassifier)]"
)
TOOLS = ["gcc", "cc", "c++", "make", "ld", "pip", "pip3", "uv", "apt", "apt-get", "curl", "wget", "git"]


@pytest.fixture(scope="module")
def engine():
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture(scope="module", params=[*FAMILY_NAMES, *LEGACY_NAMES])
def family(request):
    return request.param


@pytest.fixture(scope="module")
def tag(family):
    return ensure_images([family])[family]


@pytest.fixture(scope="module")
def run(engine, tag):
    """Run Python code as a trial does: no network, read-only root, no rights, a small /tmp. Return its output."""

    def run_code(code, **options):
        container = engine.containers.create(
            tag, ["-c", code], entrypoint=["python"], network_mode="none", read_only=True, cap_drop=["ALL"],
            security_opt=["no-new-privileges"], tmpfs={"/tmp": "size=64m"}, **options,
        )  # fmt: skip
        try:
            container.start()
            code = container.wait(timeout=300)["StatusCode"]  # the log is read at the end: followed, it may break off
            assert code == 0, container.logs(tail=20).decode(errors="replace")
            return container.logs(stdout=True, stderr=False).decode()
        finally:
            container.remove(force=True, v=True)

    return run_code


@pytest.fixture(scope="module")
def facts(run, family):
    return json.loads(run((Path(__file__).parent / "image_probe.py").read_text(), environment={
        "LIBRARIES": json.dumps(LIBRARIES[family]), "TOOLS": json.dumps(TOOLS)}))


def test_runs_without_rights(facts):
    assert facts["user_id"] == 10001
    assert facts["writable"] == ["/tmp"]


def test_no_tool_to_build_or_install_is_left(facts):
    assert facts["tools"] == []
    assert facts["installers"] == []


def test_every_library_of_the_family_can_be_imported(facts):
    assert facts["import_errors"] == {}


def test_nothing_is_compiled_at_run_time(facts):
    assert facts["compiled_now"] == []
    assert facts["without_bytecode"] == []


def test_the_runtime_is_there_and_starts(run, facts):
    assert facts["runtime"].startswith("/opt/pushtune/training/pushtune_runtime")
    assert facts["contract"].startswith("/opt/pushtune/training/pushtune_contract")


def test_the_entry_point_is_the_runtime(engine, tag):
    assert engine.images.get(tag).attrs["Config"]["Entrypoint"] == ["python", "-m", "pushtune_runtime"]


def test_trains_on_a_read_only_root(run, family):
    run((CLASSICAL_FIT if family == "classical" else KERAS_FIT) + "; print('trained')")


def test_holds_the_locked_versions_and_nothing_else(facts, family):
    platform = Platform(facts["python"], facts["machine"])
    locked = set()
    for image in lineage(family):
        if image.lock_file:
            text = (PROJECT_FOLDER / LOCK_FOLDER / image.lock_file).read_text()
            locked |= {line.split()[0] for line in select_requirements(text, platform).splitlines() if "==" in line}
    assert set(facts["distributions"]) == locked


def test_nothing_of_the_host_is_left_in_the_image(engine, tag, facts):
    image = engine.images.get(tag)
    told = json.dumps([image.attrs["Config"], image.history()])
    secrets = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or "proxy" in name.lower()}
    assert [name for name, value in secrets.items() if len(value) > 3 and value in told] == []
    assert "pip.conf" not in told
    assert facts["host_files"] == []


def test_every_family_says_what_it_holds():
    assert {*FAMILY_NAMES, *LEGACY_NAMES} == set(LIBRARIES)
