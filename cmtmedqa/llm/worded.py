"""The clauses of a text in one wording, so that what they deny and forbid can be compared."""

import re

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
_TWICE = re.compile(
    "([不没无])([\u4e00-\u9fff])\\1([^\\W能可要用必宜得许再会])"
)  # 不疼不痒 denies once, as 无疼痛、瘙痒 does
_EITHER_WAY = re.compile("可([\u4e00-\u9fff])可不\\1|([\u4e00-\u9fff])不\\2都?[行可]")  # forbids nothing
# Where a part of a clause ends: 没有出血的话也要保胎 denies the bleeding alone.
# A clause that only tells to stop: 长口疮就停药 and 长口疮，请停止服用 forbid as 别吃 does.
_STOPPED = re.compile(
    "^(?:请|先|务必|立即|马上|立刻|及时|您)*(?:停止|暂停|停)(?:服用|使用|服|用|吃|用药|服药|药)?(?=[。！；;!]|$)"
)
_SAYINGS = {"手术": "切", "开刀": "切", "动刀": "切", "切除": "切", "切掉": "切", "沾水": "碰水", "下水": "碰水", "上妆": "化妆", "吸烟": "抽烟", "行走": "走", "走路": "走", "涂抹": "抹", "涂": "抹", "擦": "抹", "注射": "打", "输液": "打",
    "同房": "性", "性生活": "性", "离开": "走", "抓": "抠", "挠": "抠", "搔": "抠", "运动": "动", "活动": "动", "饮酒": "喝酒", "酗酒": "喝酒", "沐浴": "洗澡", "发热": "发烧", "高热": "高烧", "呕吐": "吐", "腹泻": "拉肚子", "疼痛": "疼", "瘙痒": "痒", "进食": "吃", "自行": "自己", "擅自": "自己", "私自": "自己",
    "有效": "用", "坏的": "恶性", "能躲就躲": "避免", "能免则免": "避免", "能不吃就不吃": "别吃", "能不用就不用": "别吃", "不犯": "不发作", "没犯": "没发作", "先不动": "先不切", "自愈": "好", "痊愈": "好", "愈合": "好", "治愈": "治好", "不上": "不吃", "用上": "吃", "揉搓": "揉", "按揉": "揉", "揉按": "揉", "挤压": "挤", "拉扯": "扯", "驾车": "开车", "效果": "用", "作用": "用", "无效": "没用", "母乳": "奶", "哺乳": "奶", "驾驶": "开车", "乘": "坐", "摄入": "吃", "接触": "碰", "受凉": "着凉", "咀嚼": "嚼", "突然": "骤", "没效": "没用", "不见效": "没用", "不足": "欠缺", "效果不明显": "没用", "效果不佳": "没用", "戒除": "戒", "能戒就戒": "戒", "东西": "", "小时": "", "分钟": "", "同服": "吃", "同用": "吃", "使用": "用", "检查": "查", "食用": "吃", "饮用": "喝", "睡眠": "睡", "听信": "听", "憋尿": "憋", "辛辣": "辣", "加重": "重",}  # fmt: skip
_SAYING = re.compile("|".join(sorted(map(re.escape, _SAYINGS), key=len, reverse=True)))
SAME = str.maketrans({"服": "吃", "食": "吃", "用": "吃", "饮": "喝", "痛": "疼", "热": "烧", "惧": "怕", "断": "停"})
_EMPTY = frozenset(
    "的了是有要会可能以需再在也都还就到得过于请您你自己行时候者和与及或随便意任何零二三四五六七八九十两半百千万约每日天周月年次急继续一先后前内之这那个些什么很太较进给让把被将"
)


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
    masked = _NO_NEGATION.sub(dots, _ALTERNATIVE.sub(dots, _EITHER_WAY.sub(dots, clause)))
    return _TWICE.sub(r"\1\2\3", _ASKING_TAIL.sub(dots, masked))


def dots(found: "re.Match[str]") -> str:
    """A mask of the same length as what was found."""
    return "·" * len(found[0])


def content_of(text: str) -> frozenset[str]:
    """The characters of a text that say what it is about, everyday and professional ones being equal."""
    return frozenset(mark for mark in text.translate(SAME) if mark.isalpha() and mark not in _EMPTY)
