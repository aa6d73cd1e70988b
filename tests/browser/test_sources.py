"""Who sends lines: an unknown sender is kept apart and shown, registered by two people, and heard as itself from then on."""

from __future__ import annotations

import socket
import time
import unittest

import forms
from city import City, peopled
from looking import Looking

LINE = (
    '<189>date=2026-11-26 time=08:00:00 devname="TC-FW-09" devid="FG200F0009" logid="0000000013" type="traffic" '
    'subtype="forward" level="notice" vd="root" srcip={src} srcport=40000 dstip=203.0.113.9 dstport=443 '
    'sessionid=7 proto=6 action="close" policyid=7 service="HTTPS" duration=12 sentbyte=1840 rcvdbyte=90233\n'
)
LIMIT = 30


class Sources(Looking):
    """In the city that others work in."""

    folder = "sources"

    @classmethod
    def settle(cls) -> City:
        return peopled()

    def send(self, src: str) -> None:
        """A line of the device, from this machine."""
        host, _, port = self.city.ward.line("tcp:").removeprefix("tcp:").rpartition(":")
        with socket.create_connection((host, int(port))) as peer:
            peer.sendall(LINE.format(src=src).encode())

    def traced(self, src: str) -> str:
        """What the trace of an address shows, once it is found."""
        ends = time.monotonic() + LIMIT
        while time.monotonic() < ends:
            self.city.open(f"/trace?q={src}")
            if self.city.browser.all("main tbody tr"):
                return self.city.browser.find("main tbody").text
        raise AssertionError(f"no line of {src} is found")

    def listed(self, one: forms.Browser, name: str) -> list[str]:
        """The rows of the list, once the source of that name counts: that takes a second from its approval."""
        ends = time.monotonic() + LIMIT
        while time.monotonic() < ends:
            self.city.open("/sources")
            rows = [row.text for row in one.all("#list tbody tr")]
            if any(name in row for row in rows):
                return rows
        raise AssertionError(f"the source {name} is not listed")

    def test_an_unknown_sender_is_registered_and_heard(self) -> None:
        auditor = self.city.be(self.city.people["auditor"])
        self.send("10.77.0.1")
        self.assertIn("未登錄來源", self.traced("10.77.0.1"))
        self.city.open("/sources")
        unknown = auditor.find("section[aria-labelledby='unknown']").text
        self.assertIn("127.0.0.1", unknown)
        self.assertIn("syslog-tcp-unknown", unknown)
        self.look_twice("unknown", "/sources")

        one = self.city.be(self.city.people["network"])
        self.city.open("/registers/log_source/new/file?f.network=127.0.0.1")
        self.assertEqual(one.find("#f-network-field input").get_attribute("value"), "127.0.0.1")
        forms.fill(one, {"code": "FW-09", "name": "TC-FW-09", "device": "firewall", "host": "TC-FW-09"})
        forms.send(one)
        forms.sign(self.city)
        heard = one.path().split("?")[0]
        answers = {"code": "FW-10", "name": "TC-FW-10", "network": "192.0.2.0/29", "device": "firewall"}
        self.city.open("/registers/log_source/new/file")
        forms.fill(one, answers)
        forms.send(one)
        forms.sign(self.city)
        silent = one.path().split("?")[0]
        self.city.be(self.city.people["chief"])
        for record in (heard, silent):
            forms.take(self.city, record, "approve", outcome="approve")
            forms.sign(self.city)

        auditor = self.city.be(self.city.people["auditor"])
        ends = time.monotonic() + LIMIT
        for nth in range(2, 250):
            self.send(f"10.77.0.{nth}")
            if "未登錄來源" not in self.traced(f"10.77.0.{nth}"):
                break
            self.assertLess(time.monotonic(), ends, "it counts within a second")
        rows = self.listed(auditor, "TC-FW-10")
        self.assertIn("TC-FW-10", rows[0])
        self.assertIn("未曾收到", rows[0])
        known = next(row for row in rows if "TC-FW-09" in row)
        self.assertIn("收受中", known)
        self.assertIn("syslog-tcp", known)
        self.assertIn("1 個紀錄來源靜默", auditor.find("main").text)
        self.look_twice("sources", "/sources")
        text = auditor.download("a[href^='/sources/export'][href*='csv']").decode()
        self.assertIn("192.0.2.0/29", text)
        self.look_twice("month", "/sources/month")
        row = next(row.text for row in auditor.all("#list tbody tr") if "TC-FW-09" in row.text)
        self.assertIn("10.77.0.1 (1)", row)

    def test_whoever_may_not_look_finds_nothing(self) -> None:
        one = self.city.be(self.city.people["maintainer"])
        self.assertFalse(one.all("a[href='/sources']"))
        self.city.open("/sources")
        self.assertEqual(one.status(), 404)


if __name__ == "__main__":
    unittest.main()
