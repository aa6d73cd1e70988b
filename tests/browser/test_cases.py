"""Cases as people work them: filed, co-signed, approved by passkey, refused with a reason, signed by a deputy and in a
batch, and brought before the supervisor when time has run out. What they see on the way is looked at."""

from __future__ import annotations

import datetime
import pathlib
import struct
import tempfile
import unittest
import zlib
from typing import Any

import forms
from browser import Browser
from city import City, another, furnished
from looking import Looking


def photo(folder: str) -> pathlib.Path:
    """A small picture."""
    part = lambda kind, data: (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    )
    wide, high = 64, 48
    rows = b"".join(b"\0" + bytes([40 + at * 4, 90, 140]) * wide for at in range(high))
    path = pathlib.Path(folder, "完工照片.png")
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", wide, high, 8, 2, 0, 0, 0))
        + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")
    )
    return path


class Cases(Looking):
    """In a city with a machine room."""

    folder = "cases"

    @classmethod
    def settle(cls) -> City:
        return furnished()

    def be(self, who: str) -> Browser:
        """One of the people sits down."""
        return self.city.be(self.city.people[who])

    def change(self, reason: str, network: str = "false") -> str:
        """The maintainer files the change of a device; the record's address."""
        self.be("maintainer")
        day = self.city.ward.now().date() + datetime.timedelta(days=3)
        answers: dict[str, Any] = {
            "equipment": "戶政主機", "what": "alter", "reason": reason, "touches_network": network,
            "planned_on": day.isoformat(),
        }
        return forms.file(self.city, "equipment_change", "file", answers)

    def cosign(self, who: str, record: str) -> None:
        """Somebody co-signs."""
        self.be(who)
        forms.take(self.city, record, "cosign")
        forms.sign(self.city)

    def state(self) -> str:
        """The state that the record's page shows."""
        return self.browser.find(".record-head .state").text

    def test_a_change_is_filed_cosigned_approved_done_and_accepted(self) -> None:
        one = self.be("maintainer")
        self.look_twice("form", "/registers/equipment_change/new/file")
        forms.send(one)
        self.assertEqual(one.status(), 422)
        self.assertIn("設備", one.find("main .notice-bad").text)
        self.look("form-refused")
        record = self.change("加裝記憶體 64 GB，並更換故障之電源供應器。", network="true")
        self.assertEqual(self.state(), "會簽中")
        self.be("operator")
        self.look_twice("work", "/")
        one.press(f".work-card a[href*='{record}/']")
        self.look("step")
        forms.send(one)
        self.look("sign")
        forms.sign(self.city)
        self.be("network")
        forms.take(self.city, record, "cosign")
        self.look("sign")
        forms.sign(self.city)
        self.be("head")
        forms.take(self.city, record, "approve", outcome="approve")
        self.look("approve")
        forms.sign(self.city)
        self.assertRegex(one.find(".record-head .number").text, r"^\d+機異字第\d{4}號$")
        self.be("maintainer")
        with tempfile.TemporaryDirectory() as folder:
            forms.take(self.city, record, "execute", {"done_text": "已加裝並測試正常。", "photos": photo(folder)})
        forms.arrived(one)
        self.be("operator")
        forms.take(self.city, record, "accept")
        forms.sign(self.city)
        self.assertEqual(self.state(), "已完成")
        for tab in ("", "/history", "/evidence", "/signatures", "/linked", "/print"):
            self.look_twice(f"record{tab.replace('/', '-')}", record + tab)
        self.city.open(record + "/signatures")
        self.assertEqual(len(one.all(".signature")), 4)
        self.assertEqual(len(one.all(".evidence")), 4)
        self.assertNotIn("未通過", one.find("main").text)

    def test_a_change_is_refused_with_a_reason(self) -> None:
        record = self.change("擬將主機外殼噴漆。")
        self.cosign("operator", record)
        one = self.be("chief")
        forms.take(self.city, record, "approve", outcome="refuse")
        self.assertEqual(one.status(), 422)
        self.look("refuse-without-reason")
        one.fill("reason", "與業務無關，且有損散熱。")
        forms.send(one, "refuse")
        self.look("refuse")
        forms.sign(self.city)
        self.be("maintainer")
        self.city.open(record + "/history")
        self.assertEqual(self.state(), "未准")
        self.assertIn("與業務無關，且有損散熱。", one.find("main").text)

    def test_a_deputy_signs_on_a_telephone_in_their_own_name_for_whom_they_stand_in(self) -> None:
        head, deputy = self.city.people["head"], self.city.people["deputy"]
        one = self.be("head")
        one.width("phone")
        self.addCleanup(one.width, "desktop")
        self.city.open(head.path)
        one.click("details:has(#appoint-deputy) > summary")
        one.fill("deputy", deputy.login)
        ends = self.city.ward.now().date() + datetime.timedelta(days=5)
        one.find("#appoint-until").send_keys(f"{ends.year - 1911}/{ends.month}/{ends.day}")
        one.press("form[action$='/appoint'] button")
        if one.all("form[action$='/acknowledge'] button"):
            one.press("form[action$='/acknowledge'] button")
        self.be("deputy")
        self.city.open(head.path)
        one.press("form[action$='/acknowledge'] button")
        record = self.change("更換風扇。")
        self.cosign("operator", record)
        self.be("deputy")
        self.look_twice("work-deputy", "/")
        self.assertIn("代理黃淑芬", one.find("#acting-for").text)
        one.press(f"#acting-for a[href*='{record}/']")
        self.look("step-deputy")
        forms.send(one, "approve")
        self.look("approve-deputy")
        forms.sign(self.city)
        self.city.open(record + "/signatures")
        self.look_twice("signatures-deputy", record + "/signatures")
        signed = one.all(".signature")[-1].text
        self.assertIn("李文華", signed)
        self.assertIn("（代理 黃淑芬", signed)

    def choose(self, *records: str) -> None:
        """The operator chooses what to sign at once, and looks at it."""
        one = self.be("operator")
        self.city.open("/")
        for record in records:
            word = record.rsplit("/", 1)[-1]
            one.click(f"#to-sign input[name=c][value*='{word}']")
        one.press("#to-sign .work-foot button")
        self.assertEqual(len(one.all(".batch-item")), len(records))

    def test_several_are_looked_at_and_signed_at_once(self) -> None:
        one = self.browser
        records = [self.change(reason) for reason in ("更換硬碟。", "更換電池。")]
        self.choose(*records)
        self.look_twice("batch", one.path())
        one.press("[data-sign-button]")
        self.assertIn("已簽署 2 件", one.find("main").text)
        for record in records:
            self.city.open(record)
            self.assertEqual(self.state(), "待核定")

    def test_of_several_what_was_taken_back_meanwhile_is_not_signed(self) -> None:
        one = self.browser
        records = [self.change(reason) for reason in ("更換網路卡。", "更換機殼。")]
        self.choose(*records)
        with self.city.at(another()):
            self.be("maintainer")
            forms.take(self.city, records[1], "take_back", outcome="take_back", reason="改於年度汰換時辦理。")
            forms.arrived(self.city.browser)
        one.press("[data-sign-button]")
        self.assertEqual((len(one.all(".came .good")), len(one.all(".came .bad"))), (1, 1), one.text())
        self.look("batch-came")

    def told(self) -> bool:
        """Does the open page say that what it shows has changed?"""
        return self.browser.find("[data-moved]").is_displayed()

    def test_what_is_open_says_once_that_somebody_else_has_changed_it(self) -> None:
        one = self.browser
        for language, place in (("zh", ""), ("en", "/history"), ("zh", "/steps/cosign"), ("zh", "list")):
            with self.subTest(place=place):
                record = self.change("更換風扇。")
                self.be("operator")
                one.speak(self.city.address, language)
                self.city.open("/registers/equipment_change" if place == "list" else record + place)
                self.assertFalse(self.told())
                with self.city.at(another()):
                    self.be("maintainer")
                    forms.take(self.city, record, "take_back", outcome="take_back", reason="改於年度汰換時辦理。")
                    forms.arrived(self.city.browser)
                one.until(self.told, "nothing is told")
                self.look(f"moved{place.replace('/', '-')}")
                if place == "/steps/cosign":
                    self.assertFalse(one.all("[data-moved] a"))
                else:
                    one.press("[data-moved] a")
                    self.assertFalse(self.told())

    def test_a_fault_comes_before_the_supervisor_when_the_vendor_sends_nobody(self) -> None:
        one = self.be("operator")
        self.look_twice("fault-form", "/registers/fault/new/report")
        record = forms.file(self.city, "fault", "report", {
            "room": "第一機房", "symptom": "空調主機停機，室溫升至攝氏 31 度。", "severity": "grave",
        })
        self.be("maintainer")
        forms.take(self.city, record, "diagnose", {
            "kind": "cooling", "diagnosis": "壓縮機過熱跳脫。", "self_mended": "false", "severity": "grave",
        })
        forms.take(self.city, record, "call_vendor", {
            "vendor": "中部空調工程行", "vendor_phone": "04-2222-3333", "vendor_answered": "周先生",
        })
        forms.arrived(one)
        self.look_twice("fault", record)
        # The supervisor is at their work when the half hour is over (clause 3.10.1), and is told there.
        self.be("chief")
        for minutes in (16, 15):
            self.city.open("/")
            self.city.bring_on(minutes)
        one.until(lambda: any("中部空調工程行" in note.text for note in one.all(".toast-note")), "nobody is told")
        self.look("work-told")
        self.city.open(record)
        self.assertEqual(self.state(), "Pressed by the supervisor")
        self.look_twice("escalated", record)
        self.look_twice("notices", "/notices")
        one.press(".notices form button")
        forms.take(self.city, record, "press", {"pressed_how": "電話督促，廠商允諾二十分鐘內到場。"})
        forms.arrived(one)


if __name__ == "__main__":
    unittest.main()
