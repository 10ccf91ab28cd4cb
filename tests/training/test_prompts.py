"""Which prompts PPO answers, and in which order."""

import ast
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("transformers", reason="training needs transformers: pip install -e '.[train]'")

from cmtmedqa import recipes
from cmtmedqa.training import prompts, template
from cmtmedqa.training.data import Conversation
from tests.training.synthetic import ranking
from tests.training.tiny import CHECKOUT, write_messages

TALK = [
    {"role": "user", "content": "医生您好，我头痛三天了。"},
    {"role": "assistant", "content": "请问有没有发热？"},
    {"role": "user", "content": "没有发热，需要吃药吗？"},
    {"role": "assistant", "content": "可以先休息。"},
    {"role": "user", "content": "好的，谢谢医生。"},
    {"role": "assistant", "content": "不客气。"},
]


def test_farewells_are_never_prompts_and_a_prompt_ends_where_the_doctor_begins(tokenizer: Any) -> None:
    counts: Counter[str] = Counter()
    found = prompts.prompts([Conversation("d1", TALK)], "all", tokenizer, 500, counts)
    assert [prompt.messages for prompt in found] == [TALK[:1], TALK[:3]]
    assert [prompt.id for prompt in found] == ["d1:0", "d1:2"]
    assert tokenizer.decode(found[1].ids).endswith("需要吃药吗？<|im_end|>\n<|im_start|>assistant\n")
    thanks = Conversation("d2", TALK[4:])
    assert prompts.prompts([thanks], "all", tokenizer, 500, counts) == []
    assert counts["dropped_without_a_question"] == 1


def test_one_prompt_a_dialogue_depends_on_its_id_alone(tokenizer: Any) -> None:
    rows = [Conversation(f"d{number}", TALK) for number in range(40)]
    found = prompts.prompts(rows, "one", tokenizer, 500, Counter())
    assert found == prompts.prompts(rows[::-1], "one", tokenizer, 500, Counter())[::-1]
    assert {prompt.id.rpartition(":")[2] for prompt in found} == {"0", "2"}


def test_a_prompt_loses_turns_on_the_left_and_keeps_its_room(tokenizer: Any) -> None:
    counts: Counter[str] = Counter()
    whole = len(template.prompt_ids(tokenizer, TALK[:3]))
    (_, exact) = prompts.prompts([Conversation("d", TALK)], "all", tokenizer, whole, counts)
    assert len(exact.ids) == whole
    assert counts["left_trimmed"] == 0
    (_, cut) = prompts.prompts([Conversation("d", TALK)], "all", tokenizer, whole - 1, counts)
    assert cut.messages == TALK[2:3]
    assert cut.ids == template.prompt_ids(tokenizer, TALK[2:3])
    assert counts["left_trimmed"] == 1
    assert prompts.prompts([Conversation("d", TALK)], "all", tokenizer, 5, counts) == []
    assert counts["dropped_too_long"] == 2


def test_a_control_mark_in_a_turn_is_no_prompt(tokenizer: Any) -> None:
    counts: Counter[str] = Counter()
    row = Conversation("d", [{"role": "user", "content": "头痛<|im_end|>怎么办？"}])
    assert prompts.prompts([row], "all", tokenizer, 500, counts) == []
    assert counts["dropped_control_token"] == 1


def test_the_order_is_a_function_of_seed_and_iteration_and_each_epoch_holds_every_prompt_once() -> None:
    rows = [prompts.order_of(7, iteration, 8, 20) for iteration in range(10)]
    flat = [row for part in rows for row in part]
    for epoch in range(4):
        assert sorted(flat[20 * epoch : 20 * epoch + 20]) == list(range(20))
    assert flat[:20] != flat[20:40]
    assert prompts.order_of(7, 6, 8, 20) == rows[6]
    assert prompts.order_of(8, 6, 8, 20) != rows[6]
    assert sorted(Counter(prompts.order_of(7, 0, 8, 3)).values()) == [
        2,
        3,
        3,
    ]  # fewer prompts than answers: several epochs


def test_mini_batches_hold_every_row_once_and_differ_by_pass_and_process() -> None:
    first = list(prompts.mini_batches(1, 0, 0, 0, 10, 4))
    assert sorted(row for part in first for row in part) == list(range(10))
    assert first != list(prompts.mini_batches(1, 0, 1, 0, 10, 4))
    assert first != list(prompts.mini_batches(1, 0, 0, 1, 10, 4))
    assert first == list(prompts.mini_batches(1, 0, 0, 0, 10, 4))


def settings(**changes: object) -> Any:
    words = [
        f"{key}={value}" for key, value in ({"data": "d", "max_length": 200, "max_new_tokens": 20} | changes).items()
    ]
    return recipes.load("ppo", "tiny", ["model=m", "reward_model=r", "output=o", *words])


def test_prompts_of_rankings_keep_their_split_and_are_read_once(tokenizer: Any, tmp_path: Path) -> None:
    rows = [
        ranking(seed) | {"split": "dev" if seed % 4 == 0 else "test" if seed == 5 else "train"} for seed in range(12)
    ]
    path = tmp_path / "rankings.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in [*rows, *rows]), encoding="utf-8")
    train, dev = prompts.read_prompts(settings(data=path), tokenizer, counts := Counter())
    assert [prompt.id.partition(":")[0] for prompt in train] == [f"d{n}" for n in range(12) if n % 4 and n != 5]
    assert sorted(prompt.id.partition(":")[0] for prompt in dev) == ["d0", "d4", "d8"]
    assert (counts["prompts"], counts["prompts_held_out"]) == (8, 3)
    assert train[0].messages == ranking(1)["prompt"]


def test_dialogues_of_a_file_are_held_out_by_their_hash_and_never_on_both_sides(tokenizer: Any, tmp_path: Path) -> None:
    path = write_messages(tmp_path / "rows.jsonl", range(120))
    given = settings(data=path, eval_share=0.2, prompts="all", eval_prompts=10)
    train, dev = prompts.read_prompts(given, tokenizer, Counter())
    assert len(dev) == 10
    assert not {p.id.partition(":")[0] for p in train} & {p.id.partition(":")[0] for p in dev}
    assert 80 <= len({p.id.partition(":")[0] for p in train}) < 110
    none = prompts.read_prompts(settings(data=path, eval_share=0.0), tokenizer, Counter())[1]
    assert none == []
    other = write_messages(tmp_path / "other.jsonl", range(500, 510))
    train, dev = prompts.read_prompts(settings(data=path, eval_data=other), tokenizer, Counter())
    assert len({p.id.partition(":")[0] for p in train}) == 120
    assert all(int(p.id.partition(":")[0][1:]) >= 500 for p in dev)


def test_the_prompts_of_a_recipe_are_written_for_other_trainers(
    model_folder: Path, tokenizer: Any, train: Any, tmp_path: Path
) -> None:
    path = write_messages(tmp_path / "rows.jsonl", range(30))
    train("prompts", f"model={model_folder}", "reward_model=unused", f"data={path}", f"output={tmp_path / 'out'}")
    rows = [json.loads(line) for line in (tmp_path / "out" / "train.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) > 20
    assert (tmp_path / "out" / "held_out.jsonl").is_file()
    for row in rows:
        rendered = tokenizer.apply_chat_template(row["prompt"], tokenize=False, add_generation_prompt=True)
        assert row["input"] == rendered


def test_ppo_imports_neither_trl_nor_datasets() -> None:
    """On a GPU machine they are often absent: what PPO imports, directly or through our modules, is read from the sources."""
    seen: set[Path] = set()
    left = [CHECKOUT / "train" / "ppo.py"]
    while left:
        path = left.pop()
        seen.add(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            for name in [module, *(f"{module}.{name}" if module else name for name in names)]:
                inside = path.name in {"stages.py", "corpus.py"}  # what they import late belongs to other stages
                assert inside or name.split(".")[0] not in {"trl", "datasets"}, path
                file = CHECKOUT / (name.replace(".", "/") + ".py")
                if name.startswith("cmtmedqa.training") and file.is_file() and file not in seen:
                    left.append(file)
    assert len(seen) > 15
