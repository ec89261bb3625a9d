"""A package index of one's own: a folder of small wheels that the host's pip is pointed at, and nothing else."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest


class WheelIndex:
    """The index in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def add(self, name: str, version: str, *requires: str, tag: str = "py3-none-any", module: str = "") -> None:
        """Add a wheel; ``module`` is the source of its only module."""
        stem = f"{name.replace('-', '_')}-{version}"
        information = f"{stem}.dist-info"
        with zipfile.ZipFile(self.folder / f"{stem}-{tag}.whl", "w") as archive:
            archive.writestr(f"{name.replace('-', '_')}.py", module)
            needs = "".join(f"Requires-Dist: {line}\n" for line in requires)
            archive.writestr(
                f"{information}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"
            )
            archive.writestr(f"{information}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
            archive.writestr(f"{information}/RECORD", "")

    def add_source(self, name: str, version: str, witness: Path) -> None:
        """Add a source archive whose setup.py leaves ``witness`` behind where anything runs it."""
        call = f"setup(name={name!r}, version={version!r})"
        script = f"open({str(witness)!r}, 'w')\nfrom setuptools import setup\n{call}\n"
        with tarfile.open(self.folder / f"{name}-{version}.tar.gz", "w:gz") as archive:
            header = tarfile.TarInfo(f"{name}-{version}/setup.py")
            header.size = len(script)
            archive.addfile(header, io.BytesIO(script.encode()))


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WheelIndex:
    """An index of one's own."""
    found = WheelIndex(tmp_path / "index")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(found.folder))
    return found
