"""Sealing what names a person (law 12): AES-256-GCM with a key id per value, and keyed hashes to find it."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from feedsvc.errors import Misconfigured

NONCE = 12
KEY = 32
SHORTEST = 1 + NONCE + 16  # key id, nonce, and the mark of AES-GCM
TAG = 8
MARK = "key mark "


class Sealed(StrEnum):
    """What a sealed value is; a value opened as something else does not open."""

    ADDRESS = "address"
    NAME = "name"
    LANGUAGE = "language"
    ZONE = "zone"
    MAIL = "mail"
    INTAKE = "intake"
    CALLBACK = "callback"
    SIGNING = "signing"


@dataclass(frozen=True)
class Keys:
    """All secrets of an installation. `index` cannot rotate: every stored hash was made with it.

    `seals` and `tokens` are by key id (1 to 255); `current` is the id that seals and signs now.
    """

    index: bytes
    seals: Mapping[int, bytes]
    tokens: Mapping[int, bytes]
    current: int

    @cached_property
    def _ciphers(self) -> dict[int, AESGCM]:
        return {number: AESGCM(key) for number, key in self.seals.items()}

    def seal(self, value: str, what: Sealed) -> bytes:
        """Seal `value`: key id, nonce, ciphertext with its tag."""
        nonce = secrets.token_bytes(NONCE)
        cipher = self._ciphers[self.current]
        return bytes([self.current]) + nonce + cipher.encrypt(nonce, value.encode(), what.encode())

    def unseal(self, sealed: bytes, what: Sealed) -> str:
        """Open a sealed value; raises Misconfigured when its key is not here or it was changed."""
        if len(sealed) < SHORTEST:
            raise Misconfigured("A sealed row does not open: it was cut off.")
        cipher = self._ciphers.get(sealed[0])
        if cipher is None:
            raise Misconfigured(
                f"A row is sealed with key {sealed[0]}, which the key file does not hold.",
                remedy="Put back the key file that belongs to this database.",
            )
        nonce, rest = sealed[1 : 1 + NONCE], sealed[1 + NONCE :]
        try:
            return cipher.decrypt(nonce, rest, what.encode()).decode()
        except InvalidTag as error:
            raise Misconfigured("A sealed row does not open: it was changed.") from error

    def hash(self, value: str, what: str) -> bytes:
        """Return the keyed hash by which `value` is found without being known (32 bytes)."""
        return hmac.digest(self.index, f"{what}\0{value}".encode(), hashlib.sha256)

    def tag(self, value: str, what: str) -> bytes:
        """Return a short keyed hash for grouping, by zone or mail domain (8 bytes)."""
        return self.hash(value, what)[:TAG]

    def address_index(self, address: str) -> bytes:
        """Return the keyed hash of an address, the same however its letters were written."""
        return self.hash(address.casefold(), Sealed.ADDRESS)

    def marks(self) -> dict[str, bytes]:
        """Return what a database remembers of its keys, to know them again: nothing that opens."""
        marks = {"index": self.hash("mark", "key")}
        for number, key in self.seals.items():
            marks[f"seal {number}"] = hmac.digest(key, b"feedsvc mark", hashlib.sha256)
        return {f"{MARK}{name}": mark for name, mark in marks.items()}


def fresh_keys() -> Keys:
    """Make the keys of a new installation."""
    seal, token = secrets.token_bytes(KEY), secrets.token_bytes(KEY)
    return Keys(index=secrets.token_bytes(KEY), seals={1: seal}, tokens={1: token}, current=1)
