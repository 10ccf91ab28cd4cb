"""The second pass: the model adds, the rules win, nothing is loaded from elsewhere."""

import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from cmtmedqa.build import ner
from cmtmedqa.clean.deidentify import Span
from cmtmedqa.errors import ConfigError


def test_tokens_of_one_kind_that_follow_one_another_are_one_span():
    tokens = [
        (0, 0, "B-PER"),
        (0, 1, "B-PER"),
        (1, 2, "I-PER"),
        (2, 3, "O"),
        (3, 4, "I-LOC"),
        (4, 5, "B-LOC"),
        (6, 7, "I-LOC"),
    ]
    assert list(ner.merged(tokens)) == [(0, 2, "name"), (3, 4, "address"), (4, 5, "address"), (6, 7, "address")]
    assert list(ner.merged([(0, 1, "MISC"), (1, 2, "PER")])) == [(1, 2, "name")]


def test_the_rules_win_and_tags_are_left_alone():
    texts = pa.array(["我叫林若溪，住院", "[姓名1]和张三"])
    found = {0: (Span(2, 5, "name", "called"),)}

    def tagger(text: str) -> list[tuple[int, int, str]]:
        return [(3, 7, "hospital"), (6, 8, "hospital")] if "林" in text else [(1, 3, "name"), (6, 8, "name")]

    assert ner.united(texts, found, tagger) == {
        0: (Span(2, 5, "name", "called"), Span(6, 8, "hospital", "ner")),
        1: (Span(6, 8, "name", "ner"),),
    }


def test_a_folder_without_a_model_is_refused_in_one_line(tmp_path):
    with pytest.raises(ConfigError, match="holds no config"):
        ner.detector(str(tmp_path))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A tiny BERT with random weights, built here: what it finds is chance, how it is used is not."""
    torch = pytest.importorskip("torch", reason="torch is not installed (extra ner)")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed (extra ner)")
    folder = tmp_path_factory.mktemp("model")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"我叫林若溪打电话头疼三天在协和医院看过，。张三李四"]
    (folder / "vocab.txt").write_text("\n".join(dict.fromkeys(words)), encoding="utf-8")
    transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(3)
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=32, id2label={0: "B-PER", 1: "I-PER"}, label2id={"B-PER": 0, "I-PER": 1},
    )  # fmt: skip
    transformers.BertForTokenClassification(config).save_pretrained(folder)
    return folder


def test_a_model_runs_from_its_folder_alone_and_gives_the_same_twice(model):
    texts = pa.array(["我叫林若溪，打13912345678", "头疼三天" * 30, ""])
    detect = ner.detector(str(model))
    first, second = (detect(texts, np.array([0, 0, 1])) for _ in range(2))
    assert first == second
    assert {span.rule for span in first[0]} >= {"called", "mobile"}
    assert any(span.rule == "ner" for span in first[1])
    assert max(span.end for span in first[1]) > 100, "the end of a long text was not looked at"
    for row, spans in first.items():
        ends = [0, *(place for span in spans for place in span[:2]), len(texts[row].as_py())]
        assert ends == sorted(ends)


def test_audit_and_build_take_a_model(model, tmp_path):
    source = tmp_path / "a.jsonl"
    turns = [("human", "医生我头疼三天了还咳嗽发烧"), ("gpt", "多喝水，按时吃药，三天后复查")]
    source.write_text(
        json.dumps({"conversations": [{"from": a, "value": b} for a, b in turns]}, ensure_ascii=False) + "\n", "utf-8"
    )
    main = [sys.executable, "-c", "from cmtmedqa.cli.app import main; main()"]
    audit = subprocess.run(
        [*main, "audit", source, "--ner", model, "--json"], capture_output=True, text=True, check=True, timeout=120
    )
    assert {json.loads(line)["rule"] for line in audit.stdout.splitlines()} == {"ner"}
    build = subprocess.run(
        [*main, "build", source, "-o", tmp_path / "o", "--ner", model],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert build.returncode == 0, build.stderr
    manifest = (tmp_path / "o" / "manifest.json").read_text("utf-8")
    assert str(model) not in manifest
    assert json.loads((tmp_path / "o" / "report.json").read_text("utf-8"))["personal_data"]["name"] > 0
