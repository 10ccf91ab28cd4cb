"""What a patient may write after which nobody should wait for a language model: rules, and the lines that say what to do instead.

The rules err on the side of a false alarm. A word that is denied right before it (没有胸痛, no chest pain) raises none, except for
thoughts of suicide, where a denial is no reassurance. This is a net below a research model, not triage: what it misses, it misses.
"""

import re
from typing import Literal

Kind = Literal["emergency", "suicide"]

START = (
    "【安全提示】这是用于研究的语言模型，不是医生，会出错，不能代替诊断和治疗。如有急症，请立即拨打 120。\n"
    "[Safety notice] A research language model, not a doctor. It makes mistakes and replaces no diagnosis or treatment. "
    "In an emergency call 120 (in China) or your local emergency number now."
)
EMERGENCY = (
    "【紧急提示】您描述的可能是急症：请立即拨打 120 或马上去急诊，不要等待本程序的回答。\n"
    "[Emergency] This may be an emergency: call 120 (in China) or your local emergency number now. Do not wait for an answer here."
)
SUICIDE = (
    "【紧急提示】如果您正想伤害自己，请立即拨打 120 或 110，也可拨打全国心理援助热线 12356，并告诉身边的人，不要独处。\n"
    "[Emergency] If you may harm yourself, call 120 or 110 (in China; the helpline for mental health is 12356) or your local emergency "
    "number now, and tell someone near you. You need not be alone."
)
NOTICES: dict[Kind, str] = {"emergency": EMERGENCY, "suicide": SUICIDE}

_HARM_ZH = (
    "自杀", "自尽", "轻生", "自残", "自伤", "割腕", "跳楼", "跳河", "上吊", "烧炭", "寻死", "寻短见", "想死", "不想活", "活不下去", "活着没意思",
    "了结自己", "结束自己", "结束(?:我的)?生命", "伤害自己",
)  # fmt: skip
_HARM_EN = (
    r"suicid\w*", r"kill(?:ing)? myself", r"end(?:ing)? my life", "(?:want|wish) to die", r"self[- ]harm\w*", r"hurt(?:ing)? myself",
)  # fmt: skip
_ACUTE_ZH = (
    # heart and breath
    "胸痛", "胸口(?:剧烈|特别|很|好|一直|突然)*[疼痛]", "胸部(?:剧烈|压榨|撕裂)", "心肌?梗", "心脏骤停", "心跳(?:停|骤停)", "猝死",
    "呼吸(?:很|非常|特别|有些|有点|十分)*困难", "[喘透]不(?:上|过|出)气", "上不来气", "呼吸(?:停|骤停|衰竭)", "没有?呼吸(?!困难|道|急促)", "窒息", "噎住",
    "卡住?(?:了|在)?(?:喉|气管)", "(?:嘴唇|口唇|面色|指甲)(?:发|青)?[紫绀]",
    # brain
    "昏迷", "晕倒", "昏倒", "晕厥", "失去意识", "意识(?:不清|模糊|丧失|障碍)", "神志不清", "[叫唤]不醒", "抽搐", "惊厥", "中风", "脑(?:卒中|出血|梗)",
    "(?:嘴|口角?)歪", "半身(?:不遂|无力|麻木)", "(?:一侧|左侧|右侧|半边|单侧)(?:身体|肢体|手脚|手|脚|胳膊|腿)*(?:无力|麻木|不能动|动不了)",
    "(?:说话|言语|讲话|口齿)(?:突然)?(?:不清|含糊)", "说不出话", "剧烈头[疼痛]",
    # blood
    "大出血", "大量(?:出血|流血|便血)", "(?:出血|流血|血)(?:一直)?(?:止不住|不止)", "止不住血", "[吐呕咯]血", "喷血",
    # injury, poison, allergy, birth
    "车祸", "坠楼", "高处(?:坠|摔|跌)", "触电", "溺水", "枪伤", "(?:大面积|严重)(?:烧|烫)伤", "骨头(?:露|戳)", "农药", "百草枯", "敌敌畏", "煤气(?:泄|中)",
    "一氧化碳", "中毒", "服毒", "误(?:服|食|吞)", "吃了?(?:一?整瓶|一瓶|很多|大量)(?:安眠)?药", "(?:药物?|安眠药)过量", "休克", "喉头?水肿",
    "胎动(?:消失|没了|没有了|停)", "羊水破", "脐带脱垂",
)  # fmt: skip
_ACUTE_EN = (
    "chest pains?", "heart attack", "can(?:no|')?t breathe", "(?:difficulty|trouble) breathing", "short(?:ness)? of breath", "choking", "unconscious",
    "passed out", "faint(?:ed|ing)", "seizures?", "convulsions?", "stroke", "(?:heavy|severe|massive) bleeding", "bleeding heavily",
    "(?:coughing|vomiting|throwing) up blood", "overdosed?", "poison(?:ed|ing)", "anaphyla(?:xis|ctic)", "drown(?:ed|ing)",
)  # fmt: skip
_DENIED = re.compile(
    r"(?:没有?|无|否认|不伴有?|未见?|并非|不是|从不|排除了?)(?:明显|任何|过|出现|发生|什么)*$"
    r"|\b(?:no|not|without|denie[sd]|never had)\s+(?:any\s+)?$",
    re.IGNORECASE,
)


def _rule(chinese: tuple[str, ...], english: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern; an English word begins where a word begins, Chinese has no such place."""
    return re.compile(rf"{'|'.join(chinese)}|\b(?:{'|'.join(english)})", re.IGNORECASE)


_HARM, _ACUTE = _rule(_HARM_ZH, _HARM_EN), _rule(_ACUTE_ZH, _ACUTE_EN)
_BEFORE = 14  # characters that may hold a denial


def kind_of(said: str) -> Kind | None:
    """Which notice a patient's message calls for: `suicide` before `emergency`, None for neither."""
    text = re.sub(r"(?<=[^\x00-\x7f])\s+(?=[^\x00-\x7f])", "", said.replace("’", "'"))  # 胸 痛 is 胸痛
    if _HARM.search(text):
        return "suicide"
    for found in _ACUTE.finditer(text):
        if not _DENIED.search(text[max(0, found.start() - _BEFORE) : found.start()]):
            return "emergency"
    return None
