"""Ranks to groups to pairs: every weak order of four, any order of up to eight, and the ways in which experts disagree."""

import json
from collections.abc import Iterator, Sequence
from itertools import combinations, permutations, product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmedqa.annotate.judged import read_records, read_sets, sort_out
from cmtmedqa.annotate.merging import MergeRule, merged_order, verdicts
from cmtmedqa.annotate.preferences import Merged, merge
from cmtmedqa.judgements import Annotation, CandidateSet, Preference
from cmtmedqa.reliability import mid_ranks
from tests.annotate.simulated import RUBRIC, lines, make_sets

ALONE = MergeRule(min_votes=1)


def weak_orders(k: int) -> Iterator[tuple[int, ...]]:
    """The rank vectors of all weak orders of k, dense ranks from 1."""
    return (ranks for ranks in product(range(1, k + 1), repeat=k) if set(ranks) == set(range(1, max(ranks) + 1)))


def groups_of(ids: Sequence[str], ranks: Sequence[int]) -> list[list[str]]:
    return [[key for key, rank in zip(ids, ranks, strict=True) if rank == level] for level in sorted(set(ranks))]


def said(item: CandidateSet, ranks: Sequence[int], expert: str = "a", **fields: object) -> Annotation:
    """An annotation as `annotate pull` writes it; ranks stand in the order of the set's candidates."""
    ids = [candidate.id for candidate in item.candidates]
    best = max(ranks)
    value = {
        "id": f"p1:{expert}-{item.id}",
        "set_id": item.id,
        "annotator": expert,
        "shown": ids,
        "rank_groups": groups_of(ids, ranks),
        "scores": {
            key: dict.fromkeys(RUBRIC.dimension_ids, max(2, 5 - 3 * (rank - 1) // best))
            for key, rank in zip(ids, ranks, strict=True)
        },
        "rubric_version": RUBRIC.version,
    }
    return Annotation.model_validate(value | fields)


def merged(
    sets: Sequence[CandidateSet], found: Sequence[Annotation], rule: MergeRule = ALONE, **options: object
) -> Merged:
    by_id = {item.id: item for item in sets}
    splits = dict.fromkeys((item.dialogue_id for item in sets), "train")
    return merge(sort_out(found, RUBRIC, by_id), by_id, RUBRIC, splits, rule, **options)  # type: ignore[arg-type]


def pairs_of(preferences: Sequence[Preference], set_id: str) -> set[tuple[str, str]]:
    return {(pair.chosen_id, pair.rejected_id) for pair in preferences if pair.ranking_id == set_id}


def expected_pairs(item: CandidateSet, ranks: Sequence[int]) -> set[tuple[str, str]]:
    ids = [candidate.id for candidate in item.candidates]
    return {(ids[a], ids[b]) for a in range(len(ids)) for b in range(len(ids)) if ranks[a] < ranks[b]}


def test_all_75_weak_orders_of_four_survive_the_store(tmp_path: Path) -> None:
    orders = list(weak_orders(4))
    assert len(orders) == 75
    sets = make_sets(75)
    (tmp_path / "sets.jsonl").write_text(lines(sets), encoding="utf-8")
    given_ = [said(item, ranks, expert) for item, ranks in zip(sets, orders, strict=True) for expert in "ab"]
    (tmp_path / "annotations.jsonl").write_text(lines(given_), encoding="utf-8")

    found = merged(
        list(read_sets(tmp_path / "sets.jsonl").values()),
        read_records(tmp_path / "annotations.jsonl", Annotation),
        MergeRule(),
    )
    groups = {one.id: one.rank_groups for one in found.rankings}
    for item, ranks in zip(sets, orders, strict=True):
        assert pairs_of(found.preferences, item.id) == expected_pairs(item, ranks)
        if len(set(ranks)) > 1:
            ids = [candidate.id for candidate in item.candidates]
            assert [set(group) for group in groups[item.id]] == [set(group) for group in groups_of(ids, ranks)]
        else:
            assert item.id not in groups
    assert [drop.set_id for drop in found.dropped if drop.kind == "set"] == [sets[orders.index((1, 1, 1, 1))].id]


def test_the_example_of_the_paper_gives_five_pairs() -> None:
    """D > B = A > C."""
    (item,) = make_sets(1)
    found = merged([item], [said(item, (2, 2, 3, 1))])
    assert len(found.preferences) == 5
    assert [(drop.kind, drop.reason, drop.candidates) for drop in found.dropped] == [("pair", "tie", ("c0-0", "c0-1"))]


@pytest.mark.parametrize(
    ("ranks", "order"), [((2, 3, 1, 4), "CABD"), ((2, 3, 4, 1), "DABC"), ((4, 1, 2, 3), "BCDA"), ((1, 3, 2, 4), "ACBD")]
)
def test_ranks_are_not_used_as_places(ranks: tuple[int, ...], order: str) -> None:
    """The original tool stored response[rank] in place of the inverse: BCAD for the first, BCDA for the second of these."""
    (item,) = make_sets(1)
    (ranking,) = merged([item], [said(item, ranks)]).rankings
    assert "".join("ABCD"[int(group[0][-1])] for group in ranking.rank_groups) == order
    texts = {candidate.id: candidate.text for candidate in ranking.candidates}
    assert [texts[group[0]] for group in ranking.rank_groups] == [
        item.candidates["ABCD".index(one)].text for one in order
    ]


def test_the_named_cases_are_cycles_that_their_inverse_shows() -> None:
    """A permutation that is its own inverse could not show the bug; 14 of the 24 strict orders do."""
    wrong = [p for p in permutations(range(4)) if tuple(p.index(i) for i in range(4)) != p]
    assert len(wrong) == 14


@given(st.integers(2, 8).flatmap(lambda k: st.permutations(range(1, k + 1))), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_any_order_of_two_to_eight(ranks: list[int], chance: object) -> None:
    (item,) = make_sets(1, sizes=(len(ranks),))
    found = merged([item], [said(item, ranks)])
    assert pairs_of(found.preferences, item.id) == expected_pairs(item, ranks)
    margins = {(pair.chosen_id, pair.rejected_id): pair.margin for pair in found.preferences}
    rank = {candidate.id: value for candidate, value in zip(item.candidates, ranks, strict=True)}
    assert all(margin == rank[b] - rank[a] for (a, b), margin in margins.items())


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_the_order_on_the_screen_and_of_the_candidates_and_of_the_file_changes_nothing(data: st.DataObject) -> None:
    sets = make_sets(3, sizes=(4, 3, 5))
    found = [
        said(
            item,
            data.draw(st.lists(st.integers(1, 3), min_size=len(item.candidates), max_size=len(item.candidates))),
            expert,
        )
        for item in sets
        for expert in "abc"
    ]
    before = merged(sets, found, MergeRule())
    shuffled = [
        item.model_copy(update={"candidates": tuple(data.draw(st.permutations(item.candidates)))}) for item in sets
    ]
    moved = [
        one.model_copy(
            update={
                "shown": tuple(data.draw(st.permutations(one.shown))),
                "rank_groups": tuple(tuple(data.draw(st.permutations(group))) for group in one.rank_groups),
            }
        )
        for one in data.draw(st.permutations(found))
    ]
    assert merged(shuffled, moved, MergeRule()) == before


_RANKS = st.lists(st.integers(1, 4), min_size=4, max_size=4)


@given(st.lists(_RANKS, min_size=2, max_size=4), st.lists(_RANKS, max_size=1))
@settings(max_examples=300, deadline=None)
def test_a_merged_order_claims_only_what_was_decided_and_nothing_finer_does(
    first: list[list[int]], third: list[list[int]]
) -> None:
    ids = ["a", "b", "c", "d"]
    rankings = [[mid_ranks(groups_of(ids, ranks)) for ranks in some] for some in (first, third)]
    found = verdicts(ids, rankings[0], rankings[1], MergeRule())
    groups = merged_order(ids, found)
    place = {key: number for number, group in enumerate(groups) for key in group}

    def decided(order: dict[str, int]) -> bool:
        return all(
            found[pair].sign == (order[pair[0]] < order[pair[1]]) - (order[pair[0]] > order[pair[1]])
            for pair in found
            if order[pair[0]] != order[pair[1]]
        )

    assert decided(place)
    finest = max(len(set(ranks)) for ranks in weak_orders(4) if decided(dict(zip(ids, ranks, strict=True))))
    assert len(groups) == finest


def _verdict(first: Sequence[int], third: Sequence[int] = (), rule: MergeRule = MergeRule()) -> tuple[int, str]:  # noqa: B008 -- immutable
    def ranks(vote: int) -> dict[str, float]:
        return {"a": -vote, "b": 0}

    (found,) = verdicts(["a", "b"], [ranks(vote) for vote in first], [ranks(vote) for vote in third], rule).values()
    return found.sign, found.how


@pytest.mark.parametrize(
    ("first", "third", "expected"),
    [
        ([1, 1], [], (1, "votes")),
        ([1, 1], [-1], (1, "votes")),  # what two agreed on is not overturned
        ([1, -1], [], (0, "undecided")),
        ([1, -1], [-1], (-1, "third expert")),
        ([1, -1], [0], (0, "tie")),
        ([1, 0], [], (0, "undecided")),  # a tie is a vote for neither
        ([1, 0], [1], (1, "third expert")),
        ([0, 0], [], (0, "tie")),
        ([0, 0], [1], (0, "tie")),
        ([1, 1, -1], [], (1, "votes")),
        ([1, 1, -1, -1], [], (0, "undecided")),
        ([1], [], (0, "undecided")),
        ([1], [1], (1, "third expert")),
        ([1, -1], [1, -1], (0, "undecided")),
        ([0], [1], (1, "third expert")),  # one tie alone is no verdict of all
    ],
)
def test_how_a_pair_is_decided(first: list[int], third: list[int], expected: tuple[int, str]) -> None:
    assert _verdict(first, third) == expected


def test_the_rule_can_be_changed() -> None:
    assert _verdict([1, 1, -1], rule=MergeRule(min_agreement=0.8)) == (0, "undecided")
    assert _verdict([1], rule=MergeRule(min_votes=1)) == (1, "votes")
    assert _verdict([1, 1], rule=MergeRule(min_votes=3)) == (0, "undecided")


def test_the_worked_example_of_docs_preferences() -> None:
    (item,) = make_sets(1)
    first = [said(item, (1, 2, 3, 4), "a"), said(item, (2, 1, 3, 3), "b")]
    third = said(item, (1, 3, 2, 4), "c", id="p9:1", purpose="adjudication")
    (alone,) = merged([item], first, MergeRule()).rankings
    assert alone.rank_groups == (("c0-0", "c0-1"), ("c0-2", "c0-3"))
    found = merged([item], [*first, third], MergeRule())
    assert found.rankings[0].rank_groups == (("c0-0",), ("c0-1",), ("c0-2",), ("c0-3",))
    assert [round(pair.agreement, 3) for pair in found.preferences] == [0.667, 1, 1, 0.667, 1, 1]
    assert round(found.rankings[0].weight, 2) == 0.89


def test_a_cycle_becomes_one_group_and_says_so() -> None:
    (item,) = make_sets(1, sizes=(3,))
    found = merged(
        [item],
        [said(item, ranks, expert) for ranks, expert in zip([(1, 2, 3), (3, 1, 2), (2, 3, 1)], "abc", strict=True)],
        MergeRule(),
    )
    assert found.rankings == []
    assert [(drop.kind, drop.reason) for drop in found.dropped] == [
        ("set", "no_pair"),
        *[("pair", "not_transitive")] * 3,
    ]
    assert found.dropped[0].detail == "3 not_transitive"


def test_a_store_keeps_groups_of_ids() -> None:
    (item,) = make_sets(1)
    stored = json.loads(said(item, (2, 2, 3, 1)).model_dump_json())
    assert stored["rank_groups"] == [["c0-3"], ["c0-0", "c0-1"], ["c0-2"]]


def test_every_two_candidates_are_counted_once() -> None:
    sets = make_sets(30, sizes=(2, 3, 4, 5, 6))
    found = merged(
        sets,
        [
            said(item, [1 + (place * 7 + number) % 3 for place in range(len(item.candidates))], "a")
            for number, item in enumerate(sets)
        ],
    )
    for item in sets:
        both = {frozenset(pair) for pair in combinations([candidate.id for candidate in item.candidates], 2)}
        kept = [frozenset(pair) for pair in pairs_of(found.preferences, item.id)]
        lost = [frozenset(drop.candidates) for drop in found.dropped if drop.kind == "pair" and drop.set_id == item.id]
        assert sorted(map(sorted, [*kept, *lost])) == sorted(map(sorted, both))
