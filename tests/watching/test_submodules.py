"""Submodules over real repositories: fetched where they are asked for, and never from where they may not come."""

import os
from pathlib import Path
from typing import Any

import pytest
from tests.watching.git_http_server import PASSWORD, serve
from tests.watching.git_origin import Origin, git

from pushtune.errors import CheckoutRefused, CommitMissing, SubmoduleRefused
from pushtune.settings import Settings
from pushtune.watching.check_out import Extras, check_out
from pushtune.watching.credentials import Credentials
from pushtune.watching.submodules import SUBMODULES_LIMIT, _host, submodule_url


@pytest.fixture
def library(origin: Origin) -> str:
    """A repository beside the watched one; return its commit."""
    bare, work = origin.folder / "library.git", origin.folder / "library"
    git(origin.folder, "init", "-q", "--bare", "-b", "main", str(bare))
    git(origin.folder, "init", "-q", "-b", "main", str(work))
    (work / "layers.py").write_text("width = 3\n")
    (work / "hidden").symlink_to("/etc/passwd")
    git(work, "add", "--all")
    git(work, "commit", "-q", "-m", "library")
    git(work, "push", "-q", str(bare), "HEAD:main")
    return git(work, "rev-parse", "HEAD")


def add(origin: Origin, url: str, commit: str, path: str = "lib", name: str = "x") -> None:
    """Make the next commit name a submodule, as a hostile or an honest author does."""
    with (origin.work / ".gitmodules").open("a") as stream:
        stream.write(f'[submodule "{name}"]\n\tpath = {path}\n\turl = {url}\n')
    origin.git("add", ".gitmodules")
    origin.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")


def push(origin: Origin) -> None:
    (origin.work / "train.py").write_text("import lib\n")
    origin.git("add", "train.py", ".gitmodules")
    origin.git("commit", "-q", "-m", "with submodules")
    origin.push()


def fetched(origin: Origin, settings: Settings, url: str = "", **options: Any) -> Path:
    folder = settings.workspaces / "run"
    options = {"extras": Extras(submodules=True)} | options
    check_out(url or origin.url, "main", None, folder, settings=settings, **options)
    return folder / "checkout"


@pytest.mark.parametrize("url", ["../library.git", "{folder}/library.git"])
def test_a_submodule_is_checked_out(origin: Origin, library: str, installation: Settings, url: str) -> None:
    add(origin, url.format(folder=origin.folder), library, "third/lib")
    push(origin)
    checkout = fetched(origin, installation)
    assert (checkout / "third" / "lib" / "layers.py").read_text() == "width = 3\n"
    assert not (checkout / "third" / "lib" / "hidden").is_symlink(), "links that lead out are removed here too"
    assert not list(checkout.rglob(".git"))


def test_without_the_wish_it_stays_away(origin: Origin, library: str, installation: Settings) -> None:
    add(origin, "../library.git", library)
    push(origin)
    assert not (fetched(origin, installation, extras=Extras()) / "lib" / "layers.py").exists()


def test_over_http_with_the_credentials_of_the_repository(
    origin: Origin, library: str, installation: Settings
) -> None:
    add(origin, "../library.git", library)
    push(origin)
    with serve(origin.folder, protected=True) as address:
        credentials = Credentials("ann", PASSWORD)
        checkout = fetched(origin, installation, f"{address}/origin.git", credentials=credentials)
    assert (checkout / "lib" / "layers.py").exists()


def test_a_remote_repository_leads_to_no_file_of_this_machine(
    origin: Origin, library: str, installation: Settings
) -> None:
    add(origin, str(origin.folder / "library.git"), library)
    push(origin)
    with serve(origin.folder) as address, pytest.raises(SubmoduleRefused, match="at http may not lead to .* at file"):
        fetched(origin, installation, f"{address}/origin.git")
    assert not (installation.workspaces / "run" / "checkout").exists()


def test_a_local_repository_leads_only_to_those_beside_it(origin: Origin, library: str, installation: Settings) -> None:
    secret = origin.folder.parent / "secret.git"
    git(origin.folder, "clone", "-q", "--bare", str(origin.folder / "library.git"), str(secret))
    for url in (str(secret), "../../secret.git", f"{origin.folder}/../secret.git", f"file://{secret}"):
        with pytest.raises(SubmoduleRefused, match="must lie beside it"):
            submodule_url(origin.url, url)
    beside = f"file://{origin.folder}/library.git"
    assert submodule_url(origin.url, beside) == submodule_url(f"file://{origin.url}", beside) == beside


def test_a_commit_that_is_not_there_is_told(origin: Origin, library: str, installation: Settings) -> None:
    add(origin, "../library.git", "1" * 40)
    push(origin)
    with pytest.raises(CommitMissing, match="1111111111"):
        fetched(origin, installation)


def test_all_together_are_bounded(origin: Origin, library: str, installation: Settings) -> None:
    (origin.work / "large.bin").write_bytes(os.urandom(700_000))
    for number in range(2):
        add(origin, "../library.git", library, f"lib{number}", f"x{number}")
    origin.git("add", "large.bin")
    push(origin)
    small = installation.model_copy(update={"checkout_limit_bytes": 700_050})
    with pytest.raises(CheckoutRefused, match="must be at most"):
        fetched(origin, small)


def test_too_many_are_refused(origin: Origin, library: str, installation: Settings) -> None:
    for number in range(SUBMODULES_LIMIT + 1):
        add(origin, "../library.git", library, f"lib{number:02d}", f"x{number}")
    push(origin)
    with pytest.raises(SubmoduleRefused, match="may have 50 submodules"):
        fetched(origin, installation)


def test_a_repository_that_is_its_own_submodule_comes_to_an_end(origin: Origin, installation: Settings) -> None:
    head = origin.commit_and_push()
    for _ in range(5):
        (origin.work / ".gitmodules").unlink(missing_ok=True)
        add(origin, "./../origin.git", head, "self")
        push_again = origin.git("commit", "-q", "-m", "deeper") or origin.git("rev-parse", "HEAD")
        origin.push()
        head = push_again
    with pytest.raises(SubmoduleRefused, match="may lie 3 deep"):
        fetched(origin, installation)


@pytest.mark.parametrize("name", ["../../../../tmp/owned", "x/../../hooks", "-upload-pack=id"])
def test_names_in_gitmodules_go_nowhere(origin: Origin, library: str, installation: Settings, name: str) -> None:
    add(origin, "../library.git", library, name=name)
    push(origin)
    assert (fetched(origin, installation) / "lib" / "layers.py").exists()
    kept = {path.name for path in installation.home.rglob("*")}
    assert not {"owned", "modules"} & kept


def test_a_submodule_without_an_address_is_refused(origin: Origin, library: str, installation: Settings) -> None:
    add(origin, "../library.git", library)
    (origin.work / ".gitmodules").write_text("[include]\n\tpath = /etc/passwd\n")
    push(origin)
    with pytest.raises(SubmoduleRefused, match="must have an address in .gitmodules. Received: 'lib'"):
        fetched(origin, installation)


@pytest.mark.parametrize(
    ("parent", "given", "expected"),
    [
        ("https://h/team/app.git", "../lib.git", "https://h/team/lib.git"),
        ("https://h/team/app.git/", "../../other/lib", "https://h/other/lib"),
        ("https://h:8443/team/app", "./sub", "https://h:8443/team/app/sub"),
        ("git@h:team/app.git", "../lib.git", "git@h:team/lib.git"),
        ("ssh://git@h:22/team/app.git", "../lib.git", "ssh://git@h:22/team/lib.git"),
        ("git@h:team/app.git", "https://other/lib.git", "https://other/lib.git"),
        ("/srv/app.git", "../lib.git", "/srv/lib.git"),
        ("https://h/team/app.git", "https://other/lib", "https://other/lib"),
    ],
)
def test_addresses(parent: str, given: str, expected: str) -> None:
    assert submodule_url(parent, given) == expected


@pytest.mark.parametrize(
    ("parent", "given"),
    [
        ("https://h/app.git", "../../lib.git"),
        ("https://h/team/app.git", "file:///etc"),
        ("https://h/team/app.git", "/etc"),
        ("https://h/team/app.git", "git@h:team/lib.git"),
        ("https://h/team/app.git", "http://127.0.0.1:8080/x"),
        ("https://h/team/app.git", "http://169.254.169.254/x"),
        ("https://h/team/app.git", "ext::sh -c id"),
        ("https://h/team/app.git", "-u./payload"),
        ("https://h/team/app.git", "--upload-pack=id"),
        ("https://h/team/app.git", "https://user:secret@h/x"),
        ("https://h/team/app.git", "git://h/x"),
        ("https://h/team/app.git", ""),
        ("git@h:team/app.git", "/etc"),
        ("/srv/app.git", "git@h:x/y"),
        ("/srv/app.git", "http://127.0.0.1/x"),
        ("https://h/team/app.git", "https://evil.example?@h/team/x"),
        ("https://h/team/app.git", "https://evil.example#@h/team/x"),
        ("file:///srv/pub/app.git", "file:///srv/pub/%2e%2e%2fpriv%2flib.git"),
        ("file:///srv/pub/app.git", "file:///srv/pub/..%2fpriv/lib.git"),
    ],
)
def test_addresses_that_lead_elsewhere(parent: str, given: str) -> None:
    with pytest.raises(SubmoduleRefused) as caught:
        submodule_url(parent, given)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "given", ["https://h:8443/x", "https://other/x", "https://H.evil/x", "ssh://h/x", "https://h.evil/x@h/y"]
)
def test_credentials_are_for_their_host_alone(given: str) -> None:
    assert _host(given) != _host("https://h/team/app.git")
    assert _host("https://H/other") == _host("https://h/team/app.git")
