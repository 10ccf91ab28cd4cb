"""Invented personal data, valid by construction, in the sentences of a patient or a doctor.

Nothing here belongs to anyone: county codes end in 99, numbers are full of zeros, domains and addresses are those reserved
for documentation, people, clinics, roads and villages are made up.
"""

from collections.abc import Iterator
from typing import NamedTuple


class Planted(NamedTuple):
    """One piece of personal data: its class, how it is written, the sentence that holds it, who says it."""

    kind: str
    value: str
    sentence: str
    role: str = "patient"


def identity_card(first_17: str) -> str:
    """The 18-digit number of the first 17 digits (GB 11643, mod 11-2)."""
    total = sum(int(digit) * (1 << (17 - place)) for place, digit in enumerate(first_17))
    return first_17 + "10X98765432"[total % 11]


def bank_card(first: str) -> str:
    """The card number with its Luhn check digit."""
    digits = [int(digit) for digit in reversed(first)]
    total = sum(sum(divmod(2 * digit, 10)) if place % 2 == 0 else digit for place, digit in enumerate(digits))
    return first + str(-total % 10)


def _grouped(digits: str, *sizes: int, mark: str = " ") -> str:
    parts = []
    for size in sizes:
        parts.append(digits[:size])
        digits = digits[size:]
    return mark.join(parts)


def _wide(text: str) -> str:
    return "".join(chr(ord(character) + 0xFEE0) for character in text)


def _han(digits: str) -> str:
    return digits.translate(str.maketrans("0123456789", "零一二三四五六七八九"))


_NUMBERS: dict[str, list[tuple[str, str]]] = {
    "id_card": [
        (identity_card("33019919850614002"), "办入院要登记，我的身份证号是{}，麻烦看看能不能报销。"),
        (identity_card("51019919720903001"), "身份证{}，这个能查到以前的记录吗？"),
        (identity_card("42019920160122004"), "孩子的身份证号码：{}。"),
        (identity_card("11019919631130000"), "系统里我登记的是{}这个身份证。"),
    ],
    "id_card_15": [
        ("330199580412001", "我爸用的还是老身份证号{}。"),
        ("510199490730002", "老人家的身份证是15位的，{}。"),
        ("420199660208003", "身份证号：{}，一直没换过。"),
    ],
    "mobile_plain": [
        ("13800001204", "我的手机号是{}。"),
        ("15900003317", "有结果了打{}告诉我就行。"),
        ("18600004428", "电话{}，白天都能接"),
    ],
    "mobile_spaced": [
        ("138 0000 5531", "您方便的话联系我，{}。"),
        ("177-0000-6642", "我妈的电话是{}，她说得更清楚。"),
        ("+86 139 0000 7753", "我人在国外，电话{}。"),
    ],
    "mobile_wide": [
        (_wide("13700008864"), "手机：{}。"),
        (_wide("15200009975"), "联系电话{}，谢谢。"),
        (_wide("18900001086"), "请打{}找我。"),
    ],
    "mobile_han": [
        (_han("13600002197"), "平台不让发号码，我写成汉字：{}。"),
        (_han("15100003208").replace("零", "〇"), "我电话{}。"),
        (_han("18800004319").replace("一", "幺", 1), "手机号{}，您记一下。"),
    ],
    "landline": [
        ("0571-80001234", "家里的座机是{}。"),
        ("028-60002345转806", "单位电话{}，找财务室。"),
        ("(010)50003456", "晚上可以打{}。"),
    ],
    "hotline": [
        ("400-000-7788", "我打过{}，一直没人接。"),
        ("4000008899", "保险公司的电话{}说这个不赔。"),
        ("800-000-9900", "厂家给的号码{}打不通。"),
    ],
    "wechat": [
        ("qingyuan_0731", "我微信{}，照片可以发您吗？"),
        ("lan-shan2046", "加v：{}，我把片子发过去。"),
        ("wx_baihe9527", "我的微信号是{}。"),
    ],
    "qq": [
        ("1000024680", "我QQ{}，检查单发您邮箱也行。"),
        ("200013579", "扣扣：{}，晚上在线。"),
        ("3000097531", "我的QQ号是{}。"),
    ],
    "bank_card": [
        (bank_card("622848000000123456"), "退费请退到我的银行卡{}。"),
        (_grouped(bank_card("621700000000765432"), 4, 4, 4, 4, 3), "卡号{}，建设银行的。"),
        (bank_card("622202000000998877"), "工行卡{}已经扣了挂号费。"),
    ],
    "email": [
        ("baihe.chen@example.com", "报告发到{}可以吗？"),
        ("lin_0412@mail.example.cn", "我的邮箱是{}。"),
        ("ｙｕｎｘｉ＠ｅｘａｍｐｌｅ．ｃｏｍ", "邮箱{}，麻烦您了。"),
    ],
    "url": [
        ("https://photo.example.com/u/88431/ct.html", "片子传到网盘了，{}"),
        ("http://www.example.org/case?id=20417", "我之前的病历在{} 。"),
        ("www.example.net/patient/5521", "网址是{} ，您看看。"),
    ],
    "ip": [
        ("192.0.2.147", "系统提示我的登录地址{}异常，挂不上号。"),
        ("198.51.100.23", "小程序打不开，显示IP {}被限制。"),
        ("203.0.113.86", "医院系统的地址{}登不进去。"),
    ],
    "plate": [
        ("浙A0X88Z", "我开车来的，车牌{}，停在门口可以吗？"),
        ("川G·D00135", "救护车接不到的话，我家的车是{}。"),
        ("京AD00246", "车牌号{}，已经在急诊楼下了。"),
    ],
    "passport": [
        ("E00073195", "我拿护照挂的号，护照号{}。"),
        ("EA0008426", "护照{}，可以用它建档吗？"),
        ("G00095317", "护照号码：{}。"),
    ],
    "permit": [
        ("H00014725", "我是香港人，回乡证{}可以建卡吗？"),
        ("M00025836", "港澳通行证号码{}。"),
        ("00036947", "台胞证号{}，能走医保吗？"),
    ],
    "insurance": [
        ("3301A00048159", "医保卡号{}，查不到余额。"),
        ("510100072604", "社保号是{}。"),
        ("YB00093715", "医保编号：{}。"),
    ],
    "record_number": [
        ("0090417", "上次住院号{}，出院小结找不到了。"),
        ("M00284410", "门诊号：{}。"),
        ("A00571306", "病案号是{}，想复印病历。"),
        ("CT00619284", "检查号{}的片子您能调出来吗？"),
        ("000730062951", "就诊卡{}消磁了。"),
    ],
    "bed": [
        ("加37床", "我妈住呼吸科{}，晚上一直咳。"),
        ("床号：B1806", "{}，护士让我问您。"),
        ("86床", "我是你们病区{}的家属。"),
    ],
}

_PEOPLE: dict[str, list[tuple[str, str, str]]] = {
    "patient_name": [
        ("林若溪", "我叫{}，上个月在您这儿看过。", "patient"),
        ("欧阳慕云", "患者姓名：{}。", "patient"),
        ("萧亦舒", "病人{}，就是昨天加号的那个。", "patient"),
        ("阎柏青", "{}，你好，上次的报告我看了。", "doctor"),
    ],
    "relative_name": [
        ("钟念慈", "我老婆{}也是这样。", "patient"),
        ("傅小满", "孩子叫{}，名字写错了能改吗？", "patient"),
        ("赖德厚", "我父亲{}以前也得过。", "patient"),
    ],
    "doctor_name": [
        ("邵景行", "我是{}医生，先跟您核对一下情况。", "doctor"),
        ("郝主任", "之前是{}给我看的。", "patient"),
        ("龚大夫", "{}说不用管它。", "patient"),
        ("谌云帆教授", "挂过{}的号，他让我再等等。", "patient"),
    ],
    "hospital": [
        ("清沅市第九人民医院", "我在{}做的检查。", "patient"),
        ("云溪镇中心卫生院", "先去的{}，说看不了。", "patient"),
        ("百合堂中医门诊部", "在{}拿过几副药。", "patient"),
        ("清沅大学附属岚山医院", "资料请带到{}来，我周三出诊。", "doctor"),
    ],
    "address": [
        ("浙江省杭州市西湖区望桥路8888号12幢3单元1802室", "药能寄到{}吗？", "patient"),
        ("四川省成都市锦江区听雨巷9999号", "我住{}，附近没有大医院。", "patient"),
        ("上海市浦东新区岚溪镇白鹭路7777弄66号501室", "家庭住址：{}。", "patient"),
        ("湖北省黄冈市蕲春县云溪镇白鹭村七组", "老家在{}，来一趟不容易。", "patient"),
    ],
    "birth_date": [
        ("1985年6月14日", "我{}出生，属牛的。", "patient"),
        ("2016-01-22", "孩子出生日期：{}。", "patient"),
        ("1963.11.30", "我妈的生日是{}，您看要不要做筛查。", "patient"),
    ],
    "age_over_89": [
        ("93岁", "问的是我奶奶，她今年{}了。", "patient"),
        ("97岁高龄", "老人{}，还能这样处理吗？", "patient"),
        ("九十五岁", "我外公{}，也有这个毛病。", "patient"),
    ],
    "user_name": [
        ("清溪一夜雨2046", "我在平台的用户名是{}，之前的记录您能看到吗？", "patient"),
        ("lanshan_mama88", "用户名：{}。", "patient"),
        ("小满爱吃糖0412", "我的昵称{}，换了手机登不上。", "patient"),
    ],
}


def everything() -> Iterator[Planted]:
    """All planted data, classes in their order."""
    for kind, numbers in _NUMBERS.items():
        for value, sentence in numbers:
            yield Planted(kind, value, sentence.format(value))
    for kind, people in _PEOPLE.items():
        for value, sentence, role in people:
            yield Planted(kind, value, sentence.format(value), role)
