"""Rules for network contacts: e-mail, web and network addresses, WeChat, QQ, user names."""

import re

from cmtmedqa.clean.deidentify import validators
from cmtmedqa.clean.deidentify.model import Rule
from cmtmedqa.clean.deidentify.rules_numbers import CONN

_TLD = r"(?:com|cn|net|org|edu|gov|info|cc|tv|me|top|xyz|vip|io|hk|tw|biz|mobi|co|wang|shop|club|site|online|ltd|link)"
_NO_ID = frozenset(("wechat", "weixin", "android", "iphone", "windows"))
_QQ = r"(?:[Qq]{2}|扣扣|球球|叩叩|企鹅|腾讯Q|[扣Qq]号|(?<=加)[扣Qq])"
_WECHAT = r"(?:微信|薇信|威信|徽信|围信|维信|微x|微X|[Vv]信|(?<![A-Za-z])(?:[Vv][Xx]|[Ww][Xx]|[Ww]e[Cc]hat|[Ww]ei[Xx]in)|(?<=加)[Vv微薇]|(?<=\+)[Vv]|(?<![A-Za-z0-9])[Vv](?=:))"


def _no_cue_word(match: re.Match[str]) -> bool:
    return match["v"].lower() not in _NO_ID


def _user_name(match: re.Match[str]) -> bool:
    value = match["v"]
    return not re.search(r"是|什么|忘|不|没|怎么|多少|注册|登录|密码|了$|吗|的$", value)


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
            r"(?<![0-9A-Za-z:])(?P<v>(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|(?:[0-9A-Fa-f]{1,4}:){2,6}(?::[0-9A-Fa-f]{1,4}){1,5})(?![0-9A-Za-z:])"
        ),
        ("2001:db8::8a2e:370:7334",),
        ("[14C]尿素", "12:30:45", "1:2:3::"),
        lambda match: len(match["v"]) >= 11,
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
        "qq",
        "qq",
        "qq",
        re.compile(
            r"(?<![A-Za-z0-9])"
            + _QQ
            + r"(?:群|账号|帐号)?"
            + CONN
            + r"(?P<v>[1-9](?:[ -]?[0-9]){4,11})(?![0-9A-Za-z])(?! ?(?:元|块|岁|年|月|天|个|次))"
        ),
        ("我的QQ：123456789", "扣扣123456789", "qq 100 002 468"),
        ("应扣1个月工资", "QQ糖吃了100颗", "QQ多少"),
    ),
    Rule(
        "user-name",
        "user_name",
        "user",
        re.compile(
            r"(?:用户名|用户昵称|昵称|网名|会员名|登录名|论坛[名ID]|(?:微博|抖音|快手|小红书|贴吧|知乎|论坛|平台|好大夫|春雨|丁香)(?:上|里)?的?(?:账号|帐号|昵称|名字?|号|ID|用户))"
            r"(?:也|都|就|还)?(?:是|叫做?|为|:|=|[ \"“'「])+(?P<v>[一-鿿A-Za-z0-9_.-]{2,24})"
        ),
        ("昵称：小雨点2020", "我的用户名是abc_mama88", "抖音号叫快乐的小鱼"),
        ("昵称是什么", "用户名忘了"),
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
