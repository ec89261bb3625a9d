"""Which addresses and branches are accepted."""

import pytest

from pushtune.errors import InvalidRepositoryUrl
from pushtune.watching.repository_url import check_branch, check_url, redacted


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/example/digits.git",
        "https://git.example.com:8443/group/sub/digits",
        "ssh://git@git.example.com:2222/digits.git",
        "git@github.com:example/digits.git",
        "file:///srv/git/digits.git",
        "/srv/git/digits.git",
        "/home/ann/my projects/digit reader.git",
        "http://127.0.0.1:8000/digits.git",
    ],
)
def test_usual_addresses_are_accepted(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("--upload-pack=touch /tmp/x", "without blanks"),
        ("--upload-pack=id", "read it as an option"),
        ("-oProxyCommand=id", "read it as an option"),
        ("ext::sh -c id", "without blanks"),
        ("ext::id", "must not name a remote helper"),
        ("fd::7", "must not name a remote helper"),
        ("http://example.com/digits.git", "must use one of https, ssh, file"),
        ("git://example.com/digits.git", "must use one of https, ssh, file"),
        ("ftp://example.com/digits.git", "must use one of https, ssh, file"),
        ("digits.git", "must use one of https, ssh, file"),
        ("../digits.git", "must use one of https, ssh, file"),
        ("git@example.com:-oProxyCommand=id", "must use one of https, ssh, file"),
        ("ssh://-oProxyCommand=id/x", "must name a host"),
        ("https:///digits.git", "must name a host"),
        ("https://[::1", "must be well-formed"),
        ("https://evil.example?@github.com/team/x", "must not hold"),
        ("https://evil.example#@github.com/team/x", "must not hold"),
        ("https://evil.example\\\\@github.com/team/x", "must not hold"),
        ("https://example.com/x?private_token=abc", "must not hold"),
        ("https://example.com:port/x", "must be well-formed"),
        ("file://example.com/x", "absolute path and no host"),
        ("", "1 to 1024 characters"),
        ("https://example.com/" + "x" * 1024, "1 to 1024 characters"),
        ("https://example.com/a\nb", "without blanks"),
        ("https://example.com/my digits.git", "without blanks"),
        ("ssh://git@example.com/my digits.git", "without blanks"),
        ("git@example.com:my digits.git", "without blanks"),
        ("file:///srv/my digits.git", "without blanks"),
        ("/srv/a\x00b", "none a control character"),
        ("/srv/a\nb", "none a control character"),
        ("/srv/a\tb", "none a control character"),
        ("/srv/" + "x" * 1024, "at most 1024 characters"),
    ],
)
def test_dangerous_or_unusable_addresses_are_refused(url: str, rule: str) -> None:
    with pytest.raises(InvalidRepositoryUrl, match=rule):
        check_url(url)


@pytest.mark.parametrize(
    "url", ["https://ann:s3cret@example.com/x", "https://s3cret@example.com/x", "ssh://a:s3cret@h/x"]
)
def test_passwords_in_addresses_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(InvalidRepositoryUrl, match="connection_id") as caught:
        check_url(url)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("branch", ["main", "feature/x-1", "v1.0", "größe", "a@b", "release_2"])
def test_usual_branches_are_accepted(branch: str) -> None:
    assert check_branch(branch) == branch


@pytest.mark.parametrize(
    "branch", ["", "-x", "a b", "a..b", "a~1", "a^", "a:b", "a?", "a*", "[a", "a\\b", "/a", "a/", "a//b", "a.lock",
               "a.lock/b", "a@{1}", "@", ".a", "a/.b", "a.", "a\n", "x" * 251],
)  # fmt: skip
def test_branches_that_git_refuses_are_refused(branch: str) -> None:
    with pytest.raises(ValueError, match="must be a branch name as git allows it"):
        check_branch(branch)


def test_credentials_are_removed_from_every_address_in_a_text() -> None:
    text = "fatal: https://ann:s3cret@a.example/x and ssh://tok@b.example/y failed for git@c.example:z"
    assert redacted(text) == "fatal: https://***@a.example/x and ssh://***@b.example/y failed for git@c.example:z"


@pytest.mark.parametrize("password", ["S3cr3t/bcd", "S3cr3t@bcd", "S3cr3t#bcd", "S3cr3t?bcd", "S3cr3t" + "x" * 300])
@pytest.mark.parametrize("scheme", ["https", "http", "ftp"])
def test_no_part_of_a_password_is_repeated_however_odd(scheme: str, password: str) -> None:
    url = f"{scheme}://bob:{password}@github.com/a/b"
    with pytest.raises(InvalidRepositoryUrl) as caught:
        check_url(url)
    assert "S3cr" not in str(caught.value) and "bcd" not in str(caught.value)
    assert redacted(f"could not read {url} at all") == f"could not read {scheme}://***@github.com/a/b at all"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("fetch https://a:b@host/x failed", "fetch https://***@host/x failed"),
        ("'https://a:p@s/w@host/x'", "'https://***@host/x'"),
        ("mail a@b about https://host", "mail a@b about https://host"),
        ("a://" * 100_000 + " x@y", "a://" * 100_000 + " x@y"),
    ],
)
def test_addresses_in_any_text_are_redacted(text: str, shown: str) -> None:
    assert redacted(text) == shown
