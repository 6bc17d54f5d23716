"""Sealing what names a person (law 12): AES-256-GCM with a key id per value, and keyed hashes to find it."""

import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from feedsvc.errors import Misconfigured

NONCE = 12
KEY = 32
SHORTEST = 1 + NONCE + 16  # key id, nonce, and the mark of AES-GCM
TAG = 8
MARK = "key mark "
LAST = 255
LOOK_SECONDS = 1.0
"""How often whoever seals looks whether there is a newer key."""


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


_KINDS = {what: what.encode() for what in Sealed}


class Source(Protocol):
    """Where keys come from, and come anew when there is another."""

    def newer(self) -> "Keys | None":
        """Return the keys that are there now, or None when nothing has changed since the last look."""


@dataclass
class Keys:
    """All secrets of an installation. `index` cannot rotate: every stored hash was made with it.

    `seals` and `tokens` are by key id (1 to 255); `current` is the id that seals and signs now. Keys
    with a `source` renew themselves: a key that was added while the service runs is taken up within
    a second, and at once when something sealed with it is met.
    """

    index: bytes = field(repr=False)
    seals: Mapping[int, bytes] = field(repr=False)
    tokens: Mapping[int, bytes] = field(repr=False)
    current: int
    source: Source | None = field(default=None, compare=False, repr=False)
    _ciphers: dict[int, AESGCM] = field(default_factory=dict, init=False, compare=False, repr=False)
    _look_at: float = field(default=0.0, init=False, compare=False, repr=False)

    def seal(self, value: str, what: Sealed) -> bytes:
        """Seal `value`: key id, nonce, ciphertext with its tag."""
        number = self.newest()
        nonce = os.urandom(NONCE)
        sealed = self._cipher(number).encrypt(nonce, value.encode(), _KINDS[what])
        return number.to_bytes() + nonce + sealed

    def unseal(self, sealed: bytes, what: Sealed) -> str:
        """Open a sealed value; raises Misconfigured when its key is not here or it was changed."""
        return self._opened(sealed, what).decode()

    def reseal(self, sealed: Sequence[bytes], what: Sealed) -> list[bytes | None]:
        """Seal values anew with the current key; None stands for one that does not open."""
        number = self.newest()
        cipher, mark, kind = self._cipher(number), bytes([number]), what.encode()
        nonces = secrets.token_bytes(NONCE * len(sealed))
        renewed: list[bytes | None] = []
        for place, value in enumerate(sealed):
            nonce = nonces[place * NONCE : (place + 1) * NONCE]
            try:
                opened = self._opened(value, what)
            except Misconfigured:
                renewed.append(None)
            else:
                renewed.append(mark + nonce + cipher.encrypt(nonce, opened, kind))
        return renewed

    def newest(self) -> int:
        """Return the id of the key that seals and signs now."""
        if self.source and time.monotonic() >= self._look_at:
            self.look()
        return self.current

    def token(self, number: int) -> bytes | None:
        """Return the key that signs tokens under an id."""
        if number not in self.tokens:
            self.look()
        return self.tokens.get(number)

    def look(self) -> None:
        """Take up what has been added since the last look."""
        self._look_at = time.monotonic() + LOOK_SECONDS
        newer = self.source.newer() if self.source else None
        if newer and newer.index == self.index:
            self.seals, self.tokens = newer.seals, newer.tokens
            self.current = newer.current  # last: whoever reads it meanwhile finds its keys

    def _opened(self, sealed: bytes, what: Sealed) -> bytes:
        if len(sealed) < SHORTEST:
            raise Misconfigured("A sealed row does not open: it was cut off.")
        cipher = self._cipher(sealed[0])
        nonce, rest = sealed[1 : 1 + NONCE], sealed[1 + NONCE :]
        try:
            return cipher.decrypt(nonce, rest, what.encode())
        except InvalidTag as error:
            raise Misconfigured("A sealed row does not open: it was changed.") from error

    def _cipher(self, number: int) -> AESGCM:
        cipher = self._ciphers.get(number)
        if cipher is None:
            cipher = self._ciphers[number] = AESGCM(self._key(number))
        return cipher

    def _key(self, number: int) -> bytes:
        if number not in self.seals:
            self.look()
        if number not in self.seals:
            raise Misconfigured(
                f"A row is sealed with key {number}, which the key file does not hold.",
                remedy="Put back the key file that belongs to this database.",
            )
        return self.seals[number]

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


def with_another(keys: Keys) -> Keys:
    """Add a key to seal and to sign with; it is not the current one yet.

    Raises Misconfigured when there is room for no more.
    """
    number = max(keys.tokens) + 1
    if number > LAST:
        raise Misconfigured("The key file holds 255 keys, and ids go no further.")
    return replace(
        keys,
        seals={**keys.seals, number: secrets.token_bytes(KEY)},
        tokens={**keys.tokens, number: secrets.token_bytes(KEY)},
    )


def without_old_seals(keys: Keys) -> Keys:
    """Drop all keys that seal, but for the current one; those of tokens stay: links never expire."""
    return replace(keys, seals={keys.current: keys.seals[keys.current]})
