"""What a repository wants to know before it answers: from an Airflow connection, never from a file or an address."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, repr=False)
class Credentials:
    """User and password or token (https), or a private key in PEM form (ssh). Never shown."""

    username: str = ""
    password: str = ""
    private_key: str = ""


def credentials_from(connection: Any) -> Credentials:
    """Return the credentials in an Airflow connection: ``login``, ``password``, and ``private_key`` in its extra."""
    private_key = str(connection.extra_dejson.get("private_key", ""))
    return Credentials(connection.login or "git", connection.password or "", private_key)
