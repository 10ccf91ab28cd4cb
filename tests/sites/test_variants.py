"""What a page says does not hang on how it is written: the saved pages again, each written another way, give the same."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cmtmedqa.sites import catalog
from cmtmedqa.sites.encoding import decode
from cmtmedqa.sites.extract import extract
from cmtmedqa.sources.mapped import Mapped
from tests.sites.conftest import PAGES

SAVED = sorted(PAGES.rglob("*.html"))
PIECE = re.compile(
    r"(<(?:script|style|title|textarea)\b.*?</(?:script|style|title|textarea)\s*>|<!--.*?-->|<[!?][^>]*>|</?[a-zA-Z](?:\"[^\"]*\"|'[^']*'|[^'\">])*>)",
    re.DOTALL | re.IGNORECASE,
)
TAG = re.compile(r"<(/?)([a-zA-Z][\w:]*)((?:\"[^\"]*\"|'[^']*'|[^'\">])*?)(/?)>", re.DOTALL)
ATTRIBUTE = re.compile(r"""([^\s=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?""")
BLOCKS = {"div", "li", "ul", "table", "tr", "section", "body"}


def rewritten(text: str, tag: Callable[[re.Match[str]], str], words: Callable[[str], str]) -> str:
    out = []
    for place, piece in enumerate(PIECE.split(text)):
        found = TAG.fullmatch(piece)
        if place % 2 == 0:
            out.append(words(piece) if piece.strip() else piece)
        else:
            out.append(tag(found) if found else piece)
    return "".join(out)


def as_is(found: re.Match[str]) -> str:
    return found[0]


def reordered(found: re.Match[str]) -> str:
    """Attributes the other way round, in single quotes."""
    given = [
        f"{name}='{value.strip(chr(34) + chr(39))}'" if value else name
        for name, value in ATTRIBUTE.findall(found[3])
        if "'" not in value.strip("'")
    ]
    return f"<{found[1]}{found[2]}{''.join(' ' + one for one in reversed(given))}{found[4]}>"


def more_classes(found: re.Match[str]) -> str:
    return re.sub(r"""(\bclass\s*=\s*)(["'])""", r"\1\2zz-1  ", found[0], flags=re.IGNORECASE)


def capitals(found: re.Match[str]) -> str:
    return f"<{found[1]}{found[2].upper()}{found[3]}{found[4]}>"


def spaced(found: re.Match[str]) -> str:
    return f"\r\n\t {found[0]}\r\n   " if found[2].lower() in BLOCKS else found[0]


def commented(words: str) -> str:
    middle = len(words) // 2
    cut = next((at for at in range(middle, len(words)) if words[at - 1 : at] not in "&#;" and "&" not in words), 0)
    return f"<!-- 广告 <div class='gifts'> -->{words[:cut]}<!--x-->{words[cut:]}"


def numbered(words: str) -> str:
    return re.sub(r"[的了，。天]", lambda found: f"&#{ord(found[0])};", words)


WAYS: dict[str, Callable[[str], str]] = {
    "attributes": lambda text: rewritten(text, reordered, str),
    "classes": lambda text: rewritten(text, more_classes, str),
    "capitals": lambda text: rewritten(text, capitals, str),
    "white space": lambda text: rewritten(text, spaced, str),
    "comments": lambda text: rewritten(text, as_is, commented),
    "entities": lambda text: rewritten(text, as_is, numbered),
    "no end": lambda text: re.sub(r"</(?:body|html)>\s*", "", text, flags=re.IGNORECASE),
    "nested": lambda text: re.sub(
        r"(<body[^>]*>)(.*)", r"\1<div id=w><table class=t><tr><td>\2", text, count=1, flags=re.IGNORECASE | re.DOTALL
    ),
    "noise": lambda text: re.sub(
        r"(<body[^>]*>)",
        r"""\1<script>document.write('<div class="zzx_yh_stream">x</div>');var a={"b":[1,2,]}</script><noscript><img src=x></noscript><!--[if IE]><p class=docall>x</p><![endif]-->""",
        text, count=1, flags=re.IGNORECASE,
    ),
}  # fmt: skip


def folded(found: list[Any]) -> list[Any]:
    return [
        (one.id, [(role, "".join(text.split())) for role, text in one.turns], one.departments, one.sex, one.age)
        if isinstance(one, Mapped)
        else one.reason
        for one in found
    ]


def given(page: Path) -> tuple[Any, str, str, str]:
    spec, _ = catalog.find(page.parent.name)
    outcome = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    decoded = decode(page.read_bytes())
    assert decoded
    return spec, decoded.text, decoded.encoding, outcome.get("url", "")


@pytest.mark.parametrize("way", WAYS)
def test_a_page_written_another_way_says_the_same(way: str) -> None:
    for page in SAVED:
        spec, text, encoding, url = given(page)
        if "\ufffd" in text:
            continue
        want = folded(extract(spec, text.encode(encoding), url))
        got = folded(extract(spec, WAYS[way](text).encode(encoding), url))
        if page.parent.name == "schema_org_qa":  # its ids are those of the text
            want, got = ([one[1:] if isinstance(one, tuple) else one for one in each] for each in (want, got))
        assert got == want, f"{page.parent.name}/{page.name}"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_page_in_the_other_encoding_says_the_same(encoding: str) -> None:
    for page in SAVED:
        spec, text, own, url = given(page)
        if "\ufffd" not in text:
            assert folded(extract(spec, text.encode(encoding), url)) == folded(extract(spec, text.encode(own), url)), (
                page
            )


def test_a_page_of_which_nothing_is_closed_is_read_to_its_end() -> None:
    spec, _ = catalog.find("haodf")
    sides = ("<div class=yh_l_huan>1***<pre class=h_s_cons_main>", "<div class=yh_l_doctor>某<div class=h_s_cons_docs>")
    cards = "".join(f"<div class=zzx_yh_stream><div><div>{sides[number % 2]}第{number}条" for number in range(200))
    (found,) = extract(spec, f"<html><body>{cards}".encode())
    assert isinstance(found, Mapped)
    assert [text for _, text in found.turns] == [f"第{number}条" for number in range(200)]
    assert [role for role, _ in found.turns[:3]] == ["patient", "doctor", "patient"]
