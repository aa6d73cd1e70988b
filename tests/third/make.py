"""Makes ledgers, proofs and bundles, so that another implementation can check foreign ones.

Owns: a made-up ledger that holds an example of every kind of entry the format knows.
Everything but ECDSA signatures follows from the seed.
Source: docs/format.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bundle
import canonical
import seal
import tree
from entry import Entry, content_hash
from ledger import content
from notes import COSIGNATURE_V1, ED25519, Checkpoint, Note, Signer, VKey
from passkey import Passkey
from proof import Proof
from spelling import Wrong, to_base64, to_identifier
from tiles import Folder, frame, tiles_of

FIRST_TIME = datetime(2026, 11, 23, 1, 2, 3, 456789, UTC)


def seed_bytes(seed: str, what: str) -> bytes:
    """32 bytes that follow from the seed and what they are for."""
    return hashlib.sha256(f"ward third {what}\n{seed}".encode()).digest()


def log_signer(origin: str, seed: str) -> Signer:
    """The signer of a ledger's heads."""
    return Signer.from_seed(origin, ED25519, seed_bytes(seed, f"log {origin}"))


def witness_signer(name: str, seed: str) -> Signer:
    """The signer of a witness."""
    return Signer.from_seed(name, COSIGNATURE_V1, seed_bytes(seed, f"witness {name}"))


@dataclass
class Writer:
    """Writes entries one after the other, every kind in turn."""

    origin: str
    seed: str
    key_change_at: int | None = None
    raw: list[bytes] = field(default_factory=list)
    opened: dict[int, bytes] = field(default_factory=dict)
    data_keys: dict[str, str] = field(default_factory=dict)
    batches: dict[int, list[tuple[bytes, bytes]]] = field(default_factory=dict)
    attachments: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.signer = log_signer(self.origin, self.seed)
        self.newer = log_signer(self.origin, self.seed + " after the change")
        person = to_identifier("p", self._bytes("person")[:16])
        self.passkeys = [
            Passkey(alg, person, self._bytes(f"passkey {alg}"))
            for alg in ("ES256", "EdDSA", "RS256")
        ]
        self.person = {
            "person": person,
            "role": "officer",
            "unit": to_identifier("u", self._bytes("unit")[:16]),
        }
        self._waiting: dict[int, dict[str, Any]] = {}

    def _bytes(self, what: str) -> bytes:
        return seed_bytes(self.seed, what)

    def fill(self, count: int) -> None:
        """Writes entries until there are `count`."""
        turns = [
            self._clear, self._sealed, self._signed, self._otp, self._many, self._many,
            self._salted, self._lines, self._attachment, self._backwards,
        ]  # fmt: skip
        first = [self._created, self._credential, self._credential, self._credential]
        while len(self.raw) < count:
            number = len(self.raw)
            if number == self.key_change_at:
                self._key_change(number)
            elif number < len(first):
                first[number](number)
            else:
                turns[number % len(turns)](number)

    def head_signer(self, size: int) -> Signer:
        """Who signs the head of `size`."""
        changed = self.key_change_at is not None and size > self.key_change_at
        return self.newer if changed else self.signer

    def _add(self, header: dict[str, Any]) -> None:
        self.raw.append(canonical.write(self._header(header)))

    def _header(self, header: dict[str, Any]) -> dict[str, Any]:
        # Every third entry stands at the time of the one before it, which the format allows.
        number = len(self.raw)
        time = FIRST_TIME + timedelta(microseconds=(number - (number % 3 == 2)) * 1_000_003)
        spelled = time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {"actor": {"machine": "third"}, "time": spelled} | header

    def _created(self, number: int) -> None:
        stewards = [
            Signer.from_seed(f"steward{i}.example", ED25519, self._bytes(f"steward {i}"))
            for i in (1, 2)
        ]
        body = {
            "format": "ward-ledger/v1",
            "key": str(self.signer.vkey),
            "origin": self.origin,
            "stewards": [str(steward.vkey) for steward in stewards],
        }
        self._add({"kind": "ledger.created", "subject": self.origin, "body": body})

    def _credential(self, number: int) -> None:
        body = self.passkeys[number - 1].body()
        self._add({"kind": "credential.added", "subject": body["person"], "body": body})

    def _key_change(self, number: int) -> None:
        old, new = self.signer, self.newer
        lines = ["ward-key-change/v1", self.origin, str(old.vkey), str(new.vkey), str(number)]
        text = "\n".join(lines) + "\n"
        body = {
            "by_new": to_base64(new.sign(text).data),
            "by_old": to_base64(old.sign(text).data),
            "new": str(new.vkey),
            "old": str(old.vkey),
        }
        self._add({"kind": "ledger.key-changed", "subject": self.origin, "body": body})

    def _clear(self, number: int) -> None:
        body = {
            "note": '機房 \u20ac\U0001f4a1 "quoted" \\ \x01\n',
            "number": number,
            "on": True,
            "none": None,
        }
        body |= {"\ufb33": 1, "\U0001f600": 2, "list": [-1, [], {}]}
        self._add({"kind": "notice.posted/2", "subject": f"notice {number}", "body": body})

    def _salted(self, number: int) -> None:
        more = {"for": "p", "session": "s", "terminal": "t"}
        header = {
            "actor": self.person | {n: to_identifier(p, bytes(16)) for n, p in more.items()},
            "form": "fault/3",
            "salt": to_base64(self._bytes(f"salt {number}")[:16]),
            "unit": self.person["unit"],
        }  # fmt: skip
        self._add(
            header
            | {"kind": "fault.filed", "subject": self._record(number), "body": {"what": "disk"}}
        )

    def _record(self, number: int) -> str:
        return to_identifier("r", self._bytes(f"record {number}")[:16])

    def _sealed(self, number: int) -> None:
        name = to_identifier("k", self._bytes(f"key name {number}")[:16])
        key, nonce = self._bytes(f"key {number}"), self._bytes(f"nonce {number}")[:24]
        opened = seal.Opened({"secret": "密" * (number % 40)}, self._bytes(f"salt {number}")[:16])
        header = {"actor": self.person, "kind": "person.noted", "subject": self._record(number)}
        self.raw.append(seal.seal_entry(self._header(header), opened, name, key, nonce))
        self.opened[number] = opened.plaintext
        self.data_keys[name] = to_base64(key)

    def _statement(self, number: int, content: bytes, previous: str) -> dict[str, Any]:
        return {
            "content": to_base64(content),
            "ledger": self.origin,
            "nonce": to_base64(self._bytes(f"statement {number}")[:16]),
            "outcome": "approve",
            "pack": "city/1",
            "previous": previous,
            "record": self._record(number),
            "signer": self.person["person"],
            "step": "head",
        }

    def _about_previous(self, number: int) -> dict[str, Any]:
        content = Entry.parse(self.raw[number - 1]).content_hash
        return self._statement(number, content, str(number - 1))

    def _add_signed(self, number: int, signature: dict[str, Any], body: dict[str, Any]) -> None:
        header = {"actor": self.person, "kind": "case.signed", "subject": self._record(number)}
        self._add(header | {"body": body, "signature": signature})

    def _signed(self, number: int) -> None:
        passkey = self.passkeys[number // 10 % 3]
        self._add_signed(number, passkey.sign(self._about_previous(number)), {})

    def _otp(self, number: int) -> None:
        body = {"vouched": True}
        said = self._statement(number, content_hash(body, b""), "self")
        signature = {"evidence": {"factor": "totp", "grade": "otp"}, "statement": said}
        self._add_signed(number, signature, body)

    def _many(self, number: int) -> None:
        # Two statements, signed at once, each about the entry that carries it. Where the end or a
        # key change takes the place of one of the two, the other still stands on its own proof.
        bodies = [{"part": number}, {"part": number + 1}]
        if number not in self._waiting:
            said = [
                self._statement(number + i, content_hash(bodies[i], b""), "self") for i in (0, 1)
            ]
            said[1]["reason"] = "second of two"
            signatures = self.passkeys[number // 10 % 3].sign_many(said)
            self._waiting = {number: signatures[0], number + 1: signatures[1]}
        self._add_signed(number, self._waiting[number], bodies[0])

    def _lines(self, number: int) -> None:
        lines = [
            (self._bytes(f"line {number} {i}")[:16], f"<13>line {i}".encode()) for i in range(7)
        ]
        self.batches[number] = lines
        body = {
            "count": len(lines),
            "first": "0",
            "receiver": "udp-514",
            "root": to_base64(line_tree(lines).root()),
        }
        self._add({"kind": "lines.batch", "subject": "udp-514", "body": body})

    def _attachment(self, number: int) -> None:
        data = f"attachment {number}\n".encode()
        self.attachments.append(data)
        body = {"file": "sha256:" + hashlib.sha256(data).hexdigest()}
        self._add({"kind": "file.kept", "subject": self._record(number), "body": body})

    def _backwards(self, number: int) -> None:
        self._add(
            {"kind": "ledger.clock-stepped-back", "subject": self.origin, "body": {"by_us": "17"}}
        )


def line_tree(lines: Sequence[tuple[bytes, bytes]]) -> tree.Leaves:
    """The tree of a batch of (salt, record)."""
    return tree.Leaves([tree.leaf_hash(salt + record) for salt, record in lines])


def publish(
    folder: Path, writer: Writer, sizes: Sequence[int], witnesses: Sequence[Signer], time: int
) -> None:
    """Writes all files of the heads of `sizes`; the last is cosigned and becomes `checkpoint`."""
    leaves = tree.Leaves([tree.leaf_hash(entry) for entry in writer.raw])
    for size in sizes:
        for tile in tiles_of(size):
            path = folder / tile.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content(tile, writer.raw, leaves))
    size = sizes[-1]
    head = Checkpoint(writer.origin, size, leaves.root(size)).signed([writer.head_signer(size)])
    cosigned = tuple(witness.cosign(head.text, time) for witness in witnesses)
    note = bytes(Note(head.text, head.signatures + cosigned))
    (folder / "checkpoint").write_bytes(note)
    if witnesses:
        (folder / "cosigned").write_bytes(note)


def policy_text(writer: Writer, witnesses: Sequence[VKey]) -> str:
    """The policy that trusts the ledger's keys and a quorum of all `witnesses`."""
    lines = [f"log {writer.signer.vkey}"]
    if writer.key_change_at is not None:
        old = writer.signer.vkey
        lines.append(f"log {writer.newer.vkey}")
        lines.append(f"# ward-key-until {old.name}+{old.id.hex()} {writer.key_change_at}")
    names = [f"w{number}" for number in range(1, len(witnesses) + 1)]
    lines += [f"witness {name} {key}" for name, key in zip(names, witnesses)]
    if names:
        lines.append(f"group all-of-them all {' '.join(names)}")
    lines.append("quorum all-of-them" if names else "quorum none")
    return "\n".join(lines) + "\n"


def head_of(folder: Path) -> tuple[bytes, Checkpoint]:
    """The folder's checkpoint: its bytes and what they say. Not checked."""
    path = folder / "checkpoint"
    if not path.is_file():
        raise Wrong(f"{path} is missing")
    data = path.read_bytes()
    return data, Checkpoint.parse(Note.parse(data).text)


def make_proof(folder: Path, index: int) -> bytes:
    """A proof of one entry, made from the tiles it needs and no others."""
    data, head = head_of(folder)
    tiles = Folder(folder, head.size)
    hashes = tree.inclusion(index, head.size, tiles.subtree)
    return bytes(Proof(tiles.entry(index), index, tuple(hashes), data))


def make_bundle(
    folder: Path,
    ranges: Sequence[tuple[int, int]],
    opened: dict[int, bytes],
    lines: dict[tuple[int, int], bytes],
    attachments: Sequence[bytes],
) -> bytes:
    """A bundle of the entries [first, end) of each range, in rising order."""
    data, head = head_of(folder)
    tiles = Folder(folder, head.size)
    entries, proofs = [], []
    for first, end in ranges:
        hashes = tree.range_proof(first, end, head.size, tiles.subtree)
        raw = frame([tiles.entry(number) for number in range(first, end)])
        entries.append(bundle.Section("entries", (first,), raw))
        proofs.append(bundle.Section("range", (first,), b"".join(hashes)))
    digests = {hashlib.sha256(each).hexdigest(): each for each in attachments}
    return bundle.write(
        [bundle.Section("head", (), data), *entries, *proofs]
        + [bundle.Section("opened", (number,), text) for number, text in sorted(opened.items())]
        + [bundle.Section("lines", place, text) for place, text in sorted(lines.items())]
        + [
            bundle.Section("attachment", (digest,), each)
            for digest, each in sorted(digests.items())
        ]
    )


def line_section(lines: Sequence[tuple[bytes, bytes]], first: int, end: int) -> bytes:
    """The content of a section `lines` for the lines [first, end) of a batch."""
    proof = tree.range_proof(first, end, len(lines), line_tree(lines).subtree)
    parts = [(end - first).to_bytes(4, "big")]
    for salt, record in lines[first:end]:
        parts.append(len(record).to_bytes(4, "big") + salt + record)
    return b"".join(parts + proof)
