"""What looks like a name and is a ware, a finding or a test: told from the words around it."""

import re

from cmtmedqa.clean.deidentify.names import allowed

# A name does not run on into the form or the chemical ending of a drug.
_DRUG = re.compile(
    "(?:(?![吃服用打开贴拿买的了在和查测验喝抽涂抹输挂停做看])[一-鿿]){1,4}(?:片(?!子)|胶囊|颗粒|丸|口服液|注射液|乳膏|软膏|药膏|滴眼液|滴丸|滴剂|糖浆|合剂|冲剂|喷雾|栓剂?|散|酊|汤|膏|霜|洗剂|凝胶|贴剂|"
    "坦(?![言然白率克诚荡])|替尼|单抗|那非|列净|列汀|西汀|司琼|昔康|昔布|沙班|格雷|加群|瑞林|立酮|噻吨|替丁|韦林|地尔|他定|替定|苷|唑|沙星|他汀|洛尔|地平|普利|沙坦|霉素|西林|磺胺|激素|酸钠|酸钙|烯酸|醇|酮|酯)"
)
# Nor into what is sold under a maker's name.
_SOLD = re.compile(
    "(?![吃服用打开贴拿买的了在和查测验喝抽涂抹输挂停做看是说])[一-鿿]{0,3}(?<![的了用买吃喝])(?:牌|奶粉|米粉|辅食|面霜|乳霜|洗发水|沐浴露|护发素|卫生巾|纸尿裤|尿不湿|奶瓶|奶嘴|游戏机?|手机|手表|手环|"
    "血糖仪|血压计|雾化器|制氧机|呼吸机|面膜|精华|爽肤水|防晒|牙膏|牙刷|漱口水|眼霜|唇膏|口红|护理液|隐形眼镜|酸奶|牛奶|饮料|矿泉水|凉茶|零食|薯片|饼干|月饼|火锅|白酒|啤酒|红酒|茶叶|"
    "领冠|香水|香薰|精油|彩妆|粉底|卸妆|眼影|染发|发膜|洗面奶|洗衣液|墨镜|(?:祛斑|美白|保湿|洁面|润肤|护手|身体)(?:霜|乳|液|水|膏|皂|露|粉|套装)|超市|药房|药店|药业|公司|集团|专柜|旗舰店|保健品|蛋白粉|益生菌|钙片|鱼油|阿胶|膏药|贴膏|口服液)"
)
# A finding, a test or a measure that bears the name of who found it.
_EPONYM = re.compile(
    "氏(?!族)|他(?:试验|反应)|(?<=白)内障|(?<=变)性|(?:氏|[一二三])?(?:征|综合征|综合症|试验|定律|现象|三联|体征|评分|量表|分[级型期]|染色|小体|杆菌|球菌|病毒|手法|体位|结节|细胞|抗体|斑(?!了))|"
    "(?<=[斯尔特克逊顿曼姆恩格伯茨])(?:骨折|环|线|角|管|囊|腺|膜)|病(?![了重好情危倒房历人理程因灶案])"
)
# Written by its sound, such a name runs on: into what bears it, or, where nothing else can be meant, into more of itself.
_SOUNDS = "尔特斯克逊顿曼姆恩格伯茨德兹兰尼里雷罗帕约翰森利莱米赫林丘奇道佩希蒂达比巴贝卡洛鲁伊纳杰阿亨普维夫瓦乌勒拉诺塔默泽莫索奥布门基申"
# What bears a name, where its first character was taken for the last of the name: 艾伦试 + 验.
_BEGUN = re.compile("试验|测试|试纸|征象|染色(?!体?检查)|评分|量表|反射|公式|指数|骨折")
_RUNS_ON = re.compile(
    f"[{_SOUNDS}坦滕丹腾戈菲凯肯科盖加萨沙什休韦文温]{{2,5}}[一-鿿]{{0,3}}(?:[切修缝吻固][除补合定]术|[成造]形?[形口影]术|疗法|手法|分[期型类级]|指数|公式|反射|体操|分类)|"
    f"[{_SOUNDS}]{{1,5}}(?:氏|征(?!求)|综合[征症]|试验|三联|量表|评分|骨折|染色|小体|细胞|结节|畸形|囊肿|手术|错颌|热(?=[,。!? ]|$)|病(?![了重好情危倒房历人理程因灶案史])|[食气血]管|"
    "(?:咽峡|咽喉|食管|结肠|鼻咽|口角|角膜|甲状腺|关节|腱鞘|脑|肺|肾|肝|心肌|淋巴|血管|神经|皮|肌|胃|骨)?(?:炎|癌|瘤|麻痹|瘫|疝|溃疡))"
)
# Every character that foreign names are mostly written with, before nothing but what bears them.
_FOREIGN = "阿埃艾爱安奥巴班贝比彼毕宾波伯布查茨达戴丹德狄迪蒂丁杜多顿尔范菲费芬弗福夫盖戈格古哈汉赫亨霍基吉加贾杰卡凯坎康柯科克肯库奎拉莱兰朗劳勒雷里利莉林琳隆卢鲁路伦罗洛马玛迈曼门蒙米密莫姆穆纳娜奈内尼涅纽努诺欧帕佩彭皮平普奇齐乔切琼萨塞瑟沙莎舍施史朔斯松苏索塔泰坦汤陶特滕提廷托瓦万威韦维魏温沃乌西希夏肖谢辛休雅亚扬耶伊因英尤于约泽詹兹祖佐堡派翁厄彻勋"
_ANY_HAN = "[一-鿿]"
_FOREIGN_ON = re.compile(
    f"(?:[{_FOREIGN}]|[·-]{_ANY_HAN}?){{1,8}}(?:氏|征(?!求|得|询|收|兵)|综合[征症]|试验|病(?![了重好情危倒房历人程因灶案史区友]|理(?!性)))"
)
_SOUNDS_ON = re.compile(f"(?=[{_SOUNDS}]{{0,3}}[尔斯逊姆茨兹翰])[{_SOUNDS}]{{2,6}}")
# Food and drink that is sold under a name; not what such words begin of the body.
_FOOD = re.compile(
    "[糖酒酿酱醋饼糕粥](?![尿化耐类分高原蛋糖精后量驾醉局筛前友喝])|(?:锅巴|凤爪|鸭脖|辣酱|凉皮|肉干|辣条|麻花|手袋|梳子|烤鱼|腊肠|卤味)(?!过敏|吃)|[一-鿿]{0,3}(?<=[妹点脆便拉挂])面(?![前对部色诊容积条])"
)
_FOODS = frozenset("酒酿酱醋饼糕粥")
# Before what is a diagnosis or a brand, whoever it is named after.
_NAMED_AFTER = re.compile(
    "(?:诊断(?:结果|结论)?(?:写|是|为|:|考虑|显示)(?:的|着|了|成)?(?:是|为|:)?|(?:牌子?|品牌|商标)(?:就|也|好像)?(?:名?叫[做作]?|是|:))$"
)

# What is taken or applied in doses.
_DOSED = re.compile(
    "[,、: (]{1,2}(?:[一每][天日晚早次周](?=[0-9一二两三四半几早晚各吃服]|$|[,。;! ])|早晚|饭[前后]|睡前|口服|外[用涂擦敷]|[0-9一二两三四半几]{1,3}[片粒袋支盒瓶贴滴丸包颗](?!病)|[0-9.]{1,5} ?(?:[Mm][Gg]|[Gg]|[Mm][Ll]|毫克|克|毫升|[Ii][Uu])(?![A-Za-z]))"
)
# Before the word for being called: things.
_CALLED = re.compile(
    "(?:什么|啥|何|药|牌子?|店|品|粉|霜|膏|水|公司|款|种|[药镜胶贴]片|剂|器|仪|机|游戏|电影|剧|歌|书|平台|软件|[Aa][Pp][Pp]|医院|病(?!人)|症|征|菌|抗体|指标|项目|检查|方子?|汤|茶|酒|饮料|零食|厂家?|集团|东西|玩意儿?|成分|系列|型号)(?:的?名[字称]?)?(?:就|也|好像|大概|应该)?(?:名?叫[做作]?|名为|名唤|是|:)$"
)

# Behind the name of who is called so by 的: a person or what a person has, and no ware.
_CALLED_PERSON = re.compile(
    "(?!的)|的(?:[^一-鿿]|$|[那这]?[个位名]?(?:病|患|人|孩|小|老|医|大夫|家|女|男|产|护|学生|同|朋友|号|报告|检查|化验|片|单|床|结果|名|账|是|在|来|昨|今|上|之|前)|妈|爸|父|母)"
)


def is_ware(text: str, end: int) -> bool:
    """Whether what ends here runs on into an eponym, the form of a drug or what is sold, or into a dose."""
    return bool(
        _EPONYM.match(text, end)
        or _BEGUN.match(text, end - 1)
        or _DRUG.match(text, end - 1)
        or _SOLD.match(text, end)
        or _DOSED.match(text, end)
        or _FOOD.match(text, end)
        or (any(pattern.match(text, end) for pattern in (_RUNS_ON, _SOUNDS_ON, _FOREIGN_ON)) and not allowed(text, end))
    )


def named_after(text: str, start: int, end: int) -> bool:
    """Whether what stands here is a diagnosis or a brand, told from the words before it, or something to eat or drink."""
    last = text[end - 1 : end]
    sold = last in _FOODS or "烤" in text[start:end] or (last == "糖" and end - start > 2)
    # 霍纳征 ends like a name.
    sold = sold or (last == "征" and end - start == 3 and text[end - 2] in _SOUNDS)
    return sold or bool(_NAMED_AFTER.search(text, max(0, start - 12), start))


def called_ware(text: str, start: int) -> bool:
    """Whether a thing is called what stands here."""
    return bool(_CALLED.search(text, max(0, start - 12), start))


def called_person(text: str, start: int, end: int) -> bool:
    """Whether who is called what stands here may be somebody: no thing, neither before nor, joined by 的, behind it."""
    return bool(_CALLED_PERSON.match(text, end)) and not called_ware(text, start)
