"""A city as people make it, through the pages alone: begun, its units made, its people brought in, a machine room kept.

Made once for a run and shared by the tests that ask for it; what a test adds stays. Each of its people has a seat and a
passkey, and sits down at the one browser in turn.
"""

from __future__ import annotations

import atexit
import base64
import contextlib
import dataclasses
import functools
import hashlib
import hmac
import struct
import urllib.parse
from collections.abc import Iterator

import forms
from browser import Browser, Seat
from selenium.webdriver.support.ui import Select
from ward import Ward

PASSWORD = "keelung rain over the harbour"
#: Whoever sets a password anew takes another: former ones are refused.
ANOTHER = "wind in the tea fields of pinglin"


@dataclasses.dataclass
class Person:
    """Somebody, and what they hold in their own unit."""

    login: str
    name: str
    title: str
    unit: str
    roles: tuple[str, ...] = ()
    language: str = "zh"
    seat: Seat = dataclasses.field(default_factory=Seat)
    #: Address of their page.
    path: str = ""

    def mail(self) -> str:
        """Where mail would reach them."""
        return f"{self.login}@house.example"


def code_of(secret: str, at: float) -> str:
    """The code of the half minute at a moment (RFC 6238)."""
    key = base64.b32decode(secret.replace(" ", "") + "=" * (-len(secret.replace(" ", "")) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(at) // 30), hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start:start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


RECEIVING = ("--syslog", "tcp:127.0.0.1:0")


class City:
    """An installation, its people, and the browser they sit at."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.ward = Ward()
        self.steward = Person("lin.yc", "林怡君", "科員", "100", ("steward",))
        self.people: dict[str, Person] = {}
        self.ward.found()
        self.address = self.ward.start(*RECEIVING)

    def begin_anew(self, *more: str) -> None:
        """The server stops and starts again where it was, with more arguments."""
        # A page that is open would miss its events, and say so.
        self.browser.open("about:blank")
        self.ward.stop()
        self.ward.start(*RECEIVING, *more, port=urllib.parse.urlsplit(self.address).port)

    def open(self, path: str) -> None:
        """Opens a page of the city."""
        self.browser.open(self.address + path)

    def seated(self, person: Person) -> None:
        """Somebody sits down at the browser, in their language."""
        self.browser.sit(person.seat)
        self.browser.speak(self.address, person.language)

    def be(self, person: Person) -> Browser:
        """Somebody sits down who signs in, with a passkey, where no session of theirs is open."""
        self.seated(person)
        cookies = self.browser.cdp("Network.getCookies", urls=[self.address])["cookies"]
        if not any(cookie["name"].endswith("ward_session") for cookie in cookies):
            self.sign_in()
        return self.browser

    @contextlib.contextmanager
    def at(self, browser: Browser) -> Iterator[None]:
        """What is done within is done at another browser, while the page here stays open."""
        here, self.browser = self.browser, browser
        try:
            yield
        finally:
            self.browser = here

    def bring_on(self, minutes: float) -> None:
        """Lets time pass. All but whoever sits here leave their sessions behind: idle ones end after half an hour."""
        self.ward.bring_on(minutes)
        for person in (self.steward, *self.people.values()):
            person.seat.cookies.clear()

    def code(self, secret: str) -> str:
        """The code that an authenticator app shows now."""
        return code_of(secret, self.ward.now().timestamp())

    def sign_in(self) -> None:
        """Signs in with a passkey; what there is to tell is read."""
        self.open("/sign-in")
        self.browser.press("form[action='/sign-in/passkey'] button")
        self.read_words()

    def read_words(self) -> None:
        """Reads what happened to the account."""
        if self.browser.path().startswith("/words"):
            self.browser.send()

    def begin(self) -> None:
        """The first start: the office, its steward with a passkey."""
        one = self.browser
        self.seated(self.steward)
        one.open(self.ward.line("/start/"))
        one.send()
        for name, value in {"unit_zh": "臺中市政府", "unit_en": "Taichung City Government", "unit_code": "100"}.items():
            one.fill(name, value)
        one.send()
        self.tell_of(self.steward)
        one.click("[name=role][value=steward]")
        one.send()
        self.choose_password()
        one.send()
        self.open("/enrol")
        self.take_passkey()
        self.sign_in()

    def tell_of(self, person: Person) -> None:
        """Fills in who somebody is."""
        known = {"login": person.login, "name": person.name, "title": person.title, "mail": person.mail()}
        for name, value in known.items():
            self.browser.fill(name, value)

    def choose_password(self, password: str = PASSWORD) -> None:
        """Types the new password, twice."""
        self.browser.fill("new", password)
        self.browser.fill("again", password)

    def take_passkey(self) -> None:
        """Adds a passkey where factors are set, and is done with setting them."""
        self.browser.press("form[action='/factors/passkey'] button")
        self.browser.press("form[action='/sign-out'] button.btn-primary")

    def create_unit(self, above: str, code: str, zh: str, en: str) -> None:
        """The steward makes a unit below another."""
        one = self.be(self.steward)
        self.open("/units")
        one.follow(above)
        one.click("details:has(#create-zh) > summary")
        for name, value in {"create-zh": zh, "create-en": en, "create-code": code}.items():
            one.find(f"#{name}").send_keys(value)
        one.press("form[action$='/create'] button.btn-primary")

    def register(self, person: Person) -> None:
        """The steward registers somebody and grants what they hold."""
        one = self.be(self.steward)
        self.open("/people/new")
        self.tell_of(person)
        Select(one.find("#unit")).select_by_value(person.unit)
        one.send()
        person.path = one.path()
        for role in person.roles:
            self.grant(role)

    def grant(self, role: str) -> None:
        """Grants a role to the person whose page is open."""
        one = self.browser
        one.click("details:has(#grant-role) > summary")
        Select(one.find("#grant-role")).select_by_value(role)
        one.press("form[action$='/grant'] button.btn-primary")

    def hand_over(self, person: Person) -> str:
        """The steward gives out a code with which somebody sets their factors; the code."""
        one = self.be(self.steward)
        self.open("/recoveries")
        one.fill("login", person.login)
        one.press("button[value=begin]")
        return one.find("code.secret").text

    def enrol(self, person: Person, code: str) -> None:
        """Somebody sets a password and a passkey with the code they were given, and signs in."""
        one = self.browser
        self.seated(person)
        self.open("/recover")
        one.fill("login", person.login)
        one.fill("first", code)
        one.send()
        self.choose_password()
        one.press("form[action='/factors/password'] button")
        self.take_passkey()
        self.sign_in()

    def bring_in(self, person: Person) -> None:
        """All that it takes until somebody works."""
        self.register(person)
        self.enrol(person, self.hand_over(person))

    def close(self) -> None:
        """Ends it."""
        self.ward.close()


@functools.cache
def browser() -> Browser:
    """The browser of the run."""
    one = Browser()
    atexit.register(one.close)
    return one


@functools.cache
def another() -> Browser:
    """A second browser, for what somebody else does meanwhile."""
    one = Browser()
    atexit.register(one.close)
    return one


@functools.cache
def peopled() -> City:
    """A city with an information centre and the people who work in it."""
    city = City(browser())
    atexit.register(city.close)
    city.begin()
    city.create_unit("臺中市政府", "110", "資訊中心", "Information Centre")
    city.create_unit("臺中市政府", "120", "政風處", "Department of Government Ethics")
    people = {
        "chief": Person("wang.dm", "王大明", "主任", "110", ("it_head",), "en"),
        "head": Person("huang.sf", "黃淑芬", "副主任", "110", ("unit_head",)),
        "deputy": Person("lee.wh", "李文華", "專員", "110", ("staff",)),
        "maintainer": Person("chang.cm", "張志明", "技士", "110", ("maintainer",)),
        "operator": Person("chen.jh", "陳建宏", "操作員", "110", ("operator",)),
        "network": Person("hsu.ch", "許家豪", "技士", "110", ("network_admin",), "en"),
        "auditor": Person("tsai.mh", "蔡明宏", "稽核員", "120", ("auditor",)),
    }
    for word, person in people.items():
        city.bring_in(person)
        city.people[word] = person
    return city


@functools.cache
def furnished() -> City:
    """The same with a machine room in use and two devices in it."""
    city = peopled()
    room = {
        "code": "R1", "name": "第一機房", "place": "臺中市西屯區臺灣大道三段99號",
        "custodian": "陳建宏", "deputy_custodian": "張志明",
        "measures": [{"measure": "lock", "where_it_is": "正門刷卡"}, {"measure": "camera", "where_it_is": "走道"}],
    }
    city.be(city.people["maintainer"])
    record = forms.file(city, "room", "propose", room)
    city.be(city.people["head"])
    forms.take(city, record, "approve", outcome="approve")
    forms.sign(city)
    city.be(city.people["maintainer"])
    for code, name in (("SRV-01", "戶政主機"), ("NET-01", "核心交換器")):
        forms.file(city, "equipment", "register", {
            "code": code, "name": name, "kind": "server", "room": "第一機房", "place": "A03 機櫃", "keeper": "張志明",
        })
    return city
