"""What is there is found, by the palette and on its page, and taken away as a spreadsheet that others can open."""

from __future__ import annotations

import csv
import io
import unittest
import xml.etree.ElementTree as xml
import zipfile

from city import City, furnished
from looking import Looking
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def rows_of(kind: str, file: bytes) -> list[list[str]]:
    """The rows of a spreadsheet, read without Ward."""
    if kind == "csv":
        return list(csv.reader(io.StringIO(file.decode("utf-8-sig"))))
    with zipfile.ZipFile(io.BytesIO(file)) as parts:
        if parts.testzip() is not None:
            raise AssertionError("the archive is broken")
        if kind == "ods":
            # What the format is must stand first, uncompressed.
            first = parts.infolist()[0]
            if (first.filename, first.compress_type) != ("mimetype", zipfile.ZIP_STORED):
                raise AssertionError(first)
            table = next(xml.fromstring(parts.read("content.xml")).iter(f"{TABLE}table"))
            return [
                ["".join(paragraph.itertext()) for cell in row.iter(f"{TABLE}table-cell") for paragraph in
                 [cell.find(f"{TEXT}p")] if paragraph is not None]
                for row in table.iter(f"{TABLE}table-row")
            ]
        # Words stand in their cells: a workbook that gathers them could not be written row by row.
        sheet = xml.fromstring(parts.read("xl/worksheets/sheet1.xml"))
        return [["".join(cell.itertext()) for cell in row.iter(f"{SHEET}c")] for row in sheet.iter(f"{SHEET}row")]


class Found(Looking):
    """In a city with a machine room and devices in it."""

    folder = "found"

    @classmethod
    def settle(cls) -> City:
        return furnished()

    def setUp(self) -> None:
        self.city.be(self.city.people["maintainer"])

    def keys(self, *keys: str) -> None:
        """Presses keys, wherever the focus is."""
        ActionChains(self.browser.driver).send_keys(*keys).perform()

    def palette(self, words: str) -> None:
        """Ctrl+K, and words."""
        one = self.browser
        ActionChains(one.driver).key_down(Keys.CONTROL).send_keys("k").key_up(Keys.CONTROL).perform()
        one.until(lambda: one.all("#palette[open]"), "the palette does not open")
        self.keys(words)

    def test_the_palette_leads_to_a_record_without_the_mouse(self) -> None:
        one = self.browser
        for language in ("en", "zh"):
            one.speak(self.city.address, language)
            self.city.open("/")
            self.palette("戶政")
            found = one.find("#palette-found a[href*='/records/']")
            self.assertIn("戶政主機", found.text)
            self.look("palette")
            before = one.page()
            self.keys(Keys.ENTER)
            one.until(lambda: one.path().startswith("/records/"), "nothing opens")
            one.gone(before)
            self.assertEqual(one.find("h1").text, "戶政主機")

    def test_the_palette_closes_and_gives_the_focus_back(self) -> None:
        one = self.browser
        self.city.open("/registers")
        one.driver.execute_script("document.querySelector('main a').focus()")
        self.palette("無此物")
        one.until(lambda: "查無符合" in one.find("#palette-found").text, "it does not say that nothing is found")
        self.keys(Keys.ESCAPE)
        one.until(lambda: not one.all("#palette[open]"), "it stays open")
        inside = one.driver.execute_script("return document.activeElement.closest('main') !== null")
        self.assertTrue(inside, "the focus is lost")

    def test_the_page_of_the_search_finds_records_people_and_pages(self) -> None:
        one = self.browser
        self.city.open("/")
        one.fill("q", "機房")
        self.keys(Keys.ENTER)
        one.until(lambda: one.path().startswith("/search"), "no page of what was found")
        self.assertIn("第一機房", one.find("main").text)
        self.look_twice("search", "/search?q=%E6%A9%9F")

    def test_a_list_is_searched_filtered_and_sorted(self) -> None:
        one = self.browser
        self.look_twice("list", "/registers/equipment")
        one.find("#list-query").send_keys("交換器")
        one.until(lambda: "SRV-01" not in one.find("#list").text, "the list is not narrowed")
        self.assertIn("NET-01", one.find("#list").text)
        one.settled()
        one.click(".filters-menu > summary")
        self.look("filters")
        self.city.open("/registers/equipment?sort=-code")
        leads = [each.text for each in one.all("tbody tr")]
        self.assertLess(*[next(at for at, row in enumerate(leads) if code in row) for code in ("SRV-01", "NET-01")])

    def test_a_list_as_it_stands_is_kept_as_a_view(self) -> None:
        one = self.browser
        self.city.open("/registers/equipment?q=NET-01")
        one.click("details:has(#view-name) > summary")
        one.find("#view-name").send_keys("交換器")
        self.look("keep-view")
        one.press("form[action='/views'] button")
        self.look_twice("views", "/views")
        one.follow("交換器")
        listed = one.find("#list").text
        self.assertIn("NET-01", listed)
        self.assertNotIn("SRV-01", listed)

    def test_what_is_listed_is_exported_and_opens_elsewhere(self) -> None:
        one = self.browser
        for language, head in (("zh", "設備名稱"), ("en", "Name")):
            one.speak(self.city.address, language)
            self.city.open("/registers/equipment")
            shown = len(one.all("tbody tr"))
            one.click("details:has(a[download]) > summary")
            self.look("export")
            for kind in ("ods", "xlsx", "csv"):
                with self.subTest(kind=kind, language=language):
                    rows = rows_of(kind, one.download(f"a[download][href*='{kind}']"))
                    heads = next(row for row in rows if head in row)
                    below = rows[rows.index(heads) + 1:]
                    self.assertEqual(len(below), shown)
                    self.assertEqual({row[heads.index(head)] for row in below}, {"戶政主機", "核心交換器"})


if __name__ == "__main__":
    unittest.main()
