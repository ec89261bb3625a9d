"""A clock that can be set for some processes, while they run: those that are started in ``environment``."""

import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")
FORMAT = "q"


class ShiftedClock:
    """The time of day of processes that are started in ``environment``; their time since the boot is untouched."""

    def __init__(self, folder: Path) -> None:
        self._library, self._file = folder / "shifted_clock.so", folder / "clock_shift"
        command = ["cc", "-shared", "-fPIC", "-O2", "-o", str(self._library), str(SOURCE), "-ldl"]
        subprocess.run(command, check=True, timeout=60)
        self._file.write_bytes(struct.pack(FORMAT, 0))
        self.seconds = 0

    @property
    def environment(self) -> dict[str, str]:
        """The variables that load it."""
        return {"LD_PRELOAD": str(self._library), "CLOCK_SHIFT_FILE": str(self._file)}

    def set_by(self, seconds: int) -> None:
        """Set the clock forward, or back, in all of the processes at once."""
        self.seconds += seconds
        with self._file.open("r+b") as stream:
            stream.write(struct.pack(FORMAT, self.seconds))
