"""Options chosen by likelihood under a tiny real model: batches change nothing, and the sum is that of the model's own loss."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

pytest.importorskip("torch", reason="training needs torch: pip install -e '.[train]'")
pytest.importorskip("trl", reason="training needs trl: pip install -e '.[train]'")

from cmtmedqa.errors import InputError
from cmtmedqa.evaluate import mcq_answers
from cmtmedqa.evaluate.mcq import Question, asked

_ONE = Question(
    "q:1", "内科", "咳嗽三天，先查什么？", (("A", "血常规"), ("B", "胃镜"), ("C", "心电图")), frozenset("A"), False
)
_MANY = _ONE._replace(id="q:2", answer=frozenset("AC"), multiple=True)


def test_scores_are_the_model_s_own_mean_log_likelihood(model_folder: Path) -> None:
    import torch

    tokenizer, model = mcq_answers._load(str(model_folder))
    head, endings = f"{asked(_ONE)}\n答案：", ["A", "胃镜", "心电图"]
    together = mcq_answers._scores(head, endings, tokenizer, model)
    for ending, score in zip(endings, together, strict=True):
        before, tail = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in (head, ending))
        labels = torch.tensor([[-100] * len(before) + tail])
        loss = model(input_ids=torch.tensor([before + tail]), labels=labels).loss
        assert score == pytest.approx(-float(loss.detach()), abs=1e-4)


def test_each_item_gets_a_choice_of_its_kind(model_folder: Path) -> None:
    quiet = Console(file=StringIO())
    one, many = mcq_answers.likeliest([(_ONE, 0), (_MANY, 0)], str(model_folder), quiet, "letters")
    assert len(one.chosen) == 1 < len(many.chosen)
    by_text, none = mcq_answers.likeliest([(_ONE, 0), (_MANY, 0)], str(model_folder), quiet, "texts")
    assert len(by_text.chosen) == 1
    assert none.chosen == frozenset()


def test_a_folder_without_a_model_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"config\.json"):
        mcq_answers.likeliest([(_ONE, 0)], str(tmp_path), Console(file=StringIO()), "letters")
