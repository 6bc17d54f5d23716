"""Tokens in links and envelope senders: purpose, subject and scope under a MAC; they never expire.

29 bytes: purpose (1), key id (1), subject (6), scope (5), HMAC-SHA256 cut to 16 (128 bits).
Written as 39 characters of base64url in links, 47 of base32 where letters lose their case.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from enum import IntEnum

from feedsvc.domain.sealing import Keys

MAC = 16
BODY = 13
LENGTH = BODY + MAC


class Purpose(IntEnum):
    """What a token can do; one made for one purpose fails for every other."""

    LEAVE_CAMPAIGN = 1
    LEAVE_MAIL = 2
    LEAVE_ALL = 3
    CONFIRM = 4
    NEVER = 5
    BOUNCE = 6
    FRESH = 7
    MOVE_FROM = 8
    MOVE_TO = 9
    FORM = 10


LEAVING = (Purpose.LEAVE_CAMPAIGN, Purpose.LEAVE_MAIL, Purpose.LEAVE_ALL)


@dataclass(frozen=True, slots=True)
class Token:
    """What a genuine token says. `scope` is a campaign, a digest, what was asked, or 0, as its purpose has it."""

    purpose: Purpose
    subject: int
    scope: int = 0

    @property
    def mark(self) -> bytes:
        """What tells it from the other links of its subject."""
        return bytes([self.purpose]) + self.scope.to_bytes(5, "big")


def write(token: Token, keys: Keys, key: int | None = None) -> str:
    """Write a token for a link: 39 characters. `key` is the id of another key than the current one."""
    return base64.urlsafe_b64encode(_bytes(token, keys, key)).rstrip(b"=").decode()


def read(text: str, keys: Keys, *purposes: Purpose) -> Token | None:
    """Read a token from a link; None when it is not ours or not for one of `purposes`."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return _genuine(raw, keys, purposes)


def write_local_part(token: Token, keys: Keys, key: int | None = None) -> str:
    """Write a token for the left side of an address: 47 lower-case characters."""
    return base64.b32encode(_bytes(token, keys, key)).rstrip(b"=").decode().lower()


def read_local_part(text: str, keys: Keys, *purposes: Purpose) -> Token | None:
    """Read a token from the left side of an address, in whatever case it came back."""
    try:
        raw = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        return None
    return _genuine(raw, keys, purposes)


def message_id(keys: Keys, *parts: object, host: str) -> str:
    """Return the Message-ID of a mail, the same for the same parts (MAIL M6)."""
    digest = keys.hash("\0".join(str(part) for part in parts), "message-id")[:20]
    return f"<{base64.b32encode(digest).decode().lower()}@{host}>"


def _bytes(token: Token, keys: Keys, key: int | None = None) -> bytes:
    number = keys.newest() if key is None else key
    signing = keys.token(number)
    if signing is None:
        raise LookupError(f"There is no key {number} to sign tokens with.")
    body = bytes([token.purpose, number])
    body += token.subject.to_bytes(6, "big") + token.scope.to_bytes(5, "big")
    return body + _mac(body, signing)


def _mac(body: bytes, key: bytes) -> bytes:
    return hmac.digest(key, body, hashlib.sha256)[:MAC]


def _genuine(raw: bytes, keys: Keys, purposes: tuple[Purpose, ...]) -> Token | None:
    if len(raw) != LENGTH or raw[0] not in purposes:
        return None
    key = keys.token(raw[1])
    if key is None:
        return None
    body, mac = raw[:BODY], raw[BODY:]
    if not hmac.compare_digest(mac, _mac(body, key)):
        return None
    subject, scope = int.from_bytes(body[2:8], "big"), int.from_bytes(body[8:], "big")
    return Token(Purpose(raw[0]), subject, scope)
