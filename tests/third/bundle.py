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
from policy import Policy
from seal import Opened
from spelling import Wrong, decimal, from_base64, members, text_of
from tiles import hashes_of, unframe

FIRST_LINE = b"ward-bundle/v1\n"
ORDER = ["head", "entries", "range", "opened", "lines", "attachment"]


@dataclass(frozen=True)
class Section:
    """One section. `argument` is a number, a digest in hexadecimal, or None for the head."""

    kind: str
    argument: int | str | None
    content: bytes

    def __bytes__(self) -> bytes:
        argument = "" if self.argument is None else f" {self.argument}"
        return f"{self.kind} {len(self.content)}{argument}\n".encode() + self.content + b"\n"


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
    if kind not in ORDER or len(words) != (2 if kind == "head" else 3):
        raise Wrong(f"not a section line before byte {start}: {' '.join(words)[:80]!r}")
    argument: int | str | None = None
    if kind == "attachment":
        argument = words[2]
        if not re.fullmatch(r"[0-9a-f]{64}", words[2], re.A):
            raise Wrong("an attachment is named by its SHA-256 in lower-case hexadecimal")
    elif kind != "head":
        argument = decimal(words[2])
    end = start + decimal(words[1])
    if data[end : end + 1] != b"\n":
        raise Wrong(f"the section {kind} before byte {start} is cut short or not ended")
    return Section(kind, argument, data[start:end]), end + 1


def _check_order(before: list[Section], section: Section) -> None:
    if (section.kind == "head") != (not before):
        raise Wrong("a bundle begins with its one head")
    if not before:
        return
    last = before[-1]
    if ORDER.index(last.kind) > ORDER.index(section.kind):
        raise Wrong(f"{section.kind} comes after {last.kind}")
    if last.kind == section.kind and not last.argument < section.argument:  # type: ignore[operator]
        raise Wrong(f"two sections {section.kind} do not rise")


def check(data: bytes, policy: Policy) -> dict[str, Any]:
    """What a good bundle shows; `Wrong` for any other."""
    sections = read(data)
    by_kind = {kind: [s for s in sections if s.kind == kind] for kind in ORDER}
    verdict = policy.judge(sections[0].content)
    raw = _check_ranges(by_kind["entries"], by_kind["range"], verdict.checkpoint)
    opened = {_number(s): _opened(s) for s in by_kind["opened"]}
    history = History(verdict.checkpoint.origin, whole=False, opened=opened)
    entries = {number: history.take(number, raw[number]) for number in sorted(raw)}
    _check_opened(opened, entries)
    lines = sum(_check_lines(section, entries, opened) for section in by_kind["lines"])
    for section in by_kind["attachment"]:
        _check_attachment(section, raw, opened)
    return {
        **verdict.report(),
        "entries": sorted(raw),
        "opened": sorted(opened),
        "lines": lines,
        "attachments": [s.argument for s in by_kind["attachment"]],
        "signatures": history.signatures,
        "revocations": "not to be seen from a bundle",
    }


def _number(section: Section) -> int:
    assert isinstance(section.argument, int)
    return section.argument


def _check_ranges(entries: list[Section], ranges: list[Section], head: Any) -> dict[int, bytes]:
    if [s.argument for s in entries] != [s.argument for s in ranges]:
        raise Wrong("each section entries needs one range of the same first number")
    found: dict[int, bytes] = {}
    free = -1
    for section, proof in zip(entries, ranges):
        first, raw = _number(section), unframe(section.content)
        if first <= free:
            raise Wrong(f"the entries from {first} on touch or overlap the range before")
        leaves = list(map(tree.leaf_hash, raw))
        tree.check_range(first, head.size, leaves, hashes_of(proof.content), head.root)
        found.update(enumerate(raw, first))
        free = first + len(raw)
    return found


def _opened(section: Section) -> Opened:
    try:
        return Opened.parse(section.content)
    except Wrong as fault:
        raise Wrong(f"opened {section.argument}: {fault}") from None


def _check_opened(opened: dict[int, Opened], entries: dict[int, Entry]) -> None:
    for number, inside in opened.items():
        entry = entries.get(number)
        if entry is None or entry.sealed is None:
            raise Wrong(f"opened {number}: no sealed entry of that number is in the bundle")
        if entry.content_hash != inside.content_hash:
            raise Wrong(f"opened {number}: not the body that the entry's hash names")


def _check_lines(section: Section, entries: dict[int, Entry], opened: dict[int, Opened]) -> int:
    number = _number(section)
    entry = entries.get(number)
    if entry is None or entry.kind != "lines.batch":
        raise Wrong(f"lines {number}: no batch of lines of that number is in the bundle")
    body = (
        entry.body if entry.body is not None else opened[number].body if number in opened else None
    )
    if body is None:
        raise Wrong(f"lines {number}: the batch is sealed and not opened")
    count, root = _batch(body)
    first, leaves, proof = _read_lines(section.content)
    try:
        tree.check_range(first, count, leaves, proof, root)
    except Wrong as fault:
        raise Wrong(f"lines {number}: {fault}") from None
    return len(leaves)


def _batch(body: dict[str, Any]) -> tuple[int, bytes]:
    members(body, "the batch of lines", {"count", "first", "receiver", "root"})
    text_of(body, "first"), text_of(body, "receiver")
    if type(body["count"]) is not int or body["count"] < 0:
        raise Wrong("count is not a number from 0")
    return body["count"], from_base64(text_of(body, "root"), 32)


def _read_lines(data: bytes) -> tuple[int, list[bytes], list[bytes]]:
    """Position of the first line, leaves, and the hashes of the range proof."""
    if len(data) < 12:
        raise Wrong("a section of lines has less than 12 bytes")
    first, count = int.from_bytes(data[:8], "big"), int.from_bytes(data[8:12], "big")
    at, leaves = 12, []
    for _ in range(count):
        record = at + 4 + 16
        end = record + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            raise Wrong("a section of lines is cut short")
        leaves.append(tree.leaf_hash(data[at + 4 : end]))
        at = end
    return first, leaves, hashes_of(data[at:])


def _check_attachment(section: Section, raw: dict[int, bytes], opened: dict[int, Opened]) -> None:
    if hashlib.sha256(section.content).hexdigest() != section.argument:
        raise Wrong(f"attachment {section.argument}: its bytes have another digest")
    named = f"sha256:{section.argument}".encode()
    bodies = [canonical.write(inside.body) for inside in opened.values()]
    if not any(named in text for text in [*raw.values(), *bodies]):
        raise Wrong(f"attachment {section.argument}: no entry or opened body names it")
