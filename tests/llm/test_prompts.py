"""Which turns are answered, what of a long dialogue is shown, and how a sample is spread."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmtmedqa.informative import asks, is_informative, turns_to_judge
from cmtmedqa.judgements import Message
from cmtmedqa.llm.prompts import Prompt, left_trimmed, prompts_of, stratified
from cmtmedqa.records import DEPARTMENTS, Dialogue, Turn


def _turns(*texts: str) -> tuple[Turn, ...]:
    roles = ("patient", "doctor")
    return tuple(Turn.model_validate({"role": roles[place % 2], "text": text}) for place, text in enumerate(texts))


@pytest.mark.parametrize(
    "text",
    [
        "孩子发烧38.5度怎么办",
        "需要做胃镜吗",
        "这个药一天吃几次",
        "是什么原因引起的",
        "请问还能怀孕",
        "多久能好",
        "能不能喝酒",
        "挂什么科",
        "帮我看看报告",
        "要紧不？",
    ],
)
def test_a_question_needs_no_mark(text: str) -> None:
    assert asks(text)


@pytest.mark.parametrize(
    "text",
    ["没什么大碍了", "好几天没睡好", "我一直在吃降压药", "谢谢医生", "去过好几次"],
)
def test_a_statement_is_no_question(text: str) -> None:
    assert not asks(text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("谢谢您，再见", False),
        ("好的", False),
        ("嗯", False),
        ("昨天开始咳嗽，有黄痰", True),
        ("谢谢，那要吃多久的药？", True),
    ],
)
def test_informative_means_asking_or_reporting(text: str, wanted: bool) -> None:
    assert is_informative(text) is wanted


def test_the_last_question_is_judged_not_the_farewell() -> None:
    turns = _turns(
        "我头痛三天了，怎么办？", "做过检查吗？", "没做过，血压有点高", "建议测血压。", "谢谢医生，再见", "不客气"
    )
    assert turns_to_judge(turns) == [0]
    assert turns_to_judge(turns, "informative") == [0, 2]
    assert turns_to_judge(turns, "questions") == [0]


def test_without_a_question_the_last_report_is_judged_and_a_farewell_never() -> None:
    assert turns_to_judge(_turns("昨天开始咳嗽", "多喝水", "谢谢", "不客气")) == [0]
    assert turns_to_judge(_turns("谢谢", "不客气")) == []


def test_a_turn_without_a_reply_is_not_judged() -> None:
    assert turns_to_judge(_turns("我头痛怎么办？", "多休息。", "还是痛怎么办？")) == [0]


def test_a_prompt_ends_with_the_patient_and_leaves_the_answer_out() -> None:
    turns = _turns("我头痛三天了，怎么办？", "秘密的回答。")
    (prompt,) = prompts_of(Dialogue(id="d", source="s", turns=turns), "last-question", 1_000)
    assert [message.role for message in prompt.messages] == ["user"]
    assert prompt.dialogue_id == "d"
    assert prompt.department == "其他"


@given(st.lists(st.integers(1, 40), min_size=0, max_size=12), st.booleans(), st.integers(1, 200))
def test_trimming_cuts_whole_turns_at_the_left_and_keeps_the_last(sizes: list[int], system: bool, most: int) -> None:
    sizes = sizes if len(sizes) % 2 else [*sizes, 5]
    spoken = tuple(
        Message.model_validate({"role": ("user", "assistant")[place % 2], "content": "字" * size})
        for place, size in enumerate(sizes)
    )
    head = (Message(role="system", content="规则"),) if system else ()
    kept = left_trimmed((*head, *spoken), most)
    assert kept[: len(head)] == head
    rest = kept[len(head) :]
    assert rest == spoken[len(spoken) - len(rest) :]
    assert rest[0].role == "user"
    assert rest[-1] == spoken[-1]
    length = sum(len(message.content) for message in rest)
    assert length <= most or len(rest) == 1
    if len(rest) < len(spoken):  # the next exchange would not have fitted
        assert length + sum(len(message.content) for message in spoken[-len(rest) - 2 : -len(rest)]) > most


def _prompt(number: int, department: int, position: int) -> Prompt:
    message = (Message(role="user", content="问"),)
    return Prompt(f"p{number:04}", f"d{number}", message, DEPARTMENTS[department], position)  # type: ignore[arg-type]


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 8)), min_size=1, max_size=200),
    st.integers(1, 60),
    st.randoms(),
)
def test_a_sample_takes_each_cell_in_proportion_whatever_the_order(
    cells: list[tuple[int, int]], size: int, chance: object
) -> None:
    prompts = [_prompt(number, *cell) for number, cell in enumerate(cells)]
    taken = stratified(prompts, size, "0")
    shuffled = list(prompts)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert stratified(shuffled, size, "0") == taken
    assert len(taken) == min(size, len(prompts))
    assert len({prompt.id for prompt in taken}) == len(taken)
    whole = Counter((prompt.department, min(prompt.position, 5)) for prompt in prompts)
    found = Counter((prompt.department, min(prompt.position, 5)) for prompt in taken)
    if size >= len(whole):
        assert set(found) == set(whole)
    smaller = {prompt.id for prompt in stratified(prompts, max(size - 1, 1), "0")}
    assert smaller <= {prompt.id for prompt in taken}
