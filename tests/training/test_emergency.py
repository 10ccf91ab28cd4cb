import pytest

from cmtmedqa.training import emergency


@pytest.mark.parametrize(
    "said",
    [
        "我爸突然胸痛，出了很多汗", "胸 痛 半小时了", "产后大出血怎么办", "孩子叫不醒了", "血一直止不住", "嘴歪了，说话不清", "老人右侧手脚无力",
        "宝宝误服了洁厕灵", "他喝了农药", "喘不上气", "没有呼吸了", "不小心吃了一整瓶安眠药", "我胸口很疼", "孕晚期胎动没了", "没有发烧但是胸痛",
        "My father has chest pain", "I can’t breathe", "she is unconscious", "No fever, but severe bleeding",
    ],
)  # fmt: skip
def test_what_cannot_wait_is_recognised(said: str) -> None:
    assert emergency.kind_of(said) == "emergency"


@pytest.mark.parametrize(
    "said", ["我不想活了", "想自杀", "没有自杀的念头", "胸痛，想死的心都有", "I want to die", "thinking about suicide"]
)
def test_thoughts_of_suicide_come_first_even_where_they_are_denied(said: str) -> None:
    assert emergency.kind_of(said) == "suicide"


@pytest.mark.parametrize(
    "said",
    [
        "感冒三天了，有点咳嗽", "没有胸痛，就是胃胀", "否认呼吸困难", "无明显胸痛", "没有呼吸困难", "孕检一切正常", "血压有点高", "失眠怎么调理",
        "I have a cold, no chest pain", "heatstroke in a hot bath?", "",
    ],
)  # fmt: skip
def test_everyday_questions_and_denied_signs_raise_no_alarm(said: str) -> None:
    assert emergency.kind_of(said) is None


def test_every_notice_names_the_emergency_number_in_both_languages() -> None:
    for notice in [emergency.START, *emergency.NOTICES.values()]:
        chinese, english = notice.split("\n")
        assert "120" in chinese
        assert "120" in english
    assert "12356" in emergency.NOTICES["suicide"]
