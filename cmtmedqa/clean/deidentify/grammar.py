"""The grammar that all numbers and accounts share: what may stand between a cue and its value, in either order.

A sentence gives a value away as cue + gap + value (`住院号忘了，单子上印的是 0012345`) or as value + link + cue
(`0012345这个就是我的住院号`). The gap is any short stretch without digits and Latin letters that announces nothing else;
behind a value that was found before (one mark by then) only words of an enumeration may stand in it.
"""

import re

from cmtmedqa.clean.deidentify.patterns import TAG_MARK

GAP = r"(?P<gap>(?:(?<![A-Za-z])(?:[Ii][Dd]|[Nn][Oo]\.?|[Nn]umber|is)(?![A-Za-z])|[^0-9A-Za-z;]){0,16}+)"

# A longer gap, for cues that say one thing only: it ends in a word that introduces a value.
FAR = r"(?P<gap>[^0-9A-Za-z;\n]{0,40}?(?:号码?|[账帐]号|[是为叫加搜:]) ?)"

# Behind a weak cue: nothing but words that introduce a value.
LINK = (
    r"(?P<gap>(?:号码|编号|编码|序号|[账帐]号|号|码|ID|id|[Nn][Oo]\.?|是|为|叫|应该|好像|大概|可能|就|也|都|分别|显示|写|填|印|贴|登记|的|了|着|在|"
    r"我们?|您|你|他|她|孩子|咱|后面|上面|下面|前面|背面|上|那|这|个|串|栏|如下|改|换|成|现在|新|旧|发|给|报|说|查|看|记|一下|哈|啊|呀|嘛|吧|呢|哦|嗯|"
    r"[\n?➕ :=#,.、(\"'“”「『【\[<*~—-]){0,10}+)"
)

# Between a value and the cue behind it; empty only where the rule says so.
BACK = (
    r"[\"”」』)\]】》 ]?[, ]{0,2}(?=[这那就才也是为的(\[【:—=-])(?:这|那|个|串|条|号码?|[账帐]号|就|才|也|都|应该|好像|大概|是|为|的|我|你|您|他|她|们|孩子|宝宝|儿子|女儿|"
    r"本人|患者|病人|爸|妈|爱人|老公|老婆|上次|之前|原来|新|旧|老|咱|医院|科|室|门诊|常用|工作|[(\[【:—= -]){1,9}"
)

# Words in a gap after which the number is something else.
_OTHER = re.compile(
    "电话|手机|座机|传真|微信|[Qq]{2}|扣扣|身份证|银行|护照|医保|社保|邮箱|车牌|[费元块钱价花岁]|余额|充值|转[账了给]|收入|红包|付|人次|大约|大概有|[今去前明]年|年龄|日期|时间|"
    "血压|血糖|细胞|血小板|蛋白|浓度|定量|载量|体重|身高|剂量|[Dd][Nn][Aa]|批号|国药|批准|监管|追溯|序列|型号|快递|订单|运单|物流|货|步数|床|地址|群里|网址|每[天次日]|规格"
)
_LISTED = re.compile(rf"[^{TAG_MARK}]*(?:{TAG_MARK}[、,和或及与者/ 跟还有另一二两个是他她爸妈我的大小老新旧号:()]*)*")
_STOPS = re.compile('。.*[^ "“(:]')
# Of what stands behind a full stop only this leads on to an account (加我微信吧。我的是 ...).
_LEADS_ON = re.compile('。(?:[我您你他她咱]们?|孩子|本人|号码?|[账帐]号|就|应该|好像|是|为|叫|的|[ :,("“])*$')
_UNIT = re.compile(
    r" ?(?:元|块|[万亿]|人次|人|例|步|%|‰|单位(?!刚|新|已|还|才|没|不|都|统一|一直|[去今前]年|代|帮|让|发|办|财务|人事|会计|领导|报|[说给交的里])|拷贝|copies|[Cc]/|岁|多[个人元块年]|余[人例元]|[Ii]?[Uu](?![A-Za-z])|[kmnpu]?g(?![A-Za-z])|[Mm][LlGg](?![A-Za-z])|[mn]?mol|/ ?[LlMmUuHh天日次]|\*|×|\.[0-9]|@)"
)
_SMALL_UNIT = re.compile(
    " ?(?:年|月|日|天|次|个|张|份|片|粒|度|点|分|米|公里|℃|岁|级|期|型|床(?!号|位)|号楼|小时|克|毫)"
)
_DATE = re.compile(r"(?:19|20)[0-9]{2}([-/.]?)(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12][0-9]|3[01])")
_BARCODE = re.compile("69[0-9]{11}")


def announced(match: re.Match[str], least: int = 4, forbidden: re.Pattern[str] = _OTHER, dated: bool = True) -> bool:
    """Whether the gap before a value announces nothing else, and the value has `least` digits, no unit and is no date."""
    return not _STOPS.search(match["gap"]) and led_to(match, least, forbidden, dated)


def led_to(match: re.Match[str], least: int, forbidden: re.Pattern[str], dated: bool = True) -> bool:
    """Like announced, and the gap may hold a full stop where what follows leads on to the value."""
    gap = match["gap"]
    stopped = _STOPS.search(gap) and not _LEADS_ON.search(gap)
    return bool(_LISTED.fullmatch(gap)) and not stopped and not forbidden.search(gap) and measured(match, least, dated)


def measured(match: re.Match[str], least: int = 4, dated: bool = True) -> bool:
    """Whether a number has `least` digits and is no measurement, product code or date; one like 20231012 may be `dated`."""
    text, value, end = match.string, match["v"], match.end("v")
    count = sum(c in "0123456789" for c in value)
    if count < least or _UNIT.match(text, end) or (count < 6 and _SMALL_UNIT.match(text, end)):
        return False
    if _DATE.fullmatch(value):
        return dated and "-" not in value and "/" not in value and "." not in value and not _SMALL_UNIT.match(text, end)
    return not _BARCODE.fullmatch(value)
