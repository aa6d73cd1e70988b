"""The first start, and every way of signing in: by code, by passkey alone or behind a password, by recovery code."""

from __future__ import annotations

import unittest

from browser import Browser
from city import PASSWORD, City
from looking import Looking

OFFICE = {"unit_zh": "臺中市政府", "unit_en": "Taichung City Government", "unit_code": "100"}


class Start(Looking):
    """A city of its own, begun by hand, in a browser of its own."""

    folder = "start"
    #: The key of the steward's authenticator app, and the code that was used up last.
    secret = ""
    used = ""
    codes: list[str] = []

    @classmethod
    def settle(cls) -> City:
        one = Browser()
        cls.addClassCleanup(one.close)
        city = City(one)
        cls.addClassCleanup(city.close)
        city.seated(city.steward)
        return city

    def test_a_city_is_begun_and_its_steward_signs_in_by_each_factor(self) -> None:
        for language in ("en", "zh"):
            self.walk(language)
        self.confirm()
        self.set_up_an_app()
        self.by_password_and_code()
        self.add_a_passkey()
        self.by_passkey_alone()
        self.by_password_and_passkey()
        self.by_recovery_code()

    def walk(self, language: str) -> None:
        """Goes through the first start as far as nothing is made yet."""
        one = self.browser
        one.speak(self.city.address, language)
        one.open(self.city.ward.line("/start/"))
        self.look("start-host")
        one.send()
        for name, value in OFFICE.items():
            one.fill(name, value)
        self.look("start-office")
        one.send()
        self.city.tell_of(self.city.steward)
        one.click("[name=role][value=steward]")
        self.look("start-steward")
        one.send()
        self.look("start-confirm")

    def confirm(self) -> None:
        """A password that is known from leaks is refused; with another the city is there, and ten codes are shown."""
        one = self.browser
        one.fill("new", "password1234567")
        one.fill("again", "password1234567")
        one.send()
        self.assertIn("已外洩密碼", one.find(".notice-bad").text)
        self.look("start-refused")
        self.city.choose_password()
        one.send()
        self.look("start-codes")
        type(self).codes = [code.text for code in one.all("li code")]
        self.assertEqual(len(self.codes), 10)

    def set_up_an_app(self) -> None:
        """An authenticator app as second factor."""
        one = self.browser
        self.look_twice("enrol", "/enrol")
        one.press("form[action='/factors/otp'] button")
        self.look("enrol-app")
        type(self).secret = one.find("code.secret").text
        type(self).used = self.city.code(self.secret)
        one.fill("code", self.used)
        one.press("form[action='/factors/otp/confirm'] button")
        one.press("form[action='/sign-out'] button.btn-primary")

    def password(self) -> None:
        """The first half of signing in."""
        self.city.open("/sign-in")
        self.browser.fill("login", self.city.steward.login)
        self.browser.fill("password", PASSWORD)
        self.browser.press("form[action='/sign-in'] button.btn-primary")

    def signed_in(self, where: str = "/") -> None:
        """One is in; what there is to tell is read."""
        self.city.read_words()
        self.assertEqual(self.browser.path(), where)
        self.assertIn(self.city.steward.name, self.browser.find(".account-name").text)

    def sign_out(self) -> None:
        """Leaves."""
        self.browser.click(".account > summary")
        self.browser.press(".account form[action='/sign-out'] button")
        self.assertEqual(self.browser.path(), "/sign-in?out")

    def by_password_and_code(self) -> None:
        """A code that is used up is refused, the next one lets in."""
        one = self.browser
        self.look_twice("sign-in", "/sign-in")
        self.password()
        one.fill("code", self.used)
        one.press("form[action='/sign-in/second'] button.btn-primary")
        self.assertTrue(one.all(".notice-bad, .field-error"), one.text())
        self.look_twice("second", "/sign-in/second")
        # A code serves once.
        self.city.ward.bring_on(0.5)
        one.fill("code", self.city.code(self.secret))
        one.press("form[action='/sign-in/second'] button.btn-primary")
        self.look("words")
        # Whoever has just begun a city sees how it stands.
        self.signed_in("/check")

    def add_a_passkey(self) -> None:
        """A passkey is added in the settings."""
        one = self.browser
        self.city.open("/settings")
        one.find("#password-passkey").send_keys(PASSWORD)
        one.press("form[action='/factors/passkey'] button")
        self.look_twice("settings", "/settings")
        self.sign_out()

    def by_passkey_alone(self) -> None:
        """The passkey lets in by itself."""
        self.city.open("/sign-in")
        self.browser.press("form[action='/sign-in/passkey'] button")
        self.signed_in()
        self.sign_out()

    def by_password_and_passkey(self) -> None:
        """The passkey is the second step behind the password."""
        self.password()
        self.look_twice("second-key", "/sign-in/second")
        self.browser.press("form[action='/sign-in/passkey'] button")
        self.signed_in()
        self.sign_out()

    def by_recovery_code(self) -> None:
        """A recovery code lets in once."""
        one = self.browser
        for code, lets_in in ((self.codes[3], True), (self.codes[3], False), (self.codes[4], True)):
            self.password()
            one.click("details.panel > summary")
            one.fill("recovery", code)
            one.press("details.panel form button")
            if not lets_in:
                self.assertEqual(one.status(), 422)
                continue
            self.signed_in()
            self.sign_out()


if __name__ == "__main__":
    unittest.main()
