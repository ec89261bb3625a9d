"""Who sent a webhook, and whether it may be about something that is watched. Pure: headers and body in, a decision out.

Nothing of the body is parsed before its signature holds, and the signature is checked over the exact bytes received.

=============  ==========================================================  =======================================
sender         headers                                                     what is signed
=============  ==========================================================  =======================================
plain JSON     ``X-Pushtune-Timestamp``, ``X-Pushtune-Signature``          ``<timestamp>.<body>``, hex SHA-256
GitLab (new)   ``webhook-id``, ``webhook-timestamp``,                      ``<id>.<timestamp>.<body>``, base64, as
               ``webhook-signature``                                       standardwebhooks.com describes it
GitHub         ``X-Hub-Signature-256``                                     the body, ``sha256=`` and hex
Gitea          ``X-Gitea-Signature``, ``X-Forgejo-Signature``              the body, hex
GitLab (old)   ``X-Gitlab-Token``                                          nothing: the secret itself
=============  ==========================================================  =======================================

The first row whose signature header is present decides; a bad signature is not rescued by a good one further down.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs

SECRET_LEAST_CHARACTERS = 16
TIMESTAMP_WINDOW_SECONDS = 300.0

_EVENT_HEADERS = ("x-github-event", "x-gitea-event", "x-forgejo-event", "x-gitlab-event")
_EVENTS_WITH_COMMITS = frozenset({"push", "create", "push hook", "tag push hook"})
_WHOLE_REF = re.compile(r"refs/(heads|tags)/.+", re.DOTALL)
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SYMMETRIC_PREFIX = "whsec_"


def verify(headers: Mapping[str, str], body: bytes, secret: str, unix_time: float) -> str | None:
    """Return what a repetition of this delivery would have again (64 hexadecimal digits); None if it is not authentic.

    Args:
        headers: names in small letters. body: as received, not decoded.
        secret: what the sender knows, at least ``SECRET_LEAST_CHARACTERS``; a shorter one verifies nothing.
        unix_time: now. A signed timestamp must be within ``TIMESTAMP_WINDOW_SECONDS`` of it.
    """
    if len(secret) < SECRET_LEAST_CHARACTERS:
        return None
    for header, check in _CHECKS:
        if header in headers:
            signed = check(headers, body, secret)
            fresh = signed is not None and _is_fresh(headers, header, unix_time)
            return hashlib.sha256(signed).hexdigest() if signed is not None and fresh else None
    return None


def concerns(headers: Mapping[str, str], body: bytes, is_watched: Callable[[str], bool]) -> bool:
    """Return whether a verified delivery may be about a watched ref. In doubt it is: a look too many costs little.

    Args:
        is_watched: tells it of a whole ref name, such as ``refs/heads/main``.
    """
    for header in _EVENT_HEADERS:
        if header in headers and headers[header].strip().lower() not in _EVENTS_WITH_COMMITS:
            return False
    ref = _pushed_ref(headers, body)
    return ref is None or is_watched(ref)


def sign(body: bytes, secret: str, unix_time: int) -> dict[str, str]:
    """Return the headers with which a sender of plain JSON signs ``body``."""
    signature = hmac.new(secret.encode(), b"%d." % unix_time + body, hashlib.sha256).hexdigest()
    return {"X-Pushtune-Timestamp": str(unix_time), "X-Pushtune-Signature": f"sha256={signature}"}


def _pushed_ref(headers: Mapping[str, str], body: bytes) -> str | None:
    try:
        if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            body = parse_qs(body.decode(), max_num_fields=5)["payload"][0].encode()  # GitHub's other way to send
        document = json.loads(body)
    except (ValueError, KeyError, RecursionError):
        return None
    ref = document.get("ref") if isinstance(document, dict) else None
    return ref if isinstance(ref, str) and _WHOLE_REF.fullmatch(ref) else None


def _is_fresh(headers: Mapping[str, str], header: str, unix_time: float) -> bool:
    name = _TIMESTAMP_HEADERS.get(header)
    return name is None or abs(int(headers[name]) - unix_time) <= TIMESTAMP_WINDOW_SECONDS


def _plain(headers: Mapping[str, str], body: bytes, secret: str) -> bytes | None:
    timestamp = headers.get("x-pushtune-timestamp", "")
    if not _TIMESTAMP.fullmatch(timestamp):
        return None
    signed = timestamp.encode() + b"." + body
    return signed if _hex_matches(headers["x-pushtune-signature"], signed, secret) else None


def _standard(headers: Mapping[str, str], body: bytes, secret: str) -> bytes | None:
    timestamp = headers.get("webhook-timestamp", "")
    key = _symmetric_key(secret)
    if not _TIMESTAMP.fullmatch(timestamp) or key is None:
        return None
    signed = b".".join([headers.get("webhook-id", "").encode(), timestamp.encode(), body])
    expected = b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    # The header may hold several while a sender changes its secret; all are compared, so that the time says nothing.
    matches = [hmac.compare_digest(given.encode(), expected) for given in headers["webhook-signature"].split(" ")[:10]]
    return signed if any(matches) else None


def _symmetric_key(secret: str) -> bytes | None:
    if not secret.startswith(_SYMMETRIC_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_SYMMETRIC_PREFIX), validate=True)
    except binascii.Error:
        return None


def _github(headers: Mapping[str, str], body: bytes, secret: str) -> bytes | None:
    return body if _hex_matches(headers["x-hub-signature-256"], body, secret) else None


def _gitea(headers: Mapping[str, str], body: bytes, secret: str) -> bytes | None:
    given = headers.get("x-gitea-signature") or headers.get("x-forgejo-signature") or ""
    return body if _hex_matches(f"sha256={given}", body, secret) else None


def _gitlab_token(headers: Mapping[str, str], body: bytes, secret: str) -> bytes | None:
    # Digests are of equal length: the comparison does not even say how long the secret is.
    given, expected = (hashlib.sha256(text.encode()).digest() for text in (headers["x-gitlab-token"], secret))
    return body if hmac.compare_digest(given, expected) else None


def _hex_matches(given: str, signed: bytes, secret: str) -> bool:
    expected = f"sha256={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"
    return hmac.compare_digest(given.encode(), expected.encode())


_CHECKS: tuple[tuple[str, Callable[[Mapping[str, str], bytes, str], bytes | None]], ...] = (
    ("x-pushtune-signature", _plain),
    ("webhook-signature", _standard),
    ("x-hub-signature-256", _github),
    ("x-gitea-signature", _gitea),
    ("x-forgejo-signature", _gitea),
    ("x-gitlab-token", _gitlab_token),
)
_TIMESTAMP_HEADERS = {"x-pushtune-signature": "x-pushtune-timestamp", "webhook-signature": "webhook-timestamp"}
