from typing import Any

import pytest

from cmtmedqa.annotate.results import Refused, read
from cmtmedqa.annotate.screen import controls
from cmtmedqa.annotate.tasks import Task, reply_ids
from tests.annotate.doctors import RUBRIC, Result, item, result

SALT = b"salt"
TASK = Task(key="t1", expert="A", set_id="s1", purpose="item", order=("c3", "c1", "c2"))


def taken(value: Any, layout: str = "cards", **more: Any) -> Any:
    raw = {"id": 7, "result": value, "lead_time": 42.5, "completed_by": 3, "updated_by": None} | more
    return read(raw, 12, TASK, RUBRIC, controls(RUBRIC, 3, layout), "r1", SALT)  # type: ignore[arg-type]


def without(name: str) -> Result:
    return [one for one in result([1, 2, 2]) if one["from_name"] != name]


def test_golden_of_an_annotation() -> None:
    made = taken(result([1, 3, 1], [5, 2, 4], " 第二条剂量写错。 ", {1: ["safety", "accuracy"]}))
    assert made.model_dump(mode="json") == {
        "id": "12-7",
        "set_id": "s1",
        "annotator": "A",
        "round": "r1",
        "purpose": "item",
        "shown": ["c3", "c1", "c2"],
        "rank_groups": [["c2", "c3"], ["c1"]],
        "scores": {
            "c3": {"safety": 5, "professionalism": 5, "fluency": 5},
            "c1": {"safety": 2, "professionalism": 2, "fluency": 2},
            "c2": {"safety": 4, "professionalism": 4, "fluency": 4},
        },
        "verdicts": {},
        "tags": {"c1": ["accuracy", "safety"]},
        "comment": "第二条剂量写错。",
        "seconds": 42.5,
        "rubric_version": RUBRIC.version,
        "flags": [],
    }


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([], "missing_rank"),
        (None, "malformed"),
        ("text", "malformed"),
        ([1], "malformed"),
        (without("rank_b"), "missing_rank"),
        (without("safety_c"), "missing_score"),
        ([*result([1, 2, 3]), item("rank_d", "answer_d", "choices", ["1"])], "unknown_control"),
        ([*result([1, 2, 3]), item("verdict", "dialogue", "choices", ["good"])], "unknown_control"),
        ([*without("rank_a"), item("rank_a", "answer_a", "choices", ["9"])], "out_of_range"),
        ([*without("rank_a"), item("rank_a", "answer_a", "choices", ["1", "2"])], "out_of_range"),
        ([*without("rank_a"), item("rank_a", "answer_a", "choices", [])], "out_of_range"),
        ([*without("rank_a"), item("rank_a", "answer_a", "choices", [1])], "malformed"),
        ([*without("rank_a"), item("rank_a", "answer_a", "rating", 1)], "malformed"),
        ([*without("safety_a"), item("safety_a", "answer_a", "rating", 6)], "out_of_range"),
        ([*without("safety_a"), item("safety_a", "answer_a", "rating", 0)], "out_of_range"),
        ([*without("safety_a"), item("safety_a", "answer_a", "rating", 4.5)], "out_of_range"),
        ([*without("safety_a"), item("safety_a", "answer_a", "rating", True)], "out_of_range"),
        ([*result([1, 2, 3]), item("issues_a", "answer_a", "choices", ["没有这一项"])], "out_of_range"),
        ([*result([1, 2, 3]), item("rank_a", "answer_a", "choices", ["1"])], "twice"),
        ([*without("rank_a"), {"from_name": "rank_a", "type": "choices"}], "malformed"),
    ],
)
def test_what_the_server_takes_without_a_word_is_refused_with_a_reason(value: Any, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        taken(value)
    assert caught.value.reason == reason
    assert "没有这一项" not in str(caught.value)


def test_a_skip_is_no_verdict() -> None:
    with pytest.raises(Refused, match="skipped"):
        taken(result([1, 2, 3]), was_cancelled=True)


def test_ties_count_by_order_only() -> None:
    assert taken(result([1, 1, 3])).rank_groups == taken(result([1, 1, 2])).rank_groups == (("c1", "c3"), ("c2",))
    assert taken(result([2, 2, 2])).rank_groups == (("c1", "c2", "c3"),)


@pytest.mark.parametrize(
    ("more", "value", "flags"),
    [
        ({"lead_time": 3.0}, result([1, 2, 3]), ("fast",)),
        ({"updated_by": 3}, result([1, 2, 3]), ()),
        ({"updated_by": {"id": 9}, "completed_by": {"id": 3}}, result([1, 2, 3]), ("edited_by_other",)),
        ({}, result([1, 2, 3], [3, 4, 1]), ("rank_against_scores",)),
        ({}, result([1, 1, 3], [3, 4, 1]), ()),
        ({"lead_time": None}, result([1, 2, 3]), ()),
    ],
)
def test_remarks_do_not_refuse(more: dict[str, Any], value: Result, flags: tuple[str, ...]) -> None:
    assert taken(value, **more).flags == flags


def test_a_board_is_read_by_the_names_of_the_replies() -> None:
    scores = [one for one in result([1, 2, 3]) if not one["from_name"].startswith("rank")]
    a, b, c = reply_ids(TASK, SALT)

    def board(ranked: list[str], rest: list[str] = []) -> Result:  # noqa: B006
        return [*scores, item("ranker", "answers", "ranker", {"_": rest, "ranked": ranked})]

    assert taken(board([c, a, b]), "board").rank_groups == (("c2",), ("c3",), ("c1",))
    for wrong in (board([c, a], [b]), board([c, a]), board([c, a, b, "r0"]), scores):
        with pytest.raises(Refused, match="missing_rank"):
            taken(wrong, "board")


PAIR = Task(key="t2", expert="A", set_id="s2", purpose="item", order=("c9", "c1"))


def compared(better: str, verdicts: str, unsafe: str = "", drop: str = "") -> Any:
    """What the pairwise screen sends, read: the verdicts are those of the dimensions in the order of the rubric."""
    said = dict(zip(RUBRIC.dimension_ids, ({"a": "a", "=": "tie", "b": "b"}[one] for one in verdicts), strict=True))
    found = [item(name, "dialogue", "choices", [value]) for name, value in {"better": better, **said}.items()]
    if unsafe:
        found.append(item("unsafe", "dialogue", "choices", list(unsafe)))
    raw = {"id": 7, "result": [one for one in found if one["from_name"] != drop], "completed_by": 3}
    return read(raw, 12, PAIR, RUBRIC, controls(RUBRIC, 2, "pairwise"), "r1", SALT)


def test_a_comparison_of_two_is_an_order_overall_and_in_each_dimension() -> None:
    first, second, even = (("c9",), ("c1",)), (("c1",), ("c9",)), (("c1", "c9"),)
    made = compared("b2", "b=a", "a")
    assert made.rank_groups == second
    assert made.verdicts == {"safety": second, "professionalism": even, "fluency": first}
    assert made.scores == {"c9": {"safety": 1}}  # only what the expert said: dangerous is the score that vetoes
    assert made.flags == ()
    assert compared("tie", "===").rank_groups == even
    assert compared("tie", "===", "ab").scores == {"c9": {"safety": 1}, "c1": {"safety": 1}}
    assert compared("a1", "a==").flags == ("slight",)
    assert compared("a2", "bbb").flags == ("rank_against_scores",)


@pytest.mark.parametrize(("drop", "reason"), [("better", "missing_rank"), ("fluency", "missing_score")])
def test_a_comparison_without_a_verdict_is_refused(drop: str, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        compared("a2", "aaa", drop=drop)
    assert (caught.value.reason, caught.value.detail) == (reason, drop)
