"""The ledger's store as a dictionary that keeps what JSON keeps, and nothing else."""

import json
from typing import Any


class Died(Exception):
    """The process that wrote was killed."""


class MemoryStore:
    """Gets, sets and deletes JSON data, as the asset's state store does; counts the calls.

    Attributes: writes_left: after so many writes whoever writes dies; None for no end.
    """

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.calls = 0
        self.writes_left: int | None = None

    def get(self, key: str, default: Any = None) -> Any:
        self.calls += 1
        return json.loads(self.texts[key]) if key in self.texts else default

    def set(self, key: str, value: Any) -> None:
        assert value is not None, "Airflow's store refuses None"
        assert len(key) <= 512, "Airflow's store bounds keys"
        self._write()
        self.texts[key] = json.dumps(value)

    def delete(self, key: str) -> None:
        self._write()
        self.texts.pop(key, None)

    def _write(self) -> None:
        self.calls += 1
        if self.writes_left is not None:
            if self.writes_left == 0:
                self.writes_left = None
                raise Died
            self.writes_left -= 1

    async def aget(self, key: str, default: Any = None) -> Any:
        return self.get(key, default)

    async def aset(self, key: str, value: Any) -> None:
        self.set(key, value)
