"""Statements, challenges, and the evidence that a person signed.

Owns: the member `signature` of an entry, challenges of one and of many statements, and the check
of a WebAuthn assertion under a credential.
Does not: find credentials or compare a statement with its entry (`history`).
Source: docs/format.md section 7; W3C Web Authentication Level 2 sections 5.8.1, 6.1 and 7.2.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

import canonical
import ed25519
import tree
from spelling import (
    Wrong,
    decimal,
    from_base64,
    from_base64url,
    from_identifier,
    members,
    text_list,
    text_of,
    to_base64url,
    word_of,
)

PASSKEY = "passkey"
OTP = "otp"

USER_PRESENT = 0x01
USER_VERIFIED = 0x04

_NEEDED = {
    "content", "ledger", "nonce", "outcome", "pack", "previous", "record", "signer", "step"
}  # fmt: skip
_OPTIONAL = {"on_behalf", "reason", "reason_hash"}


def challenge_of_one(statement: bytes) -> bytes:
    """The challenge of a statement signed alone."""
    return hashlib.sha256(b"ward-statement/v1\n" + statement).digest()


def challenge_of_many(size: int, root: bytes) -> bytes:
    """The challenge of a batch: its number of statements and the root of their tree."""
    return hashlib.sha256(b"ward-statements/v1\n" + size.to_bytes(8, "big") + root).digest()


@dataclass(frozen=True)
class Batch:
    """Where a statement stands among those signed at once."""

    index: int
    size: int
    proof: tuple[bytes, ...]

    @classmethod
    def parse(cls, value: Any) -> Batch:
        """Reads the member `batch`."""
        members(value, "batch", {"index", "proof", "size"})
        numbers = value["index"], value["size"]
        if any(type(number) is not int or number < 0 for number in numbers):
            raise Wrong("index and size of a batch are numbers from 0")
        proof = tuple(from_base64(text, 32) for text in text_list(value, "proof"))
        return cls(*numbers, proof)

    def challenge(self, statement: bytes) -> bytes:
        """The challenge that covers `statement` and the others.

        The proof is a range proof (section 8.4) of one leaf: its hashes go from left to right.
        """
        if self.index >= self.size:
            raise Wrong(f"no statement {self.index} in a batch of {self.size}")
        leaf = tree.leaf_hash(statement)
        return challenge_of_many(
            self.size, tree.root_by_range(self.index, self.size, [leaf], self.proof)
        )


@dataclass(frozen=True)
class Assertion:
    """Evidence of grade `passkey`."""

    authenticator_data: bytes
    client_data: bytes
    credential: str
    signature: bytes
    batch: Batch | None

    @classmethod
    def parse(cls, value: dict[str, Any]) -> Assertion:
        """Reads the evidence."""
        names = {"authenticator_data", "client_data", "credential", "grade", "signature"}
        members(value, "evidence", names, {"batch"})
        if not from_base64url(text_of(value, "credential")):
            raise Wrong("the credential has no id")
        return cls(
            from_base64(text_of(value, "authenticator_data")),
            from_base64(text_of(value, "client_data")),
            value["credential"],
            from_base64(text_of(value, "signature")),
            Batch.parse(value["batch"]) if "batch" in value else None,
        )


def _rsa(der: bytes) -> rsa.RSAPublicKey:
    """The key that `RSAPublicKey` in DER spells; `ValueError` where it is none that is taken."""
    key = load_der_public_key(der)
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("another sort of key")
    if key.public_bytes(Encoding.DER, PublicFormat.PKCS1) != der:
        raise ValueError("another spelling")
    numbers = key.public_numbers()
    odd = numbers.n % 2 == numbers.e % 2 == 1
    if not (2048 <= key.key_size <= 8192 and 1 << 16 < numbers.e < 1 << 33 and odd):
        raise ValueError("a weak key, or one that is too large")
    return key


@dataclass(frozen=True)
class Credential:
    """A passkey's public half, as the body of `credential.added` gives it."""

    alg: str
    id: str
    key: bytes
    origins: tuple[str, ...]
    person: str
    rp: str

    @classmethod
    def parse(cls, body: dict[str, Any]) -> Credential:
        """Reads the body of a `credential.added` entry."""
        names = {"alg", "credential", "key", "origins", "person", "rp"}
        members(body, "the credential", names)
        sizes = {"ES256": 65, "EdDSA": 32, "RS256": None}
        if body["alg"] not in sizes:
            raise Wrong(f"not an algorithm of credentials: {body['alg']!r}")
        key = from_base64(text_of(body, "key"), sizes[body["alg"]])
        if not from_base64url(text_of(body, "credential")):
            raise Wrong("the credential has no id")
        from_identifier("p", body["person"])
        origins = tuple(text_list(body, "origins"))
        if not origins:
            raise Wrong("the credential names no origin")
        found = cls(
            body["alg"], body["credential"], key, origins, body["person"], text_of(body, "rp")
        )
        found._public()
        return found

    def _public(self) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey | None:
        # Ed25519 keys are looked at when they are used; a point that is none never verifies.
        if self.alg == "EdDSA":
            return None
        try:
            if self.alg == "RS256":
                return _rsa(self.key)
            if self.key[0] != 4:
                raise ValueError("compressed")
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), self.key)
        except ValueError:
            raise Wrong(f"the key of the credential is no {self.alg} key") from None

    def check(self, assertion: Assertion, statement: bytes) -> None:
        """`Wrong` unless this credential's owner was present, verified, and signed `statement`."""
        batch = assertion.batch
        challenge = batch.challenge(statement) if batch else challenge_of_one(statement)
        self._check_client_data(assertion.client_data, challenge)
        self._check_authenticator(assertion.authenticator_data)
        signed = assertion.authenticator_data + hashlib.sha256(assertion.client_data).digest()
        public = self._public()
        try:
            if public is None and not ed25519.holds(self.key, signed, assertion.signature):
                raise InvalidSignature
            if isinstance(public, rsa.RSAPublicKey):
                public.verify(assertion.signature, signed, padding.PKCS1v15(), SHA256())
            elif public is not None:
                public.verify(assertion.signature, signed, ec.ECDSA(SHA256()))
        except InvalidSignature:
            raise Wrong("the assertion's signature does not hold") from None

    def _check_client_data(self, data: bytes, challenge: bytes) -> None:
        try:
            client = json.loads(data.decode("utf-8"))
        except (ValueError, RecursionError):
            raise Wrong("client_data is not JSON") from None
        if not isinstance(client, dict) or client.get("type") != "webauthn.get":
            raise Wrong("client_data is not of type webauthn.get")
        if client.get("challenge") != to_base64url(challenge):
            raise Wrong("client_data answers another challenge")
        if client.get("origin") not in self.origins:
            raise Wrong("client_data comes from an origin the credential does not name")
        if client.get("crossOrigin", False) is not False:
            raise Wrong("client_data comes from a frame of another origin")

    def _check_authenticator(self, data: bytes) -> None:
        if len(data) < 37:
            raise Wrong("authenticator_data has less than 37 bytes")
        if data[:32] != hashlib.sha256(self.rp.encode("utf-8")).digest():
            raise Wrong("authenticator_data is of another relying party")
        if not data[32] & USER_PRESENT or not data[32] & USER_VERIFIED:
            raise Wrong("the user was not present or not verified")


@dataclass(frozen=True)
class Signed:
    """The member `signature` of an entry: a statement and what stands behind it."""

    statement: dict[str, Any]
    grade: str
    assertion: Assertion | None

    @property
    def raw(self) -> bytes:
        """The statement's canonical form, which is what is signed."""
        return canonical.write(self.statement)

    @classmethod
    def parse(cls, value: Any) -> Signed:
        """Reads the member strictly."""
        members(value, "signature", {"evidence", "statement"})
        statement, evidence = value["statement"], value["evidence"]
        _check_statement(statement)
        grade = evidence.get("grade") if isinstance(evidence, dict) else None
        if grade == PASSKEY:
            return cls(statement, grade, Assertion.parse(evidence))
        if grade == OTP:
            members(evidence, "evidence", {"factor", "grade"})
            if evidence["factor"] not in ("totp", "recovery-code"):
                raise Wrong(f"not a factor: {evidence['factor']!r}")
            return cls(statement, grade, None)
        raise Wrong(f"not a grade of evidence: {grade!r}")


def _check_statement(value: Any) -> None:
    members(value, "the statement", _NEEDED, _OPTIONAL)
    for name in value:
        text_of(value, name)
    from_base64(value["content"], 32)
    from_base64(value["nonce"], 16)
    from_identifier("p", value["signer"])
    if value["previous"] != "self":
        decimal(value["previous"])
    word_of(value, "outcome")
    if "on_behalf" in value:
        from_identifier("p", value["on_behalf"])
    if "reason" in value and "reason_hash" in value:
        raise Wrong("the statement has both reason and reason_hash")
    if "reason_hash" in value:
        from_base64(value["reason_hash"], 32)
