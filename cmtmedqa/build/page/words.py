"""What the page says for the codes of a report, in English and Chinese. A code that is not here is shown as it is."""

Words = dict[str, tuple[str, str]]

STEPS: Words = {
    "read": ("Read", "读取"),
    "normalise": ("Normalise", "规范化"),
    "deidentify": ("De-identify", "去标识化"),
    "filter": ("Filter", "过滤"),
    "validate": ("Validate", "校验"),
    "deduplicate": ("Deduplicate", "去重"),
    "decontaminate": ("Decontaminate", "去污染"),
}

REASONS: Words = {
    "bad_block": ("a block of text that does not have the form of its file", "文本块的格式与所在文件不符"),
    "bad_history": ("the history is no list of question and answer", "历史不是问答对列表"),
    "bad_json": ("not valid JSON", "JSON 无法解析"),
    "bad_line": ("a line without the marks of its format", "该行缺少格式所需的标记"),
    "bad_literal": ("not a valid Python literal", "不是有效的 Python 字面量"),
    "bad_row": ("a row that does not fit its header", "该行与表头不符"),
    "compressed_too_large": ("unpacks to more than is allowed", "解压后超出上限"),
    "damaged_parquet": ("damaged Parquet file", "Parquet 文件损坏"),
    "damaged_xlsx": ("damaged xlsx file", "xlsx 文件损坏"),
    "damaged_zip": ("damaged archive", "压缩包损坏"),
    "empty_file": ("the file holds no record", "文件中没有记录"),
    "no_answer": ("the question has no answer", "问题没有回答"),
    "no_dialogue": ("neither a description nor a dialogue", "既无描述也无对话"),
    "no_prompt": ("no prompt before the two replies", "两个回复之前没有提问"),
    "no_question_or_answer": ("question or answer is missing", "缺少问题或回答"),
    "no_speaker": ("lines without a speaker", "没有标明说话人"),
    "no_turns": ("no turn with text", "没有含文本的轮次"),
    "record_too_large": ("longer than any record", "单条记录过长"),
    "truncated_json": ("the JSON ends too early", "JSON 不完整"),
    "truncated_zip": ("the archive ends too early", "压缩包不完整"),
    "unknown_boundaries": ("nothing tells where a dialogue ends", "无法判断对话的边界"),
    "unknown_file": ("no known kind of file", "未知的文件类型"),
    "unknown_shape": ("no known shape of record", "未知的记录形态"),
    "unknown_speaker": ("a speaker who is neither patient nor doctor", "说话人既非患者也非医生"),
    "unterminated_quote": ("a quoted field is not closed", "引号未闭合"),
    "no_text": ("no text is left after cleaning", "清洗后没有文本"),
    "no_doctor_turn": ("the doctor says nothing", "没有医生发言"),
    "no_patient_turn": ("the patient says nothing", "没有患者发言"),
    "no_answered_turn": ("no patient turn is answered", "没有得到回答的患者发言"),
    "min_turns": ("too few turns", "轮次过少"),
    "max_turns": ("too many turns", "轮次过多"),
    "min_chars": ("too few characters", "总字数过少"),
    "max_chars": ("too many characters", "总字数过多"),
    "max_turn_chars": ("a turn is too long", "单轮过长"),
    "min_doctor_chars": ("too few characters by the doctor", "医生字数过少"),
    "min_han_share": ("too few Han characters", "汉字占比过低"),
    "max_repetition": ("too much repeated text", "文本重复过多"),
    "max_repeated_turns": ("too many repeated turns", "重复轮次过多"),
    "min_medical_terms": ("too few medical terms", "医学术语过少"),
    "min_inquiry_turns": ("too few turns in which the doctor asks", "医生主动询问过少"),
    "empty_id": ("without an id", "没有编号"),
    "empty_source": ("without a source", "没有来源"),
    "unknown_role": ("an unknown role", "未知角色"),
    "empty_turn": ("an empty turn", "空轮次"),
    "role_order": ("patient and doctor do not alternate", "患者与医生未交替"),
    "last_turn_not_doctor": ("the doctor does not have the last word", "最后一轮不是医生"),
    "unknown_department": ("a department outside the 14", "科室不在 14 类之内"),
    "unknown_provenance": ("an unknown provenance", "未知的来历"),
    "age_out_of_range": ("an impossible age", "年龄不合理"),
    "exact_duplicate": ("the same text as a record that stays", "与保留的记录文本相同"),
    "near_duplicate": ("nearly the same text as a record that stays", "与保留的记录文本高度相似"),
}  # fmt: skip

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
