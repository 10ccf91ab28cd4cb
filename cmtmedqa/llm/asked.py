"""What a doctor turn asks of the case, question by question, and whether a rewrite still asks it."""

import itertools
import re
from functools import lru_cache

from cmtmedqa.llm.topic import topic

_SENTENCE = re.compile(r"[^。！!？?；;\n]*[。！!？?；;\n]?")
_CLAUSE = re.compile(
    "[，,：]|:(?![0-9])|(?<=[\u4e00-\u9fff])[ \u3000]+(?=[\u4e00-\u9fffA-Za-z])|(?<=[吗么呢没不])[ \u3000]+|(?<=没用)(?=[不别])|(?<=用)(?=不用[怕担吃买])|(?<=吗)(?=[\u4e00-\u9fff])(?![啡丁替洛])|(?<=[哦啊呀哈啦哟嘛])(?=[你您])"
)
END = "。；;！!\n "

_ASKS = re.compile(
    "请问|有没有|有无|是否|是不是|会不会|能不能|能否|可否|多久|多长时间|多少|多大|多重|多高|几(?=[天次个片周年岁点粒度遍回支针月斤号颗只顿餐块级项种瓶包袋毫分小方成口层场胎根秒]|多)|谁(?=[有得患吃喝是在抽病带])|何[时处种]|为何|几时|什么时候|什么|啥|哪里|哪儿|哪些?|怎么样?|怎样|如何|咋样?|"
    "(?P<one>[\u4e00-\u9fff]{1,2})[不没](?P=one)|(?P<two>[一-鿿])[一-鿿]{1,2}[不没](?P=two)(?=[，。；？?,]|$)"
)
_SUPPOSES = re.compile("(?:您|你|现在|还)*没有?[^，。]{1,6}吧$")
_TAG = re.compile("(?:对|是|好|是不是|对不对|没错)(?:吗|吧|么)?[?？]")
_STILL = re.compile(
    "还是(?:一天|每|按|照|原|做|查|拍|手术|住院|用药|[0-9]|要|得|建议|应|需|先|可以|不能|去|来|挺|比较|有|没|会|很|蛮|注意|别|尽|考虑|多|少|那|老|以|由|因|在|把|请|不|正|偏|高|低|稳|良|好|属|处|同|像|觉|希|想|继|维|保)"
)
_OR = re.compile(f"[\u4e00-\u9fff][^，。]{{0,9}}(?!{_STILL.pattern})还是[\u4e00-\u9fff]")  # 黄的还是白的
_TAIL = re.compile(
    "[\u4e00-\u9fff](?<![吃喝用])(?:[^，。的是吃喝用]{1,2}的){2}$|(?:吗|呢|么|没有|没|[^不]不|否|可好|型吧|[吃用服做查有打抽来生怀]过吧)$|可曾|^(?:[您你]的?|孩子|现在|目前)*(?:体重|身高|年龄|血型|血压|血糖|体温|职业|孕周)(?:是)?$"
)
_NO_QUESTION = re.compile(
    "(?:随便|任意|不管|无论|不论)(?:哪|什么|啥)[一样个种边]?|(?:别|不要?|勿)[^，。?？]{0,3}(?:什么|啥)|(?:只|仅|单纯|就|才)(?:是|有|掉|剩)?几|几(?:个|点|件|方面)(?:情况|问题|事|方面|细节|信息)|(?<!有)没有?(?:几|多[久长少大])|什么都|什么也|任何|不管|无论|怎么也|有什么不|如有|不(?:是|算)[什啥]么?|多少有|过几[天日周]|(?:多|分|连|再|等|隔)[\u4e00-\u9fff]?几(?=[次天顿口个分])|几(?:[天日周次秒]|分钟|小时|个(?:星期|礼拜|月|小时|钟头))(?:之?后|之?内|就|左右)|已有几[天日周月年](?=[。，,]|$)|(?<!有)没有?[^，。?？]{0,4}(?:什么|啥)(?![^，。]{0,8}[吗呢没?？])|[这前近头那后]几|(?<!一)[下上如][列面]?几|几[点项]?(?=[:：])|几点(?=需|要|建|注|请)|[每隔]几|好几|十几|有什么(?=.{0,8}(?:再|及时|随时|请|可以))|几乎|([\u4e00-\u9fff])不\\1[都也]|可([\u4e00-\u9fff])可不\\2|没有?什么|没啥|(?:什么|啥|哪|谁)[^，。]{0,3}[都也]|啥都|啥也|是否需要由|是否[^，。]*(?=视|取决|不好说|说不[准好]|难说|不确定|不清楚|未知|有待|尚需|还需)|哪怕|([\u4e00-\u9fff])不\\3(?=看着|看情况|[要得]看|视情况|取决|留意|注意|[^，。]{0,4}让人)|([\u4e00-\u9fff])不\\4[就会](?![吗呢])|(?:怕|急|慌)(?:什么|啥)(?![吗呢])|[喝吃含抿嚼]几口(?![了啦?？])|[打射]几针[就即]|(?:啥样|什么样)(?:[拍发])|哪[顿天次个里][^，。]{0,6}就|[^，。]{1,4}还是[^，。]{1,4}[要得]?(?:看情况|视情况|取决)"
)
# 不管喝多少都要送医院, 如果只是几个小黑点
_EITHER = re.compile(
    "不管|不论|无论|任凭|^(?:如果?|要是|若|假如|假使|倘若|万一|一旦)|^我(?:很|能|都|完全|非常)*(?:明白|理解|知道|清楚)"
)
_SEES = re.compile("看(?!看|一下|下).*[?？]")  # 看灯有没有彩圈？
_TO_FIND_OUT = re.compile(
    "(?:分清|区分|鉴别|辨别|分辨)[^，。?？]*还是|(?:[要需得]看|看看|留意|注意|观察)[^，。?？]{0,6}([\u4e00-\u9fff])[不没]\\1(?![^，。]{0,12}[吗呢])|看看?[^，。?？]{1,6}[没否]$|(?:^(?:请|再)?|后|[次回]|再|来|超|片|查)[^，。?？]{0,10}?(?:看看?(?!东西|得|电视|书|手机|见|到|过)|观察)[^，。?？]{0,10}(?:到底?多少|至多少|在不在|([\u4e00-\u9fff])没\\2位?)$|(?:再|复)查一?下?[^，。?？]{1,8}没$|(?:看看?(?!东西|得|电视|书|手机)|明确|(?<![想要])了解|排除|确定|判断|评估|观察|检查|查查?|确认|取决于|根据)(?:一下|下)?[^，。?？]{0,6}(?:有没有|有无|是否|是不是)"
)
_REQUEST = re.compile(
    "(?<!时)(?<!刻)(?<!即)(?<!快)(?<!了)(?<!谢您)(?<!愿意)(?:告诉|告知)(?:我|一下)(?=(?!一声)[^，。？?]{2})|^(?:还|也|另外|同时|并)?(?:请|麻烦|烦请|劳烦|希望|盼)(?:您|你|再|先|也|家长|详细|具体)*(?:告知|告诉|说明|提供|描述|补充|介绍|回答|反馈|说说|讲讲)(?!医|大夫|护|家[属人]|前台|接诊|我们?[，。])|(?:说|讲|描述|介绍|补充|提供|报)(?:一下|下|说|讲)(?!.*[吗呢])|想(?:再|要|进一步)*(?:了解|知道|确认|请问|问问?)(?:一下|下)?|麻烦您?(?:说|描述|提供|告)|方便(?:的话)?(?:说|告|描|提|透)"
)
_COURTESY = re.compile(
    "(?:还|其他|其它|别的)[^，。?？]{0,8}(?:问题|疑问|想问|需要)|^先?想?问[一您你]*问?(?:下|两句)?$|^(?:这样|那|您|你|都|听|能)*(?:明白|清楚|理解|可以|好|对|行|懂)的?了?(?:吗|吧|么)$|^好不好$"
)


def sentences(text: str) -> list[list[str]]:
    """The sentences of a text as lists of clauses; the last clause keeps the mark that ends the sentence."""
    split = ([clause.strip() for clause in _CLAUSE.split(found)] for found in _SENTENCE.findall(text) if found.strip())
    found = [_joined([clause for clause in some if clause]) for some in split]
    for before, behind in itertools.pairwise(found):
        # 不喝奶是不是过敏?还是不爱喝: the other way of what was asked.
        if before and behind and before[-1].endswith(("?", "？")) and behind[0].startswith("还是"):
            behind[-1] = behind[-1].rstrip(END + "?？") + "？"
    return found


def _joined(clauses: list[str]) -> list[str]:
    """An alternative (…，还是…) belongs to the clause before it."""
    found: list[str] = []
    asking = bool(clauses) and clauses[-1].endswith(("?", "？"))
    for clause in clauses:
        if found and _TAG.fullmatch(clause):
            found[-1] += "吗？"  # 您是吃过药才发现的，对吗
        elif found and clause.startswith("还是") and (asking or not _STILL.match(clause)):
            found[-1] = f"{found[-1]}，{clause}"
        else:
            found.append(clause)
    return found


def requests(bare: str) -> bool:
    """Whether a clause requests an answer: 请告诉我孩子的体重."""
    return _REQUEST.search(bare) is not None


def asks(bare: str) -> bool:
    """Whether a clause has the form of a question."""
    if _EITHER.search(bare):
        return False
    return any(pattern.search(_NO_QUESTION.sub("", bare)) for pattern in (_ASKS, _OR)) or _TAIL.search(bare) is not None


def is_question(clause: str, sentence: list[str]) -> bool:
    """Whether a clause asks of the case: by its form, by the mark at its end, or because 请问 opened what a 请问…？ asks."""
    bare = clause.strip(END)
    if (
        (_TO_FIND_OUT.search(bare) and not _SEES.match(bare))
        or re.search("[给跟向][您你](?:讲|说|介绍|解释)", bare)
        or _COURTESY.search(bare.rstrip("?？"))
        or not bare.strip("?？")
    ):
        return False
    if not topic(bare) and not asks(bare.replace("请问", "").rstrip("?？")):  # 另外请问
        return False
    if bare.endswith(("?", "？")) or ("，还是" in bare and sentence[-1].endswith(("?", "？"))):
        return True
    if (request := _REQUEST.search(bare)) is not None:
        opens = request[0].startswith("想") and not bare[request.end() :].strip()  # 用药前想确认，您对青霉素过敏吗
        return not opens and bool(topic(_REQUEST.sub("", bare)))
    if bare.startswith("请问") and sentence[0] == clause and not asks(bare.removeprefix("请问")):
        return not any(asks(other.strip(END + "?？")) for other in sentence[1:])
    if asks(bare) or _SUPPOSES.match(bare):
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
