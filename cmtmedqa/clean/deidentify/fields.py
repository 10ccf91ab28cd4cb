"""Fields whose name says that their value is personal data, whatever the value looks like."""

import re
from collections.abc import Iterator, Mapping

OLDEST = 90  # the age that stands for all above 89

_NAMED: dict[str, str] = {
    "name": """name_patient patient_name patientname real_name realname contact_name child_name parent_name full_name
    患者姓名 病人姓名 姓名 患者名 真实姓名 联系人 家属姓名 就诊人 监护人""",
    "doctor": """doctor_name doctorname docname doc_name physician doctor_info doctor_detail 医生姓名 医师姓名 医生名 主治医生 接诊医生""",
    "hospital": "hospital hospital_name hospitalname doctor_hospital clinic_hospital 医院 医院名称 就诊医院 所在医院",
    "user_name": """user_name username userid user_id nickname nick_name nick screen_name account avatar patient_id doctor_id
    用户名 昵称 用户昵称 网名 账号 患者id 医生id""",
    "mobile": "phone phone_number mobile mobile_phone tel telephone contact contact_phone 手机 手机号 手机号码 电话 联系电话 联系方式",
    "wechat": "wechat weixin wechat_id 微信 微信号",
    "qq": "qq qq_number",
    "email": "email e_mail mail 邮箱 电子邮箱",
    "id_card": "id_card idcard id_number identity_card 身份证 身份证号 身份证号码",
    "address": "address home_address addr 住址 地址 家庭住址 户籍地址",
    "birth_date": "birth birthday birth_date birthdate date_of_birth dob 出生日期 生日 出生年月",
    "url": "doctor_url patient_url user_url mainpage homepage 医生主页 医生链接",
    "record_number": "medical_record_number mrn inpatient_no outpatient_no 住院号 门诊号 病历号 病案号 就诊卡号",
    "insurance": "insurance_no insurance_number 医保号 医保卡号 社保号",
}
_KINDS = {name: kind for kind, names in _NAMED.items() for name in names.split()}

# A cheap look at serialised fields: whether any key could be one of these, before the JSON is parsed.
KEYS = '(?i)"(?:' + "|".join(sorted(re.escape(name).replace("_", "[_ -]?") for name in _KINDS)) + ')"[ ]*:'


def kind_of(key: str) -> str | None:
    """The kind of personal data that a field of this name holds, whatever its case and separators; None for others."""
    plain = key.strip().lower().replace("-", "_").replace(" ", "_")
    return _KINDS.get(plain) or _JOINED.get(plain.replace("_", ""))


_JOINED = {name.replace("_", ""): kind for name, kind in _KINDS.items() if len(name) > 2}


def leaves(value: object, path: str = "", key: str = "") -> Iterator[tuple[str, str, str]]:
    """(path, name of the field, text) of every text and number in a JSON value, in its order."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from leaves(item, f"{path}.{name}" if path else str(name), str(name))
    elif isinstance(value, list | tuple):
        for place, item in enumerate(value):
            yield from leaves(item, f"{path}[{place}]", key)
    elif isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        yield path, key, str(value)


def without_named(value: object) -> object:
    """A JSON value without the fields, at any depth, whose name says that they hold personal data."""
    if isinstance(value, Mapping):
        return {name: without_named(item) for name, item in value.items() if kind_of(str(name)) is None}
    if isinstance(value, list | tuple):
        return [without_named(item) for item in value]
    return value
