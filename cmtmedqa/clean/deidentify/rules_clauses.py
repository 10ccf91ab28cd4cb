"""Rules for names that a clause announces: who does something, receives something, is entered or replaced somewhere."""

from cmtmedqa.clean.deidentify.cues import FIELD
from cmtmedqa.clean.deidentify.model import Check, Rule
from cmtmedqa.clean.deidentify.name_checks import announced, announced_sure, recorded_mark, usual, whole
from cmtmedqa.clean.deidentify.names import HAN, SURNAME
from cmtmedqa.clean.deidentify.patterns import compiled

_V = rf"(?P<v>{SURNAME}[{HAN}])"
_W = rf"(?P<v>{SURNAME}[{HAN}]{{1,2}}?)"
_EDGE = r"(?:^|(?<=[。!?;,、:\n\"“” (（]))"
_STOP = r"(?=[,。!?;:) \n]|$|[啊呀哈呢哦噢喔吧嘛哟诶欸啦咯哎吗]|的?家属|的?家长|问|想|想问)"
# What somebody does or undergoes: behind it 的 mostly ends a description of a person.
_DEED = (
    r"(?:住院|出院|入院|住过院|就诊|候诊|挂号|预约|手术|开刀|做[过了]?[一-鿿]{1,4}|复查|复诊|体检|化验|抽血|透析|化疗|放疗|输液|打针|拿药|取药|缴费|咨询|看病|看诊|来过|来看|来[拿取做问开复]|"
    r"看过|联系|通[过话]*|电话|聊过?|说过|问过|留言|提问|加[您你我]|发消息|发[过了]?[一-鿿]{1,4}|转[来院]|介绍|推荐|约好?|排队|排[到号]|签字|登记|报名|下单|买[过了]?[一-鿿]{0,3}|寄[过了]?[一-鿿]{0,3}|躺|送来|来)"
)


def _rule(name: str, pattern: str, yes: tuple[str, ...], no: tuple[str, ...], check: Check | None) -> Rule:
    return Rule(name, "name", compiled(pattern), yes, no, check)


CLAUSES: tuple[Rule, ...] = (
    _rule(
        "who-is",
        rf"(?:我|俺|咱|本人|这边|这里)(?:就|就?也)?是[^,。!?;\n]{{1,16}}的(?:那个|那位|这个|这位)?(?:病人|患者|老人|孩子|女的|男的)?{_W}{_STOP}",
        ("我是昨天跟您通过电话的林若溪啊", "我就是上回咨询湿疹那个孩子的邵岩"),
        ("我是很严重的高血压啊", "我是正常的方面呢"),
        usual,
    ),
    _rule(
        "who-does",
        rf"{_DEED}(?:过|了|到|完|好)?的(?:那个|那位|这个|这位)?(?:病人|患者|老人|孩子)?{_W}{_STOP}",
        ("住院的邵景行，问哈好久能出院", "上周预约的林若溪想问一下", "跟您联系过的陆睿"),
        ("住院的方便，", "做检查的时候，", "开的高血压，"),
        usual,
    ),
    _rule(
        "recipient",
        rf"{_EDGE}{_W}(?= ?(?:先生|女士)?(?:亲?收|亲启|启|代收|签收|转交|收件|收货|接收)(?:[,。!;) \n]|$|就|即可|谢))",
        ("邮寄地址：听雨巷99号，林若溪收", "（邵岩收）"),
        ("高血压收，", "现金收，"),
        whole,
    ),
    _rule(
        "sent-to",
        rf"(?:寄给|寄到|寄|快递给|发给|交给|送给|转交给?|收件人?(?:写|填)?|收货人?(?:写|填)?|收){_W}(?=收|[,。!; ]|$)",
        ("寄给林若溪收", "收件人写邵岩就行。收件人写邵岩。"),
        ("寄给方便的", "寄高血压，"),
        usual,
    ),
    _rule(
        "entered",
        rf"(?:{FIELD}|就诊人|绑定|关联|切换|登记|填写?|录入?|输入?|写|打印?|印|显示|改名?|更[正名]|换|变|错|实名|认证|签|署名?)(?:就诊人|患者|病人|名字|姓名)?(?:的|了|着|成|为|到|给|作|是|叫|:| ){{1,4}}(?:患者|病人)?{_V}",
        ("切换就诊人为林若溪之后就能看到", "化验单姓名写成邵景行了，不是我", "改成陆睿了"),
        ("换成白蛋白", "改成高纤维饮食", "写成常规", "显示为阳性"),
        announced_sure,
    ),
    _rule(
        "called-anywhere",
        rf"(?<![喊药做所])叫(?:做|作)?{_V}",
        ("大名刚上户口叫林若溪卡介苗没打", "那个叫邵景行的"),
        ("叫马上去", "这个叫高血压吗", "叫白癜风", "叫安全期"),
        announced_sure,
    ),
    _rule(
        "field-touching",
        rf"{FIELD}{_V}",
        ("系统里姓名林若溪，", "姓名成来珍", "姓名李生，号排到哪了"),
        ("姓名高血压", "名字方面"),
        recorded_mark,
    ),
    _rule(
        "label-number",
        rf"(?:登记|预约|挂号|报名|联系|联络|签到|就诊|采样|体检|患者|病人|客户|会员|信息|资料)[:, ]?{_W}[ ,:、(]{{0,2}}(?=(?:(?:手机|电话|联系方式|身份证)号?码?[:是 ]?)?(?:\+?86[ -]?)?1[3-9][0-9 -]{{9,11}}(?![0-9]))",
        ("预约登记林若溪13912345678周三上午", "挂号邵岩 139-1234-5678"),
        ("登记电话13912345678", "预约方便13912345678"),
        usual,
    ),
    _rule(
        "greeted-on",
        rf"(?:你好|您好)(?:啊|呀)?{_V}",
        ("你好林若溪药按时吃了吗",),
        ("你好高血压", "您好安全吗", "您好马上来", "你好方便问"),
        announced_sure,
    ),
    _rule(
        "look-up",
        rf"(?:看看|查查|问问|查下|看下|问下|查询|查找|核对|调出|打印|开具|叫号|下一位)(?:患者|病人|一下)?[: ]?{_W}(?=的(?:报告|结果|片子|化验|检查|单子|号|床|费|药|病历|情况|信息|名字|卡)|在不在|在吗|[,。!?]|$)",
        ("帮我看看林若溪的报告，就是我", "查下邵岩在不在"),
        ("看看方便的报告", "问问高血压的情况"),
        usual,
    ),
)
