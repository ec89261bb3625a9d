"""Files of secrets are written by several processes at once, and by one that is interrupted."""

from pathlib import Path

import pytest

from pushtune.commands.private_files import write_private


def test_a_file_is_its_owners_and_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secret.json"
    for text in ("first, and longer", "second"):
        write_private(path, text)
        assert (path.read_text(), path.stat().st_mode & 0o777) == (text, 0o600)
    assert list(path.parent.iterdir()) == [path]


def test_another_writer_is_not_disturbed(tmp_path: Path) -> None:
    path = tmp_path / "secret.json"
    replace = Path.replace

    def after_another(aside: Path, target: Path) -> Path:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Path, "replace", replace)
            write_private(path, "another")
        return replace(aside, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", after_another)
        write_private(path, "this one")
    assert path.read_text() == "this one"
    assert list(tmp_path.iterdir()) == [path]


def test_what_could_not_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        write_private(tmp_path / "secret.json", "\udcff")
    assert list(tmp_path.iterdir()) == []
