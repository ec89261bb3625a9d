"""How the client of Airflow's API proves who it is: by the simple auth manager's password file, or by a connection.

The connection ``pushtune_api`` serves every auth manager: with a login, its password is exchanged for a token at
``/auth/token``, which Airflow's simple and FAB auth managers answer alike; without a login its password is a token,
made by what the auth manager offers. Neither is ever part of a text.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pushtune.commands.airflow_config import USER, read_password
from pushtune.errors import AirflowNotReady

CONNECTION = "pushtune_api"
LOCAL_NAMES = ("127.0.0.1", "localhost", "::1")
ADD_IT = (
    f"Add the Airflow connection {CONNECTION!r} with the login and password of a user who may edit runs, "
    "or with a token of theirs as its password and no login."
)


@dataclass(frozen=True)
class Proof:
    """What opens the API: a ``token``, or ``username`` and ``password`` that are exchanged for one."""

    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True)
class PasswordFile:
    """The file of the simple auth manager. Attributes: path. auth_manager: class that Airflow uses; empty: simple."""

    path: Path
    auth_manager: str = ""

    @property
    def remedy(self) -> str:
        """What helps where the password is refused."""
        return f"Remove {self.path}, then run `make down` and `make up`."

    def proof(self) -> Proof:
        """Read the password. Raises AirflowNotReady without one, or where another auth manager knows no such file."""
        if self.auth_manager and not self.auth_manager.endswith("SimpleAuthManager"):
            raise AirflowNotReady(
                "Airflow's API must be open to Pushtune's own tasks.",
                f"no connection {CONNECTION!r}, and the auth manager is {self.auth_manager.rpartition('.')[2]}", ADD_IT,
            )
        try:
            return Proof(USER, read_password(self.path))
        except (OSError, ValueError, KeyError) as error:
            raise AirflowNotReady(
                f"The password of {USER} must be readable in {self.path}.", type(error).__name__,
                "Run `make up`, which writes it; [core] simple_auth_manager_passwords_file names another place. "
                + ADD_IT,
            ) from error


@dataclass(frozen=True)
class ConnectionLogin:
    """The Airflow connection ``pushtune_api``. Attributes: see ``Proof``."""

    known: Proof

    @property
    def remedy(self) -> str:
        """What helps where it is refused."""
        return f"Correct the login and password, or the token, of the Airflow connection {CONNECTION!r}."

    def proof(self) -> Proof:
        """Return what the connection holds. Raises AirflowNotReady where it holds nothing that could open the API."""
        if not (self.known.password or self.known.token):
            raise AirflowNotReady(
                f"The Airflow connection {CONNECTION!r} must have a password, or a token in its place.", "none", ADD_IT
            )
        return self.known


Login = PasswordFile | ConnectionLogin


def login_of(connection: Any) -> ConnectionLogin:
    """Return how an Airflow connection logs in."""
    username, secret = (connection.login or "").strip(), (connection.password or "").strip()
    return ConnectionLogin(Proof(username, secret) if username else Proof(token=secret))


def address_of(connection: Any, usual: str) -> str:
    """Return where the API is: ``usual``, unless the connection has a host (a whole address, or a name and a port).

    Raises:
        AirflowNotReady: the address would carry the password over a network in clear.
    """
    host = (connection.host or "").strip().rstrip("/")
    if not host:
        return usual
    if "://" not in host:
        host = f"{connection.schema or 'https'}://{host}" + (f":{connection.port}" if connection.port else "")
    parts = urlsplit(host)
    if parts.scheme != "https" and not (parts.scheme == "http" and (parts.hostname in LOCAL_NAMES or host == usual)):
        raise AirflowNotReady(
            "The address of Airflow's API must begin with https, unless it is on this machine.",
            f"{parts.scheme}://{parts.hostname}",
            f"Correct the host of the Airflow connection {CONNECTION!r}, or leave it empty: {usual} is used then.",
        )
    return host


def found_connection(find: Callable[[str], Any]) -> Any:
    """Return the connection, None where there is none. ``find`` is ``BaseHook.get_connection`` of Airflow.

    Raises:
        AirflowNotReady: it cannot be read.
    """
    try:
        return find(CONNECTION)
    except Exception as error:  # this package does not import Airflow; a secrets backend raises what it likes
        if type(error).__name__ == "AirflowNotFoundException":
            return None
        raise AirflowNotReady(
            f"The Airflow connection {CONNECTION!r} must be readable, or absent.", type(error).__name__,
            "Look at the log of the task for what the secrets backend says.",
        ) from error
