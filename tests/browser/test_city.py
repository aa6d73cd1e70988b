"""A city that has just begun, as its steward sees it: every area, empty, in both languages, and without script."""

from __future__ import annotations

import unittest

from browser import Browser
from city import City, browser
from looking import Looking
from ward import Ward

#: Pages that everybody, or the steward, has. What a page is called in the pictures, and where it is.
PAGES = {
    "work": "/", "clauses": "/clauses", "clause": "/clauses/3.10.1", "registers": "/registers",
    "register": "/registers/room", "notices": "/notices", "people": "/people", "person-new": "/people/new",
    "trace": "/trace", "trace-nothing": "/trace?q=192.0.2.1", "trace-wrong": "/trace?q=fw-01", "sources": "/sources", "alarms": "/alarms", "responses": "/responses", "month": "/sources/month",
    "overview-nothing": "/trace/overview?q=192.0.2.1", "sql": "/trace/sql", "sql-wrong": "/trace/sql?q=SELEC",
    "duties": "/duties", "move-in": "/move-in", "move-in-units": "/move-in/units",
    "network": "/network", "network-past": "/network?at=2020-01-01&against=2020-02-01&days=30",
    "rooms": "/rooms", "rooms-wall": "/rooms?view=wall", "warnings": "/warnings",
    "units": "/units", "terminals": "/terminals", "about": "/about", "help": "/help", "help-role": "/help/operator", "check": "/check", "outlets": "/outlets", "search": "/search?q=%E6%A9%9F%E6%88%BF",
    "nothing-found": "/search?q=%E7%84%A1%E6%AD%A4%E7%89%A9", "unit-choice": "/unit",
    "tokens": "/settings/tokens", "recoveries": "/recoveries",
    "no-opening": "/registers/room/new", "not-there": "/records/r_nothing",
}


class Begun(Looking):
    """A city of its own, with nothing in it."""

    folder = "city"

    @classmethod
    def settle(cls) -> City:
        city = City(browser())
        cls.addClassCleanup(city.close)
        city.begin()
        return city

    def setUp(self) -> None:
        self.city.be(self.city.steward)

    def test_every_page_is_clean_in_both_languages(self) -> None:
        for name, path in PAGES.items():
            with self.subTest(page=path):
                self.look_twice(name, path)

    def test_what_a_role_lacks_is_not_shown(self) -> None:
        for path in ("/records/r_nothing", "/people/u_nothing", "/registers/nothing", "/nothing"):
            with self.subTest(page=path):
                self.city.open(path)
                self.assertEqual(self.browser.status(), 404)

    def test_other_machines_are_shown_whom_to_trust(self) -> None:
        ward = Ward()
        self.addCleanup(ward.close)
        ward.found()
        address = ward.start("--listen", "0.0.0.0:0")
        for language in ("en", "zh"):
            self.browser.speak(address, language)
            self.browser.open(address + "/authority")
            self.look("authority")
        # The fingerprint that the server told at its start: 32 bytes, by colons.
        self.assertIn(ward.line("SHA-256")[-95:], self.browser.text())
        self.assertIn(b"BEGIN CERTIFICATE", self.browser.download("a[download]"))

    def test_pages_read_without_script(self) -> None:
        cookies = self.browser.cdp("Network.getCookies", urls=[self.city.address])["cookies"]
        plain = Browser(script=False)
        self.addCleanup(plain.close)
        plain.cdp("Network.setCookies", cookies=cookies)
        for path in PAGES.values():
            with self.subTest(page=path):
                plain.open(self.city.address + path)
                self.assertTrue(plain.all("h1"), f"{path} reads without script")
                self.assertNotIn("/sign-in", plain.path())


if __name__ == "__main__":
    unittest.main()
