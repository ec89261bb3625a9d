"""Installs wheels into the virtual environment of an image, with bytecode; the image is what the container becomes.

The wheels were downloaded, and checked against the lock file, on the host: nothing here uses the network, so no
certificate, proxy or password of the host ever enters an image. The folder of this script is a volume, which stays out.
"""

import concurrent.futures
import importlib.util
import pathlib
import py_compile
import shutil
import subprocess
import sysconfig
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
ENVIRONMENT = pathlib.Path("/opt/venv")
LIBRARIES = pathlib.Path(sysconfig.get_path("purelib"))

# Large files that only a compiler or the libraries' own developers need.
UNUSED = ("tensorflow/include", *(f"{name}/**/tests" for name in ("numpy", "pandas", "scipy", "sklearn", "skimage")))


def main() -> None:
    """Install, remove what is never used, and compile."""
    subprocess.run(
        [
            str(unpack_installer()), "pip", "install", "--quiet", "--python", str(ENVIRONMENT / "bin" / "python"),
            "--requirement", str(HERE / "requirements.txt"), "--require-hashes", "--no-deps",
            "--no-index", "--find-links", str(HERE / "wheels"), "--no-cache", "--no-config",
        ],
        check=True,
    )  # fmt: skip
    for pattern in UNUSED:
        for folder in LIBRARIES.glob(pattern):
            shutil.rmtree(folder)
    compile_new_files()


def compile_new_files() -> None:
    """Give bytecode to every file that has none; the layers below have theirs, and a copy would only cost space."""
    files = [path for path in LIBRARIES.rglob("*.py") if not bytecode_of(path).exists()]
    with concurrent.futures.ProcessPoolExecutor() as pool:
        for _ in pool.map(compile_file, files, chunksize=32):
            pass


def bytecode_of(path: pathlib.Path) -> pathlib.Path:
    return pathlib.Path(importlib.util.cache_from_source(path))


def compile_file(path: pathlib.Path) -> None:
    # Images never change: bytecode that is never compared with its source makes imports quicker.
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(path), quiet=2, invalidation_mode=mode)  # a template that is no Python is passed over


def unpack_installer() -> pathlib.Path:
    """Return the path of the installer's program, taken from its wheel."""
    (wheel,) = (HERE / "wheels").glob("uv-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (member,) = [name for name in archive.namelist() if name.endswith(".data/scripts/uv")]
        program = pathlib.Path(archive.extract(member, HERE))
    program.chmod(0o755)
    return program


main()
