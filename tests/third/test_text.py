"""Spellings, canonical JSON, notes, checkpoints, cosignatures, policies, tile paths."""

from __future__ import annotations

import random
import unittest
from collections.abc import Callable

import canonical
from notes import COSIGNATURE_V1, ED25519, Checkpoint, Note, Signature, Signer, VKey
from policy import Policy
from spelling import Wrong, decimal, from_base64, from_base64url, from_identifier, to_identifier
from tiles import Tile, tiles_of

# The key pair and note in the documentation of the Go module golang.org/x/mod/sumdb/note.
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NEUMANN_SEED = from_base64("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz", 33)[1:]
NEUMANN_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
NEUMANN_LINE = (
    "\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# The example of tlog-cosignature.
SOFA_TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
SOFA = (
    SOFA_TEXT + "\n"
    "\u2014 example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "\u2014 witness.example.com/w1 "
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
).encode()


class Refusing(unittest.TestCase):
    def refused(self, act: Callable[..., object], *arguments: object) -> None:
        with self.assertRaises(Wrong, msg=repr(arguments)):
            act(*arguments)


class Spellings(Refusing):
    def test_base64_has_one_spelling(self) -> None:
        self.assertEqual(from_base64("AAE="), b"\0\1")
        for text in ("AAE", "AAF=", "AA E=", "AAE=\n", "AA-_", "A===", "AAE=AAE=", "ÄAE="):
            self.refused(from_base64, text)

    def test_base64url_has_one_spelling(self) -> None:
        self.assertEqual(from_base64url("-_8"), b"\xfb\xff")
        for text in ("-_8=", "-_9", "+/8", "A", "-_8\n"):
            self.refused(from_base64url, text)

    def test_decimals_have_one_spelling(self) -> None:
        self.assertEqual(decimal("9223372036854775807"), 2**63 - 1)
        for text in ("", "00", "01", "+1", "-1", "1 ", "1\n", "\u0661", "9223372036854775808"):
            self.refused(decimal, text)

    def test_identifiers_come_back_and_have_no_loose_bits(self) -> None:
        data = bytes(range(16))
        text = to_identifier("p", data)
        self.assertEqual((len(text), from_identifier("p", text)), (28, data))
        for bad in (text[:-1], text + "a", text.upper(), "u" + text[1:], text[:-1] + "b", 7):
            self.refused(from_identifier, "p", bad)


class CanonicalJson(Refusing):
    def test_names_are_sorted_by_utf16_code_units(self) -> None:
        # The example of RFC 8785 section 3.2.3, with numbers for values.
        names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\x80", "\u00f6"]
        spelled = canonical.write({name: 0 for name in names}).decode()
        order = ["\\r", "1", "\x80", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
        self.assertEqual(spelled, "{" + ",".join(f'"{name}":0' for name in order) + "}")

    def test_only_what_must_be_escaped_is(self) -> None:
        text = '"\\/\b\f\n\r\t\x00\x1f\x7f\u2028é\U0001f600'
        self.assertEqual(
            canonical.write(text).decode(),
            '"\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\u2028é\U0001f600"',
        )

    def test_values_come_back(self) -> None:
        deep: object = 0
        for _ in range(32):
            deep = [deep]
        for value in (
            None,
            True,
            0,
            -(2**53 - 1),
            2**53 - 1,
            "",
            [],
            {},
            {"a": [1, {"b": ""}]},
            deep,
        ):
            self.assertEqual(canonical.read(canonical.write(value)), value)

    def test_other_spellings_are_refused(self) -> None:
        for text in (
            "", " 1", "1 ", "1\n", "-0", "01", "1.0", "1e3", "1E0", ".5", "NaN", "Infinity",
            "9007199254740992", "-9007199254740992", "1" * 5000, "tru", "nulll", "'a'", '"a',
            '"\\u0041"', '"\\/"', '"\\u000A"', '"\\n', '"\t"', '"\\ud800"', '"\\uD83D\\uDE00"',
            "[1, 2]", "[1,]", "[", "[1]]", '{"a": 1}', '{"a":1,}', '{"b":1,"a":2}',
            '{"a":1,"a":1}', '{"a":1,"a":2}', "{a:1}", "{1:1}", "\ufeff1",
            "[" * 33 + "]" * 33, "[" * 100_000, '{"a":' * 33 + "1" + "}" * 33,
        ):  # fmt: skip
            self.refused(canonical.read, text.encode())
        for data in (b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\x80"'):
            self.refused(canonical.read, data)

    def test_what_has_no_spelling_is_not_written(self) -> None:
        for value in (1.5, 2**53, "\ud800", {1: 1}, b"", [float("nan")]):
            self.refused(canonical.write, value)


class Notes(Refusing):
    def test_the_known_key_signs_the_known_note(self) -> None:
        signer = Signer.from_seed("PeterNeumann", ED25519, NEUMANN_SEED)
        self.assertEqual(str(signer.vkey), NEUMANN)
        self.assertEqual(str(signer.sign(NEUMANN_TEXT)), NEUMANN_LINE)
        note = Note.parse((NEUMANN_TEXT + "\n" + NEUMANN_LINE).encode())
        key = VKey.parse(NEUMANN, ED25519)
        self.assertEqual((note.text, note.signers([key])), (NEUMANN_TEXT, [key]))

    def test_a_false_signature_of_a_known_key_refuses_the_note(self) -> None:
        note = Note.parse((NEUMANN_TEXT + "more\n\n" + NEUMANN_LINE).encode())
        self.refused(note.signers, [VKey.parse(NEUMANN, ED25519)])

    def test_unknown_keys_are_ignored(self) -> None:
        note = Note.parse((NEUMANN_TEXT + "\n" + NEUMANN_LINE).encode())
        other = Signer.from_seed("PeterNeumann", ED25519, bytes(32)).vkey
        named = Signer.from_seed("Peter", ED25519, NEUMANN_SEED).vkey
        self.assertEqual(note.signers([other, named]), [])

    def test_texts_may_hold_empty_lines(self) -> None:
        note = Note.parse(f"a\n\n\nb\n\n{NEUMANN_LINE}".encode())
        self.assertEqual(note.text, "a\n\n\nb\n")

    def test_ill_formed_notes_are_refused(self) -> None:
        good = NEUMANN_TEXT + "\n" + NEUMANN_LINE
        for text in (
            "", "\n", NEUMANN_TEXT, NEUMANN_TEXT + "\n", good[:-1], good + "\n", good + "x\n",
            good.replace("\u2014", "-"), good.replace("\u2014 ", "\u2014"), good + "\u2014 a \n",
            good.replace("PeterNeumann x", "Peter Neumann x"), good + "\u2014 a+b AAAAAAA=\n",
            good + "\u2014 a AAAAAA==\n", good + "\u2014 a AAAAAAA\n", good + "\u2014 a\u00a0b AAAAAAA=\n",
            good.replace("\n", "\r\n"), good.replace("If", "I\tf"), good + NEUMANN_LINE * 100,
        ):  # fmt: skip
            self.refused(Note.parse, text.encode())
        self.refused(Note.parse, good.encode().replace(b"If", b"\xff"))

    def test_ill_formed_keys_are_refused(self) -> None:
        name, key_id, data = NEUMANN.split("+", 2)
        for text in (
            "", name, f"{name}+{key_id}", f"+{key_id}+{data}", f"{name}+{key_id}+{data[:-4]}",
            f"{name}+{key_id.upper()}+{data}", f"{name}+c74f20a4+{data}", f"a b+{key_id}+{data}",
        ):  # fmt: skip
            self.refused(VKey.parse, text, ED25519)
        self.refused(VKey.parse, NEUMANN, COSIGNATURE_V1)


class Checkpoints(Refusing):
    def test_the_example_of_the_specification_reads_as_it_says(self) -> None:
        note = Note.parse(SOFA)
        head = Checkpoint.parse(note.text)
        self.assertEqual((head.origin, head.size), ("example.com/behind-the-sofa", 20852163))
        cosignature = note.signatures[1]
        self.assertEqual(cosignature.name, "witness.example.com/w1")
        self.assertEqual(int.from_bytes(cosignature.data[:8], "big"), 1679315147)
        self.assertEqual(len(cosignature.data), 72)
        self.assertEqual(bytes(note), SOFA)

    def test_ill_formed_heads_are_refused(self) -> None:
        origin, size, root, _ = SOFA_TEXT.split("\n")
        for lines in (
            [origin, size], [origin, size, root, "x"], ["", size, root], [origin, "0" + size, root],
            [origin, size, root[:-4]], [origin, size, root, ""], [origin, "-1", root],
        ):  # fmt: skip
            self.refused(Checkpoint.parse, "\n".join(lines) + "\n")
        self.assertEqual(Checkpoint.parse(SOFA_TEXT + "x\n", extensions=True).extensions, ("x",))

    def test_a_cosignature_covers_time_and_text(self) -> None:
        witness = Signer.from_seed("w.example", COSIGNATURE_V1, bytes(32))
        line = witness.cosign(SOFA_TEXT, 1679315147)
        message = b"cosignature/v1\ntime 1679315147\n" + SOFA_TEXT.encode()
        self.assertTrue(witness.vkey.holds(message, line.data[8:]))
        self.assertEqual(
            Note(SOFA_TEXT, (line,)).cosigners([witness.vkey]), {witness.vkey: 1679315147}
        )
        later = Signature(line.name, line.id, (1679315148).to_bytes(8, "big") + line.data[8:])
        self.refused(Note(SOFA_TEXT, (later,)).cosigners, [witness.vkey])
        self.refused(Note("x" + SOFA_TEXT, (line,)).cosigners, [witness.vkey])
        self.refused(Note(SOFA_TEXT, (witness.sign(SOFA_TEXT),)).cosigners, [witness.vkey])


LOG = Signer.from_seed("example.com/behind-the-sofa", ED25519, bytes([1]) * 32)
NEXT = Signer.from_seed("example.com/behind-the-sofa", ED25519, bytes([2]) * 32)
WITNESSES = [
    Signer.from_seed(f"w{i}.example", COSIGNATURE_V1, bytes([9 + i]) * 32) for i in range(3)
]
DEFINED = f"log {LOG.vkey}\n" + "".join(
    f"witness w{i} {signer.vkey} https://w{i}.example/\n" for i, signer in enumerate(WITNESSES)
)


class Policies(Refusing):
    def head(self, *witnesses: Signer, size: int = 5, by: tuple[Signer, ...] = (LOG,)) -> bytes:
        note = Checkpoint("example.com/behind-the-sofa", size, bytes(32)).signed(by)
        lines = tuple(witness.cosign(note.text, 7) for witness in witnesses)
        return bytes(Note(note.text, note.signatures + lines))

    def test_a_group_needs_its_threshold(self) -> None:
        policy = Policy.parse((DEFINED + "group g 2 w0 w1 w2\nquorum g\n").encode())
        self.refused(policy.judge, self.head())
        self.refused(policy.judge, self.head(WITNESSES[0]))
        self.refused(policy.judge, self.head(WITNESSES[0], WITNESSES[0]))
        verdict = policy.judge(self.head(WITNESSES[0], WITNESSES[2]))
        self.assertEqual((verdict.witnesses, verdict.alone), ({"w0": 7, "w2": 7}, False))

    def test_groups_nest(self) -> None:
        text = DEFINED + "group a any w0 w1\ngroup b all a w2\nquorum b\n"
        policy = Policy.parse(text.encode())
        self.refused(policy.judge, self.head(WITNESSES[0], WITNESSES[1]))
        policy.judge(self.head(WITNESSES[1], WITNESSES[2]))

    def test_without_a_quorum_the_host_vouches_alone(self) -> None:
        policy = Policy.parse(f"  # a comment\n\n\tlog\t{LOG.vkey} x \nquorum none\n".encode())
        self.assertTrue(policy.judge(self.head()).alone)

    def test_heads_of_others_are_refused(self) -> None:
        policy = Policy.parse((DEFINED + "quorum none\n").encode())
        self.refused(policy.judge, self.head(by=(NEXT,)))
        other = Checkpoint("example.com/other", 5, bytes(32)).signed([LOG])
        self.refused(policy.judge, bytes(other))

    def test_a_retired_key_signs_no_larger_head(self) -> None:
        name = f"{LOG.vkey.name}+{LOG.vkey.id.hex()}"
        text = f"log {LOG.vkey}\nlog {NEXT.vkey}\n# ward-key-until {name} 5\nquorum none\n"
        policy = Policy.parse(text.encode())
        policy.judge(self.head(size=5))
        policy.judge(self.head(size=6, by=(NEXT,)))
        self.refused(policy.judge, self.head(size=6))

    def test_ill_formed_policies_are_refused(self) -> None:
        w0 = WITNESSES[0].vkey
        for text in (
            "", DEFINED, "quorum none", "quorum none\nquorum none\n", "quorum w0\n" + DEFINED,
            f"log {w0}\nquorum none\n", f"log {LOG.vkey}\nlog {LOG.vkey}\nquorum none\n",
            f"witness x {LOG.vkey}\nquorum none\n", f"witness none {w0}\nquorum none\n",
            DEFINED + f"witness x {w0}\nquorum none\n", DEFINED + "group w0 any w1\nquorum none\n",
            DEFINED + "group g 0 w0\nquorum g\n", DEFINED + "group g 2 w0\nquorum g\n",
            DEFINED + "group g any\nquorum none\n", DEFINED + "group g any none\nquorum g\n",
            DEFINED + "group g any g\nquorum g\n", DEFINED + "group g 01 w0\nquorum g\n",
            DEFINED + "group g any w0 w0\nquorum g\n",
            DEFINED + "group g any w0\ngroup h any w0 w1\nquorum h\n", "hello\nquorum none\n",
            "quorum none\r\n", "quorum none\x00\n", "# ward-key-until a+00000000 5\nquorum none\n",
            DEFINED + "# ward-key-until x\nquorum none\n",
        ):  # fmt: skip
            self.refused(Policy.parse, text.encode())


class Paths(Refusing):
    def test_paths_are_those_of_the_specification(self) -> None:
        self.assertEqual(Tile(0, 1234067).path, "tile/0/x001/x234/067")
        self.assertEqual(Tile(2, 0, 1).path, "tile/2/000.p/1")
        self.assertEqual(Tile(-1, 1000, 255).path, "tile/entries/x001/000.p/255")

    def test_a_tree_of_70000_has_the_tiles_the_specification_counts(self) -> None:
        tiles = tiles_of(70_000)
        by_level = {
            level: [tile.width for tile in tiles if tile.level == level] for level in (0, 1, 2, 3)
        }
        self.assertEqual(by_level[0], [256] * 273 + [112])
        self.assertEqual(by_level[1], [256, 17])
        self.assertEqual((by_level[2], by_level[3]), ([1], []))
        self.assertEqual(
            [tile.path for tile in tiles_of(256)],
            ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"],
        )

    def test_paths_come_back(self) -> None:
        chance = random.Random(4)
        for _ in range(2000):
            tile = Tile(
                chance.randrange(-1, 64),
                chance.getrandbits(chance.randrange(1, 56)),
                chance.randrange(1, 257),
            )
            self.assertEqual(Tile.parse(tile.path), tile)

    def test_other_paths_are_refused(self) -> None:
        for path in (
            "", "tile", "tile/0", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000", "tile/64/000",
            "tile/-1/000", "tile/0/x000/001", "tile/0/001/002", "tile/0/x001", "tile/0/000.p",
            "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000/", "/tile/0/000",
            "tile/data/000", "tile/0/000.p/1/2", "tile/0/X001/000", "tile/0/\u0660\u0660\u0660",
        ):  # fmt: skip
            self.refused(Tile.parse, path)
