"""A real browser that draws a page."""

import shutil
import subprocess
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
HOSTILE = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>'
NEEDS_BROWSER = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")]


def drawn_page(address: str, profile: Path) -> str:
    """Return the document tree once the page has drawn itself."""
    finished = subprocess.run(
        [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
         "--virtual-time-budget=6000", "--dump-dom", address],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr[-2000:]
    return finished.stdout
