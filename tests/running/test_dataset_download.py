"""Public data sets are really downloaded, from a mirror on this machine, by the container that fetches them.

The mirror stands for the hosts that the libraries name; a company's network asks for the same.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.running.dataset_mirror import STORAGE, Mirror, fashion_mnist, gateway, serve_mirror
from tests.running.test_datasets import trained

from pushtune.commands.build_images import ensure_images
from pushtune.errors import InvalidSetting
from pushtune.inspecting.inspection import inspect_checkout
from pushtune.running.container_engine import ContainerEngine
from pushtune.running.dataset_cache import is_cached, take_over
from pushtune.running.datasets import provide_datasets
from pushtune.running.workspace import prepare_trial, run_folder
from pushtune.settings import Settings, load_settings
from pushtune_contract.request import TrialRequest
from pushtune_contract.result import read_result

FASHION = "keras.datasets.fashion_mnist"

SCRIPT = """\
from tensorflow import keras
(x, y), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()
model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Rescaling(1 / 255),
                          keras.layers.Dense(32, activation="relu"), keras.layers.Dense(10, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=3, batch_size=32)
model.evaluate(x_test, y_test)
"""


@pytest.fixture(scope="module")
def dense() -> str:
    return ensure_images(["dense"])["dense"]


@pytest.fixture
def mirror(client: Any) -> Iterator[Mirror]:
    made = Mirror(fashion_mnist())
    with serve_mirror(made, gateway(client)):
        yield made


@pytest.fixture
def roomy(settings: Settings) -> Settings:
    settings.home.mkdir(parents=True)
    return settings.model_copy(update={"trial_memory_bytes": 2 * 2**30})


def ask(settings: Settings, mirror: Mirror, client: Any, image: str, *names: str) -> list[str]:
    given = settings.model_copy(update={"dataset_mirror": mirror.address})
    places = dict.fromkeys(names, "train.py:2")
    return provide_datasets(places, lambda: image, ContainerEngine(client), given, lambda line: None)


def test_a_mirror_is_an_address_without_a_password() -> None:
    with pytest.raises(InvalidSetting, match="PUSHTUNE_DATASET_MIRROR must be valid"):
        load_settings({"PUSHTUNE_DATASET_MIRROR": "https://ann:secret@mirror.example"})


@pytest.mark.docker
@pytest.mark.slow
def test_a_data_set_is_downloaded_over_tls_and_trained_on(
    roomy: Settings, client: Any, dense: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = roomy.home / "checkout"
    checkout.mkdir()
    (checkout / "train.py").write_text(SCRIPT)
    inspection = inspect_checkout(checkout).as_document()
    assert list(inspection["dataset_places"]) == [FASHION]
    mirror = Mirror(fashion_mnist())
    with serve_mirror(mirror, gateway(client), tmp_path / "certificates"):
        (refused,) = ask(roomy, mirror, client, dense, FASHION)
        assert f"own loader from {mirror.address} failed: " in refused and "certificate verify failed" in refused
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificates/mirror.pem"))
        assert ask(roomy, mirror, client, dense, FASHION) == []
        assert sorted(mirror.asked) == sorted(mirror.files), "each file once"
        assert ask(roomy, mirror, client, dense, FASHION) == []
    assert len(mirror.asked) == 4, "what is there is not asked for again"
    assert {path.name for path in roomy.home.iterdir()} == {"checkout", "datasets", "datasets.lock", "scratch"}
    assert not list(roomy.scratch.iterdir())
    request = TrialRequest("baseline", inspection["entry"])
    spec = prepare_trial(run_folder(roomy, "fashion", "manual__1"), "baseline", request, checkout, roomy)
    lines = trained(ContainerEngine(client), roomy, spec, dense)
    result = read_result(spec["folder"])
    assert result.status == "done", lines
    assert result.objective is not None and result.objective.value > 0.15
    assert result.samples["test"] == 500


@pytest.mark.docker
@pytest.mark.slow
def test_broken_downloads_leave_nothing_behind(roomy: Settings, client: Any, dense: str, mirror: Mirror) -> None:
    half = f"{STORAGE}t10k-images-idx3-ubyte.gz"
    mirror.announced[half] = len(mirror.files[half])
    mirror.files[half] = mirror.files[half][: len(mirror.files[half]) // 2]
    mirror.files[f"{STORAGE}mnist.npz"] = b"another content"
    mnist, gone = "keras.datasets.mnist", "keras.datasets.boston_housing"
    warnings = ask(roomy, mirror, client, dense, FASHION, mnist, gone)
    assert [warning.partition(" is not in")[0] for warning in warnings] == [
        f"train.py:2: {name}" for name in (FASHION, mnist, gone)
    ]
    assert "retrieval incomplete: got only" in warnings[0]
    assert "file hash does not match the provided value" in warnings[1]
    assert "404 -- Not Found" in warnings[2]
    assert not [path for path in roomy.datasets.rglob("*") if path.is_file()]
    assert not list(roomy.scratch.glob("*-*"))


@pytest.mark.docker
@pytest.mark.slow
def test_half_a_file_that_looks_whole_is_seen_and_fetched_again(
    roomy: Settings, client: Any, dense: str, mirror: Mirror
) -> None:
    name = f"{STORAGE}train-images-idx3-ubyte.gz"
    whole = mirror.files[name]
    mirror.files[name] = whole[: len(whole) // 2]
    (warning,) = ask(roomy, mirror, client, dense, FASHION)
    assert "failed: Compressed file ended before the end-of-stream marker was reached" in warning
    assert not is_cached(roomy.datasets, FASHION)
    mirror.files[name] = whole
    assert ask(roomy, mirror, client, dense, FASHION) == []
    assert is_cached(roomy.datasets, FASHION)


@pytest.mark.docker
@pytest.mark.slow
def test_a_full_disk_is_told(roomy: Settings, client: Any, dense: str, mirror: Mirror) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(roomy.home)], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("only root may mount a file system")
    try:
        mirror.files[f"{STORAGE}train-images-idx3-ubyte.gz"] = bytes(2**21)
        (warning,) = ask(roomy, mirror, client, dense, FASHION)
        assert "No space left on device" in warning
        assert not [path for path in roomy.datasets.rglob("*") if path.is_file()]
    finally:
        subprocess.run(["umount", "--lazy", str(roomy.home)], check=True)


def test_what_cannot_be_moved_leaves_no_part(tmp_path: Path) -> None:
    staging, cache = tmp_path / "staging", tmp_path / "cache"
    (staging / "keras/datasets").mkdir(parents=True)
    (staging / "keras/datasets/mnist.npz").write_bytes(b"x" * 2**21)
    cache.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(cache)], check=False)
    if mounted.returncode != 0:
        pytest.skip("only root may mount a file system")
    try:
        with pytest.raises(OSError, match="No space left on device"):
            take_over(staging, cache, "keras.datasets.mnist")
        assert not [path for path in cache.rglob("*") if path.is_file()]
    finally:
        subprocess.run(["umount", "--lazy", str(cache)], check=True)
