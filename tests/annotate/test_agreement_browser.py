"""The report of agreement in a real browser, from a file: nothing runs, nothing is fetched, nothing sticks out, in both languages."""

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from cmtmedqa.annotate.agreement import agreement
from cmtmedqa.annotate.agreement_page import draw
from cmtmedqa.annotate.agreement_table import Chance
from cmtmedqa.annotate.judged import sort_out
from tests.annotate.simulated import EXPERTS, RUBRIC, Expert, first_round, make_sets

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHROMIUM, DRIVER = shutil.which("chromium") or shutil.which("chromium-browser"), shutil.which("chromedriver")
_BAD = "<script>window.ran='comment'</script><img src=x onerror=\"window.ran='img'\">" + "很长的备注" * 30

_OVERFLOW = """
const wide = document.documentElement.clientWidth;
return [...document.body.querySelectorAll('*')].filter((item) => {
  const box = item.getBoundingClientRect();
  return box.width && box.right > wide + 1 && !item.closest('.scroll, .sections');
}).map((item) => item.tagName + '.' + item.className);
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    experts = [*EXPERTS, Expert("expert-with-a-rather-long-name-" + "x" * 40), Expert("<b>random</b>", noise=50)]
    sets = make_sets(60, sizes=(4, 3, 6))
    found = [
        one.model_copy(update={"comment": _BAD if number % 9 == 0 else one.comment})
        for number, one in enumerate(first_round(sets, experts))
    ]
    by_id = {item.id: item for item in sets}
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(
        draw(agreement(sort_out(found, RUBRIC, by_id), RUBRIC, by_id, chance=Chance(1, 200)), RUBRIC), encoding="utf-8"
    )
    return path.as_uri()


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


def _show(browser: Any, url: str, width: int) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 800},
    )
    browser.get("about:blank")
    browser.get_log("performance")
    browser.get(url)


def test_nothing_runs_and_nothing_is_fetched(browser: Any, page: str) -> None:
    _show(browser, page, 1366)
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    assert {url for url in asked if not url.startswith("data:")} == {page}
    assert browser.get_log("browser") == []
    assert browser.execute_script("return window.ran === undefined")
    assert _BAD in browser.execute_script("return document.body.textContent")


@pytest.mark.parametrize("width", [390, 1366])
@pytest.mark.parametrize(("language", "title"), [("en", "Agreement of experts"), ("zh", "专家一致性报告")])
def test_both_languages_fit_a_phone_and_a_desk(browser: Any, page: str, width: int, language: str, title: str) -> None:
    _show(browser, f"{page}#{language}", width)
    assert browser.execute_script("return document.querySelector('h1').innerText") == title
    assert browser.execute_script(_OVERFLOW) == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    text = browser.execute_script("return document.querySelector('main').innerText")
    assert ("in dispute" in text, "有分歧" in text) == (language == "en", language == "zh")
    assert "expert-01" in text


def test_every_picture_has_a_dot_on_its_axis(browser: Any, page: str) -> None:
    _show(browser, page, 1366)
    outside = """return [...document.querySelectorAll('svg.dots circle')].filter((dot) => {
      const box = dot.getBoundingClientRect(), axis = dot.closest('svg').getBoundingClientRect();
      return box.left < axis.left || box.right > axis.right || !box.width;
    }).length"""
    assert browser.execute_script("return document.querySelectorAll('svg.dots circle').length") > 10
    assert browser.execute_script(outside) == 0
