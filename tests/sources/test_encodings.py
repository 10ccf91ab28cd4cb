"""The encoding ladder, lines of either encoding in one file, and what no encoding can give."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmtmedqa.sources.encodings import MARK, decode_line, decode_lines, decode_pieces, probe

SENTENCE = "患者：最近总是咳嗽，夜里更明显，需要做检查吗？"
chinese = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=40)
lines_of_text = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n" + MARK), max_size=20), min_size=1
)


def blocks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (SENTENCE.encode("utf-8-sig"), "utf-8-sig"),
        (SENTENCE.encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + SENTENCE.encode("utf-16-be"), "utf-16"),
        (SENTENCE.encode(), "utf-8"),
        (SENTENCE.encode()[:-1], "utf-8"),  # a head may end inside a character
        (b"ascii only", "utf-8"),
        (SENTENCE.encode("gb18030"), "gb18030"),
        (SENTENCE.encode("gb18030")[:-1], "gb18030"),
        (b"", "utf-8"),
    ],
)
def test_probe(data: bytes, encoding: str) -> None:
    assert probe(data) == encoding


def test_the_majority_of_lines_is_the_base_of_a_mixed_file() -> None:
    utf8, gb = SENTENCE.encode(), SENTENCE.encode("gb18030")
    assert probe(b"\n".join([gb, utf8, utf8])) == "utf-8"
    assert probe(b"\n".join([gb, gb, utf8])) == "gb18030"


@pytest.mark.parametrize("base", ["utf-8", "gb18030"])
def test_mixed_lines_are_decided_one_by_one(base: str) -> None:
    data = b"\n".join(
        [SENTENCE.encode(), SENTENCE.encode("gb18030"), "头痛三天".encode(), "发热 38.5℃".encode("gb18030")]
    )
    assert list(decode_lines([data], base)) == [SENTENCE, SENTENCE, "头痛三天", "发热 38.5℃"]


def test_the_base_decides_where_both_encodings_fit() -> None:
    both = "目".encode("gb18030")  # valid UTF-8 of two bytes as well
    assert both.decode("utf-8") != "目"
    assert decode_line(both, "gb18030") == "目"
    assert decode_line(both, "utf-8") == both.decode("utf-8")
    assert decode_line("咳嗽😀".encode(), "gb18030") == "咳嗽😀"
    assert decode_line("😀".encode(), "gb18030") == "😀"


def test_a_broken_byte_does_not_turn_a_line_of_utf8_into_another_language() -> None:
    line = SENTENCE.encode()
    half = line[:30] + line[31:]
    text = decode_line(half, "utf-8")
    assert text.startswith(SENTENCE[:9])
    assert text.endswith(SENTENCE[12:])
    assert MARK in text
    assert decode_line("好\ufffd的".encode() + b"\xff", "utf-8") == f"好\ufffd的{MARK}"


def test_a_broken_byte_in_gb18030_is_one_mark() -> None:
    line = SENTENCE.encode("gb18030") + b"\xff"
    assert decode_line(line, "gb18030") == SENTENCE + MARK
    assert decode_line(line, "utf-8") == SENTENCE + MARK


@given(chinese, st.sampled_from(["utf-8", "gb18030"]))
def test_a_line_of_chinese_in_its_own_encoding(text: str, base: str) -> None:
    assert decode_line(text.encode(base), base) == text or base == "gb18030"
    if base == "utf-8":
        assert decode_line(text.encode(), "gb18030") == text


@given(lines_of_text, st.sampled_from(["\n", "\r\n", "\r"]), st.integers(1, 9), st.booleans())
def test_lines_do_not_depend_on_blocks(lines: list[str], end: str, size: int, final: bool) -> None:
    data = (end.join(lines) + (end if final else "")).encode()
    whole = lines if final or lines[-1] else lines[:-1]
    assert list(decode_lines(blocks(data, size), "utf-8")) == whole


@given(lines_of_text, st.sampled_from(["\n", "\r\n", "\r"]), st.integers(1, 9))
def test_utf16_lines_do_not_depend_on_blocks(lines: list[str], end: str, size: int) -> None:
    texts = [line.replace("\ufffd", "") for line in lines]
    data = (end.join(texts) + end).encode("utf-16")
    assert list(decode_lines(blocks(data, size), "utf-16")) == texts


@given(lines_of_text, st.integers(3, 9), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_pieces_join_to_the_text(lines: list[str], size: int, encoding: str) -> None:
    text = '",'.join(lines).replace("\ufffd", "")
    text = text if encoding != "utf-8" else text.lstrip("\ufeff")
    assert "".join(decode_pieces(blocks(text.encode(encoding), size), encoding)) == text


@given(chinese, st.integers(1, 9))
def test_pieces_of_gb18030_are_never_cut_inside_a_character(text: str, size: int) -> None:
    json_text = '{"' + '","'.join(["患者主诉如下", text, "请及时就诊"]) + '"}'
    data = json_text.encode("gb18030")
    assert "".join(decode_pieces(blocks(data, max(size, 64)), "gb18030")) in {json_text, decode_line(data, "gb18030")}


@given(st.binary(max_size=60), st.sampled_from(["utf-8", "gb18030"]))
def test_any_bytes_give_text_that_can_be_written(line: bytes, base: str) -> None:
    decode_line(line, base).encode("utf-8")
