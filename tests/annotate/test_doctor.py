"""A doctor's whole way in a real browser against a real server: invitation, reading, ranking with a tie, the next task, the end."""

import string
from collections.abc import Iterator
from typing import Any

import pytest

from cmtmedqa.annotate.gold import load as load_gold
from cmtmedqa.annotate.instruction import instruction
from cmtmedqa.annotate.screen import Layout, screen_xml
from cmtmedqa.rubric import load
from tests.annotate.screen_page import PREVIOUS, SKIP, SUBMIT, UPDATE, WARNING, Page, chromium

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]

RUBRIC = load()
EMAIL, PASSWORD = "new.doctor@hospital.example", "invented-password-7"
TITLE = "第一轮 A"


def project(live: Any, k: int = 4, tasks: int = 2, layout: Layout = "cards") -> int:
    """A project with tasks made of gold items, as push sends them."""
    dialogues = [item.set for item in load_gold() if len(item.set.candidates) == min(k, 4)][:tasks]
    data = []
    for number, item in enumerate(dialogues):
        texts = [one.text for one in item.candidates] + ["请到医院就诊。", "不清楚。"]
        roles = {"user": "患者", "assistant": "医生"}
        data.append({
            "cmt_key": f"key-{number}",
            "department": item.department,
            "dialogue": [{"role": roles[one.role], "text": one.content} for one in item.prompt],
            "responses": [{"id": f"r{number}x{i}", "title": f"回答 {'ABCDEF'[i]}", "body": texts[i]} for i in range(k)],
        })  # fmt: skip
    with live.studio() as studio:
        made = studio.create(TITLE, screen_xml(RUBRIC, k, layout), instruction(RUBRIC))
        studio.send(made, "tasks", data)
    return int(made)


def stored(live: Any, number: int) -> list[dict[str, Any]]:
    """The annotations of a project as pull reads them, in the order of the tasks."""
    with live.studio() as studio:
        tasks = [task for page in studio.annotated(number, "project", None) for task in page]
    return [item for task in sorted(tasks, key=lambda task: task["task"]) for item in task["annotations"]]


def values(annotation: dict[str, Any]) -> dict[str, Any]:
    return {item["from_name"]: next(iter(item["value"].values())) for item in annotation["result"]}


@pytest.fixture(scope="module")
def page(live: Any) -> Iterator[Page]:
    """A browser in which a new doctor has signed up through the invitation."""
    with chromium() as driver, live.studio() as studio:
        page = Page(driver, live.url)
        number = project(live, 2, 1)
        driver.get(f"{studio.invite_link()}&next=/projects/{number}/data%3Flabeling%3D1")
        page.one("#signup-form")
        page.picture("invitation")
        assert page.english() == []
        page.type("#email", EMAIL)
        page.type("#password", "short")
        page.click("button[type=submit]")
        assert "至少 8 位" in page.one(".cm-error").text
        page.type("#password", PASSWORD)
        page.click("button[type=submit]")
        page.one(".cm-root")  # the invitation led straight to the first task
        page.picture("instruction")
        assert "评审说明" in page.seen()
        assert page.english((TITLE,)) == []
        yield page


def fill(page: Page, ranks: list[int], stars: list[int]) -> None:
    for answer, (rank, score) in enumerate(zip(ranks, stars, strict=True)):
        page.rank(answer, rank)
        for dimension in range(3):
            page.stars(answer, dimension, score)


def test_a_doctor_ranks_with_a_tie_scores_tags_comments_and_goes_on(page: Page, live: Any) -> None:
    number = project(live)
    page.stream(number)
    assert page.english((TITLE,)) == []
    first = page.number()
    fill(page, [3, 3, 1, 2], [1, 1, 5, 3])
    page.tag(0, "不准确")
    page.tag(0, "不安全")
    page.type("textarea[name=comment]", "A、B 会耽误急救，\n应当先打 120。")
    page.picture("filled")
    assert len(page.all(".lsf-controls button")) == 2  # no menu beside 提交
    page.click(SUBMIT)
    page.next_after(first)
    assert page.english((TITLE,)) == []
    (annotation,) = stored(live, number)
    said = values(annotation)
    assert [said[f"rank_{letter}"] for letter in "abcd"] == [["3"], ["3"], ["1"], ["2"]]
    assert [said[f"safety_{letter}"] for letter in "abcd"] == [1, 1, 5, 3]
    assert {name: said[name] for name in said if name.startswith("issues")} == {"issues_a": ["accuracy", "safety"]}
    assert said["comment"] == ["A、B 会耽误急救，\n应当先打 120。"]
    assert annotation["lead_time"] > 0


def test_a_doctor_goes_back_changes_skips_and_reaches_the_end_in_chinese(page: Page, live: Any) -> None:
    number = project(live)
    page.stream(number)
    first = page.number()
    fill(page, [1, 2, 3, 4], [5, 4, 3, 2])
    page.click(SUBMIT)
    page.next_after(first)
    page.click(PREVIOUS)
    page.until(lambda: page.number() == first and page.chosen(), "first task")
    page.rank(3, 3)
    page.click(UPDATE)
    page.until(lambda: values(stored(live, number)[0])["rank_d"] == ["3"], "change on the server")
    page.stream(number)
    assert page.number() != first
    page.click(SKIP)
    page.one(".ant-result-title")
    page.picture("end")
    assert "这一批已经全部评完，谢谢您！" in page.seen()
    assert page.english((TITLE,)) == []
    assert [item["was_cancelled"] for item in stored(live, number)] == [False, True]


def test_an_incomplete_form_is_kept_back_with_what_is_missing_in_chinese(page: Page, live: Any) -> None:
    number = project(live, tasks=1)
    page.stream(number)
    assert not page.one(SUBMIT).is_enabled()
    missing = []
    for step in (lambda: page.rank(0, 1), lambda: [page.stars(0, d, 5) for d in range(3)], lambda: page.rank(1, 1)):
        step()
        page.click(SUBMIT)
        missing.append(page.one(f"{WARNING} .ant-modal-confirm-content").text)
        page.picture("incomplete")
        assert page.english((TITLE,)) == []
        assert {"还没有填完", "知道了"} <= set(page.seen())
        page.click(f"{WARNING} button")
        page.until(lambda: not page.all(WARNING), "end of the warning")
    assert missing == [
        "请给「回答 A」打安全性分（1–5 星）",
        "请给「回答 B」选名次（1 最好，可以并列）",
        "请给「回答 B」打安全性分（1–5 星）",
    ]
    assert stored(live, number) == []


def test_keys_pressed_by_chance_change_nothing(page: Page, live: Any) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    page.stream(project(live, tasks=1))
    number = page.number()
    for key in string.ascii_lowercase + string.digits + "`-=[];',./":
        ActionChains(page.driver).send_keys(key).perform()
    assert page.chosen() == []
    assert page.number() == number
    assert not page.one(SUBMIT).is_enabled()


def test_a_task_can_be_done_with_the_keyboard_alone(page: Page, live: Any) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    number = project(live, k=2, tasks=1)
    page.stream(number)
    place = """const item = document.activeElement, card = item.closest('.cm-card');
      return card ? [[...document.querySelectorAll('.cm-card')].indexOf(card), item.type || item.getAttribute('role'),
        item.name || item.getAttribute('aria-posinset')].join(' ') : ''"""
    wanted = {"0 radio rank_a 1": " ", "1 radio rank_b 2": " "}
    done: set[str] = set()
    for step in range(160):
        ActionChains(page.driver).send_keys(Keys.TAB).perform()
        if page.driver.switch_to.active_element.get_attribute("data-testid") == "bottombar-submit-button":
            break
        where = page.driver.execute_script(place)
        star = page.driver.execute_script("return !!document.activeElement.closest('.ant-rate-star')")
        key = (Keys.ENTER if where.endswith(" 4") else "") if star else wanted.get(where, "")
        if key and (star or where not in done):  # a new rank takes the focus anew
            ActionChains(page.driver).send_keys(key).perform()
            done.add(f"{where} at {step}" if star else where)
    assert len(done) == 2 + 6
    ActionChains(page.driver).send_keys(" ").perform()  # Label Studio keeps Enter for itself
    page.until(lambda: stored(live, number), "annotation on the server")
    said = values(stored(live, number)[0])
    assert (said["rank_a"], said["rank_b"]) == (["1"], ["2"])
    assert {said[name] for name in said if name[:-2] in RUBRIC.dimension_ids} == {4}


@pytest.mark.parametrize(("width", "height", "columns"), [(1366, 768, 2), (1600, 1000, 2), (1000, 768, 1)])
def test_the_screen_fits(width: int, height: int, columns: int, page: Page, live: Any) -> None:
    page.size(width, height)
    try:
        page.stream(project(live, tasks=1))
        page.picture(f"cards-4-{width}x{height}")
        cards = page.all(".cm-card")[:4]
        assert len({card.rect["x"] for card in cards}) == columns
        assert page.driver.execute_script("return document.documentElement.scrollWidth") <= width
        inputs = page.all(".cm-head .ant-radio, .ant-rate [role=radio], .cm-issues .ant-checkbox")
        assert len(inputs) == 4 * (4 + 15 + 9)
        if (width, height) == (1600, 1000):
            assert all(page.reached(item) for item in inputs)
        for item in inputs[::7]:  # each can be brought into view, and then nothing lies over it
            page.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", item)
            assert page.reached(item)
        page.driver.execute_script("arguments[0].scrollIntoView()", page.all("textarea[name=comment]")[0])
        assert page.reached(page.one(".cm-left h3"))  # the dialogue stays
        for card in cards:
            tags, rates = (
                card.find_elements("css selector", ".cm-issues label"),
                card.find_elements("css selector", ".ant-rate"),
            )
            rows = [abs(tags[3 * row].rect["y"] - rates[row].rect["y"]) for row in range(3)]
            assert max(rows) < 15  # each dimension's tags stand beside its stars
    finally:
        page.size(1366, 768)


@pytest.mark.parametrize(
    ("layout", "k"), [("cards", 2), ("cards", 3), ("cards", 5), ("cards", 6), ("board", 3), ("pairwise", 2)]
)
def test_every_other_screen_opens_in_chinese(layout: Layout, k: int, page: Page, live: Any) -> None:
    page.stream(project(live, k, 1, layout))
    page.picture(f"{layout}-{k}")
    assert page.english((TITLE,)) == []
    assert {"提交", "跳过", "评审说明"} <= set(page.seen())


def test_outside_the_work_a_doctor_finds_the_way_back_and_out(page: Page, live: Any) -> None:
    for place in ("/", "/projects/", f"/projects/{project(live, 2, 1)}/data"):
        page.driver.get(live.url + place)
        assert "请打开项目负责人发给您的评审链接" in page.one(".cm-lost-page").text
        page.until(lambda: not page.all(".app-wrapper"), "hidden application")
        assert page.english() == []


def test_logging_in_again_is_chinese_and_leads_to_the_work(page: Page, live: Any) -> None:
    number = project(live, 2, 1)
    page.driver.get("about:blank")  # an answer under way would bring the old session back
    page.driver.get(f"{live.url}/logout")
    page.one("#login-form")
    page.driver.get(f"{live.url}/projects/{number}/data?labeling=1")
    page.type("#email", EMAIL)
    page.type("#password", "wrong-password")
    page.click("button[type=submit]")
    assert "邮箱或密码不对" in page.one(".cm-error").text
    assert page.english((EMAIL,)) == []
    page.type("#email", EMAIL)
    page.type("#password", PASSWORD)
    page.click("button[type=submit]")
    page.one(".cm-root")
    assert f"/projects/{number}/" in page.driver.current_url


def test_the_administrator_s_pages_stay_label_studio_s_own(live: Any) -> None:
    admin = live.home.admin()
    with chromium() as driver:
        page = Page(driver, live.url)
        driver.get(f"{live.url}/user/login/?next=/projects/")
        page.type("#email", admin.email)
        page.type("#password", admin.password)
        page.click("button[type=submit]")
        page.until(lambda: "Projects" in page.seen(), "list of projects")
        assert page.all(".cm-lost-page") == []
        assert page.foreign_requests() == []


def test_nothing_was_asked_of_another_computer(page: Page) -> None:
    assert page.foreign_requests() == []
