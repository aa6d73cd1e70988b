"""Whole ledgers, proofs, bundles, journals, witnesses and the command line."""

from __future__ import annotations

import contextlib
import io
import json
import random
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

import bundle
import journal
import ledger
import make
import proof
import third
import tree
import witness
from notes import Checkpoint, Note, Signer
from policy import Policy
from spelling import Wrong, to_base64
from tiles import Folder

ORIGIN = "ledger.example"
SIZES = [3, 256, 257, 300]
TIME = 1_795_000_000


class Made(unittest.TestCase):
    """A ledger of 300 entries with a key change and two witnesses, made once for all tests."""

    place: tempfile.TemporaryDirectory[str]
    folder: Path
    writer: make.Writer
    witnesses: list[Signer]
    policy: Policy
    leaves: tree.Leaves

    @classmethod
    def setUpClass(cls) -> None:
        cls.place = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.place.name) / "ledger"
        cls.folder.mkdir()
        cls.writer = make.Writer(ORIGIN, "made", key_change_at=270)
        cls.writer.fill(SIZES[-1])
        cls.witnesses = [make.witness_signer(f"w{i}.example", "made") for i in (1, 2)]
        make.publish(cls.folder, cls.writer, SIZES, cls.witnesses, TIME)
        text = make.policy_text(cls.writer, [signer.vkey for signer in cls.witnesses])
        cls.policy = Policy.parse(text.encode())
        cls.leaves = tree.Leaves([tree.leaf_hash(raw) for raw in cls.writer.raw])

    @classmethod
    def tearDownClass(cls) -> None:
        cls.place.cleanup()

    def head(self, size: int) -> Note:
        checkpoint = Checkpoint(ORIGIN, size, self.leaves.root(size))
        return checkpoint.signed([self.writer.head_signer(size)])


class Ledgers(Made):
    def test_a_good_ledger_is_good(self) -> None:
        report = ledger.check(self.folder, self.policy)
        self.assertEqual((report["size"], report["cosigned"]), (300, 300))
        self.assertEqual(report["vouched"], "by a quorum of witnesses")
        self.assertEqual(report["key_changes"], 1)

    def test_one_of_the_two_heads_must_meet_the_quorum(self) -> None:
        checkpoint, cosigned = self.folder / "checkpoint", self.folder / "cosigned"
        data = checkpoint.read_bytes()
        checkpoint.write_bytes(bytes(self.head(300)))
        older = self.head(257)
        lines = tuple(signer.cosign(older.text, TIME) for signer in self.witnesses)
        cosigned.write_bytes(bytes(Note(older.text, older.signatures + lines)))
        report = ledger.check(self.folder, self.policy)
        self.assertEqual((report["vouched"], report["witnessed"]), ("by this host alone", 257))
        cosigned.write_bytes(bytes(Note(older.text, older.signatures + lines[:1])))
        self.assertRaisesRegex(Wrong, "quorum", ledger.check, self.folder, self.policy)
        cosigned.unlink()
        self.assertRaisesRegex(Wrong, "quorum", ledger.check, self.folder, self.policy)
        checkpoint.write_bytes(data)
        cosigned.write_bytes(data)

    def test_the_head_marked_durable_is_one_of_the_ledger(self) -> None:
        path = self.folder / "durable"
        other = Checkpoint(ORIGIN, 20, self.leaves.root(21)).signed([self.writer.signer])
        beyond = Checkpoint(ORIGIN, 301, self.leaves.root()).signed([self.writer.newer])
        by_old = Checkpoint(ORIGIN, 300, self.leaves.root()).signed([self.writer.signer])
        try:
            path.write_bytes(bytes(self.head(20)))
            ledger.check(self.folder, self.policy)
            for note in (other, beyond, by_old):
                path.write_bytes(bytes(note))
                self.assertRaisesRegex(Wrong, "durable", ledger.check, self.folder, self.policy)
        finally:
            path.unlink()

    def test_any_changed_byte_of_any_file_is_found(self) -> None:
        chance = random.Random(5)
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        self.assertEqual(len(files), 11)
        for path in files:
            data = path.read_bytes()
            for _ in range(3):
                at = chance.randrange(len(data))
                changed = bytearray(data)
                changed[at] ^= 1 << chance.randrange(8)
                path.write_bytes(changed)
                with self.assertRaises(Wrong, msg=f"{path} at {at}"):
                    ledger.check(self.folder, self.policy)
            path.write_bytes(data)
        ledger.check(self.folder, self.policy)

    def test_missing_and_unknown_files_are_found(self) -> None:
        for name in (
            "checkpoint",
            "tile/0/000",
            "tile/0/001.p/44",
            "tile/entries/001.p/44",
            "tile/1/000.p/1",
        ):
            path = self.folder / name
            data = path.read_bytes()
            path.unlink()
            self.assertRaisesRegex(Wrong, name, ledger.check, self.folder, self.policy)
            path.write_bytes(data)
        for name in ("note", "tile/0/002", "tile/0/001.p/45", "tile/1/000", "tile/0/x", "tile/x"):
            path = self.folder / name
            path.write_bytes(b"")
            self.assertRaisesRegex(Wrong, name, ledger.check, self.folder, self.policy)
            path.unlink()

    def test_the_folder_gives_the_hashes_of_the_tree(self) -> None:
        tiles = Folder(self.folder, 300)
        for lo, hi in ((0, 300), (0, 256), (256, 300), (10, 11), (128, 192), (3, 17), (0, 0)):
            self.assertEqual(tiles.subtree(lo, hi), self.leaves.subtree(lo, hi))

    def test_a_history_signed_by_the_old_key_after_its_change_is_refused(self) -> None:
        path = self.folder / "checkpoint"
        data = path.read_bytes()
        head = Checkpoint(ORIGIN, 300, self.leaves.root()).signed([self.writer.signer])
        lines = tuple(signer.cosign(head.text, TIME) for signer in self.witnesses)
        path.write_bytes(bytes(Note(head.text, head.signatures + lines)))
        self.assertRaisesRegex(Wrong, "retired", ledger.check, self.folder, self.policy)
        path.write_bytes(data)

    def test_a_journal_agrees_with_the_published_entries(self) -> None:
        ends = [0, 1, 20, 271, 300]
        records = [
            journal.Record("", first, self.writer.raw[first:end], bytes(self.head(end)))
            for first, end in zip(ends, ends[1:])
        ]
        data = b"".join(map(bytes, records))
        self.assertEqual(len(data) % 4096, 0)
        path = self.folder / "journal" / ("0" * 20)
        path.parent.mkdir()
        try:
            self.check_journal(path, data, len(records), len(bytes(records[-1])))
        finally:
            path.unlink()
            path.parent.rmdir()

    def check_journal(self, path: Path, data: bytes, count: int, last: int) -> None:
        for tail in (b"", bytes(8192), data[:4096].replace(b"ledger", b"Ledger")):
            path.write_bytes(data + tail)
            self.assertEqual(ledger.check(self.folder, self.policy)["journal_records"], count)
        reserve = path.with_name("reserve")
        reserve.write_bytes(bytes(4096))
        ledger.check(self.folder, self.policy)
        reserve.write_bytes(bytes(4095) + b"1")
        self.assertRaisesRegex(Wrong, "reserve", ledger.check, self.folder, self.policy)
        reserve.rename(path.with_name("reserve.new"))
        ledger.check(self.folder, self.policy)
        path.with_name("reserve.new").unlink()
        path.write_bytes(data[:-last] + data[-last:-4096])
        self.assertEqual(ledger.check(self.folder, self.policy)["journal_records"], count - 1)
        path.write_bytes(
            data.replace(b"WARDJRN1", b"WARDJRN2", 2).replace(b"WARDJRN2", b"WARDJRN1", 1)
        )
        self.assertRaisesRegex(Wrong, "behind it", ledger.check, self.folder, self.policy)


class Proofs(Made):
    def test_every_entry_is_proven_from_the_tiles(self) -> None:
        for index in (0, 1, 255, 256, 270, 299):
            text = make.make_proof(self.folder, index)
            self.assertEqual(proof.check(text, self.policy)["index"], index)
            self.assertEqual(bytes(proof.Proof.parse(text)), text)

    def test_other_spellings_and_false_proofs_are_refused(self) -> None:
        text = make.make_proof(self.folder, 257).decode()
        lines = text.split("\n")
        hashes = lines[3 : lines.index("")]
        for bad in (
            text.replace("@v1", "@v2"), text.replace("index 257", "index 0257"),
            text.replace("index 257", "index 256"), text.replace("index 257", "index 300"),
            text.replace(lines[1] + "\n", ""), text.replace(lines[1], lines[1] + "A"),
            text.replace(hashes[0] + "\n", ""), text.replace(hashes[0], hashes[1]),
            text.replace(hashes[0] + "\n", hashes[0] + "\n" + hashes[0] + "\n"),
            text.replace("\n\n" + ORIGIN, "\n" + ORIGIN), text.replace("\n", "\r\n"), " " + text,
            text.replace("extra ", "extra  "), text + "\n",
        ):  # fmt: skip
            with self.assertRaises(Wrong, msg=bad[:100]):
                proof.check(bad.encode(), self.policy)


class Bundles(Made):
    good: bytes

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.good = cls.made((0, 20), (22, 30))

    @classmethod
    def made(cls, *ranges: tuple[int, int]) -> bytes:
        inside = {number for first, end in ranges for number in range(first, end)}
        return make.make_bundle(
            cls.folder,
            ranges,
            {number: text for number, text in cls.writer.opened.items() if number in inside},
            {
                (n, first): make.line_section(lines, first, first + 2)
                for n, lines in cls.writer.batches.items()
                if n in inside
                for first in (1, 5)
            },
            [each for each in cls.writer.attachments if int(each.split()[1]) in inside],
        )

    def changed(self, edit: Any) -> bytes:
        sections = bundle.read(self.good)
        return bundle.write(edit(sections) or sections)

    def section(self, kind: str) -> int:
        return [section.kind for section in bundle.read(self.good)].index(kind)

    def refused(self, data: bytes, why: str) -> None:
        self.assertRaisesRegex(Wrong, why, bundle.check, data, self.policy)

    def test_a_good_bundle_is_good(self) -> None:
        report = bundle.check(self.good, self.policy)
        bodies = {row["number"]: row["body"] for row in report["entries"]}
        self.assertEqual(list(bodies), [*range(20), *range(22, 30)])
        self.assertEqual((bodies[11], bodies[12]), ("opened", "clear"))
        places = [(row["number"], row["first"], row["count"]) for row in report["lines"]]
        self.assertEqual(places, [(n, first, 2) for n in (7, 17, 27) for first in (1, 5)])
        self.assertEqual(len(report["attachments"]), 3)
        self.assertEqual(bundle.write(bundle.read(self.good)), self.good)

    def test_a_credential_left_out_is_said(self) -> None:
        report = bundle.check(self.made((4, 30)), self.policy)
        verdicts = {row["verdict"] for row in report["signatures"]}
        self.assertEqual(verdicts, {"credential not in the bundle", "vouched by the server"})

    def test_any_changed_byte_is_found(self) -> None:
        chance = random.Random(6)
        for _ in range(300):
            at = chance.randrange(len(self.good))
            data = bytearray(self.good)
            data[at] ^= 1 << chance.randrange(8)
            with self.assertRaises(Wrong, msg=f"byte {at}"):
                bundle.check(bytes(data), self.policy)

    def test_any_cut_is_found(self) -> None:
        for end in [*range(0, 700), *range(len(self.good) - 200, len(self.good))]:
            with self.assertRaises(Wrong, msg=f"cut at {end}"):
                bundle.check(self.good[:end], self.policy)

    def test_the_frame_has_one_spelling(self) -> None:
        good = self.good
        count = len(bundle.read(good))
        for data, why in (
            (good + b"\n", "after the end"),
            (good.replace(b"end %d\n" % count, b"end %d\n" % (count + 1)), "count"),
            (good.replace(b"end %d\n" % count, b"end 0%d\n" % count), "decimal"),
            (good.replace(b"\nhead ", b"\nhead 0"), "decimal"),
            (good.replace(b"\nhead ", b"\nhead  "), "section line"),
            (good.replace(b"\nhead ", b"\nHead "), "section line"),
            (bundle.FIRST_LINE + b"end 0\n", "no head"),
            (b"ward-bundle/v2\nend 0\n", "version"),
        ):
            self.refused(data, why)

    def test_sections_stand_in_their_order(self) -> None:
        entries, ranges = self.section("entries"), self.section("range")
        lines, opened = self.section("lines"), self.section("opened")
        for edit, why in (
            (lambda s: s.insert(0, s[0]), "one head"),
            (lambda s: s.pop(0) and None, "one head"),
            (lambda s: s.insert(entries, s.pop(entries + 1)), "rise"),
            (lambda s: s.insert(opened, s[opened]), "rise"),
            (lambda s: s.insert(entries, s.pop(ranges)), "after"),
            (lambda s: s.insert(opened, s.pop(lines)), "after"),
            (lambda s: s.pop(ranges) and None, "one range"),
            (lambda s: s.pop(entries) and None, "one range"),
        ):
            self.refused(self.changed(edit), why)

    def test_ranges_do_not_touch_or_overlap(self) -> None:
        self.refused(self.made((0, 5), (5, 9)), "touches or overlaps")
        self.refused(self.made((0, 5), (4, 9)), "touches or overlaps")
        bundle.check(self.made((0, 5), (6, 9), (299, 300)), self.policy)

    def test_a_range_proof_has_neither_more_nor_less(self) -> None:
        at = self.section("range")

        def proof_changed(edit: Any) -> bytes:
            def swap(s: list[bundle.Section]) -> None:
                s[at] = bundle.Section("range", s[at].arguments, edit(s[at].content))

            return self.changed(swap)

        self.refused(proof_changed(lambda c: c + bytes(32)), "too long")
        self.refused(proof_changed(lambda c: c[:-32]), "too short")
        self.refused(proof_changed(lambda c: c[:-1]), "row of hashes")
        self.refused(proof_changed(lambda c: c[:-32] + bytes(32)), "does not lead")

    def test_what_is_added_must_belong_to_an_entry(self) -> None:
        def with_section(kind: str, *arguments: int | str, content: bytes) -> bytes:
            def put(s: list[bundle.Section]) -> list[bundle.Section]:
                kept = [each for each in s if each.kind != kind]
                at = max(
                    i
                    for i, e in enumerate(kept)
                    if bundle.ORDER.index(e.kind) < bundle.ORDER.index(kind)
                )
                kept.insert(at + 1, bundle.Section(kind, arguments, content))
                return kept

            return self.changed(put)

        other = self.writer.opened[21]
        self.refused(with_section("opened", 11, content=other), "not the body")
        self.refused(with_section("opened", 12, content=other), "no sealed entry")
        self.refused(with_section("opened", 21, content=other), "no sealed entry")
        lines = self.writer.batches[17]
        good = make.line_section(lines, 2, 7)
        bundle.check(with_section("lines", 17, 2, content=good), self.policy)
        self.refused(with_section("lines", 16, 2, content=good), "no batch")
        self.refused(with_section("lines", 27, 2, content=good), "does not lead")
        self.refused(with_section("lines", 17, 1, content=good), "too")
        self.refused(with_section("lines", 17, 3, content=good), "no range")
        self.refused(with_section("lines", 17, 2, content=good + b"x"), "row of hashes")
        self.refused(with_section("lines", 17, 2, content=good[:-1]), "row of hashes")
        self.refused(with_section("lines", 17, 2, content=good[:40]), "cut short")
        self.refused(with_section("lines", 17, 2, content=bytes(4)), "no lines")
        self.refused(with_section("attachment", "0" * 64, content=b"x"), "another digest")
        digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
        self.refused(with_section("attachment", digest, content=b"x"), "names it")
        self.refused(with_section("attachment", digest.upper(), content=b"x"), "lower-case")

    def test_parts_of_a_batch_do_not_touch_or_overlap(self) -> None:
        lines = self.writer.batches[7]
        for places, why in (((0, 3), None), ((0, 2), "touches"), ((1, 2), "touches")):
            parts = {(7, first): make.line_section(lines, first, first + 2) for first in places}
            data = make.make_bundle(self.folder, [(7, 8)], {}, parts, [])
            if why is None:
                bundle.check(data, self.policy)
            else:
                self.refused(data, why)


class Witnesses(Made):
    def setUp(self) -> None:
        self.signer = make.witness_signer("w9.example", "made")
        keys = [self.writer.signer.vkey, self.writer.newer.vkey]
        self.witness = witness.Witness(self.signer, keys)

    def request(self, old: int, new: int, **changes: Any) -> bytes:
        hashes = tree.consistency(old, new, self.leaves.subtree)
        fields: dict[str, Any] = {
            "old": old,
            "proof": tuple(hashes),
            "note": self.head(new),
        } | changes
        return bytes(witness.Request(**fields))

    def test_a_log_that_grows_is_cosigned(self) -> None:
        for old, new in ((0, 0), (0, 3), (3, 3), (3, 257), (257, 300)):
            answer = self.witness.answer(self.request(old, new), TIME + new)
            self.assertEqual(answer.status, 200, answer.body)
            text = self.head(new).text
            times = witness.read_answer(answer.body.encode(), text, [self.signer.vkey])
            self.assertEqual(times, {self.signer.vkey: TIME + new})

    def test_each_refusal_has_its_status_and_changes_nothing(self) -> None:
        self.witness.answer(self.request(0, 10), TIME)
        fork = Checkpoint(ORIGIN, 10, bytes(32)).signed([self.writer.signer])
        stranger = make.log_signer("stranger.example", "x")
        other = Checkpoint("stranger.example", 10, bytes(32)).signed([stranger])
        forged = Checkpoint(ORIGIN, 12, bytes(32)).signed([make.log_signer(ORIGIN, "x")])
        false = Note(self.head(12).text, self.head(11).signatures)
        cut = tree.consistency(10, 20, self.leaves.subtree)[1:]
        for request, status in (
            (b"", 400), (b"old 1\n", 400), (self.request(10, 12).replace(b"old 10", b"old 010"), 400),
            (self.request(10, 12)[:-1], 400), (self.request(10, 20, proof=(bytes(32),) * 64), 400),
            (self.request(10, 20, proof=(bytes(32),) * 63), 422),
            (self.request(10, 10, note=other), 404), (self.request(10, 12, note=forged), 403),
            (self.request(10, 12, note=false), 403),
            (bytes(witness.Request(10, (), self.head(9))), 400), (self.request(0, 12), 409),
            (self.request(9, 12), 409), (self.request(0, 9), 409),
            (self.request(10, 20, proof=tuple(cut)), 422), (self.request(10, 20, proof=()), 422),
            (self.request(10, 10, note=fork), 409), (self.request(10, 10, proof=(bytes(32),)), 422),
        ):  # fmt: skip
            answer = self.witness.answer(request, TIME)
            self.assertEqual(answer.status, status, (request[:300], answer.body))
            self.assertEqual(self.witness.heads[ORIGIN], (10, self.leaves.root(10)))

    def test_a_conflict_tells_the_size_last_cosigned(self) -> None:
        self.witness.answer(self.request(0, 10), TIME)
        answer = self.witness.answer(self.request(0, 12), TIME)
        self.assertEqual((answer.body, answer.content_type), ("10\n", "text/x.tlog.size"))

    def test_requests_come_back(self) -> None:
        data = self.request(10, 200)
        self.assertEqual(bytes(witness.Request.parse(data)), data)

    def test_extension_lines_are_cosigned_with_the_rest(self) -> None:
        head = Checkpoint(ORIGIN, 5, self.leaves.root(5), ("more",))
        answer = self.witness.answer(
            self.request(0, 5, note=head.signed([self.writer.signer])), TIME
        )
        self.assertEqual(answer.status, 200)
        witness.read_answer(answer.body.encode(), head.text, [self.signer.vkey])


class CommandLine(unittest.TestCase):
    def setUp(self) -> None:
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = Path(place.name)

    def run_third(self, *arguments: object, stdin: bytes = b"") -> tuple[int, dict[str, Any]]:
        out, real = io.StringIO(), sys.stdin
        sys.stdin = io.TextIOWrapper(io.BytesIO(stdin))
        try:
            with contextlib.redirect_stdout(out):
                code = third.main([str(argument) for argument in arguments])
        finally:
            sys.stdin = real
        return code, json.loads(out.getvalue())

    def good(self, *arguments: object, stdin: bytes = b"") -> dict[str, Any]:
        code, answer = self.run_third(*arguments, stdin=stdin)
        self.assertEqual((code, answer["good"]), (0, True), answer)
        return answer

    def test_a_ledger_is_made_checked_proven_bundled_and_witnessed(self) -> None:
        at = self.place
        folder, policy = at / "ledger", at / "policy"
        made = self.good(
            "make-ledger", folder, "--origin", ORIGIN, "--seed", "s", "--entries", 40, "--witnesses", 2,
            "--publish", "5,30", "--policy-out", policy, "--bundle-out", at / "b",
        )  # fmt: skip
        self.assertEqual(policy.read_text(), made["policy"])
        self.good("verify-ledger", folder, "--policy", policy)
        self.good("make-proof", folder, 17, "--out", at / "p")
        self.good("check-proof", at / "p", "--policy", policy)
        self.good("check-bundle", at / "b", "--policy", policy)
        self.good("make-bundle", folder, 5, 9, "--out", at / "c")
        self.good("check-bundle", "-", "--policy", policy, stdin=(at / "c").read_bytes())
        self.check_witness(folder, made["policy"].split()[1])
        self.check_seal(folder, made["data_keys"])

    def check_witness(self, folder: Path, log: str) -> None:
        state = self.place / "state"
        vkey = self.good("witness-new", state, "--name", "w.example", "--seed", "s", "--log", log)[
            "vkey"
        ]
        request = self.good("make-request", folder, "--old", 0, "--out", self.place / "r")[
            "request"
        ]
        answer = self.good("witness-answer", state, "--time", TIME, stdin=request.encode())
        self.assertEqual(answer["status"], 200)
        cosigned = (folder / "checkpoint").read_bytes() + answer["body"].encode()
        found = self.good("check-cosignature", "-", "--vkey", vkey, stdin=cosigned)
        self.assertEqual(found["time"], TIME)
        again = self.good("witness-answer", state, stdin=request.encode())
        self.assertEqual((again["status"], again["body"]), (409, "40\n"))
        code, _ = self.run_third("witness-new", state, "--name", "w.example", "--seed", "s")
        self.assertEqual(code, 1)

    def check_seal(self, folder: Path, keys: dict[str, str]) -> None:
        raw = Folder(folder, 40).entry(11)
        name = json.loads(raw)["sealed"]["key"]
        opened = self.good("open-sealed", "-", "--key", keys[name], stdin=raw)
        self.assertIn("secret", opened["body"])
        self.good("check-entry", "-", stdin=raw)

    def test_a_head_is_signed_and_cosigned(self) -> None:
        root = to_base64(bytes(32))
        signed = self.good(
            "sign-checkpoint", "--origin", ORIGIN, "--seed", "s", "--size", 4, "--root", root
        )
        both = self.good(
            "cosign", "-", "--name", "w", "--seed", "s", "--time", 9, stdin=signed["note"].encode()
        )
        self.assertTrue(both["note"].endswith(both["line"]))
        self.good("check-cosignature", "-", "--vkey", both["vkey"], stdin=both["note"].encode())
        code, _ = self.run_third(
            "check-cosignature", "-", "--vkey", both["vkey"], stdin=signed["note"].encode()
        )
        self.assertEqual(code, 1)

    def test_exit_codes_part_wrong_from_misuse(self) -> None:
        (self.place / "policy").write_text("quorum none\n")
        code, answer = self.run_third(
            "verify-ledger", self.place, "--policy", self.place / "policy"
        )
        self.assertEqual((code, answer["good"]), (1, False))
        code, _ = self.run_third("verify-ledger", self.place, "--policy", self.place / "none")
        self.assertEqual(code, 2)
        with self.assertRaises(SystemExit) as stop, contextlib.redirect_stderr(io.StringIO()):
            third.main(["unknown"])
        self.assertEqual(stop.exception.code, 2)
