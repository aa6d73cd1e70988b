"""Guessing at a password: the alarm stands on the page while somebody looks, is answered for, and on the wall."""

from __future__ import annotations

import datetime
import socket
import unittest
import zoneinfo

from city import City, peopled
from forms import file
from looking import Looking

FAILED = "<38>Nov 26 08:00:0{n} web-1 sshd[7]: Failed password for lin from {src} port 5555 ssh2\n"

TAIPEI = zoneinfo.ZoneInfo("Asia/Taipei")


class Alarms(Looking):
    """In the city that others work in."""

    folder = "alarms"

    @classmethod
    def settle(cls) -> City:
        return peopled()

    def guess(self, src: str) -> None:
        """Five failures from one address."""
        host, _, port = self.city.ward.line("tcp:").removeprefix("tcp:").rpartition(":")
        with socket.create_connection((host, int(port))) as peer:
            for n in range(5):
                peer.sendall(FAILED.format(n=n, src=src).encode())

    def test_an_alarm_comes_by_itself_and_somebody_answers_for_it(self) -> None:
        one = self.city.be(self.city.people["network"])
        self.city.open("/alarms")
        self.assertEqual(one.find("[data-alarm-sound]").get_attribute("aria-pressed"), "false")
        # The sound is a file of ours, fetched by a press and not before; the policy of pages lets it.
        heard = "return performance.getEntriesByType('resource').filter(one => one.name.includes('/assets/alarm.')).length"
        self.assertEqual(one.driver.execute_script(heard), 0)
        one.click("[data-alarm-sound]")
        one.find("[data-alarm-sound][aria-pressed='true']")
        self.assertEqual(one.driver.execute_script(heard), 1)
        self.assertFalse(one.find("[data-sound-failed]").is_displayed())
        self.guess("203.0.113.77")
        one.wait("203.0.113.77")
        self.look_twice("alarms", "/alarms")
        one.press("#list tbody a[href^='/alarms/']")
        path = one.path()
        self.assertIn("同一來源猜測密碼", one.find("h1").text)
        self.look_twice("alarm", path)
        self.city.open(path)
        one.find("#note").send_keys("封鎖中")
        one.press("form[action$='/acknowledge'] button")
        one.wait("封鎖中")
        self.assertIn("已認領", one.text())
        self.city.open("/alarms/wall")
        one.wait("203.0.113.77")
        self.guess("203.0.113.78")
        one.wait("203.0.113.78")
        self.look_twice("alarms-wall", "/alarms/wall")
        auditor = self.city.be(self.city.people["auditor"])
        self.city.open(path)
        self.assertFalse(auditor.all("form[action$='/acknowledge']"))
        auditor.press("a[href^='/trace/lines/']")
        self.assertIn("203.0.113.77", auditor.text())

    def test_an_incident_has_a_time_line_and_a_report(self) -> None:
        one = self.city.be(self.city.people["network"])
        found = datetime.datetime.now(TAIPEI) - datetime.timedelta(minutes=10)
        record = file(self.city, "incident", "report", {
            "kind": "suspected", "found_at": f"{found:%Y-%m-%dT%H:%M}", "where_found": "對外網頁主機",
            "facts": "連續嘗試後登入成功", "level": "three",
        })
        self.look_twice("incident", f"{record}/incident")
        self.city.open(f"{record}/incident")
        self.assertIn("對外網頁主機", one.text())
        self.assertTrue(one.all("main figure.drawn svg circle"), "the time line is drawn")


if __name__ == "__main__":
    unittest.main()
