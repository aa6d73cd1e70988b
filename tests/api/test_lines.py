"""Lines handed in over HTTP while the server is killed: whatever was answered with its numbers is there afterwards."""

from __future__ import annotations

import http.client
import json
import os
import threading
import unittest
from typing import TYPE_CHECKING

from city import City

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 100 if os.environ.get("WARD_SOAK") else 3
#: Those who hand in at the same time.
SENDERS = 4
#: Lines of a request.
AT_ONCE = 20
#: Requests that are answered before the server is killed, and that many more each round.
ANSWERED = 8
LINE = (
    'date=2026-11-26 time=08:00:00 devname="TC-FW-07" devid="FG200F0007" logid="0000000013" type="traffic" '
    'subtype="forward" level="notice" srcip={src} srcport={port} dstip=203.0.113.9 dstport=443 '
    'sessionid={nth} proto=6 action="close" policyid=7 duration=12 sentbyte=1840'
)


class Senders:
    """Programs that hand in lines of a round, until nobody answers; with what was answered."""

    def __init__(self, city: City, src: str, enough: int) -> None:
        self._city, self._src, self._enough = city, src, enough
        self._lock = threading.Lock()
        self._answered = 0
        self.kept: dict[int, str] = {}
        self.failed: list[BaseException] = []
        self.is_enough = threading.Event()

    def run(self, sender: int) -> None:
        """Hands in, with a token of its own."""
        try:
            for lines in self._requests(sender):
                answer = self._city.ask("POST", "/lines", "\n".join(lines).encode(), self._city.tokens[sender])
                runs = [(int(run["first"]), int(run["count"])) for run in answer["lines"]]
                numbers = [number for first, count in runs for number in range(first, first + count)]
                assert len(numbers) == len(lines), answer
                with self._lock:
                    self.kept.update(zip(numbers, lines, strict=True))
                    self._answered += 1
                    if self._answered >= self._enough:
                        self.is_enough.set()
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            # The server was killed.
            self.is_enough.set()
        except BaseException as error:
            self.failed.append(error)
            self.is_enough.set()

    def _requests(self, sender: int) -> Iterator[list[str]]:
        nth = 0
        while True:
            yield [LINE.format(src=self._src, port=1024 + sender, nth=nth + more) for more in range(AT_ONCE)]
            nth += AT_ONCE


class Lines(unittest.TestCase):
    """One city, killed again and again."""

    city: City

    @classmethod
    def setUpClass(cls) -> None:
        cls.city = City()
        cls.addClassCleanup(cls.city.close)
        cls.city.begin()

    def test_every_line_that_was_answered_is_there_after_a_kill(self) -> None:
        for nth in range(1, ROUNDS + 1):
            src = f"10.7.0.{nth}"
            senders = Senders(self.city, src, ANSWERED * nth)
            threads = [threading.Thread(target=senders.run, args=(one,)) for one in range(SENDERS)]
            for thread in threads:
                thread.start()
            senders.is_enough.wait()
            self.city.ward.kill()
            for thread in threads:
                thread.join()
            self.assertEqual(senders.failed, [])
            self.assertGreaterEqual(len(senders.kept), ANSWERED * AT_ONCE)
            self.city.ward.start()
            found = self.city.ward.tell("trace", src, "--most", "100000")
            lines = {int(line["number"]): line["line"] for line in found["lines"]}
            for number, line in senders.kept.items():
                self.assertEqual(lines.get(number), line, f"round {nth}, line {number}")
        self.city.ward.stop()
        self.city.ward.command("verify")


if __name__ == "__main__":
    unittest.main()
