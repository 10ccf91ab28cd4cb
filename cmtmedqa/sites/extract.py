"""From the bytes of a page to what is said on it: pure, the same for a file on disk and a record of a WARC.

`read_page` reads one page; finish.py joins the pages of a dialogue and holds them against the contract.
"""

import itertools
import re
from collections.abc import Sequence
from typing import Any

from lxml import etree

from cmtmedqa.sites import hatch
from cmtmedqa.sites.elements import Elements
from cmtmedqa.sites.encoding import decode
from cmtmedqa.sites.finish import finish
from cmtmedqa.sites.page import Page, address_of
from cmtmedqa.sites.reading import Reading, Refusal, with_skipped
from cmtmedqa.sites.selectors import find, matches, possible, texts, within
from cmtmedqa.sites.spec import Block, Layout, Plan, Refuse, RoleCase, Select, Spec
from cmtmedqa.sites.times import resolve
from cmtmedqa.sources.fields import person, person_in
from cmtmedqa.sources.mapped import Mapped, RawTurn

# Lines that stand for what only the two of them may see.
_NOTICE = re.compile(
    r"图片因.{0,20}(?:无法|不能|不予)显示。?|[（(【\[]?(?:此|该)(?:对话|内容|图片|信息)涉及.{0,6}隐私.{0,30}|.{0,20}仅医生和患者(?:本人)?(?:可见|可以?查看).{0,3}"
)
_VERIFICATION = re.compile(
    r"document\.cookie\s*=[\s\S]{0,400}location\.(?:reload|replace|href)|滑块|请完成(?:安全)?验证|访问验证|安全验证|人机验证|访问过于频繁|请输入验证码|captcha",
    re.IGNORECASE,
)
_SOFT_404 = re.compile(
    r"患者隐私，?无法查看|页面(?:不存在|找不到|已删除|没有找到)|(?:您|你)访问的页面|问题(?:不存在|已(?:被)?删除)|已被删除|404 ?(?:Not Found|页面)",
    re.IGNORECASE,
)
_TWO = 2
_KINDS = 256  # sets of classes for which it is remembered what of a block they need
_SHORT = 4_000  # characters of text on a page that is nothing but a message of the server


def extract(
    spec: Spec, body: bytes, url: str = "", content_type: str = "", fetched: str = ""
) -> list[Mapped | Refusal]:
    """The dialogues of a single page, and why others are none. `fetched`: ISO time against which 昨天 is resolved."""
    reading = read_page(spec, body, url, content_type, fetched)
    return finish(spec, [reading])


def read_page(spec: Spec, body: bytes, url: str = "", content_type: str = "", fetched: str = "") -> Reading:
    """Read one page; nothing is held against the contract yet."""
    address = address_of(spec, url) if url else None
    number = address.page if address else 1
    decoded = decode(body, content_type, spec.encoding)
    if decoded is None:
        return Reading(
            address.id if address else "", number, refused=Refusal("undecodable", "neither UTF-8 nor GB18030")
        )
    page = Page(decoded, url)
    repairs = ("encoding_damaged",) * decoded.damaged + ("last_character_cut",) * decoded.cut
    reading = Reading(
        address.id if address else "",
        number,
        bool(address),
        encoding=decoded.encoding,
        declared=decoded.declared,
        repairs=repairs,
    )
    own = page.own_ids(spec, address and address.form)
    if address and own and address.id not in own:
        return reading._replace(refused=Refusal("wrong_page", "the page names another id than its address"))
    if not address and len(own) == 1:
        reading = reading._replace(id=min(own))
    if refused := _refused(spec, page, always=True):
        return reading._replace(refused=refused)
    drafts = _drafts(spec, page, fetched)
    reading = reading._replace(drafts=tuple(drafts))
    if sum(len(draft.turns) for _, draft in drafts) < spec.require.turns_min:
        hint = _refused(spec, page, always=False)
        if hint or not any(draft.turns for _, draft in drafts):
            unknown = Refusal("no_dialogue", "the page has no message by any layout of the spec; layout changed?")
            if url and spec.page and not address:
                unknown = Refusal("not_a_dialogue", "its address is that of no dialogue")
            return reading._replace(hint=hint, refused=None if drafts and not hint else hint or unknown)
    return reading


def _refused(spec: Spec, page: Page, always: bool) -> Refusal | None:
    """The first sign that a page is none; the general ones count only where no dialogue was found."""
    for rule in spec.refuse:
        if rule.always == always and matches(rule, page.elements):
            return Refusal(rule.reason, f"by the rule {rule.css or rule.xpath}")
    if always:
        return None
    shown = "\n".join(texts(_BODY, page.elements)[0])
    scripts = page.text if len(page.text) <= _SHORT else ""
    if len(shown) <= _SHORT:
        if _VERIFICATION.search(shown) or _VERIFICATION.search(scripts):
            return Refusal("verification", "a page of the server that asks for cookies or a proof")
        if _SOFT_404.search(shown) or _SOFT_404.search(scripts):
            return Refusal("soft_404", "a page of the server that says there is nothing to see")
    return None


_BODY = Select(css="body")


def _drafts(spec: Spec, page: Page, fetched: str) -> list[tuple[int, Mapped]]:
    if spec.python:
        return hatch.drafts(spec, page)
    for layout in spec.layouts:
        scope = page.scope(layout)
        if scope is None or not _fits(layout.when, scope, page):
            continue
        if drafts := _by_layout(layout, scope, fetched):
            return drafts
    return []


def _fits(when: Select | None, scope: Any, page: Page) -> bool:
    if when is None:
        return True
    return matches(when, scope if when.jmespath is not None else page.elements)


def _by_layout(layout: Layout, scope: Any, fetched: str) -> list[tuple[int, Mapped]]:
    question = _joined(layout.question, scope)
    first: list[RawTurn] = [("patient", question)] if question else []
    shared = _shared(layout, scope, fetched)
    if not first and layout.question and shared.title:
        first = [("patient", shared.title)]
    if layout.thread is None:
        turns, skipped = _said(layout.turns, scope)
        if turns and turns[0][0] == "patient" and _told(question, turns[0][1]):
            first = []
        return [(0, with_skipped(shared._replace(turns=[*first, *turns]), skipped))] if turns or first else []
    drafts: list[tuple[int, Mapped]] = []
    seen = set()
    none: dict[str, int] = {}  # answers that say nothing, by reason
    for answer in _apart(find(layout.thread, scope), scope):
        turns, skipped = _said(layout.turns, answer)
        if not turns:
            none = {reason: none.get(reason, 0) + skipped.get(reason, 0) for reason in none | skipped}
        elif tuple(turns) not in seen:  # an accepted answer is often shown twice
            seen.add(tuple(turns))
            drafts.append((len(drafts) + 1, with_skipped(shared._replace(turns=[*first, *turns]), skipped)))
    if not drafts:
        return [(0, with_skipped(shared._replace(turns=first), none))] if first else []
    if none:
        noted = {**drafts[0][1].extra, "skipped_answers": dict(sorted(none.items()))}
        drafts[0] = (1, drafts[0][1]._replace(extra=noted))
    return drafts


def _told(question: str, message: str) -> bool:
    """Whether the first message says what the head of the page says."""
    return "".join(question.split()) in "".join(message.split())


def _apart(found: Sequence[Any], scope: Any) -> list[Any]:
    """What was found as scopes of their own. An element inside another one that was found is a part of it, unless both look the
    same: then the page has not closed the first, and it ends where the second begins.
    """
    apart = [within(one, scope) for one in found]
    if len(found) < _TWO or not etree.iselement(found[0]):
        return apart
    if all(one.end <= following.start for one, following in itertools.pairwise(apart)):
        return apart
    inner: dict[Any, list[Any]] = {one: [] for one in found}
    for one in found:
        above = next((each for each in one.iterancestors() if each in inner), None)
        if above is not None and (one.tag, one.get("class")) == (above.tag, above.get("class")):
            inner[above].append(one)
        elif above is not None:
            del inner[one]
    return [scope.at(one, nested) for one, nested in inner.items()]


def _plan(block: Block, scope: Any) -> Plan:
    """Of a block what may find anything on the page at hand; pages with the same classes have it in common."""
    classes = scope.classes if isinstance(scope, Elements) else None
    plan = block.plans.get(classes)
    if plan is None:
        if len(block.plans) >= _KINDS:
            block.plans.clear()
        skip = [rule for rule in block.skip if possible(rule, classes)]
        plan = block.plans[classes] = Plan(
            tuple(rule for rule in skip if not rule.empty),
            tuple(rule for rule in skip if rule.empty),
            tuple(case for case in block.role if case.when is None or possible(case.when, classes)),
            tuple(part for part in block.text if possible(part, classes)),
        )
    return plan


def _said(blocks: Sequence[Block], scope: Any) -> tuple[list[RawTurn], dict[str, int]]:
    """The messages below an element or a JSON value; cards that are none are counted by reason. An unknown role is ''."""
    turns: list[RawTurn] = []
    skipped: dict[str, int] = {}
    for block in blocks:
        plan = _plan(block, scope)
        for node in _apart(find(block.each, scope), scope) if block.each else [scope]:
            reason = _skip(plan.skip, node)
            text = "" if reason else _joined(plan.text, node)
            if text:
                turns.append((_role(plan.role, node), text))
            else:
                reason = reason or _skip(plan.empty, node) or "no_text"
                skipped[reason] = skipped.get(reason, 0) + 1
    return turns, skipped


def _skip(rules: Sequence[Refuse], node: Any) -> str:
    for rule in rules:
        if matches(rule, node):
            return rule.reason
    return ""


def _role(cases: Sequence[RoleCase], node: Any) -> str:
    for case in cases:
        if case.when is None or matches(case.when, node):
            return case.role
    return ""


def _joined(parts: Sequence[Select], scope: Any) -> str:
    """The text of some parts, one below the other, without lines that stand for hidden content."""
    pieces: list[str] = []
    taken: list[Any] = []
    for part in parts:
        found, used = texts(part, scope, taken, prose=True)
        taken.extend(used)
        pieces += found
    text = "\n".join(pieces)
    if "图片" in text or "隐私" in text or "可见" in text or "查看" in text:
        text = "\n".join(line for line in text.split("\n") if not _NOTICE.fullmatch(line))
    return text


def _shared(layout: Layout, scope: Any, fetched: str) -> Mapped:
    """What a page says about the dialogue as a whole."""
    title = _field(layout.title, scope)
    sex, age = _field(layout.sex, scope), _field(layout.age, scope)
    who = person(sex, age)
    if who.sex is None and who.age is None and (sex or age):
        who = person_in(f"{sex} {age}")
    time = resolve(_field(layout.time, scope), fetched)
    summary = "\n".join(texts(layout.summary, scope)[0]) if layout.summary else ""
    extra: dict[str, object] = {"layout": layout.name, **who.noted}
    extra |= {name: value for name, value in (("time", time), ("summary", summary)) if value}
    return Mapped(
        (), title=title or None, departments=_names(layout.departments, scope), diseases=_names(layout.diseases, scope),
        sex=who.sex, age=who.age, extra=extra,
    )  # fmt: skip


def _field(select: Select | None, scope: Any) -> str:
    found = texts(select, scope)[0] if select else []
    return found[0].replace("\n", " ") if found else ""


def _names(select: Select | None, scope: Any) -> tuple[str, ...]:
    found = texts(select, scope)[0] if select else []
    return tuple(dict.fromkeys(one.replace("\n", " ") for one in found))
