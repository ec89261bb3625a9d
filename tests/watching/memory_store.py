"""The ledger's store as a dictionary that keeps what JSON keeps, and nothing else."""

import json
from typing import Any


class MemoryStore:
    """Gets, sets and deletes JSON data, as the asset's state store does; counts the calls."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.calls = 0

    def get(self, key: str, default: Any = None) -> Any:
        self.calls += 1
        return json.loads(self.texts[key]) if key in self.texts else default

    def set(self, key: str, value: Any) -> None:
        assert value is not None, "Airflow's store refuses None"
        assert len(key) <= 512, "Airflow's store bounds keys"
        self.calls += 1
        self.texts[key] = json.dumps(value)

    def delete(self, key: str) -> None:
        self.calls += 1
        self.texts.pop(key, None)

    async def aget(self, key: str, default: Any = None) -> Any:
        return self.get(key, default)

    async def aset(self, key: str, value: Any) -> None:
        self.set(key, value)
