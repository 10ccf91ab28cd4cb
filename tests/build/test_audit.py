"""`cmtmedqa audit`: positions in the text as it was read, in any shape; no value anywhere in what it says."""

import gzip
import json
import subprocess
from pathlib import Path

import pytest

from tests import command

MOBILE, NAME, DOCTOR = "13912345678", "林若溪", "谌云帆"
VALUES = (MOBILE, NAME, DOCTOR, "li_ming_88", "example.com", "139 1234 5678")


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    done = command.run(*map(str, arguments))
    assert "Traceback" not in done.stderr
    return done


def findings(*arguments: object) -> list[dict[str, object]]:
    done = run("audit", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def write(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


CMTMEDQA = {
    "id": "a1",
    "cate1": "内科",
    "cate2": "",
    "instruction": f"我叫{NAME}，电话１３９１２３４５６７８，\u200b请回电",
    "input": "",
    "output": "好的，请按时服药。",
    "history": [["头疼两天了", f"我是{DOCTOR}医生，哪里疼？"]],
}


def test_offsets_are_those_of_the_text_as_it_was_read(tmp_path):
    found = findings(write(tmp_path / "a.jsonl", CMTMEDQA))
    turns = ["头疼两天了", f"我是{DOCTOR}医生，哪里疼？", CMTMEDQA["instruction"], "好的，请按时服药。"]
    values = [(item["turn"], item["kind"], turns[item["turn"]][item["start"] : item["end"]]) for item in found]
    assert values == [(1, "doctor", f"{DOCTOR}医生"), (2, "name", NAME), (2, "mobile", "１３９１２３４５６７８")]
    assert {(item["file"], item["record"], item["id"], item["field"]) for item in found} == {
        ("a.jsonl", 0, "a1", "turn")
    }
    assert set(found[0]) == {"file", "record", "id", "field", "turn", "start", "end", "kind", "rule"}


def test_a_name_that_a_cue_gave_away_is_reported_wherever_the_dialogue_repeats_it(tmp_path):
    record = {"conversations": [{"from": "human", "value": "我叫谢明"}, {"from": "gpt", "value": "好的谢明请说"}]}
    found = findings(write(tmp_path / "a.jsonl", record))
    assert [(item["turn"], item["start"], item["rule"]) for item in found] == [
        (0, 2, "called"),
        (1, 2, "repeated-name"),
    ]


def test_fields_titles_ids_and_urls_are_looked_at(tmp_path):
    record = CMTMEDQA | {
        "id": MOBILE,
        "instruction": "头疼",
        "history": [],
        "note": {"doctor_name": "张三", "hotline": f"打{MOBILE}", "ask": ["微信li_ming_88"]},
    }
    found = findings(write(tmp_path / "a.jsonl", record))
    assert [(item["field"], item["kind"], item["start"], item["end"]) for item in found] == [
        ("id", "mobile", 0, 11),
        ("extra.note.doctor_name", "doctor", 0, 2),
        ("extra.note.hotline", "mobile", 1, 12),
        ("extra.note.ask[0]", "wechat", 2, 12),
    ]
    assert {item["id"] for item in found} == {"[电话1]"}


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("unknown.jsonl", f'{{"memo": "打{MOBILE}"}}\n' * 3, ("memo", None, 1, 12)),
        ("table.csv", f"who,what,when\n我叫{NAME},x,1\n李,y,2\n", ("who", None, 2, 5)),
        ("prose.txt", f"今天去看病。\n回电{MOBILE}\n", ("raw", None, 2, 13)),
        ("broken.jsonl", '{"memo": "x"}\n' * 3 + f'{{"memo": "打{MOBILE}\n', ("raw", None, 11, 22)),
        ("gb.txt", f"患者：我叫{NAME}\n医生：好的\n".encode("gb18030"), ("turn", 0, 2, 5)),
    ],
)
def test_no_shape_hides_anything(tmp_path, name, content, place):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = findings(path)
    assert place in {(item["field"], item["turn"], item["start"], item["end"]) for item in found}


def warc_of(*pages: tuple[str, bytes, str]) -> bytes:
    """A compressed WARC file of one response a page: address, body, content type."""
    members = []
    for url, body, kind in pages:
        http = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n".encode() + body
        head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nContent-Type: application/http; msgtype=response\r\n"
        members.append(gzip.compress(f"{head}Content-Length: {len(http)}\r\n\r\n".encode() + http + b"\r\n\r\n"))
    return b"".join(members)


def test_a_warc_file_is_looked_at_page_by_page(tmp_path):
    pytest.importorskip("fastwarc")
    page = f"<html><body><b>患者</b>：我叫<i>{NAME}</i>，打<span>139</span><span>12345678</span><script>'{MOBILE}'</script></body></html>"
    api = json.dumps({"reply": {"doctor_name": DOCTOR}})
    content = warc_of(
        ("x:1", b"<html><body>ok</body></html>", "text/html"),
        ("x:2", page.encode("gb18030"), "text/html"),
        ("x:3", api.encode(), "application/json"),
    )
    (tmp_path / "a.warc.gz").write_bytes(content)
    places = [(found["record"], found["field"], found["start"], found["end"]) for found in findings(tmp_path)]
    assert places == [(1, "text", 5, 8), (1, "text", 10, 21), (1, "source", 1, 12), (2, "reply.doctor_name", 0, 3)]
    (tmp_path / "a.warc.gz").write_bytes(content[:-150])
    done = run("audit", tmp_path)
    assert done.returncode == 3
    assert "NOT READ, or not to the end: a.warc.gz: truncated" in done.stdout


def test_a_half_surrogate_moves_no_offset(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"conversations": [{"from": "human", "value": "\\ud83d打13912345678"}, {"from": "gpt", "value": "好"}]}\n'
    )
    assert [(item["start"], item["end"]) for item in findings(path)] == [(2, 13)]


def test_only_the_classes_asked_for_and_their_neighbours_still_masked(tmp_path):
    path = write(tmp_path / "a.jsonl", CMTMEDQA)
    found = findings(path, "--kinds", "mobile", "--show-masked")
    assert [item["kind"] for item in found] == ["mobile"]
    assert found[0]["masked"] == "我叫■■■，电话■■■，\u200b请回电"


def test_no_output_holds_a_value(tmp_path):
    path = write(tmp_path / "a.jsonl", CMTMEDQA, CMTMEDQA | {"id": MOBILE, "url": "http://example.com/139"})
    page = tmp_path / "r.html"
    for arguments in ([], ["--json"], ["--show-masked"], ["--json", "--show-masked", "-o", page]):
        done = run("audit", path, *arguments)
        said = done.stdout + done.stderr + (page.read_text(encoding="utf-8") if page.exists() else "")
        assert done.returncode == 0
        assert not [value for value in VALUES if value in said]


def test_the_table_and_the_positions(tmp_path):
    done = run("audit", write(tmp_path / "a.jsonl", CMTMEDQA), "--positions", "1")
    assert "3 findings in 1 of 1 records" in done.stdout
    assert "a.jsonl, record 0 (a1), turn 1, 2-7: doctor [doctor]" in done.stdout
    assert "... 2 more; --json lists all" in done.stdout


@pytest.mark.parametrize(("limit", "code"), [("0", 1), ("10000", 0)])
def test_the_exit_code_tells_whether_the_limit_is_kept(tmp_path, limit, code):
    path = write(tmp_path / "a.jsonl", CMTMEDQA)
    assert run("audit", path, "--max-per-10k", limit).returncode == code
    assert run("audit", path, "--fail-above", limit, "--json").returncode == code


def test_a_clean_corpus_is_within_a_limit_of_nothing(tmp_path):
    clean = CMTMEDQA | {"instruction": "头疼三天", "history": []}
    assert run("audit", write(tmp_path / "a.jsonl", clean), "--max-per-10k", "0").returncode == 0


def test_the_page_escapes_what_comes_from_the_corpus(tmp_path):
    record = CMTMEDQA | {"id": "<script>alert(1)</script>", "instruction": f"<b>打</b>{MOBILE}"}
    page = tmp_path / "r.html"
    run("audit", write(tmp_path / "a.jsonl", record), "-o", page, "--show-masked")
    text = page.read_text(encoding="utf-8")
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "&lt;b&gt;打&lt;/b&gt;■■■" in text
    assert "http" not in text


@pytest.mark.parametrize("settings", [[], ["--no-deidentify"]])
def test_a_dataset_is_audited_with_what_it_rejected(tmp_path, settings):
    rejected = {"conversations": [{"from": "human", "value": f"打{MOBILE}"}]}
    unknown = {"memo": [f"打{MOBILE}"], "doctor_name": "张三"}
    source = write(tmp_path / "a.jsonl", CMTMEDQA | {"note": {"doctor_name": "张三"}}, rejected, unknown)
    out = tmp_path / "out"
    assert run("build", source, "-o", out, *settings).returncode == 0
    found = findings(out)
    if settings:
        kinds = {(str(item["file"]).partition("/")[0], item["kind"]) for item in found}
        assert {("data", "mobile"), ("data", "doctor"), ("rejected", "mobile"), ("rejected", "doctor")} <= kinds
    else:
        assert found == []


def test_unknown_classes_are_refused_in_one_line(tmp_path):
    done = run("audit", write(tmp_path / "a.jsonl", CMTMEDQA), "--kinds", "mobil")
    assert done.returncode == 2
    assert "--kinds: no class 'mobil'; there are: id_card" in done.stderr


def test_a_folder_that_datasets_saved_is_read_without_being_told(tmp_path):
    datasets = pytest.importorskip("datasets")
    rows = [{"instruction": "我手机13812345678", "output": "好"}, {"instruction": "头疼", "output": "多喝水"}]
    datasets.Dataset.from_list(rows).save_to_disk(tmp_path / "saved")
    [found] = findings(tmp_path / "saved")
    assert (found["record"], found["turn"], found["start"], found["end"]) == (0, 0, 3, 14)


def test_nothing_that_can_be_read_is_a_failure(tmp_path):
    (tmp_path / "scan.pdf").write_bytes(b"%PDF\0")
    (tmp_path / "logo.png").write_bytes(b"PNG\0")
    done = run("audit", tmp_path)
    assert done.returncode == 2
    assert "passed over: logo.png" in done.stdout
    assert "scan.pdf: no known shape and no text" in done.stdout
    (tmp_path / "empty.jsonl").touch()
    done = run("audit", tmp_path / "empty.jsonl")
    assert (done.returncode, done.stderr.splitlines()[-1][-31:]) == (2, "jsonl: holds no text to look at")


def test_what_cannot_be_read_is_named(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(json.dumps(CMTMEDQA).encode())[:-12])
    (tmp_path / "scan.dat").write_bytes(bytes(range(256)) * 8)
    write(tmp_path / "a.jsonl", {"id": "1", "instruction": "头疼", "output": "多喝水"})
    done = run("audit", tmp_path)
    assert done.returncode == 3
    for line in ("scan.dat: no known shape and no text", "link: is a broken link", "cut.jsonl.gz: truncated_gz"):
        assert f"NOT READ, or not to the end: {line}" in done.stdout
