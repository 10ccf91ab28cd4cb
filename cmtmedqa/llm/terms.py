"""Drugs, diseases and tests of a text, each by one name, so that 发烧 and 发热 or 阿莫西林胶囊 and 阿莫西林 are equal."""

import re
from collections.abc import Iterator
from functools import lru_cache

import ahocorasick_rs

from cmtmedqa.paths import package_file

_DRUG, _OTHER = frozenset(("drug", "herb")), frozenset(("disease", "test"))

# What people say, and what a professional register makes of it.
_ALIASES = {
    "发烧": "发热", "拉肚子": "腹泻", "感冒": "上呼吸道感染", "上感": "上呼吸道感染", "普通感冒": "上呼吸道感染", "流感": "流行性感冒", "拍片": "X线", "X光": "X线", "X片": "X线", "拍X光": "X线",
    "照片子": "X线", "片子": "X线", "拍个片": "X线", "拍个片子": "X线", "拍片子": "X线", "X线检查": "X线", "B超": "超声", "彩超": "超声", "B型超声": "超声", "核磁": "磁共振", "核磁共振": "磁共振", "MRI": "磁共振", "扑热息痛": "对乙酰氨基酚", "泰诺林": "对乙酰氨基酚",
    "美林": "布洛芬", "芬必得": "布洛芬", "消炎药": "抗生素", "抗菌药": "抗生素", "抗菌药物": "抗生素", "高血压病": "高血压", "糖尿病病": "糖尿病", "乙肝": "乙型肝炎", "甲亢": "甲状腺功能亢进",
    "甲减": "甲状腺功能减退", "冠心病": "冠状动脉粥样硬化性心脏病", "心梗": "心肌梗死", "脑梗": "脑梗死", "胃镜检查": "胃镜", "血糖仪": "血糖", "妇检": "妇科检查", "白带检查": "白带", "大便常规": "粪便常规",
    "便常规": "粪便常规", "小便常规": "尿常规", "尿检": "尿常规", "验血": "血液检查", "抽血": "血液检查", "血检": "血液检查", "验尿": "尿常规", "痔疮": "痔", "鼻窦炎": "鼻窦炎", "荨麻疹": "荨麻疹",
    "风疹块": "荨麻疹", "湿疹": "湿疹", "青春痘": "痤疮", "痘痘": "痤疮", "脚气": "足癣", "甲功": "甲状腺功能", "甲功五项": "甲状腺功能", "肝功": "肝功能", "肾功": "肾功能", "吹气": "呼气试验", "糖化": "糖化血红蛋白", "查血": "血液检查", "腰间盘突出": "腰椎间盘突出",
    "止痛药": "镇痛药", "起疹子": "皮疹", "疹子": "皮疹", "拉稀": "腹泻", "拉肚": "腹泻", "退烧药": "退热药", "B超检查": "超声", "灰指甲": "甲癣", "中风": "脑卒中", "卒中": "脑卒中", "肺结核": "肺结核", "皮肤过敏": "过敏", "过敏症": "过敏",
}  # fmt: skip
_GENERIC = frozenset((
    "检查", "化验", "体检", "问诊", "检测", "复查", "药", "药物", "药品", "用药", "中药", "西药", "中成药", "药膏", "药片", "疾病", "炎症", "感染", "过敏", "病", "查体", "化验指标", "指标", "化验单", "报告", "结果", "常见病", "慢性病", "保健品", "疫苗", "血压", "体温", "辅助检查", "专科检查", "相关检查", "进一步检查", "病理", "筛查", "影像", "影像学", "诊断", "确诊", "评估", "心率", "脉搏", "视力", "问题", "喷雾剂", "滴眼液", "注射液", "静息", "抗生素", "血液", "病史", "疗程", "乳膏", "软膏", "胶囊", "颗粒", "口服液", "癌症", "肿瘤", "性病", "医院就诊",
))  # fmt: skip
_FORM = re.compile(
    "(?:肠溶|缓释|控释|分散|咀嚼|泡腾|软|硬|口服|外用|复方)?(?:胶囊|片剂|片|颗粒剂|颗粒|口服液|口服溶液|注射液|软膏|乳膏|滴眼液|滴鼻液|喷雾剂|喷剂|气雾剂|栓剂|栓|糖浆|混悬液|混悬剂|凝胶|贴剂|溶液|冲剂|粉剂|散剂)$"
)
_CARE = re.compile("就诊|就医|复诊|医院|门诊|面诊|看医生|挂号")
_TEST_EDGES = re.compile(
    r"^(?:做个?|查个?|测|拍个?|进行|复查|行|个|一下|下)|(?:检查|检测|检验|化验|扫描|提示|显示|结果|指标|水平|测定|筛查|测量|造影术|报告|片)$"
)
_MORPHOLOGY = re.compile(
    "[\u4e00-\u9fff]{1,3}(?:西林|霉素|沙星|洛尔|地平|普利|沙坦|他汀|拉唑|替丁|昔韦|洛韦|韦林|单抗|替尼|噻嗪|唑仑|西泮|格列净|格列汀|双胍|洛芬|昔布|可的松|米松|奈德|噻吨|氯雷他定|替利嗪|苯那敏|孕酮|必利|立酮|司琼|硝唑|康唑|萘芬|普坦|昔酮)"
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
        if name in kinds:
            kinds.setdefault(alias.upper(), kinds[name])
    words = tuple(sorted(kinds))
    automaton = ahocorasick_rs.AhoCorasick(list(words), matchkind=ahocorasick_rs.MatchKind.LeftmostLongest)
    return automaton, words, tuple(kinds[word] for word in words)


def _found(text: str) -> Iterator[tuple[int, str, str]]:
    automaton, words, kinds = _lexicon()
    for number, start, _ in automaton.find_matches_as_indexes(text.upper()):
        yield start, words[number], kinds[number]


def drugs(text: str) -> Iterator[tuple[int, str]]:
    """Place and one name of every drug in a text, in the order of the text."""
    for start, word, kind in _found(text):
        if kind in _DRUG and (name := _named(word, _FORM)):
            yield start, name


def names(text: str) -> list[str]:
    """The drugs of a text by one name each: those of the lexicon, and others by the endings that drug names have."""
    known = [name for _, name in drugs(text)]
    covered = "".join(known)
    others = [found[0][-4:] for found in _MORPHOLOGY.finditer(text)]
    return sorted({*known, *(ending for ending in others if ending[-2:] not in covered)})


def terms(text: str) -> list[str]:
    """The diseases and tests of a text by one name each; words as general as 检查 are none."""
    found = {_named(word, _TEST_EDGES) for _, word, kind in _found(text) if kind in _OTHER}
    return sorted(name for name in found if name)


def _named(word: str, edges: "re.Pattern[str]") -> str:
    """The one name of a term, or "" for one that is too general to compare."""
    word = _ALIASES.get(word, word)
    short = edges.sub("", word)
    name = short if len(short) > 1 else word
    name = _ALIASES.get(name, name)
    return "" if name in _GENERIC or word in _GENERIC or _CARE.search(name) else name


_LETTERS = re.compile("(?<![A-Za-z])[A-Za-z]{2,6}(?![A-Za-z])")
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
    )
)
_DEGREE = re.compile(
    "轻度|中度|重度|早期|晚期|急性|慢性|良性|恶性|阳性|阴性|[左右](?=[侧边手脚腿臂眼耳下上肩膝胳肺肾乳半])"
)
_BLOOD = re.compile("血小板|白细胞|红细胞|血红蛋白|血脂|血糖|尿糖|尿蛋白|尿酮体|尿酸|肌酐|转氨酶|胆红素|尿潜血|便潜血")


def letters(text: str) -> set[str]:
    """The names in Latin letters (CT, HIV, INR) and the values of blood and urine; a wrong one is a wrong test."""
    found = {name.upper() for name in _LETTERS.findall(text)} - _NO_NAME - {"MRI"}
    return found | {name for name in _BLOOD.findall(text) if name != "血红蛋白" or "糖化血红蛋白" not in text}


def degrees(text: str) -> set[str]:
    """Words that only their opposite can take the place of: 轻度, 慢性, 阳性, 左侧."""
    return set(_DEGREE.findall(text))
