"""By the keyboard alone: signing in, filling in a form, signing it. No pointer, no script of the test's own."""

from __future__ import annotations

import datetime
import unittest

from browser import Browser
from city import City, peopled
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

#: More steps than any page has.
MOST = 150


class Keyboard(unittest.TestCase):
    """The head of a unit, whose mouse is broken."""

    city: City
    browser: Browser

    @classmethod
    def setUpClass(cls) -> None:
        cls.city = peopled()
        cls.browser = cls.city.browser

    def setUp(self) -> None:
        self.city.seated(self.city.people["head"])
        self.browser.cdp("Network.clearBrowserCookies")

    def keys(self, *keys: str) -> None:
        """Presses keys, wherever the focus is."""
        ActionChains(self.browser.driver).send_keys(*keys).perform()

    def reach(self, css: str) -> None:
        """Tab, until the focus is there and is seen."""
        one = self.browser
        for _ in range(MOST):
            self.keys(Keys.TAB)
            here = one.driver.switch_to.active_element
            if here in one.all(css):
                outline = here.value_of_css_property("outline-style"), here.value_of_css_property("outline-width")
                self.assertTrue(outline[0] != "none" and outline[1] != "0px", f"the focus on {css} is not seen")
                self.assertTrue(here.is_displayed(), f"{css} is not seen")
                return
        self.fail(f"{css} is not reached on {one.path()}")

    def go(self, css: str, key: str = Keys.ENTER) -> None:
        """Reaches something and presses it; waits for the page that comes."""
        self.reach(css)
        before = self.browser.page()
        self.keys(key)
        self.browser.gone(before)

    def test_a_form_is_filed_and_signed_by_the_keyboard_alone(self) -> None:
        one = self.browser
        self.city.open("/sign-in")
        self.go("form[action='/sign-in/passkey'] button")
        if one.path().startswith("/words"):
            self.go("form[action='/words'] button")
        self.go(".rail a[href='/registers']")
        self.go("main a[href='/registers/exemption']")
        self.go("a[href='/registers/exemption/new']")
        self.reach("#f-clause")
        self.keys("3.4.6")
        self.reach("#f-reason")
        self.keys("本單位無使用瓦斯之設備。")
        ends = self.city.ward.now().date() + datetime.timedelta(days=90)
        self.reach("#f-until")
        # A date is typed part by part, in the order of the browser's own language.
        self.keys(f"{ends.month:02}{ends.day:02}{ends.year}")
        self.assertEqual(one.find("#f-until").get_attribute("value"), ends.isoformat())
        self.go("button[value='send:done']:not(.visually-hidden)", Keys.SPACE)
        self.go("[data-sign-button]")
        self.assertIn("?done=file", one.path(), one.text())
        self.assertIn("已聲明", one.find(".record-head .state").text)

    def test_the_first_step_skips_to_the_content(self) -> None:
        one = self.city.be(self.city.people["head"])
        self.city.open("/registers")
        self.reach(".skip")
        self.keys(Keys.ENTER, Keys.TAB)
        inside = one.driver.switch_to.active_element
        self.assertTrue(inside in one.all("main a, main input"), inside.get_attribute("outerHTML"))

    def test_menus_open_and_close_and_hold_nobody(self) -> None:
        one = self.city.be(self.city.people["head"])
        self.city.open("/about")
        self.reach(".account > summary")
        self.keys(Keys.ENTER)
        self.assertTrue(one.all(".account[open]"))
        self.keys(Keys.ESCAPE)
        self.assertFalse(one.all(".account[open]"))
        self.assertEqual(one.driver.switch_to.active_element, one.find(".account > summary"))
        # On to the last thing of the page and out of it, to begin again at the first.
        self.reach(".skip")


if __name__ == "__main__":
    unittest.main()
