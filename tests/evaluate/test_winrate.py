"""`evaluate winrate` as its user runs it: a built dataset, files of replies, and a judge behind a real server."""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cmtmedqa.evaluate.judge import stripped, verdict_of
from cmtmedqa.judgements import Annotation, CandidateSet
from tests import command
from tests.llm.server import Server, running

pytest.importorskip("openai")
CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def prompts(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("winrate")
    done = _run("evaluate", "prompts", str(demo), "--split", "all", "-o", str(folder / "prompts.jsonl"))
    assert done.returncode == 0, done.stderr
    return folder / "prompts.jsonl"


def _run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return command.run(*arguments, cwd=CHECKOUT)


def _rows(prompts: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in prompts.read_text(encoding="utf-8").splitlines()]


def _replies(prompts: Path, path: Path, text: str) -> str:
    lines = [json.dumps({"id": row["id"], "text": f"{text}{place}"}) + "\n" for place, row in enumerate(_rows(prompts))]
    path.write_text("".join(lines), encoding="utf-8")
    return f"{path.stem}={path}"


def _quality(body: dict[str, Any], _: int) -> str:
    """A judge that takes 详细 for better, unless a coin of the prompt gives the first place a bonus."""
    said = body["messages"][1]["content"]
    first, second = (part.strip() for part in said.split("【回复 A】")[1].split("【回复 B】"))
    coin = hashlib.sha256(said.encode()).digest()[0] / 256
    better = (("详细" in first) - ("详细" in second)) or (1 if coin < 0.5 else -1)
    return json.dumps({"reason": "理由", "verdict": "A" if better > 0 else "B"}, ensure_ascii=False)


def _first(body: dict[str, Any], _: int) -> str:
    return '先看回复。{"reason": "甲", "verdict": "A"}'


def _winrate(prompts: Path, folder: Path, judge: Server, *systems: str, more: tuple[str, ...] = ()) -> dict[str, Any]:
    output = folder / "out.html"
    done = _run(
        "evaluate", "winrate", *systems, "--prompts", str(prompts), "--judge", f"judge@{judge.url}", "--sample", "40",
        "-o", str(output), "--ledger", str(folder / "ledger"), *more,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "<script" not in output.read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(output.with_suffix(".json").read_text(encoding="utf-8"))
    return found


def test_the_better_system_wins_in_every_dimension_and_a_second_run_asks_nothing(prompts: Path, tmp_path: Path) -> None:
    good = _replies(prompts, tmp_path / "good.jsonl", "这是一条详细的回复，建议复查。")
    poor = _replies(prompts, tmp_path / "poor.jsonl", "多喝水。")
    with running(Server(_quality)) as judge:
        found = _winrate(prompts, tmp_path, judge, good, poor)
        made = judge.calls
        assert _winrate(prompts, tmp_path, judge, good, poor) == found
        assert judge.calls == made == 40 * 3 * 2
    assert [item["dimension"] for item in found["comparisons"]] == ["safety", "professionalism", "fluency"]
    for item in found["comparisons"]:
        assert (item["win"], item["tie"], item["loss"], item["invalid"], item["n"]) == (40, 0, 0, 0, 40)
        assert item["difference_shown"]
        assert sum(row["n"] for row in item["departments"]) == 40
    assert found["calibration"] is None
    systems = {
        message["content"] for body in judge.bodies for message in body["messages"] if message["role"] == "system"
    }
    assert len(systems) == 3  # one dimension a call


def test_own_prompts_are_answered_under_their_own_ids_and_what_does_not_fit_is_said(tmp_path: Path) -> None:
    asked = [{"id": f"q{n}", "prompt": [{"role": "user", "content": f"咳嗽{n}天了，怎么办？"}]} for n in range(1)]
    (tmp_path / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked), encoding="utf-8")
    systems = []
    for name, ids in (("good", ["q0", "q7"]), ("poor", ["q0"])):
        lines = [json.dumps({"id": one, "text": f"这是{name}的回复"}) + "\n" for one in ids]
        (tmp_path / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
        systems.append(f"{name}={tmp_path / name}.jsonl")
    with running(Server(_quality)) as judge:
        found = _winrate(tmp_path / "own.jsonl", tmp_path, judge, *systems)
    assert [item["n"] for item in found["comparisons"]] == [1, 1, 1]  # of one dialogue there is no interval
    assert found["unused"] == {"good": 1}


def test_a_judge_of_positions_is_named_and_gives_only_ties(prompts: Path, tmp_path: Path) -> None:
    good = _replies(prompts, tmp_path / "good.jsonl", "这是一条详细的回复，建议复查。")
    with running(Server(_first)) as judge:
        found = _winrate(prompts, tmp_path, judge, good, "reference")
    for item in found["comparisons"]:
        assert item["biased"]
        assert item["tie"] == item["n"]


def test_three_systems_get_strengths_and_a_missing_reply_is_counted(prompts: Path, tmp_path: Path) -> None:
    systems = [_replies(prompts, tmp_path / f"s{n}.jsonl", f"第{n}种回复，建议多休息。") for n in range(3)]
    path = tmp_path / "s2.jsonl"
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[:-1]), encoding="utf-8")
    with running(Server(_quality)) as judge:
        found = _winrate(prompts, tmp_path, judge, *systems, more=("--split", "all"))
    assert len(found["comparisons"]) == 9
    assert set(found["strengths"]["safety"]) == {"s0", "s1", "s2"}
    assert sum(found["missing"].values()) <= 1


def _annotated(folder: Path, count: int) -> tuple[Path, Path]:
    sets, annotations = folder / "sets.jsonl", folder / "annotations.jsonl"
    rows, said = [], []
    for number in range(count):
        texts = {"c1": f"详细的回复{number}", "c2": f"简单的回复{number}"}
        candidates = [{"id": name, "model": "m", "text": text} for name, text in texts.items()]
        prompt = [{"role": "user", "content": f"第{number}问：头痛怎么办？"}]
        rows.append(
            CandidateSet.model_validate(
                {"id": f"s{number}", "dialogue_id": f"d{number}", "prompt": prompt, "candidates": candidates}
            )
        )
        for expert in ("e1", "e2"):
            order = [["c1"], ["c2"]] if number % 10 else [["c2"], ["c1"]]
            scores = {name: {"safety": 4, "professionalism": 4, "fluency": 4} for name in texts}
            said.append(
                Annotation.model_validate(
                    {
                        "id": f"{expert}{number}",
                        "set_id": f"s{number}",
                        "annotator": expert,
                        "shown": ["c1", "c2"],
                        "rank_groups": order,
                        "scores": scores,
                        "rubric_version": "1",
                    }
                )
            )
    for path, items in ((sets, rows), (annotations, said)):
        path.write_text("".join(item.model_dump_json() + "\n" for item in items), encoding="utf-8")
    return sets, annotations


def test_a_judge_is_calibrated_on_experts(prompts: Path, tmp_path: Path) -> None:
    good = _replies(prompts, tmp_path / "good.jsonl", "这是一条详细的回复。")
    sets, annotations = _annotated(tmp_path, 120)
    with running(Server(_quality)) as judge:
        more = ("--annotations", str(annotations), "--sets", str(sets))
        found = _winrate(prompts, tmp_path, judge, good, "reference", more=more)["calibration"]
    assert found["items"] == 120
    assert found["expert_expert"]["value"] == pytest.approx(1.0)
    assert 0.5 < found["judge_expert"]["value"] < 0.95
    assert found["calibrated"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"reason": "x", "verdict": "A"}', "first"), ('好的。\n```json\n{"verdict": "B"}\n```', "second"), ('{"verdict": "tie"}', "tie"),
        ('{"verdict": "A"} 不对，{"verdict": "B"}', "second"), ("A 更好", "invalid"), ('{"verdict": "C"}', "invalid"), ('{"verdict": ', "invalid"),
        ('{"reason": "第一行\n第二行", "verdict": "A"}', "first"),
    ],
)  # fmt: skip
def test_a_verdict_is_read_from_what_judges_write(text: str, wanted: str) -> None:
    assert verdict_of(text) == wanted


def test_form_and_introductions_are_taken_off_before_judging() -> None:
    assert stripped("**建议**：\n- 多喝水\n- 复查") == "建议：\n多喝水\n复查"
    assert stripped("您好，我是您的智能医疗助手。建议复查。") == "建议复查。"
    assert stripped("我是医生") == "我是医生"


@pytest.mark.parametrize(
    ("systems", "words"),
    [
        (["reference"], "two systems"),
        (["reference", "reference"], "called reference"),
        (["a=missing.jsonl", "reference"], "cannot be read"),
        (["nowhere", "reference"], "no NAME@URL"),
    ],
)
def test_bad_systems_are_one_line(prompts: Path, tmp_path: Path, systems: list[str], words: str) -> None:
    done = _run(
        "evaluate",
        "winrate",
        *systems,
        "--prompts",
        str(prompts),
        "--judge",
        "j@http://127.0.0.1:9/v1",
        "-o",
        str(tmp_path / "x.html"),
    )
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
