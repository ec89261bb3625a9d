"""Stands between a client and the Docker engine, and can be cut: for the client the engine is then gone."""

import contextlib
import socket
import threading
from pathlib import Path

ENGINE = "/var/run/docker.sock"


class EngineProxy:
    """Listens on a Unix socket at ``path`` and passes everything on to the engine, while it is not cut."""

    def __init__(self, path: Path) -> None:
        self.url = f"unix://{path}"
        self._path = path
        self._listener = self._listen()
        self._pairs: set[socket.socket] = set()

    def _listen(self) -> socket.socket:
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self._path))
        listener.listen()
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                engine = socket.socket(socket.AF_UNIX)
                engine.connect(ENGINE)
                threading.Thread(target=self._serve, args=(client, engine), daemon=True).start()

    def _serve(self, client: socket.socket, engine: socket.socket) -> None:
        """Pass everything on in both directions, until both have ended."""
        self._pairs |= {client, engine}
        back = threading.Thread(target=_pass_on, args=(engine, client), daemon=True)
        back.start()
        _pass_on(client, engine)
        back.join()
        for end in (client, engine):
            self._pairs.discard(end)
            end.close()

    def cut(self) -> None:
        """End all connections and refuse new ones."""
        self._path.unlink()
        for end in (self._listener, *list(self._pairs)):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._pairs.clear()

    def mend(self) -> None:
        """Be there again."""
        self._listener = self._listen()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
