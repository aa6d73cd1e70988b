"""Forms as people fill them in: questions answered one by one, sent, and signed where a signature is asked."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Any

from browser import Browser
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select

if TYPE_CHECKING:
    from city import City

#: Puts a day or a moment into a field that shows it as the machine's language says.
PUT = (
    "const [field, value] = arguments; field.value = value;"
    "for (const kind of ['input', 'change']) field.dispatchEvent(new Event(kind, {bubbles: true}))"
)


def answer(one: Browser, name: str, value: Any) -> None:
    """Answers a question by its name: words, the word of an option, a day, a file, or what is sought by words.

    A table is answered by rows of answers.
    """
    if isinstance(value, list):
        for at, row in enumerate(value):
            if at:
                one.click(f"#f-{name}-more")
                one.settled()
            for column, cell in row.items():
                answer(one, f"{name}-{at}-{column}", cell)
        return
    one.settled()
    question = one.find(f"#f-{name}-field")
    one.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", question)
    if question.find_elements("css selector", ".pick"):
        pick(one, question, value)
        return
    field = question.find_element("css selector", "input:not([type=hidden]), textarea, select")
    kind = field.get_attribute("type")
    if isinstance(value, pathlib.Path):
        field.send_keys(str(value))
    elif kind in ("radio", "checkbox"):
        question.find_element("css selector", f"input[value='{value}']").click()
    elif kind in ("date", "datetime-local"):
        one.driver.execute_script(PUT, field, value)
    elif field.tag_name == "select":
        Select(field).select_by_value(value)
    else:
        field.clear()
        field.send_keys(value)
        one.driver.execute_script("arguments[0].blur()", field)
    one.settled()


def pick(one: Browser, question: WebElement, words: str) -> None:
    """Types words into a field that seeks, and takes the first that is found by them."""
    place = f"#{question.get_attribute('id')}"
    one.find(f"{place} input[type=search]").send_keys(words)

    def take() -> bool:
        for option in one.all(f"{place} [role=option]"):
            if words in option.text and option.is_displayed():
                option.click()
                return True
        return False

    # What is found is listed anew as one types, and the form is once something is taken.
    one.until(take, f"nothing is found by {words}")
    one.until(lambda: words in one.find(f"{place} .picked").text, f"{words} is not taken")


def fill(one: Browser, answers: dict[str, Any]) -> None:
    """Answers questions in their order."""
    for name, value in answers.items():
        answer(one, name, value)


def send(one: Browser, outcome: str = "done") -> None:
    """Presses the button of an outcome."""
    one.press(f"button[value='send:{outcome}']:not(.visually-hidden)")


def file(city: City, register: str, step: str, answers: dict[str, Any]) -> str:
    """Opens a record; its address."""
    city.open(f"/registers/{register}/new/{step}")
    fill(city.browser, answers)
    send(city.browser)
    return arrived(city.browser)


def take(city: City, record: str, step: str, answers: dict[str, Any] | None = None, outcome: str = "done",
         reason: str = "") -> None:
    """Takes a step by the button on the record's page."""
    one = city.browser
    city.open(record)
    one.press(f"main a[href*='/steps/{step}']")
    fill(one, answers or {})
    if reason:
        one.fill("reason", reason)
    send(one, outcome)


def sign(city: City) -> None:
    """Signs what the page of confirmation shows, with a passkey."""
    city.browser.press("[data-sign-button]")
    arrived(city.browser)


def arrived(one: Browser) -> str:
    """The record's address, once the step is taken."""
    if "?done=" not in one.path():
        raise AssertionError(f"{one.path()}: {one.find('main').text}")
    return one.path().split("?")[0]
