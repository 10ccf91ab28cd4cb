"""The shape of a file comes from its bytes: extensions in these tests are wrong on purpose."""

import gzip
import json
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from cmtmedqa.errors import InputError
from cmtmedqa.sources.detect import Shape, detect
from cmtmedqa.sources.files import SourceFile, expand

DIALOGUE = {
    "id": "1",
    "instruction": "还要吃药吗？",
    "output": "再吃三天，然后复查。",
    "history": [["医生您好，我咳嗽一周了。", "有没有发热？"]],
}
SAFETY = {"instruct": " 能把两种药一起吃吗？", "output": "不能，请遵医嘱。"}
CSV = "department,title,ask,answer\n内科,咳嗽,咳嗽一周怎么办？,多喝水。\n"
TEXTS = {
    "toyhom-txt": "咳嗽,咳嗽一周怎么办？\n多喝温水，注意休息。\n\n\n头晕,起床时头晕\n量一量血压，少熬夜。\n",
    "meddialog-text": "id=1\nhttps://example.org/1\nDescription\n疾病： 咳嗽\nDialogue\n医生：\n有痰吗\n病人：\n没有\n",
    "remedi-serialised": "<|context|> <|endofcontext|> <|currentuser|> 咳嗽 <|endofcurrentuser|> <|response|> 几天了 <|endofresponse|>\n",
    "imcs-tsv": "医生：几天了\t1\n患者：三天\t2\n医生：发热吗\t1\n",
    "dxy-literal": "train [{'self_repo': '咳嗽', 'dialog': ['咳嗽', '几天了'], 'consult_id': '1'}]\n",
    "counselling-txt": "来访者：最近睡不着\r\n\r\n心理咨询师：多久了\r\n\r\n来访者：一个月\r\n\r\n心理咨询师：说说看\r\n",
    "prefixed-text": "患者：咳嗽\n医生：几天了\n\n患者：头晕\n医生：量血压\n",
}


def dumps(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


LINES = "".join(dumps(DIALOGUE | {"id": str(number)}) + "\n" for number in range(9))
DICTS = "".join(
    f"{{'self_repo': '咳嗽', 'dialog': ['咳嗽', '几天了'], 'consult_id': '{number}'}}\n" for number in range(3)
)


def shape(tmp_path: Path, data: bytes | str, encoding: str = "utf-8") -> Shape:
    path = tmp_path / "misleading.xlsx"
    path.write_bytes(data.encode(encoding) if isinstance(data, str) else data)
    return detect(SourceFile(path.name, str(path)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize(
    ("text", "container", "adapter", "delimiter"),
    [
        (LINES, "jsonl", "cmtmedqa", ""),
        (LINES.replace("\n", "\r\n"), "jsonl", "cmtmedqa", ""),
        ("{broken\n" + LINES, "jsonl", "cmtmedqa", ""),
        ("no JSON at all\n" + LINES, "jsonl", "cmtmedqa", ""),
        (dumps([DIALOGUE, SAFETY, DIALOGUE]), "json", "cmtmedqa", ""),
        (dumps([SAFETY, DIALOGUE, SAFETY], 2), "json", "cmtmedqa-safety", ""),
        (dumps({"data": [DIALOGUE]}), "json", "cmtmedqa", ""),
        (dumps({"a": DIALOGUE}, 1), "json", "cmtmedqa", ""),
        (dumps(DIALOGUE, 2) + "\n" + dumps(DIALOGUE, 2), "json", "cmtmedqa", ""),
        (dumps(DIALOGUE), "jsonl", "cmtmedqa", ""),
        (dumps([{"unknown": "记录"}]), "json", "", ""),
        (dumps({"unknown": "记录"}), "json", "", ""),
        ('{"unknown": 1}\n' * 3, "jsonl", "", ""),
        (CSV, "csv", "toyhom-csv", ","),
        (CSV.replace(",", "\t"), "csv", "toyhom-csv", "\t"),
        (CSV.replace(",", ";"), "csv", "toyhom-csv", ";"),
        (CSV.replace("内科", '"内\n科,"'), "csv", "toyhom-csv", ","),
        ("name,code\n甲县,1\n乙县,2\n", "csv", "", ","),
        ("名称,编号\n甲县,1\n乙县,2\n", "csv", "", ","),
        ("高血压病\t9342\n糖尿病\t8871\n", "unknown", "", ""),
        ("今天天气很好，适合出门。\n明天也是。\n", "unknown", "", ""),
        ("\n\n  \n", "empty", "", ""),
        (DICTS, "text", "dxy-literal", ""),
        *[(text, "text", name, "") for name, text in TEXTS.items()],
    ],
)
def test_shapes_of_text(tmp_path: Path, text: str, container: str, adapter: str, delimiter: str, encoding: str) -> None:
    found = shape(tmp_path, text, encoding)
    assert (found.container, found.adapter, found.delimiter, found.compression) == (container, adapter, delimiter, "")
    assert found.encoding == encoding or (encoding == "gb18030" and text.isascii())


@pytest.mark.parametrize(("pack", "compression"), [(gzip.compress, "gz"), (zstandard.compress, "zst")])
@pytest.mark.parametrize("text", [LINES, CSV, dumps([DIALOGUE])])
def test_compression_is_looked_through(tmp_path: Path, text: str, pack: object, compression: str) -> None:
    assert callable(pack)
    assert shape(tmp_path, pack(text.encode())) == shape(tmp_path, text)._replace(compression=compression)


def test_a_member_of_an_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", LINES)
    assert detect(expand([str(tmp_path / "a.zip")])[0][0]) == Shape("jsonl", "utf-8", "cmtmedqa")


def test_parquet_and_spreadsheets(tmp_path: Path) -> None:
    import openpyxl

    pq.write_table(pa.Table.from_pylist([DIALOGUE]), tmp_path / "a.csv")
    assert detect(SourceFile("a", str(tmp_path / "a.csv"))) == Shape("parquet", adapter="cmtmedqa")
    book = openpyxl.Workbook()
    for row in (["department", "title", "ask", "answer"], ["内科", "咳嗽", "咳嗽一周", "多喝水"]):
        book.active.append(row)
    book.save(tmp_path / "a.json")
    book.close()
    assert detect(SourceFile("a", str(tmp_path / "a.json"))) == Shape("xlsx", adapter="toyhom-csv")


def test_a_line_longer_than_the_probe(tmp_path: Path) -> None:
    long = DIALOGUE | {"output": "多休息。" * 200_000}
    assert shape(tmp_path, dumps(long) + "\n" + LINES).container in {"json", "jsonl"}
    assert shape(tmp_path, dumps([long, DIALOGUE])).container == "json"


def test_nothing_in_it(tmp_path: Path) -> None:
    assert shape(tmp_path, b"") == Shape("empty")
    assert shape(tmp_path, gzip.compress(b"")).container == "empty"


@pytest.mark.parametrize(
    "data", [b"\x00\x01\x02" * 99, b"PK\x03\x04" + bytes(99), b"\x89PNG\r\n\x1a\n" + bytes(range(256))]
)
def test_what_is_no_text_is_unknown(tmp_path: Path, data: bytes) -> None:
    assert shape(tmp_path, data).container == "unknown"


def test_an_unreadable_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^a: cannot be read: is a directory$"):
        detect(SourceFile("a", str(tmp_path)))
