"""What lies outside of the instance: repositories over HTTP that may fail to answer, and people who push to them."""

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.serving import answering
from tests.watching.git_http_server import GitHandler
from tests.watching.git_origin import Origin


@dataclass
class Remote:
    """A git host.

    Attributes:
        address: of the folder of all repositories. failing_share: of its requests, from 0 to 1.
        chance: decides which. failed: how many requests failed so far.
    """

    chance: random.Random
    address: str = ""
    failing_share: float = 0.0
    failed: int = 0

    def fails(self) -> str:
        """Return how this request fails; empty where it does not."""
        if self.chance.random() >= self.failing_share:
            return ""
        self.failed += 1
        return self.chance.choice(("error", "dropped"))


@contextmanager
def running_remote(folder: Path, chance: random.Random) -> Iterator[Remote]:
    """Serve the repositories below ``folder`` on a free port of this machine; it ends with the block."""
    remote = Remote(chance)

    class Handler(GitHandler):
        protected = False

        def _answer(self, body: bytes) -> None:
            how = remote.fails()
            if not how:
                super()._answer(body)
            elif how == "error":
                self.send_error(503)
            else:
                self.connection.shutdown(socket.SHUT_RDWR)

    Handler.folder = folder
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    remote.address = f"http://127.0.0.1:{server.server_port}"
    with answering(server):
        yield remote


@dataclass
class Developer(Origin):
    """Somebody who pushes to one repository, politely or not.

    Attributes:
        script: what is trained. heads: each commit that the branch ever pointed to, the oldest first.
        present: whether the branch exists.
    """

    script: str = ""
    heads: list[str] = field(default_factory=list)
    present: bool = False

    @property
    def head(self) -> str:
        return self.heads[-1]

    def _commit(self) -> None:
        """A file of its own for each commit, so that histories can be rewritten without conflicts."""
        (self.work / "train.py").write_text(self.script)
        self.commit(f"notes/{self.count:04d}.txt", f"note {self.count} of {self.folder.name}\n")

    def _publish(self, *options: str) -> str:
        self.push(*options)
        self.heads.append(self.git("rev-parse", "HEAD"))
        self.present = True
        return self.head

    def push_commit(self) -> str:
        """Push one commit and return it."""
        self._commit()
        return self._publish()

    def burst(self, pushes: int) -> str:
        """Push so many commits one by one, as fast as git can; return the last."""
        for _ in range(pushes):
            self.push_commit()
        return self.head

    def force_push(self) -> str:
        """Throw the last commits of the branch away and push another one instead."""
        self.git("reset", "-q", "--hard", self._older())
        self._commit()
        return self._publish("--force")

    def rebase(self) -> str:
        """Put the last commits of the branch on top of another one, and push what came out."""
        self.git("checkout", "-q", "-b", "side", self._older())
        self._commit()
        self.git("rebase", "-q", "side", "main")
        self.git("branch", "-q", "-D", "side")
        return self._publish("--force")

    def delete_branch(self) -> None:
        self.push("--force", "--delete")
        self.present = False

    def push(self, *options: str) -> None:
        target = "main" if "--delete" in options else "HEAD:refs/heads/main"
        self.git("push", "-q", *options, "origin", target)

    def recreate(self) -> str:
        """Push the branch again, as it was."""
        return self._publish()

    def _older(self) -> str:
        """Return a commit some steps back, as far as there is one."""
        history = self.git("rev-list", "--first-parent", "-n", "4", "HEAD").split()
        return history[-1]


def developer(folder: Path, script: str) -> Developer:
    """Return a developer with an empty repository in ``folder``."""
    folder.mkdir(parents=True)
    made = Developer(folder, script=script)
    made.git("config", "gc.auto", "0")
    return made


def named(folder: Path, remote: Remote, name: str) -> dict[str, Any]:
    """Return the part of a configuration entry that says where the repository of ``name`` is."""
    return {"name": name, "url": f"{remote.address}/{(folder / name).name}/origin.git", "branch": "main"}
