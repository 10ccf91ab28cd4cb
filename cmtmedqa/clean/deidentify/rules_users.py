"""Rules for the names that people bear on platforms."""

import re

from cmtmedqa.clean.deidentify.grammar import BACK
from cmtmedqa.clean.deidentify.model import Check, Rule
from cmtmedqa.clean.deidentify.names import HAN
from cmtmedqa.clean.deidentify.patterns import TAG_MARK, compiled

_PLATFORM = r"(?:微博|抖音|快手|小红书|贴吧|知乎|论坛|平台|好大夫(?:在线)?|春雨(?:医生)?|丁香(?:园|医生)?|淘宝|京东|[Bb]站|哔哩哔哩|豆瓣|陌陌|探探|钉钉|(?:今日)?头条|公众|视频|直播间?|社区|网站|软件|小程序|患者端|旺旺|支付宝|百家|[Ss]kype|(?<![A-Za-z])[Aa][Pp][Pp](?![A-Za-z]))"
# A word for a name on a platform; then a platform with one of the words that number or name what it has.
_TITLE = (
    r"(?:用户名称?|用户昵称|昵称|群昵称|群名片|(?:微信|[Qq]{2})(?:名(?:字|称)?|昵称|网名)|旺旺号?|支付宝|百家号|[Ss]kype|(?<=群里)我(?=叫)|(?<=论坛里)我(?=叫)|网名|会员名|登[录陆]名|注册名|笔名|账户名|[账帐]号名|论坛[名ID]|"
    rf"{_PLATFORM}(?:上|里)?的?(?:用户名|[账帐]号|昵称|名称|名(?!字)|名字|主播|主页|号|ID|id|用户|UP主|up主))"
)
_ACCOUNT = r"(?:(?:登[录陆]|注册|会员|我的|平台|患者端|绑定的?)[账帐]?号|[账帐][号户]|(?<![A-Za-z])(?:ID|id)|注册的?名字|会员号?|网友|楼主|博主|用户|粉丝|UP主)"
_IS = r"(?:(?:也|都|就|还|应该|好像)?(?:是|叫做?|为|写的?|填的?|用的?|显示)的?(?:是|叫)?|[:= (\"“'「【\[@]){0,3}+"
_SAID = r"(?:(?:也|都|就|还)?(?:是|叫做?|为|写的?|填的?)的?(?:是)?|[:=(\"“'「【\[@]) ?"
_LATIN = r"(?=[A-Za-z_.-]*[0-9_.-][A-Za-z0-9_.-]*)[A-Za-z][A-Za-z0-9_.-]{2,23}(?<![.-])"
_MIXED = rf"[{HAN}]{{2,10}}[A-Za-z0-9_.-]{{1,12}}(?<![.-])"
_END = rf"(?=[^{HAN}A-Za-z0-9_.{TAG_MARK}-]|$|的(?:那[个位]|用户|患者|病人|是我)|这个|那个|登[不录陆]|密码|提问|[问说]|回复|咨询|[发私]|被|[您你]好|在线|呀|吧|哦|哈|呢|啊|注册的?|上次|之前|昨天)"
_FREE = rf"[{HAN}]{{2,10}}?{_END}"
_NO_USER = re.compile(
    "^(?:IP|ip|[账帐]号|用户|电话|昵称|客服|链接|网址|热线|地址|号码)|链接|^[是上里看搜说有刷推卖播学买找听发拍问给跟最都]|^[是上里登填写改也都就叫为名的们在号不没有已还怎自很能会可要该和与或]|无法|重新|经常|大家|医院|治疗|什么|忘|不|没|怎|多少|注册|登[录陆]|密码|[了吗呢]|的$|文章|推送|协议|推荐|视频|直播|满意|信息|实名|绑定|认证|评论|评价|介绍|专家|医生|科普|"
    "热搜|内容|说|看|咨询|提问|问|问题|服务|客服|联系|手机|身份|资料|体验|中心|隐私|需要|下载|注销|被封|使用|可以|查询|关注|里面|功能|数量|头像|名字|改名|我$|页面|搜索|搜$|^搜|余额|[您你]好|有人|这样|那样|购买|买"
)


def _user(match: re.Match[str]) -> bool:
    return not _NO_USER.search(match["v"])


def _alone(match: re.Match[str]) -> bool:
    """Not the second half of an e-mail address."""
    return not re.search("[A-Za-z0-9._%+-]$", match.string[max(0, match.start() - 1) : match.start()])


def _account(match: re.Match[str]) -> bool:
    """Not the id of a device or a card, and no cue word itself."""
    before = match.string[max(0, match.start() - 4) : match.start()]
    return (
        _user(match)
        and not re.search("设备|仪器|身份|银行|医保|社保", before)
        and not match["v"].lower().startswith("card")
    )


def _rule(name: str, pattern: str, yes: tuple[str, ...], no: tuple[str, ...], check: Check | None = _user) -> Rule:
    return Rule(name, "user_name", compiled(pattern), yes, no, check)


USERS: tuple[Rule, ...] = (
    _rule(
        "user-name",
        rf"(?:{_TITLE}|提问(?:者|人|用户)){_IS}(?P<v>[A-Za-z0-9_.-]{{2,24}}(?<![.-])(?![A-Za-z0-9])|{_MIXED}(?![A-Za-z0-9]))",
        (
            "我的用户名是abc_mama88",
            "登录名 tian_12",
            "我的昵称小雨爱吃糖0412，",
            "昵称：小雨点2020",
            "平台账号happycat_553登不上了",
            "昵称叫doudou_1989的那个患者",
        ),
        ("昵称是什么", "用户名忘了", "昵称 晚上失眠", "知乎上看了3天"),
    ),
    _rule(
        "user-name-free",
        rf"(?:{_TITLE}|提问(?:者|人|用户)){_SAID}(?P<v>{_FREE})",
        (
            "抖音号叫快乐的小鱼",
            "昵称：小雨点",
            "用户名是北方的狼，看不到处方",
            "微博号叫追梦人生 ",
            "群里我叫平凡的世界，",
            "群名片：蓝色海洋",
            "微信名叫一米阳光，",
        ),
        ("昵称是什么", "用户名是忘了的", "公众号：推送文章"),
    ),
    _rule(
        "user-name-plain",
        rf"(?:{_TITLE}|{_PLATFORM}(?:ID|id|号|[账帐]号|名) )(?P<v>{_FREE})",
        ("贴吧ID 流浪的猫", "知乎用户阿紫姑娘。", "网名豆豆妈妈，之前问过您", "B站账号一米阳光，"),
        (
            "昵称是什么",
            "昵称 晚上失眠",
            "用户名忘了",
            "账号登不上",
            "公众号上说。",
            "公众号文章",
            "公众号链接http",
            "公众号推送",
        ),
    ),
    _rule(
        "user-platform",
        rf"(?:{_PLATFORM}号?(?:上|里)?(?:是|:|叫|搜索?|关注|名|@| )?(?:的|我叫)?|回复@?|关注|我在{_PLATFORM}上?叫)[: @]?(?P<v>{_LATIN}|{_MIXED})(?![A-Za-z0-9])",
        (
            "微博@流浪的猫99 有科普",
            "回复平凡的世界623：",
            "我抖音bluesky.659上有康复视频",
            "抖音搜北方的狼88",
            "小红书tian_12",
        ),
        ("平台app", "抖音上看了3天", "平台有100人", "论坛上说吃了2片"),
    ),
    _rule(
        "user-platform-free",
        rf"(?:{_PLATFORM}(?:上|里)?(?:的?名字)?(?:是|叫)|{_PLATFORM}号?[@:]|(?:微博|抖音|快手|小红书|贴吧|知乎|视频号|公众号|[Bb]站)搜索?|关注(?:公众号|抖音号?|微博)|(?:微博|抖音|快手|小红书|贴吧|知乎|[Bb]站|直播间|头条)(?=[{HAN}]{{4,8}}(?:[,。]|$))) ?(?P<v>{_FREE})",
        ("微博@流浪的猫 有科普", "我在论坛上叫静待花开，", "小红书搜快乐每一天，"),
        ("抖音里的专家推荐的", "平台是什么", "微博@。", "抖音搜不到", "平台上叫号，"),
    ),
    _rule(
        "user-account",
        rf"{_ACCOUNT}{_IS}(?P<v>{_LATIN}|{_MIXED})(?![A-Za-z0-9])",
        ("用户doudou839提问", "账号是xiaoyu-523，密码忘了", "ID：abc_mama88", "网友北方的狼12问", "账号清风明月46"),
        ("用户A", "账号登录", "设备ID号12", "id卡", "网友说吃2片"),
        _account,
    ),
    _rule(
        "user-account-free",
        rf"(?:(?!楼主|博主|粉丝|UP主){_ACCOUNT}{_SAID}|(?:用户|网友|楼主|博主) ?(?=[{HAN}]{{2,10}}(?:提问|[您你]好))|(?:用户|网友) ?(?=[{HAN}]{{4,8}}(?:[,。:]|$))|"
        rf"[账帐][号户](?![ ]?[我您你他她]) ?(?=[{HAN}]{{3,8}}(?:登[录陆不]|密码|被封)|[{HAN}]{{4,8}}(?:[,。]|$)))(?P<v>{_FREE})",
        ("账号是静待花开，密码忘了", "id：夏天的风，以前咨询过", "用户ID：追梦人生", "网友阿紫姑娘您好"),
        (
            "账号是什么",
            "楼主是乙肝病毒传染，",
            "账号是多少，",
            "账号无法登录",
            "网友们，",
            "用户您好",
            "id：12",
            "楼主您好",
        ),
        _account,
    ),
    _rule(
        "user-at",
        rf"(?:@|艾特)(?P<v>[{HAN}A-Za-z_][{HAN}A-Za-z0-9_.-]{{1,15}}(?<![.-]))(?=[^{HAN}A-Za-z0-9_.-]|$)(?!@)",
        ("@清风明月2046", "艾特流浪的猫，"),
        ("维生素A@B", "@所有人", "abc@163.com"),
        lambda match: _user(match) and match["v"] not in ("所有人", "全体成员") and _alone(match),
    ),
    _rule(
        "user-at-latin",
        rf"(?:@|艾特) ?(?P<v>[A-Za-z][A-Za-z0-9_.-]{{2,23}}(?<![.-]))(?=[{HAN}])",
        ("@tian_618您好，看了您的回复", "艾特momo1982这位"),
        ("abc@example点com",),
        _alone,
    ),
    _rule(
        "user-before",
        rf"(?<![A-Za-z0-9_.-])(?P<v>{_LATIN}|(?:(?<=^)|(?<=[,。!?;: ]))[{HAN}]{{2,10}}[0-9]{{1,6}}|(?:(?<=^)|(?<=[,。!?;: ]))[{HAN}]{{2,8}}?(?=,?[是就这那(])){BACK}(?:昵称|网名|用户名|登录名|[账帐]号|(?<![A-Za-z])ID)",
        ("doudou_2005是我的昵称", "北方的狼是我的网名", "小雨滴答，这是我的昵称", "tian_12（昵称）"),
        ("是我的昵称", "这是我的昵称", "忘了我的账号", "好大夫上的昵称"),
        lambda match: _user(match) and not re.search("^(?:这|那|我|以|下|其)", match["v"]),
    ),
)
