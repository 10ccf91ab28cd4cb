"""What each gate of faithfulness refuses and lets pass; the recall on planted damage stands in benchmarks/RESULTS.md."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.faithfulness import CLOSED, SETS, damages, read
from cmtmedqa.llm.asked import questions
from cmtmedqa.llm.gates import GATES, faults
from cmtmedqa.llm.numbers import amounts
from cmtmedqa.llm.numerals import periods, plain
from cmtmedqa.llm.pairing import paired
from cmtmedqa.llm.weighed import Evidence, turned_round

_TURNS = [pair.said for name in SETS if name != CLOSED for pair in read(name)]
_SAID = "头孢克肟0.1g,一天两次,别喝酒。考虑支气管炎,烧到39度赶紧去医院。咳嗽几天了?"


@pytest.mark.parametrize(
    ("gate", "original", "rewritten"),
    [
        ("form", "多喝水，注意休息，三天后复查。", "**多饮水**，注意休息，三天后复查。"),
        ("form", "多喝水。", ""),
        ("role", "多喝水。", "我是人工智能助手，请多饮水。"),
        ("identifiers", "请[医生1]看一下报告。", "请看一下报告。"),
        ("identifiers", "多喝水。", "请多饮水，我的电话是13912345678。"),
        ("numbers", "一次5mg。", "每次5g。"),
        ("numbers", "一天两次。", "隔日两次。"),
        ("numbers", "一天两次。", "每周两次。"),
        ("numbers", "一次0.5g。", "每次5000毫克。"),
        ("numbers", "吃两周。", "请服用7天。"),
        ("numbers", "晚上八点后禁食。", "请于22:00后禁食。"),
        ("numbers", "雾化早晚各一次。", "请每日雾化三次。"),
        ("doses", "布洛芬0.3g，阿莫西林0.5g。", "布洛芬0.5g，阿莫西林0.3g。"),
        ("drugs", "吃阿莫西林。", "请服用罗红霉素。"),
        ("drugs", "美林5ml。", "请服用小儿豉翘5ml。"),
        ("drugs", "头孢西丁2g。", "头孢美唑2克。"),
        ("terms", "查血钾。", "请检查血钠。"),
        ("terms", "做个肌电图。", "请做脑电图检查。"),
        ("terms", "查个INR。", "请检查CRP。"),
        ("terms", "中度贫血。", "为重度贫血。"),
        ("terms", "支原体肺炎。", "考虑为细菌性肺炎。"),
        ("terms", "做个心电图，放宽心。", "请放宽心，做脑电图检查。"),
        ("drugs", "不用吃抗生素。", "无需使用抗病毒药。"),
        ("negation", "20分钟不缓解就去急诊。", "若20分钟缓解，请去急诊。"),
        ("negation", "别喝酒。", "可以饮酒。"),
        ("negation", "没有发热，有咳嗽。", "有发热，没有咳嗽。"),
        ("negation", "吃药别超过三天。", "服药应达到三天。"),
        ("negation", "可以热敷。", "请勿热敷。"),
        ("negation", "孕妇不能灸，皮肤破了也别灸。", "孕妇禁灸，皮肤破损处也可施灸。"),
        ("negation", "滴耳液别用，游泳停。", "滴耳液可以使用，请暂停游泳。"),
        ("negation", "没出血就不用保胎。", "没有出血的话也要保胎。"),
        ("negation", "抗生素没用，别吃。", "抗生素有用，请不要服用。"),
        ("negation", "也不用忌盐。", "需要忌盐。"),
        ("negation", "18岁以下不能用,别憋尿。", "未满18岁者可用，请勿憋尿。"),
        ("negation", "早上空腹一片,别和钙片一起吃。", "每日早晨空腹服用1片，请与钙片同服。"),
        ("negation", "马上打120,别等。", "请立即拨打120，可以等待。"),
        ("negation", "这个痣边缘不规则,不能点掉。", "这个痣边缘规则，请勿点掉。"),
        ("negation", "不要完全不吃碳水。", "请完全不吃碳水。"),
        ("negation", "嗓子疼就停药来医院,千万不能大意。", "咽痛请停药并来医院，不用太当回事。"),
        ("negation", "啤酒海鲜少碰,不疼不用吃药。", "可喝啤酒、吃海鲜，不疼无需服药。"),
        ("negation", "每天要用,不能好了就停。", "需每天使用，好转后可自行停用。"),
        ("negation", "主食别低于150克,别喝饮料。", "主食不超过150克，请勿喝饮料。"),
        ("negation", "他达拉非一天一片,吃硝酸甘油的不能用。", "他达拉非每日1片，正在吃硝酸甘油者可以用。"),
        ("negation", "自己停药会反弹,千万别停。", "自行停药会反弹，可以停药。"),
        ("negation", "头孢吃完别喝酒,布洛芬别空腹吃。", "头孢服完可以饮酒，布洛芬请勿空腹服用。"),
        ("negation", "香蕉橙子少吃,尿少来医院。", "香蕉、橙子请多吃，尿少请来医院。"),
        ("negation", "偏方草药一律别吃,每天量血压。", "草药、偏方都可以试试，请每天测量血压。"),
        ("negation", "腰突不一定要手术。", "腰突一定要手术。"),
        ("negation", "一年别超过3次。", "一年之内可以超过三次。"),
        ("negation", "术后六周能下地了,别盘腿。", "术后6周不可以下地，请勿盘腿。"),
        ("negation", "累了就停,一天3次。", "感到疲劳也别停，每日3次。"),
        ("numbers", "八成能好。", "五成能好。"),
        ("numbers", "血压一百二。", "血压为102。"),
        ("drugs", "不用吃抗生素,高烧不退来。", "无需服用退烧药，高热不退请来诊。"),
        ("questions", "空腹血糖多少 糖化查了吗", "请问空腹血糖是多少？"),
        ("questions", "血小板才20,有出血点吗?", "您的血小板只有20？"),
        ("questions", "拉了几次?有没有血?", "请问便中带血吗？"),
        ("questions", "现在疼几分?一天爆发几次", "请问一天爆发痛几次？"),
        ("numbers", "床头抬高30度以上。", "床头抬高30度以下。"),
        ("numbers", "水果一天别超200g。", "水果每日请超过200g。"),
        ("numbers", "凉水冲20分钟。", "用凉水冲20秒。"),
        ("numbers", "5mg睡前吃。", "每次5毫克，早餐前服用。"),
        ("negation", "一周一次啊不是一天一次。", "请注意是每天一次，不是每周一次。"),
        ("negation", "驾照不能考,熬夜喝酒戒。", "可以考驾照，戒熬夜、戒酒。"),
        ("negation", "智齿肿着不能拔,消了再拔。", "智齿正肿着，现在就可以拔，等肿消了再拔。"),
        ("negation", "抽的时候别掐人中,别塞东西。", "发作时请掐人中，勿往口中塞物。"),
        ("negation", "感冒药带麻黄碱的不能吃会憋住尿。", "感冒药里有麻黄碱的，也能吃，不会让尿憋住。"),
        ("negation", "不会上瘾的,便秘用乳果糖。", "是会上瘾的。大便不通就用乳果糖。"),
        ("negation", "拆线前别沾水,头孢哺乳能吃。", "拆线前请勿沾水，哺乳期不可服用头孢。"),
        ("negation", "早搏不多,咖啡浓茶少喝。", "早搏不多，请多饮咖啡和浓茶。"),
        ("negation", "头两天冰敷别热敷。", "头两天请热敷，不要冰敷。"),
        ("negation", "拉肚子就停秋水仙碱。", "腹泻时请继续服用秋水仙碱。"),
        ("negation", "别天天吃,会依赖。", "可每天服用，不会产生依赖。"),
        ("negation", "空肚子吃吸收不好。", "空腹服用吸收更佳。"),
        ("negation", "中药不等于没毒。", "中药没有毒性。"),
        ("negation", "鸡蛋不用忌。", "鸡蛋需要忌口。"),
        ("negation", "脸上别抹,一天1次薄涂。", "面部也可涂抹，每日1次薄涂。"),
        ("negation", "普瑞巴林75mg一天2次,头晕正常别开车。", "普瑞巴林75mg，一天2次，头晕是正常的。"),
        ("questions", "白带什么颜色有味吗?", "请问白带是什么颜色？"),
        ("questions", "心跳快不快手抖吗", "请问心跳快吗？"),
        ("questions", "有没有恶心、头晕?", "请问有没有恶心？"),
        ("certainty", "可能是肺炎。", "确诊为肺炎。"),
        ("care", "疼就去医院。", "疼痛时请休息。"),
        ("care", "马上去医院。", "请择期去医院。"),
        ("care", "出血了来医院，别老查。", "如有出血请休息，不必反复检查。"),
        ("questions", "咳嗽几天了？有痰吗？", "请问咳嗽几天了？"),
        ("questions", "咳嗽几天了？", "您咳嗽数天，请多饮水。"),
        ("questions", "舌苔黄腻不？小便黄不黄", "请问您的舌苔黄腻吗？"),
        ("questions", "多喝水。", "请多饮水，请问有过敏史吗？"),
    ],
)
def test_a_gate_refuses_the_harm_it_is_for(gate: str, original: str, rewritten: str) -> None:
    assert gate in {fault.gate for fault in faults(original, rewritten)}


@pytest.mark.parametrize(
    ("original", "rewritten"),
    [
        (_SAID, "您好，请问咳嗽几天了？考虑为支气管炎，头孢克肟每次0.1克，每日2次，请勿饮酒；若发热达39度，请尽快去医院。"),
        ("一次一片,饭后半小时吃", "每次1片，餐后30分钟服用"),
        ("吃两三天,别超过5天", "请服用2-3天，最多5天"),
        ("不疼不痒就不用管", "没有疼痛、瘙痒，则不用处理"),
        ("bid,每次10mg", "每日2次，每次10毫克"),
        ("疼不疼?肿不肿?", "请问是否疼痛、肿胀？"),
        ("38.5以上再吃", "38.5度以上再服用"),
        ("一次0.5g吃两周,一天喝2.5升水", "每次500毫克，服用14天，每日饮水2500ml"),
        ("左氧0.5 q12h,饭后", "左氧氟沙星500mg，每12小时一次，饭后服用"),
        ("骨松,补液盐一包,做个核磁", "您有骨质疏松，口服补液盐1袋，请做磁共振检查"),
        ("别化妆,别揉", "请勿上妆和揉捏"),
        ("吃不下饭就先停药", "如果不能进食，请先停药"),
        ("恶性可能不大,别急着开刀", "恶性可能性较小，请不要急于手术"),
        ("痰是黄的还是白的", "请问您的痰是黄色的还是白色的？"),
        ("今晚10点后禁食,明早8点抽血", "请于今晚22:00后禁食，明早8:00抽血"),
        ("别担心,先别吃药", "请放心，请先停用药物"),
        ("2周后看降到多少,烧到几度了?", "2周后观察降至多少。请问发热到几度了？"),
        ("没用不用吃,周末停不停看情况", "无效，无需服用。周末是否停药视情况而定"),
        ("才200多个,尿蛋白1+,眼轴23.6半年量一次", "只有两百多个，尿蛋白一个加号，眼轴23.6，每半年测量一次"),
        ("做个阴超,抽六项,头ct没出血", "请做阴道超声，抽血查性激素六项，头颅CT未见出血"),
        ("跟普利类不能一起吃", "不可与普利类药物同服"),
        ("那是牙髓炎,补牙没用", "这就是牙髓炎，补牙是没有用的"),
        ("心率低于50停了找我", "心率低于50请停药并联系我"),
        ("不是没机会,断不了根", "并非没有机会，但不能根治"),
        ("晚上用丙卡特罗别用可待因", "夜间可用丙卡特罗，请勿使用可待因"),
        ("怕网脱,当天来查眼底", "为排除视网膜脱离，请当天来院检查眼底"),
        ("三天不行加到0.2", "如3天效果不理想，可加至0.2g"),
        ("身高体重说一下", "请问孩子的身高、体重是多少？"),
        ("吃奶怎么样，大便什么颜色？", "您能告诉我宝宝吃奶的情况，以及大便的颜色吗？"),
        ("甲状腺结节4a，先观察", "结节分级为4a类，建议先观察"),
        ("一周后再查", "请于一周后复查血常规"),
        ("疝气自己好不了", "疝气无法自愈"),
        ("蓝光照俩礼拜，打三针", "蓝光照射两周，共注射3次"),
        ("不像坏的", "恶性可能性不大"),
        ("雷贝10mg bid", "雷贝拉唑10mg，每日两次"),
        ("断不得,一针不能少", "不可中断，每一针都要打全"),
        ("同房先免了,海鲜断了", "暂时避免同房，请停食海鲜"),
        ("犯不着碎石,别干坐着", "没有必要碎石，请避免久坐"),
        ("脐带没掉别泡澡", "脐带脱落后再泡澡"),
        ("泡别捅破,牙膏别往上糊", "水疱请保持完整，牙膏不可外敷"),
        ("平时别抠别使劲擤,头不要往后仰", "平时请勿挖鼻、用力擤鼻，头部请勿后仰"),
        ("水疱不要碰", "您好，带状疱疹很疼，您不容易。请不要碰水疱"),
        ("心率低于55就先不吃", "当心率不足每分钟55次时请不要服用"),
        ("没尿、叫不醒赶紧去医院", "若无尿、唤不醒，须赶紧送医院"),
        ("一回半片,15分钟内吃饭", "每次0.5片，一刻钟之内进餐"),
        ("一片半,四个半小时内", "1片半，4.5小时内"),
        ("早中晚各一片,八成能好", "每日3次，每次1片，80%可以好转"),
        ("倍他乐克25mg,拜糖平50mg,黄连素3片", "美托洛尔25毫克，阿卡波糖50毫克，小檗碱3片"),
        ("苯磺酸氨氯地平5mg,孟鲁司特钠10mg", "氨氯地平5毫克，孟鲁司特10毫克"),
        ("多大了?多重?", "请告知孩子的年龄和体重"),
        ("麻醉过吗过敏不", "请问做过麻醉吗？有没有过敏？"),
        ("吃硝酸甘油的绝对不能用他达拉非", "如果正在吃硝酸甘油，那么他达拉非绝对不可以用"),
        ("他达拉非5mg每天一片 吃硝酸甘油的不能用", "他达拉非5毫克，每日1片；使用硝酸甘油者禁用"),
        ("自己停药会反弹的千万别停", "自行停药会反弹，请千万不要停药"),
        ("不用断奶,疼也要吸出来,吃药能喂奶", "奶不用断，再疼也得吸出来，吃着药能喂奶"),
        ("良性不用管", "您好，请别被报告吓到，要是良性就不用管它"),
        ("累了就停,一天3次", "累的话就歇，一日三次"),
        ("有渗液用碘伏擦,别抹紫药水", "脐带护理其实不难：有渗液时用碘伏擦，紫药水不要用"),
        ("有哮喘的噻吗洛尔不能点", "有哮喘者不能点噻吗洛尔"),
        ("耳石症没大事,复位就好", "好在耳石症不是什么大问题，复位后就好了"),
        ("不一定是癌前病变", "未必就是癌前病变"),
        ("LDL 4.1,血脂高", "您的低密度脂蛋白为4.1，偏高"),
        ("早晚各200mg", "早上200mg、晚上200mg"),
        ("以前有过吗", "请问以前有过这种情况吗？"),
        ("以后含花生的一口都不能碰", "往后凡是有花生的东西，一口都不要碰"),
        ("玻璃体混浊多半没事不用滴药", "玻璃体混浊多数无碍，无需滴药"),
        ("钙和D接着补,钾高了要停", "钙剂和维生素D继续补充，血钾升高则需停用"),
        ("晚上9点半前睡", "晚上九点半以前请睡下"),
        ("腰突没到开刀那步,先躺3天", "腰突还不到开刀的地步，先卧床3天"),
        ("没好再做尿培养", "如未好转，再行尿培养"),
        ("身边别离人", "身边不可无人陪伴"),
        ("速力菲0.1g一天3次", "速力菲（琥珀酸亚铁）0.1克，每日3次"),
        ("脚肿到哪了?腰疼不疼 有没有发烧", "脚肿到哪个位置了？请问有无腰痛、发热？"),
        ("喝了多少农药?什么名字?", "喝的是什么农药，喝了多少？"),
        ("不管喝多少都要来医院,别催吐", "不论喝了多少，请来医院，不要催吐"),
        ("看骨折没,没骨折就冰敷", "明确有无骨折，如果没有骨折，可以冰敷"),
    ],
)  # fmt: skip
def test_the_same_in_a_professional_register_passes(original: str, rewritten: str) -> None:
    assert faults(original, rewritten) == []


@pytest.mark.parametrize("fewer", [True, False])
def test_a_permission_tells_alone_and_a_denial_elsewhere_outweighs_a_bare_mention(fewer: bool) -> None:
    assert turned_round(Evidence(True, fewer, elsewhere=True, beside=True, masked=False))
    assert turned_round(Evidence(False, fewer, elsewhere=False, beside=False, masked=False))
    assert not turned_round(Evidence(False, fewer, elsewhere=True, beside=True, masked=False))
    assert turned_round(Evidence(False, fewer, elsewhere=True, beside=False, masked=True)) is fewer


@pytest.mark.parametrize("text", _TURNS)
def test_a_turn_is_faithful_to_itself_and_with_a_greeting(text: str) -> None:
    assert faults(text, text) == []
    assert faults(text, f"您好，{text}") == []


@given(st.integers(2, 9), st.sampled_from(["片", "粒", "次", "天", "周", "小时", "袋"]))
def test_han_and_arabic_numerals_are_equal(value: int, unit: str) -> None:
    han = "零一二三四五六七八九"[value]
    both = [
        [(amount.value, amount.unit) for amount in amounts(plain(f"吃{numeral}{unit}"))]
        for numeral in (han, str(value))
    ]
    assert both[0] == both[1] == [(float(value), both[0][0][1])]


@given(st.integers(11, 99))
def test_tens_are_equal(value: int) -> None:
    tens, ones = divmod(value, 10)
    han = ("" if tens == 1 else "零一二三四五六七八九"[tens]) + "十" + ("一二三四五六七八九"[ones - 1] if ones else "")
    assert [amount.said for amount in amounts(plain(f"观察{han}分钟"))] == [(float(value), "分钟")]


def test_a_period_is_one_in_every_spelling() -> None:
    assert periods("一天3次") == periods("每日三次") == periods("TID") == {"every day"}
    assert periods("隔天一次") == periods("每隔一日1次") == {"every other day"}


def test_as_many_are_paired_as_can_be_the_likest_first() -> None:
    assert paired({(0, 0): 1.0, (1, 0): 0.9, (0, 1): 0.5}) == {0: 1, 1: 0}
    assert paired({(0, 0): 0.5, (0, 1): 1.0, (1, 0): 0.4}) == {0: 1, 1: 0}
    assert paired({}) == {}


def test_courtesy_and_what_an_examination_is_for_are_no_questions() -> None:
    assert questions("还有其他问题吗？拍片看看有没有骨折。过几天复查。有什么不舒服再来。明白了吗？") == []
    assert questions("孩子精神好不好?吃奶怎么样") == ["孩子精神好不好?", "吃奶怎么样"]


def test_the_planted_damage_is_what_its_files_say() -> None:
    for name in SETS:
        if name == CLOSED:
            continue
        assert len(list(damages(read(name)))) > 300
    assert len(_TURNS) >= 120
    assert set(GATES) == {
        "form",
        "role",
        "identifiers",
        "numbers",
        "doses",
        "drugs",
        "terms",
        "negation",
        "certainty",
        "care",
        "questions",
    }


def test_amounts_of_one_size_are_equal_and_of_another_unit_not() -> None:
    def said(text: str) -> set[tuple[float, str]]:
        return {amount.said for amount in amounts(plain(text))}

    assert said("0.5g") != said("0.5mg")
    for one, other in (
        ("0.5g", "500毫克"),
        ("两周", "14天"),
        ("半年", "6个月"),
        ("2斤", "1公斤"),
        ("今晚十点", "今晚22:00"),
        ("38度5", "38.5℃"),
        ("面瘫第三天", "面瘫3天"),
        ("十来天", "10天"),
    ):
        assert said(one) == said(other) != set()
