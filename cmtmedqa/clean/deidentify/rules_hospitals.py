"""Rules for named hospitals, clinics and health stations."""

from cmtmedqa.clean.deidentify.hospital_checks import (
    NUMERAL,
    known_house,
    levelled,
    named_house,
    street,
    university,
    widened,
)
from cmtmedqa.clean.deidentify.model import Check, Rule
from cmtmedqa.clean.deidentify.names import HAN
from cmtmedqa.clean.deidentify.patterns import compiled
from cmtmedqa.clean.deidentify.places import AUTONOMOUS, PLACE

SUFFIX = (
    r"(?:医院|卫生院|卫生所|卫生室|卫生站|卫生服务中心|卫生服务站|保健院|保健所|妇幼保健计划生育服务中心|诊所|诊疗所|门诊部|医务室|疗养院|防治院|防治所|防治中心|医学中心|医疗中心|急救中心|体检中心|康复中心"
    r"|疾控中心|疾病预防控制中心|防疫站|中医馆|国医馆|医馆|国医堂|血液中心|产科中心|月子中心|护理院|养老院|敬老院|分院|总院|精神卫生中心|心理卫生中心|口腔中心|眼科中心|透析中心|生殖中心|美容中心)"
)
# Hospitals known by a short name.
SHORT = (
    r"(?:中国医学科学院|中国中医科学院|中科院|医科院|北京|武汉|上海|福建|四川|华中科技大学|中南大学|青岛|南京|重庆)?(?:协和|湘雅|华西|瑞金|仁济|华山|中山|同济|齐鲁|西京|唐都|天坛|阜外|宣武|积水潭|安贞|安定|友谊|朝阳|世纪坛|佑安|地坛|东直门|西苑|广安门|望京|龙华|曙光|岳阳|红房子|新华|长海|长征|"
    r"邵逸夫|中日友好|盛京|鼓楼|南方|珠江|西南|新桥|大坪|同仁|道培|玛丽|博爱|和睦家|爱尔|曙光|仁爱|华侨|长庚|福华|罗湖|莆田|德济|圣德|康宁|博仁|国康|(?:中国人民)?解放军总|北大|浙大|武大|川大|山大|苏大|中大|郑大|广医|温医|清华长庚|安琪儿|仁和|德和|协同|惠和|美中宜和)(?:眼科|妇产|妇儿|口腔|儿童|妇科|康复|肿瘤|中医|精神)?"
)
ACADEMY = rf"(?:{PLACE}|(?:{PLACE})?(?:交大|交通大学|医大|理工大|财大)|郑大|浙大|武大|川大|山大|北大|南大|苏大|广医|重医|安医大|哈医大|中国医大|南医大|福医大?|温医大?|河北医大|山西医大)"


def _rule(
    name: str,
    kind: str,
    pattern: str,
    yes: tuple[str, ...],
    no: tuple[str, ...],
    check: Check | None = None,
) -> Rule:
    whole = check and (lambda match: widened(check(match), match.string))
    return Rule(name, kind, compiled(pattern), yes, no, whole)


# A numbered ward behind a named hospital narrows it down to some thirty people: it goes with the department before it.
WARD = rf"(?:(?:[{HAN}]{{1,6}}?科)?(?:住院部|住院楼)?(?:第?{NUMERAL}{{1,3}}(?:病区|病房|病室|护理单元)|[0-9]{{1,2}}楼[东西南北]?(?:病区|区)?))"
_HOUSE = rf"(?P<v>{SUFFIX}(?:[{HAN}]{{1,4}}?(?:分院|院区|总院))?{WARD}?)"
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
        named_house,
    ),
    _rule(
        "hospital-short",
        "hospital",
        rf"(?P<v>{SHORT}医院{WARD}?|(?:中国医学科学院|中国中医科学院|医科院|中科院)[{HAN}]{{0,6}}医院|首都儿(?:科研究|研)所|阜外(?=[,。做看挂查]|$))",
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
        levelled,
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
        university,
    ),
    _rule(
        "hospital-army",
        "hospital",
        rf"(?P<v>[海空陆]军军医大学[{HAN}]{{0,10}}?医院|(?:(?:中国人民)?解放军|武警(?:部队)?|海军|空军|陆军|火箭军|联勤保障部队|部队)(?:总|第?{NUMERAL}{{1,4}})(?:中心|总)?医院|第[0-9]{{2,4}}(?:中心)?医院|第{NUMERAL}{{3,5}}(?:中心)?医院"
        rf"|武警[{HAN}]{{2,4}}(?:总队|支队)(?:总|第?{NUMERAL}{{1,3}})?(?:中心)?医院|(?:武警)?(?:{PLACE})?(?:省|市)?(?:总队|支队|边防总队|消防总队|军区)(?:总|第?{NUMERAL}{{1,3}})?(?:中心)?医院)",
        ("听说解放军第149医院看不孕不错", "您可以来第271医院找我", "武警第383医院体检", "空军总医院"),
        ("第二医院", "解放军医院"),
    ),
    _rule(
        "hospital-street",
        "hospital",
        r"(?P<v>卫生服务(?:中心|站))",
        ("天鹅湖路社区卫生服务站", "在五一中路社区卫生服务中心"),
        ("附近社区卫生服务中心", "去社区卫生服务站", "当地的社区卫生服务中心"),
        street,
    ),
    _rule(
        "hospital-township",
        "hospital",
        r"(?P<v>卫生院)",
        ("大王庄中心卫生院", "转到罗家坝中心卫生院去了", "去三官庙中心卫生院"),
        ("乡镇卫生院", "当地卫生院", "镇上的中心卫生院"),
        street,
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
        rf"(?P<v>(?P<n>[{HAN}]{{2,4}}?)(?:[市县区州]?(?:人医|妇幼(?!保健)|妇保|市立医院)|第?[一二三四五六七八九十]院(?![长士子校里落])))",
        ("去蒙城二院看过", "民和市妇幼", "田林人医怎么样"),
        ("我们二院", "住了一院", "附近妇幼"),
        known_house,
    ),
    _rule(
        "hospital-ordinal",
        "hospital",
        r"(?P<v>第?[一二三四五六七八九十]{1,2}院)(?<=[省市县区第][一二三四五六七八九十]院)(?!长|士|子|校|里)",
        ("岚山市四院的报告",),
        ("我们市一院", "去县二院"),
        levelled,
    ),
)
