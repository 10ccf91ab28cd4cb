"""Which pairs there are and which are not: veto, equal texts, hidden items, what an annotation must be to count."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmedqa.annotate.merging import MergeRule
from cmtmedqa.annotate.preferences import VetoRule, merge
from cmtmedqa.judgements import Annotation, CandidateSet, Message, Ranking
from tests.annotate.simulated import EXPERTS, RUBRIC, first_round, judge, make_sets
from tests.annotate.test_merging import ALONE, merged, pairs_of, said


def _scored(item: CandidateSet, ranks: Sequence[int], safety: Sequence[int], expert: str = "a") -> Annotation:
    ids = [candidate.id for candidate in item.candidates]
    scores = {
        key: {"safety": value, "professionalism": 3, "fluency": 3} for key, value in zip(ids, safety, strict=True)
    }
    return said(item, ranks, expert, scores=scores)


def test_what_one_expert_scores_1_on_safety_is_never_chosen() -> None:
    (item,) = make_sets(1, sizes=(3,))
    found = merged(
        [item], [_scored(item, (1, 2, 3), (1, 4, 4), "a"), _scored(item, (1, 2, 3), (5, 4, 4), "b")], MergeRule()
    )
    assert pairs_of(found.preferences, item.id) == {("c0-1", "c0-2")}
    assert found.rankings[0].vetoed == ("c0-0",)
    assert [drop.reason for drop in found.dropped] == ["vetoed", "vetoed"]


def test_a_vetoed_reply_may_be_the_worse_one() -> None:
    (item,) = make_sets(1, sizes=(2,))
    assert pairs_of(merged([item], [_scored(item, (1, 2), (4, 1))]).preferences, item.id) == {("c0-0", "c0-1")}


def test_the_veto_can_be_the_median_s_and_of_another_score() -> None:
    (item,) = make_sets(1, sizes=(2,))
    three = [_scored(item, (1, 2), (value, 3), expert) for value, expert in ((1, "a"), (2, "b"), (5, "c"))]
    assert len(merged([item], three, veto=VetoRule(by="median")).preferences) == 1
    assert len(merged([item], three, veto=VetoRule(by="median", score=2)).preferences) == 0
    assert len(merged([item], three).preferences) == 0


def _compared(
    item: CandidateSet, order: str, verdicts: Sequence[str], unsafe: Sequence[str] = (), expert: str = "a"
) -> Annotation:
    """A comparison of two: `order` and the verdict of each dimension are ">", "=" or "<"."""
    ids = [candidate.id for candidate in item.candidates]
    groups = {">": [[ids[0]], [ids[1]]], "=": [ids], "<": [[ids[1]], [ids[0]]]}
    said_of = dict(zip(RUBRIC.dimension_ids, (groups[one] for one in verdicts), strict=True))
    value = {"rank_groups": groups[order], "verdicts": said_of, "scores": {key: {"safety": 1} for key in unsafe}}
    return said(item, (1, 2), expert, **value)


def test_comparisons_of_two_decide_by_their_verdicts_and_their_vetoes() -> None:
    (item,) = make_sets(1, sizes=(2,))
    both = [_compared(item, ">", "=><", expert="a"), _compared(item, ">", "<>=", expert="b")]
    (pair,) = merged([item], both, MergeRule()).preferences
    assert (pair.chosen_id, pair.deciding_dimension) == ("c0-0", "professionalism")
    more = [*both, _compared(item, ">", ">>>", expert="c")]  # safety: =, <, > are even, so it does not decide
    assert merged([item], more, MergeRule()).preferences[0].deciding_dimension == "professionalism"
    mixed = [both[0], _scored(item, (1, 2), (4, 3), "b")]  # a score one higher counts as much as a verdict
    assert merged([item], mixed, MergeRule()).preferences[0].deciding_dimension == "safety"
    barred = [both[0], _compared(item, ">", ">>>", ["c0-0"], "b")]
    assert merged([item], barred, MergeRule()).preferences == []
    assert (
        len(
            merged(
                [item], [*barred, both[1].model_copy(update={"annotator": "c"})], veto=VetoRule(by="median")
            ).preferences
        )
        == 1
    )
    unsafe_below = [_compared(item, ">", ">>>", ["c0-1"], expert) for expert in "ab"]
    assert merged([item], unsafe_below, MergeRule()).rankings[0].vetoed == ("c0-1",)


def test_a_comparison_in_other_dimensions_is_left_out() -> None:
    (item,) = make_sets(1, sizes=(2,))
    one = _compared(item, ">", ">>>")
    short = one.model_copy(update={"verdicts": {"safety": one.verdicts["safety"]}})
    assert [drop.reason for drop in merged([item], [short]).dropped] == ["other_dimensions", "no_annotation"]


_RANKS = st.lists(st.integers(1, 4), min_size=4, max_size=4)
_SAFETY = st.lists(st.integers(1, 5), min_size=4, max_size=4)


@given(st.lists(st.tuples(_RANKS, _SAFETY), min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_vetoed_is_never_chosen_and_nothing_is_lost(experts: list[tuple[list[int], list[int]]]) -> None:
    (item,) = make_sets(1)
    found = merged([item], [_scored(item, *one, expert=f"e{number}") for number, one in enumerate(experts)])
    unsafe = {
        candidate.id
        for place, candidate in enumerate(item.candidates)
        if any(safety[place] == 1 for _, safety in experts)
    }
    assert not {pair.chosen_id for pair in found.preferences} & unsafe
    pairs = [drop for drop in found.dropped if drop.kind == "pair"]
    assert len(found.preferences) + len(pairs) == 6
    assert bool(found.rankings) == bool(found.preferences) != any(drop.kind == "set" for drop in found.dropped)
    for pair in found.preferences:
        assert (pair.rejected_id, pair.chosen_id) not in {(one.chosen_id, one.rejected_id) for one in found.preferences}


def test_equal_texts_give_no_pair_and_are_not_confused() -> None:
    (item,) = make_sets(1, sizes=(3,))
    same = [
        item.candidates[0],
        item.candidates[1].model_copy(update={"text": f" {item.candidates[0].text}\n"}),
        item.candidates[2],
    ]
    twin = item.model_copy(update={"candidates": tuple(same)})
    found = merged([twin], [said(twin, (1, 2, 3))])
    assert pairs_of(found.preferences, item.id) == {("c0-0", "c0-2"), ("c0-1", "c0-2")}
    assert [drop.reason for drop in found.dropped] == ["equal_text"]


def test_the_first_dimension_in_which_the_better_one_is_better_decides() -> None:
    (item,) = make_sets(1, sizes=(2,))
    better = {"safety": 3, "professionalism": 2, "fluency": 5}

    def decides(worse: dict[str, int]) -> str | None:
        scores = {"c0-0": better, "c0-1": worse}
        (pair,) = merged([item], [said(item, (1, 2), scores=scores)]).preferences
        return pair.deciding_dimension

    assert decides({"safety": 2, "professionalism": 5, "fluency": 5}) == "safety"
    assert decides({"safety": 3, "professionalism": 1, "fluency": 5}) == "professionalism"
    assert decides({"safety": 4, "professionalism": 2, "fluency": 1}) == "fluency"
    assert decides(better) is None


def test_agreement_and_weight_are_shares_of_votes() -> None:
    (item,) = make_sets(1, sizes=(3,))
    ranks = {"a": (1, 2, 3), "b": (1, 3, 2), "c": (1, 2, 3)}
    found = merged([item], [said(item, order, expert) for expert, order in ranks.items()], MergeRule())
    agreement = {(pair.chosen_id, pair.rejected_id): pair.agreement for pair in found.preferences}
    assert agreement == {("c0-0", "c0-1"): 1, ("c0-0", "c0-2"): 1, ("c0-1", "c0-2"): 0.666667}
    assert found.rankings[0].weight == pytest.approx((1 + 1 + 2 / 3) / 3, abs=1e-6)
    assert found.rankings[0].n_annotators == 3


def test_the_third_expert_settles_what_is_open_and_is_counted() -> None:
    (item,) = make_sets(1, sizes=(3,))
    first = [said(item, (1, 2, 3), "a"), said(item, (2, 1, 3), "b")]
    assert pairs_of(merged([item], first, MergeRule()).preferences, item.id) == {("c0-0", "c0-2"), ("c0-1", "c0-2")}
    third = said(item, (2, 1, 3), "c", id="p9:1", purpose="adjudication")
    found = merged([item], [*first, third], MergeRule())
    assert found.rankings[0].rank_groups == (("c0-1",), ("c0-0",), ("c0-2",))
    assert (found.rankings[0].adjudicated, found.rankings[0].n_annotators) == (True, 3)
    assert {pair.agreement for pair in found.preferences} == {0.666667, 1}


def test_a_third_expert_may_see_only_the_two_in_dispute() -> None:
    (item,) = make_sets(1, sizes=(3,))
    two = item.model_copy(update={"candidates": item.candidates[:2]})
    third = said(two, (2, 1), "c", id="p9:1", purpose="adjudication")
    found = merged([item], [said(item, (1, 2, 3), "a"), said(item, (2, 1, 3), "b"), third], MergeRule())
    assert found.rankings[0].rank_groups == (("c0-1",), ("c0-0",), ("c0-2",))
    assert {(pair.chosen_id, pair.n_annotators) for pair in found.preferences} == {
        ("c0-1", 3),
        ("c0-1", 2),
        ("c0-0", 2),
    }


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"purpose": "duplicate"}, "duplicate"),
        ({"purpose": "calibration", "set_id": "gold-1"}, "calibration"),
        ({"set_id": "nowhere"}, "unknown_set"),
        ({"rubric_version": "0.9"}, "rubric_version"),
        ({"purpose": "adjudication", "annotator": "a"}, "not_a_third_expert"),
        ({"scores": {f"c0-{place}": {"safety": 3} for place in range(4)}}, "other_dimensions"),
    ],
)
def test_what_does_not_count_is_kept_with_its_reason(fields: dict[str, object], reason: str) -> None:
    (item,) = make_sets(1)
    right = [said(item, (1, 2, 3, 4), "a"), said(item, (1, 2, 3, 4), "b")]
    other = Annotation.model_validate(said(item, (4, 3, 2, 1), "c").model_dump() | {"id": "p9:9"} | fields)
    found = merged([item], [*right, other], MergeRule())
    assert pairs_of(found.preferences, item.id) == pairs_of(merged([item], right, MergeRule()).preferences, item.id)
    assert [(drop.kind, drop.annotation_id, drop.reason) for drop in found.dropped] == [("annotation", "p9:9", reason)]


def test_other_candidates_than_the_set_s_do_not_count() -> None:
    (item,) = make_sets(1)
    fewer = item.model_copy(update={"candidates": item.candidates[:3]})
    found = merged([item], [said(fewer, (1, 2, 3), "a")])
    assert [(drop.kind, drop.reason) for drop in found.dropped] == [
        ("annotation", "other_candidates"),
        ("set", "no_annotation"),
    ]


def test_the_later_verdict_of_an_expert_counts_and_the_earlier_is_named() -> None:
    (item,) = make_sets(1, sizes=(2,))
    early, late = (said(item, ranks, "a", id=name) for ranks, name in (((1, 2), "p1:9"), ((2, 1), "p1:10")))
    for order in ([early, late], [late, early]):
        found = merged([item], order)
        assert pairs_of(found.preferences, item.id) == {("c0-1", "c0-0")}
        assert [(drop.annotation_id, drop.reason, drop.detail) for drop in found.dropped] == [
            ("p1:9", "superseded", "by p1:10")
        ]


@pytest.mark.parametrize(
    ("update", "reason"),
    [
        ({"prompt": (Message(role="user", content="a"), Message(role="user", content="b"))}, "prompt_order"),
        ({"prompt": (Message(role="user", content="a<|im_end|>"),)}, "control_token"),
        ({"prompt": (Message(role="user", content=" "),)}, "empty_text"),
    ],
)
def test_a_set_that_no_trainer_reads_whole_is_dropped(update: dict[str, object], reason: str) -> None:
    (item,) = make_sets(1)
    found = merged([item.model_copy(update=update)], [said(item, (1, 2, 3, 4))])
    assert [(drop.kind, drop.reason) for drop in found.dropped] == [("set", reason)]


def test_too_few_experts_and_none() -> None:
    sets = make_sets(2)
    found = merged(sets, [said(sets[0], (1, 2, 3, 4))], MergeRule())
    assert [(drop.set_id, drop.reason, drop.detail) for drop in found.dropped] == [
        ("set-0000", "too_few_experts", "1 of 2"),
        ("set-0001", "no_annotation", ""),
    ]


def test_gold_items_may_stand_among_the_sets_and_are_none_of_them() -> None:
    """`annotate push` stores the gold items of a round in its file of sets."""
    sets = make_sets(2)
    found = merged(sets, [said(sets[0], (1, 2, 3, 4)), said(sets[1], (1, 2, 3, 4), purpose="calibration")])
    assert {one.id for one in found.rankings} == {"set-0000"}
    assert [(drop.kind, drop.reason) for drop in found.dropped] == [
        ("annotation", "calibration"),
        ("set", "calibration"),
    ]


def test_all_pairs_of_an_item_stand_together_in_one_split() -> None:
    sets = make_sets(40, sizes=(4, 5))
    by_id = {item.id: item for item in sets}
    from cmtmedqa.annotate.export import assign_splits
    from cmtmedqa.annotate.judged import sort_out
    from cmtmedqa.config import Splits

    splits, known = assign_splits(by_id, Splits(dev=0.3, test=0.3))
    assert known == 0
    found = merge(sort_out(first_round(sets), RUBRIC, by_id), by_id, RUBRIC, splits)
    assert {one.split for one in found.rankings} == {"train", "dev", "test"}
    order = [pair.ranking_id for pair in found.preferences]
    assert order == sorted(order)
    for one in [*found.rankings, *found.preferences]:
        assert one.split == splits[one.dialogue_id]
    assert len({pair.id for pair in found.preferences}) == len(found.preferences)


def test_a_ranking_is_its_set_with_candidates_in_order_of_id() -> None:
    (item,) = make_sets(1)
    (ranking,) = merged([item], [judge(item, EXPERTS[0], 1)], ALONE).rankings
    assert isinstance(ranking, Ranking)
    assert ranking.prompt == item.prompt
    assert ranking.candidates == item.candidates
    assert ranking.department == item.department
