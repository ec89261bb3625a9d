"""Tar archives made while they are sent, so that hundreds of megabytes need neither memory nor a temporary file."""

import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

CHUNK_BYTES = 1 << 20


def tar_stream(members: Iterable[tuple[str, Path | bytes]]) -> Iterator[bytes]:
    """Yield a tar archive of ``members``: name in the archive, and the file to read or the content itself.

    Owner and times are fixed, and modes are 0644, so that equal content gives an equal archive.
    """
    for name, source in members:
        header = tarfile.TarInfo(name)
        header.size = len(source) if isinstance(source, bytes) else source.stat().st_size
        yield header.tobuf(tarfile.PAX_FORMAT)
        yield from [source] if isinstance(source, bytes) else _chunks(source)
        yield b"\0" * (-header.size % tarfile.BLOCKSIZE)
    yield b"\0" * (2 * tarfile.BLOCKSIZE)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
