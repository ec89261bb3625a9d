"""Each refusal of the system says what to do about it, and about which file."""

import errno

import pytest

from pushtune.commands.system_errors import explained
from pushtune.errors import DiskAlmostFull, PushtuneError, SystemRefused


@pytest.mark.parametrize(
    ("number", "kind", "remedy"),
    [
        (errno.EACCES, SystemRefused, "user who owns them"),
        (errno.ENOTDIR, SystemRefused, "Move away the file"),
        (errno.EEXIST, SystemRefused, "Move away the file"),
        (errno.ENOSPC, DiskAlmostFull, "Free some space"),
        (errno.EDQUOT, DiskAlmostFull, "Free some space"),
        (errno.EIO, SystemRefused, "Correct what this names"),
    ],
)
def test_an_error_is_explained(number: int, kind: type[PushtuneError], remedy: str) -> None:
    told = explained(OSError(number, "refused", "/home/of/pushtune"))
    assert type(told) is kind
    assert "/home/of/pushtune" in str(told.received)
    assert remedy in told.remedy
