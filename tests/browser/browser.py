"""Debian's Chromium by its driver, with an authenticator in software, and eyes.

`look` takes pictures of a page as it is, in both widths, asks axe-core for violations of WCAG 2.1 A and AA, and keeps the
page for the Taiwanese rules. Pictures and pages lie in SHOTS after the run.
No target of make runs this yet. By hand, in this folder, with `requirements.txt` in a venv and `npm ci` done:
`WARD=/path/of/ward venv/bin/python -m unittest test_city`.
Nothing is asked of any other host: the browser resolves none but this machine's names, and what it tried is a failure.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import tempfile
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support import expected_conditions as until
from selenium.webdriver.support.ui import WebDriverWait

SHOTS = pathlib.Path(os.environ.get("SHOTS", "target/browser"))
AXE = pathlib.Path(os.environ.get("AXE", "node_modules/axe-core/axe.min.js"))
WIDTHS = {"desktop": (1440, 1000), "phone": (390, 844)}
LIMIT = 20


class Browser:
    """One browser with a profile of its own."""

    def __init__(self, language: str = "zh-TW", script: bool = True) -> None:
        self._profile = tempfile.TemporaryDirectory(prefix="ward-chromium-")
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for word in (
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage", "--force-color-profile=srgb", "--hide-scrollbars",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
            f"--user-data-dir={self._profile.name}", f"--lang={language}",
        ):
            options.add_argument(word)
        settings: dict[str, Any] = {"intl.accept_languages": language}
        if not script:
            settings["profile.managed_default_content_settings.javascript"] = 2
        options.add_experimental_option("prefs", settings)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.driver.set_page_load_timeout(LIMIT)
        self.width("desktop")

    def authenticator(self) -> None:
        """Plugs in an authenticator that verifies its user and keeps passkeys."""
        options = VirtualAuthenticatorOptions(
            protocol=VirtualAuthenticatorOptions.Protocol.CTAP2,
            transport=VirtualAuthenticatorOptions.Transport.INTERNAL,
            has_resident_key=True, has_user_verification=True, is_user_verified=True, is_user_consenting=True,
        )
        self.driver.add_virtual_authenticator(options)

    def width(self, name: str) -> None:
        """Makes the page as wide as a desk's or a telephone's."""
        wide, high = WIDTHS[name]
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": wide, "height": high, "deviceScaleFactor": 1, "mobile": name == "phone"},
        )

    def open(self, address: str) -> None:
        """Opens a page."""
        self.driver.get(address)

    def find(self, css: str) -> WebElement:
        """An element that is there or comes."""
        return WebDriverWait(self.driver, LIMIT).until(until.presence_of_element_located((By.CSS_SELECTOR, css)))

    def all(self, css: str) -> list[WebElement]:
        """Elements that are there."""
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def fill(self, name: str, value: str) -> None:
        """Fills in a field of the page by its name."""
        field = self.find(f"[name='{name}']")
        field.clear()
        field.send_keys(value)

    def press(self, css: str) -> None:
        """Presses a button or a link and waits for the page that comes of it."""
        element = self.find(css)
        before = self.driver.find_element(By.TAG_NAME, "html")
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()
        WebDriverWait(self.driver, LIMIT).until(until.staleness_of(before))
        self.find("body")

    def send(self) -> None:
        """Presses the likeliest button of the page's form."""
        self.press("main form button.btn-primary")

    def wait(self, words: str) -> None:
        """Waits until the page says this."""
        WebDriverWait(self.driver, LIMIT).until(
            until.text_to_be_present_in_element((By.TAG_NAME, "body"), words)
        )

    def text(self) -> str:
        """What the page says."""
        return self.find("body").text

    def path(self) -> str:
        """Path of the page."""
        return re.sub(r"^https?://[^/]+", "", self.driver.current_url)

    def look(self, name: str) -> None:
        """Pictures in both widths, in light and dark; axe's verdict on each; the page kept for later checks."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        wrong: list[str] = []
        for width in WIDTHS:
            self.width(width)
            for colours in ("light", "dark"):
                # Without motion, so that no colour is judged halfway to another.
                media = [{"name": "prefers-color-scheme", "value": colours},
                         {"name": "prefers-reduced-motion", "value": "reduce"}]
                self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
                if colours == "light" or width == "desktop":
                    self._picture(f"{name}.{width}.{colours}.png")
                wrong += [f"{width}, {colours}: {one}" for one in self.axe()]
                overflow = self.driver.execute_script(
                    "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
                )
                if overflow > 0:
                    wrong.append(f"{width}: the page is {overflow} pixels too wide")
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        self.width("desktop")
        (SHOTS / f"{name}.html").write_text(self._whole(), encoding="utf-8")
        if wrong:
            raise AssertionError(f"{name} ({self.path()}):\n" + "\n".join(wrong))

    def _whole(self) -> str:
        """The page with Ward's own style sheet in it, so that it can be judged from a file."""
        sheets = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "const links = [...document.querySelectorAll('link[rel=stylesheet][href*=\"/ward.\"]')];"
            "Promise.all(links.map(link => fetch(link.href).then(answer => answer.text())))"
            ".then(done, error => done([String(error)]))"
        )
        style = "".join(f"<style>{sheet}</style>" for sheet in sheets)
        return self.driver.page_source.replace("</head>", style + "</head>", 1)

    def status(self) -> int:
        """Status of the answer that the page came with."""
        return self.driver.execute_script("return performance.getEntriesByType('navigation')[0].responseStatus")

    def _picture(self, name: str) -> None:
        import base64

        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
        (SHOTS / name).write_bytes(base64.b64decode(shot["data"]))

    def axe(self) -> list[str]:
        """Violations of WCAG 2.1 A and AA that axe-core finds in the page."""
        self.driver.execute_script(AXE.read_text(encoding="utf-8"))
        found = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "axe.run(document, {runOnly: {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']},"
            " resultTypes: ['violations']}).then(done, error => done({error: String(error)}))"
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

    def complaints(self) -> list[str]:
        """What the browser's console complained of since last asked: scripts that failed, what policy forbade."""
        return [line["message"] for line in self.driver.get_log("browser") if line["level"] == "SEVERE"]

    def close(self) -> None:
        """Ends it."""
        self.driver.quit()
        self._profile.cleanup()
