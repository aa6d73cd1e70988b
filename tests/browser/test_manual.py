"""Pictures of the manual: pages of a city at work, as its people see them; `make manual-pictures` puts them into the book."""

from __future__ import annotations

import pathlib
import socket
import time
import unittest

import sensors
from browser import SHOTS, Browser
from city import City, furnished
from forms import fill, file
from looking import Looking
from test_alarms import FAILED
from test_trace import LINE, SPOKE

LIMIT = 60
PICTURES = pathlib.Path(__file__).parents[2] / "docs" / "manual" / "pictures"
FAULT = {
    "room": "第一機房", "equipment": "戶政主機", "symptom": "主機面板紅燈，無法登入", "severity": "normal",
}


class Manual(Looking):
    """In a city with a machine room, which has a sensor."""

    folder = "manual"

    @classmethod
    def settle(cls) -> City:
        return furnished()

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.city.begin_anew("--sensors", sensors.begin(cls.city.ward.folder))

    @classmethod
    def tearDownClass(cls) -> None:
        cls.city.begin_anew()
        super().tearDownClass()

    def be(self, who: str) -> Browser:
        """Somebody sits down, in the language of the pictures."""
        one = self.city.be(self.city.people[who])
        one.speak(self.city.address, "zh")
        return one

    def shoot(self, name: str, path: str, words: str) -> None:
        """A picture of a page once it shows these words."""
        ends = time.monotonic() + LIMIT
        while True:
            self.city.open(path)
            if words in self.browser.find("main").text:
                break
            self.assertLess(time.monotonic(), ends, f"{path} never shows {words}")
        self.browser.shoot(f"{self.folder}/{name}.webp")

    def send(self, lines: list[str]) -> None:
        """Sends lines at the city's receiver."""
        host, _, port = self.city.ward.line("tcp:").removeprefix("tcp:").rpartition(":")
        with socket.create_connection((host, int(port))) as peer:
            peer.sendall("".join(lines).encode())

    def test_the_pictures_of_the_manual_are_those_of_pages(self) -> None:
        one = self.be("operator")
        self.shoot("rooms", "/rooms", "23.5 °C")
        self.city.open("/registers/fault/new/report")
        fill(one, FAULT)
        one.driver.execute_script("window.scrollTo(0, 0)")
        one.shoot(f"{self.folder}/form.webp")
        file(self.city, "fault", "report", FAULT)
        self.be("maintainer")
        self.shoot("work", "/", "主機面板紅燈")
        self.be("network")
        self.send([FAILED.format(n=n, src="203.0.113.79") for n in range(5)])
        self.shoot("alarms", "/alarms", "203.0.113.79")
        self.be("head")
        self.shoot("clauses", "/clauses", "條文")
        # Addresses of its own: another test counts what those of its lines did.
        apart = [(src.replace("10.1.", "10.8.").replace(".77", ".88"), dst.replace("10.1.", "10.8."), to, action)
                 for src, dst, to, action in SPOKE]
        self.send([
            LINE.format(nth=nth, src=src, dst=dst, to=to, action=action, port=50_100 + nth) + "\n"
            for nth, (src, dst, to, action) in enumerate(apart)
        ])
        self.be("auditor")
        self.shoot("trace", "/trace?q=198.51.100.88", "deny")
        made = {path.name for path in (SHOTS / self.folder).glob("*.webp")}
        old = {path.name for path in PICTURES.glob("*.webp")} - made
        self.assertEqual(old, set(), "these pictures of the manual are taken no more")

    def test_pages_with_pictures_show_them(self) -> None:
        one = self.be("operator")
        self.look_twice("basics", "/help/basics")
        self.city.open("/help/basics")
        shown = "return [...document.querySelectorAll('.manual img')].map(one => (one.loading = 'eager', one.src))"
        self.assertTrue(one.driver.execute_script(shown))
        whole = "return [...document.querySelectorAll('.manual img')].every(one => one.complete && one.naturalWidth)"
        one.until(lambda: one.driver.execute_script(whole), "a picture does not come")


if __name__ == "__main__":
    unittest.main()
