import ast
from pathlib import Path

from pushtune_runtime.work_folder import LINK_ABOVE_BYTES, lay_out, starting_folder


def test_small_files_are_copied_and_large_ones_linked(tmp_path: Path) -> None:
    code, work = tmp_path / "code", tmp_path / "work"
    (code / "data").mkdir(parents=True)
    (code / ".git").mkdir()
    (code / "train.py").write_text("pass\n")
    (code / "data" / "large.bin").write_bytes(b"x" * (LINK_ABOVE_BYTES + 1))
    (code / "data" / "link").symlink_to("large.bin")
    (code / "train.py").chmod(0o444)
    lay_out(code, work)
    assert not (work / "train.py").is_symlink()
    assert (work / "train.py").stat().st_mode & 0o200
    assert (work / "data" / "large.bin").is_symlink()
    assert (work / "data" / "link").stat().st_size == LINK_ABOVE_BYTES + 1
    assert not (work / ".git").exists()


def test_a_resumed_run_keeps_its_own_files(tmp_path: Path) -> None:
    code, work = tmp_path / "code", tmp_path / "work"
    code.mkdir()
    (code / "log.txt").write_text("from the repository")
    (code / "gone.txt").write_text("again")
    lay_out(code, work)
    (work / "log.txt").write_text("from the first process")
    (work / "gone.txt").unlink()
    lay_out(code, work)
    assert (work / "log.txt").read_text() == "from the first process"
    assert (work / "gone.txt").read_text() == "again"


def test_the_script_starts_where_its_paths_are(tmp_path: Path) -> None:
    (tmp_path / "src" / "data").mkdir(parents=True)
    (tmp_path / "data.csv").write_text("")
    (tmp_path / "src" / "data" / "a.csv").write_text("")
    beside = starting_folder(tmp_path, "src/train.py", ast.parse("open('data/a.csv')"))
    root = starting_folder(tmp_path, "src/train.py", ast.parse("open('data.csv'); open('out.txt', 'w')"))
    odd = starting_folder(tmp_path, "src/train.py", ast.parse("x = '\\0' + '..' + '" + "y" * 300 + "'"))
    assert beside == tmp_path / "src"
    assert root == odd == tmp_path
