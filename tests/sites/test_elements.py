"""The index of a page finds what XPath finds, and plain JMESPath what the library finds; scripts give their JSON."""

from typing import Any

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from cmtmedqa.sites.elements import Elements, xpath_of
from cmtmedqa.sites.json_paths import search
from cmtmedqa.sites.scripts import json_after, json_ld
from cmtmedqa.sites.text import text_of

names = st.sampled_from(["a", "b", "c", "a b", "b-voice", ""])
trees = st.recursive(
    st.tuples(st.sampled_from(["div", "p", "span"]), names, st.just(())),
    lambda inner: st.tuples(st.sampled_from(["div", "ul", "span"]), names, st.lists(inner, max_size=4)),
    max_leaves=20,
)
SELECTORS = [
    ".a", "div", "p.a", ".a.b", ".a .b", "div > p", "ul > .b", ".a, .b", "div .a, p", ".c p, .a > span", "[class*=voice]", "#x", "div #x", ".a::attr(class)",
]  # fmt: skip


def built(tree: Any, parent: Any = None) -> Any:
    tag, name, children = tree
    node = etree.Element(tag) if parent is None else etree.SubElement(parent, tag)
    if name:
        node.set("class", name)
    if name == "c":
        node.set("id", "x")
    for child in children:
        built(child, node)
    return node


@given(trees, st.sampled_from(SELECTORS), st.integers(0, 30))
def test_the_index_finds_what_xpath_finds_in_every_part_of_a_page(tree: Any, css: str, part: int) -> None:
    root = built(("html", "", [tree]))
    nodes = list(root.iter())
    scope = nodes[part % len(nodes)]
    whole = Elements(root)
    assert whole.find(css) == xpath_of(css)(root)
    assert whole.at(scope).find(css) == xpath_of(css)(scope)


def test_a_part_ends_where_its_hole_begins() -> None:
    root = etree.fromstring("<div><p class='m'><i>1</i><p class='m'><i>2</i></p></p></div>")
    outer, inner = root.iter("p")
    assert [node.text for node in Elements(root).at(outer, [inner]).find("i")] == ["1"]
    assert [node.text for node in Elements(root).at(inner).find("i")] == ["2"]


values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(
    values,
    st.sampled_from(
        [
            "a",
            "a.b",
            "@",
            "a || @",
            "a || b",
            "a && !b",
            "a[0].b",
            "a[-1]",
            "!a || b.c[0]",
            "a[].b",
            "to_string(a)",
            "a.b || c && b",
        ]
    ),
)
def test_plain_jmespath_finds_what_the_library_finds(value: Any, expression: str) -> None:
    assert search(expression)(value) == jmespath.search(expression, value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'd={"a":"\u4f60<br>\/x"};var e={}', {"a": "你<br>/x"}),
        ('d = JSON.parse("{\\"a\\":[1,2],\\"b\\":\\"\\\\u4f60\\"}")', {"a": [1, 2], "b": "你"}),
        ("d=JSON.parse('{\"a\":\"b\\\\nc\"}')", {"a": "b\nc"}),
        ('d=JSON.parse(decodeURIComponent("%7B%22a%22%3A1%7D"))', {"a": 1}),
        ("d={a:1,\"b\":[1,2,],c:undefined,d:!0,'e':'it\\'s \"q\"',/*c*/g:-1.5e3,}", {"a": 1, "b": [1, 2], "c": None, "d": True, "e": "it's \"q\"", "g": -1500.0}),
        ('d=(function(){return {"a":1}})()', {"a": 1}),
        ("d={&quot;a&quot;:&quot;x&quot;}</script>", {"a": "x"}),
        ('d={};d={"k":2}', {"k": 2}),
        ('d={"a":"line\nbreak","url":"http:\\/\\/x","t":"a//b",}', {"a": "line\nbreak", "url": "http://x", "t": "a//b"}),
        ('d={"a":{"b":1}', None),
        ("d=load()", None),
    ],
)  # fmt: skip
def test_json_in_a_script_is_read_as_javascript_writes_it(text: str, value: Any) -> None:
    assert json_after(text, r"d\s*=\s*") == value


@given(st.text(alphabet="{}[]\",:'ab1!/*\\ \n", max_size=60))
def test_no_script_is_more_than_no_json(text: str) -> None:
    json_after("d=" + text, "d=")
    json_ld(f'<script type="application/ld+json">{text}</script>', "QAPage")


def test_text_is_read_from_any_depth() -> None:
    root = node = etree.Element("div")
    for _ in range(3_000):
        node = etree.SubElement(node, "b")
    node.text = "到底"
    assert text_of(root) == "到底"
