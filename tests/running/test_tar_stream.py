import io
import tarfile

from pushtune.running.tar_stream import tar_stream


def test_the_archive_holds_files_and_contents(tmp_path):
    big, empty = tmp_path / "big", tmp_path / "empty"
    big.write_bytes(bytes(range(256)) * 10_000)
    empty.touch()
    long_name = "folder/" + "x" * 150
    members = [("a/big", big), ("empty", empty), ("text", b"hello"), (long_name, b"1" * 512), ("föhn", b"")]
    archive = io.BytesIO(b"".join(tar_stream(members)))
    with tarfile.open(fileobj=archive) as tar:
        found = {member.name: tar.extractfile(member).read() for member in tar}
        assert {member.mode for member in tar} == {0o644}
    assert found == {"a/big": big.read_bytes(), "empty": b"", "text": b"hello", long_name: b"1" * 512, "föhn": b""}


def test_equal_content_gives_an_equal_archive(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    assert b"".join(tar_stream([("name", path)])) == b"".join(tar_stream([("name", b"content")]))
