"""Planted overlaps are found, what is no overlap is not, and the evidence points at the text that matches."""

import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.planted_overlaps import (
    DEFAULTS,
    NOT_CONTAMINATION,
    PLANTS,
    found,
    index_of,
    normalised,
    overlaps,
)
from cmtmedqa.clean.normalise import simplify
from cmtmedqa.codepoints import code_points
from cmtmedqa.dedup.contamination import Index, Item, Limits, Overlap, find_overlaps, make_index
from cmtmedqa.dedup.folded import fold_column, fold_table

TABLE = fold_table(simplify)
ITEMS = 60
_WHO = ("我妈妈", "我父亲", "本人", "我女儿", "我同事", "我爱人")
_WHERE = ("左侧膝盖", "右边肩膀", "后脑勺", "肚脐周围", "脚后跟", "手腕内侧", "下颌关节", "小腿肚子")
_WHAT = ("一走路就酸痛", "夜里总是发麻", "起了一片红疹", "按下去有硬块", "早上肿得厉害", "时不时抽筋")
_SINCE = ("大概从12天前开始", "已经有3个多月", "上周5晚上突然出现", "断断续续快2年了")
_TRIED = ("贴过膏药没有用", "吃了4片布洛芬才好些", "还没有去过医院", "在社区拍过片子说正常")


def _sentence(chance: random.Random) -> str:
    return "，".join(chance.choice(pool) for pool in (_WHO, _WHERE, _WHAT, _SINCE, _TRIED))


def _dialogue(seed: int) -> list[tuple[str, str]]:
    chance = random.Random(seed)
    mark = "".join(chance.choice("甲乙丙丁戊己庚辛壬癸子丑寅卯") for _ in range(16))
    question = f"编号{mark}，{_sentence(chance)}，这种情况要不要紧？"
    answer = f"您好，{chance.choice(_WHERE)}的问题先观察，{mark[::-1]}，建议{chance.choice(_TRIED)}的话到门诊复查。"
    return [(question, answer), (f"{mark[::2]}以后{_sentence(chance)}，还能运动吗？", f"可以，{mark}，循序渐进。")]


@pytest.fixture(scope="module")
def items() -> list[list[tuple[str, str]]]:
    return normalised([_dialogue(seed) for seed in range(ITEMS)])


@pytest.fixture(scope="module")
def index(items: list[list[tuple[str, str]]]) -> Index:
    return index_of(items)


def _host(seed: int) -> list[tuple[str, str]]:
    """A dialogue about something else, made of other words."""
    chance = random.Random(seed)
    food = "、".join(chance.sample(("豆腐", "燕麦", "牛奶", "芹菜", "苹果", "鸡蛋", "紫菜", "红薯"), 4))
    return [
        (f"宝宝{chance.randrange(4, 30)}个月，可以开始吃{food}吗？", f"可以逐样添加{food}，每样观察三天有没有过敏。")
    ]


HOSTS = [_host(seed) for seed in range(ITEMS)]


@pytest.mark.parametrize("name", PLANTS)
def test_planted_items_are_found(name: str, items: list[list[tuple[str, str]]], index: Index) -> None:
    assert found(PLANTS[name], items, HOSTS, index, DEFAULTS) >= 0.95 * ITEMS


@pytest.mark.parametrize("name", NOT_CONTAMINATION)
def test_what_is_no_contamination_is_not_found(name: str, items: list[list[tuple[str, str]]], index: Index) -> None:
    planted = [NOT_CONTAMINATION[name](item, host, random.Random(1)) for item, host in zip(items, HOSTS, strict=True)]
    assert not overlaps(normalised(planted), index, DEFAULTS)


def _find(items: list[Item], *dialogues: list[str], limits: Limits = DEFAULTS) -> list[Overlap]:
    index = make_index(items, TABLE, limits.ngram)
    texts = [text for turns in dialogues for text in turns]
    number = np.repeat(np.arange(len(dialogues)), [len(turns) for turns in dialogues])
    patient = np.array([place % 2 == 0 for turns in dialogues for place in range(len(turns))])
    return find_overlaps(pa.array(texts, pa.string()), number, patient, index, limits)


STEM = "患者男，45岁，突发胸骨后压榨样疼痛3小时，含服硝酸甘油不缓解，最可能的诊断是"
OPTIONS = ("A 急性心肌梗死", "B 不稳定型心绞痛", "C 急性心包炎", "D 主动脉夹层")
CHOICE = Item(STEM, "", STEM + "".join(OPTIONS))


def test_options_alone_are_no_overlap_and_the_stem_alone_is_one() -> None:
    options = [f"这些病怎么区分：{''.join(OPTIONS)}", "要看心电图和心肌酶。"]
    stem = ["我爸爸的情况：患者 男,４５岁,突发胸骨后压榨样疼痛３小时,含服硝酸甘油不缓解", "请马上去急诊。"]
    assert [(found.dialogue, found.measure) for found in _find([CHOICE], options, stem)] == [(1, "question")]


def test_a_question_shorter_than_a_gram_needs_its_options_too() -> None:
    short = Item("心绞痛首选药是", "", "心绞痛首选药是" + "".join(OPTIONS))
    assert not _find([short], ["心绞痛首选药是哪个？", "硝酸甘油。"])
    assert [found.measure for found in _find([short], [f"心绞痛首选药是：{'、'.join(OPTIONS)}", "都不是。"])] == [
        "item"
    ]


def test_evidence_points_at_the_matching_characters_of_the_turn_as_it_is() -> None:
    turns = [
        "医生好！患者男， 67 岁，突发胸骨后压榨样疼痛 12 小时",
        "还有呢？",
        "含服硝酸甘油不缓解，最可能的诊断是什么",
    ]
    (overlap,) = _find([CHOICE], turns)
    matched = [(span.turn, turns[span.turn][span.start : span.end]) for span in overlap.spans]
    assert matched == [(0, "患者男， 67 岁，突发胸骨后压榨样疼痛 12 小时"), (2, "含服硝酸甘油不缓解，最可能的诊断是")]
    assert overlap.value == 1.0


def test_a_text_of_two_dialogues_is_in_neither() -> None:
    half = len(STEM) // 2
    limits = DEFAULTS._replace(coverage=0.9)
    assert not _find([CHOICE], ["你好", STEM[:half]], [STEM[half:], "好"], limits=limits)


def test_the_same_question_in_two_items_is_evidence_for_both() -> None:
    assert [found.item for found in _find([CHOICE, Item("别的问题", "", "别的问题"), CHOICE], [STEM, "急诊"])] == [0, 2]


def test_reworded_questions_with_the_same_long_answer_are_found_by_jaccard_or_not_at_all() -> None:
    answer = "".join(_sentence(random.Random(seed)) for seed in range(8))
    item = Item("我的膝盖怎么老是疼得睡不着觉呀", "", "我的膝盖怎么老是疼得睡不着觉呀" + answer)
    turns = ["膝盖痛", answer]
    assert [found.measure for found in _find([item], turns)] == ["jaccard"]
    assert not _find([item], turns, limits=DEFAULTS._replace(jaccard=None))


def test_items_shorter_than_a_gram_are_named() -> None:
    index = make_index([Item("头痛", "", "头痛休息"), CHOICE], TABLE, 13)
    assert index.too_short().tolist() == [True, False]


@given(st.lists(st.text(alphabet="头痛發烧AＡ1２，。 \n😀", max_size=40), max_size=6))
def test_every_folded_character_knows_its_place(texts: list[str]) -> None:
    table = TABLE
    points = code_points(pa.array(texts, pa.string()))
    folded = fold_column(pa.array(texts, pa.string()), table)
    assert folded.codes.tolist() == table[points.codes[folded.place]].tolist()
    assert folded.offsets[-1] == len(folded.codes)
    assert not {ord(mark) for mark in "，。 \n😀發Ａ２"} & set(folded.codes.tolist())


@given(st.integers(0, 2**32), st.integers(1, 5))
def test_the_index_finds_what_sets_of_grams_say(seed: int, dialogues: int) -> None:
    chance = random.Random(seed)

    def text() -> str:
        return "".join(chance.choice("甲乙") for _ in range(chance.randrange(3, 30)))

    items = [Item(question := text(), "", question + text()) for _ in range(4)]
    spoken = [[text() for _ in range(2 * chance.randrange(1, 4))] for _ in range(dialogues)]
    limits = Limits(5, 0.5, 3, None)
    index = make_index(items, TABLE, 5)
    flat = [turn for turns in spoken for turn in turns]
    number = np.repeat(np.arange(dialogues), [len(turns) for turns in spoken])
    patient = np.array([place % 2 == 0 for turns in spoken for place in range(len(turns))])
    got = {
        (overlap.dialogue, overlap.item): overlap.value
        for overlap in find_overlaps(pa.array(flat, pa.string()), number, patient, index, limits)
        if overlap.measure == "question"
    }
    assert got == _by_sets(items, spoken)


def _by_sets(items: list[Item], spoken: list[list[str]]) -> dict[tuple[int, int], float]:
    def grams(text: str) -> set[str]:
        return {text[place : place + 5] for place in range(len(text) - 4)}

    expected = {}
    for number, turns in enumerate(spoken):
        held = grams("".join(turns)) | grams("".join(turns[::2]))
        for place, item in enumerate(items):
            wanted = grams(item.question)
            shared = len(wanted & held)
            if wanted and shared >= max(0.5 * len(wanted), min(3, len(wanted))):
                expected[number, place] = shared / len(wanted)
    return expected
