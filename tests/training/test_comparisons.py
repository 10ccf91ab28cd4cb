"""What a reward model reads: every shape of preferences, what is left out with its count, and how it is cut and split."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs torch: pip install -e '.[train]'")

from cmtmedqa.errors import InputError
from cmtmedqa.training import comparisons
from cmtmedqa.training.comparisons import Item
from tests.training.synthetic import ranking, write_rankings

ASKED = [{"role": "user", "content": "我头痛三天了。"}]
TURNS = [{"role": "user", "content": "您好"}, {"role": "assistant", "content": "请讲。"}, *ASKED]


def write(path: Path, rows: list[Any]) -> str:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def read(path: str | Path) -> list[Item]:
    return comparisons.read_items([str(path)], Counter())


def preferences(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The pairs of a ranking as `annotate export` writes them."""
    texts = {candidate["id"]: candidate["text"] for candidate in record["candidates"]}
    groups = record["rank_groups"]
    return [
        {
            "id": f"{record['id']}-{better}-{worse}", "ranking_id": record["id"], "dialogue_id": record["dialogue_id"],
            "prompt": record["prompt"], "chosen_id": better, "chosen": texts[better], "rejected_id": worse, "rejected": texts[worse],
            "margin": low - high, "agreement": 0.75, "n_annotators": 2, "department": record["department"], "split": "train",
        }
        for high in range(len(groups)) for low in range(high + 1, len(groups)) for better in groups[high] for worse in groups[low]
    ]  # fmt: skip


def said(item: Item) -> set[tuple[str, str, int]]:
    return {(item.answers[a], item.answers[b], gap) for a, b, gap in item.pairs}


PEERS = {
    "trl explicit": {"prompt": ASKED, "chosen": [{"role": "assistant", "content": "好"}], "rejected": [{"role": "assistant", "content": "坏"}]},
    "trl implicit": {"chosen": [*ASKED, {"role": "assistant", "content": "好"}], "rejected": [*ASKED, {"role": "assistant", "content": "坏"}]},
    "trl plain": {"prompt": "我头痛三天了。", "chosen": "好", "rejected": "坏"},
    "llamafactory sharegpt": {"conversations": [{"from": "human", "value": "我头痛三天了。"}], "chosen": {"from": "gpt", "value": "好"}, "rejected": {"from": "gpt", "value": "坏"}},
    "llamafactory alpaca": {"instruction": "我头痛三天了。", "input": "", "chosen": "好", "rejected": "坏"},
    "medicalgpt": {"system": "", "history": [], "question": "我头痛三天了。", "response_chosen": "好", "response_rejected": "坏"},
    "ms-swift": {"messages": [*ASKED, {"role": "assistant", "content": "好"}], "rejected_response": "坏"},
    "original": {"instruction": "我头痛三天了。", "input": "", "history": [], "output": ["好", "坏"]},
    "whole": {"prompt": ASKED, "responses": ["坏", "好"], "ranks": [1, 0]},
}  # fmt: skip


@pytest.mark.parametrize("shape", PEERS)
def test_each_shape_of_the_peers_is_a_ranking_of_two(shape: str, tmp_path: Path) -> None:
    (item,) = read(write(tmp_path / "rows.jsonl", [PEERS[shape]]))
    assert item.prompt == ASKED
    assert said(item) == {("好", "坏", 1)}


def test_peers_history_and_system_come_along(tmp_path: Path) -> None:
    row = {"system": "你是医生。", "history": [["您好", "请讲。"]], "question": "我头痛三天了。", "response_chosen": "好", "response_rejected": "坏"}  # fmt: skip
    (item,) = read(write(tmp_path / "rows.jsonl", [row]))
    assert item.prompt == [{"role": "system", "content": "你是医生。"}, *TURNS]


def test_a_list_of_outputs_gives_all_its_pairs(tmp_path: Path) -> None:
    row = {"instruction": "我头痛三天了。", "input": "", "output": ["a", "b", "c", "d"]}
    (item,) = read(write(tmp_path / "rows.jsonl", [row]))
    assert len(item.pairs) == 6


def test_pairs_of_one_ranking_are_put_together_again(tmp_path: Path) -> None:
    whole = read(write_rankings(tmp_path / "rankings.jsonl", range(5)))
    rows = [row for seed in range(5) for row in preferences(ranking(seed))]
    rows = rows[::2] + rows[1::2]  # rows of a ranking need not stand together
    parts = {item.id: item for item in read(write(tmp_path / "preferences.jsonl", rows))}
    for item in whole:
        assert said(parts[item.id]) == said(item)
        assert len(parts[item.id].answers) == len(item.answers)
        assert parts[item.id].weight == 0.75
        assert (parts[item.id].department, parts[item.id].dialogue_id) == (item.department, item.dialogue_id)


def test_pairs_of_peers_with_one_prompt_are_one_item(tmp_path: Path) -> None:
    rows = [{"prompt": ASKED, "chosen": a, "rejected": b} for a, b in ("ab", "bc", "ac", "ab")]
    other = {"prompt": TURNS, "chosen": "a", "rejected": "b"}
    counts: Counter[str] = Counter()
    items = comparisons.read_items([write(tmp_path / "rows.jsonl", [rows[0], other, *rows[1:]])], counts)
    kept = comparisons.usable(items, (), counts)
    assert [(item.prompt, item.answers, said(item)) for item in kept] == [
        (ASKED, ("a", "b", "c"), {("a", "b", 1), ("b", "c", 1), ("a", "c", 1)}),
        (TURNS, ("a", "b"), {("a", "b", 1)}),
    ]
    assert counts["joined_by_prompt"] == 3


def test_preferences_beside_whole_rankings_are_not_read_twice(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    write_rankings(folder / "rankings.jsonl", range(3))
    extra = write(folder / "preferences.jsonl", [row for seed in range(4) for row in preferences(ranking(seed))])
    assert [item.id for item in read(folder)] == ["r0", "r1", "r2"]
    counts: Counter[str] = Counter()
    both = comparisons.read_items([str(folder / "rankings.jsonl"), extra], counts)
    assert [item.id for item in both] == ["r0", "r1", "r2", "r3"]
    assert counts["preferences_of_whole_rankings"] == sum(len(preferences(ranking(seed))) for seed in range(3))


def test_parquet_is_read_as_json_lines_are(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [row for seed in range(3) for row in preferences(ranking(seed))]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "preferences.parquet")
    assert read(tmp_path / "preferences.parquet") == read(write(tmp_path / "preferences.jsonl", rows))


def test_what_gives_no_gradient_is_left_out_and_counted() -> None:
    counts: Counter[str] = Counter()
    prompt = [dict(message) for message in ASKED]
    items = [
        Item("same", "d", prompt, ("a", "a ", "b"), ((0, 1, 1), (0, 2, 2), (1, 2, 1))),
        Item("tied", "d", prompt, ("a", "b"), ()),
        Item("mark", "d", prompt, ("a<|im_end|>", "b"), ((0, 1, 1),)),
        Item("both ways", "d", prompt, ("a", "b", "a", "c"), ((0, 1, 1), (1, 2, 1), (0, 3, 3))),
        Item("unused", "d", prompt, ("a", "b", "c"), ((2, 0, 1),)),
        Item("all one", "d", prompt, ("a", "a"), ((0, 1, 1),)),
    ]
    kept = comparisons.usable(items, ("<|im_end|>",), counts)
    assert [(item.id, item.answers, said(item)) for item in kept] == [
        ("same", ("a", "b"), {("a", "b", 2)}),
        ("both ways", ("a", "c"), {("a", "c", 3)}),
        ("unused", ("a", "c"), {("c", "a", 1)}),
    ]
    assert counts["dropped_pairs_equal_text"] == 2
    assert counts["dropped_pairs_contradictory"] == 2
    assert counts["dropped_without_a_pair"] == 2
    assert counts["dropped_control_token"] == 1


def test_a_veto_holds_in_every_pair(tmp_path: Path) -> None:
    record = ranking(1) | {"vetoed": ["c0"]}
    (item,) = read(write(tmp_path / "rankings.jsonl", [record]))
    texts = {candidate["id"]: candidate["text"] for candidate in record["candidates"]}
    assert item.pairs
    assert all(better != texts["c0"] for better, _, _ in said(item))


def test_all_answers_of_an_item_keep_the_same_prompt_and_the_last_question() -> None:
    def measure(messages: Any) -> list[int]:
        return [len(message["content"]) for message in messages]

    counts: Counter[str] = Counter()
    items = [
        Item("fits", "d", TURNS, ("短", "x" * 10), ((0, 1, 1),)),
        Item("cut", "d", TURNS, ("短", "x" * 13), ((0, 1, 1),)),
        Item("too long", "d", TURNS, ("短", "x" * 30), ((0, 1, 1),)),
    ]
    kept = comparisons.fit(items, measure, 22, counts)
    assert [(item.id, item.prompt) for item in kept] == [("fits", TURNS), ("cut", ASKED)]
    assert (counts["left_trimmed"], counts["left_trimmed_turns"], counts["dropped_too_long"]) == (1, 2, 1)


def test_splits_of_the_data_rule_and_else_a_hash_of_the_dialogue() -> None:
    items = [Item(f"r{i}", f"d{i // 4}", ASKED, ("a", "b"), ((0, 1, 1),)) for i in range(400)]
    train, held = comparisons.halves(items, 0.2, Counter())
    assert not {item.dialogue_id for item in train} & {item.dialogue_id for item in held}
    assert 40 <= len(held) <= 120
    assert comparisons.halves(items[::-1], 0.2, Counter())[1] == held[::-1]
    named = [item._replace(split=("train", "dev", "test")[number % 3]) for number, item in enumerate(items)]
    counts: Counter[str] = Counter()
    train, held = comparisons.halves(named, 0.2, counts)
    assert {item.split for item in train} == {"train"}
    assert {item.split for item in held} == {"dev"}
    assert counts["test_split_left_out"] == 133


def test_of_few_dialogues_one_is_held_out() -> None:
    few = [Item(f"r{i}", f"d{i % 2}", ASKED, ("a", "b"), ((0, 1, 1),)) for i in range(6)]
    train, held = comparisons.halves(few, 1e-9, Counter())
    assert (len(train), len(held)) == (3, 3)
    assert len({item.dialogue_id for item in held}) == 1
    assert comparisons.halves(few[::2], 0.5, Counter()) == (few[::2], [])
    assert comparisons.halves(few, 0.0, Counter()) == (few, [])


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"prompt": ASKED, "responses": ["a", "b"], "ranks": [1]}, "one for each of the responses"),
        ({"prompt": ASKED, "responses": ["a", ""], "ranks": [0, 1]}, "none of them empty"),
        ({"question": "x"}, "no known shape"),
        ({**ranking(0), "rank_groups": [["c0"]]}, "is no Ranking"),
        ({**preferences(ranking(0))[0], "margin": -1}, "is no Preference: margin"),
        ([1], "is no object"),
        ({"chosen": "a", "rejected": "b"}, "prompt"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(row: Any, why: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=why) as error:
        read(write(tmp_path / "rows.jsonl", [PEERS["whole"], row]))
    assert "rows.jsonl:2" in str(error.value)
    assert "头痛" not in str(error.value)


def test_half_a_line_and_a_missing_file_are_named(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps(PEERS["whole"]) + '\n{"prompt": [', encoding="utf-8")
    with pytest.raises(InputError, match=r"rows\.jsonl: line 2 is no JSON"):
        read(tmp_path / "rows.jsonl")
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path / "absent.jsonl")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="folder without rankings"):
        read(tmp_path / "empty")


def test_the_files_of_a_folder_keep_the_split_they_are_named_after(tmp_path: Path) -> None:
    def pair(number: int) -> dict[str, Any]:
        return {"question": f"我头痛{number}天了。", "response_chosen": "好", "response_rejected": "坏"}

    for number, name in enumerate(("train", "dev", "test")):
        (tmp_path / "medicalgpt" / name).mkdir(parents=True)
        write(tmp_path / "medicalgpt" / name / "pairs.jsonl", [pair(number)])
    write(tmp_path / "dropped.jsonl", [{"kind": "pair", "reason": "tie"}])
    counts: Counter[str] = Counter()
    items = comparisons.read_items([str(tmp_path)], counts)
    assert {item.prompt[0]["content"][3]: item.split for item in items} == {"0": "train", "1": "dev", "2": "test"}
    train, dev = comparisons.halves(items, 0.5, counts)
    assert [[item.split for item in half] for half in (train, dev)] == [["train"], ["dev"]]
    assert counts["test_split_left_out"] == 1
    (alone,) = read(tmp_path / "medicalgpt" / "test" / "pairs.jsonl")
    assert alone.split == ""  # a file that is named itself is taken as it is


def test_preferences_are_read_in_the_place_of_the_peers_pairs_beside_them(tmp_path: Path) -> None:
    for kind, rows in (("preference", preferences(ranking(1))), ("llamafactory", [PEERS["llamafactory sharegpt"]])):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "train.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    assert [item.id for item in read(tmp_path)] == ["r1"]
    (tmp_path / "preference" / "train.json").unlink()
    assert [said(item) for item in read(tmp_path)] == [{("好", "坏", 1)}]


def test_a_dataset_of_dialogues_is_no_file_of_rankings(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(InputError, match="is a dataset of dialogues; rankings and pairs come from"):
        read(tmp_path)


@pytest.mark.parametrize("ranks", [[float("nan"), 1], [True, 2], ["0", "1"], [0]])
def test_a_rank_is_a_number(ranks: list[Any], tmp_path: Path) -> None:
    row = {"prompt": ASKED, "responses": ["好", "坏"], "ranks": ranks}
    with pytest.raises(InputError, match="ranks must be numbers"):
        read(write(tmp_path / "rows.jsonl", [row]))
