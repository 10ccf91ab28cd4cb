"""What a text must contain before the rules of a family are tried; valid for RE2 and for Python's `re`.

A gate may never be narrower than its rules: where folding could change what it looks at, UNUSUAL lets the row through.
"""

from cmtmedqa.clean.deidentify.names import COMPOUND, HAN, SURNAMES
from cmtmedqa.clean.deidentify.places import PLACE, PLACE_NAMES
from cmtmedqa.clean.deidentify.rules_doctors import TITLE
from cmtmedqa.clean.deidentify.rules_names import FIELD, HONORIFIC, RELATIVE, ROLE
from cmtmedqa.clean.deidentify.rules_places import CUE, SHORT, SUFFIX

_S = f"[{''.join(sorted({*SURNAMES, *(name[0] for name in COMPOUND)}))}]"
_LINK = r"[是叫为做作就也的名字大学全姓:=,：，＝(（\[「\"'“ ]{0,8}"
_COUNT = "0-9一二三四五六七八九十"

_NUMBERED = "[路街道巷同弄村庄区园寓厦场苑城墅舍院镇乡][ -]?[0-9]{1,5} ?[号弄栋幢]"
_ROAD = f"{CUE}[:：是在 ]{{0,2}}[{HAN}]{{2,5}}[省市县区州]|{_NUMBERED}"
_FIRST, _SECOND = ("".join(sorted({name[place] for name in PLACE_NAMES})) for place in (0, 1))

GATES: dict[str, str] = {
    "digits": "[0-9][0-9 ()（）.·_-]{5,}",
    "han_digits": "[〇零○一幺壹二贰两三叁四肆五伍六陆七柒八捌九玖][ ,，、.-]?[0-9〇零○一幺壹二贰两三叁四肆五伍六陆七柒八捌九玖][ ,，、.-]?[0-9〇零○一幺壹二贰两三叁四肆五伍六陆七柒八捌九玖][ ,，、.-]?[0-9〇零○一幺壹二贰两三叁四肆五伍六陆七柒八捌九玖]",
    "plate": "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-Z]|车牌|车号|牌照",
    "cue_number": "[0-9]{3}",
    "bed": "[0-9]号?病?床|床[位号]",
    "latin": r"[A-Za-z0-9-]\.[A-Za-z]{2}|[hH][tT][tT][pP]|[fF][tT][pP]:|@|[aA][tT][\])#]|艾特",
    "digits_dot": r"[0-9]\.[0-9]+\.[0-9]",
    "ip6": "[0-9A-Fa-f][:：][0-9A-Fa-f]{1,4}[:：]",
    "wechat": "[微薇威徽围维]信|微[xX]|[vV][xX]|[wW][xX]|[wW]e[cC]hat|[wW]ei[xX]in|[vV]信|加[vV微薇]|\\+[vV]|[vV][:：]",
    "qq": "[qQ]{2}|扣扣|球球|叩叩|企鹅|腾讯|[扣qQ]号|加[扣qQ]",
    "user": "用户名|昵称|网名|会员名|登录名|论坛|微博|抖音|快手|小红书|贴吧|知乎|平台|好大夫|春雨|丁香|ID|id|@",
    "name": f"{FIELD}[是叫为:：=＝ (（\\[「\"'“]|[小乳]名|姓{_S}|我就?是{_S}",
    "called": f"(?:叫[做作]?|取名|起名|名为|名唤|人称){_S}",
    "relative": f'(?:{RELATIVE}|{ROLE})[是:：,， (（\\[「"“]?{_S}',
    "greeting": f"{_S}[{HAN}]{{1,3}} ?[,，、!！ ]?[你您]好|(?:[你您]好|尊敬的|亲爱的|[早下晚][上午]好)[,，!！:： ]{{0,2}}{_S}",
    "sex": f"{_S}[{HAN}]{{1,3}}[,，、(（ ]{{1,2}}[男女]",
    "honorific": f"{_S}[{HAN}]{{0,2}}{HONORIFIC}",
    "title": f"{_S}[{HAN}]{{0,2}}{TITLE}|(?:医[师生]|大夫|教授|主任|专家|主刀|主治|护士|院长|老师){_LINK}{_S}",
    "hospital": SUFFIX,
    "short_hospital": f"{SHORT}医院|[一二三四五六七八九十]附?院|(?:30[1-9]|411|455|85)医院",
    "address": f"{PLACE}|{_ROAD}",
    "road": _NUMBERED,
    "birth": f"(?:出生|生日|生于|诞辰|[Dd][Oo][Bb])[是为于在就都也年月日期时间:：=＝,，(（\\[农阴阳公历腊正 ]{{0,12}}[{_COUNT}〇零○]|[{_COUNT}月日号份年] ?[)）]? ?(?:早产|剖腹产|顺产|剖宫产)?(?:的生日|的人|生的|出生|诞生|生人|生日|生|降生)",
    "old": f"(?:[9九百][{_COUNT}零]{{0,2}}|1[0-2][0-9]) ?[多来几周虚 ]{{0,3}}岁|(?:年龄|年纪|岁数|高龄)[是为:：=＝ ]*[9九1一]",
}

# For gates that are slow because they list many words: a quick pattern that every row they let through must match.
BEFORE: dict[str, str] = {
    "address": f"[{_FIRST}][{_SECOND}]|{_ROAD}",
    "greeting": "[你您]好|尊敬的|亲爱的|[早下晚][上午]好",
    "sex": "[,，、(（ ][男女]",
    "honorific": HONORIFIC,
    "called": "叫|取名|起名|名为|名唤|人称",
}

# Gates without lists of names are tried together first: one pass over the column in place of fifteen.
LIGHT = frozenset(GATES) - {"name", "called", "relative", "greeting", "sex", "honorific", "title", "address"}
