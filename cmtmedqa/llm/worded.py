"""The clauses of a text in one wording, so that what they deny and forbid can be compared."""

import re

from cmtmedqa.llm.asked import split

# Words that hold a sign of negation and negate nothing.
_NO_NEGATION = re.compile(
    "不然|(?<![只不])要不(?!要)|不光|不止|不单|不只|没准|没错|不至于|不到|[未没]有?达?到|使不上|提不起|[没未](?:[做用吃打治]?完|结束)|不满(?![0-9一二两三四五六七八九十百半])|(?<![还仍血先])不停(?![药用掉])|不等(?=[大长高])|非常|不仅|不但|(?<![吃喝再])不过(?![敏夜关量度滤火长])|不同(?![意房服用时步吃])|不适|不良|不少|不断|无论|不论|不管(?![用事])|未来(?=[0-9一二两三四五六七八九十半几数的])|差不多|对不起|不好意思|不客气|除非|无菌|不久|[不并]?[是非]必须|不是必须|不必须|不一定|未必|不算晚|不算迟|不舒服|不规律|不规则|不孕|不育|"
    "不全|不稳|不齐|不振|不安(?![排装])|不宁|无力|没力气?|没劲|未婚|未成年|不妨(?!碍)|无痛(?![经感觉])|不错|莫不|不一样|别的|区别|特别|类别|性别|级别|个别|分别|差别|鉴别|识别|辨别|别人|别处|别嘌|没药|"
    "以免|免得|避免不了|忽多忽少|不清楚?|不想活|没法活|不得不|禁区|不对称|不典型|无创|有没有|有没|有无|是不是|能不能|会不会|要不要|可不可以|需不需要|用不用|好不好|行不行|对不对|是否|能否|可否"
)
_ALTERNATIVE = re.compile(
    "(?P<one>[\u4e00-\u9fff]{1,2})[不没](?P=one)|(?P<two>[一-鿿])[一-鿿]{1,2}[不没](?P=two)(?=[，。；？?,]|$)"
)  # 疼不疼, 舒服不舒服, 查没查
_ASKING_TAIL = re.compile("(?:没有|没|不|否)$")
# 吃不下 and 不能进食 are the same; what else cannot be done may be said in so many ways that its loss is none.
_CANNOT = re.compile("([好愈吃治推控降退排解回])不(?:[下了着住上起动开出进成通掉回全牢拢好])去?")
_UNABLE = re.compile("([打喝睡走站坐喘憋忍受止说看听拉尿压停收合闭翻抬])不[下了着住上起动开出进成通掉回全牢拢好]去?")
_IN_VAIN = re.compile(
    "^(?:如果?|若|要是|还|仍|实在|再)*(?:不行|[没未](?:有)?好转?(?=[再就则，,加换停来去得要需请可马立赶尽。]|$))|(?<=[钟时天周月次个针片])(?:还|仍|后|都|还是)*不(?:行|好)(?=[再就则，,加换停来去得要需请可马立赶尽。]|$)"
)  # 不行来急诊, 5分钟不行再一片, but 仰着睡不行
_VAIN = re.compile(
    "[没未](?:有)?(?:控制|恢复)好|(?:没有?|无|不管|不起|不怎么管)(?:什么|啥|多大|太大|明显)?(?:作用|效果|用处|用|效)(?![过药上到])|(?:效果|作用|用处)(?:不(?:明显|大|好|佳)|不怎么样)|不见效|没戏|(?:尚未|还没有?|仍未|仍没有?|仍然?不|还不|没有?|未|不)(?:见|能|得到|有|明显)*(?:好转|改善|缓解)|不见好|没见好|(?<=[天日周月年])(?:还|仍)?没(?:有|什么|啥)?(?:变化|改变|动静|起色)|没(?:有|什么|啥)?起色|未愈(?!合)|没消(?=[再就，,])|(?<=[天日周月年了])(?:还|仍)?[没未]好(?=[，。,再就]|$)|[未没](?:有)?(?:见)?(?:消退|消肿|愈合)|消不(?:下去|掉|了)|没(?:有)?(?:什么|啥|多大|太大)?(?:临床)?意义|意义(?:不大|有限)|(?:尚未|还未|未|还没有?|没有?)(?:见|起|奏)效|(?:仍|还|效果|控制|恢复)[^，。]{0,2}不(?:理想|满意|佳|达标|好)"
)
_NOTHING_FOUND = re.compile(
    "(?:并?没有?|并?无|未见|没发现|未发现)(?:什么|啥|大|明显|太大|多大)*(?:问题|异常|毛病|事(?![先情故实]))|(?:尚?未|没有?)(?:受累|累及|受影响|波及)"
)
_POOR = re.compile(
    "(?<=[肝肾心肺胃脏能脾况力势])[又也都还]?不好|不好(?=造成|引起|导致|所致)|(?<=姿势)不良"
)  # who must not: 肝不好不能吃
_ADVERBS = re.compile(
    "经常|总是|老是|老(?=[用吃去])|随意|随便|乱(?!想)|突然|骤然|立即|立刻|马上|急着|急于|着急(?=[^，。；])|强行|勉强|硬(?=[喂扛掰戒撑憋])|擅自|自行|私自|自己|完全|绝对|过早|暂时|暂(?![停缓])|目前|尽量|尽可能|刻意|特意|严格|额外|过分|过度|轻易|千万|(?<=[不别勿])太|过于|一起|一块儿?|一同|同时|出现|发生|存在"
)
_TWICE = re.compile(
    "([不没无])([\u4e00-\u9fff])\\1([^\\W能可要用必宜得许再会])"
)  # 不疼不痒 denies once, as 无疼痛、瘙痒 does
_EITHER_WAY = re.compile("可([\u4e00-\u9fff])可不\\1|([\u4e00-\u9fff])不\\2都?[行可]")  # forbids nothing
# Where a part of a clause ends: 没有出血的话也要保胎 denies the bleeding alone.
# A clause that only tells to stop: 长口疮就停药 and 长口疮，请停止服用 forbid as 别吃 does.
STOPPED = re.compile(
    "^(?:请|先|务必|立即|马上|立刻|及时|您)*(?:停止|暂停|停)(?:服用|使用|服|用|吃|用药|服药|药)?(?=[。！；;!]|$)"
)
# What characters in common do not tell: the rest of the synonyms of a denial is told by the evidence beside it.
_SAYINGS = {
    "涂抹": "抹", "涂": "抹", "注射": "打", "同房": "房事", "宝宝": "孩子", "吃点东西": "餐", "抓": "抠", "挖": "抠", "挠": "抠", "喝酒": "酒", "呕吐": "吐",
    "疼痛": "疼", "进食": "餐", "吃东西": "餐", "禁食": "禁餐", "坏的": "恶性", "使劲": "用力", "愈合": "好", "不上": "不吃", "无效": "没用", "戒除": "戒",
    "能戒就戒": "戒", "小时": "", "分钟": "", "送服": "吃", "平卧": "躺", "平躺": "躺", "等待": "等", "耽误": "拖", "耽搁": "拖",
    "顶不上": "没用", "使用": "用", "检查": "查",
}  # fmt: skip
_SAYING = re.compile("|".join(sorted(map(re.escape, _SAYINGS), key=len, reverse=True)))
SAME = str.maketrans({"服": "吃", "食": "吃", "用": "吃", "饮": "喝", "痛": "疼", "热": "烧", "惧": "怕", "断": "停"})
_EMPTY = frozenset(
    "的了是有要会可能以需再在也都还就到得过于请您你自己行时候者和与及或随便意任何零二三四五六七八九十两半百千万约每日天周月年次急继续一先后前内之人这那个些什么很太较进给让把被将"
)

# What is denied stands in the question before: 没有的话不着急.
_IF_NOT = re.compile("^(?:如果?|要是|若|假如|倘若)?(?:都|均|皆)?(?:没有|无)(?:这些)?(?:的话|(?=[就则。；;!！]|$))")
# One wording for turns of speech in which a denial hides.
_NUMERAL = "[0-9零一二两三四五六七八九十百半]"
_TURNS = (
    (re.compile("(?:不(?:能|要|可以?|得|宜)?|别|勿)(?:少于|低于|小于|短于|早于)"), "至少"),
    (re.compile("(?:什么|啥)(?:东西)?[都也](?:先|暂时)?(?:别|不要|不能|不)吃"), "禁餐"),
    (re.compile("(?:没有?|未)([^，。；]{1,4}?)(?=(?:之|以)?前)"), r"\1"),
    (re.compile("(不能|不要|不可|别)[^，。不]{1,5}?[就便即](?=停|断|减)"), r"\1"),
    (re.compile("(?:别|不要|不能|不可以?)([^，。]{1,8}?)的?(?:[那这][个种]?)?(?:说法|讲法|规矩)(?:没有?必要|没有?根据|没有?道理|不对|不可信|不靠谱|是错的)"), r"可以\1"),
    (re.compile("(?:别|不要|不能|不可|切勿|请勿)([^，。；不没别]{1,4}[完后了])不(?![能要会可得])"), r"\1必须"),
    (re.compile(f"(?<!不)(?:不足|不满|不到|未满|未到|没满|没到|少于|小于|低于)(?=第?(?:每?[一1]?分钟|每日|每天)?{_NUMERAL})"), "低于"),
    (re.compile("([\u4e00-\u9fff])不得(?=了?(?:[，。；;！!、]|$))"), r"不能\1"),  # 断不得
    (re.compile("(?<=[烟酒糖盐糖药])(?:就|都|也)?(?:必须|一定要|务必|要|得|需要?)断(?=[，。；;、]|$)"), "戒"),
    (re.compile("(?:不可以?|不能|不要|不得|别|切勿|勿)(?:没有?|无|缺|离)(?:了|开)?(?=[^，。；]{0,2}[人家])"), "需要"),
    (re.compile("妨碍"), "影响"),
    (re.compile("滴酒不[沾进碰]"), "不要喝酒"),
    (re.compile("(?<![别勿能要可全])(?:就|先|都|一律|一概|全|全都|暂时|暂)*(?:免了|断了|断掉|省了|算了吧?|使不得|要不得|不可取|不合适|不妥|不成|不允许|不被允许)(?=[，,。；;！!吧啊]|$)"), "不要"),
    (re.compile("(?:犯不[着上]|用不[着上]|谈不上需要|没[有啥什么]*必要|大可不必|没有?(?:理由|需要)|不存在[^，。]{0,4}必要)"), "不用"),
    (re.compile("离不[开了]|少不了|免不了|缺不得|不可或缺|不可(?:缺少|缺)"), "需要"),
    (re.compile("(?<=[\u4e00-\u9fff])不离"), "都在"),
    (re.compile("(?:不是|并非|不一定|未必)(?:都|全都?|就)?(?:非得?要?|一定得?要?|必须要?|都?要)([^，。；]{1,4}?)(?:不(?:可|行))?(?=[，。；,]|$)"), r"不一定\1"),
    (re.compile("(别|不要|不能)(?=[一刚][^，。不]{1,4}?[就便])([^，。不]{1,5}?)[就便]"), r"\1"),
    (re.compile("(?<![拉那])非([\u4e00-\u9fff]{1,4})不(?:可(?!以)|行)"), r"必须\1"),
    (re.compile("(?:不能|不可以?|不得|不许|不会|不要|别|切勿|请勿)(?:完全|一点儿?|绝对|总是|老是|一直)?[都也]?不(?=[\u4e00-\u9fff])(?![能要会可得])"), "必须"),
    (re.compile("不是(?:说)?(?:就|绝对|完全)?不(能|可以|行|需要|用|要)"), r"\1"),
    (re.compile("没有?不([\u4e00-\u9fff]{1,2})的"), r"都\1"),
    (re.compile("整[片粒颗个]?(?:吞服?|咽)(?!.*[别不勿])"), "整吞别嚼碎"),
    (re.compile("拒(?=[奶食绝])"), "不"),
    (re.compile("[说想]停就停"), "停"),
    (re.compile("吃不[下进]去?(?:饭|东西)?"), "不能餐"),
)  # fmt: skip


def statements(text: str) -> list[str]:
    """The clauses of a text that ask nothing, in one wording, with words masked that only look like negations."""
    return [wording(clause) for clause in split(text)[1]]


def wording(clause: str) -> str:
    """One clause in one wording."""
    clause = _IF_NOT.sub("", STOPPED.sub("别吃", clause))
    for pattern, wording in _TURNS:
        clause = pattern.sub(wording, clause)
    clause = _POOR.sub(
        "欠佳", _IN_VAIN.sub("没用", _VAIN.sub("没用", _NOTHING_FOUND.sub("正常", clause))).replace("不行", "不可以")
    )
    clause = _ADVERBS.sub("", _CANNOT.sub(r"不能\1", _UNABLE.sub(r"难以\1", clause)))
    clause = _SAYING.sub(lambda found: _SAYINGS[found[0]], clause)
    masked = _NO_NEGATION.sub(dots, _ALTERNATIVE.sub(dots, _EITHER_WAY.sub(dots, clause)))
    return _TWICE.sub(r"\1\2\3", _ASKING_TAIL.sub(dots, masked))


def dots(found: "re.Match[str]") -> str:
    """A mask of the same length as what was found."""
    return "·" * len(found[0])


def content_of(text: str) -> frozenset[str]:
    """The characters of a text that say what it is about, everyday and professional ones being equal."""
    return frozenset(mark for mark in text.translate(SAME) if mark.isalpha() and mark not in _EMPTY)
