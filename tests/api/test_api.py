"""The API against its description, by Schemathesis: no failure of the server, no answer that is not described, and nothing
accepted that the description rules out.

It has to reach what lies behind the door: each operation gives what it is asked for at least once, forms are filed and
steps taken; and the ledger holds after all of it.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import unittest

from city import City

HERE = pathlib.Path(__file__).parent
#: Seconds that asking may take.
LIMIT = 300
#: Values that parameters may take, by name, and how often they do.
KNOWN_VALUES = 0.7


class Api(unittest.TestCase):
    """One city, asked by one program."""

    city: City

    @classmethod
    def setUpClass(cls) -> None:
        cls.city = City()
        cls.addClassCleanup(cls.city.close)
        cls.city.begin()

    def test_the_api_is_as_it_is_described(self) -> None:
        folder = self.city.ward.folder
        known, tally, config = folder / "known.json", folder / "tally.json", folder / "schemathesis.toml"
        known.write_text(json.dumps(self.city.known), encoding="utf-8")
        config.write_text((HERE / "schemathesis.toml").read_text(encoding="utf-8") + self.words(), encoding="utf-8")
        line = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", "--no-color"]
        surroundings = {"KNOWN": str(known), "TALLY": str(tally), "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)}
        report = folder / "report.txt"
        try:
            with report.open("w") as out:
                done = subprocess.run(
                    [*line, self.city.ward.address + "/api/v1/openapi.json"], cwd=folder, env=os.environ | surroundings,
                    stdout=out, stderr=subprocess.STDOUT, timeout=LIMIT, check=False,
                )  # fmt: skip
        finally:
            print(report.read_text(encoding="utf-8"))
        self.assertEqual(done.returncode, 0)
        self.reached(json.loads(tally.read_text(encoding="utf-8")))
        self.city.ward.stop()
        self.city.ward.command("verify")

    def words(self) -> str:
        """What parameters may be, as Schemathesis' configuration has it."""
        known = self.city.known
        values = {
            "path.alarm": [known["alarm"], "1"],
            "path.clause": known["clauses"],
            "path.person": known["people"],
            "path.session": known["sessions"],
            "path.terminal": [known["terminal"]],
            "path.token": known["spare_tokens"],
            "path.unit": [known["section"]],
            "query.format": ["csv", "ods", "xlsx"],
            "query.kind": ["role", "person.registered", "session"],
            "path.digest": [known["file"]["digest"]],
            "path.entry": [*known["notices"], "0", "7"],
            "path.record": known["records"],
            "path.register": known["registers"],
            "path.step": [known["step"], "approve", "hear", "take_back"],
            "query.role": ["unit_head", "maintainer", "nobody"],
            "query.size": ["25", "200", "7"],
            "query.sort": ["-happened", "code", "number"],
            "query.state": ["reported", "in_use", "not-met", "open"],
            "query.unit": [known["unit"]],
        }
        lines = []
        for name, of in values.items():
            called = name.replace(".", "_")
            lines.append(f"[dictionaries.{called}]\nvalues = {json.dumps(of)}")
            lines.append(f"[parameters.\"{name}\"]\ndictionary = \"{called}\"\nprobability = {KNOWN_VALUES}")
        return "\n" + "\n".join(lines) + "\n"

    def reached(self, tally: dict[str, dict[str, int]]) -> None:
        """Requests came through to what does something."""
        def of(answers: dict[str, int], first: str) -> int:
            return sum(count for status, count in answers.items() if status.startswith(first))

        for operation, answers in tally.items():
            print(f"{operation}: {', '.join(f'{count} x {status}' for status, count in sorted(answers.items()))}")
        total = sum(of(answers, "") for answers in tally.values())
        accepted = [operation for operation, answers in tally.items() if of(answers, "2")]
        print(f"{total} requests of {len(tally)} operations; {len(accepted)} of them answered 2xx")
        described = self.city.ask("GET", "/openapi.json")["paths"]
        operations = {f"{verb.upper()} {path}" for path, item in described.items() for verb in item}
        self.assertEqual(set(tally), operations)
        self.assertEqual(sorted(operations - set(accepted)), [], "these never did what they were asked for")
        for filing, least in {
            "POST /api/v1/registers/{register}/records": 5,
            "POST /api/v1/registers/{register}/statements": 10,
            "POST /api/v1/records/{record}/steps/{step}": 5,
            "POST /api/v1/files": 10,
        }.items():
            self.assertGreaterEqual(of(tally[filing], "2"), least, filing)
        self.assertLess(sum(answers.get("429", 0) for answers in tally.values()), total / 10, "it was let through")


if __name__ == "__main__":
    unittest.main()
