from hypothesis import given
from hypothesis import strategies as st

from cmtmedqa.build.deduplicate import unique_ids
from cmtmedqa.config import Splits
from cmtmedqa.records import SPLITS
from cmtmedqa.split import split_of

_CLUSTERS = [f"{number:016x}" for number in range(20_000)]


def test_shares_are_met() -> None:
    found = split_of(_CLUSTERS, Splits(dev=0.1, test=0.2))
    counts = {name: int((found == number).sum()) / len(found) for number, name in enumerate(SPLITS)}
    assert abs(counts["dev"] - 0.1) < 0.01
    assert abs(counts["test"] - 0.2) < 0.01


def test_a_cluster_keeps_its_split_when_others_come() -> None:
    few, many = split_of(_CLUSTERS[:500], Splits()), split_of(_CLUSTERS, Splits())
    assert few.tolist() == many[:500].tolist()


def test_numbers_are_exact_and_do_not_depend_on_the_order() -> None:
    settings = Splits(dev=50, test=70)
    found = split_of(_CLUSTERS, settings)
    assert [(found == number).sum() for number in range(3)] == [20_000 - 120, 50, 70]
    assert split_of(_CLUSTERS[::-1], settings)[::-1].tolist() == found.tolist()


def test_numbers_larger_than_the_corpus_take_what_there_is() -> None:
    assert sorted(split_of(_CLUSTERS[:5], Splits(dev=3, test=3)).tolist()) == [1, 1, 2, 2, 2]


@given(st.lists(st.sampled_from(["a", "b", "a~2", "b~2", "c"]), max_size=12))
def test_unique_ids_are_unique_and_the_first_keeps_its_name(ids: list[str]) -> None:
    found = unique_ids(ids)
    assert len(set(found)) == len(ids)
    assert all(found[ids.index(name)] == name for name in set(ids))
