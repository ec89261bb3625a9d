"""Empty wheels that stand for what an image holds, so that the installer takes those versions and downloads none.

pip resolves against an index; it cannot be told that a distribution is already there elsewhere. A constraint that
points at an empty wheel of the same name and version says exactly that.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path

# Distribution in an image -> others that bring the same modules, and must not be put over them.
SAME_MODULES = {
    "tensorflow-cpu": ("tensorflow", "tensorflow-gpu", "tensorflow-intel", "tf-nightly"),
    "opencv-python-headless": ("opencv-python",),
    "xgboost-cpu": ("xgboost",),
}
# Needs libraries of a desktop that no container has; the other one brings the same module without windows.
WINDOWED_OPENCV, HEADLESS_OPENCV = "opencv-python", "opencv-python-headless"
OPENCV_STAND_IN_VERSION = "4.13.0"


def provided(distributions: Mapping[str, str]) -> dict[str, str]:
    """Return name -> version of all that counts as being in an image that holds ``distributions``."""
    found = dict(distributions)
    for name, others in SAME_MODULES.items():
        if name in distributions:
            found.update({other: distributions[name] for other in others if other not in distributions})
    found.setdefault(WINDOWED_OPENCV, OPENCV_STAND_IN_VERSION)
    return found


def write_stubs(versions: Mapping[str, str], folder: Path) -> str:
    """Write an empty wheel for each of ``versions`` into ``folder``; return the constraints that point at them."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for name, version in sorted(versions.items()):
        path = folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        _write_stub(path, name, version)
        lines.append(f"{name} @ {path.resolve().as_uri()}\n")
    return "".join(lines)


def _write_stub(path: Path, name: str, version: str) -> None:
    folder = f"{name.replace('-', '_')}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{folder}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{folder}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{folder}/RECORD", "")
