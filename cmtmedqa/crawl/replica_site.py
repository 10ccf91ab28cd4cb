"""The pages and planted faults of the replica site: a pure function of seed and size.

Each skin goes from a department list over paged lists to detail pages. The manifest tells for every consultation what was
rendered, under which addresses, and which fault was planted on it, so that a failure can be replayed from seed and address.
"""

import random
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from cmtmedqa.crawl import replica_skins as skins
from cmtmedqa.crawl.replica_text import DEPARTMENTS, Consultation, consultation

SKINS = ("haodf15", "xywy", "dxy")
CHARSET = {"haodf15": "gb18030", "xywy": "gb18030", "dxy": "utf-8"}
DECLARED = {"haodf15": "gb2312", "xywy": "gbk", "dxy": "utf-8"}
FAULTS = (
    "busy", "unavailable", "error_once", "truncated", "moved", "home", "loop", "missing", "private", "cookie", "gzip",
    "mobile", "utf8_as_gb2312", "header_only", "no_charset", "long", "rare_character", "half_character", "wrong_page", "gone",
    "cards", "relative_dates", "repost", "slow",
)  # fmt: skip
TRAPS = ("forbidden", "verify")
LOST = {"home", "loop", "missing", "private", "cookie", "wrong_page", "gone", "forbidden", "verify"}
"""Faults after which a consultation cannot be collected."""
RARE = "㙍䶮镕堃"
"""Two characters that only GB18030 has, and two that GB 2312 lacks."""
HALF = b"\xe7"
"""The first byte of a character, in GB18030 as in UTF-8."""
GONE = "<p>您访问的问题已被删除</p>"
SOFT_404 = "<p class='info_page_word'>该信息为患者隐私，无法查看</p>"
COOKIE = "<html><script>document.cookie='seen=1;path=/';location.reload()</script></html>"
VERIFY = "<html><head><title>安全验证</title></head><body>请拖动滑块完成验证</body></html>"


class Page(NamedTuple):
    """What one address answers; `first` is a fault of the first request only (busy, unavailable, error_once, truncated).

    `slow`: the body comes in small parts with pauses between them.
    """

    body: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/html"),)
    first: str = ""
    gzip: bool = False
    slow: bool = False


class Site(NamedTuple):
    """Everything the server needs: pages by path, and the manifest."""

    pages: dict[str, Page]
    manifest: list[dict[str, Any]]


def build(seed: int, count: int, faults: Sequence[str] = FAULTS) -> Site:
    """A site of `count` consultations over three skins, with each of `faults` planted on at least one if there is room."""
    planted = _plan(seed, count, faults)
    pages: dict[str, Page] = {}
    manifest: list[dict[str, Any]] = []
    listed: dict[tuple[str, str], list[tuple[str, str]]] = {(skin, d): [] for skin in SKINS for d in DEPARTMENTS}
    for number in range(count):
        skin, fault = SKINS[number % len(SKINS)], planted.get(number, "")
        told = number - len(SKINS) if fault == "repost" and number >= len(SKINS) else number
        item = consultation(seed, told, doctors=2 if skin == "xywy" else 1, long=fault == "long")
        if fault == "rare_character":
            item = item._replace(opening=f"{item.opening}主治医师是{RARE}。")
        path = _address(skin, number)
        pages.update(_details(skin, item, path, fault))
        shown = {"moved": [f"/old{path}"], "mobile": [path, f"/m{path}"]}.get(fault, [path])
        listed[skin, item.department] += [(url, item.title) for url in shown]
        manifest.append(
            {
                "number": number,
                "skin": skin,
                "paths": [path, f"/m{path}"] if fault == "mobile" else [path],
                "fault": fault,
                "collected": fault not in LOST,
                "title": item.title,
                "department": item.department,
                "sex": item.sex,
                "age": item.age,
                "opening": item.opening,
                "answers": [[turn._asdict() for turn in turns] for turns in item.answers],
            }
        )
    pages.update(_lists(listed))
    pages["/private/notes.htm"] = _html("病历", "<p>只有本人可见</p>", "dxy")
    pages["/private/open/terms.htm"] = _html("使用条款", "<p>本站文字均为编写，可以抓取。</p>", "dxy")
    return Site(pages, manifest)


def _plan(seed: int, count: int, faults: Sequence[str]) -> dict[int, str]:
    """Which consultation gets which fault: every fault once, then more until a tenth of all have one."""
    chance = random.Random(f"{seed}:faults")  # noqa: S311 - a plan of faults, not a secret
    room = chance.sample(range(count), min(count, max(len(faults), count // 10))) if faults else []
    rare = {"long", "busy", "unavailable", *TRAPS}  # slow ones, and those that end a crawl, stand once
    common = [fault for fault in faults if fault not in rare] or list(faults)
    return {
        number: faults[index] if index < len(faults) else common[index % len(common)]
        for index, number in enumerate(room)
    }


def _address(skin: str, number: int) -> str:
    return {
        "haodf15": f"/haodf/wenda/doctor{number % 7}_g_{number}.htm",
        "xywy": f"/xywy/static/20170322/{number}.htm",
        "dxy": f"/dxy/question/{number}",
    }[skin]


def _html(title: str, body: str, skin: str, fault: str = "", address: str = "") -> Page:
    """A page in the charset of its skin, unless the fault says otherwise."""
    charset = "utf-8" if fault == "utf8_as_gb2312" else CHARSET[skin]
    declared = {"utf8_as_gb2312": "gb2312", "header_only": None, "no_charset": None}.get(fault, DECLARED[skin])
    kind = f"text/html; charset={CHARSET[skin]}" if fault == "header_only" else "text/html"
    first = fault if fault in {"busy", "unavailable", "error_once", "truncated"} else ""
    text = skins.page(title, body, declared, address).encode(charset)
    if fault == "half_character":
        text = text.replace(b"</title>", HALF + b"</title>")
    return Page(text, headers=(("Content-Type", kind),), first=first, gzip=fault == "gzip", slow=fault == "slow")


def _details(skin: str, item: Consultation, path: str, fault: str) -> Iterator[tuple[str, Page]]:
    """The address of a consultation and what it answers; further sub-pages and addresses where it has any."""
    replies = {
        "home": Page(b"", 302, (("Location", "/"),)),
        "missing": Page(b"<html><body>404</body></html>", 404),
        "private": _html(item.title, SOFT_404, skin),
        "gone": _html("提示", GONE, skin),
        "cookie": Page(COOKIE.encode()),
        "forbidden": Page(b"<html><body>403 Forbidden</body></html>", 403),
        "verify": Page(VERIFY.encode()),
        "loop": Page(b"", 302, (("Location", f"/loop{path}"),)),
    }
    if fault in replies:
        yield path, replies[fault]
        if fault == "loop":
            yield f"/loop{path}", Page(b"", 302, (("Location", path),))
        return
    if fault == "moved":
        yield f"/old{path}", Page(b"", 301, (("Location", path),))
    shown = skins.Shown(skins.RELATIVE if fault == "relative_dates" else skins.FIXED, fault == "cards")
    bodies = {"xywy": skins.thread, "dxy": skins.script}
    count = skins.stream_pages(item) if skin == "haodf15" else 1
    own = _address(skin, item.number + 1_000_000) if fault == "wrong_page" else path  # whose page it is
    for number in range(1, count + 1):
        body = bodies[skin](item, shown) if skin in bodies else skins.stream(item, number, shown)
        rendered = _html(item.title, body, skin, fault if number == 1 else "", own)
        yield (path if number == 1 else f"{path}?p={number}"), rendered
        if fault == "mobile":
            yield (f"/m{path}" if number == 1 else f"/m{path}?p={number}"), rendered


def _lists(listed: dict[tuple[str, str], list[tuple[str, str]]]) -> Iterator[tuple[str, Page]]:
    """Home, department lists and paged lists; a list names each item twice, and the home page links out of the site."""
    home = [(f"/{skin}/", skin) for skin in SKINS]
    extra = [
        ("/private/notes.htm", "病历"), ("/private/open/terms.htm", "使用条款"), ("http://elsewhere.invalid/", "友情链接"),
    ]  # fmt: skip
    yield "/", _html("演示站", skins.links(home + extra), "dxy")
    for skin in SKINS:
        addresses = [(f"/{skin}/list/{index}/1.html", name) for index, name in enumerate(DEPARTMENTS)]
        yield f"/{skin}/", _html(skin, skins.links(addresses), skin)
        for index, name in enumerate(DEPARTMENTS):
            items = listed[skin, name]
            size = skins.ITEMS_PER_PAGE
            count = max(1, -(-len(items) // size))
            for number in range(1, count + 1):
                shown = items[(number - 1) * size : number * size]
                body = skins.links(link for url, text in shown for link in ((url, text), (url, "医生回复")))
                foot = skins.pager("{}.html", number, count)
                yield f"/{skin}/list/{index}/{number}.html", _html(name, body + foot, skin)
