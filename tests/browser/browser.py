"""Debian's Chromium by its driver, with an authenticator in software, and eyes.

One browser serves many people: each has a seat, with cookies and passkeys of their own, and sits down in turn. `look`
takes pictures of a page as it is, in both widths, asks axe-core for violations of WCAG 2.1 A and AA, and keeps the page
for the Taiwanese rules (`rules`). Pictures and pages lie in SHOTS after the run; `make browser` sets SHOTS, AXE and WARD.
Nothing is asked of any other host: the browser resolves none but this machine's names, and what it tried is a failure.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import pathlib
import re
import tempfile
from collections.abc import Callable
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.virtual_authenticator import Credential, VirtualAuthenticatorOptions
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

SHOTS = pathlib.Path(os.environ.get("SHOTS", "target/browser"))
AXE = pathlib.Path(os.environ.get("AXE", "node_modules/axe-core/axe.min.js"))
WIDTHS = {"desktop": (1440, 1000), "phone": (390, 844)}
#: Rules whose answer colours change. The rest of a page is the same in the dark.
OF_COLOURS = ["color-contrast", "link-in-text-block"]
TALLEST = 6000
LIMIT = 30
#: Paths of the pages that were looked at in this run.
LOOKED: set[str] = set()


@dataclasses.dataclass
class Seat:
    """What a browser of somebody's own would keep."""

    cookies: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    passkeys: list[Credential] = dataclasses.field(default_factory=list)


class Browser:
    """One browser with a profile of its own."""

    def __init__(self, language: str = "zh-TW", script: bool = True) -> None:
        self._profile = tempfile.TemporaryDirectory(prefix="ward-chromium-")
        self.downloads = pathlib.Path(self._profile.name, "downloads")
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for word in (
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage", "--force-color-profile=srgb", "--hide-scrollbars",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
            f"--user-data-dir={self._profile.name}", "--lang=en-US",
        ):
            options.add_argument(word)
        settings: dict[str, Any] = {
            "intl.accept_languages": language, "download.default_directory": str(self.downloads),
            "profile.default_content_setting_values.automatic_downloads": 1,
        }
        if not script:
            settings["profile.managed_default_content_settings.javascript"] = 2
        options.add_experimental_option("prefs", settings)
        options.add_experimental_option("perfLoggingPrefs", {"enableNetwork": True, "enablePage": False})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        # The browser's own language, by which fields show dates, is English whatever the machine speaks.
        service = Service("/usr/bin/chromedriver", env={**os.environ, "LANGUAGE": "en_US"})
        self.driver = webdriver.Chrome(options=options, service=service)
        self.driver.set_page_load_timeout(LIMIT)
        self._width = ""
        self.width("desktop")
        self._seat = Seat()
        self._plug_in()
        self._sheets: dict[str, str] = {}

    def _plug_in(self) -> None:
        """Plugs in an authenticator that verifies its user and keeps passkeys."""
        self.driver.add_virtual_authenticator(VirtualAuthenticatorOptions(
            protocol=VirtualAuthenticatorOptions.Protocol.CTAP2,
            transport=VirtualAuthenticatorOptions.Transport.INTERNAL,
            has_resident_key=True, has_user_verification=True, is_user_verified=True, is_user_consenting=True,
        ))

    def cdp(self, command: str, **arguments: Any) -> Any:
        """Asks the browser itself."""
        return self.driver.execute_cdp_cmd(command, arguments)

    def sit(self, seat: Seat) -> None:
        """Somebody sits down: their cookies and passkeys come, those of whoever sat here go back to their own seat."""
        if seat is self._seat:
            return
        self.open("about:blank")
        self._seat.cookies = self.cdp("Network.getAllCookies")["cookies"]
        self._seat.passkeys = self.driver.get_credentials()
        self.cdp("Network.clearBrowserCookies")
        self.driver.remove_virtual_authenticator()
        self._plug_in()
        for passkey in seat.passkeys:
            self.driver.add_credential(passkey)
        self.cdp("Network.setCookies", cookies=seat.cookies)
        self._seat = seat

    def speak(self, address: str, language: str) -> None:
        """Makes the language of the pages `zh` or `en`."""
        self.cdp("Network.setCookie", name="ward_language", value=language, url=address)

    def width(self, name: str) -> None:
        """Makes the page as wide as a desk's or a telephone's."""
        self._width = name
        self._screen(*WIDTHS[name])

    def _screen(self, wide: int, high: int) -> None:
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            width=wide, height=high, deviceScaleFactor=1, mobile=self._width == "phone",
        )

    def open(self, address: str) -> None:
        """Opens a page."""
        self.driver.get(address)

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Waits until something holds; what it gives."""
        return WebDriverWait(self.driver, LIMIT, 0.05, [StaleElementReferenceException]).until(
            lambda _: condition(), f"{what}\n{self.path()}"
        )

    def find(self, css: str) -> WebElement:
        """An element that is there or comes."""
        return self.until(lambda: next(iter(self.all(css)), None), f"no {css}")

    def all(self, css: str) -> list[WebElement]:
        """Elements that are there."""
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def fill(self, name: str, value: str) -> None:
        """Fills in a field of the page by its name."""
        field = self.find(f"[name='{name}']")
        field.clear()
        field.send_keys(value)

    def click(self, css: str) -> None:
        """Presses what changes the page without leaving it."""
        element = self.find(css)
        self._centre(element)
        element.click()

    def press(self, css: str) -> None:
        """Presses a button or a link and waits for the page that comes of it."""
        self._press(self.find(css))

    def follow(self, words: str) -> None:
        """Follows the link of the page's content, or presses the button, that says this."""
        kinds = " | ".join(f"//main//{kind}[contains(normalize-space(), '{words}')]" for kind in ("a", "button"))
        self._press(self.until(lambda: next(iter(self.driver.find_elements(By.XPATH, kinds)), None), f"no {words}"))

    def _press(self, element: WebElement) -> None:
        before = self.page()
        self._centre(element)
        element.click()
        self.gone(before)

    def _centre(self, element: WebElement) -> None:
        """Scrolls something out from under the bars at the edges."""
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)

    def page(self) -> float:
        """Tells a page from any other: when it was begun."""
        return self.driver.execute_script("return performance.timeOrigin")

    def gone(self, before: float) -> None:
        """Waits until a whole other page stands where that one was."""
        whole = "return document.readyState === 'complete' && performance.timeOrigin !== arguments[0]"
        self.until(lambda: self.driver.execute_script(whole, before), "no page came")

    def send(self) -> None:
        """Presses the likeliest button of the page's form."""
        self.press("main form button.btn-primary:not(.visually-hidden)")

    def settled(self) -> None:
        """Waits until no part of the page is being brought up to date."""
        self.until(
            lambda: not self.all(".htmx-request, .htmx-swapping, .htmx-settling"), "the page does not settle"
        )

    def wait(self, words: str) -> None:
        """Waits until the page says this."""
        self.until(lambda: words in self.text(), f"nothing says {words}")

    def text(self) -> str:
        """What the page says."""
        return self.find("body").text

    def path(self) -> str:
        """Path of the page."""
        return re.sub(r"^https?://[^/]+", "", self.driver.current_url)

    def status(self) -> int:
        """Status of the answer that the page came with."""
        return self.driver.execute_script("return performance.getEntriesByType('navigation')[0].responseStatus")

    def download(self, css: str) -> bytes:
        """Presses a link whose file the browser keeps; the file."""
        for old in self.downloads.glob("*"):
            old.unlink()
        self.driver.execute_script("arguments[0].click()", self.find(css))
        return self.until(self._arrived, f"no file came of {css}")[0].read_bytes()

    def _arrived(self) -> list[pathlib.Path]:
        """Files that have come whole: the name is taken by an empty file, and the file itself comes under another."""
        there = list(self.downloads.glob("*"))
        coming = any(one.suffix in (".crdownload", ".tmp") for one in there)
        return [] if coming else [one for one in there if one.stat().st_size > 0]

    def look(self, name: str) -> None:
        """Pictures in both widths, in light and dark; axe's verdict on each; the page kept for later checks."""
        (SHOTS / name).parent.mkdir(parents=True, exist_ok=True)
        if self.status() == 200:
            LOOKED.add(self.path().split("?")[0])
        before = self._width
        self.driver.execute_script(AXE.read_text(encoding="utf-8"))
        wrong = [f"script: {one}" for one in self.complaints()] + [f"asked of {one}" for one in self.outside()]
        for width in WIDTHS:
            self.width(width)
            for colours in ("light", "dark"):
                # Without motion, so that no colour is judged halfway to another.
                self.cdp("Emulation.setEmulatedMedia", features=[
                    {"name": "prefers-color-scheme", "value": colours},
                    {"name": "prefers-reduced-motion", "value": "reduce"},
                ])
                if colours == "light" or width == "desktop":
                    self._picture(f"{name}.{width}.{colours}.png")
                wrong += [f"{width}, {colours}: {one}" for one in self._axe(colours)]
            overflow = self.driver.execute_script(
                "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            if overflow > 0:
                wrong.append(f"{width}: the page is {overflow} pixels too wide")
        self.cdp("Emulation.setEmulatedMedia", features=[])
        self.width(before)
        (SHOTS / f"{name}.html").write_text(self._whole(), encoding="utf-8")
        if wrong:
            raise AssertionError(f"{name} ({self.path()}):\n" + "\n".join(wrong))

    def _whole(self) -> str:
        """The page with Ward's own style sheet in it, so that it can be judged from a file."""
        styles = ""
        for link in self.all("link[rel=stylesheet][href*='/ward.']"):
            href = str(link.get_attribute("href"))
            if href not in self._sheets:
                self._sheets[href] = self.driver.execute_async_script(
                    "const [href, done] = arguments;"
                    "fetch(href).then(answer => answer.text()).then(done, error => done(String(error)))", href
                )
            styles += f"<style>{self._sheets[href]}</style>"
        return self.driver.page_source.replace("</head>", styles + "</head>", 1)

    def _picture(self, name: str) -> None:
        """The whole page, on a screen as high as it is."""
        wide, high = WIDTHS[self._width]
        size = self.cdp("Page.getLayoutMetrics")["cssContentSize"]
        self._screen(wide, min(max(high, size["height"]), TALLEST))
        shot = self.cdp("Page.captureScreenshot", optimizeForSpeed=True)
        self._screen(wide, high)
        (SHOTS / name).write_bytes(base64.b64decode(shot["data"]))

    def shoot(self, name: str) -> None:
        """A small picture of what the screen shows, for the manual."""
        (SHOTS / name).parent.mkdir(parents=True, exist_ok=True)
        wide, _ = WIDTHS[self._width]
        seen = {"x": 0, "y": 0, "width": wide, "height": 900, "scale": 0.7}
        shot = self.cdp("Page.captureScreenshot", format="webp", quality=60, clip=seen)
        (SHOTS / name).write_bytes(base64.b64decode(shot["data"]))

    def _axe(self, colours: str) -> list[str]:
        """Violations of WCAG 2.1 A and AA that axe-core finds in the page."""
        only: dict[str, Any] = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
        if colours == "dark":
            only = {"type": "rule", "values": OF_COLOURS}
        found = self.driver.execute_async_script(
            "const [only, done] = arguments;"
            "axe.run(document, {runOnly: only, resultTypes: ['violations']})"
            ".then(done, error => done({error: String(error)}))", only
        )
        if "error" in found:
            raise AssertionError(found["error"])
        return [
            f"{one['id']}: {one['help']}: {', '.join(' '.join(node['target'][0:1]) for node in one['nodes'][:4])}"
            for one in found["violations"]
        ]

    def outside(self) -> list[str]:
        """Addresses of other hosts that the browser asked for since last asked."""
        asked = []
        for line in self.driver.get_log("performance"):
            message = json.loads(line["message"])["message"]
            if message["method"] != "Network.requestWillBeSent":
                continue
            url = message["params"]["request"]["url"]
            if not re.match(r"^(https?://(localhost|127\.0\.0\.1)(:|/)|data:|blob:|chrome:|about:)", url):
                asked.append(url)
        return asked

    def weight(self, address: str) -> int:
        """Bytes over the wire of a page with all that it loads, by a browser that has kept nothing."""
        self.cdp("Network.clearBrowserCache")
        self.open("about:blank")
        self.driver.get_log("performance")
        self.open(address)
        messages = [json.loads(line["message"])["message"] for line in self.driver.get_log("performance")]
        counts: dict[str, int] = {}
        for message in messages:
            # What has ended is told as a whole, heads among it; what has not (events) in parts.
            if message["method"] in ("Network.dataReceived", "Network.loadingFinished"):
                request, count = message["params"]["requestId"], message["params"]["encodedDataLength"]
                whole = message["method"] == "Network.loadingFinished"
                counts[request] = count if whole else counts.get(request, 0) + count
        return sum(counts.values())

    def complaints(self) -> list[str]:
        """What the browser's console complained of since last asked: scripts that failed, what policy forbade.

        That a page (an address without a dot) came with a refusal is no complaint.
        """
        refusal = re.compile(r"^\S+/[^/.\s]* - Failed to load resource: \D* 4\d\d ")
        lines = [line["message"] for line in self.driver.get_log("browser") if line["level"] == "SEVERE"]
        return [line for line in lines if not refusal.match(line)]

    def close(self) -> None:
        """Ends it."""
        self.driver.quit()
        self._profile.cleanup()
