"""A corpus of everything that could break a page, and a reader of the page. Shared by the tests of report.html."""

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from cmtmedqa.build.pipeline import build
from cmtmedqa.config import load_config

HOSTILE = (
    "<script>window.ran='script'</script>",
    "</style></script><img src=x onerror=\"window.ran='image'\">",
    "\"'><svg onload=window.ran='svg'>{{ 7*7 }}{% raw %}",
    "<a href=\"javascript:window.ran='link'\">javascript:alert(1)</a> & &amp; &lt;b&gt;",
    "一行\u2028两行\u2029三行\u0085四行",
    "\u202e反向\u202c\u2066隔离\u2069\u200b零宽\ufeff",
    "A" * 3_000,
    "很长" * 5_000,
)
_ADVICE = ("多喝水休息", "按时服药复查", "查血常规", "做胸片检查", "外用药膏", "观察体温变化")


def exchange(number: int, extra: str = "") -> list[dict[str, str]]:
    """An invented question and answer with some text in both."""
    return [
        {"role": "user", "content": f"我头痛第{number}天了，还咳嗽{number % 7}次，{extra}怎么办？"},
        {"role": "assistant", "content": f"考虑感冒，建议{_ADVICE[number % 6]}，{extra}发烧超过{number}度吗？"},
    ]


def dialogue(number: int, rounds: int, extra: str = "") -> dict[str, Any]:
    """An invented record; every number and text gives another one."""
    pairs = [exchange(number * 31 + place * 7, extra) for place in range(rounds)]
    return {"id": f"<b>{number}</b>&", "messages": [turn for pair in pairs for turn in pair]}


def records(count: int = 40) -> list[str]:
    """Lines of a JSON Lines file: good dialogues, twins, hostile ones, refused ones, broken ones."""
    good = [dialogue(number, 1 + number % 5) for number in range(count)]
    hostile = [dialogue(1_000 + place, 2, text) for place, text in enumerate(HOSTILE)]
    near = [
        {
            "id": f"near{number}",
            "messages": [*dialogue(number, 5)["messages"][:-1], {"role": "assistant", "content": last}],
        }
        for number, last in ((4, f"考虑感冒，{HOSTILE[0]}谢谢"), (9, "祝您早日康复"))
    ]
    refused = [
        dialogue(2_000, 300),
        {"id": "short", "messages": exchange(1)[:1]},
        {
            "id": "english",
            "messages": [{"role": "user", "content": HOSTILE[0]}, {"role": "assistant", "content": HOSTILE[1]}],
        },
        {"weird": HOSTILE[0], HOSTILE[1]: 3},
    ]
    lines = [json.dumps(item, ensure_ascii=False) for item in [*good, *good[:6], *hostile, *near, *refused]]
    return [*lines, lines[0][:50] + HOSTILE[0], "not json " + HOSTILE[3] + HOSTILE[5]]


def built(folder: Path, files: dict[str, list[str]], **settings: Any) -> Path:
    """Build a dataset of some files and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in files.items():
        (folder / name).write_text("\n".join(lines), encoding="utf-8")
    config = {"inputs": [str(folder / name) for name in files], "output": str(folder / "out"), "workers": 1}
    (folder / "c.yaml").write_text(yaml.safe_dump(config | settings, allow_unicode=True), encoding="utf-8")
    build(load_config(folder / "c.yaml"), Console(quiet=True))
    return folder / "out"


def hostile(folder: Path, **settings: Any) -> Path:
    """The dataset of `records`, its markup kept as it is, under names that are markup themselves."""
    files = {
        "a<script>window.ran='name'<\u2215script>.jsonl": records(),
        "b.jsonl": records()[:30] + records(52)[40:52],
    }
    title = "<script>window.ran='title'</script>“标题”"
    return built(folder, files, normalise={"markup": False}, publish={"title": title}, **settings)


class Page(HTMLParser):
    """What a browser would see of a page: numbers with where they come from, tags, attributes, scripts, text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.numbers: list[tuple[str, str | None, float, str]] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.inside: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.plain: list[str] = []
        self._number: tuple[str, str | None, float] | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        found = dict(attrs)
        if tag == "data":
            self._number = (found["data-of"] or "", found.get("data-per"), float(found["value"] or ""))
        elif "data-of" in found:
            self.numbers.append((found["data-of"] or "", None, float(found["data-value"] or ""), ""))
        if tag not in {"meta", "link", "br", "img"}:
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "data":
            self._number = None
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self.inside[-1] if self.inside else "", []).append(data)
        if self._number:
            self.numbers.append((*self._number, data))
        elif not {"script", "style"} & set(self.inside):
            self.plain.append(data)


def found_at(report: Any, pointer: str) -> Any:
    """What a JSON pointer leads to."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        report = report[int(key)] if isinstance(report, list) else report[key]
    return report


Built = Callable[..., Path]
