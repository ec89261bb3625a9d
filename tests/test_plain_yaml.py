"""A YAML file is plain data, bounded, or refused with the place of the mistake."""

from pathlib import Path

import pytest

from pushtune.plain_yaml import SIZE_LIMIT_BYTES, InvalidYaml, read_yaml

BOMB = "a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (BOMB.encode(), r"aliases \(\*name\) are not allowed in line 2, column 8"),
        (b"a: &x\n  <<: *x\n", "aliases"),
        (b"[" * 200 + b"]" * 200, "too many or too deeply nested values in line 1"),
        (b"[" + b"1," * 200_000 + b"]", "too many or too deeply nested values"),
        (b"a: 1\nb: 2\na: 3\n", "the key 'a' is given twice in line 3, column 1"),
        (b"a: !!python/object/apply:os.system [id]\n", "could not determine a constructor"),
        (b"a: {{ NAME }}\n", r"a list or a mapping as a key \(a text with braces .*\) in line 1, column 5"),
        (b"? [x]\n: 1\n", "a list or a mapping as a key"),
        (b"a: !!bool x\n", "must be plain YAML"),
        (b"a: !!int ''\n", "must be plain YAML"),
        (b"a: !!timestamp x\n", "must be plain YAML"),
        (b"a: !!map [x]\n", "must be plain YAML"),
        (b"a: [1\n", "must be plain YAML"),
        (b"a: 1\n---\nb: 2\n", "must be plain YAML"),
        (b"a: \xff\n", "must be UTF-8 text. Received: byte 0xff at 3"),
        (b"a: \x07\n", "must be plain YAML"),
        (b"a: 2026-99-99\n", "must be plain YAML"),
        (b"#" * (SIZE_LIMIT_BYTES + 1), f"must be at most {SIZE_LIMIT_BYTES} bytes"),
    ],
)
def test_what_is_not_plain_data_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "document.yaml"
    path.write_bytes(content)
    with pytest.raises(InvalidYaml, match=message):
        read_yaml(path)


def test_a_folder_is_no_document(tmp_path: Path) -> None:
    with pytest.raises(InvalidYaml, match="must be a readable file. Received: Is a directory"):
        read_yaml(tmp_path)


def test_plain_data_is_returned(tmp_path: Path) -> None:
    path = tmp_path / "document.yaml"
    path.write_text("a: [1, 2.5, text]\nb: {c: true}\n")
    assert read_yaml(path) == {"a": [1, 2.5, "text"], "b": {"c": True}}
