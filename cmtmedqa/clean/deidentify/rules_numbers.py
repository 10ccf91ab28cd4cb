"""Rules for numbers: identity cards, phones, bank cards, plates, permits, insurance and record numbers, beds."""

from cmtmedqa.clean.deidentify import validators
from cmtmedqa.clean.deidentify.model import Check, Rule
from cmtmedqa.clean.deidentify.patterns import compiled

# Between a cue and its number. Alternatives start with different characters: no backtracking blow-up.
CONN = r"(?:号码|编号|号|卡|ID|No\.?|NO\.?|是|为|应该|就|写着|填的|显示|我的|他的|她的|孩子的|的|多少|来着|是多少|发[你您]|[\n? :=#,.(\"'“”「\[-]){0,6}"
_START = r"(?<![0-9])(?<![0-9]\.)"
_HAN_DIGIT = "0-9〇零○一幺壹二贰两三叁四肆五伍六陆七柒八捌九玖"
SERVICE = r"(?P<v>[48]00(?:[ -]?[0-9]){7})"
_EXTENSION = r"(?: ?(?:转接?(?:分机)?|分机|-|#|ext\.?)[ :]?[0-9]{1,6})?"
# What stands between a number and the cue behind it.
BACK = r"[\"”」) ]?[,，]?(?:这(?:个|串)?|那个?|就|才)?是(?:我们?|他|她|它|孩子|本人|患者|病人|我[妈爸])?(?:们?(?:门诊|医院|科室?))?的?"
_TEL = r"(?:电话|座机|固话|热线|传真|[Tt][Ee][Ll]|号码|拨打|致电|联系|打|宅电|办公室)"


def number_rule(
    name: str,
    kind: str,
    pattern: str,
    yes: tuple[str, ...],
    no: tuple[str, ...] = (),
    check: Check | None = None,
) -> Rule:
    """A rule about a number."""
    return Rule(name, kind, compiled(pattern), yes, no, check)


NUMBERS: tuple[Rule, ...] = (
    number_rule(
        "id-card-18",
        "id_card",
        _START + r"(?P<v>[1-9][0-9]{5}[ -]?(?:1[89]|20)[0-9]{2}[ -]?[01][0-9][0-3][0-9][ -]?[0-9]{3}[0-9Xx])(?![0-9])",
        ("身份证110101199003070011号",),
        ("监管码81011019900307001234", "编号110101199013070014"),
        validators.id_card_18,
    ),
    number_rule(
        "id-card-cue",
        "id_card",
        r"(?:身份证|证件|身份号|居民证)" + CONN + r"(?P<v>[1-9][0-9]{5}(?:[ -]?[0-9]){8,11}[0-9Xx])(?![0-9])",
        ("身份证号是110101900307001", "身份证：11010119900307001X"),
        ("身份证带了吗",),
    ),
    number_rule(
        "id-card-15",
        "id_card",
        _START + r"(?<![A-Za-z])(?P<v>[1-9][0-9]{14})(?![0-9])",
        ("老证320102650812301",),
        ("单号320102651812301", "监管码320102650812301"),
        validators.id_card_15,
    ),
    number_rule(
        "mobile",
        "mobile",
        _START + r"(?P<v>(?:(?:\+|00)?86[ -]{0,2}|\(\+?86\) ?)?1[3-9](?:[0-9]{9}"
        r"|[0-9](?P<s>[ .·_-]{1,2})[0-9]{4}(?P=s)[0-9]{4}|[0-9]{2}(?P<t>[ .·_-]{1,2})[0-9]{3}(?P=t)[0-9]{4}"
        r"|[0-9](?P<u>[ .·_-]{1,2})[0-9]{3}(?P=u)[0-9]{5}|[0-9][ -][0-9]{8}|[0-9]{3}[ -][0-9]{6}|[0-9]{5}[ -][0-9]{4}"
        r"|(?:[ -][0-9]){9})|1[ -][3-9](?:[ -][0-9]){9})(?![0-9])(?!\.[0-9])",
        ("电话13912345678谢谢", "我的号码是+86 139-1234-5678", "008613912345678", "1391 234 5678"),
        (
            "乙肝DNA 13912345678 IU/ml",
            "白细胞13800000000/L",
            "12345678901 这个值",
            "药品条码6913912345678",
            "国药准字H13912345678",
        ),
        validators.phone,
    ),
    number_rule(
        "mobile-han",
        "mobile",
        rf"(?<![{_HAN_DIGIT}])(?P<v>[一幺壹1](?:[ ,、.-]?[{_HAN_DIGIT}]){{10}})(?![{_HAN_DIGIT}])",
        ("打幺三九一二三四五六七八", "一三九 一二三四 五六七八", "1三9一2三四五六七八"),
        ("一二三四五六七八九十",),
        validators.han_mobile,
    ),
    number_rule(
        "mobile-abroad",
        "mobile",
        r"(?<![0-9A-Za-z.])(?P<v>(?:(?:\+|00) ?(?:852|853|886)|\+ ?(?:1|44|61|65|81|82|60|49|33|7))[ -]?(?:\([0-9]{1,4}\) ?)?[0-9]{2,4}(?:[ -]?[0-9]{3,4}){1,2}|09[0-9]{2}[ -]?[0-9]{3}[ -]?[0-9]{3})(?![0-9.])",
        ("電話0912-345-678", "香港号码+852 6123 4567", "在国外，+1 415 555 2671"),
        ("批号0912345678", "+1 2", "0912345"),
        validators.phone,
    ),
    number_rule(
        "landline",
        "landline",
        _START
        + r"(?P<v>(?:(?:\+|00)?86[ -]?)?\(?0(?:10|2[0-9]|[3-9][0-9]{2})(?:\) ?|[ -]{1,3})[1-9][0-9]{2,3}[ -]?[0-9]{4}"
        + _EXTENSION
        + r")(?![0-9])",
        ("门诊0571-87654321转802", "(010)65432100", "电话 021 6543 2100"),
        ("共010-2次",),
        validators.phone,
    ),
    number_rule(
        "landline-cue",
        "landline",
        _TEL
        + CONN
        + "(?!"
        + SERVICE.replace("?P<v>", "?:")
        + "(?![0-9]))"
        + r"(?P<v>(?:0(?:10|2[0-9]|[3-9][0-9]{2})[ -]?)?[2-8][0-9]{2,3}[ -]?[0-9]{4}"
        + _EXTENSION
        + r")(?![0-9])",
        ("电话：87654321", "座机057187654321"),
        ("联系前3天", "打2000000单位青霉素"),
        validators.phone,
    ),
    number_rule(
        "landline-plain",
        "landline",
        _START
        + r"(?<![A-Za-z])(?P<v>0(?:10|2[0-9]|[3-9][0-9]{2})[2-8][0-9]{6,7}"
        + _EXTENSION
        + r")(?![0-9A-Za-z])(?!\.[0-9])",
        ("导诊台057146693608可以问",),
        ("批号053159600313", "053159600313/L"),
        validators.phone,
    ),
    number_rule(
        "landline-extension",
        "landline",
        _START + r"(?P<v>[2-8][0-9]{6,7} ?(?:转接?(?:分机)?|分机)[ :]?[0-9]{1,6})(?![0-9])",
        ("87654321转802",),
        ("87654321转院",),
        validators.phone,
    ),
    number_rule(
        "hotline",
        "hotline",
        _START + SERVICE + r"(?:(?= ?转)|(?![0-9]))(?!\.[0-9])",
        ("拨打400-123-4567", "4001234567", "800 820 1234", "电话400-3258-283"),
        ("血小板4000000000/L", "批号4001234567", "4 00 1 2 3 4 5 6 7"),
        validators.service_number,
    ),
    number_rule(
        "bank-card",
        "bank_card",
        _START + r"(?P<v>[2-9][0-9]{3}(?:[ -]?[0-9]{4}){3}(?:[ -]?[0-9]{1,3})?|[2-9][0-9]{5}[ -][0-9]{10,13})(?![0-9])",
        ("卡6222021234567890128", "6222 0212 3456 7890 128"),
        ("监管码81234567890123456789", "6222021234567890123"),
        validators.bank_card,
    ),
    number_rule(
        "bank-card-cue",
        "bank_card",
        r"(?:银行卡|卡号|帐号|账号|账户|储蓄卡|信用卡|借记卡|工资卡|社保金融卡|[工农建招交]行卡?|中行卡?|邮储|农商行|信用社|打款|汇款|转账)"
        + CONN
        + r"(?P<v>[1-9](?:[ -]?[0-9]){14,18})(?![0-9])",
        ("卡号：6222021234567890123", "工行6222 0212 3456 7890 123"),
        ("建行旁边",),
    ),
    number_rule(
        "plate",
        "plate",
        r"(?P<v>[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-HJ-Za-hj-z][ ·•.-]?"
        r"(?:[A-HJ-NP-Za-hj-np-z0-9]{4}[A-HJ-NP-Za-hj-np-z0-9挂学警港澳]|[A-HJKa-hjk][A-HJ-NP-Za-hj-np-z0-9][0-9]{4}|[0-9]{5}[A-HJKa-hjk]))(?![A-Za-z0-9])(?! ?(?:m[gl]|g/|IU|U/))",
        ("车是浙A12345", "粤B·D12345", "京AF01234", "沪A1234学", "交警说鄂q6w351全责", "司机留的车牌是津C JXA48"),
        ("新CYP2D6", "川A座12楼"),
        validators.plate,
    ),
    number_rule(
        "plate-cue",
        "plate",
        r"(?:车牌号?|车号|牌照)"
        + CONN
        + r"(?P<v>[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领]?[A-Za-z][ ·•.-]?[A-Za-z0-9]{4,6}[挂学警港澳]?)(?![A-Za-z0-9])",
        ("车牌号浙a1234b",),
        ("车牌号多少",),
        validators.plate,
    ),
)
