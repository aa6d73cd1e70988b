"""Trees and proofs against published roots and against the definitions."""

from __future__ import annotations

import random
import unittest

import tree
from spelling import Wrong

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def numbered(count: int) -> tree.Leaves:
    return tree.Leaves([tree.leaf_hash(f"entry {i}".encode()) for i in range(count)])


class Trees(unittest.TestCase):
    def test_roots_are_those_published_for_certificate_transparency(self) -> None:
        leaves = tree.Leaves([tree.leaf_hash(leaf) for leaf in LEAVES])
        self.assertEqual([leaves.root(size).hex() for size in range(9)], ROOTS)

    def test_the_tree_of_seven_in_rfc_6962_has_the_proofs_named_there(self) -> None:
        leaves = numbered(7)
        a, b, c, d, e, f, j = leaves.hashes
        node = tree.node_hash
        g, h, i = node(a, b), node(c, d), node(e, f)
        k, l = node(g, h), node(i, j)
        self.assertEqual(leaves.root(), node(k, l))
        self.assertEqual(tree.inclusion(0, 7, leaves.subtree), [b, h, l])
        self.assertEqual(tree.inclusion(3, 7, leaves.subtree), [c, g, l])
        self.assertEqual(tree.inclusion(4, 7, leaves.subtree), [f, j, k])
        self.assertEqual(tree.inclusion(6, 7, leaves.subtree), [i, k])
        self.assertEqual(tree.consistency(3, 7, leaves.subtree), [c, d, g, l])
        self.assertEqual(tree.consistency(4, 7, leaves.subtree), [l])
        self.assertEqual(tree.consistency(6, 7, leaves.subtree), [i, j, k])

    def test_every_inclusion_proof_holds_and_no_changed_one_does(self) -> None:
        chance = random.Random(1)
        for size in [*range(1, 34), 255, 256, 257]:
            leaves = numbered(size)
            for index in range(size):
                proof = tree.inclusion(index, size, leaves.subtree)
                leaf, root = leaves.hashes[index], leaves.root()
                tree.check_inclusion(index, size, leaf, proof, root)
                for bad in spoiled(proof, chance):
                    with self.assertRaises(Wrong):
                        tree.check_inclusion(index, size, leaf, bad, root)

    def test_every_consistency_proof_holds_and_no_changed_one_does(self) -> None:
        chance = random.Random(2)
        for new in range(1, 40):
            leaves = numbered(new)
            for old in range(new + 1):
                proof = tree.consistency(old, new, leaves.subtree)
                roots = leaves.root(old), leaves.root()
                tree.check_consistency(old, new, *roots, proof)
                for bad in spoiled(proof, chance):
                    with self.assertRaises(Wrong):
                        tree.check_consistency(old, new, *roots, bad)
                if 0 < old:
                    with self.assertRaises(Wrong):
                        tree.check_consistency(old, new, bytes(32), roots[1], proof)

    def test_every_range_proof_holds_and_no_changed_one_does(self) -> None:
        chance = random.Random(3)
        for size in range(1, 20):
            leaves = numbered(size)
            for first in range(size):
                for end in range(first + 1, size + 1):
                    proof = tree.range_proof(first, end, size, leaves.subtree)
                    tree.check_range(first, size, leaves.hashes[first:end], proof, leaves.root())
                    for bad in spoiled(proof, chance):
                        with self.assertRaises(Wrong):
                            tree.check_range(
                                first, size, leaves.hashes[first:end], bad, leaves.root()
                            )

    def test_the_range_proof_of_one_entry_has_the_hashes_of_its_inclusion_proof(self) -> None:
        leaves = numbered(11)
        for index in range(11):
            alone = tree.range_proof(index, index + 1, 11, leaves.subtree)
            self.assertEqual(sorted(alone), sorted(tree.inclusion(index, 11, leaves.subtree)))

    def test_ranges_and_entries_outside_the_tree_are_refused(self) -> None:
        leaves = numbered(4)
        for first, end in ((0, 0), (2, 2), (3, 5), (3, 2)):
            with self.assertRaises(Wrong):
                tree.range_proof(first, end, 4, leaves.subtree)
        with self.assertRaises(Wrong):
            tree.inclusion(4, 4, leaves.subtree)
        with self.assertRaises(Wrong):
            tree.consistency(5, 4, leaves.subtree)


def spoiled(proof: list[bytes], chance: random.Random) -> list[list[bytes]]:
    """A hash more at either end, one less, one with a changed bit."""
    bad = [proof + [bytes(32)], [bytes(32)] + proof]
    if proof:
        at = chance.randrange(len(proof))
        changed = bytearray(proof[at])
        changed[chance.randrange(32)] ^= 1 << chance.randrange(8)
        bad += [proof[:at] + [bytes(changed)] + proof[at + 1 :], proof[:-1], proof[1:]]
    return bad
