"""Which patient turns are worth a reply that is judged: the patient asks or reports something (DESIGN.md section 5, rule 3).

816 of the 1,000 dialogues of the public CMtMedQA test file end with a patient turn that asks nothing; judging there measures politeness.
"""

import re
from collections.abc import Sequence
from typing import Literal

from cmtmedqa.farewell import is_farewell
from cmtmedqa.records import Turn

VERSION = "informative-1"

Which = Literal["last-question", "questions", "informative"]

_MARK = re.compile("[?？]")
# Questions that are typed without a mark. 什么 and 几 alone also stand in statements (没什么, 好几天), so they need a companion.
_ASKED = re.compile(
    "吗|请问|怎么(?!样都|都)|怎样|怎么办|咋|为什么|为啥|如何|多久|多长时间|多少|是不是|要不要|能不能|会不会|可不可以|需不需要|用不用|有没有必要|"
    "什么(?:药|病|原因|情况|检查|办法|方法|意思|症状|科|时候|区别|影响|后果|引起|问题)|是什么|做什么|吃什么|哪(?:种|个|些|里|家|科|一)|"
    "(?<!好)几(?:天|次|片|粒|颗|个月|周|年|岁|毫升|毫克|克)(?:能|可以|才|一次|见效|\\W*$)|还是(?:要|得|需要).{0,12}好|呢\\W*$|求助|帮我(?:看|分析|解答)"
)
_LEAST_CHARS = 4
_WORD = re.compile(r"\w")


def asks(text: str) -> bool:
    """Whether a patient turn asks for something, with or without a question mark."""
    return bool(_MARK.search(text) or _ASKED.search(text))


def is_informative(text: str) -> bool:
    """Whether a patient turn asks or reports something: no farewell, and more than an interjection."""
    return not is_farewell("patient", text) and len(_WORD.findall(text)) >= _LEAST_CHARS


def turns_to_judge(turns: Sequence[Turn], which: Which = "last-question") -> list[int]:
    """Indices of patient turns that are answered and worth judging, ascending; a turn without a doctor's reply is none.

    `last-question`: the last one that asks, or the last informative one where none asks; `questions`: all that ask;
    `informative`: all that ask or report something.
    """
    known = [
        place
        for place, turn in enumerate(turns[:-1])
        if turn.role == "patient" and turns[place + 1].role == "doctor" and is_informative(turn.text)
    ]
    asking = [place for place in known if asks(turns[place].text)]
    if which == "informative":
        return known
    if which == "questions":
        return asking
    return (asking or known)[-1:]
