"""`cmtmedqa diff` on datasets that were really built: every change is planted and must be told, with its reason."""

import io
import json
import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from cmtmedqa.build import pipeline
from cmtmedqa.build.diff import NEW_INPUT, NO_INPUT, compare
from cmtmedqa.build.fingerprints import load, row_hashes
from cmtmedqa.cli.app import app
from cmtmedqa.config import make_config
from cmtmedqa.errors import InputError

_SYMPTOMS = ("头痛", "咳嗽", "腹泻", "皮疹", "失眠", "胸闷", "乏力", "耳鸣", "牙痛", "便秘", "反酸", "关节痛")
Record = dict[str, Any]


def record(identifier: str, seed: int, department: str = "内科") -> Record:
    """An invented record in the shape of CMtMedQA whose text depends on the seed alone."""
    chance = random.Random(seed)
    words = "，".join(chance.choice(_SYMPTOMS) + str(chance.randrange(10_000)) + "次" for _ in range(8))
    answer = "，".join(
        "建议" + chance.choice(_SYMPTOMS) + "者服药" + str(chance.randrange(10_000)) + "毫升" for _ in range(6)
    )
    return {
        "id": identifier,
        "cate1": department,
        "cate2": "",
        "instruction": f"我{words}，怎么办？",
        "input": "",
        "output": answer,
        "history": [],
    }


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., Path]:
    """Builds a dataset of records by the name of their file."""

    def make(name: str, files: dict[str, list[Record]], **settings: Any) -> Path:
        (tmp_path / f"{name}.in").mkdir()
        inputs = []
        for file, records in files.items():
            path = tmp_path / f"{name}.in" / file
            path.write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in records), encoding="utf-8")
            inputs.append({"path": str(path), "license": settings.pop("license", "MIT")})
        defaults = {"deidentify": "off", "workers": 1}
        config = make_config({"inputs": inputs, "output": str(tmp_path / name)} | defaults | settings, "test")
        pipeline.build(config, Console(file=io.StringIO()))
        return tmp_path / name

    return make


def difference(old: Path, new: Path) -> dict[str, Any]:
    return compare(load(old), load(new), records=True)


def test_what_ancestors_were_built_from_did_not_go(build: Callable[..., Path]) -> None:
    first = build("first", {"a.jsonl": [record(f"a{seed}", seed) for seed in range(3)]})
    second = build("second", {"b.jsonl": [record("b", 50)]}, against=str(first), append=True)
    third = build("third", {"c.jsonl": [record("c", 60)]}, against=str(second), append=True)
    assert difference(first, third)["inputs"]["came"] == ["b.jsonl", "c.jsonl"]
    assert difference(second, third)["inputs"] == {
        "came": ["c.jsonl"],
        "went": [],
        "changed": [],
        "described otherwise": [],
    }


def test_equal_datasets_do_not_differ(build: Callable[..., Path]) -> None:
    records = [record(f"r{seed}", seed) for seed in range(40)]
    old, new = build("old", {"a.jsonl": records}), build("new", {"a.jsonl": records})
    found = difference(old, new)
    assert found["dialogues"] == {"old": 40, "new": 40, "same": 40, "changed": 0, "came": 0, "went": 0}
    assert not any(found["records"].values())
    assert not any(found["inputs"].values())
    assert found["settings"] == {}


def test_every_planted_change_is_told_with_its_reason(build: Callable[..., Path]) -> None:
    same = [record(f"same{seed}", seed) for seed in range(20)]
    twin = {**record("loser", 100), "instruction": record("winner", 100)["instruction"] + "谢谢。"}
    old = build(
        "old",
        {
            "a.jsonl": [
                *same,
                record("gone", 50, "外科"),
                record("edited", 51),
                record("moved", 52, "外科"),
                record("winner", 100),
                {**record("short", 53), "output": "多喝水。"},
                {**record("unreadable", 54), "history": 3},
            ]
        },
        filters={"min_doctor_chars": 10},
    )
    new = build(
        "new",
        {
            "a.jsonl": [
                *same,
                record("edited", 61),
                record("moved", 52, "儿科"),
                record("winner", 100),
                twin,
                {**record("short", 53), "output": "多喝水。"},
                record("unreadable", 54),
                record("fresh", 55, "儿科"),
            ]
        },
        filters={"min_doctor_chars": 2},
    )
    found = difference(old, new)
    ids = {entry["id"]: entry for entry in found["records"]["came"] + found["records"]["went"]}
    reasons = {name: entry["reason"] for name, entry in ids.items()}
    stays = "loser" if "loser" in reasons else "winner"
    assert reasons.pop("gone") == NO_INPUT
    assert reasons.pop("fresh") == NEW_INPUT
    assert reasons.pop("short") == "filter/min_doctor_chars"
    assert reasons.pop("unreadable") == "read/bad_history"
    if stays == "loser":  # the longer twin takes the place of the one that the old dataset has
        assert reasons == {"loser": NEW_INPUT, "winner": "deduplicate/near_duplicate"}
        assert ids["winner"]["detail"].startswith("kept loser, Jaccard 0.")
    else:
        assert reasons == {}
    changed = {entry["id"]: set(entry["fields"]) - {"split", "features"} for entry in found["records"]["changed"]}
    assert changed == {"edited": {"text"}, "moved": {"department", "department_raw"}}
    assert found["moved"]["department"] == [{"from": "外科", "to": "儿科", "dialogues": 1}]
    assert found["settings"] == {"settings.filters.min_doctor_chars": {"old": 10, "new": 2}}
    assert found["inputs"]["changed"] == ["a.jsonl"]
    assert found["by_department"]["外科"] == {"old": 2, "new": 0, "came": 0, "went": 1, "changed": 0}
    assert found["by_department"]["儿科"] == {"old": 0, "new": 2, "came": 1, "went": 0, "changed": 1}


def test_a_twin_that_takes_over_is_named(build: Callable[..., Path]) -> None:
    short = record("short", 1)
    longer = {**short, "id": "longer", "output": short["output"] + "注意休息。"}
    rest = [record(f"r{seed}", seed) for seed in range(10, 20)]
    found = difference(build("old", {"a.jsonl": [short, *rest]}), build("new", {"a.jsonl": [short, longer, *rest]}))
    (went,) = found["records"]["went"]
    assert (went["id"], went["reason"]) == ("short", "deduplicate/near_duplicate")
    assert went["detail"].startswith("kept longer, Jaccard ")
    back = difference(
        Path(str(build("third", {"a.jsonl": [short, longer, *rest]}))), build("fourth", {"a.jsonl": [short, *rest]})
    )
    (came,) = back["records"]["came"]
    assert (came["id"], came["reason"], came["detail"]) == ("short", "deduplicate/near_duplicate", went["detail"])
    assert back["went_by_reason"] == {NO_INPUT: 1}


def test_what_an_older_dataset_holds_went_as_its_twin(build: Callable[..., Path]) -> None:
    """A build against a dataset gives the newcomers of one id a number: they are told as rejected, not as out of the input."""
    known = [record(f"a{number}", number) for number in range(3)]
    old = build("old", {"a.jsonl": known})
    new = build("new", {"a.jsonl": [*known, record("b", 9)]}, against=str(old))
    assert difference(old, new)["went_by_reason"] == {"deduplicate/older_exact_duplicate": 3}


def test_licence_source_and_split_are_compared(build: Callable[..., Path]) -> None:
    records = [record(f"r{seed}", seed) for seed in range(60)]
    old = build("old", {"a.jsonl": records}, split={"dev": 0.2, "test": 0.2})
    new = build("new", {"b.jsonl": records}, split={"dev": 0.2, "test": 0.2, "seed": "other"}, license="CC0-1.0")
    found = difference(old, new)
    assert found["dialogues"]["changed"] == 60
    assert found["changed_by_field"]["license"] == found["changed_by_field"]["source"] == 60
    assert found["moved"]["license"] == [{"from": "MIT", "to": "CC0-1.0", "dialogues": 60}]
    rows = [
        {row["id"]: name for name in ("train", "dev", "test") for row in _rows(folder, name)} for folder in (old, new)
    ]
    pairs = Counter((rows[0][name], rows[1][name]) for name in rows[0] if rows[0][name] != rows[1][name])
    assert {(move["from"], move["to"]): move["dialogues"] for move in found["moved"]["split"]} == pairs
    assert found["by_source"]["a.jsonl"] == {"old": 60, "new": 0, "came": 0, "went": 0, "changed": 0}


def _rows(folder: Path, split: str) -> list[Record]:
    return [
        row
        for path in sorted((folder / "data").glob(f"{split}-*.parquet"))
        for row in pq.ParquetFile(path).read().to_pylist()
    ]


def test_numbers_behind_an_id_follow_the_text(build: Callable[..., Path]) -> None:
    """Three records under one id come in another order and without the second: two are the same, under other numbers."""
    rest = [record(f"r{seed}", seed) for seed in range(10, 20)]
    first, second, third = (record("x", seed) for seed in (1, 2, 3))
    found = difference(
        build("old", {"a.jsonl": [first, second, third, *rest]}), build("new", {"a.jsonl": [third, first, *rest]})
    )
    assert found["dialogues"] == {"old": 13, "new": 12, "same": 10, "changed": 2, "came": 0, "went": 1}
    assert found["records"]["went"][0]["id"] == "x~2"
    renamed = {entry["old_id"]: (entry["id"], "text" in entry["fields"]) for entry in found["records"]["changed"]}
    assert renamed == {"x": ("x~2", False), "x~3": ("x", False)}


def test_an_empty_dataset_on_either_side(build: Callable[..., Path]) -> None:
    full = build("full", {"a.jsonl": [record(f"r{seed}", seed) for seed in range(5)]})
    empty = build("empty", {"a.jsonl": [{"weird": 1}]})
    assert difference(full, empty)["went_by_reason"] == {NO_INPUT: 5}
    assert difference(empty, full)["came_by_reason"] == {NEW_INPUT: 5}
    assert difference(empty, empty)["dialogues"]["same"] == 0


def test_the_command_prints_lines_json_and_an_exit_code(build: Callable[..., Path]) -> None:
    records = [record(f"r{seed}", seed) for seed in range(20)]
    old, new = build("old", {"a.jsonl": records}), build("new", {"a.jsonl": [*records[1:], record("n", 99)]})
    run = CliRunner()
    plain = run.invoke(app, ["diff", str(old), str(new), "--ids"])
    assert plain.exit_code == 0
    lines = plain.output.split("\n")
    assert lines[1:3] == ["old\tnew\tsame\tchanged\tcame\twent", "20\t20\t19\t0\t1\t1"]
    assert f"+\tn\ta.jsonl\t内科\t{NEW_INPUT}" in lines
    assert f"-\tr0\ta.jsonl\t内科\t{NO_INPUT}" in lines
    as_json = run.invoke(app, ["diff", str(old), str(new), "--json", "--exit-code"])
    assert as_json.exit_code == 1
    assert json.loads(as_json.output)["dialogues"]["came"] == 1
    assert "records" not in json.loads(as_json.output)
    assert run.invoke(app, ["diff", str(old), str(old), "--exit-code"]).exit_code == 0
    assert run.invoke(app, ["diff", str(old), str(new), "--ids"]).output == plain.output


@pytest.mark.parametrize("damage", ["absent", "unfinished", "missing", "broken", "twice"])
def test_what_is_no_finished_dataset_is_one_line(build: Callable[..., Path], tmp_path: Path, damage: str) -> None:
    folder = build("old", {"a.jsonl": [record(f"r{seed}", seed) for seed in range(8)]}, split={"dev": 0, "test": 0})
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    shard = next((broken / "data").iterdir())
    if damage == "absent":
        shutil.rmtree(broken)
    elif damage == "unfinished":
        (broken / "manifest.json").unlink()
    elif damage == "missing":
        shard.unlink()
    elif damage == "broken":
        shard.write_bytes(b"\0" * shard.stat().st_size)
    else:
        table = pq.ParquetFile(shard).read()
        pq.write_table(pa.concat_tables([table, table]), shard)
        manifest = json.loads((broken / "manifest.json").read_text(encoding="utf-8"))
        manifest["files"][f"data/{shard.name}"]["bytes"] = shard.stat().st_size
        (broken / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    for pair in ((folder, broken), (broken, folder)):
        with pytest.raises(InputError) as caught:
            CliRunner().invoke(app, ["diff", *map(str, pair)], catch_exceptions=False)
        assert "broken" in str(caught.value)
        assert "\n" not in str(caught.value)


_VALUES = st.one_of(st.none(), st.text(max_size=3), st.sampled_from(["", "-", ":", "0:", "\x1f", "a;b"]))
_KINDS = {
    "text": (pa.string(), _VALUES),
    "list": (pa.list_(pa.string()), st.one_of(st.none(), st.lists(_VALUES, max_size=3))),
    "struct": (
        pa.struct([("a", pa.string()), ("b", pa.int32())]),
        st.one_of(st.none(), st.fixed_dictionaries({"a": _VALUES, "b": st.one_of(st.none(), st.integers(0, 3))})),
    ),
    "turns": (
        pa.list_(pa.struct([("role", pa.string()), ("text", pa.string())])),
        st.lists(st.fixed_dictionaries({"role": st.sampled_from(["p", "d"]), "text": st.text(max_size=2)}), max_size=3),
    ),
}


@pytest.mark.parametrize("kind", list(_KINDS))
@settings(deadline=None)
@given(data=st.data())
def test_hashes_are_equal_for_equal_rows_only(kind: str, data: st.DataObject) -> None:
    arrow, values = _KINDS[kind]
    rows = data.draw(st.lists(values, min_size=2, max_size=8))
    column = pa.array(rows, arrow)
    hashes = row_hashes(column).tolist()
    assert hashes == [row_hashes(column.slice(row, 1))[0] for row in range(len(rows))]
    for place, one in enumerate(rows):
        for other, another in enumerate(rows):
            assert (hashes[place] == hashes[other]) == (one == another)
