"""Numbers and ids that are told to be somebody's account by what stands around them, whatever the wording.

A score adds up what speaks of adding, finding and writing to somebody, and takes away what counts, costs or measures.
"""

import re

from cmtmedqa.clean.deidentify.grammar import measured
from cmtmedqa.clean.deidentify.model import Rule
from cmtmedqa.clean.deidentify.patterns import compiled

ENOUGH = 5
_AROUND, _BESIDE = 18, 3
# Every character that is pronounced like the first one of WeChat, with what stands for the second.
_WEI = "[微薇威徽围维魏味卫嶶溦葳巍伟惟唯喂畏蔚违苇纬崴]"
_BEFORE = re.compile(
    rf"(?:(?P<we>{_WEI}[信心芯星讯xX号聊呗]|(?<![A-Za-z])[Vv][信xX]?)|(?<![增添再追叠])加|搜[到一]?下?|[小大副私]号|好友|同号|[绿蓝]泡泡?)[:：=]?[ ,)(]{{0,2}}$"
)
_ADDING = re.compile(
    "加我|加[个下]|加一下|加好友|好友|加[了过不]|能?搜[到我]?(?!索)|私[我聊信]|(?:没|不|点)通过|通过一下|备注|头像|(?<![大小])[小大副私]号|同号|联系方式|找我|滴滴我|戳我|拉[你您我]?进|进群|扫一?扫"
)
_SOCIAL = re.compile(
    rf"{_WEI}[信xX]|(?<![A-Za-z])[Vv](?![A-Za-z])|号[:是, ]{{0,2}}$|空间|客服|助理|助手|群主|打卡|代挂|代购|祖传|偏方|详谈|细聊|私下|随时|夜里|回复|[Qq]{{2}}|扣扣|姐妹|病友|宝妈|在线"
)
_ELSE = re.compile(
    "电话|手机|传真|[元块费价钱]|[血尿]|细胞|单位|病历|住院|门诊|卡号|编号|批号|编码|国药|准字|[年月日岁步]|粉丝|余额|账单|快递|订单|单号|身份证|邮编|剂量|%|红包|转账|提取码|验证码|密码|取件|床|工号|执业|邮箱|支付|付款|网址|公里|米"
)
_QQ = re.compile("[Qq] ?[Qq]|扣扣|企鹅|球球|[Qq](?:号|$)|(?<![A-Za-z])[Qq](?![A-Za-z])")
_NUMBER = re.compile("号码?[:是, ]{0,2}$")


def score(text: str, start: int, end: int) -> int:
    """How much of an account what stands around a value speaks."""
    before, after = text[max(0, start - _AROUND) : start], text[end : end + _AROUND]
    near = f"{before}|{after}"
    close = f"{before[-8:]}|{after[:6]}"
    return (
        4 * bool(_BEFORE.search(before))
        + 3 * bool(_ADDING.search(near))
        + 2 * bool(_SOCIAL.search(before) or _SOCIAL.search(after))
        - 5 * bool(_ELSE.search(close))
    )


def _account(match: re.Match[str]) -> bool:
    value, (start, end) = match["v"], match.span("v")
    first = max(0, start - _AROUND)
    cue = _BEFORE.search(match.string[first:start])
    # Behind a cue of its own an account is what that says, unless QQ stands right beside the cue (Q/V 397381).
    said = cue is not None and cue["we"] is not None
    begin, until = (max(0, first + cue.start() - _BESIDE), start) if cue and said else (first, end + 12)
    if _QQ.search(match.string, begin, until):
        return False  # an account of that kind
    if not measured(match, 5 if value.isdigit() else 0) or re.fullmatch("[1-9][0-9]?0+", value):
        return False
    return score(match.string, start, end) >= ENOUGH


def _penguin(match: re.Match[str]) -> bool:
    """A number whose surroundings speak of an account, of QQ among other things."""
    start, end = match.span("v")
    named = _QQ.search(match.string, max(0, start - _AROUND), end + 12)
    round_number = re.fullmatch("[1-9][0-9]?0+", match["v"])
    counted = named is None or round_number or not measured(match, 5)
    said = 4 * bool(_NUMBER.search(match.string, max(0, start - 6), start))
    return not counted and said + score(match.string, start, end) >= ENOUGH


CONTACTED: tuple[Rule, ...] = (
    Rule(
        "account-likely",
        "wechat",
        compiled(
            r"(?<![0-9_.@/#&=%-])(?<![A-UW-Za-uw-z])(?P<v>[0-9]{5,12}(?![A-Za-z0-9_.%-])|(?=[A-Za-z_-]{0,19}[0-9_])[A-Za-z][A-Za-z0-9_-]{5,19}(?![A-Za-z0-9_@.-]))"
        ),
        (
            "加好友加不上的话，用这个号能搜到 61026",
            "嶶信：786626114，夜里也回",
            "抢不到号的加66204（v）",
            "卫信86800，也是我扣扣",
            "我头像是只狗，号 281540",
            "助教小号：qiqi_2011，大号满了",
            "搜LIJUAN_752加好友",
            "QQ没有了，嶶信：lily_2011，您加",
        ),
        (
            "加20000单位",
            "血小板213000",
            "住院号 281540，头像",
            "加omega3",
            "群里说要15000块",
            "搜索结果20231012",
            "加好友送2000000",
        ),
        _account,
    ),
    Rule(
        "account-likely-qq",
        "qq",
        compiled(r"(?<![A-Za-z0-9_.@/#&=%-])(?P<v>[1-9][0-9]{4,10})(?![A-Za-z0-9_.%-])"),
        ("QQ空间里有伤口的照片，加我看，号2879989652", "企鹅加我也行，搜 397381"),
        ("QQ群里说要15000块", "加我QQ，血小板213000", "扣扣搜索结果20231012"),
        _penguin,
    ),
)
