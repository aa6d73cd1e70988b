"""Rooms: how one stands by its sensors, its curves, its view for a wall; and that what is not there is not shown."""

from __future__ import annotations

import time
import unittest

import sensors
from city import City, furnished
from looking import Looking

LIMIT = 60


class Rooms(Looking):
    """In a city with a machine room, which has a sensor."""

    folder = "rooms"

    @classmethod
    def settle(cls) -> City:
        return furnished()

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        # Others bring the clock on, and whoever is silent for that long is a fault.
        cls.city.begin_anew("--sensors", sensors.begin(cls.city.ward.folder))

    @classmethod
    def tearDownClass(cls) -> None:
        cls.city.begin_anew()
        super().tearDownClass()

    def read(self, path: str, words: str) -> str:
        """What a page shows, once it has these words."""
        ends = time.monotonic() + LIMIT
        while time.monotonic() < ends:
            self.city.open(path)
            text = self.browser.find("main").text
            if words in text:
                return text
        raise AssertionError(f"{path} never shows {words}")

    def test_a_room_stands_as_its_sensors_say(self) -> None:
        self.city.be(self.city.people["operator"])
        text = self.read("/rooms", "23.5 °C")
        for words in ("第一機房", "75 %", "逾限", "正常", "無回應", "22 °C 至 26 °C"):
            self.assertIn(words, text)
        self.look_twice("rooms", "/rooms")
        self.look_twice("room", "/rooms/R1")
        self.look_twice("sensor", "/rooms/R1/A-1?span=hour")
        self.look_twice("wall", "/rooms?view=wall")
        self.browser.speak(self.city.address, "zh")
        self.assertIn("最高 23.5 °C", self.read("/rooms/R1/A-1?span=hour", "溫度"))

    def test_a_sensor_that_is_not_there_is_not_shown(self) -> None:
        self.city.be(self.city.people["network"])
        self.city.open("/rooms/none/A-1")
        self.assertEqual(self.browser.status(), 404)


if __name__ == "__main__":
    unittest.main()
