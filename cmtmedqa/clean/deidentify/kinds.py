"""The kinds of personal data: label of the surrogate, English name, and which of them a form alone can prove."""

from types import MappingProxyType

# Order is priority: of two spans of one length the kind that stands first wins.
KINDS = MappingProxyType(
    {
        "id_card": ("证件号", "identity card number"),
        "mobile": ("电话", "mobile number"),
        "email": ("邮箱", "e-mail address"),
        "url": ("网址", "web address"),
        "bank_card": ("银行卡号", "bank card number"),
        "hotline": ("电话", "service number (400, 800)"),
        "landline": ("电话", "landline number"),
        "wechat": ("微信号", "WeChat id"),
        "qq": ("QQ号", "QQ number"),
        "plate": ("车牌号", "vehicle plate"),
        "permit": ("证件号", "passport, permit or certificate number"),
        "insurance": ("医保号", "social or medical insurance number"),
        "record_number": ("病历号", "medical record number"),
        "bed": ("床号", "bed number"),
        "birth_date": ("出生日期", "birth date"),
        "ip": ("IP地址", "IP address"),
        "device": ("设备号", "device identifier"),
        "user": ("用户名", "user name of a platform"),
        "age": ("90岁以上", "age above 89"),
        "address": ("地址", "postal address"),
        "hospital": ("医院", "named hospital"),
        "hospital_department": ("科室", "department of a named hospital"),
        "doctor": ("医生", "name of a doctor"),
        "nurse": ("护士", "name of a nurse"),
        "name": ("姓名", "name of a patient, relative or other person"),
    }
)
PRIORITY = MappingProxyType({kind: place for place, kind in enumerate(KINDS)})
CHECKABLE = ("id_card", "mobile", "email", "url", "bank_card", "hotline", "landline", "plate", "ip")

LABELS = tuple(dict.fromkeys(label for label, _ in KINDS.values()))
TAG = r"\[(?:" + "|".join(LABELS) + r")[0-9]{1,5}\]"
