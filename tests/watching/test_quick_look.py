"""A look without git sees what git sees, and leaves to git whatever is not as expected."""

import contextlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.serving import answering
from tests.watching.git_http_server import PASSWORD, serve
from tests.watching.git_origin import Origin, git

from pushtune.watching import quick_look
from pushtune.watching.credentials import Credentials
from pushtune.watching.git_remote import list_refs
from pushtune.watching.quick_look import quick_refs
from pushtune.watching.ref_patterns import select

PATTERNS = ("refs/heads/main", "refs/heads/feature/*")
WITH_TAGS = (*PATTERNS, "refs/tags/v*")


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(quick_look, "_without_answer", {})


def look(
    url: str, patterns: tuple[str, ...] = PATTERNS, credentials: Credentials | None = None
) -> dict[str, str] | None:
    return quick_refs(url, patterns, timeout_seconds=20, credentials=credentials)


def as_git_says(origin: Origin, patterns: tuple[str, ...]) -> dict[str, str]:
    lines = origin.git("ls-remote", "origin").splitlines()
    refs = {line.split("\t")[1]: line.split("\t")[0] for line in lines}
    found = {name: refs.get(f"{name}^{{}}", commit) for name, commit in refs.items()}
    return select(found, patterns)[0]


def fill(origin: Origin) -> None:
    origin.commit_and_push()
    origin.git("tag", "-a", "-m", "x", "v1")
    origin.commit()
    origin.git("tag", "v2")
    heads = ("HEAD:refs/heads/feature/a", "HEAD~1:refs/heads/feature/b/c", "HEAD:x")
    origin.git("push", "-q", "origin", "v1", "v2", *heads)


@pytest.mark.parametrize("packed", [False, True])
def test_the_files_of_a_local_repository_say_what_git_says(origin: Origin, packed: bool) -> None:
    fill(origin)
    if packed:
        git(origin.bare, "pack-refs", "--all")
        origin.git("push", "-q", "--force", "origin", "HEAD:refs/heads/feature/d", "HEAD~1:refs/heads/feature/a")
    found = look(origin.url)
    assert found is not None and select(found, PATTERNS)[0] == as_git_says(origin, PATTERNS)
    assert look(origin.url, WITH_TAGS) is None, "tags are followed by git"
    assert list_refs(origin.url, WITH_TAGS, timeout_seconds=20).keys() >= {"refs/tags/v1", "refs/heads/main"}


def test_a_working_copy_is_a_repository_too(origin: Origin) -> None:
    commit = origin.commit_and_push()
    assert look(str(origin.work)) == {"refs/heads/main": commit}


@pytest.mark.parametrize("harm", ["link", "pipe", "text", "no HEAD", "reftable", "worktree", "packed"])
def test_unusual_files_are_left_to_git(origin: Origin, harm: str) -> None:
    origin.commit_and_push()
    main = origin.bare / "refs" / "heads" / "main"
    if harm == "link":
        (origin.bare / "aside").write_text(main.read_text())
        main.unlink()
        main.symlink_to(origin.bare / "aside")
    elif harm == "pipe":
        os.mkfifo(origin.bare / "packed-refs")
    elif harm == "text":
        main.write_text("ref: refs/heads/other\n")
    elif harm == "no HEAD":
        (origin.bare / "HEAD").unlink()
    elif harm == "packed":
        (origin.bare / "packed-refs").write_text("nonsense\n")
    else:
        (origin.bare / {"reftable": "reftable", "worktree": "commondir"}[harm]).mkdir()
    assert look(origin.url) is None


@pytest.mark.parametrize("patterns", [PATTERNS, WITH_TAGS])
def test_one_request_says_what_git_says(origin: Origin, patterns: tuple[str, ...]) -> None:
    fill(origin)
    with serve(origin.folder) as address:
        found = look(f"{address}/origin.git", patterns)
    assert found is not None and select(found, patterns)[0] == as_git_says(origin, patterns)
    assert "refs/heads/x" not in found, "the server leaves out what is not asked for"


def test_credentials_are_sent_and_a_refusal_is_left_to_git(origin: Origin) -> None:
    fill(origin)
    with serve(origin.folder, protected=True) as address:
        url = f"{address}/origin.git"
        assert look(url, credentials=Credentials("ann", PASSWORD))
        assert look(url, credentials=Credentials("ann", "wrong")) is None
        assert look(url, credentials=Credentials("ann", PASSWORD)) is None, "it is left alone for a while"


def test_behind_a_proxy_git_is_asked(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(origin)
    with serve(origin.folder) as address:
        monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
        assert look(f"{address}/origin.git") is None


@contextmanager
def odd_remote(status: int, content: bytes, kind: str = "application/x-git-upload-pack-result") -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with answering(server):
        yield f"http://127.0.0.1:{server.server_port}/x.git"


GOOD = b"003d" + b"a" * 40 + b" refs/heads/main\n" + b"0000"


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (404, GOOD, ""),
        (302, GOOD, ""),
        (200, GOOD, "text/html"),
        (200, GOOD[:-4], ""),
        (200, GOOD[:20], ""),
        (200, b"", ""),
        (200, b"zzzz", ""),
        (200, b"0001" + GOOD, ""),
        (200, b"0010ERR no such\n0000", ""),
        (200, b"000e" + b"\xff" * 10 + b"0000", ""),
    ],
)
def test_an_answer_that_is_none_is_left_to_git(status: int, content: bytes, kind: str) -> None:
    with odd_remote(status, content, kind or "application/x-git-upload-pack-result") as url:
        assert look(url) is None


def test_a_good_answer_is_one() -> None:
    with odd_remote(200, GOOD) as url:
        assert look(url) == {"refs/heads/main": "a" * 40}


def test_an_endless_answer_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick_look, "ANSWER_LIMIT_BYTES", 10_000)
    with odd_remote(200, GOOD[:-4] * 10_000 + b"0000") as url:
        assert look(url) is None


@pytest.mark.parametrize("url", ["git@h:x/y.git", "ssh://git@h/x.git", "file:///srv/x.git"])
def test_other_protocols_are_gits(url: str) -> None:
    assert look(url) is None


def test_nothing_there_is_left_to_git(tmp_path: Path) -> None:
    assert look(str(tmp_path / "none.git")) is None


@pytest.mark.parametrize("drips", ["headers", "body"])
def test_an_answer_that_drips_ends(monkeypatch: pytest.MonkeyPatch, drips: str) -> None:
    monkeypatch.setattr(quick_look, "TIMEOUT_SECONDS", 0.5)
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            if drips == "body":
                self.wfile.write(b"Content-Type: application/x-git-upload-pack-result\r\n\r\n")
            with contextlib.suppress(OSError):
                while not ended.wait(0.05):
                    self.wfile.write(b"x")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with answering(server):
        looked = threading.Thread(target=look, args=(f"http://127.0.0.1:{server.server_port}/x.git",))
        looked.start()
        looked.join(15)
        still_looks = looked.is_alive()
        ended.set()
        looked.join()
    assert not still_looks
