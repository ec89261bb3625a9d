"""Bytes to text in the encodings that scripts come in."""

import codecs

import pytest

from pushtune.inspecting.source_text import decode


@pytest.mark.parametrize(
    ("content", "text", "encoding"),
    [
        (b"a = 1\r\nb = 2\rc = 3\n", "a = 1\nb = 2\nc = 3\n", "utf-8"),
        (codecs.BOM_UTF8 + b"a", "a", "utf-8"),
        ("é".encode("utf-16"), "é", "utf-16"),
        (codecs.BOM_UTF16_BE + "é".encode("utf-16-be"), "é", "utf-16"),
        ("é".encode("utf-32"), "é", "utf-32"),
        (b"# -*- coding: latin-1 -*-\n# \xe9\n", "# -*- coding: latin-1 -*-\n# é\n", "latin-1"),
        (b"#!/usr/bin/python\n# vim: set fileencoding=gbk :\n# \xd1\xb5\n", "训", "gbk"),
        (b"# no cookie \xe9\n", "# no cookie é\n", "cp1252"),
        (b"# coding: no-such-codec\nx = 1\n", "# coding: no-such-codec\nx = 1\n", "utf-8"),
        (b"# coding: rot13\nx = 1\n", "# coding: rot13\nx = 1\n", "utf-8"),
        (b"a\x00b\x0cc", "ab c", "utf-8"),
        (b"", "", "utf-8"),
    ],
)
def test_decode(content: bytes, text: str, encoding: str) -> None:
    found, name = decode(content)
    assert text in found if encoding == "gbk" else found == text
    assert name == encoding
