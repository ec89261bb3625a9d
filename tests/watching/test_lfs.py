"""Objects of Git LFS over a real HTTP server and a real repository: fetched, verified, kept, and never led astray."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.watching.git_http_server import PASSWORD
from tests.watching.git_origin import Origin
from tests.watching.lfs_http_server import LfsServer, serve_lfs

from pushtune.errors import AuthenticationRefused, DiskAlmostFull, LfsRefused, RepositoryUnreachable
from pushtune.settings import Settings
from pushtune.watching import lfs, lfs_server
from pushtune.watching.check_out import Extras, check_out
from pushtune.watching.credentials import Credentials

WEIGHTS = bytes(range(256)) * 2000
CREDENTIALS = Credentials("ann", PASSWORD)


def oid_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def pointer_of(content: bytes, size: int | None = None) -> str:
    size = len(content) if size is None else size
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid_of(content)}\nsize {size}\n"


@pytest.fixture
def server(origin: Origin) -> Iterator[LfsServer]:
    """A protected server of the watched repository that holds WEIGHTS."""
    state = LfsServer(origin.folder, protected=True, objects={oid_of(WEIGHTS): WEIGHTS})
    with serve_lfs(state):
        yield state


@pytest.fixture
def fetch(origin: Origin, server: LfsServer, installation: Settings, tmp_path: Path) -> Any:
    def run(name: str = "run", lfs: bool | None = True, **options: Any) -> dict[str, Any]:
        given: dict[str, Any] = {"settings": installation, "credentials": CREDENTIALS, "extras": Extras(lfs=lfs)}
        given |= options
        url = given.pop("url", f"{server.address}/origin.git")
        return check_out(url, "main", None, tmp_path / name, **given)

    return run


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lfs, "ATTEMPT_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(lfs_server, "ATTEMPT_PAUSE_SECONDS", 0.0)


def content(facts: dict[str, Any], name: str = "weights.bin") -> bytes:
    return (Path(facts["checkout_folder"]) / name).read_bytes()


@pytest.mark.parametrize("lfs", [True, None])
def test_pointers_become_their_objects(origin: Origin, server: LfsServer, fetch: Any, lfs: bool | None) -> None:
    origin.commit("data/weights.bin", pointer_of(WEIGHTS))
    (origin.work / "data" / "weights.bin").chmod(0o755)
    origin.commit("copy.bin", pointer_of(WEIGHTS))
    origin.commit_and_push("notes.txt", "version https://git-lfs.github.com/spec/v1\nis what a pointer begins with\n")
    facts = fetch(lfs=lfs)
    assert content(facts, "data/weights.bin") == content(facts, "copy.bin") == WEIGHTS
    assert content(facts, "notes.txt").endswith(b"begins with\n")
    assert facts["lfs"] == {
        "files": 2, "bytes": 2 * len(WEIGHTS), "downloaded_bytes": len(WEIGHTS),
        "left": [], "left_files": 0, "reason": "",
    }  # fmt: skip
    folder = Path(facts["checkout_folder"])
    modes = [oct((folder / name).stat().st_mode & 0o777) for name in ("copy.bin", "data/weights.bin")]
    assert modes == ["0o644", "0o755"]
    assert not list(folder.rglob(".lfs-*"))


def test_the_second_push_downloads_nothing(origin: Origin, server: LfsServer, fetch: Any) -> None:
    origin.commit_and_push("weights.bin", pointer_of(WEIGHTS))
    fetch("one")
    asked = len(server.asked)
    origin.commit_and_push()
    facts = fetch("two")
    assert content(facts) == WEIGHTS and facts["lfs"]["downloaded_bytes"] == 0
    assert len(server.asked) == asked


def test_a_cached_object_that_has_been_damaged_is_fetched_again(
    origin: Origin, server: LfsServer, fetch: Any, installation: Settings
) -> None:
    origin.commit_and_push("weights.bin", pointer_of(WEIGHTS))
    fetch("one")
    (kept,) = installation.mirrors.glob(f"*/lfs/objects/??/??/{oid_of(WEIGHTS)}")
    kept.write_bytes(bytes(len(WEIGHTS)))
    assert content(fetch("two")) == WEIGHTS
    assert len(server.downloads()) == 2


def test_what_is_switched_off_stays_a_pointer(origin: Origin, server: LfsServer, fetch: Any) -> None:
    origin.commit_and_push("weights.bin", pointer_of(WEIGHTS))
    facts = fetch(lfs=False)
    assert content(facts) == pointer_of(WEIGHTS).encode()
    assert "lfs" not in facts and server.asked == []


def test_the_repository_says_nothing_about_where_its_objects_are(
    origin: Origin, server: LfsServer, fetch: Any, tmp_path: Path
) -> None:
    evil = LfsServer(tmp_path, objects=server.objects)
    with serve_lfs(evil) as address:
        origin.commit(".lfsconfig", f"[lfs]\n\turl = {address}/origin.git/info/lfs\n[remote]\n\tlfsurl = {address}\n")
        origin.commit_and_push("weights.bin", pointer_of(WEIGHTS))
        assert content(fetch()) == WEIGHTS
    assert evil.asked == []


def test_only_the_own_host_gets_the_password(origin: Origin, server: LfsServer, fetch: Any, tmp_path: Path) -> None:
    store = LfsServer(tmp_path, objects=server.objects)
    with serve_lfs(store) as address:
        server.place = lambda oid: f"{address}/objects/{oid}"
        server.headers = {"X-Signature": "for the store", "Host": "elsewhere", "Content-Length": "7"}
        origin.commit_and_push("weights.bin", pointer_of(WEIGHTS))
        assert content(fetch()) == WEIGHTS
    ((_, _, headers),) = store.asked
    assert headers["X-Signature"] == "for the store" and headers["Host"] == address.removeprefix("http://")
    assert "Authorization" not in headers and "Content-Length" not in headers
    assert "Authorization" in server.asked[0][2]


def test_headers_do_not_follow_a_redirect_to_another_host(
    origin: Origin, server: LfsServer, fetch: Any, tmp_path: Path
) -> None:
    store = LfsServer(tmp_path, objects=server.objects)
    with serve_lfs(store) as address:
        server.headers = {"X-Token": "secret"}
        server.download = [(302, {"Location": f"{address}/objects/{oid_of(WEIGHTS)}"}, b"")]
        origin.commit_and_push("weights.bin", pointer_of(WEIGHTS))
        assert content(fetch()) == WEIGHTS
    assert [name for name in ("X-Token", "Authorization") if name in store.asked[0][2]] == []
    assert {"X-Token", "Authorization"} <= set(server.asked[1][2]), "the own host gets both"


def test_questions_are_not_led_to_another_host(origin: Origin, server: LfsServer, fetch: Any, tmp_path: Path) -> None:
    store = LfsServer(tmp_path, objects=server.objects)
    with serve_lfs(store) as address:
        server.batch = [(307, {"Location": f"{address}/x/info/lfs/objects/batch"}, b"")]
        origin.commit_and_push("weights.bin", pointer_of(WEIGHTS))
        with pytest.raises(LfsRefused, match="must not lead its questions to another host. Received: 'http://127"):
            fetch()
    assert store.asked == []


@pytest.mark.parametrize(
    "place", ["http://192.0.2.1/objects/{oid}", "file:///etc/passwd", "ftp://127.0.0.1/{oid}", "https://[1/", "//x"]
)
def test_addresses_of_other_kinds_are_refused(origin: Origin, server: LfsServer, fetch: Any, place: str) -> None:
    server.place = lambda oid: place.format(oid=oid)
    origin.commit_and_push("weights.bin", pointer_of(WEIGHTS))
    with pytest.raises(LfsRefused, match="must be at an address that starts with https://|must give well-formed"):
        fetch()


def test_a_server_that_leads_in_circles_is_refused(origin: Origin, server: LfsServer, fetch: Any) -> None:
    server.download = [(302, {"Location": "/objects/again"}, b"")]
    origin.commit_and_push("weights.bin", pointer_of(WEIGHTS))
    with pytest.raises(LfsRefused, match="must lead on at most 5 times"):
        fetch()
    assert len(server.downloads()) == 5


OBJECT = f"weights.bin \\(512,000 bytes, Git LFS object {oid_of(WEIGHTS)[:12]}\\)"


@pytest.mark.parametrize(
    ("behaviour", "kind", "text"),
    [
        ({"objects": {}}, LfsRefused, f"The content of {OBJECT} must be .*Received: 404: Object does not exist. Push"),
        ({"download": [(404, {}, b"")]}, LfsRefused, f"{OBJECT}.*Received: status 404 from 127.0.0.1"),
        ({"download": [(200, {}, WEIGHTS[:-1] + b"x")]}, LfsRefused, f"{OBJECT}.*sent another content, whose SHA-256"),
        ({"download": [(200, {}, WEIGHTS[:-1])]}, LfsRefused, "sent 511,999 bytes instead of 512,000"),
        ({"download": [(200, {}, WEIGHTS + b"x")]}, LfsRefused, "sent more than 512,000 bytes"),
        ({"download": [(401, {}, b"")]}, AuthenticationRefused, f"Received: status 401 for {OBJECT}"),
        ({"batch": [(401, {}, b'{"message": "Bad\\nkey"}')]}, AuthenticationRefused, "status 401: Bad.key. Let the"),
        ({"batch": [(404, {}, b"<html>")]}, LfsRefused, f"must serve Git LFS for this repository: {OBJECT} is kept"),
        ({"batch": [(413, {}, b"[]")]}, LfsRefused, "must give the objects of Git LFS. Received: status 413. Ask"),
        ({"batch": [(509, {}, b'{"message": "quota"}')]}, LfsRefused, "Received: status 509: quota"),
        ({"batch": [(200, {}, b"<html>")]}, LfsRefused, "must answer as the batch API of Git LFS does"),
        ({"batch": [(200, {}, b"[" * 100_000)]}, LfsRefused, "must answer as the batch API of Git LFS does"),
        ({"batch": [(200, {}, b'{"transfer": "tus", "objects": []}')]}, LfsRefused, "another way of transfer"),
        ({"batch": [(200, {}, b'{"objects": []}')]}, LfsRefused, "Received: the server says nothing about it"),
        ({"batch": [(200, {}, b"x" * 5_000_000)]}, LfsRefused, "must answer as the batch API"),
        ({"batch": [(503, {}, b"")]}, RepositoryUnreachable, "must answer for the objects of Git LFS. .*status 503"),
        ({"download": [(503, {}, b"")]}, RepositoryUnreachable, f"must send {OBJECT}. Received: status 503"),
        (
            {"download": [(200, {"Content-Length": "512000"}, WEIGHTS[:1000])]},
            RepositoryUnreachable,
            "must send what it has announced. Received: ProtocolError: .*IncompleteRead",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_had_is_told(
    origin: Origin, server: LfsServer, fetch: Any, behaviour: dict[str, Any], kind: type[Exception], text: str
) -> None:
    vars(server).update(behaviour)
    origin.commit_and_push("weights.bin", pointer_of(WEIGHTS))
    with pytest.raises(kind, match=text):
        fetch()
    facts = fetch("lenient", lfs=None)
    assert content(facts) == pointer_of(WEIGHTS).encode(), "whole or not at all"
    assert facts["lfs"]["left"] == ["weights.bin"] and facts["lfs"]["reason"]


def test_what_passes_is_tried_again(origin: Origin, server: LfsServer, fetch: Any) -> None:
    server.batch = [(502, {}, b""), (429, {}, b""), None]
    server.download = [(503, {}, b""), (200, {"Content-Length": "512000"}, WEIGHTS[:99]), None]
    origin.commit_and_push("weights.bin", pointer_of(WEIGHTS))
    assert content(fetch()) == WEIGHTS


def test_missing_credentials_are_told(origin: Origin, server: LfsServer, fetch: Any) -> None:
    shutil.copytree(origin.bare, origin.folder / "x.git")
    origin.commit_and_push("weights.bin", pointer_of(WEIGHTS))
    with pytest.raises(AuthenticationRefused):
        fetch(credentials=None)


def test_the_limits_are_told_before_anything_is_asked(
    origin: Origin, server: LfsServer, fetch: Any, installation: Settings
) -> None:
    origin.commit("weights.bin", pointer_of(WEIGHTS))
    origin.commit_and_push("large.bin", pointer_of(b"x", 10**14))
    with pytest.raises(LfsRefused, match="at most 2,147,483,648 bytes together. .* 2 files; the largest is large.bin"):
        fetch()
    assert "largest is large.bin" in fetch("lenient", lfs=None)["lfs"]["reason"]
    roomy = installation.model_copy(update={"lfs_limit_bytes": 10**15})
    with pytest.raises(DiskAlmostFull, match="needed for the objects of Git LFS"):
        fetch("roomy", settings=roomy)
    assert server.asked == []


def test_time_is_bounded(
    origin: Origin, server: LfsServer, fetch: Any, installation: Settings
) -> None:
    origin.commit_and_push("weights.bin", pointer_of(WEIGHTS))
    with pytest.raises(RepositoryUnreachable, match="must be fetched within the time that is set"):
        fetch(settings=installation.model_copy(update={"lfs_timeout_seconds": 0.0}))


def test_many_objects_are_asked_for_in_batches(origin: Origin, server: LfsServer, fetch: Any) -> None:
    for number in range(130):
        piece = f"piece {number}".encode()
        server.objects[oid_of(piece)] = piece
        (origin.work / f"{number}.bin").write_text(pointer_of(piece))
    origin.commit_and_push()
    assert fetch()["lfs"]["files"] == 130
    assert [method for method, _, _ in server.asked].count("POST") == 2


def test_objects_that_no_longer_count_leave_the_cache(
    origin: Origin, server: LfsServer, fetch: Any, installation: Settings
) -> None:
    small = installation.model_copy(update={"lfs_limit_bytes": 600_000})
    origin.commit_and_push("weights.bin", pointer_of(WEIGHTS))
    fetch("one", settings=small)
    (kept,) = installation.mirrors.glob(f"*/lfs/objects/??/??/{oid_of(WEIGHTS)}")
    os.utime(kept, (0, 0))
    newer = WEIGHTS[::-1]
    server.objects[oid_of(newer)] = newer
    origin.commit_and_push("weights.bin", pointer_of(newer))
    assert content(fetch("two", settings=small)) == newer
    assert not kept.exists()
