"""The first draft of a spec from one saved page: where its messages may stand, counted; people choose."""

import re
from collections import Counter
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from lxml import etree

from cmtmedqa.errors import InputError
from cmtmedqa.sites.encoding import decode
from cmtmedqa.sites.page import Page
from cmtmedqa.sites.scripts import json_after, json_ld
from cmtmedqa.sites.text import lines, text_of

_HAN = re.compile("[\u4e00-\u9fff]")
_ASSIGNED = re.compile(r"([A-Za-z_$][\w$.]*)\s*=\s*(?=\{)")
_NAME = re.compile(r"[A-Za-z_][\w-]*")
_PATIENT = re.compile("pat|user|ask|huan|self|right|quest|mine")
_DOCTOR = re.compile("doc|dr|yi|expert|left|answer|reply")
_ADVERT = re.compile(r"\b(?:ad|ads|adv|advert|zhenshiAD|tuiguang|promo)\b")
_NEARLY, _MOST = 0.8, 0.6
_SHOWN = 8
_LEAST_HAN = 4

_HEAD = """# {count} places that may hold messages, by the number of elements and of Han characters:
{candidates}
site: {site}
version: 1
aliases: [{host}]
license: unknown
terms:
  checked_by: nobody yet
  checked_on: 1970-01-01
  note: Read the terms of the site, then say here who did, when, and what they allow.
  cleared: false  # cmtmedqa crawl starts when this is true
delay: 2.0
start: []  # where a crawl begins: the addresses of lists
allow: ['{allow}']
follow: []  # patterns of the lists whose links are followed
page: ['{page}']
refuse: []
layouts:
"""
_HTML = """  - name: page
    title: {{css: {title}, first: true}}
{thread}    turns:
      - each: '{each}'
        {skip}
        role:
{roles}
        text:
          - {text}
"""
# Where nothing tells who speaks, the elements may be answers.
_THREAD = """    # Is it one question and answers to it? Then each answer is a dialogue; in place of the turns below:
    #   question: [{question}]
    #   thread: {each}
    #   turns: [{{role: doctor, text: [{text}]}}]
"""
_JSON = """  # The page's JSON has these keys: {keys}
  - name: json
    json_after: '{marker}'
    turns:
      - each: {{jmespath: '{each}'}}
        role:
          - {{role: patient, when: {{jmespath: 'to_string(type)', match: '^"?0"?$'}}}}
          - {{role: doctor}}
        text: [{{jmespath: content}}]
"""


class Candidate(NamedTuple):
    """Elements of one tag and class: how many, and how many Han characters they hold."""

    selector: str
    elements: int
    characters: int


def draft(site: str, body: bytes, url: str) -> str:
    """The YAML of a spec that is to be completed. Raises InputError for bytes that are no page."""
    decoded = decode(body)
    if decoded is None or "\0" in decoded.text:
        raise InputError("the page is neither UTF-8 nor GB18030; name its encoding in the spec")
    page = Page(decoded, url)
    found = candidates(page.tree)
    parts = urlsplit(url)
    host = parts.netloc or "example.org"
    comment = "\n".join(f"#   {one.elements:4} {one.characters:6}  {one.selector}" for one in found) or "#   none"
    head = _HEAD.format(
        count=len(found), candidates=comment, site=site, host=host,
        allow=f"^https?://{re.escape(host)}/", page=_address(parts.path),
    )  # fmt: skip
    if not lines(text_of(page.tree)) and "{" not in page.text:
        raise InputError("the page holds no text; save it as the server sent it")
    if json_ld(page.text, "QAPage"):
        return head.replace("layouts:\n", "like: [schema_org_qa]\n")
    return head + (_json(page.text) or _html(page.tree, found))


def candidates(tree: Any) -> list[Candidate]:
    """Repeated elements with text, those that hold most first."""
    elements: Counter[str] = Counter()
    characters: Counter[str] = Counter()
    for node in tree.iter("div", "li", "p", "section", "article", "dl", "tr", "td"):
        names = [name for name in node.get("class", "").split() if _NAME.fullmatch(name)]
        if names and (han := len(_HAN.findall("".join(node.itertext())))) >= _LEAST_HAN:
            selector = f"{node.tag}.{names[0]}"
            elements[selector] += 1
            characters[selector] += han
    ranked = sorted((name for name in elements if elements[name] > 1), key=lambda name: (-characters[name], name))
    return [Candidate(name, elements[name], characters[name]) for name in ranked[:_SHOWN]]


def _address(path: str) -> str:
    """A pattern of the address: its last number or long word is the id."""
    places = list(re.finditer(r"\d{3,}|[A-Za-z0-9_-]{16,}", path))
    if not places:
        return r"/(?P<id>\d+)\.html?"
    last = places[-1]
    word = r"\d+" if last[0].isdigit() else "[A-Za-z0-9_-]+"
    return f"{re.escape(path[: last.start()])}(?P<id>{word}){re.escape(path[last.end() :])}"


def _html(tree: Any, found: list[Candidate]) -> str:
    each = found[0].selector if found else "div.message"
    tag, _, name = each.partition(".")
    kinds: Counter[str] = Counter()
    for node in tree.iter(tag):
        if name in node.get("class", "").split() and lines(text_of(node)):
            inside = [
                other for child in node.iter() if isinstance(child.tag, str) for other in child.get("class", "").split()
            ]
            kinds.update({other for other in inside if other != name and _NAME.fullmatch(other)})
    total = found[0].elements if found else 0
    telling = sorted(other for other, count in kinds.items() if count < total)[:_SHOWN]
    hint = f"          # classes that only some of them hold: {', '.join(telling) or 'none'}\n"
    patient = next((other for other in telling if _PATIENT.search(other)), "patient")
    doctor = next((other for other in telling if _DOCTOR.search(other) and other != patient), "")
    last = f"{{role: doctor, when: '.{doctor}'}}" if doctor else "{role: doctor}"
    roles = f"{hint}          - {{role: patient, when: '.{patient}'}}\n          - {last}"
    advert = next((other for other in telling if _ADVERT.search(other)), "")
    skip = f"skip: [{{css: .{advert}, reason: advert}}]" if advert else "# skip: [{css: .gift, reason: gift}]"
    text = _said(tree, tag, name)
    told = doctor or patient in telling
    thread = "" if told or not found else _THREAD.format(question=_question(tree, tag, name), each=each, text=text)
    return _HTML.format(each=each, roles=roles, skip=skip, text=text, title=_title(tree), thread=thread)


def _title(tree: Any) -> str:
    """The heading that the title of the page repeats, or the first there is."""
    whole = "".join(tree.xpath("string(//title)").split())
    headings = [(node.tag, "".join(text_of(node).split())) for node in tree.iter("h1", "h2", "h3")]
    return next((tag for tag, text in headings if text and text in whole), headings[0][0] if headings else "title")


def _question(tree: Any, tag: str, name: str) -> str:
    """The class above the first message in which most is said; of several around each other the innermost."""
    best, most, outer = "div.description", 0, None
    for node in tree.iter(etree.Element):
        names = [one for one in node.get("class", "").split() if _NAME.fullmatch(one)]
        if node.tag == tag and name in names:
            break
        if (
            names
            and node.tag in {"div", "p", "dd", "pre", "section", "span"}
            and node.find(f".//{tag}[@class]") is None
        ):
            han = len(_HAN.findall("".join(node.itertext())))
            inner = han >= _MOST * most and outer in node.iterancestors()
            if (han > most or inner) and node.find(".//a") is None:
                best, most, outer = f"{node.tag}.{names[0]}", han, node
    return best


def _said(tree: Any, tag: str, name: str) -> str:
    """The element in which most of what is said stands: of a class that nearly every message holds once."""
    messages = [node for node in tree.iter(tag) if name in node.get("class", "").split()]
    held: Counter[str] = Counter()
    characters: Counter[str] = Counter()
    for message in messages:
        for node in message.iterdescendants(etree.Element):
            for other in dict.fromkeys(node.get("class", "").split()):
                if other != name and _NAME.fullmatch(other):
                    held[other] += 1
                    characters[other] += len(_HAN.findall("".join(node.itertext())))
    all_of_them = sum(len(_HAN.findall("".join(message.itertext()))) for message in messages)
    likely = [
        other
        for other, count in held.items()
        if _NEARLY * len(messages) <= count <= len(messages) and characters[other] >= _MOST * all_of_them
    ]
    best = min(likely, key=lambda other: (characters[other], other), default="")
    return f"{{css: .{best}}}" if best else "{xpath: 'self::*', drop: [.time, .name]}"


def _json(text: str) -> str:
    """A layout for the JSON of a script, '' if no script has a list of messages in it."""
    for found in _ASSIGNED.finditer(text):
        marker = re.escape(found[1]) + r"\s*=\s*"
        value = json_after(text, marker)
        lists = [] if not isinstance(value, dict) else [key for key, item in value.items() if _messages(item)]
        if lists:
            keys = ", ".join(sorted(key for key in value if _NAME.fullmatch(key)))
            return _JSON.format(keys=keys, marker=marker.replace("'", "''"), each=lists[0])
    return ""


def _messages(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 1 and all(isinstance(item, dict) for item in value)
