"""Classes of language by which a rewrite says the contrary, or the same in other words: a case for each."""

import pytest

from cmtmedqa.llm.gates import faults


@pytest.mark.parametrize(
    ("original", "rewritten", "gate"),
    [
        ("毛巾和家人分开,枕巾勤洗", "毛巾可与家人合用，枕巾勤洗。", "negation"),  # apart, together
        ("咸菜少吃,血压早晚量", "请增加咸菜摄入，早晚测量血压。", "negation"),  # less, more
        ("不痒了也继续涂,涂满4周", "不痒后即可停药，涂满4周。", "negation"),  # go on, stop
        ("孩子吃奶没劲就来医院", "孩子吃奶有力时请来医院。", "negation"),
        ("盗汗不是缺锌,别补锌", "盗汗就是因为缺锌，请勿补锌。", "negation"),  # a cause denied, affirmed
        ("伤口别包扎,流水冲", "伤口请尽快包扎，用流水冲洗。", "negation"),  # the very words, bidden
        ("脸麻说话不清耽误不得,今天就来", "脸麻、说话不清是不用着急的，请今天就来。", "negation"),
        ("痔疮大便出血肛门痒有吗", "请问痔疮是否大便出血？", "questions"),  # one of two complaints
        ("睡眠怎么样?纳食可好", "请问睡眠怎么样？", "questions"),
        ("吸烟不?腰围多少 体重", "请问是否吸烟？腰围多少？", "questions"),
    ],
)
def test_a_contrary_in_other_words_and_half_a_question_are_seen(original: str, rewritten: str, gate: str) -> None:
    assert gate in {fault.gate for fault in faults(original, rewritten)}


@pytest.mark.parametrize(
    ("original", "rewritten"),
    [
        ("八成是鼻炎,先喷药", "很可能是鼻炎，请先喷药。"),
        ("隔8小时才能吃第二次", "须间隔8小时才能再次服用。"),
        ("透明质酸没医生同意不准自己打", "透明质酸在没有医生同意之前，请不要自己注射。"),
        ("OK镜先不急,多户外", "OK镜暂不着急验配，请多在户外活动。"),
        ("起身晕几秒就好,慢点起", "起身时眩晕数秒即缓解，请慢慢起身。"),
        ("也不用做微波", "也不需要做微波（MWA）。"),
        ("嘴歪手麻说话不清随便哪样马上打120", "口角歪斜、手麻或言语不清，无论哪一种，请马上拨打120。"),
        ("不爱吃肉是不是腻?还是不爱嚼", "请问不爱吃肉是因为腻，还是不爱嚼？"),
        ("涂炉甘石,喘不上来打120上肾上腺素", "涂炉甘石，如果喘不上气，请拨打120，使用肾上腺素。"),
        ("痔疮不严重不用开刀", "您的痔疮病情较轻，无需手术。"),
        ("强的松别自己停,从6片减到5片", "强的松请不要自行停药，从6片减到5片。"),
    ],
)
def test_likelihoods_leave_and_names_in_brackets_are_no_change(original: str, rewritten: str) -> None:
    assert faults(original, rewritten) == []
