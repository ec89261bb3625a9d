"""Public data sets: fetched by a container of our own, named where they cannot be had, read by a training container."""

import fcntl
import gzip
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pushtune.commands.build_images import ensure_images
from pushtune.inspecting.inspection import inspect_checkout
from pushtune.running.container_engine import ContainerEngine
from pushtune.running.container_labels import fetching_labels, installation_id
from pushtune.running.dataset_cache import DATASETS, complete_names, is_cached, missing_files, take_over
from pushtune.running.datasets import provide_datasets
from pushtune.running.hardening import host_config_arguments
from pushtune.running.path_bridges import find_bridges, find_output_folders
from pushtune.running.workspace import prepare_trial, run_folder
from pushtune.settings import Settings
from pushtune_contract.request import TrialRequest
from pushtune_contract.result import read_result

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


@pytest.fixture
def closed_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def modes(cache: Path) -> dict[str, str]:
    places = (cache, *cache.rglob("*"))
    return {path.relative_to(cache).as_posix(): f"{path.stat().st_mode & 0o777:o}" for path in places}


def test_what_is_taken_over_is_readable_for_containers(tmp_path: Path, closed_umask: None) -> None:
    cache = tmp_path / "home" / "datasets"
    put(tmp_path / "staging", "keras/datasets/mnist.npz")
    take_over(tmp_path / "staging", cache, MNIST)
    expected = {".": "755", "keras": "755", "keras/datasets": "755", "keras/datasets/mnist.npz": "644"}
    assert modes(cache) == expected
    assert (tmp_path / "home").stat().st_mode & 0o077 == 0, "what lies above is not for others"


def test_what_lies_there_already_becomes_readable(settings: Settings, closed_umask: None) -> None:
    put(settings.datasets, "keras/datasets/mnist.npz", "own/folder/data.csv")
    (settings.home / "secret").write_text("")
    (settings.datasets / "link").symlink_to(settings.home / "secret")
    assert ask(settings, {MNIST: "train.py:3"}) == []
    assert modes(settings.datasets) == {
        ".": "755", "keras": "755", "keras/datasets": "755", "keras/datasets/mnist.npz": "644",
        "own": "755", "own/folder": "755", "own/folder/data.csv": "644", "link": "600",
    }  # fmt: skip


def test_further_names_are_readable_where_there_are_no_hard_links(
    settings: Settings, closed_umask: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("os.link", refused)
    put(settings.datasets, "datasets/cifar-10-python.tar.gz")
    assert ask(settings, {CIFAR: "train.py:3"}) == []
    assert {name: mode for name, mode in modes(settings.datasets).items() if mode not in ("755", "644")} == {}
    assert (settings.datasets / "keras/datasets/cifar-10-batches-py.tar.gz").is_file()


@pytest.mark.skipif(os.getuid() != 0, reason="only root may become another user")
def test_the_user_of_the_containers_can_read_it(settings: Settings, closed_umask: None) -> None:
    put(settings.datasets, "keras/datasets/mnist.npz")
    ask(settings, {MNIST: "train.py:3"})
    folder = os.open(settings.datasets, os.O_RDONLY)  # as a mount: what lies above does not matter
    try:
        uid = settings.container_uid
        done = subprocess.run(
            ["cat", "keras/datasets/mnist.npz"], preexec_fn=lambda: os.fchdir(folder), user=uid, group=uid,
            extra_groups=[], capture_output=True, pass_fds=[folder],
        )  # fmt: skip
    finally:
        os.close(folder)
    assert done.stdout.startswith(b"content of")


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


class RefusingEngine:
    """An engine that keeps what a container would have been created with."""

    def remove(self, name: str) -> None: ...

    def training_user(self, uid: int) -> str:
        return f"{uid}:{uid}"

    def create(self, name: str, image: str, host_config: Any, **arguments: Any) -> str:
        self.labels = arguments["labels"]
        raise OSError("no engine here")


def test_the_container_says_whose_it_is(settings: Settings) -> None:
    engine = RefusingEngine()
    (warning,) = ask(settings, {MNIST: "train.py:3"}, engine, lambda: "image")
    assert "no engine here" in warning
    assert engine.labels == fetching_labels(settings)


@pytest.mark.docker
def test_a_container_that_does_not_end_is_removed(settings: Settings, client: Any, image: str) -> None:
    engine = ContainerEngine(client)
    (warning,) = ask(settings, {MNIST: "train.py:3"}, engine, lambda: image, limit_seconds=0)
    assert "failed: it took longer than 0 seconds. Put mnist.npz" in warning
    assert engine.find(f"pushtune-datasets-{installation_id(settings)}") is None
    assert not list(settings.scratch.glob("*-*"))


@pytest.fixture(scope="module")
def cnn() -> str:
    return ensure_images(["cnn"])["cnn"]


@pytest.fixture
def roomy(settings: Settings) -> Settings:
    settings.home.mkdir(parents=True)
    return settings.model_copy(update={"trial_memory_bytes": 2 * 2**30})


@pytest.mark.docker
@pytest.mark.slow
def test_without_a_way_to_the_data_the_warning_says_what_to_do(
    roomy: Settings, client: Any, cnn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # in the container as well: nothing answers there
    (warning,) = ask(roomy, {MNIST: "train.py:3"}, ContainerEngine(client), lambda: cnn)
    assert warning.startswith(f"train.py:3: {MNIST} is not in {roomy.datasets}, and training has no network.")
    assert "own loader failed: URL fetch failure on https://" in warning
    assert "Put mnist.npz (from https://" in warning
    assert warning.endswith(f"into {roomy.datasets}/keras/datasets, then clear this run.")
    assert not list(roomy.datasets.rglob("*.npz"))
    assert {path.name for path in roomy.home.iterdir()} == {"datasets", "datasets.lock", "scratch"}
    assert not list(roomy.scratch.iterdir())


SCRIPT = """\
from tensorflow import keras
(x, y), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()
x, x_test = x[:2000, ..., None] / 255.0, x_test[:500, ..., None] / 255.0
model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(4, 3, 2), keras.layers.Flatten(),
                          keras.layers.Dense(10, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y[:2000], epochs=2, batch_size=32)
model.evaluate(x_test, y_test[:500])
model.save("saved/fashion/model.keras")
print("columns", open("C:/Users/me/columns.csv").read())
"""


@pytest.mark.docker
@pytest.mark.slow
def test_an_unmodified_script_trains_on_the_cached_data_without_a_network(
    roomy: Settings, client: Any, cnn: str, fashion_mnist: Path
) -> None:
    cached = roomy.datasets / "keras/datasets/fashion-mnist"
    shutil.copytree(fashion_mnist, cached, ignore=shutil.ignore_patterns("*.md"))
    checkout = roomy.home / "checkout"
    checkout.mkdir()
    (checkout / "train.py").write_text(SCRIPT)
    (checkout / "columns.csv").write_text("a,b,c")
    inspection = inspect_checkout(checkout).as_document()
    assert inspection["dataset_places"] == {"keras.datasets.fashion_mnist": "train.py:2"}
    assert ask(roomy, inspection["dataset_places"]) == []
    request = TrialRequest(
        "baseline", inspection["entry"], path_bridges=find_bridges(inspection["paths"]),
        output_folders=find_output_folders(inspection["paths"]),
    )  # fmt: skip
    spec = prepare_trial(run_folder(roomy, "fashion", "manual__1"), "baseline", request, checkout, roomy)
    lines = trained(ContainerEngine(client), roomy, spec, cnn)
    result = read_result(spec["folder"])
    assert result.status == "done", lines
    assert result.objective is not None and result.objective.value > 0.15
    assert result.samples["test"] == 500
    assert "columns a,b,c" in lines
    assert (Path(spec["folder"]) / "output/saved/fashion/model.keras").is_file()
    mounted = sorted(path.name for path in (roomy.datasets / "keras/datasets").rglob("*") if path.is_file())
    assert len(mounted) == 4, "the cache is as it was"


def trained(engine: ContainerEngine, settings: Settings, spec: dict[str, Any], image: str) -> str:
    """Run the trial as the operator does; return the log of its container."""
    user = f"{settings.container_uid}:{settings.container_uid}"
    host_config = host_config_arguments(settings, spec)
    assert host_config["network_mode"] == "none"
    container = engine.create(f"pushtune-test-{installation_id(settings)}", image, host_config, user=user)
    try:
        engine.start(container)
        return b"".join(engine.logs(container, 1000, follow=True)).decode(errors="replace")
    finally:
        engine.remove(container)


@pytest.fixture
def fashion_mnist(tmp_path: Path) -> Path:
    """A folder with the four files: the real ones from FASHION_MNIST_FOLDER, else made-up pictures."""
    if "FASHION_MNIST_FOLDER" in os.environ:
        return Path(os.environ["FASHION_MNIST_FOLDER"])
    folder = tmp_path / "fashion-mnist"
    folder.mkdir()
    for part, number in (("train", 2000), ("t10k", 500)):
        labels = [index % 10 for index in range(number)]
        pictures = b"".join(bytes([25 * label] * (28 * 28)) for label in labels)
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(bytes(8) + bytes(labels)))
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(bytes(16) + pictures))
    return folder
