"""Keys and certificates for tests, made once; they open nothing."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID


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


@dataclass(frozen=True)
class Certificate:
    """A certificate for localhost that signs itself, as files."""

    file: Path
    key_file: Path

    def server(self) -> ssl.SSLContext:
        """Show it to those who connect."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key_file)
        return context

    def client(self) -> ssl.SSLContext:
        """Believe it, and nothing else."""
        return ssl.create_default_context(cafile=str(self.file))


def certificate(folder: Path, *, days: int = 90) -> Certificate:
    """Make a certificate that is good for some days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=100))
        .not_valid_after(today + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    written = Certificate(folder / "certificate.pem", folder / "certificate.key")
    written.file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    written.key_file.write_bytes(_pem(key))
    return written
