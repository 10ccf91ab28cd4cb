"""What a doctor turn denies or forbids, clause by clause, and whether a rewrite denies and forbids the same."""

import itertools
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import NamedTuple

from cmtmedqa.llm.asked import split

# Words that hold a sign of negation and negate nothing.
_NO_NEGATION = re.compile(
    "不然|(?<!只)要不|不光|不止|不单|不只|没准|没错|不至于|不到|[未没]达?到|使不上|提不起|[没未](?:[做用吃打治]?完|结束)|不满|不停|非常|不仅|不但|不过|不同|不适|不良|不少|不断|无论|不论|不管|未来|差不多|对不起|不好意思|不客气|除非|无菌|不久|不是必须|不必须|不一定|未必|不算晚|不算迟|不舒服|不规律|不规则|不孕|不育|"
    "不全|不稳|不齐|不振|不安|不宁|无力|没力气?|没劲|未婚|未成年|不妨|无痛|不错|莫不|不一样|别的|区别|特别|类别|性别|级别|个别|分别|差别|鉴别|识别|辨别|别人|别处|别嘌|没药|"
    "以免|免得|避免不了|忽多忽少|不清楚?|不想活|没法活|不得不|禁区|不对称|不典型|无创|有没有|有没|有无|是不是|能不能|会不会|要不要|可不可以|需不需要|用不用|好不好|行不行|对不对|是否|能否|可否"
)
_ALTERNATIVE = re.compile(
    "(?P<one>[\u4e00-\u9fff]{1,2})[不没](?P=one)|(?P<two>[一-鿿])[一-鿿]{1,2}[不没](?P=two)(?=[，。；？?,]|$)"
)  # 疼不疼, 舒服不舒服, 查没查
_ASKING_TAIL = re.compile("(?:没有|没|不|否)$")
_AT_REST = "(?=[，,。；;！!：:、的了哈啊哦]|$)"  # 别着急 reassures, 别着急停药 forbids
_REASSURANCE = re.compile(
    f"(?:不要|不用|不必|不太|别|无需|无须|请勿|勿|不需要?|甭)(?:太|过于|过度|过分|过多|再|过|特别|老是?|总是?)?(?:担心|担忧|惦记|操心|在意|介意|自责|恐惧|忧虑|烦恼|多想|瞎想|胡思乱想|往心里去|放在心上|紧张|害怕|怕|焦虑|恐慌|顾虑|客气|多虑|惊慌|慌张?|纠结|(?:着急|急){_AT_REST})|"
    "(?:没|没有|无)(?:什么|多|太)?大?(?:关系|碍|妨)|(?:问题|事|影响)(?:也|都)?(?:不(?:是(?:很|太|什么)?|太|很)?大)|并?不(?:太|算|很|是很|怎么)?严重|不是(?:什么|个)?大(?:事|问题|毛病)|不要紧|不碍事|不打紧|放心|安心|放宽心|"
    f"不(?:必|用)?(?:急于?|着急)?[这一][一]?时|不着?急{_AT_REST}"
)
_NEGATOR = re.compile(
    "不(?:能|可以?|宜|许|准|要|应该?|得|必|用|需要?|建议|推荐|主张|会|想|愿)?(?:再)?|没有|没必要|没|无[需须法]?|毋[需须]|未(?:能|曾|必|见)?|并非|绝非|而非|非(?=[^常得要典]{1,6}(?:所致|引起))|严?禁(?:止|忌)?|禁忌|忌口?|(?:请|切)?勿|别|避免|避开|切[莫忌]|(?<![不没])切不(?:可以?|能|要)|莫(?=[要等再让去])|甭|戒|杜绝|谢绝"
)
_LIMIT = re.compile(
    "(?:最多|至多|顶多|最长)?[^，。不别勿]{0,2}(?:(?:不(?:能|可以?|宜|要|应该?|得)?|别|请?勿|避免)[^，。]{0,4}?超过?(?![声市])|不多于|不高于|不大于)|最多|至多|最长|顶多"
)  # 别超过两周 and 最多两周 are the same
_AS_LIMIT = re.compile("以内|(?<=[天日周月年时钟])之?内(?=[会可就能多大即消缓恢好吸退])|以下|控制在|上限|小于|低于")
# What may stand for a prohibition, or a prohibition for it: 先停药 and 先别吃药, 停 at an end and 别.
_LESS = re.compile(
    "(?<![不至多减缺])少(?![量数许见年女妇儿])|减少(?=[吃摄爬走饮盐油糖看用食熬])|欠缺|缺[乏少]|低[盐脂糖]|(?<!可以)(?<!可)(?<![不请]要)(?<!勿)(?:停止|暂停|停用|停掉|停药|取消)(?![后前时])|停(?=了?(?:[，。；!！]|$))|远离|清淡|空腹|难以|止(?=[痒痛疼血吐泻](?![药剂针片]))|消失|(?<![不可能以])正常|阴性"
)
_WEAK = frozenset("大多高像似显明支持")  # 恶性可能不大 denies what stands before
_EASED = re.compile("停(?=[戴照])|排除|防止|预防|谨防|以防|(?<![不没未无])(?:缓解|好转|减轻|消退)")
_USELESS = re.compile("(?:没有?|无|不管|不起)用(?![过药上到满完足])")
_GRAVE = re.compile(
    "(?:很|较|比较|非常|相当)严重|(?<!没)有(?:点|些)?(?:异常|问题)|不正常|(?:是|问题(?:很|较)?)大(?:事|问题)"
)
_FINE = re.compile("正常|良好|完好|无碍|平稳|健康")
_KEEP = re.compile("坚持|继续|照常|按时|规律|保持|足量|足疗程")  # 坚持服药 for 别停药
# 吃不下 and 不能进食 are the same; what else cannot be done may be said in so many ways that its loss is none.
_CANNOT = re.compile("([好愈吃治推控降退排解回])不(?:[下了着住上起动开出进成通掉回全牢拢好])去?")
_UNABLE = re.compile("([喝睡走站坐喘憋忍受止说看听拉尿压停收合闭翻抬])不[下了着住上起动开出进成通掉回全牢拢好]去?")
_IN_VAIN = re.compile(
    "^(?:如果?|若|要是|还|实在|再)*不行|(?<=[钟时天周月])(?:还|仍|后)*不(?:行|好)(?=[再就则，,加换停来去得要需]|$)"
)  # 不行来急诊, 5分钟不行再一片, but 仰着睡不行
_VAIN = re.compile(
    "(?:没有?|无|不管|不起|不怎么管)(?:什么|啥|多大|太大|明显)?(?:作用|效果|用处|用|效)(?![过药上到])|(?:效果|作用|用处)(?:不(?:明显|大|好|佳)|不怎么样)|不见效|没戏|(?:尚未|还没有?|仍未|仍没有?|仍然?不|还不|没有?|未|不)(?:见|能|得到|有|明显)*(?:好转|改善|缓解)|不见好|没见好|(?<=[天日周月年])(?:还|仍)?没(?:有|什么|啥)?(?:变化|改变|动静|起色)|没(?:有|什么|啥)?起色|未愈(?!合)|没消(?=[再就，,])|(?<=[天日周月年了])(?:还|仍)?没好(?=[，。,再就])|[未没](?:有)?(?:见)?(?:消退|消肿|愈合)|消不(?:下去|掉|了)|没(?:有)?(?:什么|啥|多大|太大)?(?:临床)?意义|意义(?:不大|有限)|(?:尚未|还未|未|还没有?|没有?)(?:见|起|奏)效|(?:仍|还|效果|控制|恢复)[^，。]{0,2}不(?:理想|满意|佳|达标|好)"
)
_NOTHING_FOUND = re.compile(
    "(?:并?没有?|并?无|未见|没发现|未发现)(?:什么|啥|大|明显|太大|多大)*(?:问题|异常|毛病|事(?![先情故实]))|没(?:有|什么|啥)?(?:任何)?影响|(?:尚?未|没有?)(?:受累|累及|受影响|波及)"
)
_POOR = re.compile(
    "(?<=[肝肾心肺胃脏能脾况力势])不好|不好(?=造成|引起|导致|所致)|(?<=姿势)不良"
)  # who must not: 肝不好不能吃
_ADVERBS = re.compile(
    "经常|总是|老是|老(?=[用吃去])|随意|随便|乱|突然|骤然|立即|立刻|马上|急着|急于|着急(?=[^，。；])|强行|勉强|硬(?=[喂扛掰戒撑憋])|擅自|自行|私自|自己|完全|绝对|过早|暂时|暂(?![停缓])|目前|尽量|尽可能|刻意|特意|严格|额外|过分|过度|轻易|千万|(?<=[不别勿])太|过于|一起|一块儿?|一同|同时|出现|发生|存在"
)
_DELAY = frozenset("拖延等待误耽犹豫")
_URGENT = re.compile("立即|立刻|马上|尽快|及时|尽早|赶紧|赶快|抓紧|第一时间|今[天日]")
_TWICE = re.compile(
    "([不没无])([\u4e00-\u9fff])\\1([^\\W能可要用必宜得许再会])"
)  # 不疼不痒 denies once, as 无疼痛、瘙痒 does
_EITHER_WAY = re.compile("可([\u4e00-\u9fff])可不\\1|([\u4e00-\u9fff])不\\2都?[行可]")  # forbids nothing
_FIRST, _FAVOUR = 3, 1.5  # characters that tell what is denied; how much a part that denies is preferred
# Where a part of a clause ends: 没有出血的话也要保胎 denies the bleeding alone.
# A clause that only tells to stop: 长口疮就停药 and 长口疮，请停止服用 forbid as 别吃 does.
_STOPPED = re.compile(
    "^(?:请|先|务必|立即|马上|立刻|及时|您)*(?:停止|暂停|停)(?:服用|使用|服|用|吃|用药|服药|药)?(?=[。！；;!]|$)"
)
_BREAK = re.compile(
    "(?<=.)(?<![不无没未毋别])(?=需要|必须|应当)|的话|(?<=时)(?![间候期])|[就则也但才](?![是有])|(?<=.)(?=直接)|而且|并且|因此|所以|(?<![是不])因为|由于|如果|若|只要|；|;"
)
_SAYINGS = {"手术": "切", "开刀": "切", "动刀": "切", "切除": "切", "切掉": "切", "沾水": "碰水", "下水": "碰水", "上妆": "化妆", "吸烟": "抽烟", "行走": "走", "走路": "走", "涂抹": "抹", "涂": "抹", "擦": "抹", "注射": "打", "输液": "打",
    "同房": "性", "性生活": "性", "离开": "走", "抓": "抠", "挠": "抠", "搔": "抠", "运动": "动", "活动": "动", "饮酒": "喝酒", "酗酒": "喝酒", "沐浴": "洗澡", "发热": "发烧", "高热": "高烧", "呕吐": "吐", "腹泻": "拉肚子", "疼痛": "疼", "瘙痒": "痒", "进食": "吃", "自行": "自己", "擅自": "自己", "私自": "自己",
    "有效": "用", "坏的": "恶性", "能躲就躲": "避免", "能免则免": "避免", "能不吃就不吃": "别吃", "能不用就不用": "别吃", "不犯": "不发作", "没犯": "没发作", "先不动": "先不切", "自愈": "好", "痊愈": "好", "愈合": "好", "治愈": "治好", "不上": "不吃", "用上": "吃", "揉搓": "揉", "按揉": "揉", "揉按": "揉", "挤压": "挤", "拉扯": "扯", "驾车": "开车", "效果": "用", "作用": "用", "无效": "没用", "母乳": "奶", "哺乳": "奶", "驾驶": "开车", "乘": "坐", "摄入": "吃", "接触": "碰", "受凉": "着凉", "咀嚼": "嚼", "突然": "骤", "没效": "没用", "不见效": "没用", "不足": "欠缺", "效果不明显": "没用", "效果不佳": "没用", "戒除": "戒", "能戒就戒": "戒", "东西": "", "小时": "", "分钟": "", "同服": "吃", "同用": "吃", "使用": "用", "检查": "查", "食用": "吃", "饮用": "喝", "睡眠": "睡", "听信": "听", "憋尿": "憋", "辛辣": "辣", "加重": "重",}  # fmt: skip
_SAYING = re.compile("|".join(sorted(map(re.escape, _SAYINGS), key=len, reverse=True)))
_SAME = str.maketrans({"服": "吃", "食": "吃", "用": "吃", "饮": "喝", "痛": "疼", "热": "烧", "惧": "怕", "断": "停"})
_EMPTY = frozenset(
    "的了是有要会可能以需再在也都还就到得过于请您你自己行时候者和与及或随便意任何零二三四五六七八九十两半百千万约每日天周月年次急继续一先后前内之这那个些什么很太较进给让把被将"
)
_ANYTHING = frozenset(
    "吃喝做打抹动碰弄查问题异常效影响必沾去点滴涂贴上"
)  # what can be done with any object: 羊肉别吃 and 忌羊肉 forbid the same
_MEDICINE = frozenset("药物")
_OPPOSITE = {"大": "小", "高": "低正", "多": "少", "好": "差欠", "重": "轻", "快": "慢", "远": "近", "长": "短", "常": "少异偶", "够": "缺少", "醒": "睡", "对": "错", "懂": "疑", "净": "脏", "通": "堵"}  # fmt: skip


class Part(NamedTuple):
    """A part of a clause with at most one denial: its characters, those denied or forbidden, and whether the next part denies."""

    text: str
    content: frozenset[str]
    denied: frozenset[str] | None
    leads: bool = False


class Denied(NamedTuple):
    """One denial or prohibition: the first character and those of what it is about, and those of what stands before it."""

    first: str
    about: frozenset[str]
    before: frozenset[str]


def difference(original: str, rewritten: str) -> str | None:
    """`negation lost`, `negation added`, or None where both texts deny as much of the same. Questions deny nothing.

    Of each denial of one text the part of the other that speaks of the same is looked for. Where that part denies nothing,
    the denial is lost; where the other text speaks of it in other words, or not at all, such denials of both texts cancel out.
    """
    one, other = statements(original), statements(rewritten)
    if _count(_REASSURANCE, one) and not _count(_REASSURANCE, other):
        return "negation lost"
    eased = _count(_REASSURANCE, other) > _count(_REASSURANCE, one)
    if _count(_FINE, one) and not _count(_FINE, other) and not eased:
        return "negation lost"
    if _count(_USELESS, one) and not _count(_USELESS, other):
        return "negation lost"
    if _count(_GRAVE, other) > _count(_GRAVE, one) or _goes_on(one, other):
        return "negation lost"
    if _count(_LIMIT, other) + max(0, _count(_AS_LIMIT, other) - _count(_AS_LIMIT, one)) < _count(_LIMIT, one):
        return "negation lost"
    before, after = parts(one), parts(other)
    kept, used = _outcome(before, after)
    had, drawn = _outcome(after, before)
    if False in kept:
        return "negation lost"
    had = [True if place in used else found for (place, _), found in zip(denials(after), had, strict=True)]
    kept = [True if place in drawn else found for (place, _), found in zip(denials(before), kept, strict=True)]
    fewer = len(kept) - len(had)
    if False in had and fewer < 0:
        return "negation added"
    lost, added = kept.count(None), had.count(None)
    spare = _count(_LESS, other) - _count(_LESS, one) + _count(_REASSURANCE, other) - _count(_REASSURANCE, one)
    if lost > added + max(0, spare) and fewer > 0:
        return "negation lost"
    return "negation added" if added > lost + max(0, -spare) + _count(_USELESS, one) and fewer < 0 else None


_STOP = re.compile("(?<![别不要勿没可以能])停(?=[了掉戴照用药服]*(?:[，。；;!！]|$))")
_NOT = re.compile("[停别不勿禁避戒忌暂]")


def _goes_on(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether what one text stops (凉茶冷饮停) is named in the other, and neither there nor in the two clauses behind is a no."""
    for about in (_content(clause[: found.start()]) for clause in one if (found := _STOP.search(clause))):
        near = [place for place, clause in enumerate(other) if 2 * len(about & _content(clause)) >= max(2, len(about))]
        if near and not any(_NOT.search("".join(other[place : place + 3])) for place in near):
            return True
    return False


_BARE = re.compile(f"[都均也请先就要]*(?:{_NEGATOR.pattern})[吃喝服用做打查抹动碰弄了的必要考虑为进行忌]*[。；;！!·]*")
_ENDS = re.compile(
    "(?<=.)(?:难以|可|先|再|来|得|需|加[到至]|去(?=医|急|门|查|看)|了(?=[\u4e00-\u9fff])|晚上|而|并|应|要)"
)


def parts(clauses: Iterable[str]) -> list[Part]:
    """The parts of some clauses in order; reassurance (不用担心) and upper limits (不超过) deny nothing."""
    found: list[Part] = []
    for clause in clauses:
        first = len(found)
        for text in _pieces(_USELESS.sub(_dots, _LIMIT.sub(_dots, _REASSURANCE.sub(_dots, clause)))):
            signs = list(_NEGATOR.finditer(text))
            content = _content(_NEGATOR.sub("", text))
            bare = _BARE.fullmatch(text)
            if len(signs) % 2 and found and bare:
                content |= found[-1].content
                text = found[-1].text + text
            denied = None
            if len(signs) % 2:
                front, behind = _around(text)
                denied = _content(behind) if _special(behind, front) and not bare else content
                if len(found) > first:
                    found[-1] = found[-1]._replace(leads=True)
            if content or signs:
                found.append(Part(text, content, denied))
    return found


def _around(text: str) -> tuple[frozenset[str], str]:
    """The characters before the last sign of negation of a text, and the text behind it."""
    *_, sign = _NEGATOR.finditer(text)
    return _content(text[: sign.start()]), text[sign.end() :]


def _special(behind: str, front: frozenset[str]) -> list[str]:
    """The characters behind a sign that tell what is denied, in order; 药 tells nothing where it stands before the sign."""
    common = _ANYTHING | _MEDICINE if front else _ANYTHING
    return [mark for mark in behind.translate(_SAME) if mark in _content(behind) - common]


def _pieces(clause: str) -> Iterator[str]:
    """A clause cut where a condition ends and before each sign of negation; 不用忌口 allows: two signs side by side are none."""
    for piece in _BREAK.split(clause):
        signs = list(_NEGATOR.finditer(piece))
        apart = [sign.start() for last, sign in itertools.pairwise(signs) if sign.start() > last.end()]
        yield from (piece[start:end] for start, end in itertools.pairwise([0, *apart, len(piece)]))


def denials(some: Sequence[Part]) -> list[tuple[int, Denied]]:
    """Every denial of some parts in order, with the place of its part."""
    found = []
    for place, part in enumerate(some):
        if part.denied is not None:
            front, behind = _around(part.text)
            said = _special(_ENDS.split(behind, maxsplit=1)[0], front)
            found.append((place, Denied(said[0] if said else "", frozenset(said[:_FIRST]), front)))
    return found


def _outcome(some: Sequence[Part], others: Sequence[Part]) -> tuple[list[bool | None], set[int]]:
    """Of each denial of one text whether the other denies it too (None: does not speak of it), and the parts that do.

    Two denials of the same need two parts: 孕妇不能灸，皮肤破了也别灸.
    """
    kept: list[bool | None] = []
    used: dict[int, Denied] = {}
    for _, item in denials(some):
        place = _counterpart(item, others, used.keys())
        if place is None or (item.about and place in used and used[place].about == item.about):
            kept.append(None)
            continue
        kept.append(_denies(others[place], item))
        if kept[-1]:
            used[place] = item
    return kept, {*used, *(place + 1 for place in used if others[place].leads and others[place].denied is None)}


def _counterpart(item: Denied, there: Sequence[Part], taken: Container[int]) -> int | None:
    """The part of the other text that speaks of what is denied, if any: of several the nearest, and rather one that denies."""
    wanted = item.about or item.before - _ANYTHING
    near = [place for place, part in enumerate(there) if wanted and 2 * len(wanted & part.content) >= len(wanted)]
    if len(wanted) >= _FIRST:
        near = [place for place in near if item.first in there[place].content] or near
    if near:
        return max(near, key=lambda place: (_nearness(item, there[place]), place not in taken, -place))
    topic = item.about | item.before
    for place, part in enumerate(there):
        if _denies(part, item) and 3 * len(topic & part.content) >= max(3, len(topic)):
            return place
        if item.about and item.about <= _DELAY and _URGENT.search(part.text):
            return place
    return None


def _nearness(item: Denied, part: Part) -> float:
    wanted = item.about or item.before - _ANYTHING
    return len(wanted & part.content) + len(item.before & part.content) + _FAVOUR * _denies(part, item)


def _denies(part: Part, item: Denied) -> bool:
    """Whether a part denies what another does, be it in other words: 可能性不大 and 较小, 别停 and 坚持, 不痒 and 止痒."""
    if part.denied is not None and (part.denied & item.about or not item.about):
        return True
    if (part.leads and not item.about) or any(set(_OPPOSITE.get(mark, "")) & part.content for mark in item.about):
        return True
    if item.about and item.about <= _DELAY and _URGENT.search(part.text):
        return True
    if part.denied and part.denied <= _WEAK:
        return bool(item.about & part.content)
    less = (_KEEP if "停" in item.about else _LESS).search(part.text)
    return (less is not None and item.about.isdisjoint(less[0])) or bool(
        (eased := _EASED.search(part.text)) and item.about.isdisjoint(eased[0])
    )


def _count(pattern: "re.Pattern[str]", clauses: Iterable[str]) -> int:
    return sum(len(pattern.findall(clause)) for clause in clauses)


def statements(text: str) -> list[str]:
    """The clauses of a text that ask nothing, in one wording, with words masked that only look like negations."""
    return [_worded(clause) for clause in split(text)[1]]


def _worded(clause: str) -> str:
    clause = _STOPPED.sub("别吃", clause)
    clause = _POOR.sub(
        "欠佳", _IN_VAIN.sub("没用", _VAIN.sub("没用", _NOTHING_FOUND.sub("正常", clause))).replace("不行", "不可以")
    )
    clause = _ADVERBS.sub("", _CANNOT.sub(r"不能\1", _UNABLE.sub(r"难以\1", clause)))
    clause = _SAYING.sub(lambda found: _SAYINGS[found[0]], clause)
    masked = _NO_NEGATION.sub(_dots, _ALTERNATIVE.sub(_dots, _EITHER_WAY.sub(_dots, clause)))
    return _TWICE.sub(r"\1\2\3", _ASKING_TAIL.sub(_dots, masked))


def _dots(found: "re.Match[str]") -> str:
    return "·" * len(found[0])


def _content(text: str) -> frozenset[str]:
    return frozenset(mark for mark in text.translate(_SAME) if mark.isalpha() and mark not in _EMPTY)
