"""What a text must contain before the rules of a family are tried; valid for RE2 and for Python's `re`.

A gate may never be narrower than its rules: where folding could change what it looks at, UNUSUAL lets the row through.
"""

from cmtmedqa.clean.deidentify.cues import BELONGINGS, FIELD, FUNCTION, HONORIFIC, RELATIVE, ROLE, TITLE
from cmtmedqa.clean.deidentify.names import COMPOUND, HAN, SURNAMES
from cmtmedqa.clean.deidentify.places import PLACE, PLACE_NAMES
from cmtmedqa.clean.deidentify.rules_hospitals import SHORT, SUFFIX
from cmtmedqa.clean.deidentify.rules_places import CUE

_S = f"[{''.join(sorted({*SURNAMES, *(name[0] for name in COMPOUND)}))}]"
_MARK = '[。!！?？;；,，、:：\n"“” (（]'
_LINK = '的?(?:名字|大名|全名|姓名)?[就也]?(?:是|叫做?|为|系|[:：,，、 (（「"“])?'
_LINKS = '的?(?:名字|姓名|签名|签字)?就?(?:叫做?|名叫|是|为|[:： (（「"“]){0,4}'
_ACTS = "(?:的|挂|拿|开|预约|咨询|问|看|做|给|主刀|会诊|接诊|坐诊|复查|就诊|办|打针|抽血|检查|说|写|这个|名|到|来|取|缴费|交费|住院|手术|为|亲自|操刀|家|妈|爸|母|父|奶|爷|外|姥|儿|女|老|丈|妻|爱|哥|姐|弟|妹|孙|监|陪|报|化|检|结|片|胶|病|处|方|药|号|门|床|医|身|电|资|单|血|C|B|核|X|情|体|诊|治|出|材|费|卡)"
_COUNT = "0-9一二三四五六七八九十"

_NUMBERED = (
    "[路街道巷同弄村庄区园寓厦场苑城墅舍院镇乡邸][ -]?[0-9]{1,5}(?:-[0-9]{1,3})? ?[号弄栋幢座单室楼层户组社队门支]"
)
_SLIP = "号|码|[iI][dD]|[nN][oO]|hao|MRN|mrn|卡|病历本|住院证|腕带|流水|凭证|标本|切片|蜡块|小结|证明|单|小票|回执|首页|病案|病历|档案|住院病人"
_ROAD = f"{CUE}[:：是在 ]{{0,2}}[{HAN}]{{2,5}}[省市县区州]|{_NUMBERED}"
_FIRST, _SECOND = ("".join(sorted({name[place] for name in PLACE_NAMES})) for place in (0, 1))

GATES: dict[str, str] = {
    "digits": "[0-9][0-9 ()（）.·_-]{5,}",
    "han_digits": "[0-9]{4}[ ,，、.-]?[〇零○一幺壹二贰两三叁四肆五伍六陆七柒八捌九玖]|[〇零○一幺壹二贰两三叁四肆五伍六陆七柒八捌九玖][ ,，、.-]?[0-9〇零○一幺壹二贰两三叁四肆五伍六陆七柒八捌九玖][ ,，、.-]?[0-9〇零○一幺壹二贰两三叁四肆五伍六陆七柒八捌九玖][ ,，、.-]?[0-9〇零○一幺壹二贰两三叁四肆五伍六陆七柒八捌九玖]",
    "plate": "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-Za-z]|车牌|车号|牌照",
    "document": "护照|[pP]assport|PASSPORT|证|医保|社保|农合|参保|保障|保险|保单|合作医疗|个人编号|驾照",
    "record": f"(?:{_SLIP})",  # digits are asked for before it: both in one pattern would be quadratic
    "bed": "[0-9] ?号?病?床|床[^0-9\\n]{0,9}[0-9]",
    "latin": r"[A-Za-z0-9-]\.[A-Za-z]{2}|[hH][tT][tT][pP]|[fF][tT][pP]:|@|[aA][tT][\])#]|艾特",
    "digits_dot": r"[0-9]\.[0-9]+\.[0-9]",
    "ip6": "[0-9A-Fa-f][:：][0-9A-Fa-f]{1,4}[:：]",
    "wechat": "[微薇威徽围维]信|魏信|卫星|[微薇威]芯|微[xX]|[vVwW] ?[xX]|[wW]e[cC]hat|WECHAT|[wW]ei[xX信]|[vV]信|加我?[vV微薇威]|\\+[vV]|[vV][:：我]|[微薇威徽vV][❤♥♡💗💓💚]|绿泡泡|[加私]我|好友|一下我",
    "qq": "[qQ] ?[qQ]|扣扣|球球|叩叩|口口|抠抠|蔻蔻|秋秋|企鹅|腾讯|[扣qQ][号群]|加我? ?[扣qQ]|[我发][qQ][是:： 0-9]|[qQ][:：我]|扣[:： ]?[1-9]|群聊?号|[加入进]群|群[:： ]?[0-9]{6}",
    "user": "用户|昵称|网名|网友|会员|登[录陆]|注册|楼主|博主|粉丝|[uU][pP]主|笔名|账户|艾特|哔哩|直播|社区|网站|软件|[aA][pP][pP]|关注|绑定|论坛|微博|抖音|快手|小红书|贴吧|知乎|平台|好大夫|春雨|丁香|淘宝|京东|[Bb]站|豆瓣|陌陌|钉钉|头条|公众号|视频号|[账帐]号|ID|id|@",
    "name": f"{FIELD}|(?:写|登记|填|挂|用|打印|显示|查|报|约|选)(?:的|着|成|了)(?:是|名字是)?{_S}|(?:下一位|[叫喊念]到)(?:是|病人|患者)?{_S}|[小乳]名|(?:叫我|我是|喊我|称呼我|称我)[小老阿]{_S}|[·•・]"
    f"|(?:我叫|名叫|患者|病人)[是叫为:：= (（\\[]{{0,4}}[A-Z]",
    "card": f"(?:卡|证|单|告|方|历本?|带|环|系统|户口本)(?:上|里)面?(?:的?名字|的?姓名)?(?:写|印|显示|登记|填)?(?:的|着)?(?:是|叫)?{_S}|(?:卡|证|方|单子|历|号|记)(?:都|就|开的?|填的?|写的?)?是{_S}|(?:在下|鄙人){_S}|错.*(?:是|叫|为){_S}",
    "mine": f"{_S}[{HAN}]{{1,3}}(?:就?是(?:我|俺)|[(（](?:我|患者|的)?|在[吗不]|[到来]了[吗没]|请)",
    "acting": f"{_S}[{HAN}]{{1,3}}(?:[给为帮][我他她孩宝俺你您]|亲自|主刀|坐诊|出诊|接诊|执笔|开的|看的|做的|说[不没我要可得这是])|(?:建议[您你]?去?[找挂看]|(?:推荐|约|挂|抢)[到上了的您你我]?去?[找挂看]?){_S}|给[开做看治]的",
    "called": f"(?:[叫喊呼]我|叫[做作]?|[取起]名|名为|名唤|人称){_S}",
    "relative": f"(?:{RELATIVE}|{ROLE}){_LINK}{_S}|家(?:的|里|宝宝|宝贝|娃)?{_S}",
    "iam": f"我{_S}[{HAN}]{{1,2}}[,，。]|(?:^|{_MARK})(?:请问)?[您你]?是{_S}|(?:[我您你]就?是|好[,，!！。 ]?我?是|这[位个]?是|病人是|患者是|对方是)(?:[您你]的)?(?:老?病人|老?患者|(?:上[周次]|昨天|前天|之前|那天|刚才?)[来看住挂做问咨询过院号检查手术胃肠镜的那个位病患人者]{{0,8}})?{_S}|[过号术]的(?:病人|患者)?{_S}",
    "acts": f"[用以][的了是]{{0,2}}{_S}[{HAN}]{{1,3}}[这的]|(?:给|替|帮|为|陪|带|让|请|由|找|叫|通知|麻烦|用|和|跟|是|查|看|一下|下|转告|扶|送|挂|约|问|听|选|转|您)[我了过的到]?{_S}[{HAN}]{{1,3}}{_ACTS}",
    "belongs": f"(?:^|{_MARK})(?:报告|这|那|片子|药|单子|结果|病历|个|些|片)*(?:这?是|请问|关于|把|发)?{_S}[{HAN}]{{1,3}}的?{BELONGINGS}"
    f"|(?:报告|片子|药|单子|结果|病历|号|检查|名字)都?是{_S}|(?:是|叫)[{HAN}]{{2,3}}(?:妈妈|爸爸|妈咪|家长)",
    "greeting": f"{_S}[{HAN}]{{1,3}} ?[,，、!！ ]?[你您]好|(?:[你您]好|尊敬的|亲爱的|[早下晚][上午]好)[,，!！:： ]{{0,2}}{_S}|{_S}[{HAN}]{{1,3}}[,，!！][您你]",
    "sex": f"{_S}[{HAN}]{{1,3}}[,，、(（/| ]{{1,2}}(?:性别|年龄)?[:：]?(?:[男女]|[0-9]{{1,3}}岁)|{_S}[{HAN}]{{1,3}}[男女]性?[,， ]?[0-9]{{1,3}}岁",
    "bedname": f"床位?(?:[的:：,，]|的?病人|的?患者)?{_S}",
    "surname": f"姓{_S}|{_S}姓[医大主教专护]",
    "honorific": f"{_S}[{HAN}]{{0,2}}{HONORIFIC}",
    "title": f"{_S}[{HAN}]{{0,2}} ?{TITLE}|{FUNCTION}{_LINKS}{_S}",
    "apart": f"{_S}[{HAN}]{{1,3}}[ ,，、:：(（-]{{1,2}}{TITLE}",
    "department": f"(?:科|室|门诊|病区|门诊部|医院)[的:：]?{_S}",
    "hospital": SUFFIX,
    "army": "(?:军|武警|部队|总队|支队)[^,，。 ]{0,8}医院|第[0-9〇零一二三四五六七八九十百]{2,5}(?:中心)?医院",
    "short_hospital": f"妇[幼保儿]|人医|儿医|{SHORT}医院|[一二三四五六七八九十]附?院|(?:30[1-9]|411|455|85)医院",
    "address": f"{PLACE}|{_ROAD}",
    "road": _NUMBERED,
    "building": "[0-9] ?(?:号楼|栋|幢|座)[ -]?[0-9]",
    "levels": f"[市县区旗镇乡道][ -]?[{HAN}]{{2,5}}[县区旗镇乡道村屯庄]",
    "birth": f"属[鼠牛虎兔龙蛇马羊猴鸡狗猪]|[我他她子宝人妈爸儿女的是]生日|(?:出生|生日|生于|诞辰|[Dd][Oo][Bb])[是为于在就都也年月日期时间:：=＝,，(（\\[农阴阳公历腊正 ]{{0,12}}[{_COUNT}〇零○]|[{_COUNT}月日号份年] ?[)）]? ?(?:早产|剖腹产|顺产|剖宫产)?(?:的生日|的人|生的|出生|诞生|生人|生日|生|降生)",
    "old": f"(?:[9九百][{_COUNT}零]{{0,2}}|1[0-2][0-9]) ?[多来几周虚 ]{{0,3}}岁|(?:年龄|年纪|岁数|高龄)[是为:：=＝ ]*[9九1一]",
}

# For gates that are slow because they list many words: a quick pattern that every row they let through must match.
BEFORE: dict[str, str] = {
    "title": f"{TITLE}|{FUNCTION}",
    "record": "[0-9]{3}",
    "document": "[0-9]{4}",
    "address": f"[{_FIRST}][{_SECOND}]|{_ROAD}",
    "greeting": "[你您]好|[,，!！][您你]|尊敬的|亲爱的|[早下晚][上午]好",
    "sex": "[,，、(（/| :：别][男女]|[0-9]岁",
    "honorific": HONORIFIC,
    "army": "军|武警|总队|支队|第[0-9〇零一二三四五六七八九十百]",
    "mine": "是[我俺]|[(（][我患的女儿闺父母妻丈老爱爸妈哥姐弟妹孙奶爷外姥公婆]|在[吗不]|了[吗没]|请[您马到进来]",
    "acting": "[给为帮][我他她孩宝俺你您]|给[开做看治]|约|挂|抢|亲自|主刀|[坐出接]诊|执笔|[开看做]的|说[不没我要可得这是]|推荐|建议[您你]?去?[找挂看]",
    "called": "叫|喊我|呼我|[取起]名|名为|名唤|人称",
    "apart": f"[ ,，、:：(（-]{TITLE}",
}

# Gates without lists of names are tried together first: one pass over the column in place of fifteen. Left out are those
# that make the joint automaton slower than the passes it saves.
LIGHT = frozenset(GATES) - {
    "record", "document", "bed", "levels", "short_hospital", "name", "card", "mine", "acting", "called", "relative", "iam", "acts", "belongs", "greeting", "sex", "surname", "honorific", "title", "apart", "department", "address", "army", "bedname",
}  # fmt: skip
