"""The write-ahead journal: its records, and whether they agree with the published entries.

Owns: the layout of a journal file. A half-written tail is no fault; it was never acknowledged.
Does not: mend anything.
Source: docs/format.md section 10.1.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import tree
from history import History
from notes import Checkpoint, Note
from spelling import Wrong
from tiles import frame, unframe

PAGE = 4096
MAGIC = b"WARDJRN1"
_FIXED = 8 + 8 + 4 + 4 + 4
_START = _FIXED + 32


@dataclass(frozen=True)
class Record:
    """One acknowledged batch: its first number, its entries, the head that ends with it."""

    place: str
    first: int
    entries: list[bytes]
    head: bytes

    def __bytes__(self) -> bytes:
        entries = frame(self.entries)
        before = MAGIC + self.first.to_bytes(8, "big") + len(self.entries).to_bytes(4, "big")
        before += len(entries).to_bytes(4, "big") + len(self.head).to_bytes(4, "big")
        after = entries + self.head
        whole = before + hashlib.sha256(before + after).digest() + after
        return whole + bytes(-len(whole) % PAGE)


def read(path: Path) -> list[Record]:
    """The records of a file that check, in order; `Wrong` where one lies behind a broken one."""
    name, data = f"journal/{path.name}", path.read_bytes()
    if not re.fullmatch(r"[0-9]{20}", path.name, re.A):
        raise Wrong(f"{name}: not the name of a journal file")
    records, at = [], 0
    while at < len(data):
        record = _record(data, at, f"{name} at byte {at}")
        if record is None:
            break
        records.append(record)
        at += len(bytes(record))
    for later in range(at + PAGE, len(data), PAGE):
        if _record(data, later, name):
            raise Wrong(f"{name} at byte {at}: broken, with a valid record behind it")
    if records and records[0].first != int(path.name):
        raise Wrong(f"{name}: begins with entry {records[0].first}")
    for before, after in zip(records, records[1:]):
        if before.first + len(before.entries) != after.first:
            raise Wrong(f"{after.place}: does not follow the record before it")
    return records


def check_reserve(path: Path) -> None:
    """`Wrong` unless the file, space held back for a full disk, is nothing but zeros."""
    if path.read_bytes().strip(b"\0"):
        raise Wrong(f"journal/{path.name}: not only zeros")


def _record(data: bytes, at: int, place: str) -> Record | None:
    fixed = data[at : at + _FIXED]
    if len(fixed) < _FIXED or not fixed.startswith(MAGIC):
        return None
    first, count = int.from_bytes(fixed[8:16], "big"), int.from_bytes(fixed[16:20], "big")
    middle = at + _START + int.from_bytes(fixed[20:24], "big")
    end = middle + int.from_bytes(fixed[24:28], "big")
    digest = hashlib.sha256(fixed + data[at + _START : end]).digest()
    padding = data[end : at + -(-(end - at) // PAGE) * PAGE]
    if end > len(data) or data[at + _FIXED : at + _START] != digest or padding.strip(b"\0"):
        return None
    entries = unframe(data[at + _START : middle])
    if len(entries) != count:
        raise Wrong(f"{place}: {len(entries)} entries, not {count}")
    return Record(place, first, entries, data[middle:end])


def check(record: Record, raw: list[bytes], leaves: tree.Leaves, history: History) -> None:
    """`Wrong` unless the record's entries and head are those of the published ledger.

    Where it ends beyond the published head, its own head is not compared: the tree of
    acknowledged entries that are not yet published is not at hand.
    """
    end = record.first + len(record.entries)
    published = raw[record.first : end]
    if record.entries[: len(published)] != published:
        raise Wrong(f"{record.place}: its entries are not the published ones")
    note = Note.parse(record.head)
    head = Checkpoint.parse(note.text)
    if (head.origin, head.size) != (history.origin, end):
        raise Wrong(f"{record.place}: its head is not that of {end} entries of this ledger")
    if end > len(raw):
        return
    if not note.signers([history.head_key(end)]):
        raise Wrong(f"{record.place}: its head is not signed by the key in force")
    if leaves.root(end) != head.root:
        raise Wrong(f"{record.place}: its head has another root than the entries")
