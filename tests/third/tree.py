"""The Merkle tree of RFC 6962: roots, proofs made and proofs checked.

Makers take `subtree(lo, hi)`, which answers the hash of the entries [lo, hi), so that the same
code serves a list of leaves (`Leaves`) and a folder of tiles. Checkers take hashes only.
Does not: read files, check signatures.
Source: RFC 6962 sections 2.1, 2.1.1, 2.1.2; docs/format.md sections 4 and 8.4.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from spelling import Wrong

Subtree = Callable[[int, int], bytes]

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry as a leaf."""
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(b"\1" + left + right).digest()


def split(width: int) -> int:
    """The largest power of two smaller than `width` (at least 2)."""
    return 1 << ((width - 1).bit_length() - 1)


class Leaves:
    """A tree held in memory by its leaf hashes. Whole, aligned subtrees are remembered."""

    def __init__(self, hashes: Sequence[bytes]) -> None:
        self.hashes = hashes
        self._known: dict[tuple[int, int], bytes] = {}

    def subtree(self, lo: int, hi: int) -> bytes:
        """The hash of the leaves [lo, hi)."""
        width = hi - lo
        if width == 0:
            return EMPTY_ROOT
        if width == 1:
            return self.hashes[lo]
        if (lo, hi) in self._known:
            return self._known[lo, hi]
        middle = lo + split(width)
        found = node_hash(self.subtree(lo, middle), self.subtree(middle, hi))
        if width & (width - 1) == 0:
            self._known[lo, hi] = found
        return found

    def root(self, size: int | None = None) -> bytes:
        """The root of the first `size` leaves, of all when not given."""
        return self.subtree(0, len(self.hashes) if size is None else size)


def inclusion(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """PATH(index, D[size]): from the leaf's sibling up to the root's child."""
    if not 0 <= index < size:
        raise Wrong(f"no entry {index} in a tree of {size}")
    path: list[bytes] = []
    lo, hi = 0, size
    while hi - lo > 1:
        middle = lo + split(hi - lo)
        if index < middle:
            path.append(subtree(middle, hi))
            hi = middle
        else:
            path.append(subtree(lo, middle))
            lo = middle
    return path[::-1]


def root_by_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """The root that `proof` leads to from `leaf`; `Wrong` when its length cannot be right."""
    if not 0 <= index < size:
        raise Wrong(f"no entry {index} in a tree of {size}")
    if size == 1:
        if proof:
            raise Wrong("the inclusion proof is too long")
        return leaf
    if not proof:
        raise Wrong("the inclusion proof is too short")
    middle, top, rest = split(size), proof[-1], proof[:-1]
    if index < middle:
        return node_hash(root_by_inclusion(index, middle, leaf, rest), top)
    return node_hash(top, root_by_inclusion(index - middle, size - middle, leaf, rest))


def check_inclusion(
    index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """`Wrong` unless `proof` shows `leaf` at `index` of the tree of `size` with `root`."""
    if root_by_inclusion(index, size, leaf, proof) != root:
        raise Wrong(f"the inclusion proof of entry {index} does not lead to the root")


def consistency(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """PROOF(old, D[new]); empty for old = 0 and for old = new."""
    if not 0 <= old <= new:
        raise Wrong(f"a tree of {new} has no earlier tree of {old}")
    if old in (0, new):
        return []
    return _subproof(old, 0, new, True, subtree)


def _subproof(old: int, lo: int, hi: int, whole: bool, subtree: Subtree) -> list[bytes]:
    # `old` counts from lo; `whole` says that the subtree is the old tree itself, known to all.
    width = hi - lo
    if old == width:
        return [] if whole else [subtree(lo, hi)]
    middle = split(width)
    if old <= middle:
        inner = _subproof(old, lo, lo + middle, whole, subtree)
        return inner + [subtree(lo + middle, hi)]
    inner = _subproof(old - middle, lo + middle, hi, False, subtree)
    return inner + [subtree(lo, lo + middle)]


def check_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """`Wrong` unless `proof` shows that the tree of `new` begins with the tree of `old`."""
    if not 0 <= old <= new:
        raise Wrong(f"a tree of {new} has no earlier tree of {old}")
    if old == 0:
        if proof:
            raise Wrong("the consistency proof from an empty tree is not empty")
        if old_root != EMPTY_ROOT:
            raise Wrong("the old tree is empty and its root is not that of an empty tree")
        return
    found_old, found_new = _both_roots(old, new, True, old_root, proof)
    if found_old != old_root:
        raise Wrong(f"the consistency proof does not lead to the root of {old}")
    if found_new != new_root:
        raise Wrong(f"the consistency proof does not lead to the root of {new}")


def _both_roots(
    old: int, new: int, whole: bool, old_root: bytes, proof: Sequence[bytes]
) -> tuple[bytes, bytes]:
    if old == new:
        if len(proof) != (0 if whole else 1):
            raise Wrong("the consistency proof has the wrong length")
        found = old_root if whole else proof[0]
        return found, found
    if not proof:
        raise Wrong("the consistency proof is too short")
    middle, top, rest = split(new), proof[-1], proof[:-1]
    if old <= middle:
        before, left = _both_roots(old, middle, whole, old_root, rest)
        return before, node_hash(left, top)
    before, right = _both_roots(old - middle, new - middle, False, old_root, rest)
    return node_hash(top, before), node_hash(top, right)


def range_proof(first: int, end: int, size: int, subtree: Subtree) -> list[bytes]:
    """The hashes beside the entries [first, end) in a tree of `size`, section 8.4."""
    _check_range(first, end, size)
    proof: list[bytes] = []

    def walk(lo: int, hi: int) -> None:
        if first <= lo and hi <= end:
            return
        if hi <= first or end <= lo:
            proof.append(subtree(lo, hi))
            return
        middle = lo + split(hi - lo)
        walk(lo, middle)
        walk(middle, hi)

    walk(0, size)
    return proof


def root_by_range(first: int, size: int, leaves: Sequence[bytes], proof: Sequence[bytes]) -> bytes:
    """The root that a range proof leads to from the leaves that begin at `first`."""
    end = first + len(leaves)
    _check_range(first, end, size)
    rest = iter(proof)

    def walk(lo: int, hi: int) -> bytes:
        if first <= lo and hi <= end:
            return Leaves(leaves[lo - first : hi - first]).root()
        if hi <= first or end <= lo:
            outside = next(rest, None)
            if outside is None:
                raise Wrong("the range proof is too short")
            return outside
        middle = lo + split(hi - lo)
        return node_hash(walk(lo, middle), walk(middle, hi))

    root = walk(0, size)
    if next(rest, None) is not None:
        raise Wrong("the range proof is too long")
    return root


def check_range(
    first: int, size: int, leaves: Sequence[bytes], proof: Sequence[bytes], root: bytes
) -> None:
    """`Wrong` unless `proof` shows `leaves` from `first` on in the tree of `size` with `root`."""
    if root_by_range(first, size, leaves, proof) != root:
        raise Wrong(f"the range proof from entry {first} does not lead to the root")


def _check_range(first: int, end: int, size: int) -> None:
    if not 0 <= first < end <= size:
        raise Wrong(f"no range [{first}, {end}) in a tree of {size}")
