"""Rules for the numbers that a hospital prints on cards, slips and labels."""

import re

from cmtmedqa.clean.deidentify.grammar import BACK, GAP, LINK, announced, measured
from cmtmedqa.clean.deidentify.model import Check, Rule
from cmtmedqa.clean.deidentify.patterns import compiled

# What is numbered. Misspelt forms stand beside their words.
_NOUN = (
    r"(?:住院|注院|住远|zhuyuan|门急诊|门诊|急诊|入院|出院|病案|病历|病厉|病例|病利|就诊|就医|看诊|诊疗|登记|登计|检查|检验|化验|核酸|标本|样本|样品|送检|影像|放射|超声|彩超|[AaBb]超|"
    r"病理|切片|蜡块|内镜|[胃肠膀宫]镜|胃肠镜|支气管镜|心电图?|脑电图?|磁共振|核磁|[Xx][光线]|胶片|片子?|处方|医嘱|申请|报告|预约|挂号|取号|排队|流水|缴费|收费|结算|交易|收据|"
    r"发票|票据|体检|档案|建档|建卡|孕妇|孕产|保健|随访|患者|病人|病员|病患|受试者|入组|血袋|透析|手术|麻醉|护理|会诊|转诊|取药|发药|领药|腕带|手环|小票|回执|凭条|检测|采样|采血|抽血|输液|注射|接种|分娩|新生儿|慢病|特病|门特|门慢|肿瘤|康复|理疗|叫号|排号|体检者|供者|案|系统|单子?|小结|首页|病房|"
    r"(?<![A-Za-z])(?:CT|ct|MRI?|mri?|DSA|DR|ECT|PET-?CT|HIS|PACS|LIS))"
)
_PART = r"(?:病历|患者|病人|报告|记录|凭证|序列|顺序|登记|检查|标本|电子|卡|证|单|本|子|条|片|册|首页|封面|小结|管|上|里|后|面|背|那|这|个|串|行|栏|的|印|贴|写|显示|[左右]?[上下]?角|时候|给|发|拿|开|找)"
_NUMBER = r"(?:号码?|hao|编号|编码|序号|条形?码|流水号?|(?<![A-Za-z])(?:ID|id|No\.?|NO\.?))"
_CUE = rf"{_NOUN}{_PART}{{0,6}}?{_NUMBER}"
# Cues that say no number: the value follows at once, and is long.
_CARD = (
    r"(?:就诊卡|诊疗卡|病历本|一卡通|住院证|磁卡|腕带|(?<![药商产])条形?码|流水|凭证|[卡单](?:号)|(?<![A-Za-z])(?<!设备)(?<!身份)(?:ID|id)号?|MRN|mrn|标本|切片|蜡块|(?:编|序列?)号|"
    r"(?:住院|就诊|门诊|病历|病案|登记|检查|检验|病理|影像|放射|超声)[号码])"
)
# What carries a number: it may stand some words away, and is longer.
_CARRIER = r"(?:就诊卡|诊疗卡|病历本|一卡通|住院证|磁卡|腕带|条码|出院小结|出院证明?|检查单|化验单|报告单|申请单|挂号单|小票|回执|首页|病案)"
_VALUE = r"(?![Cc]ard)(?P<v>(?=[A-Za-z/_-]{0,6}[0-9]{2})[A-Za-z0-9](?:[A-Za-z0-9/_-]){2,22}[0-9A-Za-z])(?![A-Za-z0-9])"
_LONG = r"(?![Cc]ard)(?P<v>(?=[A-Za-z/_-]{0,6}[0-9]{4})[A-Za-z0-9][A-Za-z0-9/_-]{3,22}[0-9A-Za-z])(?![A-Za-z0-9])"
_FIRST = r"(?<![A-Za-z0-9_/.-])(?P<v>[A-Za-z]{0,4}[_-]?[0-9]{4,16}(?:[-_][0-9]{1,6})?[A-Za-z]?)(?![A-Za-z0-9])"
# Numbers of goods, papers and devices; a bank's or an insurer's card has a rule of its own.
_GOODS = re.compile(
    "(?:药品|药盒|产品|商品|设备|仪器|器械|批准|注册证?|许可证?|快递|订单?|货|运单|物流|国药|医保|社保|农合|参保|保险|银行|身份证?|信用|储蓄|身份|会员|电话|手机|工行|建行|农行|中行|招行|合作医疗|[Qq]{2}|微信|[Qq]|群|刊|门牌|车牌|型)(?:卡|的|条|证|编)?$"
)


def _number(match: re.Match[str]) -> bool:
    """No goods are numbered, and a gap of words asks for more digits than a colon does."""
    if _GOODS.search(match.string[max(0, match.start() - 8) : match.start()]):
        return False
    close = len(match["gap"]) <= 6
    return announced(match, 4 if close else 5)


def _card(match: re.Match[str]) -> bool:
    return not _GOODS.search(match.string[max(0, match.start() - 8) : match.start()]) and announced(match, 5)


def _carried(match: re.Match[str]) -> bool:
    return not _GOODS.search(match.string[max(0, match.start() - 8) : match.start()]) and announced(
        match, 6, dated=False
    )


def _before(match: re.Match[str]) -> bool:
    return measured(match, 5)


def _rule(name: str, pattern: str, yes: tuple[str, ...], no: tuple[str, ...], check: Check) -> Rule:
    return Rule(name, "record_number", compiled(pattern), yes, no, check)


RECORDS: tuple[Rule, ...] = (
    _rule(
        "record-behind",
        _FIRST + rf"[ ,(]{{0,2}}{_CUE}(?![:是为 ,(]{{0,3}}[0-9A-Za-z]|[^0-9A-Za-z]{{0,3}}(?:忘|不记得|没|多少))",
        ("MZ-7910859，住院号，麻烦查下", "0065284323 住院号"),
        ("87654321，住院号12345678", "缴费500000，住院号忘了"),
        lambda match: measured(match, 6 if match["v"][0].isdigit() else 5),
    ),
    _rule(
        "record-number",
        _CUE + GAP + _VALUE,
        (
            "住院号：00123456",
            "门诊号是A0012345",
            "病历号 2021-00123",
            "检查号CT00123456",
            "住院号忘了 单子上印的是ZY00231",
            "化验单上编号是9921034",
            "住院号不对，是20210077",
            "影像号那栏填8812003",
            "病厉号0012345",
            "MR号88213腰椎",
            "您报一下就诊号。1156506991",
            "住院号0012345、0012346，两个人的",
            "按说明用药住院号US65268床号12",
        ),
        (
            "药品条码6901234567892",
            "条形码6901234567892",
            "住院5天",
            "门诊号没写",
            "住院号忘了，交了20000元",
            "产品编号12345678",
            "检查号2023-10-12",
            "门诊号没有，电话87654321",
            "病历编号12345元",
        ),
        _number,
    ),
    _rule(
        "record-card",
        _CARD + LINK + _LONG,
        (
            "就诊卡00123456",
            "条码MZ-094766877575",
            "我的卡号是8812003",
            "ID号1685265，病人",
            "患者ID 0088123",
            "流水号20210077001已交费",
        ),
        ("就诊卡50元", "设备ID号12345", "药品条码6901234567892", "快递单号123456789", "医保卡号123456", "卡号忘了"),
        _card,
    ),
    _rule(
        "record-carried",
        _CARRIER + GAP + _LONG,
        ("小票上有个编号 F0712380", "我有两个就诊卡，一个0012345一个0012346", "化验单左上角那一串0012345"),
        ("化验单费用123456", "检查单20231012", "报告单上白细胞123456", "出院证明花了200000"),
        _carried,
    ),
    _rule(
        "record-of",
        _FIRST + r"号?的?(?:病历|病案|档案|标本|切片|报告单|化验单|检查单|就诊卡|住院病人)(?!号)",
        ("请把0012345号病历调出来", "0012345的化验单"),
        ("20231012的化验单", "123456份病历"),
        lambda match: measured(match, 6, dated=False),
    ),
    _rule(
        "record-before",
        _FIRST + BACK + rf"(?:{_CUE}|就诊卡|诊疗卡|病历本|(?<!药品)条形?码)",
        (
            "ZY6658865346是住院号，您查一下",
            "上面写着ZY00231那个就是病历号",
            "0012345（住院号）",
            "8839201是我的住院号",
            "用8839201这个就诊卡号",
            "P0012345-病理号",
        ),
        ("10000是检查费", "5000元是住院号", "2023-10-12的检查号"),
        _before,
    ),
)
