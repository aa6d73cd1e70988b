"""People brought in through the pages: registered, given roles, handed a code, let in again by two, gone."""

from __future__ import annotations

import unittest

from browser import Seat
from city import ANOTHER, PASSWORD, City, Person, peopled
from looking import Looking



class People(Looking):
    """In the city that others work in."""

    folder = "people"

    @classmethod
    def settle(cls) -> City:
        return peopled()

    def test_pages_of_people_and_units_with_people_in_them(self) -> None:
        one = self.city.be(self.city.steward)
        self.look_twice("people", "/people")
        self.look_twice("units", "/units")
        self.city.open("/units")
        one.follow("資訊中心")
        self.assertIn("黃淑芬", one.find("main").text)
        self.look_twice("unit", one.path())
        self.look_twice("person", self.city.people["head"].path)
        self.look_twice("audit", "/audit")
        self.look_twice("entries", "/audit/entries")
        self.look_twice("entry", "/audit/entries/5")

    def test_somebody_new_sets_what_they_sign_in_with_and_nobody_else_knows_it(self) -> None:
        new = Person("wu.pt", "吳品潔", "約僱人員", "110", ("staff",))
        self.city.register(new)
        self.assertIn("同仁", self.browser.find("main").text)
        code = self.city.hand_over(new)
        self.look("handed-over")
        self.city.seated(new)
        self.look_twice("recover", "/recover")
        self.city.enrol(new, code)
        self.assertIn("吳品潔", self.browser.find(".account-name").text)
        self.city.open("/people/new")
        self.assertEqual(self.browser.status(), 404, "staff registers nobody")

    def test_whoever_lost_everything_is_let_in_again_by_two(self) -> None:
        lost = Person("kuo.yw", "郭雅雯", "技士", "110", ("maintainer",))
        self.city.bring_in(lost)
        first = self.city.hand_over(lost)
        lost.seat = Seat()
        one = self.city.be(self.city.people["network"])
        self.city.open("/recoveries")
        one.fill("login", lost.login)
        one.press("button[value=confirm]")
        self.look("handed-over")
        second = one.find("code.secret").text
        self.city.seated(lost)
        self.city.open("/recover")
        one.fill("login", lost.login)
        one.fill("first", first)
        one.send()
        self.assertEqual(one.status(), 422, "half of it lets nobody in")
        one.fill("first", first)
        one.fill("second", second)
        one.send()
        self.city.choose_password(ANOTHER)
        one.press("form[action='/factors/password'] button")
        self.city.take_passkey()
        self.city.sign_in()
        self.assertIn("郭雅雯", one.find(".account-name").text)

    def test_whoever_leaves_is_signed_out_and_comes_in_no_more(self) -> None:
        leaver = Person("ho.cy", "何嘉祐", "技士", "110", ("maintainer",))
        self.city.bring_in(leaver)
        one = self.city.be(self.city.steward)
        self.city.open(leaver.path)
        one.click("details:has(input[name=sure]) > summary")
        one.click("input[name=sure]")
        one.press("form[action$='/leave'] button.btn-danger")
        self.assertIn("已離職", one.find("main").text)
        self.look_twice("left", leaver.path)
        self.city.seated(leaver)
        self.city.open("/")
        self.assertTrue(one.path().startswith("/sign-in"), one.path())
        one.fill("login", leaver.login)
        one.fill("password", PASSWORD)
        one.press("form[action='/sign-in'] button.btn-primary")
        self.assertEqual(one.status(), 422)


if __name__ == "__main__":
    unittest.main()
