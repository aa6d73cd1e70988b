"""The check of a whole ledger's folder: every file, every byte, every entry.

Owns: the pass over the folder. It reads bundles of entries, computes every tile from them and
compares; nothing in the folder goes unread, and a file it does not know is wrong.
Does not: open seals, look into the vault.
Source: docs/format.md sections 4, 5, 6 and 10.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import journal
import tree
from history import History
from policy import Policy, Verdict
from spelling import Wrong
from tiles import WIDTH, Tile, frame, tiles_of, unframe

HEADS = {"checkpoint", "cosigned", "durable"}
KNOWN = HEADS | {"journal", "tile"}
"""`durable` is a head too: every file that it needs was on stable storage when it was written."""


def check(folder: Path, policy: Policy) -> dict[str, Any]:
    """What a good ledger shows; `Wrong` names the first place that is not good."""
    _check_names(folder)
    verdict = _judge(folder / "checkpoint", policy)
    head = verdict.checkpoint
    raw = read_entries(folder, head.size)
    leaves = tree.Leaves([tree.leaf_hash(entry) for entry in raw])
    files = _check_files(folder, head.size, raw, leaves)
    if leaves.root() != head.root:
        raise Wrong(f"checkpoint: its root is not that of the {head.size} entries")
    history = History(head.origin, whole=True)
    for number, entry in enumerate(raw):
        history.take(number, entry)
    _check_key("checkpoint", history, verdict)
    cosigned = _check_older_head(folder / "cosigned", policy, leaves, history)
    _check_older_head(folder / "durable", policy, leaves, history)
    witnessed = _witnessed(policy, [verdict] + ([cosigned] if cosigned else []))
    records = _check_journal(folder, raw, leaves, history)
    return {
        **verdict.report(),
        "files": files,
        "key_changes": len(history.key_changes),
        "signatures": history.signatures,
        "cosigned": cosigned.checkpoint.size if cosigned else None,
        "witnessed": witnessed,
        "journal_records": records,
    }


def read_entries(folder: Path, size: int) -> list[bytes]:
    """All entries below `size`, from the bundles that a tree of that size needs."""
    entries: list[bytes] = []
    for tile in tiles_of(size):
        if tile.level < 0:
            entries += _rows(folder, tile)
    return entries


def _rows(folder: Path, tile: Tile) -> list[bytes]:
    try:
        rows = unframe((folder / tile.path).read_bytes())
    except FileNotFoundError:
        raise Wrong(f"{tile.path}: missing") from None
    except Wrong as fault:
        raise Wrong(f"{tile.path}: {fault}") from None
    if len(rows) != tile.width:
        raise Wrong(f"{tile.path}: {len(rows)} entries, not {tile.width}")
    return rows


def _judge(path: Path, policy: Policy) -> Verdict:
    try:
        return policy.judge(path.read_bytes(), quorum=False)
    except FileNotFoundError:
        raise Wrong(f"{path.name}: missing") from None
    except Wrong as fault:
        raise Wrong(f"{path.name}: {fault}") from None


def _check_names(folder: Path) -> None:
    if not folder.is_dir():
        raise Wrong(f"{folder}: not a folder")
    for path in folder.iterdir():
        if path.name not in KNOWN and not _is_under_way(path):
            raise Wrong(f"{path.name}: not a file of a ledger")


def _is_under_way(path: Path) -> bool:
    # A change of a file that an interruption left; the next start finishes or undoes it (section 10).
    return path.suffix in (".new", ".old") and path.stem in HEADS | {"reserve"}


def _check_files(folder: Path, size: int, raw: list[bytes], leaves: tree.Leaves) -> int:
    needed = {tile.path for tile in tiles_of(size)}
    found = set()
    for path in sorted((folder / "tile").rglob("*")):
        if path.is_dir():
            continue
        name = path.relative_to(folder).as_posix()
        tile = Tile.parse(name)
        if tile.end > size:
            raise Wrong(f"{name}: lies beyond the head of {size}")
        if path.read_bytes() != content(tile, raw, leaves):
            raise Wrong(f"{name}: not what the entries give")
        found.add(name)
    missing = sorted(needed - found)
    if missing:
        raise Wrong(f"{missing[0]}: missing")
    return len(found)


def content(tile: Tile, raw: list[bytes], leaves: tree.Leaves) -> bytes:
    """What the file must hold, given all entries and their tree."""
    first = tile.number * WIDTH
    if tile.level < 0:
        return frame(raw[first : first + tile.width])
    rows = range(first, first + tile.width)
    return b"".join(leaves.subtree(row * tile.span, (row + 1) * tile.span) for row in rows)


def _check_key(name: str, history: History, verdict: Verdict) -> None:
    head = verdict.checkpoint
    if head.size == 0:
        return
    key = history.head_key(head.size)
    if key not in verdict.signers:
        raise Wrong(f"{name}: not signed by the key in force at {head.size}, {key}")


def _check_older_head(
    path: Path, policy: Policy, leaves: tree.Leaves, history: History
) -> Verdict | None:
    if not path.exists():
        return None
    verdict = _judge(path, policy)
    head = verdict.checkpoint
    if head.origin != history.origin or head.size > len(leaves.hashes):
        raise Wrong(f"{path.name}: of another ledger, or of a larger tree than checkpoint")
    if leaves.root(head.size) != head.root:
        raise Wrong(f"{path.name}: its root is not that of the first {head.size} entries")
    _check_key(path.name, history, verdict)
    return verdict


def _witnessed(policy: Policy, verdicts: list[Verdict]) -> int | None:
    """The size up to which a quorum stands behind the ledger; what lies behind is the host's word.

    The newest head waits for its cosignatures, so it is enough that one of the two heads has them.
    """
    sizes = [verdict.checkpoint.size for verdict in verdicts if not verdict.alone]
    if not sizes and policy.quorum != "none":
        raise Wrong(f"no head of the ledger meets the quorum {policy.quorum}")
    return max(sizes, default=None)


def _check_journal(folder: Path, raw: list[bytes], leaves: tree.Leaves, history: History) -> int:
    if not (folder / "journal").is_dir():
        return 0
    checked = 0
    for path in sorted((folder / "journal").iterdir()):
        if _is_under_way(path):
            continue
        if path.name == "reserve":
            journal.check_reserve(path)
            continue
        for record in journal.read(path):
            journal.check(record, raw, leaves, history)
            checked += 1
    return checked
