"""Known secrets at the places where an attacker looks, and the search for them in everything that came out."""

import json
import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

ENVIRONMENT = (
    "AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    "AIRFLOW_CONN_SENDGRID_DEFAULT", "AIRFLOW_CONN_GIT_PRIVATE", "SENDGRID_API_KEY", "AWS_SECRET_ACCESS_KEY",
    "PUSHTUNE_GIT_PASSWORD", "PUSHTUNE_WEBHOOK_SECRET",
)  # fmt: skip
FILES = ("run/passwords.json", "run/secrets.json", "airflow/airflow.cfg", "airflow/airflow.db", "secrets/webhook")


class Canaries:
    """Secrets in ``home`` as an installation has them, in another run, in the environment, and of root."""

    def __init__(self, home: Path, files: Sequence[str] = FILES) -> None:
        self.environment = {name: self._new(name) for name in ENVIRONMENT}
        self.values = dict(self.environment)
        other = home / "workspaces" / "another" / "manual-0123456789ab"
        places = [*(home / name for name in files), other / "trials/001/weights", other / "records/check_out.json"]
        self._root = Path("/root") / f"pushtune-canary-{secrets.token_hex(4)}"
        for path in (*places, self._root):
            self._plant(path)

    def _new(self, name: str) -> str:
        return f"canary-{secrets.token_hex(12)}-{name.rpartition('/')[2]}"

    def _plant(self, path: Path) -> None:
        self.values[str(path)] = self._new(path.name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"secret": self.values[str(path)]}))
        except PermissionError:
            del self.values[str(path)]  # not root: its folder is out of reach for us as well

    def learn(self, files: Sequence[Path]) -> None:
        """Look for the real secrets in these JSON files as well."""
        for path in files:
            self.values |= {f"{path.name} {name}": value for name, value in json.loads(path.read_text()).items()}

    def remove(self) -> None:
        """Remove what lies outside of ``home``."""
        self._root.unlink(missing_ok=True)

    def seen_in(self, content: bytes) -> list[str]:
        """Return the names of the secrets in ``content``."""
        return [name for name, value in self.values.items() if value[:31].encode() in content]

    def seen_below(self, folder: Path) -> list[str]:
        """Return the secrets in the plain files below ``folder``."""
        found = []
        for path in _plain_files(folder):
            with path.open("rb") as stream:
                found += [f"{name} in {path}" for name in self.seen_in(stream.read(64 * 2**20))]
        return found


def _plain_files(folder: Path) -> Iterator[Path]:
    """Yield the plain files of a tree that may be nested deeper than a program can recurse."""
    waiting = [os.fspath(folder)]
    while waiting and folder.exists():
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    yield Path(entry.path)
