"""Makes the virtual environment, the user and the mount points of an image that holds Python."""

import compileall
import pathlib
import py_compile
import re
import shutil
import subprocess
import sys
import sysconfig

USER_ID = 10001
MOUNT_POINTS = ("/pushtune/trial", "/pushtune/code", "/pushtune/datasets")


def main() -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "/opt/venv"], check=True)
    with pathlib.Path("/etc/passwd").open("a") as passwd, pathlib.Path("/etc/group").open("a") as group:
        passwd.write(f"pushtune:x:{USER_ID}:{USER_ID}:Pushtune:/tmp:/usr/sbin/nologin\n")
        group.write(f"pushtune:x:{USER_ID}:\n")
    for folder in MOUNT_POINTS:
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    remove_installers()
    compile_standard_library()


def remove_installers() -> None:
    """Remove what could install software: the environment above needs none of it."""
    for name in ("purelib", "platlib"):
        for pattern in ("pip*", "setuptools*", "wheel*"):
            for path in pathlib.Path(sysconfig.get_path(name)).glob(pattern):
                shutil.rmtree(path, ignore_errors=True)


def compile_standard_library() -> None:
    """The official image comes without bytecode; the root of a trial is read-only, so it could never be kept."""
    compileall.compile_dir(
        sysconfig.get_path("stdlib"), quiet=2, workers=0, rx=re.compile(r"/(test|tests|lib2to3|idlelib)/"),
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )  # fmt: skip


main()
