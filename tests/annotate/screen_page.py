"""The labelling screen in Chromium, handled as a doctor would: what is visible, what can be clicked, what is typed."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

CHROMIUM, DRIVER = shutil.which("chromium") or shutil.which("chromium-browser"), shutil.which("chromedriver")
SUBMIT, UPDATE, SKIP = (f"[data-testid='bottombar-{name}-button']" for name in ("submit", "update", "skip"))
PREVIOUS = "[data-testid='prev-task']"
WARNING = ".ant-modal-confirm-warning"

_EXPLAINED = re.compile("（[A-Za-z ]+）")

# Every text that can be seen: of elements, of what CSS puts behind them, and of empty fields.
_SEEN = """
const out = [];
const visible = (item) => {
  const box = item.getBoundingClientRect(), style = getComputedStyle(item);
  return box.width > 1 && box.height > 1 && style.visibility !== 'hidden' && +style.opacity > 0;
};
for (const item of document.querySelectorAll('body, body *')) {
  if (!visible(item) || item.closest('script, style, template, .lsf-menu-header__user')) continue;
  if (parseFloat(getComputedStyle(item).fontSize) > 0)
    for (const node of item.childNodes) if (node.nodeType === 3 && node.nodeValue.trim()) out.push(node.nodeValue.trim());
  for (const place of ['::before', '::after']) {
    const style = getComputedStyle(item, place), told = style.content;
    if (told.startsWith('"') && parseFloat(style.fontSize) > 0) out.push(told.slice(1, -1));
  }
  if (item.placeholder) out.push(item.placeholder);
}
return out;
"""
_REACHED = """
const box = arguments[0].getBoundingClientRect();
const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
return !!top && (arguments[0].contains(top) || top.contains(arguments[0]));
"""


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser with an empty profile in English, or a visible skip."""
    if not CHROMIUM or not DRIVER:
        pytest.skip("no chromium and chromedriver on the PATH: apt-get install chromium chromium-driver fonts-noto-cjk")
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "lang=en-US"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


class Page:
    """One tab. Every look waits until what is looked for is there."""

    def __init__(self, driver: Any, url: str) -> None:
        self.driver, self.url = driver, url
        self.size(1366, 768)

    def size(self, width: int, height: int) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def until(self, found: Any, what: str) -> Any:
        from selenium.common.exceptions import StaleElementReferenceException
        from selenium.webdriver.support.ui import WebDriverWait

        waiting = WebDriverWait(self.driver, 60, 0.1, ignored_exceptions=[StaleElementReferenceException])
        return waiting.until(lambda _: found(), f"no {what}")

    def all(self, css: str) -> list[Any]:
        return [item for item in self.driver.find_elements("css selector", css) if item.is_displayed()]

    def one(self, css: str) -> Any:
        return self.until(lambda: (self.all(css) or [None])[0], css)

    def click(self, css: str) -> None:
        from selenium.common.exceptions import ElementClickInterceptedException, ElementNotInteractableException

        def clicked() -> bool:
            try:
                self.one(css).click()
            except (ElementClickInterceptedException, ElementNotInteractableException):
                return False
            return True

        self.until(clicked, f"click on {css}")

    def type(self, css: str, text: str) -> None:
        field = self.one(css)
        field.clear()
        field.send_keys(text)

    def seen(self) -> list[str]:
        return list(self.driver.execute_script(_SEEN))

    def english(self, known: tuple[str, ...] = ()) -> list[str]:
        """Visible texts with an English word, but for one in brackets behind the Chinese, and for what is no word of the server."""
        return [
            text for text in self.seen() if text not in known and re.search("[A-Za-z]{2}", _EXPLAINED.sub("", text))
        ]

    def reached(self, item: Any) -> bool:
        """Whether a click in its middle would meet it: it is in view and nothing covers it."""
        return bool(self.driver.execute_script(_REACHED, item))

    def foreign_requests(self) -> list[str]:
        """Addresses asked for since the last call that are not on this computer."""
        asked = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                asked.append(message["params"]["request"]["url"])
        return [
            url
            for url in asked
            if urlsplit(url).hostname != "127.0.0.1" and not url.startswith(("data:", "blob:", "chrome"))
        ]

    def picture(self, name: str) -> None:
        """Keep a picture of the page for people, in the folder that CMTMEDQA_PICTURES names."""
        if folder := os.environ.get("CMTMEDQA_PICTURES"):
            self.driver.save_screenshot(str(Path(folder) / f"{name}.png"))

    # -- the stream of one project

    def stream(self, project: int) -> None:
        """Open a project as the link in a doctor's letter does, and put the instruction away."""
        self.driver.get(f"{self.url}/projects/{project}/data?labeling=1")
        self.one(".cm-root")
        self.click("[aria-label='Close modal']")
        self.until(lambda: not self.all(".lsf-modal-ls__title"), "end of the instruction")

    def number(self) -> str:
        """The number of the task on the screen."""
        return str(self.one(".lsf-current-task__task-id").text)

    def next_after(self, number: str) -> None:
        self.until(lambda: self.all(".cm-root") and self.number() != number and not self.chosen(), "next task")

    def card(self, answer: int) -> Any:
        return self.until(lambda: self.all(".cm-card")[answer], f"card {answer}")

    def rank(self, answer: int, rank: int) -> None:
        self._press(self.card(answer).find_elements("css selector", ".cm-head input[type=radio]")[rank - 1])

    def stars(self, answer: int, dimension: int, stars: int) -> None:
        rates = self.card(answer).find_elements("css selector", ".ant-rate")
        self._press(rates[dimension].find_elements("css selector", "[role=radio]")[stars - 1])

    def tag(self, answer: int, text: str) -> None:
        labels = self.card(answer).find_elements("css selector", ".cm-issues label")
        self._press(next(label for label in labels if label.text == text))

    def _press(self, item: Any) -> None:
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", item)
        item.click()

    def chosen(self) -> list[str]:
        """What is set on the screen: radios, boxes, full stars."""
        return list(
            self.driver.execute_script(
                "return [...document.querySelectorAll('.cm-root input:checked, .cm-root .ant-rate-star-full')].map(item => item.outerHTML)"
            )
        )
