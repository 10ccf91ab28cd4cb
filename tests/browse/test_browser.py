"""The page as a person uses it, in real Chromium: search, read, follow, switch, by keyboard, on a phone, without JavaScript."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

pytestmark = pytest.mark.browser

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def open_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """Starts Chromium; skips, visibly, where there is none or no driver for it."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not binary or not driver:
        pytest.skip("needs Chromium and chromedriver")
    running = []

    def begin(*, language: str = "en", scripts: bool = True) -> Any:
        options = webdriver.ChromeOptions()
        options.binary_location = binary
        profile = tmp_path_factory.mktemp("profile")
        for argument in (
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            f"--user-data-dir={profile}",
        ):
            options.add_argument(argument)
        content = {} if scripts else {"profile.managed_default_content_settings.javascript": 2}
        options.add_experimental_option("prefs", {"intl.accept_languages": language} | content)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
        browser.set_window_size(1366, 900)
        running.append(browser)
        return browser

    yield begin
    for browser in running:
        browser.quit()


@pytest.fixture(scope="module")
def browser(open_browser: Open) -> Any:
    return open_browser()


def _one(browser: Any, css: str) -> Any:
    return browser.find_element("css selector", css)


def _all(browser: Any, css: str) -> list[Any]:
    found: list[Any] = browser.find_elements("css selector", css)
    return found


def _go(browser: Any, act: Callable[[], object]) -> None:
    """Do what leads to another page, and wait until that page is there: elements of the old one are of no use.

    The old page is marked and the mark looked for by script: a driver that is asked about an element while pages change may fail.
    """
    wait = pytest.importorskip("selenium.webdriver.support.ui").WebDriverWait(
        browser, 60, ignored_exceptions=[pytest.importorskip("selenium.common.exceptions").WebDriverException]
    )
    browser.execute_script("window.leftBehind = true")
    act()
    wait.until(
        lambda _: browser.execute_script("return !window.leftBehind && document.readyState === 'complete'"),
        "no other page came",
    )


def _search(browser: Any, text: str) -> None:
    box = _one(browser, "input[name=q]")
    box.clear()
    _go(browser, lambda: box.send_keys(text + "\n"))


def test_search_open_a_record_and_follow_to_the_one_that_stays(browser: Any, demo_server: Any) -> None:
    browser.get(demo_server.url)
    _search(browser, "a0020")
    (found,) = _all(browser, ".results .id")
    assert found.text == "a0020"
    _go(browser, found.click)
    assert "nearly the same" in _one(browser, ".verdict").text
    left, right = _all(browser, ".twins.heads h3")
    assert left.location["x"] < right.location["x"], "the twins stand side by side"
    assert left.location["y"] == right.location["y"]
    assert [mark.text for mark in _all(browser, ".twins mark")] == ["久", "长时间", "大", "烦"]
    _go(browser, _one(browser, "a.winner").click)
    assert _one(browser, "h1").text == "d0020"
    assert "kept" in _one(browser, ".tag").text
    members = [row.text for row in _all(browser, "tbody tr th") if row.text in ("a0020", "d0020 (this record)")]
    assert members == ["d0020 (this record)", "a0020"]
    _go(browser, _one(browser, "a[href$='is=a0020']").click)
    assert _one(browser, "h1").text == "a0020"


def test_the_dialogue_reads_as_a_chat_with_the_word_marked(browser: Any, demo_server: Any) -> None:
    browser.get(f"{demo_server.url}search?q={quote('头痛')}&status=kept")
    _go(browser, _one(browser, ".results .id").click)
    turns = _all(browser, ".chat .turn")
    assert [turn.find_element("css selector", "b").text for turn in turns] == ["Patient", "Doctor"] * (len(turns) // 2)
    assert turns[0].location["x"] < turns[1].location["x"], "patients stand left, doctors right"
    assert {mark.text for mark in _all(browser, ".chat mark")} == {"头痛"}
    _go(browser, _one(browser, "a[rel=next]").click)
    _go(browser, _one(browser, "a[rel=prev]").click)
    _go(browser, browser.find_element("link text", "Back to the results").click)
    assert _one(browser, "input[name=q]").get_attribute("value") == "头痛", "next, back and the results keep the search"


def test_filters_narrow_the_list(browser: Any, demo_server: Any) -> None:
    select = pytest.importorskip("selenium.webdriver.support.ui").Select
    browser.get(demo_server.url)
    select(_one(browser, "select[name=reason]")).select_by_visible_text("filter/min_chars")
    _go(browser, _one(browser, "button").click)
    assert _one(browser, ".count").text == "2 records"
    assert {tag.text for tag in _all(browser, ".tag")} == {"rejected · filter/min_chars"}
    select(_one(browser, "select[name=reason]")).select_by_index(0)
    select(_one(browser, "select[name=department]")).select_by_visible_text("儿科")
    _go(browser, _one(browser, "button").click)
    assert _one(browser, ".count").text == "14 records"


def test_the_switch_changes_the_language_and_keeps_the_place(open_browser: Open, demo_server: Any) -> None:
    browser = open_browser(language="zh-CN,zh")
    browser.get(f"{demo_server.url}search?q={quote('头痛')}")
    assert _one(browser, "h1").text == "搜索"
    _go(browser, _one(browser, "a.language").click)
    assert _one(browser, "h1").text == "Search"
    assert _one(browser, "input[name=q]").get_attribute("value") == "头痛"
    _search(browser, "咳嗽")
    assert _one(browser, "h1").text == "Search", "the choice stays while searching"
    _go(browser, _one(browser, "a.language").click)
    assert _one(browser, "html").get_attribute("lang") == "zh-Hans"


def test_a_script_in_a_dialogue_does_nothing(browser: Any, server: Any) -> None:
    browser.get_log("browser")
    browser.get(f"{server.url}search?q={quote('<script>')}")
    pages = [link.get_attribute("href") for link in _all(browser, ".results .id")]
    assert len(pages) == 2
    for page in (f"{server.url}search?q={quote('<script>')}", *pages):
        browser.get(page)
        assert "<script>" in _one(browser, "main").text
        assert "onerror" in _one(browser, "main").text
        assert browser.title != "owned"
        assert not _all(browser, "script, main img")
    assert browser.get_log("browser") == [], "nothing was even tried that the policy had to stop"


def test_the_warning_stands_out(browser: Any, server: Any) -> None:
    browser.get(f"{server.url}record/3")
    warning = _one(browser, ".warning")
    assert warning.is_displayed()
    assert warning.location["y"] < 120
    red, green, blue = (int(part) for part in warning.value_of_css_property("background-color")[5:].split(",")[:3])
    assert red > 150 > 2 * max(green, blue)


def test_everything_can_be_reached_by_keyboard(browser: Any, demo_server: Any) -> None:
    keys = pytest.importorskip("selenium.webdriver").Keys
    browser.get(demo_server.url)
    focused = browser.switch_to.active_element
    assert focused.get_attribute("name") == "q", "one can type at once"
    _go(browser, lambda: focused.send_keys("a0020", keys.ENTER))
    _one(browser, "body").send_keys(keys.TAB)
    skip = browser.switch_to.active_element
    assert skip.get_attribute("class") == "skip"
    assert skip.is_displayed()
    assert skip.location["x"] >= 0
    skip.send_keys(keys.ENTER)
    for _ in range(12):
        browser.switch_to.active_element.send_keys(keys.TAB)
        if browser.switch_to.active_element.text == "a0020":
            break
    link = browser.switch_to.active_element
    assert link.text == "a0020"
    assert link.value_of_css_property("outline-style") == "solid", "the focus can be seen"
    _go(browser, lambda: link.send_keys(keys.ENTER))
    assert _one(browser, "h1").text == "a0020"


@pytest.mark.parametrize("path", ["", "search?q=%E5%A4%B4", "record/3", "id?is=near21", "record/150", "absent"])
@pytest.mark.parametrize("width", [390, 1366])
def test_no_page_is_wider_than_the_screen(browser: Any, server: Any, path: str, width: int) -> None:
    metrics = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        browser.get(server.url + path)
        page, screen = browser.execute_script(
            "const d = document.documentElement; return [d.scrollWidth, d.clientWidth]"
        )
        assert page == screen
        wide = [item.tag_name for item in _all(browser, "main *") if item.rect["x"] + item.rect["width"] > width + 1]
        assert not [name for name in wide if name not in ("table", "thead", "tbody", "tr", "th", "td", "a")]
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_it_works_without_javascript(open_browser: Open, demo_server: Any) -> None:
    browser = open_browser(scripts=False)
    browser.get("data:text/html,<title>off</title><script>document.title='on'</script>")
    assert browser.title == "off"
    browser.get(demo_server.url)
    _search(browser, "a0020")
    _go(browser, _one(browser, ".results .id").click)
    _go(browser, _one(browser, "a.winner").click)
    assert _one(browser, "h1").text == "d0020"


def test_the_page_asks_nobody_else_for_anything(browser: Any, demo_server: Any, tmp_path: Path) -> None:
    browser.get(demo_server.url)
    names = browser.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert names
    assert all(name.startswith(demo_server.url) for name in names)
    assert browser.get_cookies() == []
