"""What the repository's own files run."""

from pathlib import Path

import pytest
from tests.inspecting.inspecting_helpers import repository

from pushtune.inspecting.repository_files import Deadline, list_repository
from pushtune.inspecting.run_commands import RunCommand, find_run_commands


def _commands(folder: Path, name: str, text: str) -> list[RunCommand]:
    soon = Deadline.after(60)
    return find_run_commands(list_repository(repository(folder, {name: text}), soon), soon).commands


@pytest.mark.parametrize(
    ("name", "text", "target", "arguments"),
    [
        ("Dockerfile", 'CMD ["python3", "/code/train.py"]', "/code/train.py", ()),
        ("Dockerfile", 'ENTRYPOINT ["python", "-u", "train.py", "--epochs", "3"]', "train.py", ("--epochs", "3")),
        ("docker/Dockerfile.gpu", "CMD python train.py --lr=0.1", "train.py", ("--lr=0.1",)),
        ("Makefile", "train:\n\tpython -m src.train --fast", "src/train.py", ("--fast",)),
        ("Jenkinsfile", "sh 'sudo docker exec -t box python3 /root/cnn.py'", "/root/cnn.py", ()),
        (
            "run.sh",
            "CUDA_VISIBLE_DEVICES=0 python train.py data --lr 0.1 > log.txt",
            "train.py",
            ("data", "--lr", "0.1"),
        ),
        ("run.sh", "python train.py $1 --lr $LR", "train.py", ()),
        ("run.bat", "venv\\Scripts\\python.exe train.py", "train.py", ()),
        ("README.md", "Run `python train.py` and wait", "train.py", ()),
        ("README.md", "Run python train.py to train", "train.py", ()),
        ("README.md", "    $ python3 src/train.py --epochs 5", "src/train.py", ("--epochs", "5")),
        ("README.md", "python train.py --data <folder>", "train.py", ()),
        ("README.md", "./train.py --fast", "train.py", ("--fast",)),
        ("README.md", "Call (python train.py --lr 0.1) and wait.", "train.py", ("--lr", "0.1")),
        ("README.md", "Call `python train.py data --lr 1.` now", "train.py", ("data", "--lr", "1.")),
        ("README.md", "```\npython train.py \\\n  data # all\n```", "train.py", ("data",)),
        ("usage.md", "Run python train.py --lr 0.1 to train", "train.py", ("--lr", "0.1")),
        ("run.sh", "python train.py \\\n  --lr 0.1 \\\n  --fast\n", "train.py", ("--lr", "0.1", "--fast")),
        ("Jenkinsfile", "sh('python train.py --lr 0.1')", "train.py", ("--lr", "0.1")),
        ("compose.yml", 'command: ["python", "train.py", "--lr", "1"]', "train.py", ("--lr", "1")),
        ("Dockerfile", 'CMD ["--lr", "1"]\nENTRYPOINT ["python", "train.py"]', "train.py", ("--lr", "1")),
        ("Dockerfile", 'ENTRYPOINT ["python"]\nCMD ["train.py", "--name", "a b"]', "train.py", ("--name", "a b")),
        ("Dockerfile", 'FROM a\nENTRYPOINT ["x"]\nFROM b\nCMD ["python", "train.py"]', "train.py", ()),
        ("Dockerfile", 'ENTRYPOINT python train.py\nCMD ["--lr", "1"]', "train.py", ()),
        ("Dockerfile", 'ENTRYPOINT ["sh", "-c", "python train.py --lr 1"]', "train.py", ("--lr", "1")),
        ("README.md", "jupyter nbconvert --to notebook --execute train.ipynb", "train.ipynb", ()),
        (".github/workflows/ci.yml", "      - run: python train.py", "train.py", ()),
        ("dvc.yaml", "    cmd: python src/train.py", "src/train.py", ()),
    ],
)
def test_commands_are_found(tmp_path: Path, name: str, text: str, target: str, arguments: tuple[str, ...]) -> None:
    (command,) = _commands(tmp_path, name, text)
    assert (command.target, command.arguments, command.file) == (target, arguments, name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Dockerfile", "# CMD python train.py"),
        ("Dockerfile", "RUN pip install train.py.tools"),
        ("notes.txt", "python train.py"),
        ("README.md", "train.py holds the model"),
        ("run.sh", "# python old.py"),
        ("README.md", "```\n# python old.py\n```"),
    ],
)
def test_other_texts_run_nothing(tmp_path: Path, name: str, text: str) -> None:
    assert _commands(tmp_path, name, text) == []


def test_a_readme_that_names_a_script_is_a_mention(tmp_path: Path) -> None:
    soon = Deadline.after(60)
    files = list_repository(repository(tmp_path, {"README.md": "\nsrc/train.py trains\n"}), soon)
    assert find_run_commands(files, soon).mentions == {"train.py": ("README.md", 2, "src/train.py trains")}


@pytest.mark.parametrize(
    ("target", "path", "is_run"),
    [
        ("train.py", "train.py", True),
        ("./train.py", "train.py", True),
        ("train.py", "src/train.py", True),
        ("/code/train.py", "train.py", True),
        ("src/train.py", "other/train.py", False),
        ("retrain.py", "train.py", False),
    ],
)
def test_which_script_is_meant(tmp_path: Path, target: str, path: str, is_run: bool) -> None:
    soon = Deadline.after(60)
    files = list_repository(repository(tmp_path, {"run.sh": f"python {target}\n"}), soon)
    assert bool(find_run_commands(files, soon).of(path)) == is_run


def test_a_continued_command_is_on_its_first_line(tmp_path: Path) -> None:
    first, second = _commands(tmp_path, "run.sh", "python a.py \\\n  --lr 1\npython b.py\n")
    assert (first.line, second.line) == (1, 3)
