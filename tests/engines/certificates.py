"""Certificates for tests: an authority, and what it signs, in files that a server and a client read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Signed:
    """A certificate and its key, in one file each."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates of servers."""

    def __init__(self, folder: Path, name: str = "Authority of the tests") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = _built(self._name, self._name, self._key, days=(-1, 30), names=(), authority=True).sign(
            self._key, hashes.SHA256()
        )
        self.bundle = folder / f"{name.replace(' ', '-')}.pem"
        self.bundle.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def sign(self, host: str, days: tuple[int, int] = (-1, 30)) -> Signed:
        """A certificate of `host` that is good for the days between, counted from today."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        made = _built(subject, self._name, key, days=days, names=(host,)).sign(self._key, hashes.SHA256())
        return _kept(self._folder / f"{host}{days[1]}", made, key)


def self_signed(folder: Path, host: str, days: tuple[int, int] = (-1, 30)) -> Signed:
    """A certificate that nobody vouches for but itself; see `Authority.sign`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    made = _built(name, name, key, days=days, names=(host,)).sign(key, hashes.SHA256())
    return _kept(folder / f"self-signed-{host}", made, key)


def _built(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    *,
    days: tuple[int, int],
    names: Sequence[str],
    authority: bool = False,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if not names:
        return built
    return built.add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _kept(stem: Path, made: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Signed:
    signed = Signed(stem.with_name(f"{stem.name}.crt"), stem.with_name(f"{stem.name}.key"))
    signed.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    signed.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return signed
