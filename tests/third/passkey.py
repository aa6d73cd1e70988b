"""A passkey in software: makes credentials and assertions for made-up ledgers.

Owns: what an authenticator and a browser would produce. Only tests and `make` use it.
Source: docs/format.md section 7.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
)

import canonical
import statement
import tree
from spelling import to_base64, to_base64url

RP = "ward.example"
ORIGIN = "https://ward.example"
# The one RSA key there is: making one takes long, and no seed makes the same twice.
RSA = Path(__file__).resolve().parents[2] / "crates" / "proof" / "vectors" / "rs256.pk8"


@dataclass(frozen=True)
class Passkey:
    """A private key of `ES256`, `EdDSA` or `RS256` that belongs to `person`."""

    alg: str
    person: str
    seed: bytes

    def _private(self) -> ec.EllipticCurvePrivateKey | Ed25519PrivateKey | rsa.RSAPrivateKey:
        if self.alg == "RS256":
            key = load_der_private_key(RSA.read_bytes(), None)
            assert isinstance(key, rsa.RSAPrivateKey)
            return key
        if self.alg == "EdDSA":
            return Ed25519PrivateKey.from_private_bytes(self.seed)
        # The top bit cleared, the number is below the curve's order; it is never zero in practice.
        return ec.derive_private_key(int.from_bytes(self.seed, "big") >> 1, ec.SECP256R1())

    def public_key(self) -> Any:
        """The public key, as the library has it."""
        return self._private().public_key()

    def public_numbers(self) -> Any:
        """Modulus and exponent of a key of RSA."""
        return self.public_key().public_numbers()

    def sign_bytes(self, message: bytes, how: Any, digest: Any) -> bytes:
        """A signature of RSA with a padding and a hash that need not be the right ones."""
        private = self._private()
        assert isinstance(private, rsa.RSAPrivateKey)
        return private.sign(message, how, digest)

    @property
    def id(self) -> str:
        """The credential's id."""
        return to_base64url(hashlib.sha256(b"id" + self.seed).digest()[:20])

    def body(self) -> dict[str, Any]:
        """The body of the entry `credential.added`."""
        form = {
            "ES256": (Encoding.X962, PublicFormat.UncompressedPoint),
            "EdDSA": (Encoding.Raw, PublicFormat.Raw),
            "RS256": (Encoding.DER, PublicFormat.PKCS1),
        }[self.alg]
        return {
            "alg": self.alg,
            "credential": self.id,
            "key": to_base64(self._private().public_key().public_bytes(*form)),
            "origins": [ORIGIN],
            "person": self.person,
            "rp": RP,
        }

    def evidence(self, challenge: bytes, flags: int = 0x05, /, **client: Any) -> dict[str, Any]:
        """Evidence over `challenge`; `client` overrides members of the client data."""
        data = {
            "type": "webauthn.get",
            "challenge": to_base64url(challenge),
            "origin": ORIGIN,
            "crossOrigin": False,
        } | client
        client_data = json.dumps(data, separators=(",", ":")).encode()
        authenticator = hashlib.sha256(RP.encode()).digest() + bytes([flags]) + bytes(4)
        signed = authenticator + hashlib.sha256(client_data).digest()
        private = self._private()
        if isinstance(private, Ed25519PrivateKey):
            signature = private.sign(signed)
        elif isinstance(private, rsa.RSAPrivateKey):
            signature = private.sign(signed, padding.PKCS1v15(), SHA256())
        else:
            signature = private.sign(signed, ec.ECDSA(SHA256()))
        return {
            "authenticator_data": to_base64(authenticator),
            "client_data": to_base64(client_data),
            "credential": self.id,
            "grade": statement.PASSKEY,
            "signature": to_base64(signature),
        }

    def sign(self, said: dict[str, Any]) -> dict[str, Any]:
        """The member `signature` for one statement."""
        challenge = statement.challenge_of_one(canonical.write(said))
        return {"evidence": self.evidence(challenge), "statement": said}

    def sign_many(self, said: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """The members `signature` for statements signed at once, in the order shown."""
        leaves = tree.Leaves([tree.leaf_hash(canonical.write(each)) for each in said])
        evidence = self.evidence(statement.challenge_of_many(len(said), leaves.root()))
        signatures = []
        for index, each in enumerate(said):
            proof = tree.range_proof(index, index + 1, len(said), leaves.subtree)
            batch = {"index": index, "proof": list(map(to_base64, proof)), "size": len(said)}
            signatures.append({"evidence": evidence | {"batch": batch}, "statement": each})
        return signatures
