"""Proofs of one entry, in the text format of tlog-proof, with the entry as `extra`.

Owns: reading and writing the format. Trust comes from `policy` and `tree`.
Source: C2SP tlog-proof; docs/format.md section 8.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tree
from entry import Entry
from policy import Policy
from spelling import Wrong, decimal, from_base64, to_base64

FIRST_LINE = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True)
class Proof:
    """A proof as read. `head` is a checkpoint with its signatures."""

    extra: bytes | None
    index: int
    hashes: tuple[bytes, ...]
    head: bytes

    @classmethod
    def parse(cls, data: bytes) -> Proof:
        """Reads the text; `Wrong` for any other spelling."""
        above, gap, head = data.partition(b"\n\n")
        try:
            lines = above.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise Wrong("a proof is ASCII above its checkpoint") from None
        if not gap or lines.pop(0) != FIRST_LINE:
            raise Wrong("not a proof of version 1")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = from_base64(lines.pop(0)[6:])
        if not lines or not lines[0].startswith("index "):
            raise Wrong("the proof has no index")
        index = decimal(lines.pop(0)[6:])
        return cls(extra, index, tuple(from_base64(line, 32) for line in lines), head)

    def __bytes__(self) -> bytes:
        lines = [FIRST_LINE]
        if self.extra is not None:
            lines.append("extra " + to_base64(self.extra))
        lines.append(f"index {self.index}")
        lines += map(to_base64, self.hashes)
        return "\n".join(lines).encode() + b"\n\n" + self.head


def check(data: bytes, policy: Policy) -> dict[str, Any]:
    """What a good proof of an entry shows; `Wrong` for any other."""
    proof = Proof.parse(data)
    verdict = policy.judge(proof.head)
    if proof.extra is None:
        raise Wrong("the proof does not carry its entry")
    head = verdict.checkpoint
    leaf = tree.leaf_hash(proof.extra)
    tree.check_inclusion(proof.index, head.size, leaf, proof.hashes, head.root)
    entry = Entry.parse(proof.extra)
    return {"index": proof.index, "kind": entry.kind, "time": entry.time, **verdict.report()}
