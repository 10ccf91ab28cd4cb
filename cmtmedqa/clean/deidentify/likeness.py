"""How likely a stretch of text is somebody's name, by its characters and by what stands around it.

The score is a sum of rounded natural logarithms of odds (naive Bayes): of the surname, of each character of the given name,
of what stands before and behind, and of what the clause speaks of.
"""

import re
from typing import NamedTuple

from cmtmedqa.clean.deidentify.cues import HONORIFIC, KIN, RELATIVE, ROLE, TITLE
from cmtmedqa.clean.deidentify.name_checks import FUNCTION_WORDS, NEVER, ends_word, fits
from cmtmedqa.clean.deidentify.names import (
    COMPOUND,
    COMPOUND_WORDS,
    CUT,
    HAN,
    LISTED,
    STOP,
    SURNAMES,
    allowed,
    ends_at_mark,
    maker,
    sections,
    surname_length,
)
from cmtmedqa.clean.deidentify.patterns import led
from cmtmedqa.clean.deidentify.wares import called_person, called_ware

_TABLE = sections("likeness.txt")


def _weights(kind: str) -> dict[str, int]:
    return {
        char: int(title.strip("[]").split()[1])
        for title, chars in _TABLE.items()
        if title.startswith(f"[{kind} ")
        for char in chars.replace(" ", "")
    }


SURNAME_WEIGHT, FIRST_WEIGHT, SECOND_WEIGHT = _weights("surname"), _weights("first"), _weights("second")
_COMPOUND_WEIGHT, _WORD_WEIGHT = 9, 0
_UNUSUAL, _WORD = 0, -5
# A rare surname before the name of a maker is more likely a verb.
_RARE, _MADE = 2, 6
ENOUGH = 8


def _doubt(text: str, start: int) -> int:
    """What a surname that is also a function word loses."""
    if surname_length(text, start) > 1:
        return 0
    return 4 if text[start] in NEVER else 2 if text[start] in FUNCTION_WORDS else 0


class Likely(NamedTuple):
    """Where the name ends, and how likely it is one."""

    end: int
    score: int


def name_weight(text: str, start: int, end: int) -> int:
    """The weight of the characters of a name: surname and given name."""
    size = surname_length(text, start)
    surname = SURNAME_WEIGHT.get(text[start], 0)
    if size > 1:
        surname = _WORD_WEIGHT if text[start : start + size] in COMPOUND_WORDS else _COMPOUND_WEIGHT
    first, second = text[start + size : start + size + 1], text[start + size + 1 : end]
    return surname + _given(first, FIRST_WEIGHT) + (_given(second, SECOND_WEIGHT) if second else 0)


def _given(char: str, weights: dict[str, int]) -> int:
    weight = weights.get(char)
    return (_WORD if char in STOP else _UNUSUAL) if weight is None else weight


# Behind these a person stands, behind those often, before and behind others now and then.
SURE = f"{RELATIVE}|{ROLE}|姓名|名字|名[儿称单]|[叫姓喊]|[0-9]号?床的?|[先亡故][父母夫妻]|其[父母夫妻子女兄弟姐妹]|拙夫|敝人|居民|村民|网民|学员|员工|战士|队员|旅客|乘客|选手|同名的|哪位是|谁是|名是|真名"
OFTEN = led(
    "通知|呼叫|转告|转达给?|告诉|联系|提醒|回访|随访|取消|退给|发给|寄给|拿给|还给|交给|抬头|委托|代表|介绍|推荐|[代替帮找请让给受为陪接送]|签[字名]|登记|预约|挂号|显示|屏幕|就诊|付款|收[件货]?|复诊|回复|打给|等|问问|[听跟和把将与以]|[写变换改印切录填打标登记]成?|[写贴印]着|填的?|"
    "名下|不是|就是|应该是|[这那也才都]是|[一两那这有某]个|人|备注|切到|标[的着]|管[床的]?|绑[的定]?|归|属于?|证明|[我俺咱]家?|本人|喂|抬头开|是我[呀啊哈哦呢]?|谢过|[早中晚夜]班|随访了"
)
_BEFORE = (
    (re.compile("(?:[用开吃喝买抹涂推]荐?的|一种)(?:药|是|叫|名叫)?$"), -5),
    (re.compile(rf"(?:{SURE})(?:是|叫|为|[:,(（ ])?$"), 4),
    (re.compile(rf"(?:{OFTEN})的?[ :]?$"), 2),
    (re.compile(rf"(?:^|[^{HAN}A-Za-z0-9,:、@.-])[ ]?$"), 2),
    (re.compile(r"[,: @]$"), 1),
    (re.compile(r"[问由向到是对有还的了在上]$"), 1),
    (re.compile(r"[0-9][.)、] ?$"), 2),
    (re.compile(r"[、0-9.-]$"), 0),
    (re.compile(r"(?:[片粒丸膏胶囊服食吃用喝擦抹涂]|[A-Za-z])$"), -5),
)
_BEHIND = (
    (
        re.compile(
            rf"(?:{HONORIFIC}|{TITLE}|{KIN}|[您你]好|本人|名下|[这那][个位]|[他她]|家[里人属长的]|[三两]个字|代[诉问签]|死于|先生|的?(?:床|号|药|报告|化验|检查|片子|病历|病例|单子|家|手机|电话|预约|医保|身份证|名))"
        ),
        4,
    ),
    (re.compile(rf"(?:$|[^{HAN}A-Za-z0-9])"), 1),
    (
        re.compile(
            "(?:[的了吗在是说讲和跟与来去住要想还也都就让把被给已刚没有我您你需可今昨前明后最现从术挂预约签收到又才再不能会怎几多排付留挺拿取做查问转请首初复失爽委推介向谢先老一直总天半早晚上下作那这因]|烧|吐|咳|拉|疼|痛|发[烧热]|怀|孕|妊|主诉|诊断|退|改|成)"
        ),
        1,
    ),
    (re.compile(r"[0-9A-Za-z]"), 0),
)
_ELSE_BEFORE, _ELSE_BEHIND = -2, -1
_NEAR = re.compile(
    "名[字下]|患者|病人|挂号|预约|登记|住院|出院|[0-9]床|报告|家属|电话|手机|身份证|签[字名]|家长|医保|缴费|退款|付款|收件|联系|本人|同学|同事|朋友|邻居|邻床|隔壁|介绍|推荐|复诊|随访|回访|同名|叫号|入组|押金|接诊|主诉|[我俺咱他她您你]|医生|大夫"
)
_GOODS = re.compile(
    "胶囊|颗粒|片|口服|服[用食]|[吃喝涂抹擦]了?|药(?!房|费|方)|牌|疗效|软膏|乳膏|治疗|医院|产品|品牌|护肤|面膜|综合征|综合症|氏|试验|用的(?:是)?$"
)
_ILL = re.compile("[病症炎癌瘤痛]")  # in no name
_CLAUSE = re.compile("[,。!?;\n]")
# What is said of wares only.
_SHOP = re.compile(
    "买|购|牌子?|正品|假货|老用户|智商税|好评|差评|代言|广告|旗舰|专柜|专卖|淘宝|京东|拼多多|超市|店里|到货|退货|包装|生产日期|保质期|味道|好吃|好喝|好用|耐用|划算|价格|多少钱|害处|有害|成分|配方|下单|别的不敢|没听过|名气|老字号|国货|进口|囤|打折|同款|常备|用着|起反应|送了我|托人|靠谱|朋友圈|搞活动|客服|直播间|带货|别家|性价比|代购|网红|加盟|分店|连锁|门店|爆款|新品|销量|信得不行|种草|踩雷|冲着"
)
_NOUNS = "花生|面包|坚果|奶粉|手机|超市|公司|集团|药业|药房|电池|话梅|石斛|花茶|玻尿酸|防晒|猪肉|牛肉|红烧肉|豆奶|麻花|咸菜|榨菜|腐乳|凉茶|蚕豆|瓜子|月饼|粽子|汤圆|饺子|火锅|烤鸭|卤味|零食|饮料|矿泉水|牙膏|洗发|香皂|面膜|口罩|剪刀|眼镜|皮鞋|布鞋|袜子|内衣|家具|地板|油漆|空调|冰箱|电器|电饭|泥螺|火腿|腊肉|香肠|辣酱|豆瓣"
_NOUN = "鞋|靴|机|器|仪|油|酒|茶|粉|霜|膏|露|液|皂|巾|垫|椅|枕|锅|壶|杯|刀|剪|笔|衣|裤|袜|帽|表|包|车|糖|饼|糕|酱|醋|盐|米|面|奶|蛋|肉|鸭|鸡|鱼|虾|菜|苔|果|枣|豆|皮|丸|散|丹|油|螺|草"
# A name does not run on into what is sold, nor into a disease unless that has a name of its own.
_RUNS = re.compile(
    rf"(?:记|牌|氏|堂|斋|坊)(?![得录不忆性了着过里室])|(?:(?![的了在和是有得患因说吃喝用买拿做来去住我你他她])[一-鿿]){{0,3}}(?:{_NOUNS}|(?:{_NOUN})(?=$|[^一-鿿]|[的是吗呢有没好会能靠要怎多不很真还也都到成先停引凑用以试一这]))|"
    "(?:(?![的了在和是有得患因说])[一-鿿]){0,4}(?:病(?![了重好情危倒房历人理程因灶案史区友])|征|氏|癜|综合|症(?!状)|损害|评分|溃疡)|(?:手术|法)(?=有没|跟我|是|[,。]|$)"
)
# Behind a name 和 joins somebody else to it.
_JOINED = re.compile(rf"[我你您他她它]|(?:{KIN})|[{''.join(sorted(SURNAMES))}][{HAN}]|另|其|大家|别")


def _left(text: str, start: int) -> int:
    before = text[max(0, start - 8) : start]
    return next((weight for pattern, weight in _BEFORE if pattern.search(before)), _ELSE_BEFORE)


def _right(text: str, end: int) -> int:
    return next((weight for pattern, weight in _BEHIND if pattern.match(text, end)), _ELSE_BEHIND)


def _near(text: str, start: int, end: int) -> int:
    around = text[max(0, start - 16) : start] + "|" + text[end : end + 16]
    close = _CLAUSE.split(text[max(0, start - 8) : start])[-1] + "|" + _CLAUSE.split(text[end : end + 8])[0]
    runs = 6 * (bool(_RUNS.match(text, end)) and not allowed(text, end))
    return 2 * bool(_NEAR.search(around)) - 3 * bool(_GOODS.search(close)) - 4 * bool(_SHOP.search(around)) - runs


def surroundings(text: str, start: int, end: int) -> int:
    """How much of a person what stands before and behind, and the clause, speak."""
    return _left(text, start) + _right(text, end) + _near(text, start, end)


def inside_term(text: str, start: int) -> bool:
    """Whether a term that began up to three characters before goes on here."""
    return any(
        text[at : at + size] in LISTED.get(text[at], ())
        for at in range(max(0, start - 3), start)
        for size in range(start - at + 1, 9)
    )


def likely(text: str, start: int) -> Likely | None:
    """The likeliest name that starts here; None if what stands here is a word, a place or a ware."""
    size = surname_length(text, start)
    if not size or allowed(text, start, start + 2) or inside_term(text, start):
        return None
    # 李子 is a word, 李子洋 a name.
    word = allowed(text, start)
    if text[start - 1 : start] in "叫:" and called_ware(text, start):
        return None
    made = size == 1 and SURNAME_WEIGHT.get(text[start], 0) <= _RARE and maker(text, start + 1)
    found = []
    for end in (start + size + 1, start + size + 2):
        given = text[start + size : end]
        if end > len(text) or not re.fullmatch(f"[{HAN}]+", given) or _ILL.search(given):
            break
        if (
            text[end - 1 : end + 1] in CUT
            or not fits(text, start, end)
            or (word and SECOND_WEIGHT.get(given[1:], 0) < 4)
        ):
            continue
        # The last character begins a word, or joins somebody else to a shorter name.
        if len(given) == 2 and (allowed(text, end - 1) or (given[1] == "和" and _JOINED.match(text, end))):
            continue
        if text[start - 1 : start] == "叫" and not called_person(text, start, end):
            continue
        before, behind = _left(text, start), _right(text, end)
        framed = before > 0 and bool(ends_at_mark(text, end))
        if given in CUT and not framed:
            continue
        doubt = (
            _MADE * made + _doubt(text, start) // (1 + framed) + 4 * (word or given in CUT or ends_word(text, start))
        )
        score = name_weight(text, start, end) + before + behind + _near(text, start, end)
        found.append(Likely(end, score - doubt - (len(given) == 1) + 3 * (given[1:] == "和" and not word)))
    return max(found, key=lambda name: (name.score, name.end), default=None)


def likeliest(text: str, start: int) -> tuple[int, Likely] | None:
    """The name that starts here if it is likely enough, or a likelier one that it touches, and where that starts."""
    here = likely(text, start)
    if here is None or here.score < ENOUGH:
        return None
    found = [(start, here)]
    found += [(at, name) for at in range(start + 1, here.end) if (name := likely(text, at))]
    return max(found, key=lambda item: (item[1].score, -item[0]))


# Weights in bands, each counted as its least: a pattern of every weight would take a quarter of a second to compile.
_BANDS = ((5, 9), (3, 4), (0, 2), (-2, -1))


def start(least: int) -> str:
    """A pattern of where a name may start whose characters weigh about so much or more."""
    ways = [rf"(?:{'|'.join(COMPOUND)})[{HAN}]"]
    for low, high in _BANDS:
        two = [
            _within(FIRST_WEIGHT, first, top) + second
            for first, top in _BANDS
            if low + first < least + 1 and (second := _within(SECOND_WEIGHT, least - low - first))
        ]
        one = _within(FIRST_WEIGHT, least + 1 - low)
        ways += [f"{_within(SURNAME_WEIGHT, low, high)}(?:{'|'.join(filter(None, [one, *two]))})"] if one or two else []
    return f"(?:{'|'.join(ways)})"


def _within(weights: dict[str, int], low: int, high: int = 9) -> str:
    chars = "".join(sorted(char for char, weight in weights.items() if low <= weight <= high))
    return f"[{chars}]" if chars else ""
