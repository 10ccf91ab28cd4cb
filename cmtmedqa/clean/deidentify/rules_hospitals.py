"""Rules for named hospitals, clinics and health stations."""

import re

from cmtmedqa.clean.deidentify.model import Check, Rule
from cmtmedqa.clean.deidentify.names import holds_term
from cmtmedqa.clean.deidentify.patterns import compiled
from cmtmedqa.clean.deidentify.places import AUTONOMOUS, PLACE, core_start, known_place, lead_end, proper_start

_HAN = "一-鿿"
SUFFIX = (
    r"(?:医院|卫生院|卫生所|卫生室|卫生站|卫生服务中心|卫生服务站|保健院|保健所|妇幼保健计划生育服务中心|诊所|诊疗所|门诊部|医务室|疗养院|防治院|防治所|防治中心|医学中心|医疗中心|急救中心|体检中心|康复中心"
    r"|疾控中心|疾病预防控制中心|防疫站|中医馆|国医馆|医馆|国医堂|血液中心|产科中心|月子中心|护理院|养老院|敬老院|分院|总院|精神卫生中心|心理卫生中心|口腔中心|眼科中心|透析中心|生殖中心|美容中心)"
)
# What a hospital that nobody can be found by is called: alone or strung together, these make no name.
_GENERIC = re.compile(
    r"(?:当地|本地|外地|异地|附近|周边|就近|身边|最近|邻近|县级|市级|省级|区级|国家级|部级|镇级|乡级|村级|[县市省区镇乡村州盟旗]|人民|中心|正规|公立|私立|民营|国营|私人|个体|公办|上级|下级|基层|高级|三甲|三级|二级|一级|三乙|二甲|"
    r"甲等|乙等|大型|大大小小|小型|中型|大|小|中|好|老|新|总|分|专科|专门|专业|综合|综合性|综合类|专科类|妇幼|妇保|妇产科?|妇科|妇儿|儿童|儿科|少儿|小儿|母婴|产科|中医药?|中西医|结合|西医|民族|蒙医|藏医|肿瘤|癌症|口腔|牙科|牙病|齿科|眼科|眼耳鼻喉科?|"
    r"耳鼻喉科?|五官科?|皮肤病?|皮肤性病|皮肤科|性病|男科|泌尿外?科?|骨科|骨伤科?|创伤|手外科|精神病?|精神科|精神卫生|心理|传染病?|感染|结核病?|肝病|胸科|肺科|呼吸|心血管病?|心脏病?|脑科|神经|内科|外科|急诊|肛肠科?|胃肠|康复|整形|整容|美容|医美|医疗|医学|风湿|免疫|血液|糖尿病|"
    r"内分泌|肾病|癫痫|白癜风|不孕不育|不孕|不育|生殖|计划生育|妇产|疼痛|社区|街道|农村|城市|城里|城镇|乡镇|地区|地方|地级|省会|[一二三四五六七八九十0-9]+级|第?[一二三四五六七八九十0-9]+|大学|医学院|医科大学|学院|附属|附院|教学|军区|部队|军队|军医|解放军|武警|铁路|职工|工人|厂矿|"
    r"学校|校|厂|学生|公安|监狱|知名|著名|权威|有名|出名|优质|其他|其它|另外|另|别的|别|不同|多|几|两|各级|级别|级|专|性|类|型|高等|有条件|条件|具备|较|比较|更|最|更加|相关|有关|对口|定点|指定|合作|医保|红十字会?|慈善|福利|互联网|网络|网上|线上|在线|平台|实体|线下|"
    r"宠物|动物|提供|致电|使用|优化|防止|避免|跑|几家|打给|询问|感染|兽医|莆田系|野鸡|黑|甲|乙|等|全国|国内|国外|国际|省内|市内|本市|本省|本县|本院|全|原|以上|左右|一些|许多|很多|大多|多数|部分|任何|所有|一般|普通|口碑|信誉|可靠|放心|合法|合格|资质|技术|设备|先进|水平|实力|疗效|规范|规模|县城|乡下|镇上|村里|县里|市里|省里|区里|镇|家|间|所|"
    r"疾病|预防|控制|健康|保健|管理|服务|治疗|诊疗|诊断|检查|门诊|住院|会诊|转诊|手术|科研|的|西南|西北|东北|华东|华北|华南|华中|同级|同|单位|公司|企业|医生|护士|患者|亲自|直接|立即|马上|及时|尽快|尽早|赶紧|赶快|首选|最好|需|须|必须|应|应该|应当|定期|然后|随时|一起|需要|前去|上|用|入|进|回|换|选|选择|找|请|决定|询问|告知|告诉|确保|按照|复诊|绝大|主张|送|直属|医科|科|陆军|海军|空军|仔细|情况|咨询|听从|听|统一|指挥|加以|鉴别|美容科|植发|整形美容|即|立即|立|送往|比如|属|本人|区域|正在|属于|省会|住|院|外省|特色|重点|示范|就诊|预约|建议|推荐|考虑|属地|随便|整个|到达|联系|通知|所在|旁边|忧心|担心|单才好|外面|考量|父亲|母亲|爸爸|妈妈|奶奶|爷爷|参考|积极|根据|确认|拨通|拨打|互相|配合|注意|作用|具体|某某|某|分析|女儿|儿子|孩子|较瘦|预备役师|选取|满意|放心|好评|不错|便宜|昂贵|分类|类似|等等|先到|再到|打电话|支持|允许|依据|依靠|借助|避免|规定|明确|常|去|来|到|在)+"
)
_UNLIKELY = re.compile(
    "[了着过吗呢吧吃药痛疼病症炎血尿您你我他她这那哪什怎么不没未无可能会要想说查看做治疗术检开买费钱元岁天月日今明昨次种因但如果时候点自己出带拿]"
)
_AUTONOMOUS = re.compile(AUTONOMOUS)
_RUN = re.compile("(?:(?!医院|诊所|卫生院|门诊部)[一-鿿0-9A-Z]){2,22}$")
_PLACE = re.compile(PLACE)
_VAGUE = re.compile("某|的|比较|正规|公立|私立|三甲|三级|本地|当地|专业|权威|最好|哪")
_OWN = re.compile(r"[省市县区镇乡州村屯旗]|大学|学院|医大|街道|堂|军|院")
# Hospitals known by a short name.
SHORT = (
    r"(?:中国医学科学院|中国中医科学院|中科院|医科院|北京|武汉|上海|福建|四川|华中科技大学|中南大学|青岛|南京|重庆)?(?:协和|湘雅|华西|瑞金|仁济|华山|中山|同济|齐鲁|西京|唐都|天坛|阜外|宣武|积水潭|安贞|安定|友谊|朝阳|世纪坛|佑安|地坛|东直门|西苑|广安门|望京|龙华|曙光|岳阳|红房子|新华|长海|长征|"
    r"邵逸夫|中日友好|盛京|鼓楼|南方|珠江|西南|新桥|大坪|同仁|道培|玛丽|博爱|和睦家|爱尔|曙光|仁爱|华侨|长庚|福华|罗湖|莆田|德济|圣德|康宁|博仁|国康|(?:中国人民)?解放军总|北大|浙大|武大|川大|山大|苏大|中大|郑大|广医|温医|清华长庚|安琪儿|仁和|德和|协同|惠和|美中宜和)(?:眼科|妇产|妇儿|口腔|儿童|妇科|康复|肿瘤|中医|精神)?"
)


_MIDDLE = (
    r"(?:第?[一二三四五六七八九十0-9]{1,2}|人民|中心|中医药?|中西医结合|妇幼保健|妇幼|儿童|少儿|妇产|妇女儿童|妇儿|妇科|产科|肿瘤|口腔|牙科|齿科|眼科|骨科|骨伤科?|精神卫生|精神病|传染病|感染|胸科|皮肤病?|皮肤科|肛肠|康复|老年病?|职业病|公共卫生|心血管病|心脏病?|脑血管病?|心脑血管病?|胃肠病?|消化病?|风湿病|皮肤性病|精神疾病|过敏病?|甲状腺病?|乳腺病?|微创|中风|近视|视光|颈肩腰腿痛|腰腿痛|针灸|推拿|理疗|肝胆病?|肾脏病?|血管病?|痔瘘|痛风病?|哮喘病?|慢性病|老年|安宁|护理|烧伤|创伤|手足外科|手外科|显微外科|美容|植发|儿科|"
    r"红十字会?|铁路|煤矿|职工|附属|市立|省立|综合|专科|急救|民族|整形|美容|医疗美容|脑科|肝病|肾病|结核病?|血液病?|心血管|耳鼻喉|五官科?|男科|泌尿|不孕不育|生殖|体检|健康|神经|国际|疼痛|风湿|糖尿病|心理|中西医|内科|外科|社区|直属|临床)"
)
_MIDDLES = re.compile(rf"{_MIDDLE}+$")
Extent = tuple[int, int] | bool

_REACH = 24
_NUMERAL = "[一二三四五六七八九十0-9〇零百]"
_LEVEL_BEFORE = re.compile(
    rf"(?P<n>[{_HAN}]{{2,6}})(?P<l>{AUTONOMOUS}|省|自治区|市|县|区|旗|自治州|自治县|州|镇|乡|街道|村){_MIDDLE}{{0,4}}中?$"
)
_UNIVERSITY_BEFORE = re.compile(
    rf"(?P<n>[{_HAN}]{{2,6}})(?:大学|医学院|医专|医大)(?:医学院|附属|第?{_NUMERAL}{{1,2}}|临床)*(?:[{_HAN}]{{2,4}})?{_MIDDLE}{{0,4}}$"
)
_STREET_BEFORE = re.compile(rf"(?P<n>[{_HAN}]{{2,7}})(?:路|街|街道|大道|巷|新村|里|苑|园|镇|乡)?(?:社区|中心)?$")
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


_AFTER_PLACE = re.compile("[月日今昨次岁元周早晚离]|" + _ODD.pattern)


def _hospital(match: re.Match[str]) -> Extent:
    """The named part of what stands before the suffix; generic hospitals are refused."""
    before = match.string[max(0, match.start("v") - 22) : match.start("v")]
    run = _RUN.search(before)
    if run is None:
        return False
    name = run[0][proper_start(_MIDDLES.sub("", run[0])) :]
    own = name
    while (generic := _GENERIC.match(own)) and not _PLACE.match(own):
        own = own[generic.end() :]
    place = _PLACE.match(own)
    if place is None:
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
    elif _AFTER_PLACE.search(_MIDDLES.sub("", _AUTONOMOUS.sub("", own[place.end() :]))) or _VAGUE.search(own):
        return False
    whole = place is None and _OWN.search(own)
    return match.start("v") - len(name if whole else own), match.end("v")


# Ordinary words and numerals that houses are often called by.
_BRANDS = frozenset(
    ["阳光", "平安", "和美", "民生", "华夏", "远大", "博大", "复大", "四方", "三九", "五洲", "九洲", "京都", "丽都", "长安", "协和", "百姓", "万众", "新世纪", "新时代", "明珠", "天使", "男健", "国泰", "太平", "长生", "永安", "幸福", "友爱", "和平", "光明", "东方", "南方", "中原", "江南", "江北", "爱心", "仁心", "朝阳", "晨光", "春天", "四季", "中信湘雅"]
)
_NO_HALL = re.compile("[食课天讲礼佛祠药医]堂$|[的了在是到去我你他这那]")


def _brand(name: str) -> str:
    """A name of two to five characters of its own, with the kind of the house behind it; '' if it is none."""
    core = _MIDDLES.sub("", name)
    if 3 <= len(core) <= 7 and core[-1] in "堂斋" and not _NO_HALL.search(core):
        return name
    if core in _BRANDS:
        return name
    odd = _ODD.search(core) or _NO_BRAND.search(core) or _GENERIC_PART.search(core)
    known = 2 <= len(core) <= 5 and not odd and not _GENERIC.fullmatch(core) and not holds_term(core)
    return name if known else ""


def _levelled(match: re.Match[str]) -> Extent:
    """From the proper name before a level (市, 县, 镇 ...) on: a known place, or the last two or three characters."""
    found = _LEVEL_BEFORE.search(match.string, max(0, match.start("v") - _REACH), match.start("v"))
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


def _university(match: re.Match[str]) -> Extent:
    """From the proper name of a university on."""
    found = _UNIVERSITY_BEFORE.search(match.string, max(0, match.start("v") - _REACH), match.start("v"))
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
    placed = [cut for cut in long if _PLACE.fullmatch(cut, core_start(cut, 2))]
    return (placed or sorted(long, key=len) or [run])[0]


def _known_house(match: re.Match[str]) -> Extent:
    """From the known place on that ends right before a short name for its hospital."""
    run, end = match["n"], match.end("n")
    starts = [at for at in range(len(run) - 1) if known_place(run[at:])]
    return (end - len(run) + starts[0], match.end("v")) if starts else False


def _street(match: re.Match[str]) -> Extent:
    """From the proper name of a street, community or township on."""
    found = _STREET_BEFORE.search(match.string, max(0, match.start("v") - _REACH), match.start("v"))
    if found is None:
        return False
    start = found.start("n") + lead_end(found["n"])
    core = match.string[start : found.end("n")]
    odd = _ODD.search(core) or _GENERIC.fullmatch(core) or _GENERIC_PART.search(core) or core[-1:] in "个家所和与及或跟"
    return (start, match.end("v")) if len(core) >= 2 and not odd else False


ACADEMY = rf"(?:{PLACE}|(?:{PLACE})?(?:交大|交通大学|医大|理工大|财大)|郑大|浙大|武大|川大|山大|北大|南大|苏大|广医|重医|安医大|哈医大|中国医大|南医大|福医大?|温医大?|河北医大|山西医大)"


def _rule(
    name: str,
    kind: str,
    pattern: str,
    yes: tuple[str, ...],
    no: tuple[str, ...],
    check: Check | None = None,
) -> Rule:
    return Rule(name, kind, compiled(pattern), yes, no, check)


# A numbered ward behind a named hospital narrows it down to some thirty people: it goes with the department before it.
WARD = rf"(?:(?:[{_HAN}]{{1,6}}?科)?(?:住院部|住院楼)?(?:第?{_NUMERAL}{{1,3}}(?:病区|病房|病室|护理单元)|[0-9]{{1,2}}楼[东西南北]?(?:病区|区)?))"
_HOUSE = rf"(?P<v>{SUFFIX}(?:[{_HAN}]{{1,4}}?(?:分院|院区|总院))?{WARD}?)"
HOSPITALS: tuple[Rule, ...] = (
    _rule(
        "hospital",
        "hospital",
        _HOUSE,
        (
            "住在北京协和医院骨科三病区",
            "清沅市第九人民医院住院部8楼",
            "先去的云溪镇中心卫生院，说",
            "在百合堂中医门诊部拿过药",
            "请带到清沅大学附属岚山医院来",
            "我在清沅市第九人民医院做的",
            "去武汉协和医院看过",
            "去博爱康泰医院查过",
            "10月份在同济和医院复查",
            "去年康复堂医院做的手术",
            "起先在康复堂口腔门诊部看的",
            "大庆爱尔康明心血管病医院",
        ),
        (
            "到当地人民医院",
            "建议到三甲医院就诊",
            "去县医院查一下",
            "市级医院",
            "上级医院",
            "正规的医院",
            "附近诊所",
            "我在医院",
            "需要去医院",
            "妇幼保健院",
        ),
        _hospital,
    ),
    _rule(
        "hospital-short",
        "hospital",
        rf"(?P<v>{SHORT}医院{WARD}?|(?:中国医学科学院|中国中医科学院|医科院|中科院)[{_HAN}]{{0,6}}医院|首都儿(?:科研究|研)所|阜外(?=[,。做看挂查]|$))",
        ("华西医院", "中国医学科学院肿瘤医院做的", "首都儿研所", "华西医院胸外科2病区", "可以去北大医院儿科"),
        ("南方人的医院",),
    ),
    _rule(
        "hospital-numbered",
        "hospital",
        rf"(?P<v>{ACADEMY}(?:{AUTONOMOUS}|盟)?(?:省|市|县|区|州)?(?:医大|大学|中医)?第?(?:附)?[一二三四五六七八九十]{{1,2}}(?:附)?院|(?:301|302|304|305|307|309|411|455|85)医院)(?!长)",
        ("杭州市一院", "在301医院", "南昌大学二附院"),
        ("一院",),
    ),
    _rule(
        "hospital-level",
        "hospital",
        _HOUSE,
        ("在思明区第二人民医院拍的片子", "大荔县妇幼保健院的医生", "今天在大荔县中医院", "新丰镇卫生院"),
        ("去县医院查", "当地区人民医院", "一个镇卫生院", "大城市医院", "地区医院", "所在区医院", "我们县人民医院"),
        _levelled,
    ),
    _rule(
        "hospital-university",
        "hospital",
        _HOUSE,
        (
            "南粤中医药大学附属第二医院怎么走",
            "转到华中医药大学附属肛肠医院",
            "江南大学附属精神卫生医院",
            "中原医科大学附属第二医院",
        ),
        ("去大学附属医院", "当地医科大学附属医院", "一所大学附属医院"),
        _university,
    ),
    _rule(
        "hospital-army",
        "hospital",
        rf"(?P<v>[海空陆]军军医大学[{_HAN}]{{0,10}}?医院|(?:(?:中国人民)?解放军|武警(?:部队)?|海军|空军|陆军|火箭军|联勤保障部队|部队)(?:总|第?{_NUMERAL}{{1,4}})(?:中心|总)?医院|第[0-9]{{2,4}}(?:中心)?医院|第{_NUMERAL}{{3,5}}(?:中心)?医院"
        rf"|武警[{_HAN}]{{2,4}}(?:总队|支队)(?:总|第?{_NUMERAL}{{1,3}})?(?:中心)?医院|(?:武警)?(?:{PLACE})?(?:省|市)?(?:总队|支队|边防总队|消防总队|军区)(?:总|第?{_NUMERAL}{{1,3}})?(?:中心)?医院)",
        ("听说解放军第149医院看不孕不错", "您可以来第271医院找我", "武警第383医院体检", "空军总医院"),
        ("第二医院", "解放军医院"),
    ),
    _rule(
        "hospital-street",
        "hospital",
        r"(?P<v>卫生服务(?:中心|站))",
        ("天鹅湖路社区卫生服务站", "在五一中路社区卫生服务中心"),
        ("附近社区卫生服务中心", "去社区卫生服务站", "当地的社区卫生服务中心"),
        _street,
    ),
    _rule(
        "hospital-township",
        "hospital",
        r"(?P<v>卫生院)",
        ("大王庄中心卫生院", "转到罗家坝中心卫生院去了", "去三官庙中心卫生院"),
        ("乡镇卫生院", "当地卫生院", "镇上的中心卫生院"),
        _street,
    ),
    _rule(
        "hospital-clipped",
        "hospital",
        rf"(?P<v>{PLACE}(?:{AUTONOMOUS}|盟)?(?:省|市|县|区|州)?(?:妇幼|妇保院?|人医|儿医|妇儿)(?!保健|儿童|医|产(?!科)))",
        ("我在宁波市妇幼做的检查", "去杭州妇保看过"),
        ("妇幼医院", "宁波妇幼保健"),
    ),
    _rule(
        "hospital-known",
        "hospital",
        rf"(?P<v>(?P<n>[{_HAN}]{{2,4}}?)(?:[市县区州]?(?:人医|妇幼(?!保健)|妇保|市立医院)|第?[一二三四五六七八九十]院(?![长士子校里落])))",
        ("去蒙城二院看过", "民和市妇幼", "田林人医怎么样"),
        ("我们二院", "住了一院", "附近妇幼"),
        _known_house,
    ),
    _rule(
        "hospital-ordinal",
        "hospital",
        r"(?P<v>第?[一二三四五六七八九十]{1,2}院)(?<=[省市县区第][一二三四五六七八九十]院)(?!长|士|子|校|里)",
        ("岚山市四院的报告",),
        ("我们市一院", "去县二院"),
        _levelled,
    ),
)
