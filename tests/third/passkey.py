"""A passkey in software: makes credentials and assertions for made-up ledgers.

Owns: what an authenticator and a browser would produce. Only tests and `make` use it.
Source: docs/format.md section 7.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import canonical
import statement
import tree
from spelling import to_base64, to_base64url

RP = "ward.example"
ORIGIN = "https://ward.example"


@dataclass(frozen=True)
class Passkey:
    """A private key of `ES256` or `EdDSA` that belongs to `person`."""

    alg: str
    person: str
    seed: bytes

    def _private(self) -> ec.EllipticCurvePrivateKey | Ed25519PrivateKey:
        if self.alg == "EdDSA":
            return Ed25519PrivateKey.from_private_bytes(self.seed)
        # The top bit cleared, the number is below the curve's order; it is never zero in practice.
        return ec.derive_private_key(int.from_bytes(self.seed, "big") >> 1, ec.SECP256R1())

    @property
    def id(self) -> str:
        """The credential's id."""
        return to_base64url(hashlib.sha256(b"id" + self.seed).digest()[:20])

    def body(self) -> dict[str, Any]:
        """The body of the entry `credential.added`."""
        form = (
            (Encoding.Raw, PublicFormat.Raw)
            if self.alg == "EdDSA"
            else (Encoding.X962, PublicFormat.UncompressedPoint)
        )
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
