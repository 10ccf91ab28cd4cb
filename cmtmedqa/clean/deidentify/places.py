"""Chinese place names, and where the proper name of a hospital or an address begins inside a run of Han characters."""

import re
from collections import defaultdict

from cmtmedqa.paths import package_file

_LINES = package_file("clean", "deidentify", "places.txt").read_text("utf-8").splitlines()


def _section(title: str) -> tuple[str, ...]:
    names: list[str] = []
    current = ""
    for line in _LINES:
        if line.startswith("["):
            current = line
        elif current == title:
            names += line.split()
    return tuple(sorted(set(names), key=lambda name: (-len(name), name)))


DIVISIONS = frozenset(_section("[division]"))
PROVINCES, CITIES, COUNTIES = (_section(title) for title in ("[province]", "[city]", "[county]"))
PLACE_NAMES = tuple(sorted({*PROVINCES, *CITIES, *COUNTIES}, key=lambda name: (-len(name), name)))
PLACE = f"(?:{'|'.join(PLACE_NAMES)})"

# Words after which a proper name begins. Longer ones first; some single characters also stand inside names.
_LEADS = (
    "拿着|印着|写着|带着|盖着|贴着|家庭住址|户籍地址|现住址|居住地|地址|住址|老家|户口|籍贯|户籍|来自|家住|居住|现住|住在|寄到|寄给|送到|快递到|搬到|家在|现在|"
    "就诊医院|医院|去年|今年|明年|前年|去过|去了|到了|在了|看过|做过|查过|转到|转至|转去|转往|送到|送往|送去|来到|前往|去到|跑到|跑去|跑了|去|到|在|于|往|从|是|的|了|我们|你们|他们|咱们|我|您|你|他|她|它|们|给|说|找|挂|由|请|让|被|把|和|与|跟|及|或|"
    "看|就诊|就医|确诊|住院|出院|入院|手术|检查|复查|化验|体检|门诊|联系|咨询|预约|推荐|建议|可以|可到|可去|可|要|想|有|个|家|这|那|哪|某|所|为|叫|住|来|经|过|又|再|先|后|前|曾|已|就|都|也|还|昨天|今天|前天|上午|下午|"
    "医生|大夫|教授|主任|患者|病人|孩子|妈妈|爸爸|老婆|老公|资料|结果|报告|片子|说是|时|被|称|对|向|下|离|距|比如|例如|包括|像|如|通过|或者|生|做|打|拍|开|抽|当时|后来|然后|最后|首先|所以|因为|但是|不过|如果|而且|并|等|其|此|该|本|每|各|各大|并且"
)
_LEAD = re.compile(f"(?:{'|'.join(sorted(set(_LEADS.split('|')), key=lambda word: (-len(word), word)))})")
_PLACES = frozenset(PLACE_NAMES)
# The lengths of the names that begin with a character, longest first as the names are.
_LENGTHS: defaultdict[str, dict[int, None]] = defaultdict(dict)
for _name in PLACE_NAMES:
    _LENGTHS[_name[0]][len(_name)] = None


def place_end(text: str, start: int = 0) -> int:
    """Where the longest place name that starts here ends; `start` if there is none."""
    for size in _LENGTHS.get(text[start : start + 1], ()):
        if (name := text[start : start + size]) in _PLACES:
            return start + len(name)
    return start


# 和 joins two names; behind a verb, or behind one of these, it belongs to one.
_OWN_AND = re.compile("[协康仁安德百美祥颐泰信惠善益瑞同济宏睦义]和$")


# Such a character leads to no name behind these; it is a part of one (罗家坝, 府前街, 桥下镇).
_INNER = re.compile(
    "向(?=[阳东荣明辉])|为(?=民)|家(?=[属园庄村堡屯沟坝湾店桥营寨塘湖河口岭山坪集圩埠庙楼窑洼坡台宅弄巷渡咀嘴浜港滩畈垸墩冲])|(?<=[府门堂楼站桥寺庙衙校塔])[前后]|(?<=[城山桥河岭坡])[下后]|前(?=[进程锋卫])|(?<=[济民惠卫康养益普泰永春广厚荣同博])生"
)


def _lead(run: str, place: int, start: int) -> re.Match[str] | None:
    lead = _LEAD.match(run, place)
    if lead and _INNER.match(run, place):
        return None
    if lead and lead[0] == "和" and (0 < start == place or _OWN_AND.search(run, 0, lead.end())):
        return None
    return lead


def is_place(text: str) -> bool:
    """Whether a text is the name of a place, without the word for its level."""
    return text in _PLACES


def proper_start(run: str) -> int:
    """Where the proper name at the end of a run of Han characters begins, after the last leading word.

    A known place beats the leading words inside and after it (来宾, 和田, 家 of 张家口).
    """
    start, place = 0, 0
    known = next((at for at in range(len(run)) if place_end(run, at) > at), None)
    limit = len(run) if known is None else known
    while place < limit:
        lead = _lead(run, place, start)
        if lead and lead.end() <= limit:
            start = place = lead.end()
        else:
            place += 1
    # What stands between the last leading word and the place belongs to neither.
    return start if known is None else known


def lead_end(run: str) -> int:
    """Where the last leading word of a run of Han characters ends that leaves two characters or more behind it."""
    end = place = 0
    while place < len(run) - 2:
        lead = _lead(run, place, end)
        if lead and lead.end() <= len(run) - 2:
            end = place = lead.end()
        else:
            place += 1
    return end


_NATIONS = "蒙古|维吾尔|布依|朝鲜|土家|哈尼|哈萨克|傈僳|高山|拉祜|东乡|纳西|景颇|柯尔克孜|达斡尔|仫佬|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|乌孜别克|俄罗斯|鄂温克|德昂|保安|裕固|塔塔尔|独龙|鄂伦春|赫哲|门巴|珞巴|基诺|各|汉|回|藏|苗|彝|壮|满|侗|瑶|白|傣|黎|佤|畲|水|土|羌|怒|京"
# What stands behind the name of an autonomous region, prefecture, county or banner.
AUTONOMOUS = rf"(?:(?:{_NATIONS})族?){{1,4}}自治[区州县旗]"
_NAMES = frozenset(PLACE_NAMES) | DIVISIONS


def core_start(run: str, most: int) -> int:
    """Where the proper name at the end of `run` begins: a known place that ends it, else at most so many characters before
    the end, after the last leading word.
    """
    for place in range(max(0, len(run) - 7), len(run) - 1):
        if run[place:] in _NAMES:
            return place
    return max(lead_end(run), len(run) - most, 0)


def known_place(name: str) -> bool:
    """Whether a name without the word for its level is a province, a city, a district or a county."""
    return name in _NAMES
