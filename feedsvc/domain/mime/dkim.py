"""DKIM: one signature over the body and the headers that matter (RFC 6376; RFC 8058, section 4).

`relaxed/relaxed`, RSA and SHA-256. What is signed never differs between two signings of a mail, so
a repeat is the same mail byte for byte.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from datetime import datetime

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from feedsvc.domain.mime.mailbox import ascii_domain
from feedsvc.errors import Invalid

SIGNED = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "MIME-Version",
    "Content-Type",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Feedback-ID",
)
"""Signed when present; `From` once more than it is there, so that nobody can add another."""

LEAST_BITS, ADVISED_BITS = 1024, 2048
"""RFC 8301, section 3.2: shorter keys are not believed; longer ones than the least are advised."""

_WIDTH = 76
_STRING = 255  # RFC 1035, 3.3: the longest string of a TXT record
_FIELD = re.compile(rb"([^:\r\n]+):([^\r]*(?:\r\n[ \t][^\r]*)*)\r\n")
_SELECTOR = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*")


class Signer:
    """Signs mails in the name of a domain, with one key. Threads may share it."""

    def __init__(self, key_pem: bytes, selector: str, domain: str) -> None:
        self._key = _private(key_pem)
        self.selector = as_selector(selector)
        self.domain = ascii_domain(f"postmaster@{domain}", "domain").partition("@")[2]
        self.bits = self._key.key_size

    @property
    def name(self) -> str:
        """Where in the DNS the public key is looked up."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        """The TXT record that stands there (RFC 6376, 3.6.1)."""
        return f"v=DKIM1; k=rsa; p={self.public}"

    @property
    def public(self) -> str:
        """The public key as the record has it: base64 of a SubjectPublicKeyInfo."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        key = self._key.public_key().public_bytes(serialization.Encoding.DER, form)
        return base64.b64encode(key).decode("ascii")

    def sign(self, message: bytes, at: datetime) -> bytes:
        """Return the mail with its signature in front; `message` has CRLF line ends.

        `at` is told to the reader (`t=`): the mail's own date, which a repeat has again.
        """
        head, _, body = message.partition(b"\r\n\r\n")
        names, signed = _chosen(head + b"\r\n")
        words = [
            " v=1;",
            " a=rsa-sha256;",
            " c=relaxed/relaxed;",
            f" d={self.domain};",
            f" s={self.selector};",
            f" t={int(at.timestamp())};",
            *f" h={':,'.join(names)};".split(","),
            f" bh={_hash(body)};",
            " b=",
        ]
        field = _folded("DKIM-Signature:", words)
        proven = b"".join([*signed, _relaxed(b"DKIM-Signature", field.partition(b":")[2])])
        signature = self._key.sign(proven, padding.PKCS1v15(), hashes.SHA256())
        return field + _wrapped(signature) + b"\r\n" + message


def as_selector(name: str) -> str:
    """Check the name of a key, which stands in the DNS."""
    if not _SELECTOR.fullmatch(name):
        raise Invalid("selector", "This is not the name of a key.", remedy="Like feedsvc2026.")
    return name


def strings(record: str) -> str:
    """Write a TXT record as zone files do: in strings of at most 255 characters."""
    pieces = [record[i : i + _STRING] for i in range(0, len(record), _STRING)]
    return " ".join(f'"{piece}"' for piece in pieces)


def canonical(body: bytes) -> bytes:
    """Write a body as "relaxed" has it (RFC 6376, 3.4.4).

    Ours has no blanks before a line's end and ends with one line end by construction: what is left
    to do is to make one blank of several.
    """
    body = body.replace(b"\t", b" ")
    while b"  " in body:
        body = body.replace(b"  ", b" ")
    return body


def _private(key_pem: bytes) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(key_pem, password=None)
    except (ValueError, TypeError) as error:
        raise Invalid("key", "This is not a private key in PEM, without a password.") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Invalid("key", "This is not an RSA key, which is what every reader can verify.")
    if key.key_size < LEAST_BITS:
        raise Invalid("key", f"It has {key.key_size} bits; below {LEAST_BITS} nobody believes it.")
    return key


def _chosen(head: bytes) -> tuple[list[str], list[bytes]]:
    """Give the names for `h=` and the headers to sign, each in its relaxed form, in that order."""
    found = {name.lower(): (name, value) for name, value in _FIELD.findall(head)}
    present = [name for name in SIGNED if name.lower().encode("ascii") in found]
    signed = [_relaxed(*found[name.lower().encode("ascii")]) + b"\r\n" for name in present]
    return ["From", *present], signed


def _relaxed(name: bytes, value: bytes) -> bytes:
    """Write a header as "relaxed" has it (RFC 6376, 3.4.2), without a line end.

    `split` knows more blanks than the RFC; of those no header of ours holds any.
    """
    return name.lower() + b":" + b" ".join(value.split())


def _hash(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(canonical(body)).digest()).decode("ascii")


def _folded(name: str, words: Iterable[str]) -> bytes:
    """Write words one after the other, with a fold where the next does not fit."""
    lines = [name]
    for word in words:
        if len(lines[-1]) + len(word) <= _WIDTH:
            lines[-1] += word
        else:
            lines.append(f" {word.lstrip()}")
    return "\r\n".join(lines).encode("ascii")


def _wrapped(signature: bytes) -> bytes:
    """Write the value of `b=`, which may hold blanks anywhere."""
    text = base64.b64encode(signature)
    room = _WIDTH - 1
    return b"".join(b"\r\n " + text[i : i + room] for i in range(0, len(text), room))
