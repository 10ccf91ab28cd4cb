"""The names of stages, repairs and reasons in plain words, as (Chinese, English): what people read in place of identifiers."""

STEPS: dict[str, tuple[str, str]] = {
    "read": ("读取", "reading"),
    "forget": ("按要求删除", "removal on request"),
    "normalise": ("规范化", "normalisation"),
    "turns": ("整理对话轮次", "arranging turns"),
    "deidentify": ("去标识化", "de-identification"),
    "filter": ("过滤", "filtering"),
    "validate": ("校验", "validation"),
    "deduplicate": ("去重", "deduplication"),
    "decontaminate": ("去污染", "decontamination"),
}

REPAIRS: dict[str, tuple[str, str]] = {
    "markup": ("去除网页标记", "HTML remnants removed"),
    "controls": ("去除不可见字符", "invisible characters removed"),
    "width": ("全角转半角", "full-width letters and digits folded"),
    "simplify": ("繁体转简体", "traditional characters simplified"),
    "punctuation": ("统一标点", "punctuation unified"),
    "space": ("整理空白", "white space tidied"),
    "boilerplate": ("去除模板用语、平台提示或广告", "template labels, platform notices or adverts removed"),
    "speaker_label": ("处理轮次内的说话人标签", "speaker labels inside a turn resolved"),
    "speaker_label_inside_turn": ("按轮次内的说话人标签拆分", "a turn split at a speaker label"),
    "empty_turn": ("去除空轮次", "empty turns removed"),
    "same_role_run": ("合并同一说话人的连续发言", "runs of one speaker merged"),
    "inner_system_turn": ("去除中间的系统消息", "system messages inside the dialogue removed"),
    "leading_doctor_turn": ("去除患者首次发言前的医生发言", "doctor's words before the patient's first removed"),
    "trailing_patient_turn": ("去除医生末次发言后的患者发言", "patient's words after the doctor's last removed"),
    "replaced_characters": ("替换无法解码的字符", "undecodable characters replaced"),
    "nul_characters": ("去除空字符", "NUL characters removed"),
    "unknown_speaker_dropped": ("去除说话人不明的发言", "words of an unknown speaker removed"),
    "boundaries_unknown": ("对话边界不明", "boundaries of the dialogue unknown"),
}

REASONS: dict[str, tuple[str, str]] = {
    "on_request": ("有人要求删除", "somebody asked for its removal"),
    "unknown_shape": ("记录的结构无法识别", "no known shape of record"),
    "unknown_file": ("文件类型无法识别", "no known kind of file"),
    "empty_file": ("文件中没有记录", "the file holds no record"),
    "bad_json": ("JSON 不完整或有错误", "broken JSON"),
    "truncated_json": ("JSON 被截断", "JSON cut short"),
    "bad_row": ("表格行有错误", "a broken table row"),
    "unterminated_quote": ("引号没有结束", "a quote that never ends"),
    "record_too_large": ("记录过大", "the record is too large"),
    "no_turns": ("没有对话轮次", "no turns"),
    "no_text": ("清洗后没有文字", "no text left after cleaning"),
    "no_doctor_turn": ("没有医生发言", "the doctor says nothing"),
    "no_patient_turn": ("没有患者发言", "the patient says nothing"),
    "no_answered_turn": ("没有得到回答的提问", "no question is answered"),
    "min_turns": ("轮次太少", "too few turns"),
    "max_turns": ("轮次太多", "too many turns"),
    "min_chars": ("对话太短", "the dialogue is too short"),
    "max_chars": ("对话太长", "the dialogue is too long"),
    "max_turn_chars": ("有一轮太长", "a turn is too long"),
    "min_doctor_chars": ("医生的话太少", "the doctor says too little"),
    "min_han_share": ("汉字比例太低", "too few Han characters"),
    "max_repetition": ("重复内容太多", "too much repetition"),
    "max_repeated_turns": ("重复的轮次太多", "too many repeated turns"),
    "min_medical_terms": ("医学词太少", "too few medical terms"),
    "min_inquiry_turns": ("医生问诊太少", "the doctor asks too little"),
    "exact_duplicate": ("与另一条记录完全相同", "the same as another record"),
    "near_duplicate": ("与另一条记录几乎相同", "nearly the same as another record"),
    "older_exact_duplicate": ("与已发布数据集中的记录完全相同", "the same as a record that was published before"),
    "older_near_duplicate": ("与已发布数据集中的记录几乎相同", "nearly the same as a record that was published before"),
    "in_evaluation_set": ("与评测集中的题目重合", "overlaps an item of an evaluation set"),
}


def words(table: dict[str, tuple[str, str]], name: str, language: str) -> str:
    """The plain words for a name in `zh` or `en`; a name without any is shown as it is."""
    return table[name][language != "zh"] if name in table else name
