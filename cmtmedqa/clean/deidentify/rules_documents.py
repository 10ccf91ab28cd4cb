"""Rules for numbers of documents: passports, permits, insurance, beds."""

import re

from cmtmedqa.clean.deidentify import validators
from cmtmedqa.clean.deidentify.grammar import BACK, GAP, announced, measured
from cmtmedqa.clean.deidentify.model import Rule
from cmtmedqa.clean.deidentify.rules_numbers import CONN, number_rule

_PERMIT = (
    r"(?:通行证|台胞证|回乡[证卡]|返乡证|大通证|入台证|居留(?:证|许可)|居住证|永居[证卡]|永久居留(?:身份)?证|绿卡|港澳证|军官证|士兵证|士官证|警官证|文职证|残疾证|海员证|旅行证|驾驶证|驾照|"
    r"(?:香港|澳门|台湾|港澳)(?:永久性?)?(?:居民)?身份证)"
)
_INSURED = "(?:医保|居保|职保|学平险|百万医疗险?|重疾险|意外险|惠民保|商业险|补充险|生育保险|工伤保险|大病险|长护险|公费医疗|社保|社会保障|保障卡|农合|合作医疗|医疗保险|医疗证|参保人?|保单|保险)"
_OTHERS = re.compile(
    "电话|手机|座机|微信|[Qq]{2}|身份证|银行|邮箱|[费元块钱价花岁]|余额|[交报付赔]了|住院号|门诊号|就诊卡"
)

_TOLD_OTHER = re.compile("电话|手机|座机|热线|微信|[Qq]{2}|身份证|银行|邮箱|[费元块钱]|住院号|门诊号|就诊卡|订单|账号")
_ABROAD = re.compile("[Pp]ermit|过关|闸机|[证件港澳]|台湾|台胞|内地|大陆|签注|通关|口岸")


def _abroad(match: re.Match[str]) -> bool:
    """A number in the form of a permit, near a word for what it is for."""
    return bool(_ABROAD.search(match.string[max(0, match.start() - 20) : match.end() + 16]))


DOCUMENTS: tuple[Rule, ...] = (
    number_rule(
        "passport",
        "passport",
        r"(?:护照|[Pp]assport)" + CONN + r"(?P<v>(?:[A-Za-z]{1,2}[0-9]{7,8}|[0-9]{9}))(?![A-Za-z0-9])",
        ("护照号E12345678", "护照：EA1234567"),
        ("护照30天到期",),
    ),
    number_rule(
        "passport-near",
        "passport",
        r"(?:护照|[Pp]assport)(?: ?(?:no|No|NO|number|is)\.?){0,2}[^0-9A-Za-z。;\n]{0,16}(?P<v>[DEGPSdegps][A-Za-z]?[0-9]{7,8})(?![A-Za-z0-9])",
        (
            "护照换了新的,新号E94546706",
            "my passport is EC8675522",
            "没有身份证，护照行吗？E94546706",
            "证件类型护照,证件号g55056402",
        ),
        ("护照办了30天",),
    ),
    number_rule(
        "passport-before",
        "passport",
        r"(?<![A-Za-z0-9])(?P<v>[A-Za-z]{1,2}[0-9]{7,8}|[0-9]{9})" + BACK + r"(?:新|旧|老)?护照",
        ("E15795576这是护照号",),
        ("30天护照",),
    ),
    number_rule(
        "passport-this",
        "passport",
        r"(?<![A-Za-z0-9])(?P<v>[DEGPSdegps][A-Za-z]?[0-9]{7,8})(?![A-Za-z0-9])[^0-9A-Za-z。;\n]{0,8}护照",
        ("健康申明用的是eg7335692这本旧护照", "E94546706，去年换的护照"),
        ("E94546706，手机", "E12这本护照"),
    ),
    number_rule(
        "permit-before",
        "permit",
        r"(?<![A-Za-z0-9])(?P<v>[A-Za-z]{1,3}[0-9]{6,12}|[0-9]{8,10})"
        + r"(?:"
        + BACK
        + r"|[ ,(]{0,2}(?:这?是?我?的?))"
        + _PERMIT
        + r"(?!号?码?[:是 ]{0,2}[0-9A-Za-z])",
        ("c98938837这个是我的回乡证号码", "H29424736，通行证号", "l51966069通行证"),
        ("2张通行证",),
    ),
    number_rule(
        "permit-form",
        "permit",
        r"(?<![A-Za-z0-9])(?P<v>[HMCWTLhmcwtl][0-9]{8})(?![0-9A-Za-z])",
        (
            "我是香港人，H12345678，能挂号吗",
            "台湾来的，用T12345678登记",
            "过关的时候闸机刷c05364682刷不过",
            "re-entry permit m05855720",
        ),
        ("货号H12345678",),
        _abroad,
    ),
    number_rule(
        "permit-army",
        "permit",
        r"(?P<v>[军参政后装海空陆南北东西中沈济兰成广京武文士]{1,2}字第?[0-9]{4,10}号?)(?![0-9])",
        ("军官证是南字第01234567号", "军字第1234567"),
        ("文字第1段", "医字第1234号"),
    ),
    number_rule(
        "permit-near",
        "permit",
        _PERMIT + r"[^0-9A-Za-z。!?;\n]{0,10}(?P<v>[A-Za-z]{1,3}[0-9]{6,12})(?![A-Za-z0-9])",
        ("入台证不行的话用大通证C05333348可以吗",),
        ("通行证办了2张",),
    ),
    number_rule(
        "insurance-before",
        "insurance",
        r"(?<![A-Za-z0-9])(?P<v>[A-Za-z]{0,3}[0-9]{6,20})"
        + BACK
        + r"(?:医保|社保|农合|新农合|参保|医疗保险|保单)(?!报|给|出|局|付)",
        ("58180149这个是我的医保卡号", "58180149（医保号）"),
        ("5000是医保报的", "5000元是医保", "500000是医保报的"),
        lambda match: measured(match, 6),
    ),
    number_rule(
        "insurance-behind",
        "insurance",
        r"(?<![A-Za-z0-9])(?P<v>[A-Za-z]{0,3}[0-9]{6,20})[ ,:(（]{0,3}(?:这是|是)?(?:我|他|她|孩子|患者)?的?"
        + _INSURED
        + r"(?:卡|本|证|手册|电脑|个人|凭证|参保){0,2}(?:号码?|编号|编码|账号|[ID]{2}|[)。,;!]|$)(?![:是为 ]{0,3}[0-9A-Za-z])",
        ("住院医保登记 27500928681 医保卡号", "C92231443083(社保卡号)", "27500928681医保卡。"),
        ("87654321，医保号27500928681", "5000医保"),
        lambda match: measured(match, 6),
    ),
    number_rule(
        "insurance-computer",
        "insurance",
        r"电脑号码?" + CONN + r"(?P<v>[A-Za-z]{0,3}[0-9]{6,20})(?![A-Za-z0-9])",
        ("电脑号75021090526是深圳社保的",),
        ("电脑号称8核", "电脑号12"),
        lambda match: measured(match, 6),
    ),
    number_rule(
        "insurance-entered",
        "insurance",
        _INSURED
        + r"[^0-9A-Za-z。!?;\n]{0,8}?(?:登记|填写?|录入|输入?|写|查询?|绑定?|显示|报|读|刷)(?:的|了|着|是|为|成|一下|到|[:, ]){0,3}(?P<v>[A-Za-z]{1,3}[0-9]{6,20}|[0-9]{8,20})(?![A-Za-z0-9])",
        ("住院医保登记 27500928681", "社保那栏填的C92231443083"),
        ("医保报了200000元", "医保登记了87654321元"),
        lambda match: measured(match, 6),
    ),
    number_rule(
        "insurance-near",
        "insurance",
        _INSURED
        + r"[^0-9A-Za-z。!?;\n]{0,10}?(?:编号|编码|卡号|号码|[账帐]号|证号|凭证|号)"
        + GAP
        + r"(?P<v>[A-Za-z]{0,3}[0-9]{6,20})(?![A-Za-z0-9])",
        ("参保人编号F075710226", "农合本子上的编号是534019478", "医保卡丢了 卡号Z08090887 怎么补"),
        ("医保卡里有5000", "医保号忘了，花了200000元", "医保号没有，电话87654321"),
        lambda match: announced(match, 6, _OTHERS),
    ),
    number_rule(
        "insurance-told",
        "insurance",
        r"(?:医保|居保|职保|社保|社会保障|公费医疗|医疗救助|医疗保险|[学团]?平?险|团险|惠民保|大病保险|农合|合作医疗|参[保合]|保单|投保|低保|家庭共济|保险合同|(?:[Pp]olicy|[Ii]nsurance|[Hh]ealth ?[Cc]ard|[Mm]edicare|[Mm]ember)(?: ?(?:member|ID|id|no|No|NO|number|card|#)\.?)*)"
        r"(?P<gap>[^0-9A-Za-z。!?;\n]{0,10})(?<![第共约])(?:(?:ID|id|[Nn]o\.?|number) ?(?:is|是|为|:)? ?)?(?P<v>[A-Za-z]{1,3}[0-9]{7,20}|[0-9]{8,20})(?![A-Za-z0-9])",
        (
            "医保卡背面那串B849935172，窗口说查无此人",
            "旅行险policy no. 1699581850，能报多少",
            "村会计给我报的参合号5372446040，",
            "公费医疗证C318468944，单位还没给换",
            "押金单上打的医保个人代码87218963，",
            "Health Card number是4500489012，",
        ),
        ("医保报了20231012", "保险公司电话87654321", "医保花了87654321元", "医保局座机02187654321"),
        lambda match: not _TOLD_OTHER.search(match["gap"]) and measured(match, 7, dated=False),
    ),
    number_rule(
        "insurance-misspelt",
        "insurance",
        _INSURED
        + r"(?:卡|证|本|手册|电脑|个人|凭证){0,2}[好耗浩毫嚎](?:码|妈|吗)?(?:是|为|:| ){0,2}(?P<v>[A-Za-z]{0,3}[0-9]{6,20})(?![A-Za-z0-9])",
        ("我医保卡好是B751967293", "社保浩码：423150638509"),
        ("医保卡好是好，花了5000", "医保好是200000元"),
        lambda match: measured(match, 6),
    ),
    number_rule(
        "permit",
        "permit",
        rf"(?:{_PERMIT}|出生证明?|(?:执业|资格)证书?|证件(?=号))"
        + CONN
        + r"(?P<v>[A-Za-z]{0,3}[0-9]{6,20}[A-Za-z0-9]?(?:\([0-9A-Za-z]\))?)(?![A-Za-z0-9])",
        (
            "通行证号码H12345678",
            "台胞证：01234567",
            "香港身份证A123456(7)",
            "外国人永久居留证CHN110105198001",
            "证件号M12345678",
            "医师执业证书编号141101000012345",
        ),
        ("通行证2张", "执业证书3年"),
    ),
    number_rule(
        "insurance",
        "insurance",
        r"(?:医保|社保|医疗保险|社会保障|保障卡|新农合|农合|合作医疗|医疗证|参保|保险|保单|个人编号)(?:卡|证|本|手册|电脑|个人|账户){0,2}"
        + CONN
        + r"(?P<v>(?=[A-Za-z0-9-]{0,8}[0-9]{4})[A-Za-z0-9][A-Za-z0-9-]{5,23})(?![A-Za-z0-9])",
        ("医保卡号：3301A00012345", "社保号 123456789", "医保编号YB00012345"),
        ("医保报销5000元", "医保卡里3000"),
        validators.number_context,
    ),
)
