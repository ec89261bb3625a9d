"""Scripts with paths of their author's machine, and with folders that only exist there."""

from pathlib import Path

from tests.training.runtime_runs import run, run_text

SCRIPT = """\
import os, helper
TRAIN = r"C:\\\\Users\\\\me\\\\iris.csv"
FOLDER = "/content/drive/My Drive/data/"
print(open(TRAIN).read().strip(), open(FOLDER + "iris.csv").read().strip(), helper.read())
open("/home/me/models/best.txt", "w").write("best")
open("logs/run/log.txt", "w").write("log")
os.mkdir("logs")
try:
    os.mkdir("logs")
except FileExistsError:
    print("exists")
print(f"{'/kept/as/it/is'} {__file__.endswith('train.py')}", "/etc/hostname")
raise RuntimeError("the end")
"""
HELPER = 'def read():\n    return open("/kaggle/input/x/iris.csv").read().strip()\n'
BRIDGES = {
    r"C:\\Users\\me\\iris.csv": "data/iris.csv", "/content/drive/My Drive/data/": "data",
    "/kaggle/input/x/iris.csv": "data/iris.csv", "/home/me/models/best.txt": "outputs/home/me/models/best.txt",
    "/etc/hostname": "data/iris.csv",
}  # fmt: skip


def repository(folder: Path) -> Path:
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "iris.csv").write_text("1,2,3")
    (folder / "train.py").write_text(SCRIPT)
    (folder / "helper.py").write_text(HELPER)
    return folder


def test_paths_are_replaced_in_memory_in_the_entry_and_in_its_modules(tmp_path: Path) -> None:
    code = repository(tmp_path / "code")
    done = run(tmp_path / "trial", code, path_bridges=BRIDGES, output_folders=["logs/run"])
    assert done.stdout.splitlines() == [
        "1,2,3 1,2,3 1,2,3", "exists", "/kept/as/it/is True /etc/hostname",
    ], done.stderr  # fmt: skip
    assert (done.output / "outputs/home/me/models/best.txt").read_text() == "best"
    assert (done.output / "logs/run/log.txt").read_text() == "log"
    assert done.result.error is not None
    assert (done.result.error.message, done.result.error.line) == ("RuntimeError: the end", 13)
    assert (done.output / "train.py").read_text() == SCRIPT
    assert (code / "train.py").read_text() == SCRIPT


def test_without_bridges_nothing_is_replaced(tmp_path: Path) -> None:
    done = run(tmp_path / "trial", repository(tmp_path / "code"))
    assert done.result.error is not None
    assert (done.result.error.kind, done.result.error.line) == ("FileNotFoundError", 4)


def test_a_folder_of_the_process_before_does_not_disturb_a_restart(tmp_path: Path) -> None:
    text = "import os\nos.makedirs('made/inner')\nprint(os.path.isdir('made/inner'))\n"
    first = run_text(tmp_path, text)
    again = run_text(tmp_path, text)
    assert (first.stdout, again.stdout) == ("True\n", "True\n"), again.stderr


def test_a_folder_of_the_repository_still_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "code" / "data").mkdir(parents=True)
    done = run_text(tmp_path, "import os\nos.mkdir('data')\n")
    assert done.result.error is not None
    assert done.result.error.kind == "FileExistsError"


def test_an_output_folder_that_cannot_be_made_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "taken").write_text("a file")
    done = run_text(tmp_path, "print('runs')\n", output_folders=["taken/inner"])
    assert done.stdout == "runs\n"
    assert "the output folder taken/inner cannot be created" in done.messages()
