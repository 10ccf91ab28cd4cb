"""What the page says for the codes of a report, in English and Chinese. A code that is not here is shown as it is."""

from cmtmedqa.build.wording import REASONS, Words

__all__ = ["DEPARTMENTS", "FEATURES", "PROVENANCES", "REASONS", "REPAIRS", "ROLES", "SPLITS", "STEPS", "Words"]

STEPS: Words = {
    "read": ("Read", "读取"),
    "forget": ("Remove on request", "按要求删除"),
    "normalise": ("Normalise", "规范化"),
    "deidentify": ("De-identify", "去标识化"),
    "filter": ("Filter", "过滤"),
    "validate": ("Validate", "校验"),
    "deduplicate": ("Deduplicate", "去重"),
    "decontaminate": ("Decontaminate", "去污染"),
}

DEPARTMENTS: Words = {
    "皮肤科": ("Dermatology", "皮肤科"),
    "外科": ("Surgery", "外科"),
    "儿科": ("Paediatrics", "儿科"),
    "整形美容": ("Plastic surgery", "整形美容"),
    "妇产科": ("Obstetrics, gynaecology", "妇产科"),
    "五官科": ("Eye, ear, nose, throat, mouth", "五官科"),
    "中医科": ("Chinese medicine", "中医科"),
    "肿瘤科": ("Oncology", "肿瘤科"),
    "内科": ("Internal medicine", "内科"),
    "家居健康": ("Health at home", "家居健康"),
    "男科": ("Andrology", "男科"),
    "传染病科": ("Infectious diseases", "传染病科"),
    "心理科": ("Mental health", "心理科"),
    "其他": ("Other", "其他"),
    "(none)": ("none stated or unknown", "未注明或未知"),
}

PROVENANCES: Words = {
    "real": ("real", "真实对话"),
    "rewritten": ("rewritten", "改写"),
    "expanded": ("expanded", "扩写"),
    "from_record": ("from a record", "来自病历"),
    "synthetic": ("synthetic", "合成"),
}

ROLES: Words = {"patient": ("patient", "患者"), "doctor": ("doctor", "医生"), "system": ("system", "系统")}

SPLITS: Words = {"train": ("train", "训练集"), "dev": ("dev", "开发集"), "test": ("test", "测试集")}

REPAIRS: Words = {
    "normalised_turn": ("turns whose text was normalised", "规范化了文本的轮次"),
    "same_role_run": ("dialogues with consecutive turns of one role merged", "合并了同一角色连续发言的对话"),
    "speaker_label_inside_turn": ("dialogues with a speaker label inside a turn", "轮次内部含说话人标签的对话"),
    "boundaries_unknown": ("dialogues whose bounds the file does not state", "文件未标明边界的对话"),
    "no_dialogue_section": ("records without a dialogue section", "没有对话部分的记录"),
    "turn_count_differs": ("records that state another number of turns", "标注轮次数与实际不符的记录"),
    "unknown_speaker_dropped": ("dialogues with lines of unknown speakers dropped", "去掉了未知说话人发言的对话"),
    "speaker_label": ("dialogues with a speaker label resolved", "处理了说话人标签的对话"),
    "empty_turn": ("dialogues with an empty turn dropped", "去掉了空轮次的对话"),
    "inner_system_turn": ("dialogues with a system turn in the middle dropped", "去掉了中间系统轮次的对话"),
    "leading_doctor_turn": ("dialogues with a doctor's turn before the patient's first dropped", "去掉了患者首轮之前医生发言的对话"),
    "trailing_patient_turn": ("dialogues with a patient's turn after the doctor's last dropped", "去掉了医生末轮之后患者发言的对话"),
}  # fmt: skip

FEATURES: Words = {
    "turns": ("turns", "轮次（发言）"),
    "patient_chars": ("characters by the patient", "患者字数"),
    "doctor_chars": ("characters by the doctor", "医生字数"),
    "informative_chars": ("characters outside farewells", "告别语以外的字数"),
    "question_rate": ("share of doctor turns with a question mark", "带问号的医生轮次占比"),
    "inquiry_turns": ("doctor turns that ask about the case", "询问病情的医生轮次"),
    "early_inquiry": ("asks before advising", "先问后答"),
    "farewell_turns": ("farewell turns", "告别轮次"),
    "repetition": ("share of repeated 10-grams", "重复 10-gram 占比"),
    "repeated_turns": ("share of repeated turns", "重复轮次占比"),
    "han_share": ("share of Han characters", "汉字占比"),
    "medical_terms": ("distinct medical terms", "不同医学术语数"),
    "medical_density": ("share of characters in medical terms", "医学术语字符占比"),
}
