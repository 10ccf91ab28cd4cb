"""Checks of names before a title or a form of address: whether what stands there is a surname at all."""

import re

from cmtmedqa.clean.deidentify.name_checks import DOUBTFUL, FUNCTION_WORDS, JOINS, NEVER, Extent
from cmtmedqa.clean.deidentify.names import AMBIGUOUS, BEHIND, HAN, NO_GIVEN, STOP, USUAL, allowed

# Of the surnames that are function words those that stand alone before a title where nothing else can be meant.
_BARE = frozenset("于常左戴关单包国信修权管计")
_OPENERS = frozenset("烦激据的是找看给问挂请让跟和由到见在了谢过叫科院约听从向对但我您你,:说被苦次托转位老小下")
# And those behind which a surname that is no function word may start as well.
_BEFORE_SURNAME = _OPENERS | frozenset("求望盼恩拜诊复按照去个天祝好那这换成改选")
# Verbs and nouns of two characters behind which a person follows.
_BEFORE_PERSON = re.compile(
    "(?:请教|拜访|拜托|联系|咨询|感谢|多谢|辛苦|麻烦|推荐|认识|遇到|碰到|遇见|信任|相信|请问|询问|通知|告诉|转告|问候|换成|改挂|改约|预约|还是|就是|只有|除了|跟着|随着|指定|介绍|佩服|追随|仰慕|期待|盼望|恳请|有劳|烦请|同意|听取|遵照|按照|根据|值班|坐诊|主刀|特需|普通|今天|明天|昨天|上午|下午|周[一二三四五六日])$"
)


# Behind a name and a title these make it a brand.
_PRODUCT = re.compile(
    "牌|面膜|膏药|牙膏|药膏|乳膏|护肤|洗发|祛痘|凝胶|喷剂|奶粉|精华|药业|集团|胶囊|颗粒|口罩|香皂|湿巾|防晒|眼霜|面霜|爽肤|祛斑|美白|香水|洁面|润肤|防脱|生发|酒|凉茶|凉皮|辣酱|锅巴|凤爪|卤味|辣条"
)
# Behind a form of address: what is eaten or drunk.
_EATEN = re.compile(
    "[一-鿿]{0,2}(?:[肉饭粥鸭糕饼酒]|话梅|面(?![部色前对诊瘫积临])|茶)(?=$|[^一-鿿]|[的是吗呢有没好会能靠要怎多不很真还也都到成先停引凑用以试一这])"
)
_THANKED = re.compile("(?<!谢)(?:谢|感)谢$")


_PREPOSITION = frozenset("于从由向就以对为与和据依按像论")
_POINT_OF_VIEW = re.compile("(?:们|这[个一]?[职行]业?)?(?:来说|来讲|来看|而言|说来|看来|的?角度|的立场|的?本职)")


def titled(match: re.Match[str]) -> Extent:
    """A surname, with or without a given name, before a title."""
    text, start = match.string, match.start("v")
    place = match.start("s")
    before = text[start - 1 : start]
    surname, given = match["s"], match["g"]
    if surname in NEVER and given and not (surname not in JOINS and _all_usual(given, before)):
        return False
    spaced = match.start("t") > match.end("g")
    if _PRODUCT.match(text, match.end("t")) or _EATEN.match(text, match.end("t")):
        return False
    # 于医生而言: a preposition that is also a surname, and the phrase it opens.
    if surname in _PREPOSITION and not given and place == start and _POINT_OF_VIEW.match(text, match.end("t")):
        return False
    # 高大 is a word, but not before 夫, nor 车主 before 任.
    if allowed(text, place, 0 if given or match["t"][:2] not in ("大夫", "主任") else match.start("t") + 1) or (
        spaced and len(given) < 2 and surname in DOUBTFUL
    ):
        return False
    # Behind a department a full name is the rule (外科 + surname + two characters), even where one of them is a common word.
    behind_department = (
        before == "科" and len(given) == 2 and surname not in AMBIGUOUS and not set(given) & set("科院室")
    )
    if (
        given in NO_GIVEN
        or (any(char in STOP for char in given) and not behind_department and not _all_usual(given, before))
        or (before and before in BEHIND.get(surname, "") and not _THANKED.search(text, max(0, start - 3), start))
    ):
        return False
    if surname in FUNCTION_WORDS and not given and (place == start):
        return surname in _BARE and (not re.match(f"[{HAN}]", before) or before in _OPENERS)
    full = len(given) == 2 and all(char in USUAL for char in given)
    known = (
        full
        or bool(
            re.search("(?:医[生师]|主任|教授|大夫|护士|专家)$", match.string[max(0, match.start() - 3) : match.start()])
        )
        or len(surname) > 1
        or surname not in AMBIGUOUS
        or place > start
    )
    announced = before in _BEFORE_SURNAME or bool(_BEFORE_PERSON.search(text, max(0, start - 2), start))
    return known or not re.match(f"[{HAN}]", before) or announced


def _all_usual(given: str, before: str) -> bool:
    """Characters that are also words but make a given name here, where none can belong to the word before."""
    return all(char in USUAL for char in given) and (
        not re.match(f"[{HAN}]", before) or before in _BEFORE_SURNAME or before == "科"
    )


def honorific(match: re.Match[str]) -> Extent:
    """A surname before a form of address."""
    return (match["s"] not in FUNCTION_WORDS or usual_given(match)) and titled(match)


def usual_given(match: re.Match[str]) -> bool:
    """Whether a surname that is also a word stands with a full given name of usual characters."""
    return match["s"] not in NEVER and len(match["g"]) == 2 and all(char in USUAL for char in match["g"])
