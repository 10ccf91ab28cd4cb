"""Rules for addresses on the net: e-mail, web and network addresses."""

import re

from cmtmedqa.clean.deidentify import validators
from cmtmedqa.clean.deidentify.model import Rule
from cmtmedqa.clean.deidentify.patterns import compiled

_TLD = r"(?:com|cn|net|org|edu|gov|info|cc|tv|me|top|xyz|vip|io|hk|tw|biz|mobi|co|wang|shop|club|site|online|ltd|link|app|dev|live|fun|pro|store|work|ink|cloud|life|health|med|ren|wiki|art|icu|pub|xin|name|group|tech|plus|asia|jp|us|uk|ru|de|eu|sg|mo|int|news|blog|space|website|win|today|team|host|page)"
# What may stand behind a host: a port, a path, a query, a fragment.
_REST = r"(?::[0-9]{2,5})?(?:[/?#&=][!-~]{0,400})?(?<![.,;:!?)\]\"'])"


CONTACTS: tuple[Rule, ...] = (
    Rule(
        "email",
        "email",
        compiled(
            r"(?<![A-Za-z0-9._%+-])(?P<v>[A-Za-z0-9][A-Za-z0-9._%+-]{0,63} ?(?:@|\(at\)|\[at\]|#at#|艾特| at (?![A-Za-z0-9._%+-]{1,64}@)|#(?=[A-Za-z0-9-]{2,20}\.(?:com|cn|net|org))) ?[A-Za-z0-9-]{1,40}"
            r"(?: ?(?:\.|。|点|\(dot\)| dot ) ?[A-Za-z0-9-]{2,20}){1,4})"
        ),
        (
            "邮箱abc.d_1@example.com谢谢",
            "ａｂｃ＠ｅｘａｍｐｌｅ．ｃｏｍ",
            "abc123@163点com",
            "zhangwei at 163 dot com",
            "zhangwei#163.com",
            "contact me at zhangwei.8@163.com , thx",
        ),
        ("维生素A@B", "@所有人", "look at me", "abc at 5 days"),
    ),
    Rule(
        "url",
        "url",
        compiled(
            r"(?<![A-Za-z0-9])(?P<v>(?:h(?:tt|xx|\*\*)ps?|ftp) ?: ?[/\\]{1,2} ?[!-~]{2,500}(?<![.,;:!?)\]\"']))",
            re.IGNORECASE,
        ),
        ("见http://www.example.com/a?b=1，谢谢",),
        ("http是什么",),
    ),
    Rule(
        "url-host",
        "url",
        compiled(
            rf"(?<![A-Za-z0-9@._-])(?P<v>(?:www[.。][A-Za-z0-9-]{{1,60}}(?:\.[A-Za-z0-9-]{{1,60}}){{1,5}}|[A-Za-z0-9-]{{1,60}}(?:\.[A-Za-z0-9-]{{1,60}}){{0,4}}\.{_TLD}(?![A-Za-z0-9]))"
            rf"{_REST})",
            re.IGNORECASE,
        ),
        (
            "网址www.example.net/a/1。",
            "上 example.com 看看",
            "www.example.net#/home，密码",
            "例子example.com?id=3打开是空白",
            "example.com:8080/a",
            "复制ｗｗｗ．ｅｘａｍｐｌｅ．ｃｎ＃／ｈｏｍｅ到浏览器",
        ),
        ("0.5g.每日", "c.1799T", "1.com"),
        lambda match: not re.fullmatch(r"[0-9.]+\.[a-z]+", match["v"], re.IGNORECASE),
    ),
    Rule(
        "url-ip",
        "url",
        compiled(
            r"(?<![0-9.])(?P<v>[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?::[0-9]{2,5}(?:/[!-~]{0,400})?|/[A-Za-z#?][!-~]{0,400}))(?<![.,;:!?)])"
        ),
        ("打开203.0.113.5:8080/login查", "203.0.113.5/report"),
        ("203.0.113.5的用户", "1.2.3.4/5"),
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
