"""The host's own pip, which knows the index, certificates and proxy, within bounds of time and disk space."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pushtune.running.disk_usage import folder_bytes
from pushtune.running.wheels import Platform

PIP_PROGRAM = Path(__file__).with_name("pip_for_image.py")
ATTEMPT_LIMIT_SECONDS = 300.0
DOWNLOAD_LIMIT_BYTES = 4 * 2**30
LOOK_INTERVAL_SECONDS = 1.0
LOG_LIMIT_LINES = 4000
_NOISE = re.compile(r"is ignored: it is neither|^WARNING: pip index is currently")


@dataclass(frozen=True)
class Attempt:
    """What one run of pip brought.

    Attributes:
        wheels: files that it downloaded, sorted; empty after a failure.
        log: what it said. failed: it ended with an error, or was ended.
    """

    wheels: tuple[Path, ...]
    log: str
    failed: bool


def download(
    lines: Sequence[str], constraints: str, folder: Path, platform: Platform, on_line: Callable[[str], None]
) -> Attempt:
    """Resolve ``lines`` and download the wheels for ``platform`` into ``folder``, which is emptied first.

    Only wheels are taken: a source archive would run code of the repository's choice on this host.
    """
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "tmp").mkdir(parents=True)
    (folder / "constraints.txt").write_text(constraints)
    wheels = folder / "wheels"
    arguments = [
        "download", "--progress-bar", "off", "--no-input", "--disable-pip-version-check", "--only-binary=:all:",
        *platform.pip_options(), "--constraint", str(folder / "constraints.txt"), "--dest", str(wheels), "--", *lines,
    ]  # fmt: skip
    failed, log = _run(arguments, platform, folder, on_line)
    return Attempt(() if failed else tuple(sorted(wheels.glob("*.whl"))), log, failed)


def is_known(name: str, folder: Path, platform: Platform) -> bool:
    """Say whether the index has ``name`` in any form, a source archive included; nothing is downloaded."""
    folder.mkdir(parents=True, exist_ok=True)
    failed, _ = _run(["index", "versions", "--disable-pip-version-check", "--no-input", "--", name], platform, folder)
    return not failed


def _run(
    arguments: list[str], platform: Platform, folder: Path, on_line: Callable[[str], None] = lambda line: None
) -> tuple[bool, str]:
    """Return whether pip failed, and its log."""
    command = [sys.executable, "-P", str(PIP_PROGRAM), json.dumps(platform.marker_environment()), *arguments]
    lines: list[str] = []
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", env={**os.environ, "TMPDIR": str(folder / "tmp")},
    ) as pip:  # fmt: skip
        guard = _Guard(pip, folder)
        guard.start()
        assert pip.stdout is not None
        for line in pip.stdout:
            if not _NOISE.search(line) and len(lines) < LOG_LIMIT_LINES:
                lines.append(line.rstrip()[:2000])
                on_line(line.strip().removeprefix("Downloading ").partition(" (from")[0])
        code = pip.wait()
        guard.ended.set()
        guard.join()
    if guard.breach:
        lines.append(f"ERROR: {guard.breach}")
    return bool(code or guard.breach), "\n".join(lines)


class _Guard(threading.Thread):
    """Ends pip once it has used up its time or its disk space."""

    def __init__(self, pip: "subprocess.Popen[str]", folder: Path) -> None:
        super().__init__(name="pip-guard", daemon=True)
        self.ended, self.breach = threading.Event(), ""
        self._pip, self._folder, self._deadline = pip, folder, time.monotonic() + ATTEMPT_LIMIT_SECONDS

    def run(self) -> None:
        while not self.ended.wait(LOOK_INTERVAL_SECONDS):
            if time.monotonic() > self._deadline:
                self.breach = f"pip needed more than {ATTEMPT_LIMIT_SECONDS:.0f} seconds and was ended"
            elif folder_bytes(self._folder, DOWNLOAD_LIMIT_BYTES) > DOWNLOAD_LIMIT_BYTES:
                self.breach = f"pip downloaded more than {DOWNLOAD_LIMIT_BYTES / 2**30:.0f} GiB and was ended"
            if self.breach:
                self._pip.kill()
                return
