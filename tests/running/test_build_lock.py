import pytest

from pushtune.errors import ImageBuildFailed
from pushtune.running import build_lock
from pushtune.running.build_lock import only_one_build


@pytest.fixture(autouse=True)
def folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(build_lock.tempfile, "gettempdir", lambda: str(tmp_path))


def test_a_free_lock_is_taken_without_a_word_and_given_back():
    for _ in range(2):
        with only_one_build(lambda: pytest.fail("nobody else has it")):
            pass


def test_a_lock_that_is_never_given_back_is_named():
    waited = []
    named = pytest.raises(ImageBuildFailed, match=r"must end within 0 seconds.*pushtune-images-.*lock")
    with only_one_build(), named, only_one_build(lambda: waited.append(True), limit_seconds=0):
        pass
    assert waited == [True]
