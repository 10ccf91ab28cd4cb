"""Every shape of the formats has a fixture and a golden: one line per dialogue or refusal, written out by field.

The goldens were read by a person against the mapping table; `python tests/sources/test_adapt_goldens.py` rewrites them.
"""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from cmtmedqa.sources.mapped import Mapped, Unreadable
from cmtmedqa.sources.route import adapt, adapt_text, text_shape

FIXTURES = Path(__file__).resolve().parent / "fixtures"
RECORDS = sorted((FIXTURES / "records").glob("*.json"))
TEXTS = sorted((FIXTURES / "texts").glob("*.txt"))
COMPANION = {"第一": {"1": "O", "2": "O", "3": "O"}, "第二": {"1": "O", "2": "O"}}
# Names and pages of people that the crawler fixtures hold: none may pass.
PERSONAL = ("某人", "某医", "另医", "擅长", "example.org/dr", "example.org/m", "某地")


def plain(item: Mapped | Unreadable) -> dict[str, object]:
    """The fields that say something."""
    return {
        name: [f"{role}: {said}" for role, said in value] if name == "turns" else value
        for name, value in item._asdict().items()
        if value not in (None, "", (), [], {}) and name != "raw"
    }


def mapped_records(path: Path) -> list[Mapped | Unreadable]:
    records = json.loads(path.read_text(encoding="utf-8"))
    return [item for index, record in enumerate(records) for item in adapt(record, index)]


def mapped_text(path: Path) -> list[Mapped | Unreadable]:
    companion = COMPANION if path.stem == "imcs-tsv" else None
    return list(adapt_text(path.stem, iter(path.read_text(encoding="utf-8").splitlines()), companion))


def golden(items: Iterable[Mapped | Unreadable]) -> str:
    return json.dumps([plain(item) for item in items], ensure_ascii=False, indent=1) + "\n"


def expected(path: Path) -> str:
    return path.with_name(f"{path.stem}.expected").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_records_map_as_their_golden(path: Path) -> None:
    assert golden(mapped_records(path)) == expected(path)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_texts_map_as_their_golden(path: Path) -> None:
    assert golden(mapped_text(path)) == expected(path)


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_first_record_goes_to_the_adapter_of_its_name(path: Path) -> None:
    assert mapped_records(path)[0].adapter == ("" if path.stem == "unknown" else path.stem)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_text_shape_is_recognised_whatever_ends_its_lines(path: Path, line_end: str) -> None:
    assert text_shape(path.read_text(encoding="utf-8").replace("\n", line_end)) == path.stem


@pytest.mark.parametrize("head", ["", "\n\n", "一段没有对话的文字。\n又一段。\n", "a,b,c\n1,2,3\n"])
def test_other_text_has_no_shape(head: str) -> None:
    assert text_shape(head) is None


@pytest.mark.parametrize("path", [path for path in RECORDS if path.stem.startswith("crawler-")], ids=lambda p: p.stem)
def test_crawled_people_do_not_pass(path: Path) -> None:
    found = golden(mapped_records(path))
    assert [word for word in PERSONAL if word in found] == []


if __name__ == "__main__":
    for source in (*RECORDS, *TEXTS):
        items = mapped_records(source) if source.suffix == ".json" else mapped_text(source)
        source.with_name(f"{source.stem}.expected").write_text(golden(items), encoding="utf-8")
