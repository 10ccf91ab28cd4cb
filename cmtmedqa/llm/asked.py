"""What a doctor turn asks of the case, question by question, and whether a rewrite still asks it."""

import re
from functools import lru_cache

_SENTENCE = re.compile(r"[^。！!？?；;\n]*[。！!？?；;\n]?")
_CLAUSE = re.compile(
    "[，,：]|:(?![0-9])|(?<=[\u4e00-\u9fff])[ \u3000]+(?=[\u4e00-\u9fffA-Za-z])|(?<=[吗么呢没不])[ \u3000]+|(?<=吗)(?=[\u4e00-\u9fff])(?![啡丁替洛])|(?<=[哦啊呀哈啦哟嘛])(?=[你您])"
)
_END = "。；;！!\n "

_ASKS = re.compile(
    "请问|有没有|有无|是否|是不是|会不会|能不能|能否|可否|多久|多长时间|多少|多大|多重|多高|几(?=[天次个片周年岁点粒度遍回支针月斤号颗只顿餐块级项种瓶包袋毫分小方成口层场胎根秒]|多)|何[时处种]|为何|几时|什么时候|什么|啥|哪里|哪儿|哪些?|怎么样?|怎样|如何|咋样?|"
    "(?P<one>[\u4e00-\u9fff]{1,2})[不没](?P=one)|(?P<two>[一-鿿])[一-鿿]{1,2}[不没](?P=two)(?=[，。；？?,]|$)"
)
_STILL = re.compile(
    "还是(?:一天|每|按|照|原|[0-9]|要|得|建议|应|需|先|可以|不能|去|来|挺|比较|有|没|会|很|蛮|注意|别|尽|考虑|多|少|那|老|以|由|因|在|把|请|不|正|偏|高|低|稳|良|好|属|处|同|像|觉|希|想|继|维|保)"
)
_OR = re.compile(f"[\u4e00-\u9fff][^，。]{{0,9}}(?!{_STILL.pattern})还是[\u4e00-\u9fff]")  # 黄的还是白的
_TAIL = re.compile("[\u4e00-\u9fff](?:[^，。的是]{1,2}的){2}$|(?:吗|呢|么|没有|没|[^不]不|否)$")
_NO_QUESTION = re.compile(
    "什么都|什么也|任何|不管|无论|怎么也|有什么不|如有|不(?:是|算)[什啥]么?|多少有|过几[天日周]|(?:多|分|连|再|等|隔)[\u4e00-\u9fff]?几(?=[次天顿口个分])|几(?:[天日周次]|个(?:星期|礼拜|月|小时|钟头))(?:之?后|之?内|就|左右)|已有几[天日周月年](?=[。，,]|$)|(?<!有)没有?[^，。?？]{0,4}(?:什么|啥)(?![^，。]{0,8}[吗呢没?？])|[这前近头那后]几|(?<!一)[下上如][列面]?几|几[点项]?(?=[:：])|几点(?=需|要|建|注|请)|[每隔]几|好几|十几|有什么(?=.{0,8}(?:再|及时|随时|请|可以))|几乎|([\u4e00-\u9fff])不\\1[都也]|可([\u4e00-\u9fff])可不\\2|没有?什么|没啥|(?:什么|啥|哪|谁)[^，。]{0,3}[都也]|啥都|啥也|是否需要由|是否[^，。]*(?=视|取决)|哪怕|([\u4e00-\u9fff])不\\3(?=看着|留意|注意|[^，。]{0,4}让人)"
)
_TO_FIND_OUT = re.compile(
    "(?:[要需得]看|看看|留意|注意|观察)[^，。?？]{0,6}([\u4e00-\u9fff])[不没]\\1(?![^，。]{0,12}[吗呢])|看看?[^，。?？]{1,6}[没否]$|(?:看看?|明确|(?<![想要])了解|排除|确定|判断|评估|观察|检查|查查?|确认|取决于|根据)(?:一下|下)?[^，。?？]{0,6}(?:有没有|有无|是否|是不是)"
)
_REQUEST = re.compile(
    "(?<!时)(?<!刻)(?<!即)(?<!快)(?<!了)(?:告诉|告知)(?:我|一下)(?=[^，。？?]{2})|^(?:还|也|另外|同时|并)?(?:请|麻烦|烦请|劳烦|希望|盼)(?:您|你|再|先|也|家长|详细|具体)*(?:告知|告诉|说明|提供|描述|补充|介绍|回答|反馈|说说|讲讲)(?!医|大夫|护|家[属人]|前台|接诊|我们?[，。])|(?:说|讲|描述|介绍|补充|提供|报)(?:一下|下|说|讲)(?!.*[吗呢])|想(?:再|要|进一步)*(?:了解|知道|确认|请问|问问?)(?:一下|下)?|麻烦您?(?:说|描述|提供|告)|方便(?:的话)?(?:说|告|描|提|透)"
)
_COURTESY = re.compile(
    "(?:还|其他|其它|别的)[^，。?？]{0,8}(?:问题|疑问|想问|需要)|^(?:这样|那|您|你|都|听|能)*(?:明白|清楚|理解|可以|好|对|行|懂)的?了?(?:吗|吧|么)$|^好不好$"
)
_STOP = re.compile(
    "请问|孩子|这种|这样|那样|[两几一][点件个](?:事情?|问题)?$|请教|先|向|跟|核实|确认|想了解|想|再|您好|告知|说一下|讲一下|描述一下|描述|提供|介绍|方便的话|方便|想了解|了解|麻烦|知道|另外|有没有|有没|有无|是否|是不是|会不会|能不能|能否|伴有|伴随|出现|存在|发生|感觉|觉得|症状|情况|目前|现在|最近|平时|以前|曾经|多长时间|多久|多少|时间|数值|什么时候|什么|怎么样|怎样|如何|怎么|"
    "啥样|咋样|持续|告诉|一下|[您你吗呢么吧没不过的了有是和或及与以还也都会请我说几个啥哪多在时到其为否被来去要]"
)
# Everyday words and what a professional register says in their place.
_SAME = (
    ("拉肚子", "腹泻"), ("肚子", "腹"), ("发烧", "发热"), ("烧", "热"), ("疼", "痛"), ("看东西", "视物"), ("喘", "气喘"), ("睡觉", "睡眠"), ("吐", "呕"), ("拉的", "大便"), ("拉", "便"), ("宝宝", "孩子"), ("娃", "孩子"), ("小孩", "孩子"),
    ("胳膊", "臂"), ("嗓子", "咽喉"), ("流鼻涕", "流涕"), ("抽过风", "抽搐"), ("抽风", "抽搐"), ("憋气", "呼吸困难"), ("尿", "小便"), ("喝酒", "饮酒"), ("吃饭", "进食"), ("舌头", "舌"), ("身上", "皮肤"), ("没劲", "无力"), ("没力", "无力"), ("声音", "咽喉"), ("嗓音", "咽喉"), ("口味", "吃盐"),
    ("不想活", "轻生"), ("退色", "褪色"), ("家里", "家"), ("多大了", "年龄"), ("年纪", "年龄"), ("多大", "年龄大"), ("例假", "月经"), ("大姨妈", "月经"), ("老家", "籍贯"), ("吃完饭", "餐后"), ("饭后", "餐后"), ("厉害", "剧烈"), ("重不重", "加重"), ("长了", "出现"), ("脸上", "面部"), ("心慌", "心悸"), ("指头", "手指"), ("吃", "服食"), ("费劲", "费力"), ("考虑好", "想好"), ("打算", "想"), ("个子", "身高"), ("转不转", "眩晕"), ("天旋地转", "眩晕"),
)  # fmt: skip
_LEAST, _MOST = 0.34, 0.6
_QUANTITIES = 2  # the first ways of asking: for a time, a number


def sentences(text: str) -> list[list[str]]:
    """The sentences of a text as lists of clauses; the last clause keeps the mark that ends the sentence."""
    split = ([clause.strip() for clause in _CLAUSE.split(found)] for found in _SENTENCE.findall(text) if found.strip())
    return [_joined([clause for clause in found if clause]) for found in split]


def _joined(clauses: list[str]) -> list[str]:
    """An alternative (…，还是…) belongs to the clause before it."""
    found: list[str] = []
    asking = bool(clauses) and clauses[-1].endswith(("?", "？"))
    for clause in clauses:
        if found and clause.startswith("还是") and (asking or not _STILL.match(clause)):
            found[-1] = f"{found[-1]}，{clause}"
        else:
            found.append(clause)
    return found


def _asks(bare: str) -> bool:
    return any(pattern.search(_NO_QUESTION.sub("", bare)) for pattern in (_ASKS, _OR)) or _TAIL.search(bare) is not None


def is_question(clause: str, sentence: list[str]) -> bool:
    """Whether a clause asks of the case: by its form, by the mark at its end, or because 请问 opened what a 请问…？ asks."""
    bare = clause.strip(_END)
    if (
        _TO_FIND_OUT.search(bare)
        or re.search("[给跟向][您你](?:讲|说|介绍|解释)", bare)
        or _COURTESY.search(bare.rstrip("?？"))
        or not bare.strip("?？")
    ):
        return False
    if not _content(bare) and not _asks(bare):  # 另外请问
        return False
    if bare.endswith(("?", "？")) or ("，还是" in bare and sentence[-1].endswith(("?", "？"))):
        return True
    if (request := _REQUEST.search(bare)) is not None:
        opens = request[0].startswith("想") and not bare[request.end() :].strip()  # 用药前想确认，您对青霉素过敏吗
        return not opens and bool(_content(_REQUEST.sub("", bare)))
    if bare.startswith("请问") and sentence[0] == clause and not _asks(bare.removeprefix("请问")):
        return not any(_asks(other.strip(_END + "?？")) for other in sentence[1:])
    if _asks(bare):
        return True
    if re.match("没有?|未|不|无", bare):
        return False
    place = sentence.index(clause)
    return sentence[-1].endswith(("?", "？")) and any("请问" in before for before in sentence[:place])


@lru_cache(maxsize=64)
def split(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The clauses of a text that ask and those that do not; courtesy (还有其他问题吗) and 检查是否有… do not."""
    clauses = [(clause, is_question(clause, sentence)) for sentence in sentences(text) for clause in sentence]
    return tuple(clause for clause, asks in clauses if asks), tuple(clause for clause, asks in clauses if not asks)


def questions(text: str) -> list[str]:
    """Every question of a doctor turn."""
    return list(split(text)[0])


def difference(original: str, rewritten: str) -> str | None:
    """`question lost` or `question added`, or None where each question of one text has a counterpart in the other.

    A counterpart shares a third of the characters of content (of the shorter), everyday and professional words being equal.
    A question in quite other words counts as the same when both texts have one left over that asks in the same way.
    """
    before = questions(original)
    after = [found for found in questions(rewritten) if not _stated(found, original)]
    lost = _unanswered(before, [*after, *_beside(rewritten, after)])
    added = [asked for asked in after if _content(asked) and not _matched(asked, before)]
    for asked in list(lost):
        twin = next((other for other in added if _way(other) == _way(asked)), None)
        if twin is not None:
            lost.remove(asked)
            added.remove(twin)
    if lost:
        return "question lost"
    known = _content(original)
    return (
        "question added"
        if any(len(_content(asked) & known) < _LEAST * len(_content(asked)) for asked in added)
        else None
    )


_YES_OR_NO = re.compile("吗|有没有|有无|是否|是不是|能否|可否|会不会|没有?$|(?P<one>[\u4e00-\u9fff])[不没](?P=one)")
_TELLS = re.compile("告知|告诉|方便|说|讲|知道|了解|清楚|提供|记得|描述|数值|年龄|体重|身高")
_LISTS = re.compile("、|和|及|与|或|跟|还有")


def _stated(found: str, original: str) -> bool:
    """Whether a clause is a question by its mark alone and says what the original states: 您的血小板只有20？"""
    bare = found.strip(_END + "?？")
    if _asks(bare) or _REQUEST.search(bare):
        return False
    asks, states = split(original)
    content = _content(bare)
    said, asked = (max((len(content & _content(clause)) for clause in some), default=0) for some in (states, asks))
    return said > asked and 2 * said >= len(content)


_WAYS = (
    re.compile("多久|多长时间|什么时候|几[天周年月点]|多少[天年]|[么长啥]时间|时间$"), re.compile("多少|几|多大|多重|多高"), re.compile("什么|啥|哪"), re.compile("怎么|怎样|如何|咋"),
)  # fmt: skip


def _way(asked: str) -> int:
    """How a question asks: for a time, a number, a thing, a manner, or for yes or no."""
    return next((place for place, pattern in enumerate(_WAYS) if pattern.search(asked)), len(_WAYS))


def _beside(text: str, asking: list[str]) -> list[str]:
    """The clauses without the form of a question in sentences that end as one: 吃奶的情况，以及大便的颜色吗？"""
    return [
        clause
        for sentence in sentences(text)
        if sentence and sentence[-1].endswith(("?", "？"))
        for clause in sentence
        if clause not in asking and _content(clause)
    ]


def _unanswered(some: list[str], others: list[str]) -> list[str]:
    """The questions without a counterpart. Where one serves two, each needs a character of its own in it: 舌苔黄吗 and 小便黄吗."""
    serving = {asked: [other for other in others if _matched(asked, [other])] for asked in some}
    left = []
    for asked, found in serving.items():
        if not found or (len(found) == 1 and _taken(asked, found[0], serving)):
            left.append(asked)
    return left


def _taken(asked: str, other: str, serving: dict[str, list[str]]) -> bool:
    shared = _content(asked) & _content(other)
    rivals = [rival for rival, found in serving.items() if rival != asked and found == [other]]
    if (
        rivals
        and not _LISTS.search(other)
        and len(_ASKS.findall(other.replace("请问", ""))) < 2
        and len(shared) < _MOST * len(_content(asked))
    ):
        return True  # one question of one thing serves two only where it says both
    return any(shared <= _content(rival) and not _content(asked) <= _content(rival) & shared for rival in rivals)


def _matched(asked: str, others: list[str]) -> bool:
    content = _content(asked)
    quantity = _way(asked) < _QUANTITIES
    return any(
        len(content & other) >= _LEAST * min(len(content), len(other))
        and not (
            quantity
            and _way(found) == len(_WAYS)
            and not _TELLS.search(found)
            and _YES_OR_NO.search(found.strip(_END + "?？"))
        )
        if content and other
        else _way(asked) == _way(found)
        for found in others
        for other in (_content(found),)
    )


@lru_cache(maxsize=4_096)
def _content(question: str) -> frozenset[str]:
    text = question
    for everyday, professional in _SAME:
        text = text.replace(everyday, professional)
    return frozenset(mark for mark in _STOP.sub("", text) if mark.isalpha())
