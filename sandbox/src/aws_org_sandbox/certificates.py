"""TLS for the hosts that AWS serves over HTTPS alone: a certificate authority of one running sandbox.

Clients trust it by `AWS_CA_BUNDLE` or `CURL_CA_BUNDLE`. Its key never leaves the process.
"""

from __future__ import annotations

import ssl
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LIFETIME = timedelta(days=30)


class Authority:
    """A certificate authority and the certificates that it issued, one for each wildcard name."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="aws-org-sandbox-tls-")
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("AWS Org Sandbox")
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()
        certificate = _unsigned(self._name, self._name, self._key.public_key(), issuer_key=self._key.public_key())
        certificate = certificate.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        certificate = certificate.add_extension(_usage(for_authority=True), critical=True)
        self.bundle = Path(self._folder.name) / "ca.pem"
        self.bundle.write_bytes(_pem(certificate.sign(self._key, hashes.SHA256())))

    def context_for(self, host: str) -> ssl.SSLContext:
        """Server settings whose certificate is for `host` and its siblings in the same domain."""
        wildcard = "*." + host.partition(".")[2]
        with self._lock:
            if wildcard not in self._contexts:
                self._contexts[wildcard] = self._issue(wildcard)
            return self._contexts[wildcard]

    def close(self) -> None:
        """Delete the files."""
        self._folder.cleanup()

    def _issue(self, wildcard: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _unsigned(_named(wildcard), self._name, key.public_key(), issuer_key=self._key.public_key())
        names = x509.SubjectAlternativeName([x509.DNSName(wildcard)])
        certificate = certificate.add_extension(names, critical=False)
        certificate = certificate.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        certificate = certificate.add_extension(_usage(for_authority=False), critical=True)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile(dir=self._folder.name) as file:  # which only its owner may read
            file.write(private + _pem(certificate.sign(self._key, hashes.SHA256())))
            file.flush()
            context.load_cert_chain(file.name)
        return context


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _unsigned(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    *,
    issuer_key: ec.EllipticCurvePublicKey,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _usage(*, for_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not for_authority,
        key_cert_sign=for_authority,
        crl_sign=for_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
