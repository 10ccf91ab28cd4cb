"""The three skins of the replica: invented consultations as pages with the structures of a stream, a thread and a JSON script.

The class names imitate what crawlers of such sites meet (a message stream in GBK, answers with follow-ups, data in a
script). A page function returns text; the server decides on bytes, headers and faults.
"""

import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from cmtmedqa.crawl.replica_text import Consultation, Turn

TURNS_PER_PAGE = 20
ITEMS_PER_PAGE = 20
_ROLE_TYPE = {"patient": "0", "doctor": "1"}
RELATIVE = "2天前"
FIXED = "2017-03-22 10:00:00"


class Shown(NamedTuple):
    """How a page shows a consultation: the time of the question as text, and whether cards that are no messages stand in it."""

    time: str = FIXED
    cards: bool = False


def page(title: str, body: str, declared: str | None, address: str = "") -> str:
    """A whole HTML page; `declared` is the charset that its meta element names, true or not; `address` is what it calls itself."""
    meta = f'<meta charset="{declared}">' if declared else ""
    meta += f'<link rel="canonical" href="{escape(address)}">' if address else ""
    return f"<!DOCTYPE html>\n<html><head>{meta}<title>{escape(title)}</title></head>\n<body>\n{body}\n</body></html>\n"


def links(targets: Iterable[tuple[str, str]]) -> str:
    """A list of links: address and text."""
    return (
        "<ul>\n"
        + "\n".join(f'<li><a href="{escape(url)}">{escape(text)}</a></li>' for url, text in targets)
        + "\n</ul>"
    )


def pager(address: str, number: int, count: int) -> str:
    """The foot of a list: the page count as text only, and a relative link to the next page."""
    following = (
        f'<a class="page_turn_a" href="{escape(address.format(number + 1))}">[下一页]</a>' if number < count else ""
    )
    return f'<div class="page_turn">共&nbsp;{count}&nbsp;页 {following}</div>'


def stream_pages(item: Consultation) -> int:
    """Over how many sub-pages a consultation of the stream skin goes."""
    return max(1, -(-len(item.answers[0]) // TURNS_PER_PAGE))


def stream(item: Consultation, number: int, shown_as: Shown) -> str:
    """Sub-page `number` (from 1) of a consultation as a stream of message cards."""
    cards = [_opening_card(item, shown_as.time)] if number == 1 else []
    cards += _OTHER_CARDS if shown_as.cards else []
    shown = item.answers[0][(number - 1) * TURNS_PER_PAGE : number * TURNS_PER_PAGE]
    cards += [_card(turn, item.number) for turn in shown]
    count = stream_pages(item)
    more = f'<a class="page_turn_a" href="?p={number + 1}">下一页</a>' if number < count else ""
    return "\n".join([*cards, f'<div class="page_turn">共&nbsp;{count}&nbsp;页 {more}</div>'])


_OTHER_CARDS = [
    '<div class="zzx_yh_stream"><div class="yh_l_huan">h***</div><div class="gifts">送礼物：一份心意</div></div>',
    '<div class="zzx_yh_stream"><div class="yh_l_doctor"><a>医生</a></div><div class="h_s_cons_docs"><div class="yy_vioce_box" src="/v.mp3">'
    '18"</div><p class="h_s_cons_main">以上建议仅供参考，请以面诊为准</p></div></div>',
    '<div class="zzx_yh_stream"><div class="yh_l_huan">h***</div><pre class="h_s_cons_main"><span class="bingli_hide_word">此对话涉及隐私'
    "</span></pre></div>",
    '<div class="zzx_yh_stream"><div class="iconfucha">复查提醒：两周后复查</div></div>',
]


def _opening_card(item: Consultation, time: str) -> str:
    return (
        '<div class="zzx_yh_stream"><div class="yh_l_huan">h***</div><div class="h_s_info_cons">'
        f'<h3 class="h_s_cons_info_title">咨询标题：{escape(item.title)}</h3>'
        f"<strong>病情描述：</strong>{escape(item.opening)}"
        f"<strong>所就诊医院科室：</strong>{item.department}</div>"
        f'<div class="h_s_time">发表于：{time}</div></div>'
    )


def _card(turn: Turn, number: int) -> str:
    if turn.role == "patient":
        side, text = (
            '<div class="yh_l_huan">h***</div>',
            f'<pre class="h_s_cons_main">{escape(turn.text)}</pre>',
        )
    else:
        side = f'<div class="yh_l_doctor"><a href="/haodf/doctor/{number % 7}.htm">医生</a></div>'
        text = (
            f'<div class="h_s_cons_docs"><h3 class="h_s_cons_title"><p>{escape(turn.text)}</p></h3>'
            '<p class="h_s_cons_main">以上建议仅供参考，请以面诊为准</p></div>'
        )
    return f'<div class="zzx_yh_stream">{side}{text}<div class="h_s_time">发表于：2015-11-12 09:00:00</div></div>'


def thread(item: Consultation, shown_as: Shown) -> str:
    """A question with the answers of several doctors, each with its own follow-ups, and an advertisement between."""
    head = (
        f'<p class="pt10 pb10 lh180 znblue normal-a"><a>有问必答</a>&gt;<a>全部问题</a>&gt;<a>{item.department}</a></p>'
        f'<p class="fl dib fb" title="{escape(item.title)}">{escape(item.title)}</p>'
        f'<div class="f12 graydeep Userinfo"><span>会员{item.number}</span><span>|</span><span>{item.sex}</span>'
        f"<span>|</span><span>{item.age}岁</span><span>|</span><span>{shown_as.time}</span></div>"
        f'<div id="qdetailc">{escape(item.opening)}</div>'
    )
    answers = [_answer(turns, index) for index, turns in enumerate(item.answers)]
    if shown_as.cards:
        answers.append(_SPOKEN_ANSWER)
    return head + '<div class="zhenshiAD">推广：名医在线</div>'.join(answers)


_SPOKEN_ANSWER = (
    '<div class="docall clearfix"><a class="f14 fb Doc_bla">医生</a><div class="pt15 f14 graydeep pl20 pr20"><audio src="/v.mp3"></audio>'
    "</div></div>"
)


def _answer(turns: Sequence[Turn], index: int) -> str:
    follow = "".join(
        f"<div><span>追问</span><span>{escape(turn.text)}</span></div>"
        if turn.role == "patient"
        else f'<div><a href="/xywy/doctor/{index}.htm">医生</a><span>{escape(turn.text)}</span></div>'
        for turn in turns[1:]
    )
    return (
        f'<div class="docall clearfix"><a class="f14 fb Doc_bla">医生{index + 1}</a><span class="fl ml10 btn-a">主治医师</span>'
        f'<div class="pt15 f14 graydeep pl20 pr20">{escape(turns[0].text)}</div>'
        f'<span class="User_time Doc_time">2017-03-22 10:00</span><div class="appdoc appxian">{follow}</div></div>'
    )


def script(item: Consultation, shown_as: Shown) -> str:
    """A consultation as JSON in a script: a time entry before each message, types as strings."""
    dialogs: list[dict[str, object]] = []
    for turn in (Turn("patient", item.opening), *item.answers[0]):
        dialogs.append({"type": "54", "dialog_time": {"create_time": shown_as.time}})
        if shown_as.cards:
            dialogs.append({"type": "0", "dialog_patient": {"content": "", "file_list": [{"file_url": "/1.jpg"}]}})
        said = {"content": turn.text.replace("，", "，<br>", 1), "file_list": []}
        dialogs.append({"type": _ROLE_TYPE[turn.role], f"dialog_{turn.role}": said})
    data = {
        "dialogs": dialogs,
        "detail": {
            "content": item.opening,
            "create_time": shown_as.time,
            "doctor": {"section_name": item.department},
            "patient": {"nickname": f"用户{item.number}"},
        },
        "questionList": [{"id": item.number + 1, "title": "其他人的问题"}],
    }
    return f"<h1>{escape(item.title)}</h1>\n<script>window.$$data={json.dumps(data, ensure_ascii=False)};var ready=1;</script>"
