"""What the host's distribution can give: packages installed by root, and root file systems made of its packages.

The host's own apt sources, proxy and certificates are used, whatever they are; none of them stays in the result.
"""

import os
import platform
import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

APT_TIMEOUT_SECONDS = 600
ROOTFS_TIMEOUT_SECONDS = 900
_INDEX_FORMAT = "$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(SIGNED_BY)"
OnLine = Callable[[str], None]
_EXCLUDED_PATHS = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")


class DistributionFailed(Exception):
    """A program of the distribution failed; the text holds the last lines of its log."""


def can_install() -> bool:
    """Say whether this process may install packages: root on Debian, Ubuntu or a relative."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install_packages(*names: str, on_line: OnLine = lambda line: None) -> None:
    """Install packages that are missing, without recommended ones. Raises DistributionFailed."""
    install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *names]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        _run(install, APT_TIMEOUT_SECONDS, on_line, environment)
    except DistributionFailed:  # the package lists are missing or too old
        _run(["apt-get", "update", "--quiet"], APT_TIMEOUT_SECONDS, on_line, environment)
        _run(install, APT_TIMEOUT_SECONDS, on_line, environment)


def python_version() -> str | None:
    """Return the version of the package python3 that a root file system would hold, such as ``3.11.2``."""
    shown = _output(["apt-cache", "show", "--no-all-versions", "python3"])
    found = re.search(r"^Version: (?:\d+:)?(\d+\.\d+\.\d+)", shown, re.MULTILINE)
    return found.group(1) if found else None


def make_rootfs(packages: list[str], tarball: Path, on_line: OnLine = lambda line: None) -> None:
    """Write a tarball of a minimal system with ``packages``; needs root and mmdebstrap. Raises DistributionFailed."""
    sources = tarball.with_name("sources.list")
    sources.write_text("".join(f"{line}\n" for line in source_lines()))
    hooks = 'rm -rf "$1"/etc/apt/sources.list* "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/var/log/*'
    command = [
        "mmdebstrap", "--variant=essential", "--format=tar", f"--include={','.join(packages)}",
        *(f"--dpkgopt=path-exclude={path}" for path in _EXCLUDED_PATHS), "--dpkgopt=force-unsafe-io",
        *(f"--aptopt={option}" for option in acquire_options()),
        f"--customize-hook={hooks}", platform.freedesktop_os_release()["VERSION_CODENAME"], str(tarball), str(sources),
    ]  # fmt: skip
    _run(command, ROOTFS_TIMEOUT_SECONDS, on_line, {**os.environ, "TMPDIR": str(tarball.parent)})


def source_lines() -> list[str]:
    """Return the host's apt sources that carry the distribution itself, as lines of a ``sources.list``.

    Sources of other vendors are left out: they need not be reachable, and their packages have no place in a base.
    """
    lines, release_file = set(), platform.freedesktop_os_release()
    names = {release_file["ID"].lower(), *release_file.get("ID_LIKE", "").lower().split()}
    for row in _output(["apt-get", "indextargets", "--format", _INDEX_FORMAT, "Created-By: Packages"]).splitlines():
        origin, uri, release, component, signed_by = row.split("|")
        if origin.lower() in names:
            options = "" if signed_by.startswith("$(") or not signed_by else f"[signed-by={signed_by}] "
            lines.add(f"deb {options}{uri} {release} {component}")
    return sorted(lines)


def acquire_options() -> list[str]:
    """Return the host's settings of apt downloads (proxy, certificates, retries, date checks) as apt options."""
    wanted = re.compile(r'^Acquire::(?:https?|ftp|Check-|Retries|ForceIPv)[^ ]* "(?:[^"]+)";$')
    return [line for line in _output(["apt-config", "dump", "Acquire"]).splitlines() if wanted.match(line)]


def _output(command: list[str]) -> str:
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False).stdout


def _run(command: list[str], timeout_seconds: float, on_line: OnLine, environment: dict[str, str]) -> None:
    lines: list[str] = []
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", env=environment,
    ) as process:  # fmt: skip
        timer = threading.Timer(timeout_seconds, process.kill)
        timer.start()
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            on_line(line.strip())
        timer.cancel()
    if process.returncode != 0:
        raise DistributionFailed(f"{' '.join(command[:2])} ended with {process.returncode}\n" + "\n".join(lines[-12:]))
