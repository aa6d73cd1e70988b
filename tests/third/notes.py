"""Signed notes, their keys, checkpoints and cosignatures of version 1.

Owns: the text formats of C2SP signed-note, tlog-checkpoint and tlog-cosignature (Ed25519).
Invariant: a `Note` has been read strictly, but nothing in it is true until a key says so.
Does not: decide which keys are trusted (`policy`), compare trees (`tree`).
Source: C2SP signed-note, tlog-checkpoint, tlog-cosignature; docs/format.md section 5.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import ed25519
from spelling import LARGEST_SIZE, Wrong, decimal, from_base64, to_base64

ED25519 = 0x01
COSIGNATURE_V1 = 0x04

MOST_SIGNATURES = 100
"""The specification asks for at least 16 and for some limit."""


def is_key_name(name: str) -> bool:
    """Whether a key may bear the name: not empty, no Unicode space, no plus, no control."""
    return bool(name) and not any(c.isspace() or c == "+" or c < " " for c in name)


@dataclass(frozen=True)
class VKey:
    """A public key with its name and what it signs (`ED25519` notes or `COSIGNATURE_V1`)."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The key id: four bytes that name the key beside its name."""
        named = self.name.encode("utf-8", "surrogateescape") + b"\n"
        return hashlib.sha256(named + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{to_base64(bytes([self.kind]) + self.public)}"

    @classmethod
    def parse(cls, text: str, kind: int) -> VKey:
        """A key written as `name+id+base64` of the given kind."""
        parts = text.split("+", 2)
        if len(parts) != 3 or not is_key_name(parts[0]):
            raise Wrong(f"not a vkey: {text[:80]!r}")
        data = from_base64(parts[2], 33)
        if data[0] != kind:
            raise Wrong(f"the vkey has type {data[0]:#04x} where {kind:#04x} belongs: {text[:80]}")
        key = cls(parts[0], kind, data[1:])
        if parts[1] != key.id.hex():
            raise Wrong(f"the key id is not {key.id.hex()}: {text[:80]}")
        return key

    def holds(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` is this key's Ed25519 signature over `message`."""
        return ed25519.holds(self.public, message, signature)


@dataclass(frozen=True)
class Signer:
    """A private key that belongs to a `VKey`."""

    vkey: VKey
    private: Ed25519PrivateKey

    @classmethod
    def from_seed(cls, name: str, kind: int, seed: bytes) -> Signer:
        """The signer of the 32 bytes of an Ed25519 private key."""
        private = Ed25519PrivateKey.from_private_bytes(seed)
        public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return cls(VKey(name, kind, public), private)

    def sign(self, text: str) -> Signature:
        """A plain note signature, type 0x01."""
        return Signature(self.vkey.name, self.vkey.id, self.private.sign(text.encode("utf-8")))

    def cosign(self, text: str, time: int) -> Signature:
        """A cosignature of version 1 over the checkpoint `text` at `time` (seconds since 1970)."""
        signed = self.private.sign(cosigned_message(text, time))
        return Signature(self.vkey.name, self.vkey.id, time.to_bytes(8, "big") + signed)


@dataclass(frozen=True)
class Signature:
    """One signature line: whose it says it is, and the bytes behind the key id."""

    name: str
    id: bytes
    data: bytes

    def __str__(self) -> str:
        return f"\u2014 {self.name} {to_base64(self.id + self.data)}\n"

    @classmethod
    def parse(cls, line: str) -> Signature:
        """A signature line, given without its newline."""
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014" or not is_key_name(parts[1]):
            raise Wrong(f"not a signature line: {line[:80]!r}")
        data = from_base64(parts[2])
        if len(data) < 5:
            raise Wrong(f"a signature line without a signature: {line[:80]!r}")
        return cls(parts[1], data[:4], data[4:])

    def is_by(self, key: VKey) -> bool:
        """Whether name and id are the key's. This says nothing about the signature."""
        return (self.name, self.id) == (key.name, key.id)


@dataclass(frozen=True)
class Note:
    """A note as read: its text (with the last newline) and its signature lines."""

    text: str
    signatures: tuple[Signature, ...]

    def __bytes__(self) -> bytes:
        return (self.text + "\n" + "".join(map(str, self.signatures))).encode("utf-8")

    @classmethod
    def parse(cls, data: bytes) -> Note:
        """Reads a note; the last empty line parts text and signatures."""
        text = note_text(data)
        body, gap, lines = text.rpartition("\n\n")
        if not gap or not lines.endswith("\n"):
            raise Wrong("a note needs a text, an empty line and signature lines")
        signatures = tuple(map(Signature.parse, lines[:-1].split("\n")))
        if len(signatures) > MOST_SIGNATURES:
            raise Wrong(f"a note has more than {MOST_SIGNATURES} signatures")
        return cls(body + "\n", signatures)

    def signers(self, keys: Iterable[VKey]) -> list[VKey]:
        """Which of the type 0x01 `keys` signed. A known key's false signature is `Wrong`."""
        found = []
        for key in keys:
            for signature in filter(lambda each: each.is_by(key), self.signatures):
                if not key.holds(self.text.encode("utf-8"), signature.data):
                    raise Wrong(f"the signature of {key.name}+{key.id.hex()} does not hold")
                if key not in found:
                    found.append(key)
        return found

    def cosigners(self, keys: Iterable[VKey]) -> dict[VKey, int]:
        """Which of the type 0x04 `keys` cosigned, with the latest time of each."""
        found: dict[VKey, int] = {}
        for key in keys:
            for signature in filter(lambda each: each.is_by(key), self.signatures):
                time = cosignature_time(self.text, signature, key)
                found[key] = max(time, found.get(key, 0))
        return found


def note_text(data: bytes) -> str:
    """UTF-8 without ASCII control characters other than newline."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Wrong("a note is not UTF-8") from None
    if re.search(r"[\x00-\x09\x0b-\x1f]", text):
        raise Wrong("a note holds a control character")
    return text


def cosigned_message(text: str, time: int) -> bytes:
    """What a cosignature of version 1 signs."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def cosignature_time(text: str, signature: Signature, key: VKey) -> int:
    """The time of a cosignature that holds under `key`; `Wrong` when it does not."""
    if len(signature.data) != 8 + 64:
        raise Wrong(f"the cosignature of {key.name} has {len(signature.data)} bytes, not 72")
    time = int.from_bytes(signature.data[:8], "big")
    if time > LARGEST_SIZE:
        raise Wrong(f"the cosignature of {key.name} has a time beyond 2^63-1")
    if not key.holds(cosigned_message(text, time), signature.data[8:]):
        raise Wrong(f"the cosignature of {key.name}+{key.id.hex()} does not hold")
    return time


@dataclass(frozen=True)
class Checkpoint:
    """A tree head: whose, how many entries, which root. `extensions` are other logs' lines."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The note text."""
        lines = [self.origin, str(self.size), to_base64(self.root), *self.extensions]
        return "\n".join(lines) + "\n"

    @classmethod
    def parse(cls, text: str, extensions: bool = False) -> Checkpoint:
        """Reads a note text. Ward's own heads have no extension lines."""
        lines = text.split("\n")
        if lines.pop() != "" or len(lines) < 3 or "" in lines:
            raise Wrong("a checkpoint has three lines, none empty")
        if len(lines) > 3 and not extensions:
            raise Wrong("the checkpoint has extension lines")
        return cls(lines[0], decimal(lines[1]), from_base64(lines[2], 32), tuple(lines[3:]))

    def signed(self, signers: Sequence[Signer]) -> Note:
        """The head as a note with one plain signature of each signer."""
        return Note(self.text, tuple(signer.sign(self.text) for signer in signers))
