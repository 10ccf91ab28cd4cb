"""Rules for named hospitals and for addresses of at least two levels."""

import re

from cmtmedqa.clean.deidentify.model import Check, Rule
from cmtmedqa.clean.deidentify.names import allowed
from cmtmedqa.clean.deidentify.places import PLACE, proper_start

_HAN = "一-鿿"
SUFFIX = (
    r"(?:医院|卫生院|卫生所|卫生室|卫生站|卫生服务中心|卫生服务站|保健院|保健所|妇幼保健计划生育服务中心|诊所|诊疗所|门诊部|医务室|疗养院|防治院|防治所|防治中心|医学中心|医疗中心|急救中心|体检中心|康复中心"
    r"|疾控中心|疾病预防控制中心|防疫站|中医馆|国医馆|医馆|国医堂|血液中心|产科中心|月子中心|护理院|养老院|敬老院|分院|总院)"
)
# What a hospital that nobody can be found by is called: alone or strung together, these make no name.
_GENERIC = re.compile(
    r"(?:当地|本地|外地|异地|附近|周边|就近|身边|最近|邻近|县级|市级|省级|区级|国家级|部级|镇级|乡级|村级|[县市省区镇乡村州盟旗]|人民|中心|正规|公立|私立|民营|国营|私人|个体|公办|上级|下级|基层|高级|三甲|三级|二级|一级|三乙|二甲|"
    r"甲等|乙等|大型|大大小小|小型|中型|大|小|中|好|老|新|总|分|专科|专门|专业|综合|综合性|综合类|专科类|妇幼|妇产科?|妇科|妇儿|儿童|儿科|少儿|小儿|母婴|产科|中医药?|中西医|结合|西医|民族|蒙医|藏医|肿瘤|癌症|口腔|牙科|牙病|齿科|眼科|眼耳鼻喉科?|"
    r"耳鼻喉科?|五官科?|皮肤病?|皮肤性病|皮肤科|性病|男科|泌尿外?科?|骨科|骨伤科?|创伤|手外科|精神病?|精神科|精神卫生|心理|传染病?|感染|结核病?|肝病|胸科|肺科|呼吸|心血管病?|心脏病?|脑科|神经|内科|外科|急诊|肛肠科?|胃肠|康复|整形|整容|美容|医美|医疗|医学|风湿|免疫|血液|糖尿病|"
    r"内分泌|肾病|癫痫|白癜风|不孕不育|不孕|不育|生殖|计划生育|妇产|疼痛|社区|街道|农村|城市|城里|城镇|乡镇|地区|地方|地级|省会|[一二三四五六七八九十0-9]+级|第?[一二三四五六七八九十0-9]+|大学|医学院|医科大学|学院|附属|附院|教学|军区|部队|军队|军医|解放军|武警|铁路|职工|工人|厂矿|"
    r"学校|校|厂|学生|公安|监狱|知名|著名|权威|有名|出名|优质|其他|其它|另外|另|别的|别|不同|多|几|两|各级|级别|级|专|性|类|型|高等|有条件|条件|具备|较|比较|更|最|更加|相关|有关|对口|定点|指定|合作|医保|红十字会?|慈善|福利|互联网|网络|网上|线上|在线|平台|实体|线下|"
    r"宠物|动物|兽医|莆田系|野鸡|黑|甲|乙|等|全国|国内|国外|国际|省内|市内|本市|本省|本县|本院|全|原|以上|左右|一些|许多|很多|大多|多数|部分|任何|所有|一般|普通|口碑|信誉|可靠|放心|合法|合格|资质|技术|设备|先进|水平|实力|疗效|规范|规模|县城|乡下|镇上|村里|县里|市里|省里|区里|镇|家|间|所|"
    r"疾病|预防|控制|健康|保健|管理|服务|治疗|诊疗|诊断|检查|门诊|住院|会诊|转诊|手术|科研|的|西南|西北|东北|华东|华北|华南|华中|同级|同|单位|公司|企业|医生|护士|患者|亲自|直接|立即|马上|及时|尽快|尽早|赶紧|赶快|首选|最好|需|须|必须|应|应该|应当|定期|然后|随时|一起|需要|前去|上|用|入|进|回|换|选|选择|找|请|决定|询问|告知|告诉|确保|按照|复诊|绝大|主张|送|直属|医科|科|陆军|海军|空军|仔细|情况|咨询|听从|听|统一|指挥|加以|鉴别|美容科|植发|整形美容|即|立即|立|送往|比如|属|本人|区域|正在|属于|省会|住|院|外省|特色|重点|示范|就诊|预约|建议|推荐|考虑|属地|随便|整个|到达|联系|通知|所在|旁边|忧心|担心|单才好|外面|考量|父亲|母亲|爸爸|妈妈|奶奶|爷爷|参考|积极|根据|确认|拨通|拨打|互相|配合|注意|作用|具体|某某|某|分析|女儿|儿子|孩子|较瘦|预备役师|选取|满意|放心|好评|不错|便宜|昂贵|分类|类似|等等|先到|再到|打电话|支持|允许|依据|依靠|借助|避免|规定|明确|常|去|来|到|在)+"
)
_UNLIKELY = re.compile(
    "[了着过吗呢吧吃药痛疼病症炎血尿您你我他她这那哪什怎么不没未无可能会要想说查看做治疗术检开买费钱元岁天月日今明昨次种因但如果时候点自己出带拿]"
)
_RUN = re.compile("(?:(?!医院|诊所|卫生院|门诊部)[一-鿿0-9A-Z]){2,22}$")
_PLACE = re.compile(PLACE)
_VAGUE = re.compile("的|比较|正规|公立|私立|三甲|三级|本地|当地|专业|权威|最好|哪")
_NO_ADDRESS = re.compile(
    "医院|病|药|治|疗|痛|阳痿|(?:地|自治|市|城|郊|山|省|小)区$|(?:全|本|各|外)[省市县区]$|[大小多都]?城市$|[省市]市$"
)
_OWN = re.compile(r"[省市县区镇乡州村屯旗]|大学|学院|医大|街道|堂|军|院")
# Hospitals known by a short name.
SHORT = (
    r"(?:北京|武汉|上海|福建|四川|华中科技大学|中南大学|青岛|南京|重庆)?(?:协和|湘雅|华西|瑞金|仁济|华山|中山|同济|齐鲁|西京|唐都|天坛|阜外|宣武|积水潭|安贞|安定|友谊|朝阳|世纪坛|佑安|地坛|东直门|西苑|广安门|望京|龙华|曙光|岳阳|红房子|新华|长海|长征|"
    r"邵逸夫|盛京|鼓楼|南方|珠江|西南|新桥|大坪|同仁|道培|玛丽|博爱|和睦家|爱尔|曙光|仁爱|华侨|长庚|福华|罗湖|莆田|德济|圣德|康宁|博仁|国康|(?:中国人民)?解放军总|安琪儿|仁和|德和|协同|惠和|美中宜和)(?:眼科|妇产|妇儿|口腔|儿童|妇科|康复|肿瘤|中医|精神)?"
)


def _hospital(match: re.Match[str]) -> tuple[int, int] | bool:
    """The named part of what stands before the suffix; generic hospitals are refused."""
    before = match.string[max(0, match.start("v") - 22) : match.start("v")]
    run = _RUN.search(before)
    if run is None:
        return False
    name = run[0][proper_start(run[0]) :]
    own = name
    while (generic := _GENERIC.match(own)) and not _PLACE.match(own):
        own = own[generic.end() :]
    place = _PLACE.match(own)
    if place is None:
        rest = _GENERIC.sub("", own)
        common = _UNLIKELY.search(own) or (_holds_term(own) and not _OWN.search(own))
        if len(rest) < 2 or len(own) > 12 or common:
            return False
    elif _UNLIKELY.search(own[place.end() :]) or _VAGUE.search(own):
        return False
    whole = place is None and _OWN.search(own)
    return match.start("v") - len(name if whole else own), match.end("v")


def _holds_term(text: str) -> bool:
    return any(allowed(text, place) for place in range(len(text)))


def _address(match: re.Match[str]) -> bool:
    """Levels with names of their own: a region, its word repeated, or a hospital is none."""
    return not _NO_ADDRESS.search(match["v"])


def _numbered(match: re.Match[str]) -> bool:
    """A road or a village that is no other word."""
    return _address(match) and not re.search(
        "公路|铁路|尿路|通路|一路|思路|套路|走路|迷路|线路|电路|来路|回路|马路|道路|出路|网路|路路|同路|同里|公里|里里|哪里|这里|那里|家里|心里|夜里|村里|城里|手里|嘴里|肚里|院里",
        match["v"],
    )


_NUMBER = r"[0-9一二三四五六七八九十百零〇]{1,5}"
_UNIT = rf"(?:(?:附)?{_NUMBER}(?:[-之]{_NUMBER}){{0,3}} ?(?:号楼|号院|号|弄|栋|幢|座|单元|室|楼|层|户|组|社|队|门|支弄)|[A-Za-z东南西北甲乙] ?(?:座|区|栋|幢|单元|院)|[0-9]{{1,3}}-[0-9]{{1,4}}(?:-[0-9]{{1,4}})?|[0-9]{{3,4}}(?=[,。;! ]|$))"
_ROAD = rf"[{_HAN}]{{1,8}}?(?:[0-9一二三四五六七八九十]{{0,3}}(?:大道|大街|路|街|巷|胡同|弄堂|里弄)(?:[东南西北中]?[0-9一二三四五六七八九十]?[段路])?)"
_ESTATE = (
    rf"[{_HAN}]{{2,8}}?(?:小区|社区|花园|家园|公寓|大厦|广场|新村|苑|佳园|名城|府邸|庄园|别墅|宿舍|家属院|园区|期)"
)
_TOWN = rf"[{_HAN}]{{1,6}}?(?:镇|乡|街道|苏木|新区|开发区|高新区|经开区|林场|农场)"
_VILLAGE = rf"[{_HAN}]{{1,6}}?(?:村|屯|庄|堡|寨|坝|湾|[0-9一二三四五六七八九十](?:组|队|社)|自然村|行政村)村?"
_PROVINCE = rf"(?:{PLACE}(?:省|市|特别行政区|(?:壮族|回族|维吾尔)?自治区)?)"
_LEVEL = rf"(?:{PLACE}(?:市|地区|州|盟|自治州|县|区|旗|新区)?|[{_HAN}]{{1,6}}?(?:市|自治州|自治县|县|区|旗|盟))"
_FINE = rf"(?:{_TOWN}|{_VILLAGE}|{_ROAD}|{_ESTATE})"
ACADEMY = rf"(?:{PLACE}|郑大|浙大|武大|川大|山大|北大|南大|苏大|广医|重医|安医大|哈医大|中国医大|南医大|福医大?|温医大?|河北医大|山西医大)"
CUE = r"(?:家住|我住|住在|住址|地址|住|家在|老家在|老家|老家是|户籍|籍贯|来自|寄到|寄给|寄往|送到|快递到|搬到|位于|收货地址|家庭地址|现居|定居|我在|我是|家是)"
_SEP = "[ -]?"


def _rule(
    name: str,
    kind: str,
    family: str,
    pattern: str,
    yes: tuple[str, ...],
    no: tuple[str, ...],
    check: Check | None = None,
) -> Rule:
    return Rule(name, kind, family, re.compile(pattern), yes, no, check)


PLACES: tuple[Rule, ...] = (
    _rule(
        "hospital",
        "hospital",
        "hospital",
        rf"(?P<v>{SUFFIX}(?:[{_HAN}]{{1,4}}?(?:分院|院区|总院))?)",
        (
            "先去的云溪镇中心卫生院，说",
            "在百合堂中医门诊部拿过药",
            "请带到清沅大学附属岚山医院来",
            "我在清沅市第九人民医院做的",
            "去武汉协和医院看过",
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
    _rule("hospital-short", "hospital", "short_hospital", rf"(?P<v>{SHORT}医院)", ("华西医院",), ("南方人的医院",)),
    _rule(
        "hospital-numbered",
        "hospital",
        "short_hospital",
        rf"(?P<v>{ACADEMY}(?:省|市|县|区)?(?:医大|大学|中医)?第?(?:附)?[一二三四五六七八九十]{{1,2}}(?:附)?院|(?:301|302|304|305|307|309|411|455|85)医院)(?!长)",
        ("杭州市一院", "在301医院", "南昌大学二附院"),
        ("一院",),
    ),
    _rule(
        "address",
        "address",
        "address",
        rf"(?P<v>{_PROVINCE}{_SEP}(?:{_LEVEL}{_SEP}){{1,3}}(?:{_FINE}{_SEP}){{0,4}}(?:{_UNIT}{_SEP}){{0,6}}(?<![ ,、-]))",
        ("药能寄到浙江省杭州市西湖区望桥路88号12幢3单元1802室吗", "老家在湖北省黄冈市蕲春县云溪镇白鹭村七组，来一趟"),
        ("杭州的天气", "广东人", "四川、湖北、安徽", "山东地区"),
        _address,
    ),
    _rule(
        "address-fine",
        "address",
        "address",
        rf"(?P<v>{_PROVINCE}{_SEP}(?:{_FINE}{_SEP}){{1,4}}(?:{_UNIT}{_SEP}){{0,6}}(?<![ ,、-]))",
        ("上海市浦东新区岚溪镇白鹭路7777弄66号501室",),
        ("杭州一路走来",),
        _numbered,
    ),
    _rule(
        "address-cue",
        "address",
        "address",
        rf"{CUE}[:是在 ]{{0,2}}(?P<v>(?:[{_HAN}]{{2,5}}?(?:省|市|县|区|州){_SEP}){{1,3}}(?:{_FINE}{_SEP}){{1,4}}(?:{_UNIT}{_SEP}){{0,6}}(?<![ ,、-]))",
        ("我住清沅市锦云区听雨巷99号，",),
        ("我住院了",),
        _numbered,
    ),
    _rule(
        "road-number",
        "address",
        "road",
        rf"{CUE}?[:是在 ]{{0,2}}(?P<v>(?:{_FINE}{_SEP}){{1,4}}(?<=[路街道巷同弄村庄区园寓厦场苑城墅舍院镇乡]){_SEP}[0-9]{{1,5}} ?(?:号|弄|栋|幢)(?:{_SEP}{_UNIT}){{0,6}})",
        ("住听雨巷99号", "家住白鹭花园12栋3单元501"),
        ("口服一路10号",),
        _numbered,
    ),
)
