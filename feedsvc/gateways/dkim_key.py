"""The DKIM key: a PEM file with a private RSA key, readable by its owner only."""

import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from feedsvc.config import MailSettings
from feedsvc.domain.mime.dkim import ADVISED_BITS, Signer
from feedsvc.errors import Conflict, Invalid, Misconfigured

_REMEDY = "`openssl genrsa -out FILE 2048` makes one; its DNS record is what `feedsvc check` says."


def signer(settings: MailSettings) -> Signer | None:
    """Return who signs our mails, or None when it is not us; raises Misconfigured."""
    if settings.dkim != "service" or settings.dkim_key_file is None:
        return None
    return read(settings.dkim_key_file, settings.dkim_selector, settings.dkim_signed_by)


def read(file: Path, selector: str, domain: str) -> Signer:
    """Read a key; raises Misconfigured when it is missing or cannot be used."""
    try:
        return Signer(file.read_bytes(), selector, domain)
    except OSError as error:
        raise Misconfigured(
            f"mail.dkim_key_file: cannot read {file} ({error.strerror}).", remedy=_REMEDY
        ) from error
    except Invalid as error:
        wrong = {"selector": "dkim_selector", "domain": "dkim_domain"}
        about = wrong.get(error.field, f"dkim_key_file ({file})")
        raise Misconfigured(
            f"mail.{about}: {error.problem}", remedy=error.remedy or _REMEDY
        ) from error


def create(file: Path) -> None:
    """Make a key and write it with mode 600; an existing file is never touched."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=ADVISED_BITS)
    form, secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, form, secret)
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Conflict(
            f"{file} exists already.", remedy="Use it, or take another selector."
        ) from error
    with os.fdopen(descriptor, "wb") as out:
        out.write(pem)
        out.flush()
        os.fsync(out.fileno())


def readable_by_others(file: Path) -> bool:
    """Whether somebody but the owner may read the key."""
    return bool(file.stat().st_mode & 0o077)
