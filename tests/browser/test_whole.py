"""That no page was forgotten: the tables of routes beside what this run has looked at. Comes last, by its name."""

from __future__ import annotations

import pathlib
import re
import unittest

from browser import LOOKED

WEB = pathlib.Path(__file__).parents[2] / "crates" / "web" / "src"
#: What a GET answers with that is no page: JSON, files, events, pictures; and the door of a sample city, which no other has.
NO_PAGES = [
    r"/api/v1/.*", r"/clauses/report\.pdf", r"/duties/feed/\{token\}", r"/move-in/\{what\}/template",
    r"/records/\{record\}/(paper\.pdf|signatures\.xml|incident/stix)", r"/registers/\{register\}/(blank|labels)\.pdf",
    r"/network\.(svg|pdf)", r"/assets/.*", r"/help/pictures/.*", r"/audit/entries/\{entry\}/proof", r"/audit/policy",
    r"/audit/records/\{record\}/bundle", r"/authority\.crt", r"/choose/.*", r"/events", r"/favicon\.ico",
    r"/records/\{record\}/files/\{digest\}", r"/trace/bundle", r"/tour.*",
    r"(/registers/\{register\}|/\w+|/audit/entries|/sources/month|/trace/sql|)/export",
]


class Whole(unittest.TestCase):
    """The run as a whole."""

    def test_every_page_of_the_tables_was_looked_at(self) -> None:
        sources = "".join(path.read_text(encoding="utf-8") for path in sorted(WEB.rglob("*.rs")))
        routes = re.findall(r'Route::get\(\s*"([^"]+)"', sources)
        self.assertGreater(len(routes), 50, "the tables are not found")
        pages = [path for path in routes if not any(re.fullmatch(one, path) for one in NO_PAGES)]
        unused = [one for one in NO_PAGES if not any(re.fullmatch(one, path) for path in routes)]
        self.assertEqual(unused, [], "these are no routes any more")
        # A path belongs to the route with the fewest parameters, as the router has it.
        pages.sort(key=lambda path: path.count("{"))
        of = {path: re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))) for path in pages}
        seen = {next((path for path in pages if of[path].fullmatch(each)), each) for each in LOOKED}
        self.assertEqual([path for path in pages if path not in seen], [], "nobody has looked at these")


if __name__ == "__main__":
    unittest.main()
