"""Characters and words that stand in many consultations: what a pattern's rarest pair of neighbours is, is told by them."""

# How common characters are in consultations, roughly: these make two thirds of all, some 3,000 others the rest.
OFTEN = frozenset(
    map(
        ord,
        "，。的有是不一可以我好生要了时您病能治？在和如情用果常多科这意性疗会你下建症体物食么药问还就查对康发血方个过到心来者感需肝况复、上大些出！检现吃注"
        "医孩院状解或为也后因等其期内外定进患身没他中重于高经免去种行子炎理健及院饮很保水吗做祝分什化持但活间说量正题引前都次人早面天诊部小痛素请所最应法谢合"
        "作手根助得起除动当自适怎据口想度见：服,明清比激看长力使平同气日年加考染胃压关白导致效抗而较少6123450.",
    )
)
# And words that stand in many texts, whose characters are less rare together than apart.
_WORDS = (
    "可以 治疗 建议 如果 医生 需要 情况 注意 可能 检查 症状 健康 问题 饮食 患者 什么 你好 其他 医院 您好 好的 祝您 进行 药物 您的 "
    "没有 食物 一般 方法 病情 根据 生活 保持 怎么 身体 一下 时间 避免 内科 外科 咨询 及时 我的 你的 出现 正常 引起 感染 手术 康复 "
    "早日 平时 疾病 主要 血压 孩子 宝宝 请问 最近 谢谢 客气 心理 皮肤 消化 神经 功能 影响 指导 时候 控制 口服 已经 诊断 首先 中心 "
    "卫生 门诊 住院 大夫 医师 病人 专家 报告 结果 复查 化验 病历 名字 儿童 女性 男性 上面 自己 还是 就是 不是 这个 是我"
)
WORDS = frozenset((ord(word[0]), ord(word[1])) for word in _WORDS.split(" "))
