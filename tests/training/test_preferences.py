"""Rankings and pairs: ours and the peers' become the same whole items, and what is no ranking is counted."""

import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cmtmedqa.errors import InputError
from cmtmedqa.judgements import Candidate, Message, Preference, Ranking
from cmtmedqa.training.preferences import Item, read_items

_ASKED = "我头痛三天了，怎么办？"
_PROMPT = [{"role": "user", "content": _ASKED}]
_BEST, _MIDDLE, _WORST = "建议先查血常规，并多休息。", "多喝水。", "不知道。"


def ranking(groups: tuple[tuple[str, ...], ...] = (("a",), ("b", "c"), ("d",)), **changes: Any) -> Ranking:
    ids = sorted(name for group in groups for name in group)
    values: dict[str, Any] = {
        "id": "r1", "dialogue_id": "d1", "prompt": (Message(role="user", content=_ASKED),),
        "candidates": tuple(Candidate(id=name, model="m", text=f"回答{name}") for name in ids),
        "rank_groups": groups, "weight": 0.75, "n_annotators": 2, "department": "内科",
    }  # fmt: skip
    return Ranking(**(values | changes))


def write(path: Path, *rows: Any) -> str:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def read_one(path: str) -> Item:
    (found,) = read_items([path], Counter())
    return found


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_a_ranking_of_ours_stays_whole(kind: str, tmp_path: Path) -> None:
    row = ranking(vetoed=("b",)).model_dump(mode="json")
    path = str(tmp_path / f"rankings.{kind}")
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist([row]), path)
    else:
        write(Path(path), row)
    found = read_one(path)
    assert (found.responses, found.ranks) == (["回答a", "回答b", "回答c", "回答d"], [0, 1, 1, 2])
    assert (found.weight, found.department, found.vetoed, found.prompt) == (0.75, "内科", (1,), _PROMPT)
    assert found.pairs() == [(0, 1), (0, 2), (0, 3), (2, 3)]


_WEAK_ORDERS = [ranks for ranks in itertools.product(range(4), repeat=4) if set(ranks) == set(range(max(ranks) + 1))]


def test_all_pairs_of_a_ranking_give_the_ranking_back(tmp_path: Path) -> None:
    """For each of the 75 weak orders of four but the one of ties only, which has no pair."""
    assert len(_WEAK_ORDERS) == 75
    for number, ranks in enumerate(_WEAK_ORDERS):
        pairs = [(a, b) for a in range(4) for b in range(4) if ranks[a] < ranks[b]]
        rows = [
            Preference(
                id=f"p{a}{b}", ranking_id=f"r{number}", dialogue_id="d", prompt=(Message(role="user", content=_ASKED),),
                chosen_id=str(a), chosen=f"回答{a}", rejected_id=str(b), rejected=f"回答{b}", margin=ranks[b] - ranks[a],
                agreement=1, n_annotators=2,
            ).model_dump(mode="json")
            for a, b in pairs
        ]  # fmt: skip
        if not rows:
            continue
        found = read_one(write(tmp_path / "pairs.jsonl", *rows))
        again = {(found.responses[a], found.responses[b]) for a, b in found.pairs()}
        assert again == {(f"回答{a}", f"回答{b}") for a, b in pairs}
        assert all(found.margins[a, b] == found.ranks[b] - found.ranks[a] for a, b in found.pairs())


_SAID = {"role": "assistant", "content": _BEST}
_PEERS: dict[str, dict[str, Any]] = {
    "trl": {"prompt": _PROMPT, "chosen": [_SAID], "rejected": [{"role": "assistant", "content": _WORST}], "margin": 2.0},
    "trl-implicit": {"chosen": [*_PROMPT, _SAID], "rejected": [*_PROMPT, {"role": "assistant", "content": _WORST}]},
    "llamafactory": {
        "conversations": [{"from": "human", "value": _ASKED}], "chosen": {"from": "gpt", "value": _BEST},
        "rejected": {"from": "gpt", "value": _WORST},
    },
    "medicalgpt": {"system": "", "history": [], "question": _ASKED, "response_chosen": _BEST, "response_rejected": _WORST},
    "ms-swift": {"messages": [*_PROMPT, _SAID], "rejected_response": _WORST},
    "cmtmedqa": {"instruction": _ASKED, "output": [_BEST, _WORST]},
    "ranks": {"query": _ASKED, "history": [], "responses": [{"id": "b", "text": _WORST}, {"id": "a", "text": _BEST}], "rank": [2, 1]},
}  # fmt: skip


@pytest.mark.parametrize("shape", _PEERS)
def test_the_pairs_of_the_peers_are_read(shape: str, tmp_path: Path) -> None:
    found = read_one(write(tmp_path / "rows.jsonl", _PEERS[shape]))
    assert found.prompt == _PROMPT
    assert [(found.responses[a], found.responses[b]) for a, b in found.pairs()] == [(_BEST, _WORST)]
    assert found.margins == ({(0, 1): 2.0} if shape == "trl" else {})


def test_pairs_of_one_prompt_become_one_item(tmp_path: Path) -> None:
    pairs = [(_BEST, _MIDDLE), (_BEST, _WORST), (_MIDDLE, _WORST)]
    rows = [{"question": _ASKED, "response_chosen": good, "response_rejected": bad} for good, bad in pairs]
    found = read_one(write(tmp_path / "rows.jsonl", *rows))
    assert dict(zip(found.responses, found.ranks, strict=True)) == {_BEST: 0, _MIDDLE: 1, _WORST: 2}


def test_contradicting_pairs_equal_texts_and_foreign_rows_are_counted(tmp_path: Path) -> None:
    rows = [
        {"question": "一", "response_chosen": "甲", "response_rejected": "乙"},
        {"question": "一", "response_chosen": "乙", "response_rejected": "甲"},
        {"question": "二", "response_chosen": "甲", "response_rejected": "甲"},
        {"question": "三", "response_chosen": "", "response_rejected": "甲"},
        {"nothing": 1},
        {"rank_groups": []},
        {"question": "四", "response_chosen": "甲", "response_rejected": "乙"},
    ]
    counts: Counter[str] = Counter()
    (found,) = read_items([write(tmp_path / "rows.jsonl", *rows)], counts)
    assert found.prompt[0]["content"] == "四"
    assert counts == {
        "rows": 7, "dropped_without_a_pair": 2, "dropped_empty_answer": 1, "dropped_unknown_shape": 1, "dropped_bad_record": 1,
        "items": 1, "pairs": 1,
    }  # fmt: skip


def test_of_a_folder_the_rankings_are_read_and_the_splits_kept_apart(tmp_path: Path) -> None:
    rows = [ranking(id="r1").model_dump(mode="json"), ranking(id="r2", split="dev").model_dump(mode="json")]
    write(tmp_path / "rankings.jsonl", *rows)
    write(tmp_path / "preferences.jsonl", _PEERS["trl"])
    assert [item.id for item in read_items([str(tmp_path)], Counter(), "dev")] == ["r2"]
    assert [item.id for item in read_items([str(tmp_path)], Counter())] == ["r1", "r2"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.jsonl", None, "absent.jsonl: no such file or folder"),
        ("empty.jsonl", "", "empty.jsonl: holds no ranking and no pair"),
        ("broken.jsonl", '{"a": 1}\n{"b"', r"broken.jsonl: line 2 is no JSON"),
        ("broken.parquet", "PAR1", "broken.parquet: cannot be read as Parquet"),
        ("odd.jsonl", '{"a": 1}\n', r"holds no ranking and no pair \(dropped_unknown_shape 1, rows 1\)"),
    ],
)
def test_a_file_without_rankings_is_named(name: str, content: str | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_items([str(tmp_path / name)], Counter())
