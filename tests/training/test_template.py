"""The chat template: what is learnt, that training renders as serving does, and what is refused."""

import sys
import types
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmtmedqa.errors import InputError
from cmtmedqa.training import template
from tests.training.tiny import dialogue

_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="<|>\x00"), min_size=1, max_size=20)
_CHATS = st.lists(st.tuples(_TEXT, _TEXT), min_size=1, max_size=4).map(
    lambda pairs: [
        {"role": role, "content": text}
        for pair in pairs
        for role, text in zip(("user", "assistant"), pair, strict=True)
    ]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=_CHATS)
def test_exactly_the_doctor_s_turns_are_learnt(
    model_folder: Any, tokenizer: Any, messages: list[dict[str, str]]
) -> None:
    ids, labels = template.training_ids(tokenizer, messages)
    said = [message["content"] + "<|im_end|>" for message in messages if message["role"] == "assistant"]
    assert template.learnt_texts(tokenizer, labels) == said
    assert (ids, labels) == template.pieced_ids(tokenizer, messages)
    assert sum(template.lengths(tokenizer, messages)) == len(ids)
    for place in range(1, len(messages), 2):
        prompt = template.prompt_ids(tokenizer, messages[:place])
        assert ids[: len(prompt)] == prompt
        assert labels[len(prompt)] == ids[len(prompt)]
        assert set(labels[len(prompt) - 3 : len(prompt)]) == {template.IGNORED}


def test_the_rendered_text_is_chatml_without_think_blocks(tokenizer: Any) -> None:
    messages = [{"role": "system", "content": "您是医生。"}, *dialogue(3)[:2]]
    text = tokenizer.apply_chat_template(messages, tokenize=False)
    assert text == "".join(f"<|im_start|>{item['role']}\n{item['content']}<|im_end|>\n" for item in messages)


def test_end_and_pad_are_two_tokens(tokenizer: Any) -> None:
    assert tokenizer.eos_token == "<|im_end|>"
    assert tokenizer.pad_token_id != tokenizer.eos_token_id


def test_the_check_finds_a_template_that_learns_the_wrong_turns(tokenizer: Any) -> None:
    rows = [("d1", dialogue(1)), ("d2", dialogue(2))]
    assert template.check(tokenizer, rows) == sum(len(messages) // 2 for _, messages in rows)
    ours = tokenizer.chat_template
    try:
        tokenizer.chat_template = ours.replace(
            "+ '<|im_end|>' }}{%- endgeneration %}", "}}{%- endgeneration %}{{- '<|im_end|>' }}"
        )
        with pytest.raises(InputError, match=r"^d1: this tokenizer does not keep the doctor's turns apart"):
            template.check(tokenizer, rows)
    finally:
        tokenizer.chat_template = ours


def test_control_marks_are_those_of_the_tokenizer_and_of_chatml(tokenizer: Any) -> None:
    assert {"<|im_start|>", "<|im_end|>", "<|endoftext|>"} <= set(template.control_marks(tokenizer))


def test_a_tokenizer_without_the_tokens_gets_them_and_the_model_rows_for_them(model_folder: Any) -> None:
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE(vocab={letter: number for number, letter in enumerate([*letters, "</s>"])}, merges=[]))
    core.pre_tokenizer, core.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    bare = PreTrainedTokenizerFast(tokenizer_object=core, eos_token="</s>", pad_token="</s>")
    assert template.prepare(bare) == ["<|im_start|>", "<|im_end|>", "<|endoftext|>"] or bare.pad_token == "</s>"
    assert bare.pad_token != bare.eos_token == "<|im_end|>"
    template.check(bare, [("d1", dialogue(1))])

    model = AutoModelForCausalLM.from_pretrained(model_folder)
    model.resize_token_embeddings(257)
    before = model.get_input_embeddings().weight.detach().clone()
    rows = template.grow_embeddings(model, bare)
    weight = model.get_input_embeddings().weight
    assert rows == list(range(257, len(bare)))
    assert torch.equal(weight[:257], before)
    assert torch.allclose(weight[257:], before.mean(0).expand(len(rows), -1))
    assert template.grow_embeddings(model, bare) == []

    weight.ds_shape, weight.data = weight.shape, torch.empty(0)  # as DeepSpeed ZeRO-3 leaves what it has spread
    assert template.grow_embeddings(model, bare) == []


def test_weights_that_zero_3_has_spread_are_put_together_for_as_long_as_they_are_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch = pytest.importorskip("torch")
    from cmtmedqa.training import reward_trainer

    whole, spread = torch.ones(1, 4), torch.nn.Parameter(torch.empty(0))
    spread.ds_id = 0

    class Gathered:
        def __init__(self, parameters: list[Any], modifier_rank: int) -> None:
            assert parameters == [spread]
            assert modifier_rank == 0  # what the first process writes all get

        def __enter__(self) -> None:
            spread.data = whole

        def __exit__(self, *_: object) -> None:
            spread.data = torch.empty(0)

    zero = types.SimpleNamespace(GatheredParameters=Gathered)
    monkeypatch.setitem(sys.modules, "deepspeed", types.SimpleNamespace(zero=zero))
    model = types.SimpleNamespace(score=torch.nn.Linear(4, 1, bias=False))
    model.score.weight = spread
    assert torch.equal(reward_trainer.with_float32_head(model).score.weight, whole)


@pytest.mark.parametrize("prepends", ["each", "first"])
def test_tokenizers_of_the_sentencepiece_family_keep_the_turns_apart(prepends: str) -> None:
    """As LLaMA has them: `▁` for a space, put before each text or the first, and single bytes for what is not in the vocabulary."""
    pytest.importorskip("tokenizers", reason="training needs transformers: pip install -e '.[train]'")
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = [*"▁abuser头痛", "<unk>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁u", "se", "头痛"]
    vocab = {letter: number for number, letter in enumerate(dict.fromkeys(letters))}
    merges = [("▁", "u"), ("s", "e"), ("头", "痛")]
    core = Tokenizer(models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    if prepends == "each":
        core.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    else:
        core.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=False)
    core.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    llama = PreTrainedTokenizerFast(tokenizer_object=core, unk_token="<unk>", eos_token="</s>")
    template.prepare(llama)
    spaced = [
        {"role": "user", "content": "头痛 a b"},
        {"role": "assistant", "content": " 空格 ok "},
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": "y\n\nz"},
    ]
    rows = [("spaced", spaced), *((f"d{seed}", dialogue(seed)) for seed in range(20))]
    assert template.check(llama, rows) == sum(len(messages) // 2 for _, messages in rows)
    assert all(sum(template.lengths(llama, item)) == len(template.training_ids(llama, item)[0]) for _, item in rows)


def test_the_fingerprint_sees_another_template_and_another_vocabulary(tokenizer: Any, model_folder: Any) -> None:
    from cmtmedqa.training.models import load_tokenizer

    first, other = template.fingerprint(tokenizer), load_tokenizer(model_folder)
    assert template.fingerprint(other) == first
    other.chat_template += " "
    assert template.fingerprint(other)["template"] != first["template"]
    other.add_tokens(["新词"])
    assert template.fingerprint(other)["tokenizer"] != first["tokenizer"]
