"""Keys and certificates for tests, made once; they open nothing."""

from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa


@cache
def rsa_pem(bits: int = 2048) -> bytes:
    """Return a private RSA key."""
    return _pem(rsa.generate_private_key(public_exponent=65537, key_size=bits))


@cache
def other_pem() -> bytes:
    """Return a private key that is not RSA."""
    return _pem(ec.generate_private_key(ec.SECP256R1()))


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    form, secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, secret)
