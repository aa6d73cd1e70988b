"""A signature made in the browser, taken along by an auditor and checked away from the host.

By `ward proof check`, and by a WebAuthn library that knows nothing of Ward: each accepts it as it is, and neither does once
a byte is changed, the outcome is swapped, or it stands on another record. So that the tree of the ledger is not what
refuses, the changed entries are put into a ledger whose head holds: what a host could do that keeps the keys of its ledger
and has no passkey of anybody's.
Source: docs/format.md sections 7 and 8.3; W3C Web Authentication Level 2 section 7.2.
"""

from __future__ import annotations

import copy
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
from dataclasses import dataclass
from typing import Any

import forms
import webauthn
from browser import Browser
from city import City, furnished
from ward import LIMIT, PROGRAM
from webauthn.helpers import encode_cbor
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import AuthenticationCredential, AuthenticatorAssertionResponse

sys.path.append(str(pathlib.Path(__file__).parents[1] / "third"))

import bundle  # noqa: E402
import canonical  # noqa: E402
import notes  # noqa: E402
import policy  # noqa: E402
import statement  # noqa: E402
import tiles  # noqa: E402
import tree  # noqa: E402
from spelling import Wrong, from_base64, from_base64url, to_base64  # noqa: E402

#: Bytes of a bundle that are changed, one at a time.
CHANGED = 100

Value = dict[str, Any]


@dataclass
class Taken:
    """What an auditor takes along of a record."""

    subject: str
    bundle: bytes
    entries: dict[int, Value]

    @classmethod
    def read(cls, subject: str, content: bytes) -> Taken:
        """From the file of a bundle."""
        entries: dict[int, Value] = {}
        for section in bundle.read(content):
            if section.kind == "entries":
                entries.update(enumerate(map(canonical.read_object, tiles.unframe(section.content)), section.number))
        return cls(subject, content, entries)

    def approval(self) -> int:
        """The entry that approves the record."""
        signed = lambda one: one.get("signature", {}).get("statement", {})
        found = [number for number, one in self.entries.items() if signed(one).get("outcome") == "approve"]
        assert len(found) == 1, found
        return found[0]

    def credential(self, name: str) -> Value:
        """The passkey of this id, as the ledger made it known."""
        added = (one["body"] for one in self.entries.values() if one["kind"].startswith("credential.added"))
        return next(one for one in added if one["credential"] == name)


def cose(credential: Value) -> bytes:
    """A passkey's public key as the library reads it (RFC 9053); a point of P-256 it reads as it is."""
    key = from_base64(credential["key"])
    return key if credential["alg"] == "ES256" else encode_cbor({1: 1, 3: -8, -1: 6, -2: key})


def by_library(signature: Value, credential: Value) -> None:
    """Checks a signature by the library; `WebAuthnException` when it does not hold."""
    evidence = signature["evidence"]
    raw = from_base64url(evidence["credential"])
    webauthn.verify_authentication_response(
        credential=AuthenticationCredential(
            id=evidence["credential"], raw_id=raw,
            response=AuthenticatorAssertionResponse(
                client_data_json=from_base64(evidence["client_data"]),
                authenticator_data=from_base64(evidence["authenticator_data"]),
                signature=from_base64(evidence["signature"]),
            ),
        ),
        expected_challenge=statement.challenge_of_one(canonical.write(signature["statement"])),
        expected_rp_id=credential["rp"], expected_origin=credential["origins"],
        credential_public_key=cose(credential), credential_current_sign_count=0,
        require_user_verification=True,
    )  # fmt: skip


def flipped(text: str, at: int) -> str:
    """Bytes in base64 with the lowest bit of one of them turned."""
    content = bytearray(from_base64(text))
    content[at] ^= 1
    return to_base64(bytes(content))


class Signature(unittest.TestCase):
    """Two changes of a device that the head of the unit has approved with a passkey, one with a reason."""

    city: City
    browser: Browser
    folder: pathlib.Path

    @classmethod
    def setUpClass(cls) -> None:
        cls.city = furnished()
        cls.browser = cls.city.browser
        folder = tempfile.TemporaryDirectory(prefix="ward-signature-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        paths = [cls.approved(reason) for reason in ("更換主機板。", "更換散熱模組。")]
        cls.city.be(cls.city.people["auditor"])
        cls.city.open("/audit")
        cls.policy = cls.browser.download("a[href='/audit/policy']").decode()
        cls.one, cls.other = map(cls.taken, paths)
        cls.whole = cls.ledger()

    @classmethod
    def approved(cls, reason: str) -> str:
        """A change that is filed, co-signed and approved; the record's address."""
        city = cls.city
        city.be(city.people["maintainer"])
        day = city.ward.now().date() + datetime.timedelta(days=3)
        record = forms.file(city, "equipment_change", "file", {
            "equipment": "戶政主機", "what": "alter", "reason": reason, "touches_network": "false",
            "planned_on": day.isoformat(),
        })  # fmt: skip
        for who, step, outcome in (("operator", "cosign", "done"), ("head", "approve", "approve")):
            city.be(city.people[who])
            forms.take(city, record, step, outcome=outcome)
            forms.sign(city)
        return record

    @classmethod
    def taken(cls, path: str) -> Taken:
        """The bundle of a record, from its page."""
        cls.city.open(path)
        return Taken.read(path.rsplit("/", 1)[-1], cls.browser.download("main a[href$='/bundle']"))

    @classmethod
    def ledger(cls) -> list[bytes]:
        """Every entry that the bundles' heads cover: what the host itself has."""
        head = notes.Checkpoint.parse(notes.Note.parse(bundle.read(cls.other.bundle)[0].content).text)
        file = cls.folder / "whole.bundle"
        cls.city.ward.command("bundle", f"0..{head.size}", "--out", str(file))
        entries = next(section for section in bundle.read(file.read_bytes()) if section.kind == "entries")
        return tiles.unframe(entries.content)

    def ward(self, content: bytes, trusted: str) -> subprocess.CompletedProcess[str]:
        """What `ward proof check` says of a bundle, with it and the policy and nothing else."""
        file, trust = self.folder / "checked.bundle", self.folder / "policy"
        file.write_bytes(content)
        trust.write_text(trusted, encoding="utf-8")
        line = [PROGRAM, "proof", "check", str(file), "--policy", str(trust), "--json"]
        return subprocess.run(line, cwd=self.folder, capture_output=True, text=True, timeout=LIMIT, check=False)

    def forged(self, signatures: dict[int, Value]) -> subprocess.CompletedProcess[str]:
        """What `ward proof check` says of the ledger with these signatures in its entries, under a head that holds."""
        raw = list(self.whole)
        for number, signature in signatures.items():
            raw[number] = canonical.write(canonical.read_object(raw[number]) | {"signature": signature})
        origin = policy.Policy.parse(self.policy.encode()).logs[0].name
        key = notes.Signer.from_seed(origin, notes.ED25519, bytes(range(32)))
        root = tree.Leaves([tree.leaf_hash(one) for one in raw]).root()
        head = bundle.Section("head", (), bytes(notes.Checkpoint(origin, len(raw), root).signed([key])))
        entries, proof = bundle.Section("entries", (0,), tiles.frame(raw)), bundle.Section("range", (0,), b"")
        return self.ward(bundle.write([head, entries, proof]), f"log {key.vkey}\nquorum none\n")

    def refused(self, verdict: subprocess.CompletedProcess[str]) -> str:
        """Why a bundle was found wrong."""
        self.assertEqual((verdict.returncode, verdict.stdout), (1, ""), verdict.stderr)
        return verdict.stderr

    def refused_by_library(self, signature: Value) -> None:
        """The library does not accept it."""
        credential = self.one.credential(signature["evidence"]["credential"])
        with self.assertRaises(WebAuthnException):
            by_library(signature, credential)

    def test_it_holds_for_both_and_for_the_third_implementation(self) -> None:
        head = self.city.people["head"].path.rsplit("/", 1)[-1]
        for taken in (self.one, self.other):
            number = taken.approval()
            signature = taken.entries[number]["signature"]
            said, evidence = signature["statement"], signature["evidence"]
            self.assertEqual((said["record"], said["signer"]), (taken.subject, head))
            by_library(signature, taken.credential(evidence["credential"]))
            verdict = self.ward(taken.bundle, self.policy)
            self.assertEqual(verdict.returncode, 0, verdict.stderr)
            entries = {int(one["number"]): one for one in json.loads(verdict.stdout)["entries"]}
            told = entries[number]["signature"]
            self.assertEqual((told["standing"], told["outcome"]), ("signed-by-person", "approve"))
            third = bundle.check(taken.bundle, policy.Policy.parse(self.policy.encode()))
            self.assertEqual([one["number"] for one in third["entries"]], sorted(entries))

    def test_with_one_byte_changed_it_holds_for_neither(self) -> None:
        content = self.one.bundle
        for at in range(0, len(content), max(1, len(content) // CHANGED)):
            changed = bytearray(content)
            changed[at] ^= 1
            self.refused(self.ward(bytes(changed), self.policy))
            with self.assertRaises(Wrong):
                bundle.check(bytes(changed), policy.Policy.parse(self.policy.encode()))
        number = self.one.approval()
        for part in ("authenticator_data", "client_data", "signature"):
            signature = copy.deepcopy(self.one.entries[number]["signature"])
            # Past the head of a DER, among the flags and the counter, within the challenge.
            signature["evidence"][part] = flipped(signature["evidence"][part], 36)
            self.refused_by_library(signature)
            self.assertIn("signature", self.refused(self.forged({number: signature})))

    def test_with_another_outcome_it_holds_for_neither(self) -> None:
        number = self.one.approval()
        signature = copy.deepcopy(self.one.entries[number]["signature"])
        signature["statement"]["outcome"] = "refuse"
        self.refused_by_library(signature)
        self.assertIn("signature", self.refused(self.forged({number: signature})))

    def test_on_another_record_it_holds_for_neither(self) -> None:
        there = self.other.approval()
        given = self.one.entries[self.one.approval()]["signature"]
        own = self.other.entries[there]["signature"]["statement"]
        # The assertion alone, under what the other record's entry says; and both as they are.
        moved = {"evidence": given["evidence"], "statement": own}
        self.refused_by_library(moved)
        self.assertIn("signature", self.refused(self.forged({there: moved})))
        self.assertIn("record", self.refused(self.forged({there: given})))

    def test_what_is_not_changed_holds_under_the_same_head(self) -> None:
        verdict = self.forged({})
        self.assertEqual(verdict.returncode, 0, verdict.stderr)
        entries = json.loads(verdict.stdout)["entries"]
        standing = [one["signature"]["standing"] for one in entries if one.get("signature")]
        self.assertIn("signed-by-person", standing)


if __name__ == "__main__":
    unittest.main()
