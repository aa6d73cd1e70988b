"""A city with a steward, an application's tokens, and records in three registers, made as people and programs make one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import pathlib
import re
import socket
import struct
import sys
import time
import urllib.parse
import uuid
from typing import Any

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "browser"))

from visitor import LIMIT, Visitor  # noqa: E402
from ward import Ward  # noqa: E402

PASSWORD = "keelung rain over the harbour"
#: Roles that see and do enough in one pair of hands.
ROLES = ("it_head", "maintainer", "staff", "network_admin")
#: Requests of one token are limited; they take turns.
TOKENS = 8
#: A form that is begun and left.
DRAFT = "/registers/fault/new/report"
#: Of what is done away with there are so many.
SPARE = 4
#: Lines of a device.
LINES = 20
#: Faults that wait for a step.
FAULTS = 40


class Codes:
    """One-time codes (RFC 6238), each of them once: a code of the half minute before or after counts as well."""

    def __init__(self, secret: str) -> None:
        plain = secret.replace(" ", "")
        self._key = base64.b32decode(plain + "=" * (-len(plain) % 8))
        self._last = 0

    def next(self) -> str:
        """The earliest that counts and was not used."""
        self._last = max(self._last + 1, int(time.time()) // 30 - 1)
        digest = hmac.new(self._key, struct.pack(">Q", self._last), hashlib.sha1).digest()
        at = digest[-1] & 15
        return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


class City:
    """An installation that is served, and what is known of it."""

    def __init__(self) -> None:
        self.ward = Ward()
        self.tokens: list[str] = []

    def begin(self) -> None:
        """From nothing to a served city with records: the steward files, another decides."""
        self.ward.found()
        self.ward.start("--syslog", "tcp:127.0.0.1:0")
        self._send_lines()
        steward, codes = self._steward()
        self._sign_in(steward, "lin.yc", codes)
        for role in ROLES:
            self.ward.command("person", "grant", "lin.yc", role, "--unit", "100")
        other = ("--name", "王大明", "--title", "主任", "--mail", "wang.dm@house.example", "--home", "100")
        self.ward.command("person", "add", "--login", "wang.dm", *other)
        self.ward.command("person", "grant", "wang.dm", "unit_head", "--unit", "100")
        head, self._codes = self._bring_in(steward, "wang.dm")
        self._sign_in(head, "wang.dm", self._codes)
        self.tokens = [self._token(steward, f"api {number}") for number in range(TOKENS)]
        for number in range(SPARE):
            self._token(steward, f"spare {number}")
        self._heads = self._token(head, "api")
        self.known = self._file()
        steward.open(DRAFT)
        steward.send(DRAFT, [("_do", "draft"), ("f.symptom", "主機無回應")])

    def _steward(self) -> tuple[Visitor, Codes]:
        """The first start."""
        visitor = Visitor(self.ward.address)
        link = urllib.parse.urlsplit(self.ward.line("/start/")).path
        visitor.open(link)
        visitor.send(link)
        visitor.send(link, [("unit_zh", "臺中市政府"), ("unit_en", "Taichung City Government"), ("unit_code", "100")])
        steward = {"login": "lin.yc", "name": "林怡君", "title": "科員", "mail": "lin.yc@house.example", "role": "steward"}
        visitor.send(link, steward.items())
        visitor.send(link, [("new", PASSWORD), ("again", PASSWORD)])
        visitor.open("/enrol")
        return visitor, self._enrol(visitor)

    def _bring_in(self, steward: Visitor, login: str) -> tuple[Visitor, Codes]:
        """The steward hands over a code, with which somebody sets their factors."""
        steward.open("/recoveries")
        steward.send("/recoveries", [("login", login), ("do", "begin")])
        visitor = Visitor(self.ward.address)
        visitor.open("/recover")
        visitor.send("/recover", [("login", login), ("first", steward.codes()[0])])
        visitor.send("/factors/password", [("new", PASSWORD), ("again", PASSWORD)])
        return visitor, self._enrol(visitor)

    def _enrol(self, visitor: Visitor) -> Codes:
        visitor.send("/factors/otp")
        codes = Codes(visitor.codes()[0])
        visitor.send("/factors/otp/confirm", [("code", codes.next())])
        return codes

    def _sign_in(self, visitor: Visitor, login: str, codes: Codes) -> None:
        visitor.open("/sign-in")
        visitor.send("/sign-in", [("login", login), ("password", PASSWORD)])
        visitor.send("/sign-in/second", [("code", codes.next())])

    def _token(self, visitor: Visitor, name: str) -> str:
        """A token that goes as far as its owner does."""
        visitor.open("/settings/tokens")
        registers = re.findall(r'name="file" value="([a-z_]+)"', visitor.text)
        scope = [(of, register) for register in registers for of in ("read", "file")]
        scope += [("right", right) for right in re.findall(r'name="right" value="([a-z]+)"', visitor.text)]
        visitor.send("/settings/tokens", [("name", name), ("days", "30"), ("password", PASSWORD), *scope])
        return next(code for code in visitor.codes() if code.startswith("ward_"))

    def _send_lines(self) -> None:
        """Sends lines as a device does."""
        host, _, port = self.ward.line("tcp:").removeprefix("tcp:").rpartition(":")
        with socket.create_connection((host, int(port))) as peer:
            for nth in range(LINES):
                said = f"Failed password for root from 198.51.100.{nth} port 22 ssh2"
                peer.sendall(f"<86>Nov 26 08:00:{nth:02} gw sshd[{nth}]: {said}\n".encode())

    def ask(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        """Asks the API as a program does; what it answers."""
        headers = {"Authorization": f"Bearer {token or self.tokens[0]}", "Accept-Language": "en"}
        if method == "POST":
            headers["Idempotency-Key"] = uuid.uuid4().hex
        sent = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.ward.address).netloc, timeout=LIMIT)
        try:
            connection.request(method, "/api/v1" + path, sent, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            raise AssertionError(f"{method} {path}: {answer.status}\n{text}")
        return json.loads(text)

    def _open(self, register: str, fill: dict[str, Any]) -> str:
        return self.ask("POST", f"/registers/{register}/records", {"fill": fill})["record"]

    def _seen(self, record: str) -> int:
        return self.ask("GET", f"/records/{record}")["revision"]

    def _file(self) -> dict[str, Any]:
        """Files records, and says what a program could know by then."""
        people = {one["name"]: one["id"] for one in self.ask("GET", "/people")["people"]}
        fills = {
            "room": {
                "code": "A", "name": "第一機房", "place": "臺中市政府三樓",
                "custodian": people["林怡君"], "deputy_custodian": people["王大明"],
                "vault": False, "round_the_clock": False, "raised_floor": True,
                "measures": [{"measure": "lock", "where_it_is": "大門"}],
            }
        }  # fmt: skip
        room = self._open("room", fills["room"])
        decided = {"seen": self._seen(room), "outcome": "approve", "signature": {"otp": self._codes.next()}}
        self.ask("POST", f"/records/{room}/steps/approve", decided, self._heads)
        text = self.ask("POST", "/files?name=" + urllib.parse.quote("紀錄.txt"), "機房內飲食".encode())
        fills["fault"] = {"room": room, "symptom": "主機無回應", "severity": "normal", "source": "person"}
        fills["violation"] = {
            "room": room, "what": "conduct", "found": "person", "facts": "機房內飲食", "gravity": "minor",
            "evidence": [text],
        }  # fmt: skip
        faults = [self._open("fault", fills["fault"]) for _ in range(FAULTS)]
        violation = self._open("violation", fills["violation"])
        diagnosis = {"kind": "hardware", "diagnosis": "電源故障", "self_mended": True, "severity": "normal"}
        take = {"seen": self._seen(faults[0]), "outcome": "done", "fill": diagnosis}
        return {
            "tokens": self.tokens,
            "alarm": self._alarm(),
            "clauses": ["3.1.1", "24.2.10", "2"],
            "unit": self.ask("GET", "/units")["units"][0]["id"],
            **self._spare(),
            "batch": self._batch(faults[0], take["seen"], fills["fault"]),
            "draft": DRAFT,
            "signed_in": people["王大明"],
            "theirs": self.ask("GET", f"/people/{people['王大明']}")["tokens"][0]["id"],
            "kept_people": [people["林怡君"]],
            "registers": ["room", "fault", "violation", "visit"],
            "records": [room, violation, *faults[:4]],
            "fills": fills,
            # Texts of forms that anything can stand in.
            "texts": {"room": ["code", "name", "place"], "fault": ["symptom"], "violation": ["facts"]},
            "step": "diagnose",
            "faults": faults,
            "take": take,
            "file": {"record": violation, "digest": text["digest"]},
            "notices": [one["entry"] for one in self.ask("GET", "/notices")["notices"]],
        }

    def _alarm(self) -> str:
        """The number of the alarm that the device's lines have raised: one account tried from many addresses."""
        ends = time.monotonic() + LIMIT
        while time.monotonic() < ends:
            found = [one for one in self.ask("GET", "/alarms")["alarms"] if one["rule"] == "account_guessing"]
            if found:
                assert found[0]["group"] == [{"field": "user", "value": "root"}], found
                return found[0]["alarm"]
        raise AssertionError("the lines have raised no alarm")

    def _batch(self, record: str, seen: int, fill: dict[str, Any]) -> dict[str, Any]:
        """A batch that reads as one, signed by nobody."""
        stated = self.ask("POST", "/registers/fault/statements", {"fill": fill})
        given = {"statement": stated["statement"], "salt": stated["salt"]}
        assertion = dict.fromkeys(("authenticator_data", "client_data", "credential", "signature"), "AAAA")
        return {
            "steps": [{"record": record, "step": "diagnose", "seen": seen, "outcome": "done"}],
            "signature": {"passkey": {"statements": [given], "assertion": assertion}},
        }

    def _spare(self) -> dict[str, Any]:
        """People, a unit, a terminal and tokens that nobody misses."""
        top = self.ask("GET", "/units")["units"][0]["id"]
        unit = {"zh": "試辦科", "en": "Trial Section", "code": "900", "superior": top}
        spare = [
            self.ask("POST", "/people", {
                "name": f"陳{number}", "title": "科員", "login": f"chen.{number}x", "mail": f"chen{number}@house.example",
                "unit": top,
            })["id"]
            for number in range(SPARE)
        ]  # fmt: skip
        terminal = {"name": "機房終端機", "fingerprint": "0123456789abcdef" * 4, "management": True}
        tokens = self.ask("GET", "/tokens")
        return {
            "people": spare, "section": self.ask("POST", "/units", unit)["id"],
            "names": {**unit, "code": "901"},
            "terminal": self.ask("POST", "/terminals", terminal)["id"],
            "sessions": [one["id"] for one in self.ask("GET", "/sessions")],
            "kept_tokens": [one["id"] for one in tokens if not one["name"].startswith("spare")],
            "spare_tokens": [one["id"] for one in tokens if one["name"].startswith("spare")],
        }

    def close(self) -> None:
        """Stops it and takes it away."""
        self.ward.close()
