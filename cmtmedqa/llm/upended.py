"""What single words of a rewrite turn upside down: a contrast, what is to be stopped, a harm that is said to be none."""

import re
from collections.abc import Sequence

from cmtmedqa.llm.denials import ANYTHING, denials, parts
from cmtmedqa.llm.pairing import LITERAL, literalness
from cmtmedqa.llm.signs import NEGATOR, REASSURANCE, WEAK
from cmtmedqa.llm.worded import content_of, wording

_NOT = "(?:不要|不是|不能|不可|并非|而非|避免|别|勿|不)(?:再|用|去|是)?"
_DAILY, _WEEKLY = re.compile("[一每1]个?[天日]"), re.compile("[一每1]个?(?:周|星期|礼拜)")
_DENIED_WORD = re.compile(f"{_NOT}([\u4e00-\u9fff]{{2}})")
_DENIED_BEFORE = "(?<![不别勿非免])(?<!不[要是能可])(?<!不要再)"
_STOP = re.compile(
    "(?<![才叫说让议])(?<!才能)(?<!才可)(?<!才可以)停(?![一二两三四五六七八九十几0-9经留跳]|[药了]?[后了]?(?:会|要|反弹))"
)
_NO_STOP = re.compile(
    "(?:不[能要可得许]|别|勿|忌)[^，。；先]{0,12}?停|(?:不(?:需要)?|无[需须])[^，。；先就则马立请即要]{0,6}?停|停[^，。；]{0,3}不(?:得|可以?|行|能)"
)
_GOES_ON = re.compile("(?<![不别勿])(?<!不[能要可])(?:继续|接着|照常|照吃|照用|(?<![继连持后])续)(?=[吃服用打喂])")
_PROHIBITED = re.compile(
    "别(?![的人处嘌])|不(?:要|能|可|许|得|宜|行|准)(?!不)|勿|禁(?!区)|忌|戒|莫(?=[要等再让去打碰吃喝用])|避免|停"
)
_HARMLESS = re.compile("不(?:会(?!自[己行])|影响|损伤|伤[及肝肾胃身])|没有?(?:生命)?危险")
_WORSE = re.compile("([\u4e00-\u9fff]{2})(?:不|欠)[好佳良]")
_IS_NOT = re.compile("(?:不是|并非|不算|不属于)(?:因为?|由于?)?([\u4e00-\u9fff]{2})")
_MEANS = re.compile("(?<!未必)(?<![不没])就(?:代表|等于|意味着?)")
_CAUTIOUS = re.compile("不能|不是|不等于|不代表|不意味|并非")
_NOT_SO = re.compile("(?:不是|并非|不等于|不代表)[^，。；]{1,8}就(?:[要得该能]|可以|没|不)")
_FREE = re.compile("(?:不用|无[需须]|不必|不需要?)(?:刻意|特意|特别|严格)?[忌禁戒限]")
_BOUND = re.compile("(?<![不无])(?:需要?|必须|一定要|务必|应当?)[忌禁戒限]")
_UNBOUND = re.compile(
    "(?:无[需须]|不用|不必|不需要?)(?:刻意|特意|特别|严格|怎么)?(?:控制|限制|忌口|节制)|不(?:限|忌口)"
)

_DOUBLE = re.compile(
    "(?:不是|并非|不等于|不代表|不意味着?)(?:说|就|孩子|[你您他她])?(?:没有?|无|不会?|不能)(?:患|得)?([\u4e00-\u9fff])"
)
_OPTIONAL = re.compile("(?:不是|并非|不用|不必|用不着|没必要)(?:必[须需要]|非)|非必[须需]")
_MUST = re.compile("(?:是|属于?|为)必[须需]|必须得?|是非|非得")
_IN_VAIN = re.compile("(?:没有?|无)(?:什么|啥|多大|任何)?(?:用|效)|不[顶管起]用|[防治止压]不[住了好]")
_HELPS = re.compile("(?<![没无不])有(?:用|效)|很有用|(?<!不)管用|(?<!不)能够?(?:预防|防住)")
_NORMAL, _ABNORMAL = re.compile("(?<!不)正常"), re.compile("(?:属|是|为)(?:于)?异常|不正常")
_MILD, _GRAVE = re.compile("不(?:算|太|是很|怎么|很)?[重厉严]"), re.compile("(?:较|很|偏|比较|非常)[重严厉]")
_APART = re.compile("分开|隔开|隔离|单独|各用各")
_TOGETHER = re.compile("合用|共用|同住|同睡|混用|(?<![不别勿非免])(?<!不[要能可])(?:一起|同时)(?=[住睡用吃服喝])")
_ON, _OFF = (
    re.compile("(?<![不别勿])(?:继续|接着|坚持)"),
    re.compile("(?:即可|可以|可|就|便)停(?![一])|不(?:用|必|需要?)(?:再)?[涂抹吃用服做打贴喷滴]了"),
)
_WEAKLY, _STRONGLY = (
    re.compile("[没无](?:力气?|劲|精神)|没有(?:力气|劲|精神)"),
    re.compile("(?<![没无])有(?:力(?!量)|劲|精神)"),
)
_LESS_OF = re.compile("少(?=[吃喝饮食服摄进碰用做抽沾走站坐看爬来动一]|些|点)|减少|限制|停(?=[吃喝饮])")
_MORE_OF = re.compile("多(?=[吃喝饮食服摄进碰用做抽沾走站坐看爬来动]|一?些|一?点)|增加|加大")
_NO_DELAY = re.compile("(?:不(?:能|可以?|要|得|容)|别|勿|莫)再?(?:耽误|耽搁|拖|等)|(?:耽误|耽搁|拖|等)不(?:得|起)")
_NO_HURRY = re.compile("不(?:用|必|需要?)太?着?急|(?<!可)不着?急|(?<!不)可以?(?:再?等|拖|缓)|慢慢来")
_HEALS_NOT = re.compile("(?:自己|自行)[^，。；]{0,2}好不了|不(?:会|能)(?:自己|自行)好|不(?:会|能)自愈")
_HEALS = re.compile("(?<!不)[会能](?:自己|自行)(?:好|愈)|(?<!不)[会能]自愈")
_CONTRARIES = (
    (_APART, _TOGETHER), (_ON, _OFF), (_WEAKLY, _STRONGLY), (_LESS_OF, _MORE_OF), (_NO_DELAY, _NO_HURRY), (_HEALS_NOT, _HEALS),
)  # fmt: skip
_ALSO = re.compile("也(?:可(?![能见])|能(?!够?不))")
_ONLY = re.compile(f"{_PROHIBITED.pattern}|才|不敢")
_DENIED_TAIL = re.compile(f"{_NOT}([\u4e00-\u9fff、]{{2,10}}|[\u4e00-\u9fff](?=[ ，。；]|$))")
_ENDS = re.compile("[就便则会也还或]|马上|立[刻即]|赶[紧快]|尽快|急诊|及时|[请先]|^[了下上住着动]")
_BIDS = "(?<![不别勿])(?:请您?|[请要就]?先|请?多|尽快|立即|马上|务必)用?"
_IS_ = re.compile("不是([\u4e00-\u9fff]{1,2})")
_NOT_NEEDED = re.compile("(?:不用|不必|无[需须]|不需要?)[^，。；]*")
_MAY, _SHALL = (
    "(?<![不即许认])(?:可以?|能够?|允许)",
    "(?<![不需必用想无定非才都人会觉记获值取显])(?:要|得|需要?|须|必须|应该?|务必)",
)


def upended(told: Sequence[str], retold: Sequence[str]) -> bool:
    """Whether a rewrite says the contrary by single words. `told` and `retold` are the clauses of both texts as they are said."""
    one, other = "，".join(told), "，".join(retold)
    return (
        _crossed(one, other)
        or _resumed(one, other)
        or _harmless(one, other)
        or any(_better(found[1], one, other) for found in _WORSE.finditer(one))
        or any(_is_so(found[1], one, other) for found in _IS_NOT.finditer(one))
        or (_more(_MEANS, one, other) and _CAUTIOUS.search(one) is not None)
        or (len(_NOT_SO.findall(one)) > len(_NOT_SO.findall(other)) and re.search("就[要得该]", other) is not None)
        or (_more(_BOUND, one, other) and _more(_FREE, other, one))
        or (_more(_UNBOUND, one, other) and not _FREE.search(one))
        or _single(one, other)
        or _changed(_OPTIONAL, _MUST, one, other)
        or _changed(_IN_VAIN, _HELPS, one, other)
        or _changed(_NORMAL, _ABNORMAL, one, other)
        or _changed(_MILD, _GRAVE, one, other)
        or _changed(_ONLY, _ALSO, one, other)
        or any(_changed(had, has, one, other) for had, has in _CONTRARIES)
        or _bidden(one, other)
        or _denied_now(one, other)
    )


def _more(pattern: "re.Pattern[str]", one: str, other: str) -> bool:
    return len(pattern.findall(other)) > len(pattern.findall(one))


def _crossed(one: str, other: str) -> bool:
    """Whether two words changed places around a denial: 热敷，不要冰敷 for 冰敷，别热敷."""
    one, other = (_WEEKLY.sub("每周", _DAILY.sub("每日", text)) for text in (one, other))
    before, after = ({found[1] for found in _DENIED_WORD.finditer(text)} for text in (one, other))
    gone, new = before - after, after - before
    return any(
        (word[0] == twin[0] or word[1] == twin[1]) and _affirmed(word, other) and _affirmed(twin, one)
        for word in gone
        for twin in new
    )


def _affirmed(word: str, text: str) -> bool:
    return re.search(_DENIED_BEFORE + re.escape(word), text) is not None


def _resumed(one: str, other: str) -> bool:
    """Whether what is to be stopped goes on, or what must not be stopped is: 请继续服药 for 停药."""
    must = [len(_STOP.findall(_NO_STOP.sub("", text))) for text in (one, other)]
    if _more(_GOES_ON, one, other) and (
        must[1] < must[0] or (_more(_PROHIBITED, other, one) and not _NO_STOP.search(one))
    ):
        return True
    return (must[1] < must[0] and _more(_NO_STOP, one, other)) or (must[1] > must[0] and _more(_NO_STOP, other, one))


def _harmless(one: str, other: str) -> bool:
    """Whether a rewrite forbids less and says of more that it does no harm: 可天天服用，不会产生依赖 for 别天天吃，会依赖."""
    return _more(_HARMLESS, one, other) and _more(_PROHIBITED, other, one)


def _better(what: str, one: str, other: str) -> bool:
    good = re.compile(f"{re.escape(what)}(?:更|很|较|会更|比较)?[好佳]")
    return good.search(other) is not None and good.search(one) is None


def _is_so(what: str, one: str, other: str) -> bool:
    """Whether a rewrite says 就是 of what the original says 不是 of."""
    because = "(?:因为?|由于?|由)?"
    said = re.compile(
        f"(?:(?<![不也表于])就是|(?<!不)属于|(?<!不)系|即为|(?<![不就还也要但别总或若果因以认])[是为](?!什么)){because}{re.escape(what)}"
    )
    return said.search(other) is not None and said.search(one) is None


def _changed(had: "re.Pattern[str]", has: "re.Pattern[str]", one: str, other: str) -> bool:
    """Whether a rewrite has less of some words and more of their contrary."""
    return _more(had, other, one) and len(has.findall(had.sub("", other))) > len(has.findall(had.sub("", one)))


def _single(one: str, other: str) -> bool:
    """Whether a denial that the original denies (不是没机会) is a denial in the rewrite."""
    left = [_DOUBLE.sub("", text) for text in (one, other)]
    return any(
        re.search(f"(?:没有?|无|不会?|不能)[患得]?{found[1]}", left[1]) is not None
        and re.search(f"(?:没有?|无|不会?|不能)[患得]?{found[1]}", left[0]) is None
        for found in _DOUBLE.finditer(one)
    )


def _bidden(one: str, other: str) -> bool:
    """Whether a rewrite allows or demands, in the very words, what the original forbids."""
    if not _more(NEGATOR, REASSURANCE.sub("", other), REASSURANCE.sub("", one)):
        return False
    forbidden = _NOT_NEEDED.sub("", one)  # 不用忌洗澡 forbids nothing
    return any(
        (found := re.compile(modal + re.escape(word))).search(other) and not found.search(one)
        for modal, text in ((_MAY, forbidden), (_SHALL, one), (_BIDS, forbidden))
        for tail in _DENIED_TAIL.findall(text)
        for word in _pairs_of(_ENDS.split(tail)[0] if modal == _BIDS else tail)
        if "、" not in word and not (modal == _BIDS and _affirmed(word, one))
    )


def _pairs_of(tail: str) -> list[str]:
    return [tail[place : place + 2] for place in range(len(tail) - 1)] or ([tail] if tail else [])


def _denied_now(one: str, other: str) -> bool:
    """Whether a rewrite says 不是 of what the original says 是 of."""
    return any(
        re.search(f"(?<![不还就也要])是{found[1]}", one) and f"不是{found[1]}" not in one
        for found in _IS_.finditer(other)
    )


def dropped(told: Sequence[str], retold: Sequence[str], original: str, rewritten: str) -> bool:
    """Whether a rewrite that keeps the doctor's words elsewhere denies less, and nowhere has a character of what one denial is about."""
    if literalness(original, rewritten) < LITERAL or not _more(NEGATOR, "，".join(retold), "，".join(told)):
        return False
    said = content_of(rewritten + "".join(wording(clause) for clause in retold))
    denied = (item.about - ANYTHING for _, item in denials(parts([wording(clause) for clause in told])))
    return any(about and not about <= WEAK and about.isdisjoint(said) for about in denied)
