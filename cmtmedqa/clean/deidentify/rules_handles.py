"""Rules for user names by their form, in what a platform prints around them, and behind what says where one goes by a name."""

import re

from cmtmedqa.clean.deidentify.cues import KIN, ROLE
from cmtmedqa.clean.deidentify.model import Check, Rule
from cmtmedqa.clean.deidentify.names import HAN
from cmtmedqa.clean.deidentify.patterns import compiled
from cmtmedqa.paths import package_file

# Not what leads on to a name.
_ANY = rf"(?![我你您他她它刚已又也都就还换改是叫为的里上中填号]|[名昵备网]|ID|id|账号|帐号|用户)[{HAN}A-Za-z0-9_.~·-]{{2,16}}"
_OPEN, _CLOSE = r"[\[(“\"「『【《\']", r"[\])”\"」』】》\']"
_END = rf"(?=$|[^{HAN}A-Za-z0-9_.~·-]|(?:这个|那个|的?(?:提问|追问|评价|评论|回复|问题|留言|帖子?|账号|号)|发表|邀请|已加入|(?:刚才?|昨晚|之前)?问[的过]|拍的|下的单|在(?:评论|直播|群|线)|说[的过得]))"
# Where people go by another name, and the words that say that what follows is one.
_PLACE = (
    r"(?:微博|[红小绿]{1,2}书?薯|小红书|抖音|快手|[BbＢ]站|哔哩|知乎|豆瓣|贴吧|论坛|百度|宝宝树|妈妈网|美柚|丁香|好大夫|春雨|平台|小程序|网站|社区|直播间?|连麦|弹幕|评论区|病友[群圈]|(?<![人类菌该种族畜])群(?=[里名昵备])|圈子|朋友圈|游戏|王者(?:荣耀)?|和平精英|原神|吃鸡|打卡|"
    r"淘宝|京东|美团|拼多多|闲鱼|饿了么|旺旺|网上(?!搜)|(?<![A-Za-z])(?:[Kk]eep|KEEP|[Aa]pp|APP|[Rr]eddit|[Ii]nstagram|[Ii]ns|INS|[Ff]acebook|[Ff]b|[Tt]witter|[Tt]elegram|[Ss]team|[Dd]iscord|QQ空间|推特|脸书)(?![A-Za-z]))"
)
_NAMING = r"(?:(?:大家|人家|别人|网友|群友)?都?叫我|叫做?|名叫|昵称|名字|网名|备注|ID|id|账号|帐号|用户名?|登录名|登[录陆]|注册|搜(?!索)|关注|(?:换成|改成|改为|填|名字是|备注是|名是|叫是|的是|@|u/)|(?:(?<=评论区)|(?<=直播)|(?<=直播间)|(?<=连麦)|(?<=弹幕)|(?<=群里)|(?<=友群)|(?<=间里)|(?<=区里))(?:里?的|那个|那位))"
_ACCOUNT = r"(?:(?:以前|之前|原来|原先|老|旧|前)的?那?个?[账帐]?号|换号前|[账帐]号|登[录陆](?:名字?|的名字|用?的?名|填)|用户名?|会员名?|网名|[昵呢]称|群名片|群昵称|打卡人|推荐人那?栏?|邀请人|发起人|发帖人|楼主(?=[:@ ])|层主|博主|主播|网友(?=[:@ ])|粉丝(?=[:@ ])|旺旺|(?:[Uu]ser ?[Nn]ame|[Uu]ser ?[Ii][Dd]|[Nn]ickname|[Ll]ogin)(?![A-Za-z])|(?<![A-Za-z])(?:ID|id)(?![A-Za-z]))"
_IS = r"(?:(?:已经?|现在?|刚|后来|又|之前|以前|我|都|也|就|还|那?栏|的)*(?:叫做?|是|为|改成|换成|改为|填写?的?|写的?|用的?|搜|:|=| ))"
# What is eaten or felt may stand in a user name; what is diagnosed, found or swallowed as a drug is no user.
_FINDINGS = frozenset(
    line.split("\t")[0]
    for line in package_file("clean", "lexicon.tsv").read_text("utf-8").splitlines()
    if line.split("\t")[1:2] in (["disease"], ["symptom"], ["sign"], ["drug"], ["test"], ["treatment"])
)
_NO_HANDLE = re.compile(
    "重要|一串|[您你他她它们哪谁啥]|什么|怎么|忘|多少|没|登不|不[知能对是行让到上]|不会[用登注操]|不要[钱再]|^会(?![飞笑唱跳哭])|全国|各地|满意|喷剂|[药膏剂丸]|无法|密码|医院|验证|提示|客服|电话|手机|请|可以|需要|已[经被]|推送|文章|链接|匿名|[吗呢]$|^[我这那在有被把给同好用也都还就很太又去来要想能从和或及与因所但如若]|^一[直个些下般]|以[前后]|之[前后]|时候|大家|所有|问题|咨询|回复|提问|微信|邮箱|身份|收费|免费|退款|系统|功能|内容|视频|专家|教授|主任|科普|认证|推荐|介绍|反馈|显示|补充|描述|主诉|搜$|^搜|^看|看看|关注|^说|说的|一样|^上|^下|^里|真的|骗|广告"
)
_KIN = re.compile(
    f"(?:{KIN}|{ROLE}|患者|医生|大夫|护士|家属|亲|朋友|同学|老师|宝妈|宝爸|各位|群主|管理员|客人|顾客)+[们]?"
)


def _handle(match: re.Match[str]) -> bool:
    """No phrase, nobody's role, no number and nothing medical."""
    value = match["v"]
    return not (_NO_HANDLE.search(value) or _KIN.fullmatch(value) or value.isdigit() or _finding(value))


def _finding(value: str) -> bool:
    """Whether a value begins with a disease, a finding or a drug, or holds a long one."""
    return any(
        value[at : at + size] in _FINDINGS
        for at in range(len(value))
        for size in range(2 if at == 0 else 3, 9)
        if at + size <= len(value)
    )


# What is written like a handle: tests, devices, forms.
_CODES = re.compile(
    "(?:wx|vx|qq|weixin|wechat|zhuyuan|hao|dianhua|shouji|hbsag|hbeag|covid|omega|type|grade|iphone|ipad|huawei|xiaomi|redmi|mate|nova|pixel|page|room|level|score|http|https|www|file|img|image|photo|scan|cell|line|spss|python|version|windows|office|h[ibcp]v|vitb|step|stage|part|fig|table|note|user|doctor|patient|name|doc|rec|record|item|row|col|turn|msg|data|test|demo|sample|batch|model|train|case|group)",
    re.IGNORECASE,
)


def _coded(match: re.Match[str]) -> bool:
    return not _CODES.match(match["v"])


def _rule(name: str, pattern: str, yes: tuple[str, ...], no: tuple[str, ...], check: Check = _handle) -> Rule:
    return Rule(name, "user_name", compiled(pattern), yes, no, check)


HANDLES: tuple[Rule, ...] = (
    _rule(
        "handle-form",
        r"(?<![A-Za-z0-9_.@/:#&?=加-])(?:u/)?(?P<v>[a-z]{4,}(?:[_.-][a-z]{1,8})?[_.-]?[0-9]{2,6}|[a-z]{2,}_[a-z]{0,8}[_.-]?[0-9]{1,6})(?![A-Za-z0-9@_/%])(?! ?(?:mg|ml|ug|kg|mmol|元|例|岁))",
        (
            "coffeecat1975在评论区回复我",
            "登录填nancy_q_358还是填手机号",
            "用windy.1994这个号问过",
            "reddit上我是u/ahai743，",
        ),
        ("covid19", "type2", "hba1c", "spo2 98", "ca125", "a@coffeecat1975.com", "user_name", "record_12"),
        _coded,
    ),
    _rule(
        "handle-set-apart",
        rf"(?:{_OPEN}(?P<v>[^\])”\"」』】》\'。!?;:,\n]{{2,16}}){_CLOSE} ?(?=的?(?:提问|追问|评价|评论|回复|留言|咨询|私信|帖子)(?!记录|列表|系统|中心)|邀请|已?加入|关注了|赞了|打赏|在?(?:线|直播)|[，,]?(?:刚刚)?发表))",
        ("【老中医的徒弟668】的提问：能吃吗", "“雨后小巷0”邀请您查看家庭健康档案"),
        ("【医生】的提问", "“您好”的回复", "【患者】的提问"),
    ),
    _rule(
        "handle-in-brackets",
        rf"(?:提问|追问|咨询|来自|用户|网友|评论|留言|回复|楼主|昵称|ID|打卡){_OPEN}(?P<v>[^\])”\"」』】》\'。!?;:,\n]{{2,16}}){_CLOSE}",
        ("提问（柠檬糖）：肛门旁边长了个疙瘩", "来自小程序用户「月亮打烊了」的提问"),
        ("回复（医生）", "咨询（免费）", "提问（高血压）"),
    ),
    _rule(
        "handle-head",
        rf"(?:^|(?<=[\n。!? ]))(?P<v>{_ANY}):(?=(?:医生|大夫|主任|老师)(?:们|早上|晚上|下午)?[,好您你请]|[您你]好,?(?:医生|大夫)|晚上好|早上好|同问|求助|请教)",
        ("一只懒羊羊：医生晚上好，孩子又吐了", "石榴籽776：您好医生"),
        ("患者：医生您好", "宝宝妈妈：医生你好", "问题描述：医生您好", "补充：医生你好", "主诉：大夫您好"),
    ),
    _rule(
        "handle-greeted",
        rf"[您你]好,(?P<v>{_ANY}),[您你]的(?:咨询|问诊|订单|提问|预约|问题|账号|会员|评价)(?:已|将|正|被)",
        ("您好，小鹿乱撞，您的咨询已分配给心内科医生",),
        ("您好，患者，您的咨询已结束", "您好，高血压，您的咨询已结束"),
    ),
    _rule(
        "handle-joined",
        rf"(?:系统|提示|消息|通知|欢迎)[: ]{{1,2}}(?P<v>{_ANY}) ?(?=已?(?:加入|进入|退出|上线)(?:了|问诊|群|房间|直播|聊天|会议))",
        ("系统提示：努力变瘦的小鱼2 已加入问诊室",),
        ("系统提示：您已加入问诊室", "消息：医生 已进入房间"),
    ),
    _rule(
        "handle-from",
        rf"(?:(?:评价|评论|回复|留言|提问|私信|消息|咨询)来自|来自(?:用户|网友|病友|小程序用户|患者))[: ]?{_OPEN}?(?P<v>{_ANY}?){_CLOSE}?{_END}",
        ("评价来自深夜小卖部：五星，讲得细", "来自网友橘子汽水的提问"),
        ("咨询来自全国各地", "来自患者的提问", "评价来自患者："),
    ),
    _rule(
        "handle-place",
        rf"{_PLACE}[^。!?;\n,0-9]{{0,8}}?(?:上|里|中|聊)?[^。!?;\n,0-9A-Za-z]{{0,4}}?{_NAMING}[ :]?{_OPEN}?(?P<v>{_ANY}?){_CLOSE}?{_END}",
        (
            "红薯上搜知足常乐，有照片",
            "我在病友群里的备注是糖糖麻麻638，群主拉我进来的",
            "keep上的名字钓鱼的老范，跑步数据都在里面",
            "网上大家都叫我安然若素，",
            "我就是昨晚直播连麦的钓鱼的老范，",
            "病友群里的铁锅炖自己，晒胃镜单那个",
            "群昵称我刚改成雨后小巷了，",
            "王者荣耀ID 知足常乐，",
        ),
        (
            "网上的说法，",
            "人群的情况，",
            "平台的客服，",
            "群里的病友，",
            "论坛上的文章，",
            "淘宝上的药，",
            "网上搜了，",
            "平台是免费的，",
        ),
    ),
    _rule(
        "handle-account",
        rf"{_ACCOUNT}{_IS}{{1,2}}{_OPEN}?(?P<v>{_ANY}?){_CLOSE}?{_END}",
        (
            "以前那个号叫糖糖麻麻3715，忘了密码",
            "打卡人：沙漠里的骆驼，空腹6.4",
            "推荐人那栏填青柠不酸，他也是强直",
            "楼主：深海鱼不会哭6 发表于3天前",
            "截图里显示username=yangyang.16，",
        ),
        ("账号是什么，", "病友的情况，", "账号登录，", "楼主：高血压，", "用户：您好，", "网友：医生，"),
    ),
    _rule(
        "handle-touching",
        rf"(?:(?:原|旧|老|前)[账帐]号|登[录陆]名|昵称|旺旺(?![^,。!?;]{{0,4}}[饼糖奶贝冰]|大礼包|集团|食品)|网名|(?:美团|淘宝|京东|微博|抖音|知乎|[BbＢ]站)(?:[^。!?;\n,]{{0,6}})?[账帐]号|[BbＢ]站搜|[小红绿]薯搜|楼主(?=[^,。!?;]{{2,12}}:)|(?<![A-Za-z])(?:ID|id)) ?(?P<v>(?=[{HAN}]){_ANY}?){_END}",
        (
            "原账号听风说雨，里面有半年的病历",
            "亲，旺旺会飞的小乌龟，护腰收到破了个口",
            "b站搜 可可西里的羊 能看到",
            "楼主可可西里的羊：更新一下",
            "微博私信您了，ID 听风说雨211，",
        ),
        ("送的旺旺雪饼，", "昵称忘了，", "登录名无法登录，", "楼主您好，", "楼主高血压，", "网名什么，"),
    ),
    _rule(
        "handle-renamed",
        rf"(?:换了?号|改了?名|(?:昵称|网名|名字|名)(?:刚|已经|早就)?[改换]了?)[^。!?;\n]{{0,6}}(?:原来|以前|之前|从前|现在|如今)(?:叫做?|是|用){_OPEN}?(?P<v>{_ANY}?){_CLOSE}?{_END}",
        ("微信昵称改了，以前叫大白兔不吃糖，您翻翻",),
        ("改名了，以前叫什么，",),
    ),
    _rule(
        "handle-registered",
        rf"(?:刚|新|才|重新)注册的?(?:账号|帐号|号|会员|用户)?[,:]?(?:名?叫|昵称|用户名)(?:是|叫|为|:)?{_OPEN}?(?P<v>{_ANY}?){_CLOSE}?{_END}",
        ("刚注册的，叫二胎奶爸日记，发图片的地方在哪",),
        ("刚注册的，叫什么，",),
    ),
)
