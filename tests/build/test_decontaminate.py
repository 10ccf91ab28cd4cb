"""Evaluation sets in a build: any shape is read, what holds their items leaves with evidence, faults are one clear line."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from cmtmedqa.build import recheck
from cmtmedqa.build.decontaminate import examine, read_evaluations
from cmtmedqa.build.pipeline import build
from cmtmedqa.config import make_config
from cmtmedqa.errors import ConfigError, InputError
from tests.conftest import invented

QUIET = Console(quiet=True)
STEM = "患者女，52岁，上腹部烧灼样疼痛2个月，夜间加重，进食后缓解，最可能的诊断是"
SHAPES = {
    "cmb.json": json.dumps([{"question": STEM, "option": {"A": "十二指肠溃疡", "B": "胃癌"}, "answer": "A"}]),
    "cmexam.csv": f'Question,Options,Answer,Explanation\n{STEM},"A 十二指肠溃疡\nB 胃癌",A,略\n',
    "ceval.csv": f"id,question,A,B,C,D,answer\n0,{STEM},十二指肠溃疡,胃癌,胃炎,胰腺炎,A\n",
    "cmmlu.csv": f",Question,A,B,C,D,Answer\n0,{STEM},十二指肠溃疡,胃癌,胃炎,胰腺炎,A\n",
    "clin.json": json.dumps(
        [{"id": "1", "title": "例", "description": STEM, "QA_pairs": [{"question": "诊断", "solution": "溃疡"}]}]
    ),
}


def _config(tmp_path: Path, source: Path, against: list[object], **more: object):
    values = {"inputs": [str(source)], "output": str(tmp_path / "out"), "deidentify": "off", "workers": 1}
    return make_config({**values, "decontaminate": {"against": against}, **more}, "test")


@pytest.mark.parametrize("name", SHAPES)
def test_a_benchmark_of_any_shape_is_found(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(SHAPES[name], encoding="utf-8")
    planted = invented(900) | {"history": [[f"{STEM}什么？", "建议做胃镜检查，按时服药。"]]}
    lines = [invented(seed) for seed in range(20)] + [planted]
    source = tmp_path / "in.jsonl"
    source.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")
    report = build(_config(tmp_path, source, [str(tmp_path / name)]), QUIET)
    assert report["contamination"][name]["dialogues"] == report["funnel"][-1]["rejected"]["in_evaluation_set"] == 1
    (row,) = pq.read_table(tmp_path / "out" / "contamination.parquet").to_pylist()
    assert (row["id"], row["measure"], row["value"], row["item_index"]) == ("t900", "question", 1.0, 0)
    assert recheck.problems(tmp_path / "out") == []


def test_a_set_that_is_missing_empty_unreadable_or_named_twice_is_one_clear_line(
    corpus: Callable[..., Path], tmp_path: Path
) -> None:
    source = corpus(5)
    prose = tmp_path / "prose.txt"
    prose.write_text("没有任何记录的一段话\n", encoding="utf-8")
    for against, words in (([str(tmp_path / "none.json")], "no such file"), ([str(prose)], "holds no item")):
        config = _config(tmp_path, source, list(against))
        with pytest.raises(InputError, match=words):
            read_evaluations(config, examine(config.decontaminate), QUIET)
    with pytest.raises(ConfigError, match="two evaluation sets"):
        _config(tmp_path, source, [str(prose), str(prose)])
    with pytest.raises(InputError, match="name it once"):
        examine(_config(tmp_path, source, [str(source), {"name": "again", "path": str(source)}]).decontaminate)


def test_a_dataset_of_ours_as_evaluation_set_leaves_nothing_of_itself(
    corpus: Callable[..., Path], tmp_path: Path
) -> None:
    source = corpus(40)
    first = build(_config(tmp_path, source, []), QUIET)
    assert not first["contamination"]
    assert not (tmp_path / "out" / "contamination.parquet").exists()
    (tmp_path / "again").mkdir()
    report = build(_config(tmp_path / "again", source, [{"name": "own", "path": str(tmp_path / "out")}]), QUIET)
    assert (report["kept"], report["contamination"]["own"]["dialogues"]) == (0, first["kept"])
