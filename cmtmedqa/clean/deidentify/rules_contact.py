"""Rules for network contacts: e-mail, web and network addresses, WeChat, QQ, user names."""

import re

from cmtmedqa.clean.deidentify import validators
from cmtmedqa.clean.deidentify.model import Rule
from cmtmedqa.clean.deidentify.rules_numbers import BACK, CONN

_TLD = r"(?:com|cn|net|org|edu|gov|info|cc|tv|me|top|xyz|vip|io|hk|tw|biz|mobi|co|wang|shop|club|site|online|ltd|link)"
_NO_ID = frozenset(("wechat", "weixin", "android", "iphone", "windows"))
_QQ = r"(?:[Qq]{2}|扣扣|球球|叩叩|企鹅|腾讯Q|[扣Qq]号|(?<=加)[扣Qq]|[Qq] [Qq]|(?<![应每折克纽倒])扣(?=[:： ]?[1-9][0-9]{4}))"
_WECHAT = r"(?:微信|薇信|威信|徽信|围信|维信|微x|微X|[Vv]信|(?<![A-Za-z])(?:[Vv][Xx]|[Ww][Xx]|[Ww]e[Cc]hat|[Ww]ei[Xx]in)|(?<=加)[Vv微薇]|(?<=\+)[Vv]|(?<![A-Za-z0-9])[Vv](?=:))"


_PLATFORM = (
    r"(?:微博|抖音|快手|小红书|贴吧|知乎|论坛|平台|好大夫|春雨|丁香|淘宝|京东|[Bb]站|豆瓣|陌陌|钉钉|头条|公众|视频)"
)
_USER = rf"(?:用户名|用户昵称|昵称|网名|会员名|登录名|论坛[名ID]|{_PLATFORM}(?:上|里)?的?(?:账号|帐号|昵称|名字?|号|ID|用户))"


def _no_cue_word(match: re.Match[str]) -> bool:
    return match["v"].lower() not in _NO_ID


def _user_name(match: re.Match[str]) -> bool:
    value = match["v"]
    return not re.search(r"^[是上里登填写改也都就叫为名]|什么|忘|不|没|怎么|多少|注册|登录|密码|了$|吗|的$", value)


CONTACTS: tuple[Rule, ...] = (
    Rule(
        "email",
        "email",
        "latin",
        re.compile(
            r"(?<![A-Za-z0-9._%+-])(?P<v>[A-Za-z0-9][A-Za-z0-9._%+-]{0,63} ?(?:@|\(at\)|\[at\]|#at#|艾特) ?[A-Za-z0-9-]{1,40}"
            r"(?: ?(?:\.|。|点) ?[A-Za-z0-9-]{2,20}){1,4})"
        ),
        ("邮箱abc.d_1@example.com谢谢", "ａｂｃ＠ｅｘａｍｐｌｅ．ｃｏｍ", "abc123@163点com"),
        ("维生素A@B", "@所有人"),
    ),
    Rule(
        "url",
        "url",
        "latin",
        re.compile(r"(?<![A-Za-z0-9])(?P<v>(?:https?|ftp):/{1,2}[!-~]{2,500}(?<![.,;:!?)\]\"']))", re.IGNORECASE),
        ("见http://www.example.com/a?b=1，谢谢",),
        ("http是什么",),
    ),
    Rule(
        "url-host",
        "url",
        "latin",
        re.compile(
            rf"(?<![A-Za-z0-9@._-])(?P<v>(?:www\.[A-Za-z0-9-]{{1,60}}(?:\.[A-Za-z0-9-]{{1,60}}){{1,5}}|[A-Za-z0-9-]{{1,60}}(?:\.[A-Za-z0-9-]{{1,60}}){{0,4}}\.{_TLD}(?![A-Za-z0-9]))"
            r"(?::[0-9]{2,5})?(?:/[!-~]{0,400})?(?<![.,;:!?)\]\"']))",
            re.IGNORECASE,
        ),
        ("网址www.example.net/a/1。", "上 example.com 看看"),
        ("0.5g.每日", "c.1799T", "1.com"),
        lambda match: not re.fullmatch(r"[0-9.]+\.[a-z]+", match["v"], re.IGNORECASE),
    ),
    Rule(
        "ip",
        "ip",
        "digits_dot",
        re.compile(r"(?<![0-9.])(?P<v>[0-9]{1,3}(?:\.[0-9]{1,3}){3})(?:(?=\.(?![0-9]))|(?![0-9.]))"),
        ("来自203.0.113.5的用户",),
        ("1.2.3.4都有", "2012.11.29.12"),
        validators.ip_address,
    ),
    Rule(
        "ip6",
        "ip",
        "ip6",
        re.compile(
            r"(?:(?<![0-9A-Za-z])|(?<=[Ii][Pp])|(?<=[Vv]6))(?<![0-9A-Fa-f]:)(?P<v>(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|(?:[0-9A-Fa-f]{1,4}:){1,6}(?::[0-9A-Fa-f]{1,4}){1,6})(?![0-9A-Za-z])(?!:[0-9A-Fa-f])"
        ),
        ("2001:db8::8a2e:370:7334", "IP地址：2001:db8:ebd6:c854:9deb:8028:6b3c:1f42。", "IP2001:db8::1a2b"),
        ("[14C]尿素", "12:30:45", "1:2:3::"),
        lambda match: len(match["v"]) >= 9,
    ),
    Rule(
        "wechat",
        "wechat",
        "wechat",
        re.compile(
            _WECHAT
            + r"(?:同步|同号|名|账号|帐号)?"
            + CONN
            + r"(?P<v>[A-Za-z][A-Za-z0-9_-]{5,19}|[0-9][0-9A-Za-z_-]{4,19})(?![A-Za-z0-9])(?! ?(?:元|块|岁|年|月|天|个|次))"
        ),
        ("加微信abc_12345", "V信：zhang-1234", "vx13912345678", "加v: abc12345"),
        ("微信APP咨询", "微信里说了3次", "WeChat小程序"),
        _no_cue_word,
    ),
    Rule(
        "wechat-near",
        "wechat",
        "wechat",
        re.compile(
            r"(?:"
            + _WECHAT
            + r"|wei信|weixin)[^0-9A-Za-z。!;\n]{0,9}(?:搜|写这|我的是|是|加|为|填|叫|吧|:|一下)[:： ,，]{0,2}(?P<v>[A-Za-z][A-Za-z0-9_-]{5,19}|[0-9]{5,15})(?![A-Za-z0-9_-])(?! ?(?:元|块|岁|年|月|天|个|次))"
        ),
        (
            "微信搜happycat_951关注",
            "可以加您微信吗？我的是tian_618备注",
            "我把微信写这：832164960，",
            "加个微信吧4060778882以后",
        ),
        ("微信搜android", "微信是2011年"),
        _no_cue_word,
    ),
    Rule(
        "wechat-mixed",
        "wechat",
        "wechat",
        re.compile(
            r"(?:wei信|卫星|魏信|[微薇威]芯)(?:号)?[:： 是]{0,3}(?P<v>[A-Za-z][A-Za-z0-9_-]{5,19}|[0-9]{5,15})(?![A-Za-z0-9_-])"
        ),
        ("加我wei信bluesky-155",),
        ("wei信里说",),
        None,
    ),
    Rule(
        "wechat-internal",
        "wechat",
        "wechat",
        re.compile(r"(?<![A-Za-z0-9])(?P<v>wxid_[a-z0-9]{6,24})(?![A-Za-z0-9])"),
        ("wxid_5pk60e180en05b这是我的微信号",),
        ("wxid_",),
    ),
    Rule(
        "wechat-before",
        "wechat",
        "wechat",
        re.compile(
            r"(?<![A-Za-z0-9_-])(?P<v>[A-Za-z][A-Za-z0-9_-]{5,19}|[0-9]{6,15})"
            + BACK
            + r"(?:微信|薇信|威信|V信|v信|vx|wx)"
        ),
        ("happy_951这是我的微信号",),
        ("100是微信转的",),
        None,
    ),
    Rule(
        "qq",
        "qq",
        "qq",
        re.compile(
            r"(?<![A-Za-z0-9])"
            + _QQ
            + r"(?:交流|病友|互助|患者)?(?:群|账号|帐号)?"
            + CONN
            + r"(?P<v>[1-9](?:[ -]?[0-9]){4,11})(?![0-9A-Za-z])(?! ?(?:元|块|岁|年|月|天|个|次))"
        ),
        ("我的QQ：123456789", "扣扣123456789", "qq 100 002 468"),
        ("应扣1个月工资", "QQ糖吃了100颗", "QQ多少"),
    ),
    Rule(
        "qq-near",
        "qq",
        "qq",
        re.compile(
            _QQ
            + r"[一-鿿]{0,5}[,，:： ]?(?<=[,，:： 吧上是])(?P<v>[1-9][0-9]{4,11})(?![0-9A-Za-z])(?! ?(?:元|块|岁|年|月|天|个|次))"
        ),
        ("把图发我QQ上吧，397380",),
        ("QQ上说3次",),
    ),
    Rule(
        "qq-group",
        "qq",
        "qq",
        re.compile(r"(?:群号|群聊号)" + CONN + r"(?P<v>[1-9][0-9]{4,11})(?![0-9A-Za-z])"),
        ("群号2648522，QQ群里有",),
        ("群号多少",),
    ),
    Rule(
        "qq-before",
        "qq",
        "qq",
        re.compile(r"(?<![A-Za-z0-9])(?P<v>[1-9][0-9]{4,11})" + BACK + r"(?:[Qq]{2}|扣扣|企鹅)"),
        ("14086629这是我QQ号",),
        ("5000QQ糖",),
    ),
    Rule(
        "user-name",
        "user_name",
        "user",
        re.compile(
            _USER
            + r"(?:(?:也|都|就|还)?(?:是|叫做?|为|:|=|[\"“'「])[ :]?|[ ](?=[A-Za-z0-9_.-]))+(?P<v>[A-Za-z0-9_.-]{2,24}|[一-鿿A-Za-z0-9_.-]{2,24}?(?=的那个|的(?:用户|患者|病人)|[^一-鿿A-Za-z0-9_.-]|$))"
        ),
        ("昵称：小雨点2020", "我的用户名是abc_mama88", "抖音号叫快乐的小鱼", "登录名 tian_12"),
        ("昵称是什么", "用户名忘了", "昵称 晚上失眠"),
        _user_name,
    ),
    Rule(
        "user-name-plain",
        "user_name",
        "user",
        re.compile(
            _USER + r"(?P<v>[一-鿿A-Za-z][一-鿿A-Za-z0-9_.-]{1,15}?)(?=[,。!?;:) 、\n]|$|登不|提问|密码|说|回复|发)"
        ),
        ("知乎用户阿紫姑娘。", "网名豆豆妈妈，之前问过您", "B站账号一米阳光1", "平台账号happycat_553登不上了"),
        ("昵称是什么", "用户名忘了", "账号登不上", "公众号上说。"),
        _user_name,
    ),
    Rule(
        "user-name-numbered",
        "user_name",
        "user",
        re.compile(r"(?:用户名|昵称|网名|会员名|登录名)(?P<v>[一-鿿A-Za-z_]{2,14}[0-9]{2,8})(?![A-Za-z0-9.])"),
        ("我的昵称小雨爱吃糖0412，",),
        ("昵称是什么",),
    ),
    Rule(
        "user-at",
        "user_name",
        "user",
        re.compile(_PLATFORM + r"(?:上)?的?(?:@(?P<v>[一-鿿A-Za-z0-9_.-]{2,16})(?=[^一-鿿A-Za-z0-9_.-]|$))"),
        ("微博@流浪的猫 有科普",),
        ("微博@。",),
    ),
    Rule(
        "user-id-name",
        "user_name",
        "user",
        re.compile(r"(?<![A-Za-z])(?:ID|id):(?P<v>[一-鿿]{2,8}[0-9]{0,6})(?=[,。;! ]|$)"),
        ("id：夏天的风，以前咨询过", "用户ID：追梦人生49"),
        ("id：12",),
        _user_name,
    ),
    Rule(
        "user-platform-spaced",
        "user_name",
        "user",
        re.compile(_PLATFORM + r"(?:ID|id|号|账号|帐号|名) (?P<v>[一-鿿]{2,8}[0-9]{0,6})(?=[,。!?;、 ]|$)"),
        ("贴吧ID 流浪的猫", "微博号 追梦人生85 "),
        ("贴吧ID 12",),
        _user_name,
    ),
    Rule(
        "user-platform",
        "user_name",
        "user",
        re.compile(_PLATFORM + r"(?:是|:)?(?P<v>[A-Za-z][A-Za-z0-9_.-]{2,20}[0-9][A-Za-z0-9_.-]{0,6})(?![A-Za-z0-9])"),
        ("我抖音bluesky.659上有康复视频",),
        ("平台app",),
    ),
    Rule(
        "account-han",
        "user_name",
        "user",
        re.compile(r"[账帐]号(?:是|叫|为|:)(?P<v>[一-鿿]{2,8}[0-9]{0,6})(?=[,。;]|$)"),
        ("账号是静待花开，密码忘了",),
        ("账号是什么", "账号是多少，"),
        _user_name,
    ),
    Rule(
        "user-latin",
        "user_name",
        "user",
        re.compile(
            r"(?:用户|网友|会员|账号|帐号|ID|id)(?:是|为|:|名)?[: ]?(?P<v>[A-Za-z][A-Za-z0-9_.-]{2,20}[0-9_][A-Za-z0-9_.-]{0,10})(?![A-Za-z0-9])"
        ),
        ("用户doudou839提问", "账号是xiaoyu-523，密码忘了"),
        ("用户A", "账号登录"),
    ),
    Rule(
        "user-before",
        "user_name",
        "user",
        re.compile(
            r"(?<![A-Za-z0-9_-])(?P<v>[A-Za-z][A-Za-z0-9_.-]{3,20}|[一-鿿]{2,8}[0-9]{1,6})"
            + BACK
            + r"(?:昵称|网名|用户名|登录名|账号|帐号)"
        ),
        ("doudou_2005是我的昵称",),
        ("是我的昵称",),
    ),
    Rule(
        "user-id",
        "user_name",
        "user",
        re.compile(
            r"(?:(?<![A-Za-z])(?:ID|id)|@)[ :]{0,2}(?P<v>[一-鿿]{0,10}[A-Za-z_][A-Za-z_]{2,15}[0-9]{2,8}|[一-鿿]{2,10}[0-9]{3,8})(?![A-Za-z0-9.])"
        ),
        ("ID：abc_mama88", "@清风明月2046"),
        ("设备ID号12", "id卡"),
    ),
)
