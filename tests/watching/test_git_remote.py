"""Where a branch stands, asked of real repositories: local ones, one behind HTTP, and ones that do not answer."""

import os
import shutil
import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.serving import answering
from tests.watching.git_http_server import PASSWORD, serve
from tests.watching.git_origin import Origin, git

from pushtune.errors import (
    AuthenticationRefused,
    BranchMissing,
    InvalidRepositoryUrl,
    PushtuneError,
    RepositoryEmpty,
    RepositoryMissing,
    RepositoryUnreachable,
)
from pushtune.watching.credentials import Credentials
from pushtune.watching.default_branch import default_branch
from pushtune.watching.git_remote import check_remote, resolve_head


def head(url: str, branch: str = "main", credentials: Credentials | None = None) -> str | None:
    return resolve_head(url, branch, timeout_seconds=20, credentials=credentials)


@pytest.mark.parametrize("prefix", ["", "file://"])
def test_the_head_of_a_local_repository(origin: Origin, prefix: str) -> None:
    commit = origin.commit_and_push()
    assert head(prefix + origin.url) == commit
    assert head(prefix + origin.url, "other") is None
    assert check_remote(prefix + origin.url, "main", timeout_seconds=20) == commit


def test_a_branch_is_not_confused_with_one_that_ends_alike(origin: Origin) -> None:
    origin.commit_and_push()
    origin.git("push", "-q", "origin", "HEAD:refs/heads/feature/main", "HEAD:refs/tags/other")
    origin.git("push", "-q", "origin", "--delete", "main")
    assert head(origin.url) is None
    assert head(origin.url, "other") is None
    assert head(origin.url, "feature/main") is not None


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_a_repository_that_belongs_to_someone_else(origin: Origin) -> None:
    commit = origin.commit_and_push()
    for parent, _, files in os.walk(origin.bare):
        for path in (Path(parent), *(Path(parent) / name for name in files)):
            os.chown(path, 12_345, 12_345)
    assert head(origin.url) == commit


def test_an_empty_repository_is_told(origin: Origin) -> None:
    assert head(origin.url) is None
    with pytest.raises(
        RepositoryEmpty, match="must hold at least one commit. Received: .*origin.git. Push a first commit"
    ):
        check_remote(origin.url, "main", timeout_seconds=20)
    with pytest.raises(RepositoryEmpty, match="must hold at least one commit. Received: .*origin.git. Push"):
        default_branch(origin.url, timeout_seconds=20)


def test_a_missing_branch_is_told_with_the_branches_that_are_there(origin: Origin) -> None:
    origin.commit_and_push()
    origin.git("push", "-q", "origin", "HEAD:develop")
    with pytest.raises(BranchMissing, match="branch 'master'; the repository has: develop, main. Correct 'branch'"):
        check_remote(origin.url, "master", timeout_seconds=20)


def detached(origin: Origin) -> str:
    commit = origin.commit_and_push()
    origin.bare.joinpath("HEAD").write_text(commit + "\n")
    return commit


def test_a_detached_head_is_told_with_the_branches_that_are_there(origin: Origin) -> None:
    detached(origin)
    origin.git("push", "-q", "origin", "HEAD:develop")
    expected = r"HEAD of .*origin.git is detached; the repository has: develop, main. Name .*BRANCH=<branch>"
    with pytest.raises(BranchMissing, match=expected):
        default_branch(origin.url, timeout_seconds=20)


def test_a_commit_that_is_on_no_branch_is_told(origin: Origin) -> None:
    commit = detached(origin)
    origin.git("push", "-q", "origin", "HEAD:refs/remotes/origin/main", ":main")
    expected = rf"must be on a branch. .*\.git, whose HEAD is detached at {commit[:12]} .*git branch main HEAD"
    with pytest.raises(BranchMissing, match=expected):
        default_branch(origin.url, timeout_seconds=20)
    with pytest.raises(BranchMissing, match=expected):
        check_remote(origin.url, "main", timeout_seconds=20)
    git(origin.bare, "branch", "main", "HEAD")
    assert check_remote(origin.url, "main", timeout_seconds=20) == commit


def test_a_head_that_names_a_missing_branch_is_told(origin: Origin) -> None:
    origin.commit()
    origin.git("push", "-q", "origin", "HEAD:develop")
    with pytest.raises(BranchMissing, match="is a branch that is not there; the repository has: develop."):
        default_branch(origin.url, timeout_seconds=20)


def test_only_some_of_many_branches_are_listed(origin: Origin) -> None:
    origin.commit_and_push()
    origin.git("push", "-q", "origin", *(f"HEAD:refs/heads/b{number:02}" for number in range(15)))
    with pytest.raises(BranchMissing, match=r"has: b00, .*, b09, \.\.\.\."):
        check_remote(origin.url, "master", timeout_seconds=20)


def test_a_missing_repository_is_told(tmp_path: Path) -> None:
    with pytest.raises(RepositoryMissing, match="There must be a git repository at .*gone.git. .* Correct 'url'"):
        head(str(tmp_path / "gone.git"))


def test_a_refused_address_is_never_given_to_git() -> None:
    with pytest.raises(InvalidRepositoryUrl):
        head("--upload-pack=touch")
    with pytest.raises(ValueError, match="must be a branch name"):
        head("/srv/x.git", "--upload-pack=touch")


def test_smart_http(origin: Origin) -> None:
    commit = origin.commit_and_push()
    with serve(origin.folder) as address:
        assert head(f"{address}/origin.git") == commit
        assert default_branch(f"{address}/origin.git", timeout_seconds=20) == "main"
        with pytest.raises(RepositoryMissing):
            head(f"{address}/gone.git")


def test_smart_http_with_a_password(origin: Origin) -> None:
    commit = origin.commit_and_push()
    with serve(origin.folder, protected=True) as address:
        url = f"{address}/origin.git"
        assert head(url, credentials=Credentials("ann", PASSWORD)) == commit
        for credentials in (None, Credentials("ann", "wr0ng")):
            with pytest.raises(AuthenticationRefused, match="Set connection_id to an Airflow connection") as caught:
                head(url, credentials=credentials)
            assert "wr0ng" not in str(caught.value)


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/x.git"


@pytest.mark.parametrize(
    "url", [closed_port, lambda: "https://host.invalid/x.git"], ids=["closed port", "no such host"]
)
def test_a_repository_that_does_not_answer_is_told(url: Callable[[], str]) -> None:
    with pytest.raises(RepositoryUnreachable, match="must be reachable. .* it is tried again"):
        head(url())


def test_a_server_that_never_speaks_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x.git"
        with pytest.raises(
            RepositoryUnreachable,
            match="must answer within 1 s. Received: no answer. Check the network, or raise PUSHTUNE_",
        ):
            resolve_head(url, "main", timeout_seconds=1)


@pytest.mark.skipif(shutil.which("ssh") is None, reason="no ssh client here")
def test_ssh_asks_no_question() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"ssh://ann@127.0.0.1:{server.getsockname()[1]}/x.git"
        server.close()
        with pytest.raises(PushtuneError) as caught:
            resolve_head(url, "main", timeout_seconds=20)
    assert isinstance(caught.value, RepositoryUnreachable)


def test_a_password_does_not_follow_a_redirect_to_another_host(origin: Origin) -> None:
    origin.commit_and_push()
    heard = []

    class Thief(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.headers.get("Authorization"))
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    thief = ThreadingHTTPServer(("127.0.0.1", 0), Thief)

    class Host(Thief):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{thief.server_port}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    url = f"http://127.0.0.1:{server.server_port}/origin.git"
    with answering(thief), answering(server), pytest.raises(PushtuneError):
        head(url, credentials=Credentials("ann", PASSWORD))
    assert heard and set(heard) == {None}
