"""A city begun and looked at in a real browser: first start, factors, signing in, every area, in both languages.

Each page is looked at in both widths and both colours: axe-core finds no violation of WCAG 2.1 A or AA, nothing is wider
than the screen, no script fails, and nothing is asked of any other host. The pages are kept and then judged by the
Taiwanese rules (a11y-moda, level AA).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import pathlib
import struct
import subprocess
import sys
import time
import unittest

import browser
from browser import SHOTS, Browser
from ward import Ward

PASSWORD = "keelung rain over the harbour"
#: Pages that everybody, or the steward, has. What a page is called in the pictures, and where it is.
PAGES = {
    "work": "/", "clauses": "/clauses", "clause": "/clauses/3.10.1", "registers": "/registers",
    "register": "/registers/room", "notices": "/notices", "people": "/people", "person-new": "/people/new",
    "units": "/units", "settings": "/settings", "about": "/about",
    "check": "/check", "search": "/search?q=%E6%A9%9F%E6%88%BF",
}
#: What the Taiwanese rules would have and a page rightly lacks: (rule, page) with the reason.
ALLOWED = {
    # Steps of one task, which need no second way to them (WCAG 2.1, success criterion 2.4.5).
    *(("GN1240500E", page) for page in (
        "start-host", "start-office", "start-steward", "start-confirm", "start-codes",
        "sign-in", "second", "enrol", "enrol-app",
    )),
    # Passkeys offered while the name is typed: HTML's word since, which the list of HTML 5.2 does not know.
    ("HM2130500E", "sign-in"),
    # Another person's address is asked for, which the browser of the one who types does not know.
    ("HM2330800E", "person-new"),
}


def code_of(secret: str) -> str:
    """The code of this half minute (RFC 6238)."""
    key = base64.b32decode(secret.replace(" ", "") + "=" * (-len(secret.replace(" ", "")) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


class City(unittest.TestCase):
    """One city, begun once."""

    ward: Ward
    browser: Browser

    @classmethod
    def setUpClass(cls) -> None:
        cls.ward = Ward()
        cls.addClassCleanup(cls.ward.close)
        cls.ward.found()
        cls.ward.start()
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)
        cls.browser.authenticator()
        cls.begin()

    @classmethod
    def begin(cls) -> None:
        """The first start, a passkey, and signing in with it."""
        one = cls.browser
        one.open(cls.ward.line("/start/"))
        one.look("start-host")
        one.send()
        for name, value in {"unit_zh": "臺中市政府", "unit_en": "Taichung City Government", "unit_code": "100"}.items():
            one.fill(name, value)
        one.look("start-office")
        one.send()
        steward = {"login": "lin.yc", "name": "林怡君", "title": "科員", "mail": "lin.yc@house.example"}
        for name, value in steward.items():
            one.fill(name, value)
        one.driver.execute_script(
            "const role = document.querySelector('[name=role]');"
            "if (role.tagName === 'SELECT') role.value = 'steward';"
            "else document.querySelector('[name=role][value=steward]').checked = true"
        )
        one.look("start-steward")
        one.send()
        one.fill("new", PASSWORD)
        one.fill("again", PASSWORD)
        one.look("start-confirm")
        one.send()
        one.look("start-codes")
        assert len(one.all("li code")) == 10, one.text()
        one.open(cls.ward.address + "/enrol")
        one.look("enrol")
        one.press("form[action='/factors/otp'] button")
        one.look("enrol-app")
        secret = one.find("code.secret").text
        one.fill("code", code_of(secret))
        one.press("form[action='/factors/otp/confirm'] button:not([name])")
        one.press("form[action='/sign-out'] button")
        one.open(cls.ward.address + "/sign-in")
        one.look("sign-in")
        one.fill("login", "lin.yc")
        one.fill("password", PASSWORD)
        one.press("form[action='/sign-in'] button.btn-primary")
        one.look("second")
        # A code serves once: the one that set up the app is used up, so that the next half minute is waited for.
        first = code_of(secret)
        while code_of(secret) == first:
            time.sleep(0.5)
        one.fill("code", code_of(secret))
        one.press("form[action='/sign-in/second'] button.btn-primary")

    def test_every_page_is_clean_in_both_languages(self) -> None:
        one = self.browser
        for language in ("zh", "en"):
            one.open(self.ward.address + "/about")
            one.driver.add_cookie({"name": "ward_language", "value": language, "path": "/"})
            for name, path in PAGES.items():
                with self.subTest(page=path, language=language):
                    one.open(self.ward.address + path)
                    one.look(f"{name}.{language}")
                    self.assertEqual(one.complaints(), [], path)
        self.assertEqual(one.outside(), [])
        self.assertEqual(self.judged(), [])

    def judged(self) -> list[tuple[str, str, str]]:
        """What the Taiwanese rules find in the pages kept: rule, page, words."""
        tool, report = pathlib.Path(sys.executable).parent / "a11y-moda", SHOTS / "moda.json"
        line = [str(tool), "site", str(SHOTS), "--allow-file", "--no-render", "--level", "AA", "--fail-only"]
        done = subprocess.run(
            [*line, "--format", "json", "-o", str(report)], capture_output=True, text=True, timeout=300, check=False
        )
        self.assertTrue(report.exists(), done.stdout + done.stderr)
        pages = json.loads(report.read_text(encoding="utf-8"))["pages"]
        self.assertGreaterEqual(len(pages), 2 * len(PAGES))
        found = [
            (issue["rule_id"], pathlib.Path(page["url"]).name.split(".")[0], issue["message"])
            for page in pages for issue in page["issues"] if issue["status"] == "fail"
        ]
        return [one for one in found if one[:2] not in ALLOWED]

    def test_what_a_role_lacks_is_not_shown(self) -> None:
        one = self.browser
        for path in ("/audit", "/audit/entries", "/audit/entries/0"):
            with self.subTest(page=path):
                one.open(self.ward.address + path)
                self.assertEqual(one.status(), 404)
        one.complaints()

    def test_pages_read_without_script(self) -> None:
        cookies = self.browser.driver.get_cookies()
        plain = Browser(script=False)
        self.addCleanup(plain.close)
        plain.open(self.ward.address + "/about")
        for cookie in cookies:
            plain.driver.add_cookie({key: cookie[key] for key in ("name", "value", "path")})
        for path in PAGES.values():
            with self.subTest(page=path):
                plain.open(self.ward.address + path)
                self.assertTrue(plain.all("h1"), f"{path} reads without script")
                self.assertNotIn("/sign-in", plain.path())


if __name__ == "__main__":
    unittest.main()
