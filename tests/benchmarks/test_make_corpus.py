import csv
import json
import shutil
from collections import Counter
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import make_corpus, truth

SIZE = 300
PARTS = ("头部", "颈部", "腹部", "腰部", "膝盖", "手腕", "脚踝", "胸口", "肩膀", "后背")
SIGNS = ("疼痛", "发麻", "肿胀", "发痒", "无力", "酸胀")
ADVICE = ("热敷", "休息", "按摩", "复查", "拍片", "验血", "理疗", "观察")


def _pairs():
    for part, sign in product(PARTS, SIGNS):
        ask = f"医生您好，我最近{part}总是{sign}，已经有一个星期左右了，需要去医院检查吗？"
        first, second = ADVICE[len(part + sign) % 8], ADVICE[(PARTS.index(part) + SIGNS.index(sign)) % 8]
        answer = (
            f"您好。{part}{sign}多数与劳累有关。建议先{first}，然后{second}。如果三天后{part}还是{sign}，请到门诊就诊。"
        )
        yield ask, answer


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    pairs = list(_pairs())
    dialogues = [
        {"id": f"x{start}", "cate1": name, "cate2": f"{name}综合", "input": ""}
        | {"history": [list(pair) for pair in pairs[start : start + 2]]}
        | {"instruction": pairs[start + 2][0], "output": pairs[start + 2][1]}
        for start, name in zip(range(0, 57, 3), ["外科", "儿科"] * 10, strict=False)
    ]
    (folder / "zhongjing").mkdir()
    (folder / "toyhom").mkdir()
    (folder / "zhongjing" / "CMtMedQA_sample.json").write_text(json.dumps(dialogues), encoding="utf-8")
    single = [{"id": "", "instruction": [ask], "output": [answer]} for ask, answer in pairs[::2]]
    (folder / "zhongjing" / "huatuo26M_sample.json").write_text(json.dumps(single), encoding="utf-8")
    with (folder / "toyhom" / "a.csv").open("w", encoding="gb18030", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["department", "title", "ask", "answer"])
        writer.writerows(["肝病科", "问题", ask.replace("医生", "大夫"), answer] for ask, answer in pairs)
    return folder


@pytest.fixture(scope="module")
def corpus(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    make_corpus.make(data, folder, SIZE, seed=7)
    truth.write_normalised(folder)
    return folder


def _rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _jaccard(first, second):
    return len(first & second) / len(first | second) if first | second else 0.0


def _brute_force(texts, lowest):
    """Every pair, gram sets as Python sets of strings."""
    grams = [{text[start : start + 5] for start in range(len(text) - 4)} for text in texts]
    values = {(a, b): _jaccard(grams[a], grams[b]) for a, b in combinations(range(len(texts)), 2)}
    return {pair: pytest.approx(value) for pair, value in values.items() if value >= lowest}


def _joined(texts, lowest):
    found = truth.join(truth.all_grams(texts), lowest)
    return {(int(a), int(b)): value for a, b, value in found.tolist()}


def test_truth_equals_brute_force(corpus):
    texts = [row["text"] for row in _rows(corpus / "normalised.jsonl")]
    found = _joined(texts, truth.LOWEST)
    assert len(found) >= SIZE * make_corpus.PLANTED_SHARE / 2
    assert found == _brute_force(texts, truth.LOWEST)


@given(st.lists(st.text("痛痒麻热", max_size=30), max_size=12), st.sampled_from([0.3, 0.7, 0.8, 1.0]))
def test_join_equals_brute_force_on_any_texts(texts, lowest):
    assert _joined(texts, lowest) == _brute_force(texts, lowest)


def test_same_seed_same_bytes_and_another_seed_others(data, corpus, tmp_path):
    make_corpus.make(data, tmp_path / "same", SIZE, seed=7)
    make_corpus.make(data, tmp_path / "other", SIZE, seed=8)
    for name in ("corpus.jsonl", "planted.jsonl"):
        assert (tmp_path / "same" / name).read_bytes() == (corpus / name).read_bytes()
        assert (tmp_path / "other" / name).read_bytes() != (corpus / name).read_bytes()


def test_records_have_the_shape_and_the_planted_shares(corpus):
    records, planted = _rows(corpus / "corpus.jsonl"), _rows(corpus / "planted.jsonl")
    assert len(records) == SIZE
    assert len({record["id"] for record in records}) == SIZE
    assert {tuple(record) for record in records} == {
        ("id", "cate1", "cate2", "instruction", "input", "output", "history")
    }
    assert all(text.strip() for record in records for text in truth.turns_of(record))
    kinds = Counter(row["kind"] for row in planted)
    assert kinds == {"exact": 3, "traditional": 4, "format": 2, "characters": 10, "clauses": 6, "turns": 5}
    assert {row["base"] for row in planted}.isdisjoint(row["id"] for row in planted)


def test_copies_come_near_the_jaccard_they_aim_at(corpus):
    number = {row["id"]: place for place, row in enumerate(_rows(corpus / "normalised.jsonl"))}
    texts = [row["text"] for row in _rows(corpus / "normalised.jsonl")]
    for row in _rows(corpus / "planted.jsonl"):
        if row["kind"] == "characters":
            (value,) = _brute_force([texts[number[row["id"]]], texts[number[row["base"]]]], 0.0).values()
            assert value.expected == pytest.approx(row["target"], abs=0.12)


def test_write_normalised_undoes_noise(tmp_path):
    (tmp_path / "corpus.jsonl").write_text(
        json.dumps(
            {
                "id": "a",
                "history": [["頭部 疼痛<br>，ＡＢ", "好&nbsp;的"]],
                "instruction": "谢谢！",
                "output": "不\n客气",
            }
        )
        + "\n",
        encoding="utf-8",
    )
    truth.write_normalised(tmp_path)
    assert _rows(tmp_path / "normalised.jsonl") == [{"id": "a", "text": "头部疼痛,ab\n好的\n谢谢!\n不客气"}]


def test_score_allows_all_members_but_one():
    cluster = np.array([0, 0, 0, 3, 4, 4])
    assert truth.score(cluster, [1, 2, 5]) == truth.Score(3, 3, 0, 1.0, 1.0)
    assert truth.score(cluster, [0, 1, 2, 3]) == truth.Score(4, 2, 2, pytest.approx(2 / 3), 0.5)
    assert truth.score(cluster, []) == truth.Score(0, 0, 0, 0.0, 1.0)


def test_main_writes_the_figures(corpus, tmp_path, monkeypatch, capsys):
    for name in ("corpus.jsonl", "planted.jsonl"):
        shutil.copy(corpus / name, tmp_path / name)
    monkeypatch.setattr("sys.argv", ["truth", str(tmp_path)])
    truth.main()
    figures = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert json.loads(capsys.readouterr().out) == figures
    assert figures["documents"] == SIZE
    assert figures["kinds"]["exact"]["median"] > 0.8
    ids, pairs, cluster = truth.load(Path(tmp_path))
    assert len(ids) == SIZE
    assert len(pairs) == figures["pairs_0.7"]
    assert SIZE - len(set(cluster.tolist())) == figures["removable_0.8"]
