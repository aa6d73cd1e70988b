"""Entries, seals, statements and the rules between entries."""

from __future__ import annotations

import copy
import unittest
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

import canonical
import ed25519
import seal
import statement
from entry import Entry, content_hash
from history import ELSEWHERE, SIGNED, VOUCHED, History, check_succession
from make import Writer
from notes import ED25519, Note, Signer
from passkey import Passkey
from spelling import Wrong, from_base64, to_base64, to_identifier

ORIGIN = "ledger.example"
PERSON = to_identifier("p", bytes([1]) * 16)
UNIT = to_identifier("u", bytes([2]) * 16)
CLEAR: dict[str, Any] = {
    "actor": {"machine": "clock"},
    "body": {},
    "kind": "a.b-c/2",
    "subject": "x",
    "time": "2026-11-23T01:02:03.456789Z",
}


class Refusing(unittest.TestCase):
    def refused(self, act: Callable[..., object], *arguments: object) -> None:
        with self.assertRaises(Wrong, msg=repr(arguments)[:300]):
            act(*arguments)

    def reads(self, value: dict[str, Any]) -> Entry:
        return Entry.parse(canonical.write(value))

    def misread(self, changed: dict[str, Any], *without: str) -> None:
        value = {n: v for n, v in (CLEAR | changed).items() if n not in without}
        self.refused(Entry.parse, canonical.write(value))


class Entries(Refusing):
    def test_the_least_and_the_fullest_entry_are_read(self) -> None:
        self.assertEqual(self.reads(CLEAR).content_hash, content_hash({}, b""))
        person = {"person": PERSON, "role": "head", "unit": UNIT, "for": PERSON}
        person |= {
            "session": to_identifier("s", bytes(16)),
            "terminal": to_identifier("t", bytes(16)),
        }
        full = {"actor": person, "form": "fault/3", "salt": to_base64(b"s" * 16), "unit": UNIT}
        self.assertEqual(self.reads(CLEAR | full).content_hash, content_hash({}, b"s" * 16))

    def test_members_are_exactly_those_of_the_table(self) -> None:
        changed: dict[str, Any]
        for name in CLEAR:
            self.misread({}, name)
        for changed in (
            {"extra": 1},
            {"hash": to_base64(bytes(32))},
            {"sealed": {}},
            {"salt": None},
        ):
            self.misread(changed)

    def test_every_member_keeps_its_rule(self) -> None:
        changed: dict[str, Any]
        for changed in (
            {"kind": ""}, {"kind": "A"}, {"kind": "a."}, {"kind": "a..b"}, {"kind": "1a"}, {"kind": "-a"},
            {"kind": "a/"}, {"kind": "a_b"}, {"kind": "a" * 65}, {"kind": 1}, {"subject": ""},
            {"subject": "a" * 129}, {"subject": "é" * 65}, {"subject": "a\n"}, {"subject": "\x7f"},
            {"subject": "\x85"}, {"subject": 'a"b'}, {"subject": "a\\b"},
            {"kind": "a/0"}, {"kind": "a/01"}, {"kind": "a/1000000000"}, {"form": "f/" + "1" * 63},
            {"form": "a" * 63 + "/1"}, {"actor": {"machine": "a\nb"}}, {"actor": {"machine": 'a"'}},
            {"body": []}, {"body": None}, {"form": "fault"}, {"form": "/3"},
            {"unit": PERSON}, {"unit": None}, {"salt": to_base64(bytes(15))}, {"actor": {}},
            {"actor": {"machine": ""}}, {"actor": {"machine": "a", "unit": UNIT}}, {"actor": "a"},
            {"actor": {"person": PERSON, "unit": UNIT}},
            {"actor": {"person": UNIT, "role": "a", "unit": UNIT}},
            {"actor": {"person": PERSON, "role": "", "unit": UNIT}},
            {"actor": {"person": PERSON, "role": "a", "unit": UNIT, "for": None}},
        ):  # fmt: skip
            self.misread(changed)

    def test_times_are_real_and_spelt_in_one_way(self) -> None:
        for good in (
            "1970-01-01T00:00:00.000000Z",
            "9999-12-31T23:59:59.999999Z",
            "2024-02-29T00:00:00.000000Z",
        ):
            self.reads(CLEAR | {"time": good})
        for bad in (
            "1969-12-31T23:59:59.999999Z", "2026-02-29T00:00:00.000000Z", "2026-11-23T24:00:00.000000Z",
            "2026-11-23T01:02:60.000000Z", "2026-11-23T01:02:03Z", "2026-11-23T01:02:03.456Z",
            "2026-11-23t01:02:03.456789z", "2026-11-23T01:02:03.456789+00:00", "2026-1-23T01:02:03.456789Z",
            "2026-11-23T01:02:03.456789Z\n", "0000-01-01T00:00:00.000000Z", "2026-11-23T01:02:61.000000Z",
        ):  # fmt: skip
            self.misread({"time": bad})

    def test_an_entry_has_at_most_65535_bytes(self) -> None:
        rest = len(canonical.write(CLEAR | {"body": {"a": ""}}))
        self.reads(CLEAR | {"body": {"a": "x" * (65535 - rest)}})
        self.misread({"body": {"a": "x" * (65536 - rest)}})


class Seals(Refusing):
    KEY, NONCE, NAME = bytes(range(32)), bytes(range(24)), to_identifier("k", bytes(16))
    HEADER = {n: v for n, v in CLEAR.items() if n != "body"}

    def test_hchacha20_answers_the_vector_of_the_draft(self) -> None:
        # draft-irtf-cfrg-xchacha-03 section 2.2.1.
        nonce = bytes.fromhex("000000090000004a0000000031415927")
        wanted = "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc"
        self.assertEqual(seal.hchacha20(self.KEY, nonce).hex(), wanted)

    def test_the_cipher_answers_the_vector_of_the_draft(self) -> None:
        # draft-irtf-cfrg-xchacha-03 appendix A.3.1; the text is that of RFC 8439 section 2.8.2.
        text = (
            b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for "
            b"the future, sunscreen would be it."
        )
        bound = bytes.fromhex("50515253c0c1c2c3c4c5c6c7")
        key, nonce = bytes(range(0x80, 0xA0)), bytes(range(0x40, 0x58))
        data = seal.encrypt(key, nonce, text, bound)
        self.assertEqual(data[:16].hex(), "bd6d179d3e83d43b9576579493c0e939")
        self.assertEqual(data[-16:].hex(), "c0875924c1c7987947deafd8780acf49")
        self.assertEqual(seal.decrypt(key, nonce, data, bound), text)

    def sealed(self, body: dict[str, Any]) -> bytes:
        opened = seal.Opened(body, b"s" * 16)
        return seal.seal_entry(self.HEADER, opened, self.NAME, self.KEY, self.NONCE)

    def test_bodies_of_every_length_come_back_padded(self) -> None:
        for length in range(130):
            body = {"a": "x" * length}
            entry = Entry.parse(self.sealed(body))
            opened = seal.open_entry(entry, self.KEY)
            self.assertEqual(opened, seal.Opened(body, b"s" * 16))
            self.assertEqual(len(opened.plaintext) % 64, 0)
            self.assertEqual(entry.content_hash, content_hash(body, b"s" * 16))

    def test_the_seal_binds_the_header_but_not_the_time(self) -> None:
        value = canonical.read_object(self.sealed({"a": 1}))
        later = Entry.parse(canonical.write(value | {"time": "2027-01-01T00:00:00.000000Z"}))
        seal.open_entry(later, self.KEY)
        for changed in ({"subject": "y"}, {"unit": UNIT}, {"hash": to_base64(bytes(32))}):
            self.refused(seal.open_entry, self.reads(value | changed), self.KEY)
        self.refused(seal.open_entry, self.reads(value), bytes(32))

    def test_other_paddings_are_refused(self) -> None:
        good = seal.Opened({"a": 1}, b"s" * 16).plaintext
        for bad in (
            good.replace(b'"pad":"0', b'"pad":"1'), good.replace(b'"pad":"0', b'"pad":"'),
            good.replace(b'"pad":"', b'"pad":"' + b"0" * 64), good + b"\n",
        ):  # fmt: skip
            self.refused(seal.Opened.parse, bad)

    def test_ill_formed_seals_are_refused(self) -> None:
        value = canonical.read_object(self.sealed({}))
        for changed in (
            {"alg": "XC20"}, {"key": PERSON}, {"nonce": to_base64(bytes(12))}, {"data": ""},
            {"data": to_base64(bytes(15))}, {"more": 1},
        ):  # fmt: skip
            self.refused(self.reads, value | {"sealed": value["sealed"] | changed})
        self.refused(self.reads, value | {"salt": to_base64(bytes(16))})
        self.refused(self.reads, value | {"body": {}})


class Signatures(Refusing):
    def setUp(self) -> None:
        self.writer = Writer(ORIGIN, "signatures")
        self.writer.fill(60)

    def history(self, raw: list[bytes], whole: bool = True) -> History:
        found = History(ORIGIN, whole)
        for number, entry in enumerate(raw):
            found.take(number, entry)
        return found

    def test_a_whole_history_tells_each_grade(self) -> None:
        found = self.history(self.writer.raw)
        verdicts = {row["entry"]: row["verdict"] for row in found.signatures}
        self.assertEqual(verdicts[12], SIGNED)
        self.assertEqual(verdicts[13], VOUCHED)
        self.assertEqual((verdicts[14], verdicts[15]), (SIGNED, SIGNED))
        self.assertEqual(len(verdicts), 22)

    def test_a_part_without_the_credential_says_so(self) -> None:
        found = History(ORIGIN, whole=False)
        found.take(12, self.writer.raw[12])
        self.assertEqual(found.signatures[0]["verdict"], ELSEWHERE)

    def edited(self, number: int, edit: Callable[[dict[str, Any]], None]) -> list[bytes]:
        value = copy.deepcopy(canonical.read_object(self.writer.raw[number]))
        edit(value)
        raw = list(self.writer.raw)
        raw[number] = canonical.write(value)
        return raw

    def test_no_part_of_a_signed_entry_can_be_changed(self) -> None:
        other = to_identifier("p", bytes([7]) * 16)
        said = [
            lambda v: v["signature"]["statement"].update(outcome="refuse"),
            lambda v: v["signature"]["statement"].update(reason="because"),
            lambda v: v["signature"]["statement"].update(nonce=to_base64(bytes(16))),
            lambda v: v["signature"]["statement"].update(ledger="other.example"),
            lambda v: v["signature"]["statement"].update(content=to_base64(bytes(32))),
            lambda v: v["signature"]["statement"].update(previous="3"),
            lambda v: v["signature"]["statement"].update(on_behalf=other),
            lambda v: v["actor"].update({"for": other}),
            lambda v: v["actor"].update(person=other),
            lambda v: v["signature"]["statement"].update(signer=other),
            lambda v: v.update(subject="other"),
            lambda v: v["signature"]["evidence"].update(credential="AAAA"),
            lambda v: v["signature"]["evidence"].update(authenticator_data=to_base64(bytes(37))),
        ]
        for number in (12, 22, 14, 25):
            for edit in said:
                self.refused(self.history, self.edited(number, edit))

    def test_statements_of_a_batch_do_not_stand_in_for_each_other(self) -> None:
        first = canonical.read_object(self.writer.raw[14])["signature"]["evidence"]["batch"]
        edits = [
            lambda v: v["signature"]["evidence"].update(batch=first),
            lambda v: v["signature"]["evidence"].pop("batch"),
            lambda v: v["signature"]["evidence"]["batch"].update(size=3),
            lambda v: v["signature"]["evidence"]["batch"].update(index=2),
            lambda v: v["signature"]["evidence"]["batch"]["proof"].append(to_base64(bytes(32))),
        ]
        for edit in edits:
            self.refused(self.history, self.edited(15, edit))

    def test_a_statement_keeps_its_form(self) -> None:
        edits = [
            lambda v: v["signature"].update(more=1),
            lambda v: v["signature"]["evidence"].update(factor="sms"),
            lambda v: v["signature"]["evidence"].update(grade="none"),
            lambda v: v["signature"]["statement"].update(previous="01"),
            lambda v: v["signature"]["statement"].update(previous="13"),
            lambda v: v["signature"]["statement"].update(outcome="Approve it"),
            lambda v: v["signature"]["statement"].update(step=1),
            lambda v: v["signature"]["statement"].pop("pack"),
            lambda v: v["signature"]["statement"].update(
                reason="a", reason_hash=to_base64(bytes(32))
            ),
        ]
        for edit in edits:
            self.refused(self.history, self.edited(13, edit))

    def test_a_revoked_credential_signs_no_more(self) -> None:
        passkey = self.writer.passkeys[12 // 10 % 3]
        revoked = CLEAR | {"kind": "credential.revoked", "body": {"credential": passkey.id}}
        time = canonical.read_object(self.writer.raw[10])["time"]
        raw = list(self.writer.raw)
        raw[10] = canonical.write(revoked | {"time": time})
        self.assertRaisesRegex(Wrong, "entry 12: the credential was revoked", self.history, raw)

    def test_a_credential_signs_nothing_before_it_is_added(self) -> None:
        early = canonical.read_object(self.writer.raw[14])
        early["time"] = canonical.read_object(self.writer.raw[0])["time"]
        raw = [self.writer.raw[0], canonical.write(early)]
        self.assertRaisesRegex(Wrong, "entry 1: the credential was never added", self.history, raw)


class Assertions(Refusing):
    def check(self, alg: str, flags: int = 0x05, **client: Any) -> None:
        passkey = Passkey(alg, PERSON, bytes(range(32)))
        said = b'{"a":1}'
        evidence = passkey.evidence(statement.challenge_of_one(said), flags, **client)
        credential = statement.Credential.parse(passkey.body())
        credential.check(statement.Assertion.parse(evidence), said)

    def test_each_algorithm_holds(self) -> None:
        for alg in ("ES256", "EdDSA", "RS256"):
            self.check(alg)
            self.check(alg, flags=0x1D)
            self.check(alg, topOrigin="https://ward.example")

    def test_what_the_browser_and_the_key_say_is_checked(self) -> None:
        for alg in ("ES256", "EdDSA", "RS256"):
            for flags in (0x00, 0x01, 0x04):
                with self.assertRaises(Wrong):
                    self.check(alg, flags)
            for client in (
                {"type": "webauthn.create"}, {"challenge": "AAAA"}, {"origin": "https://evil.example"},
                {"crossOrigin": True}, {"crossOrigin": None},
            ):  # fmt: skip
                with self.assertRaises(Wrong):
                    self.check(alg, **client)

    def test_credentials_keep_their_form(self) -> None:
        changed: dict[str, Any]
        good = Passkey("ES256", PERSON, bytes(range(32))).body()
        for changed in (
            {"alg": "RS1"}, {"alg": "RS256"}, {"alg": "EdDSA"}, {"key": to_base64(b"\4" + bytes(64))}, {"person": UNIT},
            {"key": to_base64(b"\2" + from_base64(good["key"])[1:])}, {"origins": "x"}, {"more": 1},
            {"credential": ""}, {"origins": []}, {"credential": "a="},
        ):  # fmt: skip
            self.refused(statement.Credential.parse, good | changed)


class StrictEd25519(unittest.TestCase):
    def test_the_first_vectors_of_rfc_8032_hold_and_no_changed_one_does(self) -> None:
        # Section 7.1, tests 1 and 2.
        for public, message, signature in (
            (
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                "",
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            ),
            (
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
                "72",
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            ),
        ):
            key, text, signed = map(bytes.fromhex, (public, message, signature))
            self.assertTrue(ed25519.holds(key, text, signed))
            self.assertFalse(ed25519.holds(key, text + b"x", signed))
            self.assertFalse(ed25519.holds(key, text, signed[:-1]))
            self.assertFalse(ed25519.holds(key, text, bytes([signed[0] ^ 1]) + signed[1:]))

    def test_points_of_small_order_sign_nothing(self) -> None:
        # With the neutral point as key and as R, and S = 0, the equation holds for any message.
        neutral = bytes([1]) + bytes(31)
        Ed25519PublicKey.from_public_bytes(neutral).verify(neutral + bytes(32), b"anything")
        self.assertFalse(ed25519.holds(neutral, b"anything", neutral + bytes(32)))
        order_two = (2**255 - 20).to_bytes(32, "little")
        twice_encoded = (2**255 - 18).to_bytes(32, "little")
        for point in (neutral, order_two, bytes(32), twice_encoded, b"\xff" * 32):
            self.assertTrue(ed25519.is_weak(point), point.hex())


class Histories(Refusing):
    def test_time_does_not_go_back(self) -> None:
        history = History(ORIGIN, whole=False)
        history.take(5, canonical.write(CLEAR))
        history.take(6, canonical.write(CLEAR))
        earlier = canonical.write(CLEAR | {"time": "2026-11-23T01:02:03.456788Z"})
        self.assertRaisesRegex(Wrong, "entry 7", history.take, 7, earlier)

    def test_entry_0_and_no_other_creates_the_ledger(self) -> None:
        writer = Writer(ORIGIN, "created")
        writer.fill(1)
        self.refused(History(ORIGIN, True).take, 0, canonical.write(CLEAR))
        self.refused(History(ORIGIN, False).take, 1, writer.raw[0])
        self.refused(History("other.example", True).take, 0, writer.raw[0])
        History(ORIGIN, True).take(0, writer.raw[0])

    def test_a_key_change_is_signed_by_both_and_counts_from_its_number(self) -> None:
        writer = Writer(ORIGIN, "change", key_change_at=4)
        writer.fill(6)
        history = History(ORIGIN, True)
        for number, raw in enumerate(writer.raw):
            history.take(number, raw)
        self.assertEqual(history.head_key(4), writer.signer.vkey)
        self.assertEqual(history.head_key(5), writer.newer.vkey)
        value = canonical.read_object(writer.raw[4])
        for name in ("by_new", "by_old"):
            bad = value | {"body": value["body"] | {name: to_base64(bytes(64))}}
            self.refused(History(ORIGIN, False).take, 4, canonical.write(bad))
        self.refused(History(ORIGIN, False).take, 5, writer.raw[4])

    def test_a_succession_needs_two_different_stewards(self) -> None:
        stewards = [Signer.from_seed(f"s{i}", ED25519, bytes([i]) * 32) for i in range(3)]
        root = to_base64(bytes(32))
        lines = ["ward-succession/v1", "old.example", f"3 {root}", f"9 {root}", ORIGIN, "fire"]
        keys = [steward.vkey for steward in stewards[:2]]

        def check(lines: list[str], *signers: Signer) -> None:
            text = "\n".join(lines) + "\n"
            note = bytes(Note(text, tuple(signer.sign(text) for signer in signers)))
            check_succession(note.decode(), ORIGIN, keys)

        check(lines, *stewards[:2])
        self.refused(check, lines, stewards[0])
        self.refused(check, lines, stewards[0], stewards[0])
        self.refused(check, lines, stewards[0], stewards[2])
        for at, bad in (
            (0, "v2"),
            (1, ORIGIN),
            (2, "3"),
            (2, f"9 {root}"),
            (4, "x.example"),
            (5, ""),
        ):
            self.refused(check, lines[:at] + [bad] + lines[at + 1 :], *stewards[:2])
        self.refused(check, lines + ["more"], *stewards[:2])
