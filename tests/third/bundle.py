"""Bundles: one file that carries what an auditor needs.

Owns: the sections, their order, and the check of each.
Invariant of `check`: it returns only when everything in the file was checked; what cannot be
checked from a bundle (revocations in between, credentials left out) is said in the report.
Source: docs/format.md sections 8.3, 8.4 and 8.5.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import canonical
import tree
from entry import Entry
from history import History
from notes import Checkpoint
from policy import Policy
from seal import Opened
from spelling import Wrong, decimal, from_base64, members, text_of
from tiles import hashes_of, unframe

FIRST_LINE = b"ward-bundle/v1\n"
ORDER = ["head", "entries", "range", "opened", "lines", "attachment"]
ARGUMENTS = {"head": 0, "entries": 1, "range": 1, "opened": 1, "lines": 2, "attachment": 1}
LARGEST_NUMBER = 2**64 - 1


@dataclass(frozen=True)
class Section:
    """One section. Its arguments are numbers, or one digest in hexadecimal, or none."""

    kind: str
    arguments: tuple[int | str, ...]
    content: bytes

    def __bytes__(self) -> bytes:
        words = [self.kind, str(len(self.content)), *map(str, self.arguments)]
        return " ".join(words).encode() + b"\n" + self.content + b"\n"

    @property
    def number(self) -> int:
        """The first argument of a section that has numbers."""
        first = self.arguments[0]
        assert isinstance(first, int)
        return first

    @property
    def name(self) -> str:
        """The section's kind and arguments, for messages."""
        return " ".join([self.kind, *map(str, self.arguments)])


def write(sections: Sequence[Section]) -> bytes:
    """A bundle of sections given in their order."""
    return FIRST_LINE + b"".join(map(bytes, sections)) + f"end {len(sections)}\n".encode()


def read(data: bytes) -> list[Section]:
    """The sections of a bundle, in order and each at its place; contents are not looked at."""
    if not data.startswith(FIRST_LINE):
        raise Wrong("not a bundle of version 1")
    at = len(FIRST_LINE)
    sections: list[Section] = []
    while True:
        line, newline, _ = data[at : at + 200].partition(b"\n")
        if not newline:
            raise Wrong(f"no section line at byte {at}")
        start = at + len(line) + 1
        words = line.decode("latin-1").split(" ")
        if words[0] == "end":
            _check_end(words, len(sections), data, start)
            return sections
        section, at = _section(words, data, start)
        _check_order(sections, section)
        sections.append(section)


def _check_end(words: list[str], count: int, data: bytes, start: int) -> None:
    if len(words) != 2 or decimal(words[1]) != count:
        raise Wrong("the end line does not count the sections")
    if start != len(data):
        raise Wrong("bytes after the end line")
    if count == 0:
        raise Wrong("the bundle has no head")


def _section(words: list[str], data: bytes, start: int) -> tuple[Section, int]:
    kind = words[0]
    if kind not in ORDER or len(words) != 2 + ARGUMENTS[kind]:
        raise Wrong(f"not a section line before byte {start}: {' '.join(words)[:80]!r}")
    arguments: tuple[int | str, ...]
    if kind == "attachment":
        arguments = (words[2],)
        if not re.fullmatch(r"[0-9a-f]{64}", words[2], re.A):
            raise Wrong("an attachment is named by its SHA-256 in lower-case hexadecimal")
    else:
        arguments = tuple(decimal(word, LARGEST_NUMBER) for word in words[2:])
    end = start + decimal(words[1], LARGEST_NUMBER)
    if data[end : end + 1] != b"\n":
        raise Wrong(f"the section {kind} before byte {start} is cut short or not ended")
    return Section(kind, arguments, data[start:end]), end + 1


def _check_order(before: list[Section], section: Section) -> None:
    if (section.kind == "head") != (not before):
        raise Wrong("a bundle begins with its one head")
    if not before:
        return
    last = before[-1]
    if ORDER.index(last.kind) > ORDER.index(section.kind):
        raise Wrong(f"{section.kind} comes after {last.kind}")
    if last.kind == section.kind and not last.arguments < section.arguments:
        raise Wrong(f"two sections {section.kind} do not rise")


def check(data: bytes, policy: Policy) -> dict[str, Any]:
    """What a good bundle shows; `Wrong` for any other."""
    sections = read(data)
    by_kind = {kind: [s for s in sections if s.kind == kind] for kind in ORDER}
    verdict = policy.judge(sections[0].content)
    raw = _check_ranges(by_kind["entries"], by_kind["range"], verdict.checkpoint)
    opened = {s.number: _opened(s) for s in by_kind["opened"]}
    history = History(verdict.checkpoint.origin, whole=False, opened=opened)
    entries = {number: history.take(number, raw[number]) for number in sorted(raw)}
    _check_opened(opened, entries)
    lines = _check_all_lines(by_kind["lines"], entries, opened)
    for section in by_kind["attachment"]:
        _check_attachment(section, raw, opened)
    return {
        **verdict.report(),
        "entries": [_described(number, entry, opened) for number, entry in entries.items()],
        "lines": lines,
        "attachments": [
            {"bytes": len(s.content), "sha256": s.arguments[0]} for s in by_kind["attachment"]
        ],
        "signatures": history.signatures,
        "revocations": "those of the entries left out are not to be seen from a bundle",
    }


def _described(number: int, entry: Entry, opened: dict[int, Opened]) -> dict[str, Any]:
    body = "clear" if entry.sealed is None else "opened" if number in opened else "sealed"
    shown = {"number": number, "kind": entry.kind, "subject": entry.subject, "time": entry.time}
    return shown | {"body": body}


def _check_ranges(
    entries: list[Section], ranges: list[Section], head: Checkpoint
) -> dict[int, bytes]:
    if [s.number for s in entries] != [s.number for s in ranges]:
        raise Wrong("each section entries needs one range of the same first number")
    found: dict[int, bytes] = {}
    free = -1
    for section, proof in zip(entries, ranges, strict=True):
        first, raw = section.number, unframe(section.content)
        if first <= free:
            raise Wrong(f"{section.name}: touches or overlaps the range before")
        leaves = list(map(tree.leaf_hash, raw))
        tree.check_range(first, head.size, leaves, hashes_of(proof.content), head.root)
        found.update(enumerate(raw, first))
        free = first + len(raw)
    return found


def _opened(section: Section) -> Opened:
    try:
        return Opened.parse(section.content)
    except Wrong as fault:
        raise Wrong(f"{section.name}: {fault}") from None


def _check_opened(opened: dict[int, Opened], entries: dict[int, Entry]) -> None:
    for number, inside in opened.items():
        entry = entries.get(number)
        if entry is None or entry.sealed is None:
            raise Wrong(f"opened {number}: no sealed entry of that number is in the bundle")
        if entry.content_hash != inside.content_hash:
            raise Wrong(f"opened {number}: not the body that the entry's hash names")


def _check_all_lines(
    sections: list[Section], entries: dict[int, Entry], opened: dict[int, Opened]
) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []
    batch, free = -1, -1
    for section in sections:
        first = section.arguments[1]
        assert isinstance(first, int)
        if section.number == batch and first <= free:
            raise Wrong(f"{section.name}: touches or overlaps the lines before")
        try:
            body = _batch(section.number, entries, opened)
            leaves, proof = _read_lines(section.content)
            root = from_base64(body["root"], 32)
            tree.check_range(first, body["count"], leaves, proof, root)
        except Wrong as fault:
            raise Wrong(f"{section.name}: {fault}") from None
        batch, free = section.number, first + len(leaves)
        row = {"number": batch, "first": first, "count": len(leaves)}
        shown.append(row | {"receiver": body["receiver"]})
    return shown


def _batch(number: int, entries: dict[int, Entry], opened: dict[int, Opened]) -> dict[str, Any]:
    entry = entries.get(number)
    if entry is None or entry.kind != "lines.batch":
        raise Wrong("no batch of lines of that number is in the bundle")
    body = entry.body
    if body is None and number in opened:
        body = opened[number].body
    if body is None:
        raise Wrong("the batch is sealed and not opened")
    members(body, "the batch of lines", {"count", "first", "receiver", "root"})
    text_of(body, "first"), text_of(body, "receiver"), text_of(body, "root")
    if type(body["count"]) is not int or body["count"] < 0:
        raise Wrong("count is not a number from 0")
    return body


def _read_lines(data: bytes) -> tuple[list[bytes], list[bytes]]:
    """Leaves, and the hashes of the range proof."""
    count, at, leaves = int.from_bytes(data[:4], "big"), 4, []
    if len(data) < 4 or count == 0:
        raise Wrong("a section of lines has no lines")
    for _ in range(count):
        end = at + 4 + 16 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            raise Wrong("a section of lines is cut short")
        leaves.append(tree.leaf_hash(data[at + 4 : end]))
        at = end
    return leaves, hashes_of(data[at:])


def _check_attachment(section: Section, raw: dict[int, bytes], opened: dict[int, Opened]) -> None:
    if hashlib.sha256(section.content).hexdigest() != section.arguments[0]:
        raise Wrong(f"{section.name}: its bytes have another digest")
    named = f"sha256:{section.arguments[0]}".encode()
    bodies = [canonical.write(inside.body) for inside in opened.values()]
    if not any(named in text for text in [*raw.values(), *bodies]):
        raise Wrong(f"{section.name}: no entry or opened body names it")
