"""Somebody at a browser without script: cookies are kept, forms are sent as they stand with what is filled in.

Does not: read HTML in general; it reads what Ward's templates write.
"""

from __future__ import annotations

import html.parser
import http.client
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass, field

LIMIT = 60


@dataclass
class Form:
    """A form of a page: where it goes and what it sends as it stands."""

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)


class _Forms(html.parser.HTMLParser):
    """The forms of a page, and the texts of its `code` elements."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.codes: list[str] = []
        self._select = ""
        self._code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        if tag == "form":
            self.forms.append(Form(has.get("action") or ""))
        if tag == "code":
            self._code = True
            self.codes.append("")
        if tag == "select":
            self._select = has.get("name") or ""
        if not self.forms:
            return
        fields = self.forms[-1].fields
        if tag == "option" and self._select and "selected" in has:
            fields.append((self._select, has.get("value") or ""))
        unchosen = has.get("type") in ("checkbox", "radio") and "checked" not in has
        if tag == "input" and has.get("name") and not unchosen:
            fields.append((has["name"] or "", has.get("value") or ""))

    def handle_data(self, data: str) -> None:
        if self._code:
            self.codes[-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "code":
            self._code = False
        if tag == "select":
            self._select = ""


class Visitor:
    """One browser, with the page it has open."""

    def __init__(self, address: str) -> None:
        self._host = urllib.parse.urlsplit(address).netloc
        self._cookies: dict[str, str] = {}
        self.address = address
        self.text = ""
        self._read = _Forms()

    def open(self, path: str) -> None:
        """Opens a page, and what it leads to."""
        self._ask("GET", path)

    def send(self, action: str, filled: Iterable[tuple[str, str]] = ()) -> None:
        """Sends the form of the page that goes there, and opens what it leads to."""
        form = next((form for form in self._read.forms if form.action == action), None)
        if form is None:
            raise AssertionError(f"no form goes to {action}:\n{self.text}")
        given = list(filled)
        names = {name for name, _ in given}
        pairs = [pair for pair in form.fields if pair[0] not in names] + given
        self._ask("POST", action, urllib.parse.urlencode(pairs))

    def codes(self) -> list[str]:
        """What the page shows to be copied: secrets, recovery codes."""
        return [code.strip() for code in self._read.codes]

    def _ask(self, method: str, path: str, body: str | None = None) -> None:
        headers = {"Accept-Language": "en", "Origin": self.address}
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection(self._host, timeout=LIMIT)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = line.split(";")[0].partition("=")
            if "Max-Age=0" in line:
                self._cookies.pop(name, None)
            else:
                self._cookies[name] = value
        place = answer.headers.get("Location")
        if place is not None:
            self._ask("GET", place)
            return
        if answer.status != http.HTTPStatus.OK:
            raise AssertionError(f"{method} {path}: {answer.status}\n{text}")
        self.text, self._read = text, _Forms()
        self._read.feed(text)
