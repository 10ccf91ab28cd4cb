import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from cmtmedqa.cli.app import app
from cmtmedqa.errors import CmtmedqaError, ConfigError, InputError
from cmtmedqa.export.mixture import MixtureSource, load_mixture, plan_mixture
from cmtmedqa.export.select import Selection
from cmtmedqa.records import Dialogue

Say = Callable[..., Dialogue]
DatasetOf = Callable[..., Path]
Mix = Callable[..., Path]


@pytest.fixture
def mix(tmp_path: Path, say: Say, dataset_of: DatasetOf) -> Mix:
    """Writes a mixture of three datasets: big (100), small (10), other (20, all of them of 内科 and the test split)."""
    dataset_of("big", train=[say(f"b{number}", "头痛", f"多休息{number}") for number in range(100)])
    dataset_of("small", train=[say(f"s{number}", "咳嗽", f"多喝水{number}") for number in range(10)])
    dataset_of("other", test=[say(f"o{number}", "皮疹", f"外用{number}", department="内科") for number in range(20)])

    def write(*shares: dict[str, Any], **settings_: Any) -> Path:
        path = tmp_path / "mix.yaml"
        path.write_text(yaml.safe_dump({"mix": list(shares), **settings_}), encoding="utf-8")
        return path

    return write


def _ids(path: Path, defaults: Selection | None = None) -> list[str]:
    parts = plan_mixture(load_mixture(path), path.parent, defaults or Selection(), True)
    return [item.dialogue.id for item in MixtureSource(parts, True)]


def _counts(ids: list[str]) -> dict[str, int]:
    return dict(Counter(identifier[0] for identifier in ids))


BIG, SMALL, OTHER = {"dataset": "big"}, {"dataset": "small"}, {"dataset": "other"}


def test_the_smallest_dataset_gives_all_it_has_and_the_others_their_share(mix: Mix) -> None:
    ids = _ids(mix(BIG | {"weight": 3}, SMALL | {"weight": 1}))
    assert _counts(ids) == {"b": 30, "s": 10}
    assert len(set(ids)) == 40
    assert _counts(_ids(mix(BIG | {"weight": 0.1}, SMALL | {"weight": 0.3}))) == {"b": 3, "s": 10}


def test_a_size_is_met_exactly_by_the_largest_remainders(mix: Mix) -> None:
    assert _counts(_ids(mix(BIG, SMALL, OTHER, size=20))) == {"b": 7, "s": 7, "o": 6}
    assert _counts(_ids(mix(BIG | {"weight": 0.7}, OTHER | {"weight": 0.3}, size=10))) == {"b": 7, "o": 3}


def test_ids_decide_and_neither_place_nor_neighbours(mix: Mix, say: Say, dataset_of: DatasetOf) -> None:
    first = set(_ids(mix(BIG, SMALL, size=12)))
    assert set(_ids(mix(SMALL, BIG, size=12))) == first
    assert first < set(_ids(mix(BIG, SMALL, size=18)))
    assert set(_ids(mix(BIG, SMALL, size=12, seed="other"))) != first
    dataset_of("big", train=[say(f"b{number}", "头痛", f"多休息{number}") for number in reversed(range(100))])
    assert set(_ids(mix(BIG, SMALL, size=12))) == first


def test_every_part_of_the_file_holds_the_weights(mix: Mix) -> None:
    ids = _ids(mix(BIG | {"weight": 3}, SMALL | {"weight": 1}))
    for end in range(4, 41, 4):
        assert _counts(ids[:end]) == {"b": end * 3 // 4, "s": end // 4}


def test_a_dataset_too_small_for_its_share_is_one_line(mix: Mix) -> None:
    with pytest.raises(InputError, match="small: its share is 20 dialogues, it has 10; lower size"):
        _ids(mix(BIG, SMALL, size=40))


def test_repetition_is_by_whole_epochs_and_ids_stay_unique(mix: Mix) -> None:
    ids = _ids(mix(BIG, SMALL, size=50, repeat=True))
    assert len(ids) == len(set(ids)) == 50
    times = Counter(identifier.partition("~")[0] for identifier in ids if identifier.startswith("s"))
    assert sorted(times.values()) == [2] * 5 + [3] * 5
    assert {identifier for identifier in ids if "~" in identifier} == {
        *(f"{name}~2" for name in times),
        *(f"{name}~3" for name, count in times.items() if count == 3),
    }


def test_ids_that_two_datasets_share_stay_unique(mix: Mix, say: Say, dataset_of: DatasetOf) -> None:
    dataset_of(
        "twins", train=[say("b1", "咳嗽", "多喝水"), say("b1~2", "咳嗽", "多喝水"), say("new", "咳嗽", "多喝水")]
    )
    ids = _ids(mix(BIG | {"weight": 100}, {"dataset": "twins", "weight": 3}))
    assert len(ids) == len(set(ids)) == 103


def test_a_share_has_its_own_selection_and_the_command_line_fills_in(mix: Mix) -> None:
    path = mix(BIG | {"split": "all"}, OTHER | {"departments": ["内科"], "split": ["test", "dev"]}, SMALL)
    assert _counts(_ids(path, Selection(splits=("train",)))) == {"b": 10, "o": 10, "s": 10}
    with pytest.raises(InputError, match="small: the mixture selects no dialogue of it"):
        _ids(path, Selection(splits=("test",)))


@pytest.mark.parametrize(
    ("shares", "more", "message"),
    [
        ([BIG | {"wieght": 2}], {}, "unknown key 'mix.0.wieght'; did you mean 'weight'?"),
        ([BIG], {"sizes": 2}, "unknown key 'sizes'; did you mean 'size'?"),
        ([BIG | {"weight": 0}], {}, "key 'mix.0.weight'"),
        ([BIG | {"weight": float("inf")}], {}, "key 'mix.0.weight'"),
        ([{"weight": 1}], {}, "key 'mix.0.dataset' is missing"),
        ([], {}, "key 'mix'"),
        ([BIG], {"size": 0}, "key 'size"),
        ([BIG], {"size": "biggest"}, "key 'size"),
        ([BIG | {"split": "best"}], {}, "no split 'best'; there are: train, dev, test, all"),
        ([BIG | {"departments": ["骨科"]}], {}, "no department '骨科'; there are: 皮肤科"),
        ([{"dataset": "absent"}], {}, "absent: holds no manifest.json"),
    ],
)
def test_a_bad_mixture_is_one_line(mix: Mix, shares: list[dict[str, Any]], more: dict[str, Any], message: str) -> None:
    with pytest.raises(CmtmedqaError) as caught:
        _ids(mix(*shares, **more))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_mixture_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "mix.yaml").write_text("- a\n")
    with pytest.raises(ConfigError, match="a configuration is a mapping"):
        load_mixture(tmp_path / "mix.yaml")


@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=4),
    st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.7, 1.0, 2.0, 3.0]), min_size=4, max_size=4),
    st.one_of(st.just("smallest"), st.integers(1, 60)),
)
@settings(max_examples=200, deadline=None)
def test_shares_sum_and_stay_within_one_of_the_weights(available: list[int], weights: list[float], size: Any) -> None:
    from fractions import Fraction

    from cmtmedqa.export.mixture import _shares

    exact = [Fraction(str(weight)) for weight in weights[: len(available)]]
    shares = _shares(size, exact, available)
    if size == "smallest":
        assert all(share <= count for share, count in zip(shares, available))
        assert any(share == count for share, count in zip(shares, available))
        unit = min(Fraction(count) / weight for count, weight in zip(available, exact))
        assert all(0 <= unit * weight - share < 1 for share, weight in zip(shares, exact))
    else:
        assert sum(shares) == size
        assert all(abs(share - size * weight / sum(exact)) < 1 for share, weight in zip(shares, exact))


def test_the_command_says_what_each_dataset_gave_and_repeats_to_the_byte(mix: Mix, tmp_path: Path) -> None:
    path = mix(BIG | {"weight": 3}, SMALL | {"weight": 1}, OTHER | {"weight": 1})
    runs = []
    for name in ("a.json", "b.json"):
        done = CliRunner().invoke(app, ["export", "cmtmedqa", str(path), "-o", str(tmp_path / name), "--check"])
        assert done.exit_code == 0, done.output
        assert "big: 30 rows (60.0%) of 100 selected" in done.stdout
        assert "small: 10 rows (20.0%) of 10 selected" in done.stdout
        assert "check: 50 rows read back, 0 rows would be dropped" in done.stdout
        runs.append((tmp_path / name).read_bytes())
    assert runs[0] == runs[1]
    assert len({row["id"] for row in json.loads(runs[0])}) == 50
    done = CliRunner().invoke(app, ["export", "csv", str(path), "-o", str(tmp_path / "a.csv"), "--check"])
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert Counter(row["split"] for row in csv.DictReader(stream)) == {"train": 80, "test": 20}
