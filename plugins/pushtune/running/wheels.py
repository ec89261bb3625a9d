"""Downloads the wheels of a lock file with the host's own pip, for the Python of an image.

The host's pip already knows the way out: index, certificates, proxy, time-outs. Only wheels are taken, never source
archives, so nothing that is downloaded runs on the host; every file is checked against the hash in the lock file.
"""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from pushtune.errors import ImageBuildFailed

LOG_LINES_SHOWN = 12
# Newest C library that wheels are taken for: that of Debian 12, the oldest distribution that bases are made from.
GLIBC_MINOR_MAXIMUM = 36
_LEGACY_PLATFORMS = ("manylinux2014", "manylinux2010", "manylinux1", "linux")
_NETWORK_SIGNS = ("Connection", "timed out", "name resolution", "Max retries", "SSLError", "ProxyError")
_NO_PIP = re.compile("No module named '?pip")


@dataclass(frozen=True)
class Platform:
    """What wheels have to fit: the Python of an image, such as ``3.11.2``, and the machine, such as ``x86_64``."""

    python: str
    machine: str

    @property
    def python_minor(self) -> str:
        """The version without its last part, such as ``3.11``."""
        return ".".join(self.python.split(".")[:2])

    def marker_environment(self) -> dict[str, str]:
        """Return the values of environment markers on this platform (PEP 508)."""
        return {
            "python_version": self.python_minor, "python_full_version": self.python,
            "implementation_name": "cpython", "implementation_version": self.python,
            "platform_python_implementation": "CPython", "platform_machine": self.machine,
            "os_name": "posix", "sys_platform": "linux", "platform_system": "Linux",
            "platform_release": "", "platform_version": "",
        }  # fmt: skip

    def pip_options(self) -> list[str]:
        """Return the options that make pip choose wheels for this platform."""
        abi = "cp" + self.python_minor.replace(".", "")
        names = [f"manylinux_2_{minor}" for minor in range(GLIBC_MINOR_MAXIMUM, 4, -1)] + list(_LEGACY_PLATFORMS)
        platforms = [option for name in names for option in ("--platform", f"{name}_{self.machine}")]
        return [
            "--python-version", self.python_minor, "--implementation", "cp",
            "--abi", abi, "--abi", "abi3", "--abi", "none", *platforms,
        ]  # fmt: skip


def select_requirements(lock_text: str, platform: Platform, installed: str = "") -> str:
    """Return the entries of a lock file that apply to ``platform``, without markers.

    Args:
        lock_text: ``name==version ; marker`` with hashes, as `make lock` writes it.
        platform: decides the markers. pip would decide them by the host's Python instead.
        installed: lock files of the images below, whose entries are left out.
    """
    present = {name for name, _ in _entries(installed, platform)}
    return "".join(f"{entry}\n" for name, entry in _entries(lock_text, platform) if name not in present)


def _entries(lock_text: str, platform: Platform) -> list[tuple[str, str]]:
    environment, entries = platform.marker_environment(), []
    for block in re.findall(r"^[A-Za-z0-9].*(?:\n[ \t]+--hash=.*)*", lock_text, re.MULTILINE):
        head, _, hashes = block.partition("\\\n")
        requirement = Requirement(head.strip())
        if requirement.marker is None or requirement.marker.evaluate(environment):
            name = f"{requirement.name}{requirement.specifier}"
            entries.append((name, name + " \\\n" + hashes.rstrip("\\ ")))
    return entries


def download_wheels(
    requirements_text: str, folder: Path, platform: Platform, on_line: Callable[[str], None] = lambda line: None
) -> list[Path]:
    """Download the wheels of ``requirements_text`` into ``folder`` and return their paths, sorted.

    Args:
        on_line: is told what is being downloaded.

    Raises:
        ImageBuildFailed: pip is missing or failed; the text holds its last lines and what to do.
    """
    folder.mkdir(parents=True, exist_ok=True)
    requirements_file = folder.with_name(folder.name + ".requirements.txt")
    requirements_file.write_text(requirements_text)
    command = [
        sys.executable, "-m", "pip", "download", "--progress-bar", "off", "--no-input", "--disable-pip-version-check",
        "--no-deps", "--only-binary=:all:", "--require-hashes", *platform.pip_options(),
        "--requirement", str(requirements_file), "--dest", str(folder),
    ]  # fmt: skip
    lines: list[str] = []
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            if "is ignored: it is neither" not in line:
                lines.append(line.rstrip())
                on_line(line.strip().removeprefix("Downloading ").partition(" (from")[0])
    if pip.returncode != 0:
        raise ImageBuildFailed(
            "The libraries of an image must be downloadable with this host's pip.",
            "\n".join(lines[-LOG_LINES_SHOWN:]), download_remedy("\n".join(lines)),
        )
    return sorted(folder.glob("*.whl"))


def is_host_problem(log: str) -> bool:
    """Say whether pip failed for a reason of this host (network, disk, pip itself), not of what it was asked for."""
    signs = (*_NETWORK_SIGNS, "No space left on device")
    return bool(_NO_PIP.search(log)) or any(sign in log for sign in signs)


def download_remedy(log: str) -> str:
    """Return what can be done about a failed download, as far as pip's ``log`` tells."""
    if "No space left on device" in log:
        return "Free some disk space and run the command again."
    if _NO_PIP.search(log):
        return f"Install pip for this Python: {sys.executable} -m ensurepip"
    if "DO NOT MATCH THE HASHES" in log:
        return "The index serves other files than the lock file names: do not trust it, or run `make lock`."
    if any(sign in log for sign in _NETWORK_SIGNS):
        return "Check the network, and pip's index, proxy and certificate: `pip config list`."
    return "Check that pip's index has these versions: `pip config list`, or lock again (`make lock`)."
