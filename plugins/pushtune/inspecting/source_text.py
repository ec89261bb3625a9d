"""Bytes of a source file to text, the way Python itself would decode them, and a bit beyond."""

import codecs
import re

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
          (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip


def decode(content: bytes) -> tuple[str, str]:
    """Return (text, encoding) of a source file: line ends are ``\\n``, the byte-order mark is gone.

    Order: byte-order mark, coding comment (PEP 263), UTF-8, and Windows-1252 for what is none of these: it maps
    nearly every byte, so that a comment in an unknown encoding never hides the code around it.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _unify(content.removeprefix(codecs.BOM_UTF8).decode(encoding, "replace")), encoding
    for encoding in filter(None, (_cookie(content), "utf-8")):
        try:
            return _unify(content.decode(encoding)), encoding
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
    return _unify(content.decode("cp1252", "replace")), "cp1252"


def _cookie(content: bytes) -> str | None:
    """Return the encoding that the first two lines name, if it is a text encoding that Python knows."""
    for line in content[:1000].split(b"\n", 2)[:2]:
        found = _COOKIE.match(line)
        if found:
            name = found.group(1).decode("ascii", "replace")
            try:
                known = codecs.lookup(name)
            except LookupError:
                return None
            return name if getattr(known, "_is_text_encoding", True) else None
    return None


def _unify(text: str) -> str:
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\f", " ").replace("\x00", "") if "\f" in text or "\x00" in text else text
