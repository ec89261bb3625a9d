"""Makes small repositories for the tests of this stage."""

from pathlib import Path

from pushtune.inspecting.inspection import Inspection, inspect_checkout


def repository(folder: Path, files: dict[str, str | bytes]) -> Path:
    """Write ``files`` (relative path -> content) below ``folder`` and return it."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def inspected(folder: Path, files: dict[str, str | bytes], entry: str | None = None) -> Inspection:
    """Return the inspection of a repository that holds ``files``."""
    return inspect_checkout(repository(folder, files), entry)
