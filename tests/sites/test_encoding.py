"""The encoding ladder: each rung, and what is lost at the end of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmtmedqa.sites.encoding import decode

PROSE = "孩子发热三天，咳嗽有痰，晚上更明显，请问需要住院吗？" * 3
RARE = "㙍䶮镕堃"


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (PROSE.encode(), "utf-8"),
        (f'<meta charset="gbk">{PROSE}'.encode(), "utf-8"),
        (f'<meta charset="utf-8">{PROSE}{RARE}'.encode("gb18030"), "gb18030"),
        (b"\xef\xbb\xbf" + PROSE.encode(), "utf-8"),
        (b"\xff\xfe" + PROSE.encode("utf-16-le"), "utf-16-le"),
        (b"\xfe\xff" + PROSE.encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_bytes_decide_not_the_declaration(body: bytes, encoding: str) -> None:
    found = decode(body)
    assert found is not None
    assert (found.encoding, found.damaged, found.cut) == (encoding, False, False)
    assert PROSE in found.text


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_an_incomplete_last_character_is_cut(encoding: str) -> None:
    found = decode(PROSE.encode(encoding)[:-1])
    assert found is not None
    assert (found.text, found.encoding, found.cut, found.damaged) == (PROSE[:-1], encoding, True, False)


def test_one_broken_byte_does_not_turn_utf8_into_gb18030() -> None:
    body = PROSE.encode()
    found = decode(body[:30] + b"\xe5" + body[30:])
    assert found is not None
    assert (found.encoding, found.damaged) == ("utf-8", True)
    assert found.text.count("\ufffd") == 1


def test_one_broken_byte_in_gb18030_is_marked() -> None:
    found = decode(PROSE.encode("gb18030") + b"\xff<p>" + PROSE.encode("gb18030"))
    assert found is not None
    assert (found.encoding, found.damaged, found.text.count("\ufffd")) == ("gb18030", True, 1)


def test_a_forced_encoding_is_not_discussed() -> None:
    traditional = "請問發燒三天需要住院嗎" * 5
    assert decode(traditional.encode("big5")) != decode(traditional.encode("big5"), forced="big5")
    found = decode(traditional.encode("big5"), forced="big5")
    assert found is not None
    assert found.text == traditional


def test_what_no_encoding_gives_is_quarantined() -> None:
    assert decode(bytes([0xFF, 0xFE - 0x7E, 0xFF, 0xFF, 0x80, 0xFF] * 50)[1:]) is None


def test_all_declarations_are_reported() -> None:
    body = f'<meta charset="GBK"><meta http-equiv="Content-Type" content="text/html; charset=gb2312">{PROSE}'.encode()
    found = decode(body, "text/html; charset=ISO-8859-1")
    assert found is not None
    assert found.declared == ("iso-8859-1", "gbk", "gb2312")


@given(st.text("孩子发热三天咳嗽有痰晚上更明显请问abc <>，。", min_size=30))
def test_pages_of_either_encoding_come_back(text: str) -> None:
    for encoding in ("utf-8", "gb18030"):
        found = decode(("医生您好，请问" + text).encode(encoding))
        assert found is not None
        assert found.text == "医生您好，请问" + text
