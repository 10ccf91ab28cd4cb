"""One taxonomy of 14 departments (CMtMedQA's, after its three merges) with aliases for what sources write.

Only names of departments are mapped, never names of diseases: those are ambiguous in the sources themselves (艾滋病 stands
under 皮肤科 and under 传染病科). An unknown name gives None and is counted in the report.
"""

import re
from collections.abc import Mapping, Sequence

from cmtmedqa.records import DEPARTMENTS

VERSION = "departments-1"

_ALIASES: dict[str, str] = {
    "皮肤科": "皮肤性病科 性病科 皮肤综合 皮肤过敏 皮肤病科 皮肤美容科 皮肤与性病科 皮肤",
    "外科": "骨科 骨外科 普外科 普通外科 泌尿外科 泌尿科 肝胆外科 肛肠外科 肛肠科 胃肠外科 神经外科 脑外科 胸外科 心外科 心胸外科 心脏外科 心血管外科 血管外科 "
    "乳腺外科 乳腺科 甲状腺外科 烧伤科 创伤外科 创伤骨科 脊柱外科 关节外科 手外科 微创外科 器官移植科 疝外科 外科综合 疼痛科 运动医学科 骨关节科",
    "儿科": "小儿科 小儿内科 小儿外科 小儿综合 新生儿 新生儿科 儿内科 儿外科 儿童保健科 儿保科 儿童科 小儿骨科 小儿神经科 小儿呼吸科 小儿消化科 小儿皮肤科 儿科综合",
    "整形美容": "整形科 整形外科 整形美容科 医学美容科 医疗美容科 美容科 美容外科 激光美容科 激光永久脱毛术 皮肤移植术 整形美容外科 美容整形科",
    "妇产科": "妇科 产科 妇科综合 产科综合 妇产科综合 生殖医学科 生殖科 不孕不育科 生殖中心 计划生育科 妇科内分泌 妇科肿瘤科 产前诊断科 妇女保健科",
    "五官科": "耳鼻喉科 耳鼻咽喉科 耳鼻喉头颈外科 耳鼻咽喉头颈外科 耳鼻喉 眼科 口腔科 牙科 口腔颌面外科 口腔正畸科 口腔内科 眼耳鼻喉科 五官 口腔修复科 口腔种植科",
    "中医科": "中医内科 中医外科 中医妇科 中医儿科 中医骨科 中医骨伤科 针灸 针灸科 推拿科 针灸推拿科 中西医结合科 中医综合 中医男科 中医皮肤科 中医肿瘤科 中医肝病科 中医学",
    "肿瘤科": "肿瘤放疗 肿瘤化疗 放疗科 化疗科 肿瘤内科 肿瘤外科 肿瘤综合 肿瘤综合科 放射治疗科 介入科 介入医学科",
    "内科": "呼吸内科 呼吸科 呼吸与危重症医学科 消化内科 消化科 心血管内科 心血管科 心内科 神经内科 神经科 内分泌科 内分泌与代谢科 肾内科 肾病科 肾病内科 风湿免疫科 风湿科 免疫科 "
    "血液科 血液内科 老年科 老年病科 普通内科 内科综合 全科 全科医学科 过敏反应科 变态反应科 高血压科 糖尿病科 胃肠科 内科学",
    "家居健康": "生活百科 健康管理 健康管理科 营养科 临床营养科 家庭健康 健康科普 养生保健",
    "男科": "男性科 男科综合 男性不育科 男性泌尿科",
    "传染病科": "传染科 肝病科 感染科 感染内科 感染性疾病科 肝病内科 艾滋病科 结核科 结核病科 发热门诊",
    "心理科": "精神科 心理咨询科 精神心理科 心理健康科 精神卫生科 临床心理科 心身医学科 睡眠医学科 精神病科 心理咨询 司法鉴定科",
    "其他": "其它 其他科 其它科室 其他科室 其它综合 其他综合",
}  # fmt: skip

ALIASES: Mapping[str, str] = {
    **{name: name for name in DEPARTMENTS},
    **{alias: name for name, aliases in _ALIASES.items() for alias in aliases.split()},
}

MISSING = frozenset({"", "nan", "none", "null", "n/a", "na", "-", "--", "无", "未知", "不详", "暂无"})

_JOINT = re.compile(r"[\s\u00a0\u3000/,，、>|·;；\-]+")


def is_missing(name: str) -> bool:
    """Whether a source's value says nothing: empty, `nan`, `null` ..."""
    return name.strip().lower() in MISSING


def levels(names: Sequence[str]) -> tuple[str, ...]:
    """The names from coarse to fine; joined levels (`五官科  眼科`) are taken apart, missing values left out."""
    parts = (part for name in names for part in _JOINT.split(name))
    return tuple(dict.fromkeys(part for part in parts if not is_missing(part)))


def canonical(names: Sequence[str], aliases: Mapping[str, str] = ALIASES) -> str | None:
    """The department among the 14 that the source's names mean, or None.

    The finest name that is known decides between a clinic and 其他; otherwise the coarsest known name wins, because it is
    the level that the taxonomy describes (`外科 > 男科` is 外科, as published).
    """
    known = [found for name in levels(names) if (found := _lookup(name, aliases))]
    return next((name for name in known if name != "其他"), known[0] if known else None)


def _lookup(name: str, aliases: Mapping[str, str]) -> str | None:
    return aliases.get(name) or aliases.get(name.removesuffix("门诊"))
