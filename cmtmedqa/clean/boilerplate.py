"""What sites and advertisers add to a consultation: section labels, platform notices, adverts, courtesy tails.

Everything here works on text that is already in simplified characters with normal width. Whole sentences are removed, never
parts of one, so that what stays still reads as the doctor or the patient wrote it.
"""

import re

from cmtmedqa.config import Normalise

_START = r"(?:(?<=[。！？；;\n])|^)[ \n]*"

_LABELS = (
    "病情分析|问题分析|原因分析|指导意见|意见建议|建议意见|指导建议|健康指导|生活护理|追问|追答|补充回答|补充提问|问题补充|"
    "医生回复|医生回答|医生建议|回复内容|咨询标题|咨询内容"
)
_LABEL = re.compile(rf"{_START}(?:[【\[]?(?:{_LABELS})[】\]]?)[：:] *", re.MULTILINE)

_NOTICES = re.compile(
    r"（空）|\(空\)"
    r"|对不起，?语音听不清楚[。！]?"
    r"|[\[【（(]?图片因涉及(?:用户|患者|个人)?隐私，?(?:无法|不予|不能)显示[\]】）)]?[。！]?"
    r"|[\[【（(]?(?:以上)?病[历例]资料仅(?:供)?医生和(?:患者|病人)本人可见[\]】）)]?[。！]?"
    r"|[\[【（(]?此(?:对话|内容|问题)涉及(?:患者|用户)?隐私[^。！？\n\]】）)]*[\]】）)]?[。！]?"
    r"|(?:郑重|温馨|友情|特别)?提[示醒]：(?:线上|网上|在线|网络)(?:咨询|问诊|诊疗)不(?:能|可)(?:代替|替代|取代)(?:面诊|门诊|当面就诊|医院就诊)[^。！\n]*[。！]?"
    r"|医生复诊方法：【[^】\n]*】[^。！\n]*[。！]?"
    r"|以上(?:是|就是)对[“\"'‘「『][^”\"'’」』\n]*[”\"'’」』](?:这个|该|此)?问题的?(?:相关)?(?:建议|解答|回答|回复|解释)[^。！\n]*[。！]?"
    r"|感谢您的信任，病情资料我已详细阅读。?(?:根据您(?:现有|提供)的资料，?建议：)?"
    r"|回复人的回复[0-9：: -]{8,}"
    r"|(?<![0-9])20[0-9]{8}[：:][0-9]{2}[：:][0-9]{2}(?![0-9])"
    r"|(?:以上|本|此)(?:回答|回复|建议|内容|意见|解答)?仅供(?:您)?参考(?:，[^。！\n]*)?[。！]?"
)

_SENTENCE = re.compile(r"[^。！？；\n]*[。！？；\n]?")
_CONTACT = r"(?:微信|薇信|威信|[Vv]信|[Vv][Xx]|[Ww][Xx]|[Qq][Qq]|扣扣|企鹅)"
_SOLICITATION = re.compile(
    r"点击(?:左侧|右侧|下方|下面|上方|上面|这里|此处|链接|咨询|在线|图标|头像|网页|进入|“)"
    r"|扫(?:描|一扫)?(?:下方|上方|左侧|右侧|以下)?(?:的)?二维码"
    r"|关注(?:我们|本院|我院)?的?(?:微信)?(?:公众|服务|订阅)号"
    r"|(?:免费|咨询|健康|服务|预约|专家|抢救|24小时)(?:咨询|服务|预约|健康)?(?:热线|电话|专线)[：:是为]?[ ]*[0-9（(+-]{5,}"
    r"|(?:拨打|致电|来电)[^。！？；\n]{0,12}[48]00[- ]?[0-9]{3}"
    r"|(?:在线|免费|一对一)(?:咨询|客服)[^。！？；\n]{0,12}(?:点击|登[录陆]|网址|电话|https?:|www\.)"
)
_CONTACT_ADVERT = re.compile(
    rf"(?:加|添加|联系|关注)[^。！？；，\n]{{0,6}}{_CONTACT}"
    rf"|{_CONTACT}(?:号码?|咨询|联系|客服|在线)?[：:是为]?[ ]*[A-Za-z0-9_-]{{5,}}"
)

_TAIL = re.compile(
    r"(?:希望|期望|但愿)(?:我的|以上|本次|上述)?[^。！？\n]{0,8}(?:回答|解答|建议|解释|回复|帮助|意见)[^。！？\n]{0,12}(?:帮助|有用|满意|采纳)[^。！？\n]{0,4}"
    r"|(?:最后)?[，]?(?:祝|祝福|祝愿)(?:您|你|患者|病人|宝宝|孩子|老人|大家)?[^。！？\n]{0,16}(?:健康|康复|好转|愉快|平安|快乐|幸福|顺利|如意)[^。！？\n]{0,3}"
    r"|(?:如|如果|若)?(?:您|你)?(?:还)?(?:有|存在)(?:什么|任何|其他|其它)+(?:疑问|问题|不懂的?)[^。！？\n]{0,20}(?:咨询|联系|提问|问我|沟通)[^。！？\n]{0,3}"
    r"|(?:感谢|谢谢)(?:您|你)的?(?:咨询|信任|提问|支持|进行咨询)[^。！？\n]{0,6}"
)
_END = re.compile(rf"(?:(?<=[。！？；\n])|^)(?:{_TAIL.pattern})[。！？~ ]*$")

_MAX_TAILS = 4


def gate(settings: Normalise) -> str:
    """An RE2 pattern that finds every text `strip_boilerplate` could change under these settings."""
    patterns = [
        (settings.platform_notices, _NOTICES.pattern.replace("(?<![0-9])", "").replace("(?![0-9])", "")),
        (settings.template_labels, rf"(?:{_LABELS})[】\]]?[：:]"),
        (settings.adverts, _SOLICITATION.pattern),
        (settings.adverts, _CONTACT_ADVERT.pattern),
        (settings.courtesy_tails, _TAIL.pattern),
    ]
    return "|".join(pattern for wanted, pattern in patterns if wanted) or "^$"


def strip_boilerplate(text: str, settings: Normalise, doctor: bool) -> str:
    """Remove what the settings name; `doctor` turns also lose contact adverts and, by option, courtesy tails."""
    if settings.platform_notices:
        text = _NOTICES.sub("", text)
    if settings.template_labels:
        text = _LABEL.sub(_line_break_kept, text)
    if settings.adverts and (_SOLICITATION.search(text) or (doctor and _CONTACT_ADVERT.search(text))):
        text = "".join(part for part in _SENTENCE.findall(text) if not _is_advert(part, doctor))
    if settings.courtesy_tails and doctor:
        text = _strip_tails(text)
    return text


def _line_break_kept(found: re.Match[str]) -> str:
    return "\n" if "\n" in found[0] else ""


def _is_advert(sentence: str, doctor: bool) -> bool:
    return bool(_SOLICITATION.search(sentence)) or (doctor and bool(_CONTACT_ADVERT.search(sentence)))


def _strip_tails(text: str) -> str:
    """Cut courtesy sentences from the end, as long as something else stays."""
    for _ in range(_MAX_TAILS):
        shorter = _END.sub("", text).rstrip()
        if shorter == text or not shorter:
            break
        text = shorter
    return text
