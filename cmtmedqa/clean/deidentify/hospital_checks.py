"""Checks of hospitals: where the name of a house begins before the word for what it is, and whether it has one of its own."""

import re

from cmtmedqa.clean.deidentify.name_checks import Extent
from cmtmedqa.clean.deidentify.names import HAN, holds_term, medical
from cmtmedqa.clean.deidentify.places import (
    AUTONOMOUS,
    core_start,
    is_place,
    known_place,
    lead_end,
    place_end,
    proper_start,
)

# What a hospital that nobody can be found by is called: alone or strung together, these make no name.
_GENERIC = re.compile(
    r"(?:当地|本地|外地|异地|附近|周边|就近|身边|最近|邻近|县级|市级|省级|区级|国家级|部级|镇级|乡级|村级|[县市省区镇乡村州盟旗]|人民|中心|正规|公立|私立|民营|国营|私人|个体|公办|上级|下级|基层|高级|三甲|三级|二级|一级|三乙|二甲|"
    r"甲等|乙等|大型|大大小小|小型|中型|大|小|中|好|老|新|总|分|专科|专门|专业|综合|综合性|综合类|专科类|妇幼|妇保|妇产科?|妇科|妇儿|儿童|儿科|少儿|小儿|母婴|产科|中医药?|中西医|结合|西医|民族|蒙医|藏医|肿瘤|癌症|口腔|牙科|牙病|齿科|眼科|眼耳鼻喉科?|"
    r"耳鼻喉科?|五官科?|皮肤病?|皮肤性病|皮肤科|性病|男科|泌尿外?科?|骨科|骨伤科?|创伤|手外科|精神病?|精神科|精神卫生|心理|传染病?|感染|结核病?|肝病|胸科|肺科|呼吸|心血管病?|心脏病?|脑科|神经|内科|外科|急诊|肛肠科?|胃肠|康复|整形|整容|美容|医美|医疗|医学|风湿|免疫|血液|糖尿病|"
    r"内分泌|肾病|癫痫|白癜风|不孕不育|不孕|不育|生殖|计划生育|妇产|疼痛|社区|街道|农村|城市|城里|城镇|乡镇|地区|地方|地级|省会|[一二三四五六七八九十0-9]+级|第?[一二三四五六七八九十0-9]+|大学|医学院|医科大学|学院|附属|附院|教学|军区|部队|军队|军医|解放军|武警|铁路|职工|工人|厂矿|"
    r"学校|校|厂|学生|公安|监狱|知名|著名|权威|有名|出名|优质|其他|其它|另外|另|别的|别|不同|多|几|两|各级|级别|级|专|性|类|型|高等|有条件|条件|具备|较|比较|更|最|更加|相关|有关|对口|定点|指定|合作|医保|红十字会?|慈善|福利|互联网|网络|网上|线上|在线|平台|实体|线下|"
    r"宠物|动物|提供|致电|使用|优化|防止|避免|跑|几家|打给|询问|感染|兽医|莆田系|野鸡|黑|甲|乙|等|全国|国内|国外|国际|省内|市内|本市|本省|本县|本院|全|原|以上|左右|一些|许多|很多|大多|多数|部分|任何|所有|一般|普通|口碑|信誉|可靠|放心|合法|合格|资质|技术|设备|先进|水平|实力|疗效|规范|规模|县城|乡下|镇上|村里|县里|市里|省里|区里|镇|家|间|所|"
    r"疾病|预防|控制|健康|保健|管理|服务|治疗|诊疗|诊断|检查|门诊|住院|会诊|转诊|手术|科研|的|西南|西北|东北|华东|华北|华南|华中|同级|同|单位|公司|企业|医生|护士|患者|亲自|直接|立即|马上|及时|尽快|尽早|赶紧|赶快|首选|最好|需|须|必须|应|应该|应当|定期|然后|随时|一起|需要|前去|上|用|入|进|回|换|选|选择|找|请|决定|询问|告知|告诉|确保|按照|复诊|绝大|主张|送|直属|医科|科|陆军|海军|空军|仔细|情况|咨询|听从|听|统一|指挥|加以|鉴别|美容科|植发|整形美容|即|立即|立|送往|比如|属|本人|区域|正在|属于|省会|住|院|外省|特色|重点|示范|就诊|预约|建议|推荐|考虑|属地|随便|整个|到达|联系|通知|所在|旁边|忧心|担心|单才好|外面|考量|父亲|母亲|爸爸|妈妈|奶奶|爷爷|参考|积极|根据|确认|拨通|拨打|互相|配合|注意|作用|具体|某某|某|分析|女儿|儿子|孩子|较瘦|预备役师|选取|满意|放心|好评|不错|便宜|昂贵|分类|类似|等等|先到|再到|打电话|支持|允许|依据|依靠|借助|避免|规定|明确|常|去|来|到|在|转入|转出|接收|登录|掌上|智慧|云|申请方|受邀方|麻烦|易善复)+"
)
_UNLIKELY = re.compile(
    "[了着过吗呢吧吃药痛疼病症炎血尿您你我他她这那哪什怎么不没未无可能会要想说查看做治疗术检开买费钱元岁天月日今明昨次种因但如果时候点自己出带拿]"
)
_AUTONOMOUS = re.compile(AUTONOMOUS)
_LONGEST_RUN = 22
# What ends a run, going back: a mark, or the first character of the word for another house.
_NO_RUN = re.compile("[^一-鿿0-9A-Z]|医(?=院)|诊(?=所)|卫(?=生院)|门(?=诊部)")
_VAGUE = re.compile("某|的|比较|正规|公立|私立|三甲|三级|本地|当地|专业|权威|最好|哪")
_OWN = re.compile(r"[省市县区镇乡州村屯旗]|大学|学院|医大|街道|堂|军|院")
_MIDDLE = (
    r"(?:第?[一二三四五六七八九十0-9]{1,2}|人民|中心|中医药?|中西医结合|妇幼保健|妇幼|儿童|少儿|妇产|妇女儿童|妇儿|妇科|产科|肿瘤|口腔|牙科|齿科|眼科|骨科|骨伤科?|精神卫生|精神病|传染病|感染|胸科|皮肤病?|皮肤科|肛肠|康复|老年病?|职业病|公共卫生|心血管病|心脏病?|脑血管病?|心脑血管病?|胃肠病?|消化病?|风湿病|皮肤性病|精神疾病|过敏病?|甲状腺病?|乳腺病?|微创|中风|近视|视光|颈肩腰腿痛|腰腿痛|针灸|推拿|理疗|肝胆病?|肾脏病?|血管病?|痔瘘|痛风病?|哮喘病?|慢性病|老年|安宁|护理|烧伤|创伤|手足外科|手外科|显微外科|美容|植发|儿科|"
    r"红十字会?|铁路|煤矿|职工|附属|市立|省立|综合|专科|急救|民族|整形|美容|医疗美容|脑科|肝病|肾病|结核病?|血液病?|心血管|耳鼻喉|五官科?|男科|泌尿|不孕不育|生殖|体检|健康|神经|国际|疼痛|风湿|糖尿病|心理|中西医|内科|外科|社区|直属|临床)"
)
_MIDDLES = re.compile(rf"{_MIDDLE}+$")
_REACH = 24
NUMERAL = "[一二三四五六七八九十0-9〇零百]"
# Mostly there is none, which is told sooner than where one would begin.
_LEVEL, _SCHOOL = re.compile("[省市县区旗州镇乡道村]"), re.compile("大学|医学院|医专|医大")
_LEVEL_BEFORE = re.compile(
    rf"(?P<n>[{HAN}]{{2,6}})(?P<l>{AUTONOMOUS}|省|自治区|市|县|区|旗|自治州|自治县|州|镇|乡|街道|村){_MIDDLE}{{0,4}}中?$"
)
_UNIVERSITY_BEFORE = re.compile(
    rf"(?P<n>[{HAN}]{{2,6}})(?:大学|医学院|医专|医大)(?:医学院|附属|第?{NUMERAL}{{1,2}}|临床)*(?:[{HAN}]{{2,4}})?{_MIDDLE}{{0,4}}$"
)
_STREET_BEFORE = re.compile(rf"(?P<n>[{HAN}]{{2,7}})(?:路|街|街道|大道|巷|新村|里|苑|园|镇|乡)?(?:社区|中心)?$")
_NO_UNIVERSITY = frozenset(("一所", "这所", "那所", "重点", "医科", "各大", "知名", "有名", "著名"))
# Inside what looks like a brand these tell that it is an ordinary phrase.
_NO_BRAND = re.compile(
    "^[一二两三四五六七八九十几0-9地单]|[次趟段些回至出者其月带上下早晚前后小好多大全位所家个]|^[或即]"
)
_SMALL = frozenset(("镇", "乡", "村", "街道"))
_ODD = re.compile(
    "[了着过吗呢吧吃药痛疼病症炎血尿您你我他她它这那哪什怎么不没未查看做治疗术检买费钱岁但因果时候点自己里说就都还很太去到被把给让是的在有]"
)
# Inside a name these tell that it is a description and none.
_GENERIC_PART = re.compile(
    "当地|本地|外地|附近|周边|正规|公立|私立|民营|三甲|二甲|三级|二级|各级|上级|下级|级|其他|其它|别的|农村|城市|地区|乡镇|小区|专业|专科|普通|一般|综合|大型|小型|著名|知名|权威|所在|老家|隔壁|医保|定点|电子|屏幕|"
    "宠物|动物|提供|致电|使用|优化|防止|避免|跑|几家|打给|询问|感染|或者|全[市县省区]|[县市省区镇乡村]医院|某|各|全国|国内|国外|省内|本|哪|先|再|赶紧|马上|尽快|直接|建议|可以|需要|应该|必须|最好|推荐|选择|就诊|住院|门诊|检查|手术|医生|患者|孩子|宝宝|时间|情况|条件|水平|方便|公司|单位|学校|部队|中医|西医|小诊|找"
)


def _run_before(text: str, end: int) -> str:
    """The Han characters, digits and capitals right before a place, back to the word for another house."""
    run = text[max(0, end - _LONGEST_RUN) : end]
    broken = max((match.end() for match in _NO_RUN.finditer(run)), default=0)
    return run[broken:]


_AFTER_PLACE = re.compile("[月日今昨次岁元周早晚离]|" + _ODD.pattern)


# Before it stands what the hospital has none of: 波依定医院没货.
_OUT_OF_STOCK = re.compile("(?:里|那边)?(?:都|也|就|已经|一直|老是|经常)?(?:没货|断货|缺货|没有货|没得货)")


def named_house(match: re.Match[str]) -> Extent:
    """The named part of what stands before the suffix; generic hospitals are refused."""
    run = _run_before(match.string, match.start("v"))
    if len(run) < 2 or _OUT_OF_STOCK.match(match.string, match.end("v")):
        return False
    name = run[proper_start(_MIDDLES.sub("", run)) :]
    own = name
    while (generic := _GENERIC.match(own)) and not place_end(own):
        own = own[generic.end() :]
    place = place_end(own)
    if not place:
        brand = _brand(name)
        if brand:
            return match.start("v") - len(brand), match.end("v")
        rest = _GENERIC.sub("", own)
        common = (
            _UNLIKELY.search(own)
            or re.search("问|乡镇|某|CT|[全各][市县省]|哪", own)
            or (holds_term(own) and not _OWN.search(own))
        )
        if len(rest) < 2 or len(own) > 12 or common:
            return False
    elif _AFTER_PLACE.search(_MIDDLES.sub("", _AUTONOMOUS.sub("", own[place:]))) or _VAGUE.search(own):
        return False
    whole = not place and _OWN.search(own)
    return match.start("v") - len(name if whole else own), match.end("v")


# Ordinary words and numerals that houses are often called by.
_BRANDS = frozenset(
    [
        "阳光",
        "平安",
        "和美",
        "民生",
        "华夏",
        "远大",
        "博大",
        "复大",
        "四方",
        "三九",
        "五洲",
        "九洲",
        "京都",
        "丽都",
        "长安",
        "协和",
        "百姓",
        "万众",
        "新世纪",
        "新时代",
        "明珠",
        "天使",
        "男健",
        "国泰",
        "太平",
        "长生",
        "永安",
        "幸福",
        "友爱",
        "和平",
        "光明",
        "东方",
        "南方",
        "中原",
        "江南",
        "江北",
        "爱心",
        "仁心",
        "朝阳",
        "晨光",
        "春天",
        "四季",
        "中信湘雅",
        "友好",
        "正大",
        "康复之家",
        "健康之家",
        "仁爱",
        "同心",
        "友谊",
        "希望",
        "新生",
        "现代",
        "红十字",
        "家和",
        "健民",
        "利民",
        "便民",
        "惠民",
        "爱民",
        "为民",
    ]
)
_NO_HALL = re.compile("[食课天讲礼佛祠药医]堂$|[的了在是到去我你他这那]")


# What leads to a house of a name of its own.
_LEAD = re.compile(
    "[一-鿿]*(?:听[一-鿿]{1,3}[讲说]|[讲说]|那家|[选去]的|直接去|[都就]在|再去|[航到]到|在|去|是)(?=[一-鿿]{2,5}$)"
)


def _brand(name: str) -> str:
    """A name of two to five characters of its own, with the kind of the house behind it; '' if it is none."""
    core = _MIDDLES.sub("", name)
    if (lead := _LEAD.match(core)) and len(core) - lead.end() >= 2:
        name, core = name[lead.end() :], core[lead.end() :]
    if 3 <= len(core) <= 7 and core[-1] in "堂斋" and not _NO_HALL.search(core):
        return name
    if core in _BRANDS:
        return name
    odd = _ODD.search(core) or _NO_BRAND.search(core) or _GENERIC_PART.search(core)
    known = 2 <= len(core) <= 5 and not odd and not _GENERIC.fullmatch(core) and not medical(core)
    return name if known else ""


# None of these belongs to the name of a house that begins behind it.
_NO_PART = frozenset(
    "我你您他她咱俺在去到是说讲从的了过回往来住转找问听看等给让叫把被跟和与同及或也都就还才又再很最某本该此每各两几一二三四五六七八九十第县市省区州镇乡村科院所家个有没不上下里前后月日号年天时次"
)


def widened(extent: Extent, text: str) -> Extent:
    """With the one character that would be left over before a name of which the search found only a part (广 + 济源)."""
    if not isinstance(extent, tuple):
        return extent
    start, end = extent
    left, beyond = text[max(0, start - 1) : start], text[max(0, start - 2) : max(0, start - 1)]
    alone = not re.match(f"[{HAN}]", beyond) or beyond in "在去到是从往回了的来住转"
    return (start - 1, end) if re.match(f"[{HAN}]", left) and left not in _NO_PART and alone else extent


def levelled(match: re.Match[str]) -> Extent:
    """From the proper name before a level (市, 县, 镇 ...) on: a known place, or the last two or three characters."""
    start, end = max(0, match.start("v") - _REACH), match.start("v")
    found = _LEVEL.search(match.string, start, end) and _LEVEL_BEFORE.search(match.string, start, end)
    if found is None:
        return False
    start = found.start("n") + core_start(found["n"], 3 if found["l"] in _SMALL else 2)
    core = match.string[start : found.end("n")]
    odd = (
        _ODD.search(core)
        or _GENERIC_PART.search(core)
        or _GENERIC.fullmatch(core)
        or core[-1:] in "社城地小病院园校厂全各本外个家所"
    )
    proper = known_place(core) or (len(core) >= 2 and not odd)
    return (start, match.end("v")) if proper else False


def university(match: re.Match[str]) -> Extent:
    """From the proper name of a university on."""
    start, end = max(0, match.start("v") - _REACH), match.start("v")
    found = _SCHOOL.search(match.string, start, end) and _UNIVERSITY_BEFORE.search(match.string, start, end)
    if found is None:
        return False
    run = _without_subject(found["n"])
    start = found.start("n") + core_start(run, 2)
    core = run[start - found.start("n") :]
    odd = _ODD.search(core) or _GENERIC_PART.search(core) or core in _NO_UNIVERSITY or core[-1:] in "所家个"
    return (start, match.end("v")) if len(core) >= 2 and not odd else False


# 华中 + 医药, not 华 + 中医药.
_REGION_MIDDLE = re.compile("[华关闽豫]中医药$")


def _without_subject(run: str) -> str:
    """The name of a university without what it teaches; of several cuts the one that leaves a known place."""
    cuts = [
        run.removesuffix(word)
        for word in ("", "医科", "医药", "中医药", "理工", "师范", "交通", "科技")
        if run.endswith(word)
    ]
    if _REGION_MIDDLE.search(run):
        cuts = [run.removesuffix("医药")]
    long = [cut for cut in cuts if len(cut) >= 2]
    placed = [cut for cut in long if is_place(cut[core_start(cut, 2) :])]
    return (placed or sorted(long, key=len) or [run])[0]


def known_house(match: re.Match[str]) -> Extent:
    """From the known place on that ends right before a short name for its hospital."""
    run, end = match["n"], match.end("n")
    starts = [at for at in range(len(run) - 1) if known_place(run[at:])]
    return (end - len(run) + starts[0], match.end("v")) if starts else False


def street(match: re.Match[str]) -> Extent:
    """From the proper name of a street, community or township on."""
    found = _STREET_BEFORE.search(match.string, max(0, match.start("v") - _REACH), match.start("v"))
    if found is None:
        return False
    start = found.start("n") + lead_end(found["n"])
    core = match.string[start : found.end("n")]
    odd = _ODD.search(core) or _GENERIC.fullmatch(core) or _GENERIC_PART.search(core) or core[-1:] in "个家所和与及或跟"
    return (start, match.end("v")) if len(core) >= 2 and not odd else False
