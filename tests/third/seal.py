"""Sealed bodies: XChaCha20-Poly1305 from ChaCha20-Poly1305 and HChaCha20.

Owns: sealing, opening, padding and what the seal binds.
HChaCha20 is written here because the library on Debian 12 does not have it; it is slow and not
constant in time, which a checker with a key in hand can bear and a server could not.
Source: docs/format.md section 3; draft-irtf-cfrg-xchacha-03 sections 2.2 and 2.3.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

import canonical
import entry as entries
from spelling import Wrong, from_base64, members, text_of, to_base64

_QUARTERS = [
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
]  # fmt: skip


def hchacha20(key: bytes, nonce: bytes) -> bytes:
    """The 32-byte subkey of a 32-byte key and a 16-byte nonce."""
    state = list(struct.unpack("<16I", b"expand 32-byte k" + key + nonce))
    for _ in range(10):
        for a, b, c, d in _QUARTERS:
            for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                state[x] = (state[x] + state[y]) & 0xFFFFFFFF
                mixed = state[z] ^ state[x]
                state[z] = (mixed << turn | mixed >> (32 - turn)) & 0xFFFFFFFF
    return struct.pack("<8I", *state[:4], *state[12:])


def encrypt(key: bytes, nonce: bytes, plaintext: bytes, bound: bytes) -> bytes:
    """XChaCha20-Poly1305: ciphertext and tag. `bound` is the associated data."""
    inner = ChaCha20Poly1305(hchacha20(key, nonce[:16]))
    return inner.encrypt(bytes(4) + nonce[16:], plaintext, bound)


def decrypt(key: bytes, nonce: bytes, data: bytes, bound: bytes) -> bytes:
    """The plaintext; `Wrong` when key, nonce, data or bound data is not the sealer's."""
    inner = ChaCha20Poly1305(hchacha20(key, nonce[:16]))
    try:
        return inner.decrypt(bytes(4) + nonce[16:], data, bound)
    except InvalidTag:
        raise Wrong("the seal does not open under this key") from None


@dataclass(frozen=True)
class Opened:
    """What was inside a seal."""

    body: dict[str, Any]
    salt: bytes

    @property
    def content_hash(self) -> bytes:
        """The content hash, to compare with the entry's `hash`."""
        return entries.content_hash(self.body, self.salt)

    @property
    def plaintext(self) -> bytes:
        """The plaintext with its padding."""
        value = {"body": self.body, "pad": "", "salt": to_base64(self.salt)}
        value["pad"] = "0" * (-len(canonical.write(value)) % 64)
        return canonical.write(value)

    @classmethod
    def parse(cls, plaintext: bytes) -> Opened:
        """Reads a plaintext strictly, padding included."""
        value = members(canonical.read(plaintext), "a sealed plaintext", {"body", "pad", "salt"})
        if not isinstance(value["body"], dict):
            raise Wrong("body is not an object")
        opened = cls(value["body"], from_base64(text_of(value, "salt"), 16))
        if opened.plaintext != plaintext:
            raise Wrong("the padding of a sealed plaintext is not the shortest run of 0")
        return opened


def bound_data(value: dict[str, Any]) -> bytes:
    """The associated data of an entry: all of it but `sealed` and `time`."""
    return canonical.write({n: v for n, v in value.items() if n not in ("sealed", "time")})


def seal_entry(
    header: dict[str, Any], opened: Opened, name: str, key: bytes, nonce: bytes
) -> bytes:
    """The bytes of a sealed entry from its clear members, its inside and the data key `name`."""
    value = header | {"hash": to_base64(opened.content_hash)}
    data = encrypt(key, nonce, opened.plaintext, bound_data(value))
    value["sealed"] = {
        "alg": "XC20P",
        "data": to_base64(data),
        "key": name,
        "nonce": to_base64(nonce),
    }
    return canonical.write(value)


def open_entry(entry: entries.Entry, key: bytes) -> Opened:
    """What `entry` holds, opened with its data key and compared with its content hash."""
    if entry.sealed is None:
        raise Wrong("the entry is not sealed")
    data, nonce = from_base64(entry.sealed["data"]), from_base64(entry.sealed["nonce"], 24)
    opened = Opened.parse(decrypt(key, nonce, data, bound_data(entry.value)))
    if opened.content_hash != entry.content_hash:
        raise Wrong("the sealed body is not the one the entry's hash names")
    return opened
