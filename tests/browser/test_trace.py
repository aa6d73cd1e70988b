"""Lines of a firewall, sent at the server and traced by an auditor: from an address to whom it spoke with, to one line."""

from __future__ import annotations

import socket
import time
import unittest
import urllib.parse

from city import City, peopled
from looking import Looking

LINE = (
    '<189>date=2026-11-26 time=08:00:{nth:02} devname="TC-FW-01" devid="FG200F0001" logid="0000000013" type="traffic" '
    'subtype="forward" level="notice" vd="root" srcip={src} srcport={port} srcintf="port1" dstip={dst} dstport={to} '
    'sessionid={nth} proto=6 action="{action}" policyid=7 service="HTTPS" duration=12 sentbyte=1840 rcvdbyte=90233'
)
SPOKE = [
    ("10.1.2.3", "203.0.113.9", 443, "close"), ("10.1.2.4", "203.0.113.9", 443, "close"),
    ("198.51.100.77", "10.1.2.3", 22, "deny"), ("198.51.100.77", "10.1.2.4", 22, "deny"),
    ("198.51.100.77", "10.1.2.5", 22, "deny"), ("10.1.2.3", "2001:db8::53", 53, "accept"),
]
#: How large the letters in the picture of who spoke with whom are on the screen, in pixels.
SIZES = '''return [...document.querySelectorAll("figure.narrow text")].map(text =>
  text.getAttribute("font-size") * text.getScreenCTM().a)'''


class Trace(Looking):
    """In the city that others work in."""

    folder = "trace"

    @classmethod
    def settle(cls) -> City:
        city = peopled()
        host, _, port = city.ward.line("tcp:").removeprefix("tcp:").rpartition(":")
        with socket.create_connection((host, int(port))) as peer:
            for nth, (src, dst, to, action) in enumerate(SPOKE):
                line = LINE.format(nth=nth, src=src, dst=dst, to=to, action=action, port=50_000 + nth)
                peer.sendall(line.encode() + b"\n")
            peer.sendall(f"<85>sshd[812]: Failed password for {'王' * 3} from 198.51.100.77 port 4022 ssh2\n".encode())
        return city

    def test_an_address_is_traced_to_the_line(self) -> None:
        one = self.city.be(self.city.people["auditor"])
        ends = time.monotonic() + 20
        while True:
            self.city.open("/trace?q=198.51.100.77")
            if len(one.all("main tbody tr")) >= 4 or time.monotonic() > ends:
                break
        self.assertEqual(len(one.all("main tbody tr")), 4)
        self.look_twice("address", "/trace?q=198.51.100.77")
        self.look_twice("network", "/trace?q=10.1.0.0/16&sort=dst_ip")
        self.city.open("/trace?q=198.51.100.77")
        self.assertIn("deny", one.find("main").text)
        one.follow("10.1.2.4")
        self.assertEqual(len(one.all("main tbody tr")), 2, "it leads on to all else there is of an address")
        one.click("main tbody a.title")
        self.assertIn('devname="TC-FW-01"', one.find("main pre").text)
        self.look_twice("line", one.path())
        self.look_twice("overview", "/trace/overview?q=10.1.2.3")
        self.city.open("/trace/overview?q=10.1.2.3")
        self.assertIn("203.0.113.9", one.find("main table").text)
        self.assertFalse(one.all("#sessions"), "connections that end are nobody's log-off")
        one.width("phone")
        sizes = one.driver.execute_script(SIZES)
        one.width("desktop")
        self.assertEqual(len(sizes), 5, "each address once on its side")
        self.assertGreaterEqual(min(sizes), 12, "addresses in the picture are read on a telephone")
        sql = "SELECT dst_ip, count(*) AS lines FROM lines WHERE src_ip = '10.1.2.3' GROUP BY dst_ip"
        asked = "/trace/sql?q=" + urllib.parse.quote_plus(sql)
        self.look_twice("sql", asked)
        self.city.open(asked)
        self.assertIn("2001:db8::53", one.find("main table").text)
        self.city.open("/trace?q=10.1.2.3")
        text = one.download("a[href^='/trace/export'][href*='csv']").decode()
        self.assertIn("2001:db8::53", text)

    def test_whoever_may_not_look_finds_nothing(self) -> None:
        one = self.city.be(self.city.people["maintainer"])
        self.assertFalse(one.all("a[href='/trace']"))
        self.city.open("/trace?q=198.51.100.77")
        self.assertEqual(one.status(), 404)


if __name__ == "__main__":
    unittest.main()
