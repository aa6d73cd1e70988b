"""Without script: a form that seeks, grows by rows and asks for more is filed, and signed with a one-time code."""

from __future__ import annotations

import unittest

from browser import Browser
from city import PASSWORD, City, furnished


class Plain(unittest.TestCase):
    """Somebody whose browser runs no script."""

    city: City
    browser: Browser

    @classmethod
    def setUpClass(cls) -> None:
        cls.city = furnished()
        cls.browser = Browser(script=False)
        cls.addClassCleanup(cls.browser.close)

    def sit(self, who: str) -> None:
        """Somebody moves over here, with the session they have."""
        person = self.city.people[who]
        cookies = self.city.be(person).cdp("Network.getCookies", urls=[self.city.address])["cookies"]
        self.browser.cdp("Network.clearBrowserCookies")
        self.browser.cdp("Network.setCookies", cookies=cookies)

    def open(self, path: str) -> None:
        """Opens a page here."""
        self.browser.open(self.city.address + path)

    def seek(self, field: str, words: str) -> None:
        """Seeks by the field's button and takes the first that is found."""
        one = self.browser
        one.fill(f"f.{field}.q", words)
        one.press(f"button[value='pick:f.{field}']")
        one.click(f"#f-{field}-field .pick-found input")

    def test_a_room_is_filed_and_its_approval_signed_by_code(self) -> None:
        one = self.browser
        self.sit("maintainer")
        self.open("/registers/room/new/propose")
        for name, value in {"code": "R2", "name": "第二機房", "place": "臺中市豐原區陽明街36號"}.items():
            one.fill(f"f.{name}", value)
        self.seek("custodian", "陳建宏")
        self.seek("deputy_custodian", "張志明")
        one.press("button[value='row-add:f.measures']")
        for row, kind in enumerate(("lock", "camera")):
            one.click(f"input[name='f.measures.{row}.measure'][value='{kind}']")
            one.fill(f"f.measures.{row}.where_it_is", "機房入口")
        one.press("button[value='send:done']:not(.visually-hidden)")
        self.assertIn("?done=propose", one.path(), one.text())
        record = one.path().split("?")[0]
        self.sit("head")
        secret = self.app()
        self.open(record)
        one.press("main a[href*='/steps/approve']")
        one.press("button[value='send:approve']:not(.visually-hidden)")
        self.assertTrue(one.find(".sign-key .without-js").is_displayed())
        one.fill("code", self.city.code(secret))
        one.press("button[value='sign-code']")
        self.assertIn("?done=approve", one.path(), one.text())
        self.open(record + "/signatures")
        self.assertIn("系統證明", one.find(".signature").text)

    def app(self) -> str:
        """An authenticator app is set up; its key."""
        one = self.browser
        self.open("/settings")
        one.click("details:has(#password-otp) > summary")
        one.find("#password-otp").send_keys(PASSWORD)
        one.press("form[action='/factors/otp'] button")
        secret = one.find("code.secret").text
        one.fill("code", self.city.code(secret))
        one.press("form[action='/factors/otp/confirm'] button")
        # A code serves once.
        self.city.ward.bring_on(0.5)
        return secret


if __name__ == "__main__":
    unittest.main()
