"""Tests that look at pages. What one has looked at is kept in a folder of its own, and judged when all are through."""

from __future__ import annotations

import unittest

import rules
from browser import Browser
from city import City


class Looking(unittest.TestCase):
    """Tests of one city. `folder` is where its pictures and pages lie in SHOTS."""

    folder: str
    city: City
    browser: Browser

    @classmethod
    def settle(cls) -> City:
        """The city."""
        raise NotImplementedError

    @classmethod
    def setUpClass(cls) -> None:
        rules.begin(cls.folder)
        cls.city = cls.settle()
        cls.browser = cls.city.browser

    @classmethod
    def tearDownClass(cls) -> None:
        rules.judge(cls.folder)

    def look(self, name: str) -> None:
        """Looks at the page in the language it is in."""
        language = "en" if self.browser.find("html").get_attribute("lang") == "en" else "zh"
        self.browser.look(f"{self.folder}/{name}.{language}")

    def look_twice(self, name: str, path: str) -> None:
        """Looks at a page in both languages."""
        for language in ("en", "zh"):
            self.browser.speak(self.city.address, language)
            self.city.open(path)
            self.look(name)
