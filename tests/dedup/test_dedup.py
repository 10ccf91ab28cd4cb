import itertools
import random

import datasketch
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmedqa.dedup import candidates, clusters, signatures

_CHARS = "头痛发热咳嗽三天了医生请问需要吃什么药建议多喝水注意休息复查血常规胸片高血压糖尿病"


def _text(chance: random.Random, length: int) -> str:
    return "".join(chance.choice(_CHARS) for _ in range(length))


def _edited(chance: random.Random, text: str, edits: int) -> str:
    letters = list(text)
    for place in chance.sample(range(len(letters)), edits):
        letters[place] = chance.choice("甲乙丙丁戊己庚辛")
    return "".join(letters)


def _true_jaccard(first: str, second: str) -> float:
    grams = [{text[start : start + 5] for start in range(len(text) - 4)} for text in (first, second)]
    return len(grams[0] & grams[1]) / len(grams[0] | grams[1])


@pytest.fixture(scope="module")
def pairs() -> list[tuple[str, str, float]]:
    """400 pairs of texts whose true Jaccard spreads from 0.3 to 1."""
    chance = random.Random(7)
    result = []
    for number in range(400):
        first = _text(chance, 300)
        second = _edited(chance, first, number % 28)
        result.append((first, second, _true_jaccard(first, second)))
    return result


def test_estimates_agree_with_the_true_jaccard_and_with_datasketch(pairs: list[tuple[str, str, float]]) -> None:
    texts = [text for first, second, _ in pairs for text in (first, second)]
    ours = signatures.signatures(pa.array(texts))
    estimate = (ours[0::2] == ours[1::2]).mean(axis=1)
    truth = np.array([true for *_, true in pairs])
    peer = np.array([_datasketch(first, second) for first, second, _ in pairs])
    # The standard error of an estimate by 128 permutations is at most 0.045; the mean of 400 must be far nearer.
    assert abs((estimate - truth).mean()) < 0.01
    assert np.sqrt(((estimate - truth) ** 2).mean()) < 0.05
    assert abs((estimate - peer).mean()) < 0.01


def _datasketch(first: str, second: str) -> float:
    sketches = []
    for text in (first, second):
        sketch = datasketch.MinHash(num_perm=128)
        sketch.update_batch([text[start : start + 5].encode() for start in range(len(text) - 4)])
        sketches.append(sketch)
    return float(sketches[0].jaccard(sketches[1]))


def test_the_exact_jaccard_is_that_of_the_sets(pairs: list[tuple[str, str, float]]) -> None:
    for first, second, true in pairs[::10]:
        grams = signatures.gram_sets(pa.array([first, second]))
        assert clusters.jaccard(*grams) == pytest.approx(true)


def test_the_signature_scheme_is_fixed() -> None:
    found = signatures.signatures(pa.array(["高血压患者应当低盐饮食，按时服药。"]))
    assert found.shape == (1, 128)
    assert found[0, :4].tolist() == [2439402388, 3234293118, 3233844861, 2729879927]
    assert np.array_equal(found, signatures.signatures(pa.array(["高血压患者应当低盐饮食，按时服药。"])))


def test_short_and_empty_keys_have_signatures() -> None:
    assert signatures.signatures(pa.array(["", "头痛", "高血压怎么办呢"])).shape == (3, 128)
    assert signatures.signatures(pa.array([], pa.string())).shape == (0, 128)


def test_keys_ignore_case_and_white_space() -> None:
    texts = pa.array(["HPV 阳性", "要 治疗吗", "hpv阳性", "要治疗\n吗"])
    keys = signatures.keys_column(texts, np.array([0, 2, 4]))
    assert keys.to_pylist() == ["hpv阳性\n要治疗吗"] * 2
    digests = signatures.digests(keys)
    assert np.array_equal(digests[0], digests[1])


def test_candidates_hold_nearly_every_pair_above_the_threshold(pairs: list[tuple[str, str, float]]) -> None:
    texts = [text for first, second, _ in pairs for text in (first, second)]
    found = {tuple(pair) for pair in candidates.candidate_pairs(signatures.signatures(pa.array(texts)), 0.8).tolist()}
    above = [number for number, (*_, true) in enumerate(pairs) if true >= 0.8]
    hit = sum((2 * number, 2 * number + 1) in found for number in above)
    assert len(above) > 100
    assert hit / len(above) >= 0.98


@given(st.lists(st.integers(0, 5), max_size=40))
@settings(max_examples=200, deadline=None)
def test_equal_signatures_end_in_one_component(labels: list[int]) -> None:
    chance = np.random.default_rng(3)
    kinds = chance.integers(0, 2**32, size=(6, 128), dtype=np.uint32)
    pairs_found = candidates.candidate_pairs(kinds[labels] if labels else np.empty((0, 128), np.uint32), 0.8)
    component = clusters.components(len(labels), pairs_found)
    for a, b in itertools.combinations(range(len(labels)), 2):
        assert (component[a] == component[b]) == (labels[a] == labels[b])


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=20))
@settings(max_examples=200, deadline=None)
def test_components_agree_with_a_search(edges: list[tuple[int, int]]) -> None:
    found = clusters.components(12, edges)
    neighbours = {item: {item} for item in range(12)}
    for a, b in edges:
        neighbours[a].add(b)
        neighbours[b].add(a)
    for start in range(12):
        reached, waiting = {start}, [start]
        while waiting:
            fresh = neighbours[waiting.pop()] - reached
            reached |= fresh
            waiting.extend(fresh)
        assert found[start] == min(reached)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 1)), min_size=1, max_size=12), st.randoms()
)
@settings(max_examples=200, deadline=None)
def test_each_cluster_keeps_exactly_one_record_whatever_the_order(
    items: list[tuple[int, int, int]], chance: random.Random
) -> None:
    def kept(order: list[int]) -> set[str]:
        label = [items[item][0] for item in order]
        component = np.array([label.index(value) for value in label])
        ids = [f"id{item:02d}" for item in order]
        chars, provenance = np.array([items[item][1] for item in order]), np.array([items[item][2] for item in order])
        best = clusters.winners(component, chars, provenance, ids)
        assert all(best[best[item]] == best[item] for item in range(len(order)))
        return {ids[item] for item in set(best.tolist())}

    order = list(range(len(items)))
    shuffled = order.copy()
    chance.shuffle(shuffled)
    assert kept(order) == kept(shuffled)
    assert len(kept(order)) == len({label for label, *_ in items})


def test_the_rule_of_the_winner() -> None:
    component = np.zeros(4, np.int64)
    best = clusters.winners(component, np.array([5, 9, 9, 9]), np.array([0, 1, 0, 0]), ["a", "b", "d", "c"])
    assert best.tolist() == [3, 3, 3, 3]
