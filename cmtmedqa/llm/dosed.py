"""What stands before each dose of a text: a drug that no list knows is seen by the dose it takes over from another."""

import re

from cmtmedqa.llm.numbers import amounts
from cmtmedqa.llm.numerals import plain

_DOSED = frozenset(("mg", "μg", "g", "iu", "ml", "片", "粒"))
_NO_NAME = frozenset(
    "了应补喝饮水超过减增加升降高低多少后前时内外上下月年日天周就先从到冲兑便排位量重别不勿在制维持去来肾肝始起今明昨逐盐糖油水食蛋质议摄入脂是为次给再选改换日分度最或且若及与和共约天疗程治疗熬煎取出泡毫话着"
)
# What is done with a drug, or how it is put in, is none.
_NO_DRUG = re.compile("[停换减加用服吃]药|己停|栓塞|放置|塞入|涂抹|含化")
_NAME = re.compile("[\u4e00-\u9fff]{2}")
_BEFORE_DOSE = re.compile(
    "(?:每[次日天晚早回片粒餐顿]|[一各][次天日回餐顿]|[只仅][能可需]?|最多|不超过?|早[上晨晚]?|晚上?|睡前|晨起|空腹|顿服|首次|起始|剂量|用量|口服|服用|外用|注射|肌注|静滴|静脉|皮下|缓释|控释|肠溶|胶囊|片剂|[片粒支丸袋栓散液针]|即|为|约|共|按|用|服|吃|打|滴|加|的|请|可|再|到|至|是|含|逐|各|先|从|单位|[^\u4e00-\u9fff])+$"
)


def dosed(text: str) -> dict[tuple[float, str], set[str]]:
    """For each dose in milligrams, millilitres or units the last two Chinese characters of what stands before it."""
    folded = plain(text)
    found: dict[tuple[float, str], set[str]] = {}
    for amount in amounts(folded):
        if amount.unit in _DOSED:
            before = _BEFORE_DOSE.sub("", folded[max(0, amount.start - 24) : amount.start])
            if (
                len(before) > 1
                and _NAME.fullmatch(before[-2:])
                and _NO_NAME.isdisjoint(before[-2:])
                and not _NO_DRUG.fullmatch(before[-2:])
            ):
                found.setdefault(amount.said, set()).add(before[-2:])
    return found
