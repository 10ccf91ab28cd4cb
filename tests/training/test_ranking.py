"""The loss over whole rankings against plain loops, and the figures of held-out rankings against hand-made ones."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch", reason="training needs torch: pip install -e '.[train]'")

import torch

from cmtmedqa.training import ranking_report
from cmtmedqa.training.ranking import item_losses, ordered_pairs, pair_index, ranking_loss
from cmtmedqa.training.ranking_report import Scored

RANKS = st.lists(st.integers(0, 4), min_size=2, max_size=6)


def reference_loss(
    scores: list[list[float]], ranks: list[list[int]], weights: list[float], margin: float, center: float
) -> float:
    """Section 6 of the specification, as loops."""
    total = 0.0
    for item, order, weight in zip(scores, ranks, weights):
        losses = []
        for a in range(len(order)):
            for b in range(len(order)):
                if order[a] < order[b]:
                    gap = len({rank for rank in order if order[a] < rank <= order[b]})
                    losses.append(math.log1p(math.exp(-(item[a] - item[b] - margin * gap))))
        total += weight * sum(losses) / len(losses)
    everything = [score for item in scores for score in item]
    return total / sum(weights) + center * sum(score * score for score in everything) / len(everything)


@given(RANKS)
def test_pairs_are_exactly_the_ordered_ones(ranks: list[int]) -> None:
    pairs = {(a, b) for a, b, _ in ordered_pairs(ranks)}
    assert pairs == {(a, b) for a in range(len(ranks)) for b in range(len(ranks)) if ranks[a] < ranks[b]}


def test_a_tie_gives_no_pair_and_gaps_count_groups() -> None:
    assert ordered_pairs([2, 7, 2, 0]) == [(0, 1, 1), (2, 1, 1), (3, 0, 1), (3, 1, 2), (3, 2, 1)]  # D > A = C > B


def test_a_vetoed_answer_is_never_the_better_one() -> None:
    assert ordered_pairs([0, 1, 2], vetoed=[0]) == [(1, 2, 1)]
    assert ordered_pairs([0, 1, 2], vetoed=[2]) == [(0, 1, 1), (0, 2, 2), (1, 2, 1)]


@pytest.mark.parametrize(("margin", "center"), [(0.0, 0.0), (0.3, 0.01)])
def test_the_loss_is_that_of_plain_loops(margin: float, center: float) -> None:
    chance = random.Random(7)
    ranks = [[0, 1, 2, 3], [1, 0], [0, 0, 1], [2, 1, 1, 0, 3], [5, 9, 5]]
    scores = [[chance.gauss(0, 2) for _ in order] for order in ranks]
    weights = [1.0, 0.25, 0.5, 0.75, 1.0]
    index = pair_index([ordered_pairs(order) for order in ranks], list(map(len, ranks)))
    flat = torch.tensor([score for item in scores for score in item], requires_grad=True)
    loss = ranking_loss(flat, index, torch.tensor(weights), margin=margin, center=center)
    assert float(loss.detach()) == pytest.approx(reference_loss(scores, ranks, weights, margin, center), rel=1e-6)
    alike = ranking_loss(flat, index, margin=margin, center=center)
    assert float(alike.detach()) == pytest.approx(reference_loss(scores, ranks, [1.0] * 5, margin, center), rel=1e-6)


def test_an_item_counts_once_whatever_its_size() -> None:
    """A mean over all pairs at once would weigh the item of six pairs six times."""
    index = pair_index([ordered_pairs([0, 1, 2, 3]), ordered_pairs([0, 1])], [4, 2])
    scores = torch.tensor([3.0, 2.0, 1.0, 0.0, 0.0, 5.0])
    losses = item_losses(scores, index)
    assert float(ranking_loss(scores, index)) == pytest.approx(float(losses.sum()) / 2)


def test_a_tie_gets_no_gradient() -> None:
    index = pair_index([ordered_pairs([0, 1, 1])], [3])
    scores = torch.tensor([0.0, 1.0, -1.0], requires_grad=True)
    ranking_loss(scores, index).backward()
    moved = torch.tensor([0.0, 1.0, -1.0], requires_grad=True)
    by_hand = torch.nn.functional.softplus(-(moved[0] - moved[1])) + torch.nn.functional.softplus(
        -(moved[0] - moved[2])
    )
    (by_hand / 2).backward()
    assert torch.allclose(scores.grad, moved.grad)


def test_an_item_without_a_pair_is_refused() -> None:
    with pytest.raises(ValueError, match="without a pair"):
        pair_index([ordered_pairs([0, 0])], [2])


def test_the_report_against_figures_made_by_hand() -> None:
    items = [
        Scored([2.0, 1.0, 0.0], ordered_pairs([0, 1, 2]), "d1", "内科", [5, 9, 3]),
        Scored([0.0, 1.0], ordered_pairs([0, 1]), "d2", "外科", [4, 4]),
        Scored([1.0, 1.0], ordered_pairs([0, 1]), "d3", "外科", [2, 1]),
    ]
    found = ranking_report.report(items)
    assert found["pair_accuracy"]["value"] == pytest.approx(3.5 / 5)
    assert found["pair_accuracy"]["n"] == 5
    assert found["pair_accuracy"]["dialogues"] == 3
    assert found["pair_accuracy"]["low"] < 0.7 < found["pair_accuracy"]["high"]
    assert {gap: value["n"] for gap, value in found["by_gap"].items()} == {"1": 4, "2": 1}
    assert found["by_gap"]["1"]["value"] == pytest.approx(2.5 / 4)
    assert found["by_department"]["内科"]["value"] == 1.0
    assert found["by_department"]["外科"]["value"] == 0.25
    assert found["top1"] == {"value": pytest.approx(1.5 / 3), "n": 3}
    assert found["kendall_tau"]["value"] == pytest.approx((1 - 1 + 0) / 3)
    assert found["longer_answer_preferred"]["n"] == 4
    assert found["longer_answer_preferred"]["experts"] == pytest.approx(3 / 4)
    assert found["log_loss"] == pytest.approx(
        (2 * math.log1p(math.exp(-1)) + math.log1p(math.exp(-2)) + math.log1p(math.e) + math.log(2)) / 5
    )


def test_tau_is_that_of_scipy() -> None:
    stats = pytest.importorskip("scipy.stats", reason="scipy comes with the extra annotate")
    chance = random.Random(3)
    for _ in range(50):
        size = chance.randrange(2, 7)
        ranks = [chance.randrange(4) for _ in range(size)]
        scores = [float(chance.randrange(4)) for _ in range(size)]
        if len(set(ranks)) > 1:
            expected = stats.kendalltau(scores, [-rank for rank in ranks]).statistic
            expected = 0.0 if math.isnan(expected) else expected
            assert ranking_report.kendall_tau(scores, ordered_pairs(ranks)) == pytest.approx(expected)


def test_calibration_of_true_chances_is_good_and_of_overconfident_ones_is_not() -> None:
    chance = random.Random(11)
    differences = []
    for _ in range(4000):
        size = chance.uniform(0, 3)
        right = chance.random() < 1 / (1 + math.exp(-size))
        differences.append(size if right else -size)
    honest = ranking_report.calibration(differences)
    assert honest["ece"] < 0.03
    assert sum(row["n"] for row in honest["bins"]) == 4000
    assert ranking_report.calibration([5 * value for value in differences])["ece"] > 0.1


def test_the_interval_is_wider_for_pairs_of_few_dialogues() -> None:
    many = [Scored([1.0, 0.0] if i % 4 else [0.0, 1.0], [(0, 1, 1)], f"d{i}") for i in range(80)]
    few = [
        Scored(item.scores, item.pairs, f"d{number // 20}")
        for number, item in enumerate(sorted(many, key=lambda i: i.scores[0]))
    ]
    wide, narrow = (ranking_report.report(items)["pair_accuracy"] for items in (few, many))
    assert wide["value"] == narrow["value"]
    assert wide["high"] - wide["low"] > 1.5 * (narrow["high"] - narrow["low"])
    assert ranking_report.wilson(0.75, 80) == pytest.approx((0.6451, 0.8322), abs=1e-3)
