"""What goes over the wire: the first page is light, and nothing is asked of any other host."""

from __future__ import annotations

import json
import unittest

from browser import SHOTS, Browser
from city import furnished

#: Bytes of the first page with all that it loads, heads among them.
MOST = 150_000


class Bytes(unittest.TestCase):
    """In a browser that has never been here."""

    def test_the_first_page_is_light_before_and_after_signing_in(self) -> None:
        city = furnished()
        figures = {}
        one = city.be(city.people["operator"])
        for path in ("/", "/registers/equipment", "/registers/fault/new/report"):
            figures[path] = one.weight(city.address + path)
        stranger = Browser()
        self.addCleanup(stranger.close)
        figures["/sign-in"] = stranger.weight(city.address + "/sign-in")
        SHOTS.mkdir(parents=True, exist_ok=True)
        (SHOTS / "bytes.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
        for path, count in figures.items():
            with self.subTest(page=path):
                self.assertLess(count, MOST)
                self.assertGreater(count, 1_000, "nothing was counted")

    def test_what_is_asked_of_another_host_is_seen(self) -> None:
        one = furnished().browser
        one.open("data:text/html,<img src='http://elsewhere.example/picture.png'>")
        self.assertEqual(one.outside(), ["http://elsewhere.example/picture.png"])
        self.assertEqual(len(one.complaints()), 1)


if __name__ == "__main__":
    unittest.main()
