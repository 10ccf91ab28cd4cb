"""report.html in a real browser, from a file, as a person opens it: nothing runs, nothing is fetched, nothing sticks out."""

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.build.page_corpus import hostile

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHROMIUM, DRIVER = shutil.which("chromium") or shutil.which("chromium-browser"), shutil.which("chromedriver")
WIDTHS = (390, 1366)

_OVERFLOW = """
const wide = document.documentElement.clientWidth, out = [];
for (const item of document.body.querySelectorAll('*')) {
  const box = item.getBoundingClientRect();
  if (box.width && box.right > wide + 1 && !item.closest('.scroll, .sections')) out.push(item.tagName + '.' + item.className);
}
return [document.documentElement.scrollWidth, wide, out];
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    return (hostile(tmp_path_factory.mktemp("browser")) / "report.html").as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM or not DRIVER:
        pytest.skip("no chromium and chromedriver on the PATH: apt-get install chromium chromium-driver fonts-noto-cjk")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "hide-scrollbars", "lang=en-US"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


def show(browser: Any, url: str, width: int = 1366) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 800},
    )
    browser.get("about:blank")
    browser.get_log("performance")
    browser.get(url)


def shown(browser: Any) -> str:
    text: str = browser.execute_script("return document.querySelector('h2').innerText")
    return text


def test_nothing_runs_and_nothing_is_fetched(browser: Any, page: str) -> None:
    show(browser, page)
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    assert {url for url in asked if not url.startswith("data:")} == {page}
    assert browser.get_log("browser") == []
    assert browser.execute_script("return window.ran === undefined")
    assert "<script>window.ran='title'</script>" in browser.execute_script(
        "return document.querySelector('h1').innerText"
    )


def test_a_planted_script_would_be_stopped_by_the_policy(browser: Any, page: str, tmp_path: Path) -> None:
    html = Path(page.removeprefix("file://")).read_text(encoding="utf-8")
    planted = tmp_path / "planted.html"
    planted.write_text(html.replace("</main>", "<script>window.ran=1</script></main>"), encoding="utf-8")
    show(browser, planted.as_uri())
    assert browser.execute_script("return window.ran === undefined")
    assert "Content Security Policy" in str(browser.get_log("browser"))


def test_the_language_is_chosen_by_link_address_and_click(browser: Any, page: str) -> None:
    english, chinese = "From read to kept", "从读取到保留"
    for address, wanted in (
        ("", english),
        ("#zh", chinese),
        ("#en", english),
        ("?lang=zh", chinese),
        ("?lang=zh#en", english),
    ):
        show(browser, page + address)
        assert shown(browser) == wanted, address
    show(browser, page + "#en")
    browser.execute_script("window.scrollTo(0, 1500)")
    here = "return document.elementFromPoint(150, 300).closest('section').id"
    before = browser.execute_script(here)
    browser.execute_script("document.querySelector('a[data-language=zh]').click()")
    assert shown(browser) == chinese
    assert browser.execute_script("return [document.documentElement.lang, location.hash]") == ["zh-Hans", "#zh"]
    assert browser.execute_script(here) == before, "the reader stays where he was"
    browser.execute_script("document.querySelector('.sections a').click()")
    assert shown(browser) == chinese, "a link to a section keeps the language"


def test_without_scripts_the_language_links_work_too(browser: Any, page: str) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        for address, wanted in (("", "From read to kept"), ("#zh", "从读取到保留")):
            show(browser, page + address)
            browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
            assert shown(browser) == wanted
            browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_sticks_out(browser: Any, page: str, width: int, language: str) -> None:
    show(browser, f"{page}#{language}", width)
    scrolled, wide, outside = browser.execute_script(_OVERFLOW)
    assert (scrolled, outside) == (wide, [])


def test_the_whole_page_is_printed(browser: Any, page: str) -> None:
    show(browser, page)
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": True})
    data = base64.b64decode(printed["data"])
    assert data.startswith(b"%PDF")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    hidden = browser.execute_script(
        "return [...document.querySelectorAll('section, .scroll')].filter(item => !item.getClientRects().length"
        " || item.scrollHeight > item.clientHeight + 1 && getComputedStyle(item).overflowY !== 'visible')"
        ".map(item => item.id || item.className)"
    )
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert hidden == []
