import os
import subprocess
import sys
from pathlib import Path

from tests.training.runtime_runs import TRAINING

from pushtune_runtime.environment import offer_datasets


def test_data_sets_are_linked_into_a_home_that_can_be_written(tmp_path: Path) -> None:
    mount, home = tmp_path / "mount", tmp_path / "home"
    (mount / "keras" / "datasets" / "fashion-mnist").mkdir(parents=True)
    (mount / "keras" / "datasets" / "mnist.npz").write_text("m")
    (mount / "keras" / "datasets" / "fashion-mnist" / "a.gz").write_text("f")
    (mount / "datasets" / "boston").mkdir(parents=True)
    (mount / "scikit_learn_data" / "openml").mkdir(parents=True)
    home.mkdir()
    offer_datasets(mount, home)
    offer_datasets(mount, home)
    assert (home / ".keras" / "datasets" / "mnist.npz").read_text() == "m"
    assert (home / ".keras" / "datasets" / "fashion-mnist" / "a.gz").read_text() == "f"
    assert (home / ".keras" / "datasets" / "boston").is_dir()
    assert (home / "scikit_learn_data" / "openml").is_dir()
    (home / ".keras" / "datasets" / "new.txt").write_text("a script may add its own")
    assert not (mount / "keras" / "datasets" / "new.txt").exists()


def test_what_is_there_already_stays(tmp_path: Path) -> None:
    mount, home = tmp_path / "mount", tmp_path / "home"
    (mount / "keras" / "datasets").mkdir(parents=True)
    (mount / "keras" / "datasets" / "mnist.npz").write_text("from the mount")
    (home / ".keras" / "datasets").mkdir(parents=True)
    (home / ".keras" / "datasets" / "mnist.npz").write_text("own")
    offer_datasets(mount, home)
    assert (home / ".keras" / "datasets" / "mnist.npz").read_text() == "own"


def test_threads_and_seeds_are_set(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom pushtune_runtime import environment\n"
        f"environment.prepare(3, Path({str(tmp_path)!r}))\nenvironment.seed_everything(5)\n"
        "import os, random\nprint(os.environ['TF_NUM_INTRAOP_THREADS'], random.random(), sys.dont_write_bytecode)\n"
    )
    outputs = set()
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60,
            env={**os.environ, "PYTHONPATH": str(TRAINING), "HOME": str(tmp_path)},
        )  # fmt: skip
        outputs.add(done.stdout)
    assert len(outputs) == 1
    assert outputs.pop().startswith("3 0.62")
