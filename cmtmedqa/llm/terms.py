"""Drugs, diseases and tests of a text, each by one name, so that 发烧 and 发热 or 阿莫西林胶囊 and 阿莫西林 are equal."""

import re
from collections.abc import Iterator
from functools import lru_cache

import ahocorasick_rs

from cmtmedqa.llm.spoken import DRUGS, OTHERS
from cmtmedqa.paths import package_file

_DRUG, _OTHER = frozenset(("drug", "herb")), frozenset(("disease", "test"))

_ALIASES = DRUGS | OTHERS
_RECENT = 64  # both texts of a pair are read by several gates
_GENERIC = frozenset((
    "检查", "化验", "体检", "问诊", "检测", "复查", "药", "药物", "药品", "用药", "中药", "西药", "中成药", "药膏", "药片", "疾病", "炎症", "感染", "过敏", "病", "查体", "化验指标", "指标", "化验单", "报告", "结果", "常见病", "慢性病", "保健品", "疫苗", "血压", "体温", "辅助检查", "专科检查", "相关检查", "进一步检查", "病理", "筛查", "影像", "影像学", "诊断", "确诊", "评估", "心率", "脉搏", "视力", "问题", "喷雾剂", "滴眼液", "注射液", "静息", "药吃完", "气雾剂", "吸入剂", "粉雾剂", "吸入气雾剂", "雾化吸入", "汤药", "汤剂", "中药汤剂", "膏药", "药酒", "洗剂", "霜剂", "滴剂", "滴耳液", "滴鼻液", "喷鼻剂", "鼻喷雾剂", "缓释片", "控释片", "肠溶片", "分散片", "咀嚼片", "泡腾片", "片剂", "栓剂", "擦剂", "搽剂", "凝胶", "混悬液", "溶液", "糖浆", "散剂", "含片", "血液", "病史", "疗程", "乳膏", "软膏", "胶囊", "颗粒", "口服液", "癌症", "肿瘤", "性病", "医院就诊", "综合征", "综合症", "病毒", "细菌", "药方", "药物过敏史", "药物过敏", "过敏史", "眼药水", "眼药", "药水", "洗液", "贴剂", "止咳药", "口罩", "输液", "点滴", "针", "吊瓶", "中药材", "口服药", "药丸", "针剂", "随访", "滴度", "血糖监测", "贴膏", "中药饮片", "吃中药", "喝中药", "吃药", "治疗", "手术", "动态", "剂量", "小剂量", "大剂量", "一下", "处方", "药名", "喝药", "把脉", "诊脉", "查一下", "活动",
))  # fmt: skip
_FORM = re.compile(
    "(?:肠溶|缓释|控释|分散|咀嚼|泡腾|软|硬|口服|外用|复方)?(?:胶囊|片剂|片|颗粒剂|颗粒|口服液|口服溶液|注射液|软膏|乳膏|滴眼液|滴鼻液|喷雾剂|喷剂|气雾剂|栓剂|栓|糖浆|混悬液|混悬剂|凝胶|贴剂|溶液|冲剂|粉剂|散剂)$"
)
_SALT = re.compile(
    "^(?:盐酸|苯磺酸|甲磺酸|酒石酸|琥珀酸|马来酸|富马酸|枸橼酸|氢溴酸|磷酸|硫酸|醋酸|重酒石酸|草酸|乳酸|门冬氨酸|注射用|重组人?)(?=[^镁锌铵钾钠钙铜铁亚钡铋][\u4e00-\u9fff]{2})"
)
_CATION = re.compile("(?<=[汀特坦素唑辛林松星韦芬])[钠钾钙]$|(?<=丙戊酸|仑膦酸|氯芬酸|西地酸|玻璃酸)(?:钠|二乙胺)$")
# 别太焦虑 names no illness.
_NO_ILLNESS = re.compile(
    "(?:让您|[很挺]|比较|有些|感到|着急)焦虑|(?:别|不用|不必|不要|不需要|无需|请勿|徒增|太|过于|过度|免得|以免)[^，。；]{0,3}(?:焦虑|抑郁)"
)
_CARE = re.compile("就诊|就医|复诊|医院|门诊|面诊|看医生|挂号")
_TEST_EDGES = re.compile(
    r"^(?:做个?|查个?|测|拍个?|进行|复查|行|个|一下|下)|(?:检查|检测|检验|化验|扫描|提示|显示|结果|指标|水平|测定|筛查|测量|造影术|报告|片|阳性|阴性|发作)$"
)
_MORPHOLOGY = re.compile(
    "(?:雌|孕|雄|生长|甲状腺|促[\u4e00-\u9fff]{1,4})激素|[\u4e00-\u9fff](?:西林|霉素|环素|沙星|洛尔|地平|普利|沙坦|他汀|贝特|拉唑|替丁|昔韦|洛韦|韦林|福韦|卡韦|他韦|单抗|替尼|噻嗪|唑仑|西泮|格列净|格列汀|格列[美本齐喹吡]|双胍|鲁肽|洛芬|昔布|昔康|可的松|米松|尼松|泼尼龙|奈德|噻吨|他定|替利嗪|斯汀|苯那敏|孕酮|雌二醇|必利|立酮|司琼|硝唑|康唑|萘芬|普坦|昔酮|"
    "度胺|他滨|铂|紫杉醇|曲塞|格雷|瑞洛|沙班|加群|培南|唑嗪|罗辛|雄胺|那非|普兰|西汀|法辛|曲林|氮平|哌酮|硫平|巴林|喷丁|西坦|三嗪|卡西平|曲松|他啶|克肟|克洛|呋辛|美唑|西丁|噻肟|丙烯|拉定|膦酸|司特|特罗|溴铵|茶碱|莫司|氟米特|蝶呤|嘌呤|嘌醇|巯咪唑|硫氧嘧啶|钴胺|卡尼汀|睾酮|司汀|利嗪|洛丁|索坦)"
)
# What is examined and how, by one name each; another one in its place is another test.
_TESTS = (
    ("CT", "CT"), ("磁共振|核磁|MRI|MR", "磁共振"), ("超声|B超|Ｂ超|彩超|心超|阴超", "超声"), ("X线|X光|胸片|平片", "X线"), ("造影", "造影"), ("钼靶", "钼靶"), ("胃镜", "胃镜"), ("肠镜", "肠镜"), ("喉镜", "喉镜"), ("支气管镜|气管镜", "气管镜"), ("宫腔镜", "宫腔镜"), ("阴道镜", "阴道镜"), ("膀胱镜", "膀胱镜"), ("关节镜", "关节镜"), ("裂隙灯", "裂隙灯"),
    ("穿刺|肾穿|骨穿|腰穿|羊穿", "穿刺"), ("活检", "活检"), ("培养", "培养"), ("心电图", "心电图"), ("脑电图", "脑电图"), ("肌电图", "肌电图"), ("骨密度", "骨密度"), ("视野", "视野"), ("视力", "视力"), ("眼底", "眼底"), ("眼压", "眼压"), ("肺功能", "肺功能"), ("听力", "听力"), ("验光", "验光"), ("核素", "核素"), ("体温|发烧|发热|烧到", "体温"), ("血压", "血压"), ("心率", "心率"),
    ("血常规|血象", "血常规"), ("尿常规", "尿常规"), ("尿沉渣", "尿沉渣"), ("便常规", "便常规"), ("肝功", "肝功"), ("肾功|肾脏功能", "肾功"), ("甲功|甲状腺功能", "甲功"), ("凝血", "凝血"), ("糖化", "糖化"), ("糖耐", "糖耐"), ("过敏原", "过敏原"), ("激素六项", "激素六项"), ("血沉", "血沉"), ("染色体", "染色体"), ("子宫内膜", "子宫内膜"),
    ("低密度", "低密度"), ("高密度", "高密度"), ("甘油三酯", "甘油三酯"), ("胆固醇", "胆固醇"), ("泌乳素", "泌乳素"), ("酮体", "酮体"), ("降钙素", "降钙素"), ("肌酸激酶", "肌酸激酶"), ("血锂|升锂", "血锂"), ("血钾", "血钾"), ("血钠", "血钠"), ("血钙", "血钙"), ("血氨", "血氨"), ("尿酸", "尿酸"), ("肌酐", "肌酐"), ("肾上腺", "肾上腺"), ("肾脏", "肾脏"),
)  # fmt: skip
_TEST_WORDS = tuple((word, name) for words, name in _TESTS for word in words.split("|"))


_ILLNESS = re.compile(
    "囊肿|结节|息肉|结石|骨折|脱位|断裂|撕裂|溃疡|积液|硬化|衰竭|癌|瘤|癣|抑郁|焦虑|躁狂|痛经|闭经|崩漏|淋病|梅毒|结核|疟疾|痛风|狼疮|哮喘|肺炎|胃炎|肠炎|肝炎|肾炎|鼻炎|咽炎|角膜炎|结膜炎|中耳炎|阑尾炎|胆囊炎|胰腺炎|膀胱炎|关节炎|肩周炎|盆腔炎|阴道炎|乳腺炎|皮炎|近视|远视|散光|青光眼|白内障"
)


@lru_cache(maxsize=1)
def _lexicon() -> tuple[ahocorasick_rs.AhoCorasick, tuple[str, ...], tuple[str, ...]]:
    """The automaton of all terms of these kinds and of the aliases, with the kind of each."""
    kinds: dict[str, str] = {}
    lines = package_file("clean", "lexicon.tsv").read_text(encoding="utf-8-sig").splitlines()[1:]
    for line in lines:
        term, kind, *_ = line.split("\t")
        if len(term) > 1 and kind in _DRUG | _OTHER:
            kinds[term.upper()] = kind
    for (
        alias,
        name,
    ) in _ALIASES.items():  # an everyday word is of the kind of its professional one; a symptom is of none
        if alias in DRUGS:
            kinds[alias.upper()] = kinds[name.upper()] = "drug"
        elif name in kinds:
            kinds.setdefault(alias.upper(), kinds[name])
    words = tuple(sorted(kinds))
    automaton = ahocorasick_rs.AhoCorasick(list(words), matchkind=ahocorasick_rs.MatchKind.LeftmostLongest)
    return automaton, words, tuple(kinds[word] for word in words)


# Words whose end is no beginning of a name: 注射干扰素 is no 射干.
_NO_PART = re.compile("注射|用药|服药|[抹涂擦]药|[用吃喝开服]?(?:什么|哪种|哪些)药|喝中药")


def _blank(found: "re.Match[str]") -> str:
    return "·" * len(found[0])


def _found(text: str) -> Iterator[tuple[int, str, str]]:
    automaton, words, kinds = _lexicon()
    for number, start, _ in automaton.find_matches_as_indexes(_NO_PART.sub(_blank, text.upper())):
        yield start, words[number], kinds[number]


@lru_cache(maxsize=1)
def last_marks() -> frozenset[str]:
    """The characters in which names of drugs end."""
    _, words, kinds = _lexicon()
    return frozenset(_FORM.sub("", word)[-1:] for word, kind in zip(words, kinds, strict=True) if kind in _DRUG)


def ends(text: str) -> set[str]:
    """The last two characters of every known drug of a text, as it stands there."""
    return {_FORM.sub("", word)[-2:] for _, word, kind in _found(text) if kind in _DRUG}


def drugs(text: str) -> Iterator[tuple[int, str]]:
    """Place and one name of every drug in a text, in the order of the text."""
    for start, word, kind in _found(text):
        if kind in _DRUG and (name := _named(word, _FORM)):
            yield start, name


_VERB = re.compile("^[吃服用喝打加开换上停和与及跟同像或](?=..)")


@lru_cache(maxsize=_RECENT)
def names(text: str) -> list[str]:
    """The drugs of a text by one name each: those of the lexicon, and others by the endings that drug names have."""
    known = [name for _, name in drugs(text)]
    covered = "".join(known)
    others = [_VERB.sub("", found[0]) for found in _MORPHOLOGY.finditer(text)]
    return sorted({*known, *(ending for ending in others if ending not in covered)})


@lru_cache(maxsize=_RECENT)
def terms(text: str) -> list[str]:
    """The diseases and tests of a text by one name each; words as general as 检查 are none."""
    text = _NO_ILLNESS.sub(_blank, text)
    found = {_named(word, _TEST_EDGES) for _, word, kind in _found(text) if kind in _OTHER}
    return sorted({*(name for name in found if name), *(illness[0] for illness in _ILLNESS.finditer(text))})


@lru_cache(maxsize=_RECENT)
def tests(text: str) -> set[str]:
    """What is examined, by one name each: B超 and 彩超 are one, 血钾 and 血钠 are two."""
    return {name for word, name in _TEST_WORDS if word in text}


def _named(word: str, edges: "re.Pattern[str]") -> str:
    """The one name of a term, or "" for one that is too general to compare."""
    word = _ALIASES.get(word, word)
    short = edges.sub("", _SALT.sub("", word))
    name = _CATION.sub("", short if len(short) > 1 else word)
    name = _ALIASES.get(name, name)
    return "" if name in _GENERIC or word in _GENERIC or _CARE.search(name) else name


_LETTERS = re.compile("(?<![A-Za-z0-9μµ])[A-Za-z]{2,6}(?![A-Za-z])")
_NO_NAME = frozenset(
    (
        "MG",
        "ML",
        "KG",
        "MCG",
        "UG",
        "IU",
        "CM",
        "MM",
        "NG",
        "MMOL",
        "UMOL",
        "MMHG",
        "MIN",
        "CC",
        "OK",
        "APP",
        "VS",
        "QD",
        "BID",
        "TID",
        "QID",
        "QN",
        "QOD",
        "PRN",
        "PO",
        "NO",
        "KCAL",
        "MOL",
        "CMH",
        "DL",
        "PG",
        "III",
        "II",
        "IV",
        "QW",
        "BIW",
        "TIW",
    )
)
_DEGREE = re.compile(
    "轻度|中度|重度|早期|晚期|急性|慢性|良性|恶性|阳性|阴性|[浅深](?=[一二三ⅠⅡⅢ]度)|[左右](?=[侧边手脚腿臂眼耳下上肩膝胳肺肾乳半])"
)
_BLOOD = re.compile(
    "血[锂钾钠钙镁磷氨]|血小板|白细胞|红细胞|血红蛋白|血脂|血糖|尿糖|尿蛋白|尿酮体|尿酸|肌酐|转氨酶|胆红素|尿潜血|便潜血"
)


@lru_cache(maxsize=_RECENT)
def letters(text: str) -> set[str]:
    """The names in Latin letters (CT, HIV, INR) and the values of blood and urine; a wrong one is a wrong test."""
    found = {name.upper() for name in _LETTERS.findall(text)} - _NO_NAME - {"MRI"}
    return found | {name for name in _BLOOD.findall(text) if name != "血红蛋白" or "糖化血红蛋白" not in text}


def degrees(text: str) -> set[str]:
    """Words that only their opposite can take the place of: 轻度, 慢性, 阳性, 左侧."""
    return set(_DEGREE.findall(text))
