"""What clutters an original: each function puts one kind of clutter into clean turns; cleaning must take it out again."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import chance
import opencc
from shapes import Spoken

Turns = tuple[Spoken, ...]

_SENTENCE = re.compile(r"[^。？！]*[。？！]|[^。？！]+$")
_ASCII = re.compile(r"[A-Za-z0-9%]+")
# A comma between two numbers has no certain width once it is typed as `,`.
_MARK = re.compile("(?<=[\u4e00-\u9fff])[，？]")
_HALF = {"，": ",", "？": "?"}

NOTICES = (
    "图片因涉及用户隐私无法显示",
    "（空）",
    "病历资料仅医生和患者本人可见",
    "此对话涉及隐私",
    "对不起，语音听不清楚",
    "郑重提示：线上咨询不能代替面诊，医生建议仅供参考。",
    "医生复诊方法：【点击“首页”-“我的医生”】",
    "以上是对“这个病怎么办”这个问题的建议，希望对您有帮助，祝您健康！",
)
ADVERTS = (
    "详情请加微信yunxi_clinic88咨询。",
    "点击左侧在线咨询图标可与专家一对一交流。",
    "免费咨询热线：400-000-1234。",
    "更多问题请加QQ100002345了解。",
    "扫描下方二维码关注我院公众号。",
    "欢迎拨打400-000-5678预约专家号。",
)
TAILS = ("祝您早日康复！", "希望我的回答对您有所帮助。", "如有其他疑问，欢迎随时咨询。", "感谢您的信任，祝您健康！")
GREETINGS = ("您好，请问有什么可以帮您？", "您好，我是值班医生，请描述一下您的情况。")
THANKS = ("好的，谢谢医生！", "知道了，非常感谢。", "嗯嗯，麻烦您了。")
STAMPS = ("回复人的回复2012112902：13：28", "2011053022:11:13")


def sentences(text: str) -> list[str]:
    """The sentences of a text, each with its end mark; their concatenation is the text."""
    return _SENTENCE.findall(text)


def _first_doctor(turns: Sequence[Spoken]) -> int:
    return next(place for place, (role, _) in enumerate(turns) if role == "doctor")


def _with(turns: Turns, place: int, change: Callable[[str], str]) -> Turns:
    return tuple((role, change(text) if at == place else text) for at, (role, text) in enumerate(turns))


def traditional(turns: Turns, _: str) -> Turns:
    """All turns in traditional characters (OpenCC s2t)."""
    converter = opencc.OpenCC("s2t")
    return tuple((role, converter.convert(text)) for role, text in turns)


def full_width(turns: Turns, _: str) -> Turns:
    """Latin letters and digits full width."""
    return tuple((role, _ASCII.sub(_widened, text)) for role, text in turns)


def _widened(found: re.Match[str]) -> str:
    return "".join(chr(ord(character) + 0xFEE0) for character in found[0])


def half_width_marks(turns: Turns, _: str) -> Turns:
    """Chinese punctuation typed as `,` and `?`."""
    return tuple((role, _MARK.sub(lambda found: _HALF[found[0]], text)) for role, text in turns)


def html(turns: Turns, _: str) -> Turns:
    """Tags, entities and a broken entity, as pages leave them."""
    place = _first_doctor(turns)
    turns = _with(turns, place, lambda text: f"<p>{text[:2]}&nbsp;{text[2:]}</p>")
    turns = _with(turns, 0, lambda text: f"{text[:3]}&65533;{text[3:]}<br>")
    return _with(
        turns, len(turns) - 1, lambda text: f'<span class="reply">{text[:4]}<b>{text[4:6]}</b>{text[6:]}</span><br/>'
    )


def zero_width(turns: Turns, _: str) -> Turns:
    """U+200B, U+200C and U+FEFF between characters."""
    marks = ("\u200b", "\u200c", "\ufeff")
    return tuple(
        (role, text[: 2 + place] + marks[place % 3] + text[2 + place : 6] + marks[(place + 1) % 3] + text[6:])
        for place, (role, text) in enumerate(turns[:4])
    ) + tuple(turns[4:])


def platform_notice(turns: Turns, name: str) -> Turns:
    """A fixed phrase of the platform behind a turn."""
    notice = NOTICES[chance.number(name, len(NOTICES))]
    place = 0 if notice.startswith(("图片", "（空）", "病历", "对不起")) else len(turns) - 1
    return _with(turns, place, lambda text: text + notice)


def template_label(turns: Turns, name: str) -> Turns:
    """The labels of a form in a doctor's turn of at least two sentences."""
    place = next(at for at, (role, text) in enumerate(turns) if role == "doctor" and len(sentences(text)) > 1)

    def labelled(text: str) -> str:
        first, *rest = sentences(text)
        names = (("病情分析：", "指导意见："), ("问题分析：", "意见建议："))[chance.number(name, 2)]
        return f"{names[0]}{first}{names[1]}{''.join(rest)}"

    return _with(turns, place, labelled)


def advert(turns: Turns, name: str) -> Turns:
    """An advert as a sentence of its own in a doctor's turn."""
    text = ADVERTS[chance.number(name, len(ADVERTS))]
    return _with(turns, _first_doctor(turns), lambda spoken: spoken + text)


def courtesy_tail(turns: Turns, name: str) -> Turns:
    """A courtesy at the end of the last turn; it stays unless the settings say otherwise."""
    return _with(turns, len(turns) - 1, lambda text: text + TAILS[chance.number(name, len(TAILS))])


def speaker_label(turns: Turns, _: str) -> Turns:
    """A label before a turn's own text, or a whole exchange swallowed by the doctor's turn before it."""
    if len(turns) >= 6 and not re.match("您好|你好|请问|麻烦|谢谢|感谢|帮忙|我|男|女|性别|年龄|[0-9]", turns[2][1]):
        swallowed = f"{turns[1][1]}\n患者：{turns[2][1]}\n医生：{turns[3][1]}"
        return (turns[0], ("doctor", swallowed), *turns[4:])
    return _with(turns, 1, lambda text: f"医生：{text}")


def same_role_run(turns: Turns, _: str) -> Turns:
    """Every sentence of the first doctor's turn with several as an utterance of its own."""
    place = next(at for at, (role, text) in enumerate(turns) if role == "doctor" and len(sentences(text)) > 1)
    return (*turns[:place], *(("doctor", part) for part in sentences(turns[place][1])), *turns[place + 1 :])


def leading_doctor(turns: Turns, name: str) -> Turns:
    """A greeting of the doctor before the patient has said anything."""
    return (("doctor", GREETINGS[chance.number(name, len(GREETINGS))]), *turns)


def trailing_patient(turns: Turns, name: str) -> Turns:
    """Thanks of the patient that nobody answers."""
    return (*turns, ("patient", THANKS[chance.number(name, len(THANKS))]))


def empty_turn(turns: Turns, _: str) -> Turns:
    """An utterance without text, and one of white space."""
    return (*turns[:1], ("patient", ""), *turns[1:2], ("doctor", " \u3000"), *turns[2:])


def crawl_stamp(turns: Turns, name: str) -> Turns:
    """A crawler's time stamp glued to a doctor's turn."""
    return _with(turns, _first_doctor(turns), lambda text: text + STAMPS[chance.number(name, len(STAMPS))])


def input_field(turns: Turns, _: str) -> Turns:
    """The last question on two lines: the `instruction` and `input` of the CMtMedQA shape."""
    place = len(turns) - 2
    return _with(turns, place, lambda text: "\n".join((text[: text.index("，") + 1], text[text.index("，") + 1 :])))


class Kind(NamedTuple):
    """A kind of clutter: how it is made, whether it needs a shape that can hold runs of one role, and what it needs."""

    make: Callable[[Turns, str], Turns]
    needs_runs: bool = False
    fits: Callable[[Turns], bool] = lambda _: True
    files: tuple[str, ...] = ()


def _has_ascii(turns: Turns) -> bool:
    return any(_ASCII.search(text) for _, text in turns)


def _several_sentences(turns: Turns) -> bool:
    return any(role == "doctor" and len(sentences(text)) > 1 for role, text in turns)


KINDS = {
    "traditional": Kind(traditional),
    "full_width": Kind(full_width, fits=_has_ascii),
    "half_width_marks": Kind(half_width_marks),
    "html": Kind(html),
    "zero_width": Kind(zero_width),
    "platform_notice": Kind(platform_notice),
    "template_label": Kind(template_label, fits=_several_sentences),
    "advert": Kind(advert),
    "courtesy_tail": Kind(courtesy_tail, fits=lambda turns: "祝" not in turns[-1][1]),
    "crawl_stamp": Kind(crawl_stamp),
    "speaker_label": Kind(speaker_label, files=("clinic_d.jsonl", "clinic_h.json", "clinic_c.json.gz")),
    "same_role_run": Kind(same_role_run, needs_runs=True, fits=_several_sentences),
    "leading_doctor": Kind(leading_doctor, needs_runs=True),
    "trailing_patient": Kind(trailing_patient, needs_runs=True),
    "empty_turn": Kind(empty_turn, needs_runs=True),
    "input_field": Kind(input_field, files=("clinic_a.json",), fits=lambda turns: "，" in turns[-2][1][:-1]),
}
