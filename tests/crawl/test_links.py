"""Which links are taken from a page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmtmedqa.crawl import links
from cmtmedqa.crawl.plan import Plan
from cmtmedqa.crawl.verdict import judge

BASE = "http://127.0.0.1:1"


def plan(**changes: object) -> Plan:
    values: dict[str, object] = {
        "site": "t",
        "base": BASE,
        "seeds": ["{base}/"],
        "allow": ["{base}/.*"],
        "terms": {"url": "u", "checked_by": "us", "checked_on": "2026-01-01"},
    }
    return Plan.model_validate(values | changes)


def test_relative_protocol_relative_and_doubled_links() -> None:
    text = (
        '<a href="2.html">x</a><a href=" /q/1#a ">x</a><a href="/q/1">x</a><a href="//127.0.0.1:1/q/2">x</a>'
        '<a href="?p=2">x</a><a href="http://[">x</a><a href="javascript:void(0)">x</a><a>x</a><a href="//other.invalid/">x</a>'
    )
    assert links.find(plan(), f"{BASE}/list/1.html", text) == [
        f"{BASE}/list/2.html", f"{BASE}/q/1", f"{BASE}/q/2", f"{BASE}/list/1.html?p=2",
    ]  # fmt: skip


def test_rules_name_the_pages_they_are_for() -> None:
    chosen = plan(
        links=[
            {"pages": "{base}/list/.*", "css": ".item a::attr(href)"},
            {"pages": "{base}/json/.*", "regex": r'"id":\s*(\d+)', "url": "{base}/q/{0}"},
        ]
    )
    text = '<a href="/no">x</a><p class="item"><a href="/yes">x</a></p>'
    assert links.find(chosen, f"{BASE}/list/1", text) == [f"{BASE}/yes"]
    assert links.find(chosen, f"{BASE}/q/1", text) == []
    assert links.find(chosen, f"{BASE}/json/1", '{"items":[{"id": 3},{"id":4}]}') == [f"{BASE}/q/3", f"{BASE}/q/4"]


@pytest.mark.parametrize("text", ["", "   ", "<", "\x00<a href='/x'>", "<a href='/\ud800'>"])
def test_odd_pages_do_no_harm(text: str) -> None:
    found = links.find(plan(), f"{BASE}/", text.encode("utf-8", "replace").decode())
    assert all(url.startswith(BASE) for url in found)


@given(st.binary(max_size=300), st.integers(100, 599), st.text(max_size=40) | st.none())
def test_every_response_has_a_verdict(body: bytes, status: int, location: str | None) -> None:
    verdict = judge(f"{BASE}/a", status, location, body)
    assert (verdict.kind == "store") <= (200 <= status < 300)
    assert (verdict.reason is None) == (verdict.kind == "store")
    assert (verdict.kind == "redirect") == bool(verdict.target)
