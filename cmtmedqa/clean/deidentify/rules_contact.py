"""Rules for addresses on the net: e-mail, web and network addresses."""

import re

from cmtmedqa.clean.deidentify import validators
from cmtmedqa.clean.deidentify.model import Rule
from cmtmedqa.clean.deidentify.patterns import compiled

_TLD = r"(?:com|cn|net|org|edu|gov|info|cc|tv|me|top|xyz|vip|io|hk|tw|biz|mobi|co|wang|shop|club|site|online|ltd|link)"


CONTACTS: tuple[Rule, ...] = (
    Rule(
        "email",
        "email",
        compiled(
            r"(?<![A-Za-z0-9._%+-])(?P<v>[A-Za-z0-9][A-Za-z0-9._%+-]{0,63} ?(?:@|\(at\)|\[at\]|#at#|艾特| at |#(?=[A-Za-z0-9-]{2,20}\.(?:com|cn|net|org))) ?[A-Za-z0-9-]{1,40}"
            r"(?: ?(?:\.|。|点|\(dot\)| dot ) ?[A-Za-z0-9-]{2,20}){1,4})"
        ),
        (
            "邮箱abc.d_1@example.com谢谢",
            "ａｂｃ＠ｅｘａｍｐｌｅ．ｃｏｍ",
            "abc123@163点com",
            "zhangwei at 163 dot com",
            "zhangwei#163.com",
        ),
        ("维生素A@B", "@所有人", "look at me", "abc at 5 days"),
    ),
    Rule(
        "url",
        "url",
        compiled(r"(?<![A-Za-z0-9])(?P<v>(?:https?|ftp):/{1,2}[!-~]{2,500}(?<![.,;:!?)\]\"']))", re.IGNORECASE),
        ("见http://www.example.com/a?b=1，谢谢",),
        ("http是什么",),
    ),
    Rule(
        "url-host",
        "url",
        compiled(
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
        compiled(r"(?<![0-9.])(?P<v>[0-9]{1,3}(?:\.[0-9]{1,3}){3})(?:(?=\.(?![0-9]))|(?![0-9.]))"),
        ("来自203.0.113.5的用户",),
        ("1.2.3.4都有", "2012.11.29.12"),
        validators.ip_address,
    ),
    Rule(
        "ip6",
        "ip",
        compiled(
            r"(?:(?<![0-9A-Za-z])|(?<=[Ii][Pp])|(?<=[Vv]6))(?<![0-9A-Fa-f]:)(?P<v>(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|(?:[0-9A-Fa-f]{1,4}:){1,6}(?::[0-9A-Fa-f]{1,4}){1,6})(?![0-9A-Za-z])(?!:[0-9A-Fa-f])"
        ),
        ("2001:db8::8a2e:370:7334", "IP地址：2001:db8:ebd6:c854:9deb:8028:6b3c:1f42。", "IP2001:db8::1a2b"),
        ("[14C]尿素", "12:30:45", "1:2:3::"),
        lambda match: len(match["v"]) >= 9,
    ),
)
