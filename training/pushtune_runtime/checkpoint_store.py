"""Checkpoints on disk: generations that are complete or absent, whatever moment the process is killed at.

A generation is a folder with three files::

    000012/arrays.bin      the arrays, one after another, as raw bytes (never pickled); then the blob, if there is one
    000012/state.json      identity, environment, the state, and what lies where in arrays.bin
    000012/manifest.txt    SHA-256 of the files above, and of the manifest itself

It is written aside, flushed to disk, checksummed, renamed, and the folder around it is flushed. The newest two
generations are kept, so that one which a disk has damaged does not cost everything.

The blob is opaque here. Where the caller unpickles it, this happens inside the training container, in the script's
own process: whoever can write the trial's folder can run code there anyway. Airflow never reads a checkpoint.
"""

import hashlib
import json
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple, Union

import numpy as np

from pushtune_contract.reading import sync_folder

GENERATIONS_KEPT = 2
CHUNK_BYTES = 1024 * 1024
ARRAYS_FILE = "arrays.bin"
STATE_FILE = "state.json"
MANIFEST_FILE = "manifest.txt"

_GENERATION_NAME = re.compile(r"[0-9]{6,}")
_ASIDE_PREFIX = ".aside-"


class DamagedCheckpoint(ValueError):
    """A generation is not, byte for byte, what was written."""


@dataclass(frozen=True)
class Checkpoint:
    """One complete generation.

    Attributes:
        generation: its number, rising with each write.
        arrays: name -> array, with the dtype and shape it was written with; read-only, read from disk when used.
        state: the caller's JSON data. blob: the caller's bytes, None where none were given.
        differences: facts of the environment that are not as they were when it was written; empty means that
            computing goes on exactly as it would have.
    """

    generation: int
    arrays: Dict[str, "np.ndarray[Any, Any]"]
    state: Dict[str, Any]
    blob: Optional[bytes] = None
    differences: List[str] = field(default_factory=list)


class CheckpointStore:
    """The generations of one series of checkpoints.

    Args:
        folder: where the generations lie; made if missing. Left-overs of a killed writer are removed.
        identity: facts that must be equal for a checkpoint to be used at all (script, overrides, seed, ...).
        environment: facts that should be equal (versions, threads, CPU); a difference is reported.

    Attributes:
        refused: why generations were passed over by ``newest``, newest first.
    """

    def __init__(self, folder: Union[str, Path], identity: Mapping[str, Any], environment: Mapping[str, Any]) -> None:
        self._folder = Path(folder)
        self._identity = json.loads(json.dumps(identity))
        self._environment = json.loads(json.dumps(environment))
        self.refused: List[str] = []
        self._folder.mkdir(parents=True, exist_ok=True)
        for leftover in self._folder.glob(_ASIDE_PREFIX + "*"):
            shutil.rmtree(leftover)

    def write(
        self, arrays: Mapping[str, "np.ndarray[Any, Any]"], state: Mapping[str, Any], blob: Optional[bytes] = None
    ) -> int:
        """Write the next generation and return its number; it survives a power cut once this has returned.

        Raises:
            OSError: the disk is full or fails; earlier generations are untouched, and nothing of this one is left.
        """
        generation = max(self._generations(), default=0) + 1
        aside = self._folder / f"{_ASIDE_PREFIX}{os.getpid()}-{generation}"
        try:
            os.mkdir(aside)
            self._write_files(aside, arrays, state, blob)
            os.rename(aside, self._folder / _name(generation))
        except OSError:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        sync_folder(self._folder)
        self._remove_old(GENERATIONS_KEPT)
        return generation

    def newest(self) -> Optional[Checkpoint]:
        """Return the newest generation that is intact and belongs to this identity; None where there is none.

        Damaged and foreign generations are passed over in favour of older ones; ``refused`` says why.
        """
        self.refused = []
        for generation in sorted(self._generations(), reverse=True):
            try:
                return self._read(generation)
            except DamagedCheckpoint as error:
                self.refused.append(f"checkpoint {_name(generation)}: {error}")
        return None

    def settle(self) -> None:
        """Keep the newest generation alone: nothing more will be written."""
        self._remove_old(1)

    def _generations(self) -> List[int]:
        return [int(entry.name) for entry in os.scandir(self._folder) if _GENERATION_NAME.fullmatch(entry.name)]

    def _remove_old(self, kept: int) -> None:
        for generation in sorted(self._generations())[:-kept]:
            doomed = self._folder / f"{_ASIDE_PREFIX}{os.getpid()}-removed-{generation}"
            os.rename(self._folder / _name(generation), doomed)
            shutil.rmtree(doomed)

    def _write_files(
        self, aside: Path, arrays: Mapping[str, "np.ndarray[Any, Any]"], state: Mapping[str, Any], blob: Optional[bytes]
    ) -> None:
        index, pieces = _lay_out(arrays)
        document = {
            "identity": self._identity,
            "environment": self._environment,
            "state": state,
            "arrays": index,
            "blob_bytes": None if blob is None else len(blob),
        }
        sums = {
            ARRAYS_FILE: _write_file(aside / ARRAYS_FILE, [*pieces, blob or b""]),
            STATE_FILE: _write_file(aside / STATE_FILE, [json.dumps(document).encode("utf-8")]),
        }
        _write_file(aside / MANIFEST_FILE, [_manifest(sums)])
        # All is written before anything is flushed, so that the disk is waited for about once.
        for name in (ARRAYS_FILE, STATE_FILE, MANIFEST_FILE):
            _flush(aside / name)
        sync_folder(aside)

    def _read(self, generation: int) -> Checkpoint:
        folder = self._folder / _name(generation)
        _verify(folder)
        document = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
        _refuse_foreign(self._identity, document["identity"])
        arrays, rest = _pick_up(document["arrays"], folder / ARRAYS_FILE)
        return Checkpoint(
            generation=generation,
            arrays=arrays,
            state=document["state"],
            blob=None if document["blob_bytes"] is None else rest.tobytes(),
            differences=_differences(document["environment"], self._environment),
        )


def _name(generation: int) -> str:
    return f"{generation:06d}"


def _lay_out(arrays: Mapping[str, "np.ndarray[Any, Any]"]) -> Tuple[List[Dict[str, Any]], List[memoryview]]:
    """Return the index (name, dtype, shape, bytes; in file order) and the raw bytes of ``arrays``."""
    index = []
    pieces = []
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"an array of a checkpoint must hold numbers or texts, but {name!r} holds Python objects")
        # str() keeps the byte order and the length of texts; extension types such as bfloat16 only have a name.
        dtype = array.dtype.name if array.dtype.kind == "V" else array.dtype.str
        flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        index.append({"name": name, "dtype": dtype, "shape": list(array.shape), "bytes": flat.nbytes})
        pieces.append(flat.data)
    return index, pieces


def _pick_up(
    index: List[Dict[str, Any]], path: Path
) -> "Tuple[Dict[str, np.ndarray[Any, Any]], np.ndarray[Any, Any]]":
    """Return the arrays that ``_lay_out`` laid out, and what follows them; mapped, so not in memory twice."""
    content = np.zeros(0, np.uint8)
    if path.stat().st_size > 0:
        content = np.memmap(path, dtype=np.uint8, mode="r").view(np.ndarray)
    arrays = {}
    offset = 0
    for entry in index:
        piece = content[offset : offset + entry["bytes"]]
        arrays[entry["name"]] = piece.view(entry["dtype"]).reshape(entry["shape"])
        offset += entry["bytes"]
    return arrays, content[offset:]


def _write_file(path: Path, pieces: Iterable[Union[bytes, memoryview]]) -> str:
    """Write ``pieces`` to the new file ``path`` and return the SHA-256 of its content."""
    digest = hashlib.sha256()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        for piece in pieces:
            digest.update(piece)
            rest = memoryview(piece)
            while len(rest) > 0:  # one call writes at most 2 GiB
                rest = rest[os.write(handle, rest) :]
    finally:
        os.close(handle)
    return digest.hexdigest()


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _manifest(sums: Mapping[str, str]) -> bytes:
    """Return lines as ``sha256sum`` writes them, closed by one for the manifest itself."""
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
    return f"{lines}{hashlib.sha256(lines.encode()).hexdigest()}  {MANIFEST_FILE}\n".encode()


def _verify(folder: Path) -> None:
    """Raise DamagedCheckpoint unless every byte of a generation is as it was written."""
    try:
        manifest = (folder / MANIFEST_FILE).read_bytes()
        sums = {name: _digest(folder / name) for name in (ARRAYS_FILE, STATE_FILE)}
    except OSError as error:
        raise DamagedCheckpoint(f"a file is missing or unreadable ({error.strerror})") from error
    if manifest != _manifest(sums):
        raise DamagedCheckpoint("its content does not match its checksums")


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for piece in iter(lambda: stream.read(CHUNK_BYTES), b""):
            digest.update(piece)
    return digest.hexdigest()


def _refuse_foreign(expected: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    differing = _differing(found, expected)
    if differing:
        raise DamagedCheckpoint(f"it belongs to another run: {', '.join(differing)} differ")


def _differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> List[str]:
    return [f"{name} was {then.get(name)} and is {now.get(name)}" for name in _differing(then, now)]


def _differing(then: Mapping[str, Any], now: Mapping[str, Any]) -> List[str]:
    return [name for name in sorted({*then, *now}) if then.get(name) != now.get(name)]
