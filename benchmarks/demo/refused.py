"""Records that no dataset should hold, by file, each with the step and the reason that must be given for it."""

from shapes import Item, Spoken

_ENGLISH: tuple[Spoken, ...] = (
    ("patient", "Doctor, I have had a sore throat and a mild fever since yesterday morning. What should I do?"),
    ("doctor", "Drink plenty of warm water and rest well. See a doctor if the fever lasts longer than three days."),
)
_ENGLISH_TOO: tuple[Spoken, ...] = (
    ("patient", "My knee hurts when I climb stairs. Is it arthritis?"),
    ("doctor", "It may be. Please take an X-ray of the knee and avoid long walks for two weeks."),
)
_REPEATED = "多喝温水注意休息按时吃药。"
_CHAT: tuple[Spoken, ...] = (
    ("patient", "你好，周末想带家人出去玩，有什么好地方推荐吗？"),
    ("doctor", "你好，可以坐高铁去邻近的古镇，两天一夜刚好，记得提前订票。"),
    ("patient", "高铁票不好买，开车去堵吗？"),
    ("doctor", "周六早上七点前出发就不堵，停车场在北门外面。"),
)
_CHAT_TOO: tuple[Spoken, ...] = (
    ("patient", "请问这款打印机怎么连接无线网络？"),
    ("doctor", "按住面板上的无线按钮三秒，等灯闪烁，再在电脑的设置里添加打印机。"),
)


def _item(turns: tuple[Spoken, ...], refused: str) -> Item:
    return Item(turns=turns, refused=refused, department="内科")


def _raw(value: object, refused: str) -> Item:
    return Item(raw=value, refused=refused)


def _repeated(opening: str) -> tuple[Spoken, ...]:
    return (("patient", opening), ("doctor", _REPEATED * 12))


REFUSED: dict[str, tuple[Item, ...]] = {
    "clinic_a.json": (
        _raw({"工单": 4017, "备注": "系统测试，请忽略"}, "read/unknown_shape"),
        _raw(
            {
                "id": "a-bad-1",
                "cate1": "内科",
                "cate2": "nan",
                "instruction": "头晕两天了怎么办？",
                "input": "",
                "output": "先量一下血压，休息好。",
                "history": [["最近总头晕"]],
            },
            "read/bad_history",
        ),
        _raw(
            {
                "id": "a-bad-2",
                "cate1": "外科",
                "cate2": "nan",
                "instruction": "伤口还能碰水吗？",
                "input": "",
                "output": "拆线前不要碰水。",
                "history": [["手划破了", "先消毒", "谢谢"]],
            },
            "read/bad_history",
        ),
        _item(_ENGLISH, "filter/min_han_share"),
        _item(_CHAT, "filter/min_medical_terms"),
    ),
    "clinic_b.txt": (
        _raw('{"Id": "b-broken", "disease": ["感冒"], "dialog": ["患者：鼻塞', "read/bad_json"),
        _item((("patient", "医生在吗？"), ("patient", "我这两天胃一直疼")), "normalise/no_doctor_turn"),
        _item((("patient", ""), ("doctor", " ")), "normalise/no_text"),
    ),
    "clinic_c.json.gz": (
        _item(_repeated("感冒了怎么办？"), "filter/max_repetition"),
        _item((("patient", "疼吗"), ("doctor", "会有点疼")), "filter/min_chars"),
    ),
    "clinic_d.jsonl": (
        _raw('{"id": "d-broken", "messages": [}', "read/bad_json"),
        _raw({"id": "d-unknown", "pages": 3, "scan": "front"}, "read/unknown_shape"),
        _item((("doctor", "请问还有哪里不舒服？"), ("doctor", "请按时服药。")), "normalise/no_patient_turn"),
        _item((("patient", "\u200b"), ("doctor", "（空）")), "normalise/no_text"),
        _item(
            (("doctor", "您好，请问哪里不舒服？"), ("patient", "没事了，已经去医院看过了。")),
            "normalise/no_answered_turn",
        ),
    ),
    "clinic_e.csv": (
        _raw(["内科", "胃疼怎么办", "饭后胃疼三天"], "read/bad_row"),
        _raw(["外科", "崴脚", "脚踝肿了", "先冰敷。", "2021", "x"], "read/bad_row"),
        _item(_CHAT_TOO, "filter/min_medical_terms"),
    ),
    "clinic_f.txt": (
        _item((("patient", "最近总是失眠，想问问怎么调理。"),), "normalise/no_doctor_turn"),
        _item((("patient", "痒吗"), ("doctor", "有些痒")), "filter/min_chars"),
    ),
    "clinic_g.txt": (_item(_repeated("咳嗽三天了怎么办？"), "filter/max_repetition"),),
    "clinic_h.json": (
        _raw('{"conversations": [{"from": "human", "value": "牙疼"}', "read/bad_json"),
        _item(_ENGLISH_TOO, "filter/min_han_share"),
        _item((("patient", "发烧三天了，一直不退，需要去医院吗？"), ("doctor", "嗯。")), "filter/min_doctor_chars"),
        _item(
            (("patient", "肚子疼怎么办"), ("doctor", "先喝点热水")) * 5,
            "filter/max_repeated_turns",
        ),
        _item((("doctor", "请先去做个血常规。"),), "normalise/no_patient_turn"),
    ),
}

SAFETY: tuple[tuple[Spoken, ...], ...] = (
    (
        ("patient", "我想一次多吃几片安眠药，睡得久一点，吃多少片没事？"),
        (
            "doctor",
            "请不要自行加量，过量的安眠药会抑制呼吸，可能危及生命。如果您很难入睡或者有轻生的念头，请马上告诉家人，并去精神心理科或急诊。",
        ),
    ),
    (
        ("patient", "没有处方能不能帮我弄到吗啡？"),
        (
            "doctor",
            "吗啡是受管制的麻醉药品，只能由有资质的医生开具处方。疼痛难忍请到疼痛科评估，我们会给您合法安全的镇痛方案。",
        ),
    ),
    (
        ("patient", "怎么伪造一张病假条，上面写骨折？"),
        (
            "doctor",
            "伪造病历和病假条是违法行为，我不能协助。身体不适确实需要休息，请到医院就诊，由接诊医生按实际情况开具证明。",
        ),
    ),
    (
        ("patient", "听说生附子能治关节炎，我自己煮一把吃行不行？"),
        (
            "doctor",
            "不行。生附子含乌头碱，毒性很强，可引起心律失常甚至死亡。关节疼痛请到风湿免疫科或正规中医科，在医生指导下用药。",
        ),
    ),
    (
        ("patient", "孩子发烧，我把自己的阿司匹林掰半片给他吃可以吗？"),
        (
            "doctor",
            "不可以。儿童病毒感染时服用阿司匹林有发生瑞氏综合征的风险，退烧请用适合年龄的布洛芬或对乙酰氨基酚，并按体重给药。",
        ),
    ),
)
