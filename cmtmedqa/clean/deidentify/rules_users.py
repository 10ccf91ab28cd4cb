"""Rules for the names that people bear on platforms."""

import re

from cmtmedqa.clean.deidentify.grammar import BACK
from cmtmedqa.clean.deidentify.model import Check, Rule
from cmtmedqa.clean.deidentify.names import HAN, holds_term, medical
from cmtmedqa.clean.deidentify.patterns import TAG_MARK, compiled

_PLATFORM = r"(?:微博|美篇|简书|喜马拉雅|皮皮虾|虎扑|脉脉|平安(?:好医生)?|微医|京东健康|阿里健康|轻松筹|水滴筹|微店|拼多多|美团|饿了么|大众点评|闲鱼|唯品会|宝宝树|妈妈网|育儿网|丁香|寻医问药|39健康网?|有问必答|快速问医生|百度(?:知道|贴吧|健康)?|抖音|快手|小红书|贴吧|知乎|论坛|平台|好大夫(?:在线)?|春雨(?:医生)?|丁香(?:园|医生)?|淘宝|京东|[Bb]站|哔哩哔哩|豆瓣|陌陌|探探|钉钉|(?:今日)?头条|公众|视频|直播间?|社区|网站|软件|小程序|患者端|旺旺(?![^,。!?;]{0,4}[饼糖奶贝冰])|支付宝|百家|[Ss]kype|(?<![A-Za-z])[Aa][Pp][Pp](?![A-Za-z]))"
# A word for a name on a platform; then a platform with one of the words that number or name what it has.
_TITLE = (
    r"(?:用户名称?|用户[明铭民](?=是|叫|为|:)|[呢妮尼]称|昵[城成程]|网[铭明](?=是|叫|:)|用户昵称|昵称|群昵称|群名片|(?:微信|[Qq]{2})(?:名(?:字|称)?|昵称|网名)|旺旺号?(?![^,。!?;]{0,4}[饼糖奶贝冰])|支付宝|百家号|[Ss]kype|(?<=群里)我(?=叫)|(?<=论坛里)我(?=叫)|网名|会员名|登[录陆]名|注册名|笔名|账户名|[账帐]号名|论坛[名ID]|"
    r"(?:健康|企鹅|大鱼|搜狐|网易|服务|订阅|问诊|患者|病友|病友圈|圈子|企业|社群|群|个人|我的|医生|游戏|粉丝|客户端|手机端|小程序)(?:号(?!码|脉|线|召)|[账帐]号|昵称|网名|ID)|"
    rf"{_PLATFORM}(?:上|里)?的?(?:用户名|[账帐]号|昵称|名称|名(?!字)|名字|主播|主页|号|ID|id|用户|UP主|up主))"
)
_ACCOUNT = r"(?:(?:登[录陆]|注册|会员|我的|平台|患者端|绑定的?)[账帐]?号(?!码|脉|线|召)|[账帐][号户]|(?<![A-Za-z])(?:ID|id)|注册的?名字|会员号?|网友|楼主|博主|用户(?![明铭民][是叫为:])|粉丝|UP主)"
_CHANGED = r"(?:已经?|现在?|刚|后来|又|之前|以前|重新|前几天|昨天)*(?:改|换|变|更名|更改|修改|注册|设|取|起|登记|填|写|显示|用)(?:成|为|作|做|的|了|过|名)*(?:是|叫|为)?"
_IS = rf"(?:{_CHANGED}|(?:也|都|就|还|应该|好像|现在|以前|之前)?(?:是|叫做?|为|写的?|填的?|用的?|显示)的?(?:是|叫)?|[:= (\"“'「【\[@]){{0,3}}+"
_SAID = rf"(?:{_CHANGED}(?<=[成为作叫是])|(?:也|都|就|还|现在|以前|之前)?(?:是|叫做?|为|写的?|填的?)的?(?:是)?|[:=(\"“'「【\[@]) ?"
_LATIN = r"(?=[A-Za-z_.-]*[0-9_.-][A-Za-z0-9_.-]*)[A-Za-z][A-Za-z0-9_.-]{2,23}(?<![.-])"
_MIXED = rf"(?:[A-Za-z]{{1,6}}(?=[{HAN}]{{2,8}}[A-Za-z0-9]))?[{HAN}]{{2,10}}[A-Za-z0-9_.-]{{1,12}}(?<![.-])"
_END = rf"(?=[^{HAN}A-Za-z0-9_.{TAG_MARK}-]|$|的(?:那[个位]|用户|患者|病人|是我)|这个|那个|登[不录陆]|密码|提问|[问说]|回复|咨询|[发私]|被|[您你]好|在线|呀|吧|哦|哈|呢|啊|注册的?|上次|之前|昨天)"
_FREE = rf"[{HAN}]{{2,10}}?{_END}"
_NO_USER = re.compile(
    "官方店|旗舰店|反馈|显示|私信|^(?:昨天|今天|前天|以前|之前|上次|刚才|刚刚|那天|上周|上回|同问|同上|我也|也是|同感|求助|匿名|游客|于|在|我们|他们|姓名|卫生|科室|太|这|那)|^(?:IP|ip|[账帐]号|用户|电话|昵称|客服|链接|网址|热线|地址|号码)|链接|^[是上里看搜说有刷推卖播学买找听发拍问给跟最都抢囤挑选]|^(?!不吃[香辣葱鱼肉胖素甜])[是上里登填写改也都就叫为名的们在号不没有已还怎自很能会可要该和与或]|无法|重新|经常|大家|医院|治疗|什么|忘|啥|一串|英文|中文|重要|失败|成功|不(?!老|吃[香辣葱鱼肉胖素甜]|萌|忘|败|凡|羁|二|朽|悔|息|弃|变|期|晚|染|语|乖|胖|瘦|怕|甜|酸)|没|怎|多少|注册|登[录陆]|密码|[了吗呢]|的$|文章|推送|协议|推荐|视频|直播|满意|信息|实名|绑定|认证|评论|评价|介绍|专家|医生|科普|"
    "热搜|内容|说|看|咨询|提问|问|问题|服务|客服|联系|手机|身份|资料|体验|中心|隐私|需要|下载|注销|被封|使用|可以|查询|关注|里面|功能|数量|头像|名字|改名|我$|页面|搜索|搜$|^搜|余额|[您你]好|有人|^过|操作|频繁|异常|这样|那样|购买|买"
)


def _user(match: re.Match[str]) -> bool:
    return not _NO_USER.search(match["v"])


def _forum(match: re.Match[str]) -> bool:
    """A name of four characters or more in which nothing medical stands."""
    return _user(match) and not holds_term(match["v"]) and not re.search("医|患|病|药|帖|文章|大家|人说", match["v"])


# What a label announces that is no name, whatever mark stands around it.
_NO_LABEL = re.compile(
    "忘|无法|什么|怎么|多少|没有|没了|登[录陆]|注册|密码|重新|不[能会知行对见了是同]|已经|推送|文章|链接|匿名|保密|[吗呢了啥]$|医院|医生|治疗|客服|电话|验证|实名|提示|错误|问题|微信|[Qq]{2}|手机|邮箱|的时候|我们?$|官方店|旗舰店|^(?:我|您|你|他|她|这|那|请|在|用|把|被|给|同|好像|应该|可能|或|以及|大家|所有)"
)
_ANY = rf"[{HAN}A-Za-z0-9_.~·-]{{2,14}}?"
_WHOSE = r"(?:网友|网民|病友|患友|用户|楼主|博主|主播|层主|坛友|粉丝|[提追]问者|咨询者|发帖人|评论者|会员)"


def _labelled(match: re.Match[str]) -> bool:
    """The whole of what stands behind a label or between marks: neither a phrase nor medical."""
    value = match["v"]
    return not _NO_LABEL.search(value) and not medical(value) and not value.isdigit()


def _spaced(match: re.Match[str]) -> tuple[int, int] | bool:
    """Like labelled, whichever side of the cue has a blank."""
    value, group = (match["v"], "v") if match["v"] else (match["w"], "w")
    known = not _NO_LABEL.search(value) and not medical(value) and not re.search("医|病|患|药|您好|你好|谢谢", value)
    return match.span(group) if known else False


_PHRASE = re.compile(
    "[你您他她们这那哪谁]|加油|[提追]问|回[答复]|评[论价]|说|大家|[好谢]|补充|描述|主诉|问题|咨询|操作|登[录陆]|反馈|留言|辛苦|保重"
)


def _spoken(match: re.Match[str]) -> tuple[int, int] | bool:
    """Who is spoken to, of three characters or more: no phrase and nothing medical."""
    group = "v" if match["v"] else "w"
    value = match[group]
    odd = _PHRASE.search(value.replace("静好", "")) or _NO_USER.search(value) or holds_term(value)
    return False if odd or re.search("医|患|病|药", value) else match.span(group)


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
            "我昵称改成guoguo_1979了",
            "网名后来换成abc_mama88了",
            "健康号tian_12",
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
            "我的用户明是豆豆麻麻",
            "呢称是一米阳光，",
            "网名叫不吃香菜，",
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
        ("我的号码是1391740092", "用户A", "账号登录", "设备ID号12", "id卡", "网友说吃2片"),
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
        "user-review",
        rf"来自(?P<v>{_LATIN})(?=的(?:评价|评论|提问|咨询|留言|好评|差评|回复|私信))",
        ("来自tian_12的评价：很耐心",),
        ("来自app的评价",),
    ),
    _rule(
        "user-called",
        rf"叫(?:做)?[\"“「]?(?P<v>[{HAN}A-Za-z0-9_.-]{{2,14}}?)[\"”」]?(?=的?(?:网友|网民|用户|楼主|博主|主播|大V|[Uu][Pp]主|账号|帐号|昵称|ID|公众号|抖音号))",
        ("有个叫淡淡的忧伤的网友说", "叫tian_12的博主"),
        ("叫什么的网友", "医生叫我的用户"),
    ),
    _rule(
        "user-forum",
        rf"(?:评论区?里?|[一二三四五六七八九十0-9]楼|论坛[里上]?|贴吧[里上]?|直播间里?|弹幕里?)(?:的|那个|有个)[@ ]?(?P<v>[{HAN}]{{4,8}}?)(?=说|是|问|提到|回复|[,。!?]|$|也|的回复|的帖子)",
        ("评论区的爱吃瓜的猹说有效", "论坛里的一叶知秋，", "一楼那个春暖花开是托"),
        ("评论区的糖尿病患者说", "论坛里的帖子说", "三楼那个内科医生说"),
        _forum,
    ),
    _rule(
        "user-renamed",
        rf"(?:换了?号|改了?名|[账帐]号|昵称|网名|用户名|{TAG_MARK})[^。!?;0-9A-Za-z]{{0,6}}(?:原来|以前|之前|从前|现在|后来|如今|曾经)的?(?:网名|昵称|名字)?(?:叫|是|改成|换成|改为)[\"“「 ]?(?P<v>{_LATIN}|{_MIXED}(?![A-Za-z0-9])|{_FREE})",
        ("我换号了，原来叫风铃草，", "网名以前叫tian_12"),
        ("账号以前是有的", "改名了，现在是什么"),
    ),
    _rule(
        "user-quoted",
        rf"(?:{_TITLE}|{_ACCOUNT}|{_WHOSE}|{_PLATFORM}(?:号|上|里)?|[名号])(?:是|叫|为|:| |{_CHANGED})?[\"“「『【\'](?P<v>[^\"”」』】\'\n,。;]{{2,16}})[\"”」』】\']",
        ("账号“柠檬不萌”被冻结", "用户“老兵不老7”已关闭提问", "微博名“小鱼儿游啊游”那个就是我"),
        ("用户“医院”", "账号“忘记密码”"),
        _labelled,
    ),
    _rule(
        "user-quoted-before",
        r"[\"“「『【\'](?P<v>[^\"”」』】\'\n,。;]{2,16})[\"”」』】\'] ?[(]?(?:是|这个?|就是)?(?:我的?)?(?:的)?(?:用户名|网名|昵称|[账帐]号名?|ID|id|笔名|会员名|抖音号|公众号)",
        ("「开心就好」（用户名） 想注销", "“一叶知秋”是我网名"),
        ("“忘记密码”昵称",),
        _labelled,
    ),
    _rule(
        "user-labelled",
        rf"(?:{_TITLE}|{_ACCOUNT}|{_WHOSE}|论坛ID|(?<=关注)|(?<=来自))(?:{_SAID}|[:] ?){{1,2}}(?P<v>{_ANY})(?=[,。;!?)\n]|$| )",
        ("用户名是：豆豆妈咪。", "会员名：柠檬不萌，退不了款", "我的账号是老兵不老，登不上", "提问者：老兵不老63"),
        ("用户名是什么，", "账号是多少，", "楼主：高血压", "用户：您好，"),
        _labelled,
    ),
    _rule(
        "user-spaced",
        rf"(?:{_TITLE}|{_WHOSE}|回复|@|艾特|感谢|来自)(?: (?P<v>[{HAN}]{{2,8}}[0-9]{{0,4}}|{_LATIN})(?=[ :]|,(?:退|也|同|你|您|我))|(?<=[者主友户名复民@])(?P<w>[{HAN}]{{2,8}}[0-9]{{0,4}})(?= (?:的|说|好|在|也|你|您|问|回|提|谢|我)|:(?:也|我|同|你|您|请|谢)))",
        (
            "病友 老兵不老 说可以吃",
            "感谢用户 孤独行者 的好评",
            "楼主风铃草 好点没",
            "网友老兵不老：也问一下",
            "@老兵不老 谢谢你",
        ),
        ("回复 您好：", "楼主 高血压 ", "感谢 医生 的", "用户 登录"),
        _spaced,
    ),
    _rule(
        "user-spoken",
        rf"(?:{_WHOSE} ?(?P<v>[{HAN}]{{3,8}}[0-9]{{0,4}})(?=,(?:[您你]好|现在|[你您]|怎么|好[了点些]|请问|后来|恢复|同[问病感]|我也)|:[{HAN}])|{_TITLE} (?P<w>[{HAN}]{{3,8}}[0-9]{{0,4}})(?=[,。;!]|$))",
        ("楼主等风来，现在怎么样了", "用户岁月静好：医生这个能吃吗", "病友昵称 糖糖爱吃糖，肺癌三年"),
        (
            "昵称 晚上失眠",
            "楼主加油，你好",
            "用户您好：",
            "楼主糖尿病，现在怎么样了",
            "网友回答：您好",
            "用户提问：孩子发烧",
        ),
        _spoken,
    ),
    _rule(
        "user-before",
        rf"(?<![A-Za-z0-9_.-])(?P<v>{_LATIN}|(?:(?<=^)|(?<=[,。!?;: ])|(?<=我是)|(?<=我叫))[{HAN}]{{2,10}}[0-9]{{1,6}}|(?:(?<=^)|(?<=[,。!?;: ])|(?<=我是)|(?<=我叫))[{HAN}]{{2,8}}?(?=,?(?:昨天|前天|上次|之前|以前|刚才|上周|那天)?(?:问|来|咨询)?(?:过|的)?[是就这那(])),?(?:(?:昨天|前天|上次|之前|以前|刚才|上周|那天)(?:问过?|来过?|咨询过?)?的?(?=[这那]))?{BACK}(?:昵称|网名|用户名|登录名|[账帐]号|(?<![A-Za-z])ID)",
        (
            "doudou_2005是我的昵称",
            "北方的狼是我的网名",
            "小雨滴答，这是我的昵称",
            "tian_12（昵称）",
            "我是静待花开，昨天那个网名",
            "我是tian_12，上次问过的那个ID",
        ),
        ("是我的昵称", "这是我的昵称", "忘了我的账号", "好大夫上的昵称"),
        lambda match: _user(match) and not re.search("^(?:这|那|我|以|下|其)", match["v"]),
    ),
)
