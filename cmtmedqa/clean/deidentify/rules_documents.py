"""Rules for numbers of documents: passports, permits, insurance and medical records, beds."""

import re

from cmtmedqa.clean.deidentify import validators
from cmtmedqa.clean.deidentify.model import Rule
from cmtmedqa.clean.deidentify.rules_numbers import BACK, CONN, number_rule

DOCUMENTS: tuple[Rule, ...] = (
    number_rule(
        "passport",
        "passport",
        r"(?:护照|[Pp]assport)" + CONN + r"(?P<v>(?:[A-Za-z]{1,2}[0-9]{7,8}|[0-9]{9}))(?![A-Za-z0-9])",
        ("护照号E12345678", "护照：EA1234567"),
        ("护照30天到期",),
        None,
        "cue_number",
    ),
    number_rule(
        "passport-near",
        "passport",
        r"(?:护照|[Pp]assport)(?: ?(?:no|No|NO|number)\.?)?[^0-9A-Za-z。!?;\n]{0,14}(?P<v>[DEGPSdegps][A-Za-z]?[0-9]{7,8})(?![A-Za-z0-9])",
        ("护照换了新的,新号E94546706", "证件类型护照,证件号g55056402"),
        ("护照办了30天",),
        None,
        "cue_number",
    ),
    number_rule(
        "passport-before",
        "passport",
        r"(?<![A-Za-z0-9])(?P<v>[A-Za-z]{1,2}[0-9]{7,8}|[0-9]{9})" + BACK + r"(?:新|旧|老)?护照",
        ("E15795576这是护照号",),
        ("30天护照",),
        None,
        "cue_number",
    ),
    number_rule(
        "permit-before",
        "permit",
        r"(?<![A-Za-z0-9])(?P<v>[A-Za-z]{1,3}[0-9]{6,12}|[0-9]{8,10})"
        + BACK
        + r"(?:回乡证|通行证|台胞证|居留证|居住证|大通证|军官证|驾驶证|驾照)",
        ("c98938837这个是我的回乡证号码",),
        ("2张通行证",),
        None,
        "cue_number",
    ),
    number_rule(
        "permit-near",
        "permit",
        r"(?:通行证|台胞证|回乡证|返乡证|大通证|入台证|居留证|居住证|永居证|军官证|士兵证|港澳证)[^0-9A-Za-z。!?;\n]{0,10}(?P<v>[A-Za-z]{1,3}[0-9]{6,12})(?![A-Za-z0-9])",
        ("入台证不行的话用大通证C05333348可以吗",),
        ("通行证办了2张",),
        None,
        "cue_number",
    ),
    number_rule(
        "insurance-before",
        "insurance",
        r"(?<![A-Za-z0-9])(?P<v>[A-Za-z]{0,3}[0-9]{6,20})" + BACK + r"(?:医保|社保|农合|新农合|参保|医疗保险|保单)",
        ("58180149这个是我的医保卡号",),
        ("5000是医保报的", "5000元是医保"),
        None,
        "cue_number",
    ),
    number_rule(
        "insurance-near",
        "insurance",
        r"(?:医保|社保|农合|合作医疗|参保人?|保单|保险)[^0-9A-Za-z。!?;\n]{0,10}(?:编号|卡号|号码|证号|号)"
        + CONN
        + r"(?P<v>[A-Za-z]{0,3}[0-9]{6,20})(?![A-Za-z0-9])",
        ("参保人编号F075710226", "农合本子上的编号是534019478", "医保卡丢了 卡号Z08090887 怎么补"),
        ("医保卡里有5000",),
        None,
        "cue_number",
    ),
    number_rule(
        "record-before",
        "record_number",
        r"(?<![A-Za-z0-9])(?P<v>[A-Za-z]{0,3}-?[0-9]{5,16})"
        + BACK
        + r"(?:住院|门诊|病案|病历|就诊|登记|检查|报告|条码|条形码|标本|病理)(?:卡|证|单)?(?:号|编号)",
        ("ZY6658865346是住院号，您查一下",),
        ("10000是检查费",),
        None,
        "cue_number",
    ),
    number_rule(
        "record-code",
        "record_number",
        r"(?:(?<![药商产])条形?码|(?:住院|就诊|门诊|病历|病案|登记|检查|检验|病理|标本|影像|放射|超声)(?:卡)?号?码?[号码]|(?<![A-Za-z])(?<!设备)ID号?)[。.:是为 ]{0,3}(?P<v>(?!69[0-9]{11}(?![0-9]))[A-Za-z]{0,3}-?[0-9]{5,20})(?![A-Za-z0-9])",
        ("条形码MZ-094766877575查不到结果", "就诊号。1156506991", "ID号1685265，病人"),
        ("药品条码6901234567892", "设备ID号123", "条形码6901234567892"),
        lambda match: not re.match(" ?(?:/|元|份|次|个|张)", match.string[match.end("v") :]),
        "cue_number",
    ),
    number_rule(
        "permit",
        "permit",
        r"(?:通行证|台胞证|回乡证|返乡证|居留证|居住证|永居证|军官证|士兵证|警官证|残疾证|出生证|驾驶证|驾照)"
        + CONN
        + r"(?P<v>[A-Za-z]{0,3}[0-9]{6,20}[A-Za-z0-9]?)(?![A-Za-z0-9])",
        ("通行证号码H12345678", "台胞证：01234567"),
        ("通行证2张",),
        None,
        "cue_number",
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
        "cue_number",
    ),
    number_rule(
        "record-number",
        "record_number",
        r"(?:住院|门诊|病案|病历|病例|就诊卡?|就医|登记|检查|检验|条码|条形码|标本|样本|影像|放射|超声|病理|挂号|预约|处方|报告单?|申请单?|CT|MRI|B超|X光|X线|胶片|片子|体检|诊疗卡?|登录|流水|患者|病人|病员)"
        r"(?:卡|证|单|片)?(?:号码?|编号|ID|序号|No\.?|NO\.?)"
        + CONN
        + r"(?P<v>(?=[A-Za-z-]{0,6}[0-9]{3})[A-Za-z0-9](?:[A-Za-z0-9/_-]){2,22}[0-9A-Za-z])(?![A-Za-z0-9])",
        ("住院号：00123456", "门诊号是A0012345", "病历号 2021-00123", "检查号CT00123456"),
        ("药品条码6901234567892", "住院5天", "门诊号没写"),
        None,
        "cue_number",
    ),
    number_rule(
        "record-card",
        "record_number",
        r"(?:就诊卡|诊疗卡|病历本|一卡通|住院证|磁卡)"
        + CONN
        + r"(?P<v>(?=[A-Za-z-]{0,6}[0-9]{5})[A-Za-z0-9](?:[A-Za-z0-9-]){4,22})(?![A-Za-z0-9])",
        ("就诊卡00123456",),
        ("就诊卡50元",),
        validators.number_context,
        "cue_number",
    ),
    number_rule(
        "bed-cue",
        "bed",
        r"(?:床位号?|床号|床位)"
        + CONN
        + r"(?P<v>[+加A-Za-z]{0,2}[0-9]{1,4}(?:-[0-9]{1,3})?(?: ?[号床])?)(?![0-9A-Za-z.])",
        ("床号：A1203", "床位号加12"),
        ("床位2张不够", "床位费50元", "床位30元"),
        lambda match: not re.match(r" ?(?:张|个|元|块|天|多|年)", match.string[match.end("v") :]),
        "bed",
    ),
    number_rule(
        "bed",
        "bed",
        r"(?<![0-9.+/×*~-])(?<![0-9][至到])(?<![每共约近余超一张][0-9])(?P<v>(?:外加|[加+A-Za-z])?[0-9]{1,4}(?:-[0-9]{1,3})?(?:号?病?床|号床位)(?:加[0-9]{0,2})?)(?![位头垫上旁以单铺数品都])",
        ("住院部骨科12床", "他住36床", "住加12床", "昨天您给54床换的药", "27-3床病人", "产科+7床"),
        ("医院有500床位", "共3张床", "每天1床", "有200床以上"),
        lambda match: (
            not re.search("(?:有|共|每天|每日|设|增|开放|拥有|编制|张)$", match.string[: match.start("v")][-4:])
        ),
        "bed",
    ),
)
