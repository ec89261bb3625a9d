"""What tells the callbacks of a ``fit`` from those of another, and the rows that a CSVLogger has written so far."""

from pathlib import Path
from typing import Any, Dict, List


def kinds_of(callbacks: List[Any]) -> List[str]:
    """Return the class of each callback, in order."""
    return [type(callback).__qualname__ for callback in callbacks]


def csv_rows(callbacks: List[Any]) -> Dict[str, str]:
    """Return the text of each CSVLogger's file, by the number of the callback."""
    return {
        str(number): Path(callback.filename).read_bytes().decode("utf-8")  # line ends as they are
        for number, callback in enumerate(callbacks)
        if type(callback).__name__ == "CSVLogger" and getattr(callback, "csv_file", None) is not None
    }


def restore_csv_rows(callbacks: List[Any], rows: Dict[str, str]) -> None:
    """Fill the file of each CSVLogger, which opened it anew, and let it go on below the rows."""
    for number, text in rows.items():
        callback = callbacks[int(number)]
        callback.csv_file.seek(0)
        callback.csv_file.truncate()
        callback.csv_file.write(text)
        callback.csv_file.flush()
        callback.append_header = callback.append_header and not text
