"""The rules that bind entries to each other: time, keys of the ledger, credentials, signatures.

Owns: what a reader who passes entries in rising order of number can find out, with or without gaps.
Does not: read files, check proofs.
Source: docs/format.md sections 2, 6, 7 and 9.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from entry import Entry
from notes import ED25519, Note, VKey
from seal import Opened
from spelling import (
    Wrong,
    decimal,
    from_base64,
    from_base64url,
    from_identifier,
    members,
    text_list,
    text_of,
)
from statement import OTP, Credential

SIGNED = "signed by the person"
VOUCHED = "vouched by the server"
ELSEWHERE = "credential not in the bundle"


@dataclass(frozen=True)
class KeyChange:
    """From heads larger than `number` on, `new` signs in the place of `old`."""

    number: int
    old: VKey
    new: VKey


@dataclass
class Held:
    """A credential that was added, and whether it was revoked since."""

    credential: Credential
    revoked: bool = False


@dataclass
class History:
    """What is known after the entries passed so far. `whole` says that none is left out."""

    origin: str
    whole: bool
    opened: dict[int, Opened] = field(default_factory=dict)
    created: dict[str, Any] | None = None
    key_changes: list[KeyChange] = field(default_factory=list)
    signatures: list[dict[str, Any]] = field(default_factory=list)
    destroyed: set[str] = field(default_factory=set)
    hashes: dict[int, bytes] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    _time: str = ""

    def take(self, number: int, raw: bytes) -> Entry:
        """Takes the next entry; `Wrong` names its number when it breaks a rule."""
        try:
            return self._take(number, raw)
        except Wrong as fault:
            raise Wrong(f"entry {number}: {fault}") from None

    def _take(self, number: int, raw: bytes) -> Entry:
        entry = Entry.parse(raw)
        if entry.time < self._time:
            raise Wrong(f"its time {entry.time} lies before the last entry's {self._time}")
        self._time = entry.time
        self.hashes[number] = entry.content_hash
        if (number == 0) != (entry.kind == "ledger.created"):
            raise Wrong("entry 0, and no other, is ledger.created")
        if entry.signature:
            self._signature(number, entry)
        inside = self.opened.get(number)
        body = entry.body if entry.body is not None else inside.body if inside else None
        if body is not None:
            self._effect(number, entry.kind, body)
        elif entry.kind.startswith("ledger."):
            raise Wrong("an entry about the ledger itself is sealed")
        return entry

    def head_key(self, size: int) -> VKey:
        """The key that signs heads of `size`; needs entry 0 and every key change below `size`."""
        if self.created is None:
            raise Wrong("entry 0 is not known")
        key = VKey.parse(self.created["key"], ED25519)
        for change in self.key_changes:
            key = change.new if size > change.number else key
        return key

    def _effect(self, number: int, kind: str, body: dict[str, Any]) -> None:
        if kind == "ledger.created":
            self.created = check_created(body, self.origin)
        elif kind == "ledger.key-changed":
            self._change_key(number, body)
        elif kind == "ledger.clock-stepped-back":
            text_of(members(body, "body", {"by_us"}), "by_us")
        elif kind == "ledger.recovered":
            members(body, "body", {"dropped_bytes", "file"})
            text_of(body, "dropped_bytes"), text_of(body, "file")
        elif kind == "ledger.key-destroyed":
            self._destroy_key(number, body)
        elif kind == "credential.added":
            credential = Credential.parse(body)
            self.held[credential.id] = Held(credential)
        elif kind == "credential.revoked":
            self._revoke(body)

    def _change_key(self, number: int, body: dict[str, Any]) -> None:
        members(body, "body", {"by_new", "by_old", "new", "old"})
        old, new = (VKey.parse(text_of(body, name), ED25519) for name in ("old", "new"))
        if old.name != self.origin or new.name != self.origin or old == new:
            raise Wrong("a key change goes between two keys of this ledger")
        message = f"ward-key-change/v1\n{self.origin}\n{old}\n{new}\n{number}\n".encode()
        for key, name in ((old, "by_old"), (new, "by_new")):
            if not key.holds(message, from_base64(text_of(body, name), 64)):
                raise Wrong(f"{name} does not hold")
        if self.whole and self.head_key(number) != old:
            raise Wrong("the old key of the change is not the one in force")
        self.key_changes.append(KeyChange(number, old, new))

    def _destroy_key(self, number: int, body: dict[str, Any]) -> None:
        members(body, "body", {"backups_expire", "case", "key", "reason"})
        text_of(body, "reason")
        from_identifier("k", body["key"])
        if not re.fullmatch(
            r"none|[0-9]{4}-[0-9]{2}-[0-9]{2}", text_of(body, "backups_expire"), re.A
        ):
            raise Wrong("backups_expire is neither a date nor none")
        if decimal(text_of(body, "case")) >= number:
            raise Wrong("the approving entry is not an earlier one")
        self.destroyed.add(body["key"])

    def _revoke(self, body: dict[str, Any]) -> None:
        name = text_of(members(body, "body", {"credential"}), "credential")
        from_base64url(name)
        held = self.held.get(name)
        if held is None and self.whole:
            raise Wrong("a credential is revoked that was never added")
        if held:
            held.revoked = True

    def _signature(self, number: int, entry: Entry) -> None:
        signed = entry.signature
        assert signed is not None
        said = signed.statement
        expected = {
            "ledger": self.origin,
            "record": entry.subject,
            "signer": entry.actor.get("person"),
            "on_behalf": entry.actor.get("for"),
        }
        for name, value in expected.items():
            if said.get(name) != value:
                raise Wrong(f"the statement's {name} is not the entry's")
        self._check_content(number, said)
        verdict = VOUCHED if signed.grade == OTP else self._check_passkey(entry)
        self.signatures.append({"entry": number, "grade": signed.grade, "verdict": verdict})

    def _check_content(self, number: int, said: dict[str, Any]) -> None:
        previous = number if said["previous"] == "self" else decimal(said["previous"])
        if said["previous"] != "self" and previous >= number:
            raise Wrong("the statement's previous entry is not an earlier one")
        known = self.hashes.get(previous)
        if known is not None and known != from_base64(said["content"], 32):
            raise Wrong(f"the statement's content is not that of entry {previous}")

    def _check_passkey(self, entry: Entry) -> str:
        signed = entry.signature
        assert signed is not None and signed.assertion is not None
        held = self.held.get(signed.assertion.credential)
        if held is None:
            if self.whole:
                raise Wrong("the credential was never added")
            return ELSEWHERE
        if held.revoked:
            raise Wrong("the credential was revoked before")
        if held.credential.person != signed.statement["signer"]:
            raise Wrong("the credential is another person's")
        held.credential.check(signed.assertion, signed.raw)
        return SIGNED


def check_created(body: dict[str, Any], origin: str) -> dict[str, Any]:
    """The body of entry 0, when it keeps every rule."""
    members(body, "body", {"format", "key", "origin", "stewards"}, {"succession"})
    if body["format"] != "ward-ledger/v1":
        raise Wrong(f"not a format known here: {body['format']!r}")
    if body["origin"] != origin:
        raise Wrong(f"entry 0 is of the ledger {body['origin']!r}, the head of {origin!r}")
    if VKey.parse(text_of(body, "key"), ED25519).name != origin:
        raise Wrong("the ledger's key does not bear its origin")
    stewards = [VKey.parse(text, ED25519) for text in text_list(body, "stewards")]
    if len({key.public for key in stewards}) != len(stewards):
        raise Wrong("a steward stands twice")
    if "succession" in body:
        check_succession(text_of(body, "succession"), origin, None)
    return body


def check_succession(text: str, origin: str, stewards: list[VKey] | None) -> None:
    """A succession note to the ledger `origin`; its signatures too when the stewards are known."""
    note = Note.parse(text.encode("utf-8"))
    lines = note.text.split("\n")
    if len(lines) != 7 or lines[0] != "ward-succession/v1" or "" in lines[:6]:
        raise Wrong("not the text of a succession")
    sizes = []
    for line in lines[2:4]:
        size, space, root = line.partition(" ")
        if not space:
            raise Wrong("a head of a succession is a size and a root")
        from_base64(root, 32)
        sizes.append(decimal(size))
    if sizes[0] >= sizes[1]:
        raise Wrong("a succession keeps fewer entries than the old ledger had")
    if lines[4] != origin or lines[1] == origin:
        raise Wrong("the succession is not to this ledger from another")
    if stewards is not None and len({key.public for key in note.signers(stewards)}) < 2:
        raise Wrong("a succession needs two different stewards")
