"""Which branches and tags count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushtune.watching.ref_patterns import (
    REFS_LIMIT,
    check_ref,
    is_watched,
    patterns_of,
    select,
    short_name,
    watched_refs,
)
from pushtune.watching.watched_repositories import WatchedRepository


@pytest.mark.parametrize(
    ("glob", "name", "expected"),
    [
        ("main", "main", True),
        ("main", "maintenance", False),
        ("feature/*", "feature/x", True),
        ("feature/*", "feature/x/y", False),
        ("feature/**", "feature/x/y", True),
        ("*", "main", True),
        ("*", "a/b", False),
        ("**", "a/b", True),
        ("v?.*", "v1.0", True),
        ("v?.*", "v10.0", False),
        ("release-*.x", "release-2.x", True),
        ("a.b", "axb", False),
    ],
)
def test_globs(glob: str, name: str, expected: bool) -> None:
    assert is_watched(f"refs/heads/{name}", [f"refs/heads/{glob}"]) is expected
    assert not is_watched(f"refs/tags/{name}", [f"refs/heads/{glob}"])


def test_the_patterns_of_an_entry() -> None:
    repository = WatchedRepository(name="digits", url="/x.git", branch="dev", branches=("f/*",), tags=("v*",))
    assert patterns_of(repository) == ("refs/heads/dev", "refs/heads/f/*", "refs/tags/v*")
    watched = watched_refs(repository)
    refs = ("refs/heads/dev", "refs/heads/f/x", "refs/tags/v1", "refs/heads/v1", "refs/tags/dev", "refs/pull/1/head")
    assert [watched(ref) for ref in refs] == [True, True, True, False, False, False]
    assert [short_name(ref) for ref in refs[:3]] == ["dev", "f/x", "tag v1"]


def test_the_number_of_refs_is_bounded_and_the_primary_is_always_among_them() -> None:
    refs = {f"refs/heads/b{number:03d}": "0" * 40 for number in range(150)} | {"refs/heads/main": "1" * 40}
    found, left_out = select(refs, ("refs/heads/main", "refs/heads/*"))
    assert list(found)[:3] == ["refs/heads/main", "refs/heads/b000", "refs/heads/b001"]
    assert (len(found), left_out) == (REFS_LIMIT, 51)


def test_a_name_that_git_does_not_allow_is_never_selected() -> None:
    refs = {"refs/heads/-upload-pack=x": "0" * 40, "refs/heads/a..b": "0" * 40, "refs/heads/good": "0" * 40}
    assert list(select(refs, ("refs/heads/main", "refs/heads/**"))[0]) == ["refs/heads/good"]


@pytest.mark.parametrize("ref", ["main", "refs/pull/1/head", "refs/heads/", "refs/heads/-x", "refs/tags/a b", "-x"])
def test_a_ref_has_its_full_name(ref: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        check_ref(ref)


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_glob_and_any_name_have_an_answer(glob: str, name: str) -> None:
    assert is_watched(f"refs/heads/{name}", [f"refs/heads/{glob}"]) in (True, False)
