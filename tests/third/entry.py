"""One entry of the ledger: its members, its actor, its content hash.

Owns: what an entry may look like on its own. Signatures are read by `statement`, which this calls.
Does not: compare entries with each other (`history`), open seals (`seal`).
Source: docs/format.md sections 2 and 6.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import canonical
import statement
from spelling import WORD, Wrong, from_base64, from_identifier, line_of, members, text_of, word_of

LONGEST = 65535

_ALWAYS = {"actor", "kind", "subject", "time"}
_CLEAR = {"body"}
_SEALED = {"hash", "sealed"}
_OPTIONAL = {"form", "signature", "unit"}

_VERSION = r"/[1-9][0-9]{0,8}"
_KIND = re.compile(rf"{WORD}(\.{WORD})*({_VERSION})?", re.A)
_FORM = re.compile(rf"{WORD}(\.{WORD})*{_VERSION}", re.A)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z", re.A)


@dataclass(frozen=True)
class Entry:
    """An entry that keeps every rule an entry can keep on its own."""

    raw: bytes
    value: dict[str, Any]
    content_hash: bytes
    signature: statement.Signed | None

    @property
    def kind(self) -> str:
        """What happened."""
        return self.value["kind"]

    @property
    def time(self) -> str:
        """When, UTC; such texts compare as the times do."""
        return self.value["time"]

    @property
    def subject(self) -> str:
        """What it happened to."""
        return self.value["subject"]

    @property
    def actor(self) -> dict[str, Any]:
        """Who acted."""
        return self.value["actor"]

    @property
    def body(self) -> dict[str, Any] | None:
        """The body of a clear entry."""
        return self.value.get("body")

    @property
    def sealed(self) -> dict[str, Any] | None:
        """The seal of a sealed entry."""
        return self.value.get("sealed")

    @classmethod
    def parse(cls, raw: bytes) -> Entry:
        """Reads an entry strictly."""
        if len(raw) > LONGEST:
            raise Wrong(f"an entry has {len(raw)} bytes; {LONGEST} is the most")
        value = canonical.read_object(raw)
        hashed = _check_members(value)
        signed = statement.Signed.parse(value["signature"]) if "signature" in value else None
        return cls(raw, value, hashed, signed)


def content_hash(body: dict[str, Any], salt: bytes) -> bytes:
    """SHA-256 of the salt and the body's canonical form."""
    return hashlib.sha256(salt + canonical.write(body)).digest()


def _check_members(value: dict[str, Any]) -> bytes:
    sealed = "sealed" in value
    needed = _ALWAYS | (_SEALED if sealed else _CLEAR)
    allowed = _OPTIONAL if sealed else _OPTIONAL | {"salt"}
    members(value, "the entry", needed, allowed)
    _check_actor(value["actor"])
    _check_texts(value)
    if "unit" in value:
        from_identifier("u", value["unit"])
    if sealed:
        _check_seal(value["sealed"])
        return from_base64(text_of(value, "hash"), 32)
    if not isinstance(value["body"], dict):
        raise Wrong("body is not an object")
    salt = from_base64(text_of(value, "salt"), 16) if "salt" in value else b""
    return content_hash(value["body"], salt)


def _check_texts(value: dict[str, Any]) -> None:
    for name, pattern in (("kind", _KIND), ("form", _FORM)):
        if name in value:
            found = text_of(value, name)
            if not pattern.fullmatch(found) or len(found) > 64:
                raise Wrong(f"not a {name}: {found[:80]!r}")
    line_of(value, "subject")
    check_time(text_of(value, "time"))


def check_time(text: str) -> None:
    """`Wrong` unless `text` is a time from 1970 to 9999 as entries spell it."""
    try:
        real = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").year >= 1970
    except ValueError:
        real = False
    if not real or not _TIME.fullmatch(text) or text[17:19] > "59":
        raise Wrong(f"not a time: {text[:40]!r}")


def _check_actor(actor: Any) -> None:
    if not isinstance(actor, dict):
        raise Wrong("actor is not an object")
    if "machine" in actor:
        line_of(members(actor, "actor", {"machine"}), "machine")
        return
    members(actor, "actor", {"person", "role", "unit"}, {"for", "session", "terminal"})
    for name, value in actor.items():
        if name != "role":
            from_identifier("p" if name == "for" else name[0], value)
    word_of(actor, "role")


def _check_seal(sealed: Any) -> None:
    members(sealed, "sealed", {"alg", "data", "key", "nonce"})
    if sealed["alg"] != "XC20P":
        raise Wrong("a seal's alg is XC20P")
    from_identifier("k", sealed["key"])
    from_base64(text_of(sealed, "nonce"), 24)
    data = from_base64(text_of(sealed, "data"))
    if len(data) < 16:
        raise Wrong(f"sealed data of {len(data)} bytes has no tag")
