"""Which sets go to a third expert."""

import pytest

from cmtmedqa.annotate.adjudication import Disagreement, Rule, disagreements
from cmtmedqa.judgements import Annotation, CandidateSet
from tests.annotate.simulated import make_sets
from tests.annotate.test_merging import said

ITEM: CandidateSet = make_sets(1)[0]
OFF = Rule(min_tau=None, best=None, veto_score=None, score_gap=None)


def _why(one: Annotation, other: Annotation, rule: Rule) -> tuple[str, ...]:
    found = disagreements([one, other], rule)
    return found[0].reasons if found else ()


@pytest.mark.parametrize(
    ("one", "other", "rule", "expected"),
    [
        ((1, 2, 3, 4), (1, 2, 3, 4), Rule(), ()),
        ((1, 2, 3, 4), (1, 2, 4, 3), Rule(), ()),  # tau 0.67
        ((1, 2, 3, 4), (2, 3, 4, 1), OFF._replace(min_tau=0.4), ("tau",)),
        ((1, 2, 3, 4), (2, 1, 3, 4), OFF._replace(best="overlap"), ("best",)),
        ((1, 2, 3, 4), (1, 1, 3, 4), OFF._replace(best="overlap"), ()),
        ((1, 2, 3, 4), (1, 1, 3, 4), OFF._replace(best="same"), ("best",)),
        ((1, 1, 1, 1), (1, 2, 3, 4), OFF._replace(min_tau=0.4), ("tau",)),  # tau is undefined, and yet they differ
        ((1, 1, 1, 1), (1, 1, 1, 1), Rule(), ()),
        ((1, 2, 3, 4), (4, 3, 2, 1), OFF, ()),
    ],
)
def test_orders_that_disagree(
    one: tuple[int, ...], other: tuple[int, ...], rule: Rule, expected: tuple[str, ...]
) -> None:
    flat = {key: dict.fromkeys(("safety", "professionalism", "fluency"), 3) for key in (f"c0-{n}" for n in range(4))}
    assert _why(said(ITEM, one, "a", scores=flat), said(ITEM, other, "b", scores=flat), rule) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [(1, 2, ("veto",)), (2, 3, ()), (3, 5, ("score_gap",)), (1, 3, ("score_gap", "veto")), (1, 1, ())],
)
def test_safety_scores_that_disagree(one: int, other: int, expected: tuple[str, ...]) -> None:
    def scored(value: int, expert: str) -> Annotation:
        scores = {f"c0-{n}": {"safety": 3, "professionalism": 1 + n, "fluency": 3} for n in range(4)}
        scores["c0-2"] = {"safety": value, "professionalism": 6 - value, "fluency": 3}
        return said(ITEM, (1, 2, 3, 4), expert, scores=scores)

    assert _why(scored(one, "a"), scored(other, "b"), Rule()) == expected


def test_who_has_judged_is_named_and_a_settled_set_is_left_out() -> None:
    sets = make_sets(3)
    found = [said(item, ranks, expert) for item in sets for ranks, expert in (((1, 2, 3, 4), "b"), ((4, 3, 2, 1), "a"))]
    all_ = disagreements(found, Rule())
    assert [item.set_id for item in all_] == ["set-0000", "set-0001", "set-0002"]
    assert all_[0] == Disagreement("set-0000", ("best", "score_gap", "tau"), -1.0, ("a", "b"))
    third = said(sets[1], (1, 2, 3, 4), "c", purpose="adjudication", id="p9:1")
    assert [item.set_id for item in disagreements([third, *found], Rule())] == ["set-0000", "set-0002"]
    assert disagreements(list(reversed(found)), Rule()) == all_


def test_only_independent_verdicts_count_and_the_latest_of_each_expert() -> None:
    one, other = said(ITEM, (1, 2, 3, 4), "a", id="p1:2"), said(ITEM, (1, 2, 3, 4), "b")
    assert disagreements([one, said(ITEM, (4, 3, 2, 1), "a", id="p1:10", purpose="duplicate"), other], Rule()) == []
    assert disagreements([said(ITEM, (4, 3, 2, 1), "a", id="p1:1"), one, other], Rule()) == []
    assert len(disagreements([said(ITEM, (4, 3, 2, 1), "a", id="p1:10"), one, other], Rule())) == 1
    assert disagreements([one], Rule()) == []
