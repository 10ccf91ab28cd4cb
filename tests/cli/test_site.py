"""`cmtmedqa site` and `cmtmedqa parse` as they are typed."""

import io
import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cmtmedqa.cli.app import app
from cmtmedqa.errors import InputError

PAGES = Path(__file__).resolve().parents[1] / "sites" / "pages"
URL = "http://www.haodf.com/wenda/zhengds_g_4123567890.htm"


def run(*arguments: str | Path) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def test_extract_prints_one_dialogue_a_line() -> None:
    code, out, _ = run("site", "extract", "club.xywy.com", PAGES / "xywy" / "question.html")
    assert code == 0
    assert [len(json.loads(line)["turns"]) for line in out.splitlines()] == [4, 2]


def test_extract_says_why_there_is_none() -> None:
    page = PAGES / "haodf" / "soft-404.html"
    code, out, err = run("site", "extract", "haodf", page, "--url", URL)
    assert (code, out) == (1, "")
    assert err == f"{page}: soft_404: a page of the server that says there is nothing to see\n"


def test_a_page_that_is_not_there() -> None:
    with pytest.raises(InputError, match=r"nowhere\.html: cannot be read: no such file"):
        run("site", "extract", "haodf", "nowhere.html")


def test_a_new_site_from_a_page_to_a_passing_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(PAGES / "haodf" / "stream-gbk.html", tmp_path / "saved.html")
    assert run("site", "new", "mine", "saved.html", "--url", URL)[0] == 0
    text = Path("sites/mine.yaml").read_text(encoding="utf-8")
    assert "div.zzx_yh_stream" in text
    assert "checked_by" in text
    edited = text.replace("when: '.", "when: '.yh_l_huan, .").replace(
        "drop: [.time, .name]", "drop: ['.h_s_time', '.zzx_yh_left']"
    )
    Path("sites/mine.yaml").write_text(edited, encoding="utf-8")
    assert run("site", "test", "mine", "--accept")[0] == 0
    assert run("site", "test", "mine")[:2] == (0, "mine saved.html: as expected\n")
    page = Path("sites/pages/mine/saved.html")
    page.write_bytes(page.read_bytes().replace("核磁".encode("gb18030"), "超声".encode("gb18030")))
    code, out, _ = run("site", "test", "mine")
    assert code == 1
    assert "turns[" in out
    assert "超声" not in out
    assert "mine: page  (sites/mine.yaml)" in run("site", "list")[1]
    with pytest.raises(InputError, match="exists"):
        run("site", "new", "mine", "saved.html")


def test_a_draft_says_how_each_answer_becomes_a_dialogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answer = "<div class=hf><b>医生</b><div class=hfnr>少吃豆类，规律饮食。</div></div>"
    Path("saved.html").write_text(
        "<title>胃胀怎么办_问吧</title><div class=wt><h2>胃胀怎么办</h2><p class=wtms>饭后胃胀两周，晚上睡不好。</p></div>"
        + answer
        + answer.replace("豆类", "甜食"),
        encoding="utf-8",
    )
    run("site", "new", "mine", "saved.html", "--url", "http://example.org/q/5512.htm")
    spec = Path("sites/mine.yaml")
    drafted = spec.read_text(encoding="utf-8")
    head, _, rest = drafted.partition("    # Is it one question")
    shown = [line.replace("    #   ", "    ") for line in rest.splitlines()[1:4]]
    spec.write_text("\n".join([head.rstrip(), *shown, ""]), encoding="utf-8")
    code, out, _ = run("site", "extract", spec, "saved.html", "--url", "http://example.org/q/5512.htm")
    assert code == 0
    told = [[turn["text"] for turn in json.loads(line)["turns"]] for line in out.splitlines()]
    question = "饭后胃胀两周，晚上睡不好。"
    assert told == [[question, "少吃豆类，规律饮食。"], [question, "少吃甜食，规律饮食。"]]
    assert {json.loads(line)["title"] for line in out.splitlines()} == {"胃胀怎么办"}


def test_show_prints_the_file() -> None:
    assert run("site", "show", "120ask.com")[1].startswith("site: 120ask\n")


def test_parse_then_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    monkeypatch.chdir(tmp_path)
    folder = Path("raw/haodf")
    folder.mkdir(parents=True)
    body = (PAGES / "haodf" / "stream-gbk.html").read_bytes()
    with (folder / "haodf-00001.warc.gz").open("wb") as stream:
        writer = WARCWriter(stream, gzip=True)
        headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=gb2312")], "HTTP/1.1")
        writer.write_record(
            writer.create_warc_record(URL, "response", io.BytesIO(body), len(body), http_headers=headers)
        )
    code, _, err = run("parse", "haodf")
    assert code == 0
    assert "parsed/haodf.jsonl: 1 dialogues" in err
    assert run("build", "parse:haodf", "-o", "ds")[0] == 0
    assert "4123567890 is in the dataset." in run("why", "4123567890", "ds")[1]
    with pytest.raises(InputError, match="raw/xywy: no such folder"):
        run("build", "parse:xywy", "-o", "other")
