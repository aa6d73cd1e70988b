"""The report of an incident is STIX 2.1 to an implementation that is not ours: strictly read, nothing custom in it."""

from __future__ import annotations

import json
import unittest
from pathlib import Path

import stix2
from stix2patterns.v21.pattern import Pattern

SAMPLE = Path(__file__).parents[2] / "crates/web/tests/incident.stix.json"


class Stix(unittest.TestCase):
    """The bundle that `web` is held to, byte for byte, by its own tests."""

    def setUp(self) -> None:
        self.text = SAMPLE.read_text(encoding="utf-8")
        self.bundle = stix2.parse(self.text, allow_custom=False, version="2.1")

    def of(self, kind: str) -> list:
        return [one for one in self.bundle.objects if one["type"] == kind]

    def test_every_object_reads_strictly_and_says_what_was_found(self) -> None:
        self.assertIsInstance(self.bundle, stix2.v21.Bundle)
        self.assertEqual(len(self.bundle.objects), len(json.loads(self.text)["objects"]))
        kinds = {"identity", "incident", "indicator", "marking-definition", "note", "observed-data", "relationship", "report", "sighting"}
        self.assertLessEqual(kinds, {one["type"] for one in self.bundle.objects})
        [incident], [report] = self.of("incident"), self.of("report")
        self.assertEqual(incident["name"], report["name"])
        self.assertIn(incident["id"], report["object_refs"])
        for sighting in self.of("sighting"):
            self.assertLessEqual(sighting["first_seen"], sighting["last_seen"])

    def test_patterns_read_and_find_the_address_alone(self) -> None:
        patterns = [one["pattern"] for one in self.of("indicator")]
        self.assertIn("[ipv4-addr:value = '198.51.100.9']", patterns)
        for pattern in patterns:
            paths = Pattern(pattern).inspect().comparisons
            self.assertEqual(len(paths), 1, pattern)

    def test_observables_have_the_names_that_the_standard_gives_them(self) -> None:
        for one in self.of("ipv4-addr"):
            self.assertEqual(one["id"], stix2.IPv4Address(value=one["value"])["id"])
        for one in self.of("ipv6-addr"):
            self.assertEqual(one["id"], stix2.IPv6Address(value=one["value"])["id"])
        for one in self.of("user-account"):
            login = one["account_login"]
            self.assertEqual(one["id"], stix2.UserAccount(account_login=login)["id"])


if __name__ == "__main__":
    unittest.main()
