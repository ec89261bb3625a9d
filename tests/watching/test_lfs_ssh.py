"""Git LFS of a repository at an ssh address: the server says where it is, and what opens it.

``ssh`` is a stand-in that runs the command on this machine, as in git's own tests; git and everything else are real.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.watching.git_origin import Origin
from tests.watching.lfs_http_server import LfsServer, serve_lfs

from pushtune.errors import AuthenticationRefused, LfsRefused, RepositoryUnreachable
from pushtune.settings import Settings
from pushtune.watching.check_out import Extras, check_out
from pushtune.watching.credentials import Credentials
from pushtune.watching.lfs_ssh import authenticate, ssh_target
from pushtune.watching.mirror import Mirror

WEIGHTS = bytes(range(256)) * 100
OID = hashlib.sha256(WEIGHTS).hexdigest()
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize {len(WEIGHTS)}\n"
SSH = """#!/bin/sh
echo "$@" >> {log}
for argument; do case $last in -i) cat "$argument" >> {log};; esac; last=$argument; done
PATH={folder}:$PATH exec sh -c "$last"
"""

Answer = Callable[[str], None]


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Answer, Path]:
    """Put the stand-in on the PATH; return what sets the server's answer, and the log of what ssh was called with."""
    folder, log = tmp_path / "bin", tmp_path / "ssh.log"
    folder.mkdir()
    (folder / "ssh").write_text(SSH.format(log=log, folder=folder))
    (folder / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def answer(script: str) -> None:
        (folder / "git-lfs-authenticate").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "git-lfs-authenticate").chmod(0o755)

    return answer, log


@pytest.fixture
def server(origin: Origin) -> Iterator[LfsServer]:
    state = LfsServer(origin.folder, protected=True, objects={OID: WEIGHTS})
    with serve_lfs(state):
        yield state


def says(document: Any) -> str:
    return f"cat <<'END'\n{json.dumps(document)}\nEND"


def mirror_of(url: str, settings: Settings, timeout_seconds: float = 20) -> Mirror:
    return Mirror(url, settings.mirrors / "x.git", timeout_seconds, 2**20)


def test_what_the_server_names_is_fetched_with_what_it_gives(
    origin: Origin, server: LfsServer, ssh: tuple[Answer, Path], installation: Settings, tmp_path: Path
) -> None:
    answer, log = ssh
    answer(says({"href": f"{server.address}/lfs/info/lfs", "header": {"Authorization": "RemoteAuth 1"}}))
    origin.commit_and_push("weights.bin", POINTER)
    credentials = Credentials("git", "unused", "the key")
    url = f"ssh://git@127.0.0.1:2222{origin.bare}"
    facts = check_out(
        url, "main", None, tmp_path / "run", credentials=credentials, settings=installation, extras=Extras(lfs=True)
    )
    assert (Path(facts["checkout_folder"]) / "weights.bin").read_bytes() == WEIGHTS
    (batch, download) = server.asked
    assert batch[:2] == ("POST", "/lfs/info/lfs/objects/batch") and batch[2]["Authorization"] == "RemoteAuth 1"
    assert "Authorization" not in download[2]
    said = log.read_text()
    assert f"-p 2222 -- git@127.0.0.1 git-lfs-authenticate {origin.bare} download" in said
    assert "BatchMode=yes" in said and "the key" in said


@pytest.mark.parametrize(
    ("script", "kind", "text"),
    [
        ("echo 'sh: git-lfs-authenticate: not found' >&2; exit 127", LfsRefused, "must serve Git LFS over ssh"),
        ("exit 127", LfsRefused, "must serve Git LFS over ssh. Received: ssh ended with status 127. Give"),
        ("echo 'Permission denied (publickey).' >&2; exit 255", AuthenticationRefused, "Permission denied"),
        ("echo 'Connection timed out' >&2; exit 255", RepositoryUnreachable, "Connection timed out"),
        ("sleep 60", RepositoryUnreachable, "must answer within 2 s"),
        ("echo hello", LfsRefused, "must answer git-lfs-authenticate. Received: JSONDecodeError"),
        ("echo '[]'", LfsRefused, "must answer git-lfs-authenticate"),
        ("echo '{}'", LfsRefused, "must answer git-lfs-authenticate. Received: KeyError"),
        ("""echo '{"href": "https://x", "header": {"a": 1}}'""", LfsRefused, "headers that are no text"),
        ("""echo '{"href": "http://127.0.0.1:1"}'""", LfsRefused, "an address that does not start with https://"),
        ("yes", RepositoryUnreachable, "ssh printed more than an answer"),
    ],
)
def test_what_cannot_be_had_is_told(
    ssh: tuple[Answer, Path], installation: Settings, script: str, kind: type[Exception], text: str
) -> None:
    ssh[0](script)
    with pytest.raises(kind, match=text):
        authenticate(mirror_of("git@example.org:team/app.git", installation, timeout_seconds=2))


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("git@example.org:team/app.git", (["--", "git@example.org"], "team/app.git")),
        ("ssh://example.org/team/app.git", (["--", "example.org"], "/team/app.git")),
        ("ssh://me@example.org:22/a%20b", (["-p", "22", "--", "me@example.org"], "/a b")),
    ],
)
def test_addresses_of_ssh(url: str, target: tuple[list[str], str]) -> None:
    assert ssh_target(url) == target


def test_a_path_is_no_command(ssh: tuple[Answer, Path], installation: Settings, tmp_path: Path) -> None:
    ssh[0](says({"href": "https://lfs.example"}))
    authenticate(mirror_of(f"git@example.org:a;touch${{IFS}}{tmp_path}/touched;b", installation))
    assert not (tmp_path / "touched").exists()
