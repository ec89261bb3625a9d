"""Public data sets: fetched by a container of our own, named where they cannot be had, read by a training container."""

import fcntl
import shutil
from pathlib import Path
from typing import Any

import pytest

from pushtune.running.container_engine import ContainerEngine
from pushtune.running.container_labels import installation_id
from pushtune.running.dataset_cache import DATASETS, complete_names, is_cached, missing_files, take_over
from pushtune.running.datasets import provide_datasets
from pushtune.running.image_catalog import image_tag
from pushtune.settings import Settings

MNIST = "keras.datasets.mnist"
CIFAR = "keras.datasets.cifar10"


def never() -> str:
    raise AssertionError("no container may be needed")


def ask(settings: Settings, places: dict[str, str], engine: Any = None, image: Any = never, **more: Any) -> list[str]:
    settings.home.mkdir(parents=True, exist_ok=True)
    return provide_datasets(places, image, engine, settings, lambda line: None, **more)


def put(cache: Path, *paths: str) -> None:
    for path in paths:
        (cache / path).parent.mkdir(parents=True, exist_ok=True)
        (cache / path).write_bytes(b"content of " + path.encode())


@pytest.mark.parametrize("place", ["keras/datasets/mnist.npz", ".keras/datasets/mnist.npz", "datasets/mnist.npz"])
def test_what_is_cached_starts_nothing(settings: Settings, place: str) -> None:
    put(settings.datasets, place)
    assert ask(settings, {MNIST: "train.py:3"}) == []


def test_an_archive_gets_the_names_of_both_generations_of_keras(settings: Settings) -> None:
    put(settings.datasets, "keras/datasets/cifar-10-python.tar.gz")
    assert ask(settings, {CIFAR: "train.py:3"}) == []
    names = {path.name for path in (settings.datasets / "keras/datasets").iterdir()}
    assert names == {"cifar-10-batches-py-target_archive", "cifar-10-batches-py.tar.gz", "cifar-10-python.tar.gz"}
    complete_names(settings.datasets, CIFAR)


def test_a_fetcher_that_takes_arguments_is_named(settings: Settings) -> None:
    (warning,) = ask(settings, {"sklearn.datasets.fetch_openml": "src/train.py:7"})
    assert warning.startswith("src/train.py:7: sklearn.datasets.fetch_openml cannot be downloaded beforehand")
    assert warning.endswith(f"put what the library keeps of it into {settings.datasets}/scikit_learn_data.")


def test_only_known_plain_files_are_taken_over(tmp_path: Path) -> None:
    staging, cache = tmp_path / "staging", tmp_path / "cache"
    put(staging, "keras/datasets/imdb_word_index.json", "keras/datasets/other.npz")
    (staging / "keras/datasets/imdb.npz").symlink_to("/etc/passwd")
    take_over(staging, cache, "keras.datasets.imdb")
    assert [path.name for path in cache.rglob("*") if path.is_file()] == ["imdb_word_index.json"]
    assert not is_cached(cache, "keras.datasets.imdb")
    assert missing_files(cache, "keras.datasets.imdb") == [cache / "keras/datasets/imdb.npz"]


def test_a_cached_file_is_never_replaced(tmp_path: Path) -> None:
    put(tmp_path / "cache", "keras/datasets/mnist.npz")
    put(tmp_path / "staging", "keras/datasets/mnist.npz")
    (tmp_path / "staging/keras/datasets/mnist.npz").write_bytes(b"newer")
    take_over(tmp_path / "staging", tmp_path / "cache", MNIST)
    assert (tmp_path / "cache/keras/datasets/mnist.npz").read_bytes().startswith(b"content of")


def test_both_sides_know_the_same_data_sets() -> None:
    source = (Path(__file__).parents[2] / "training/pushtune_runtime/fetch_datasets.py").read_text()
    assert {name for name in DATASETS if f'"{name}"' in source} == set(DATASETS)
    assert source.count('": lambda: ') == len(DATASETS)


def test_the_wait_for_another_process_is_bounded(settings: Settings) -> None:
    settings.home.mkdir(parents=True, exist_ok=True)
    with (settings.home / "datasets.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        (warning,) = ask(settings, {MNIST: "train.py:3"}, limit_seconds=-60)
    assert f"another process has held {settings.home}/datasets.lock for 0 seconds. Put mnist.npz (from" in warning


@pytest.mark.docker
def test_a_container_that_does_not_end_is_removed(settings: Settings, client: Any, image: str) -> None:
    engine = ContainerEngine(client)
    (warning,) = ask(settings, {MNIST: "train.py:3"}, engine, lambda: image, limit_seconds=0)
    assert "failed: it took longer than 0 seconds. Put mnist.npz" in warning
    assert engine.find(f"pushtune-datasets-{installation_id(settings)}") is None
    assert not list(settings.home.glob("datasets-*"))


@pytest.fixture(scope="module")
def cnn(client: Any) -> str:
    tag = image_tag("cnn")
    if not client.images(name=tag):
        pytest.skip(f"{tag} is not there: build it with `make images`")
    return tag


@pytest.mark.docker
@pytest.mark.slow
def test_without_a_way_to_the_data_the_warning_says_what_to_do(
    settings: Settings, client: Any, cnn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # in the container as well: nothing answers there
    settings = settings.model_copy(update={"trial_memory_bytes": 2**31})
    (warning,) = ask(settings, {MNIST: "train.py:3"}, ContainerEngine(client), lambda: cnn)
    assert warning.startswith(f"train.py:3: {MNIST} is not in {settings.datasets}, and training has no network.")
    assert "URL fetch failure on https://" in warning
    assert "Put mnist.npz (from https://" in warning
    assert warning.endswith(f"into {settings.datasets}/keras/datasets, then clear this run.")
    assert not list(settings.datasets.rglob("*.npz"))
    shutil.rmtree(settings.home)
