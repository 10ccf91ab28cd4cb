"""One chat template for training, serving and evaluation: ChatML whose doctor turns are marked for the loss.

It is set into the tokenizer before a trainer is built and saved with every model. The templates that models bring lack the marks,
and what trl swaps in for them trains text (empty `<think>` blocks) that serving does not render: training would not be serving.
"""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from cmtmedqa.errors import InputError
from cmtmedqa.io import canonical_json

Message = Mapping[str, str]  # role (system, user, assistant) and content

START, END, PAD = "<|im_start|>", "<|im_end|>", "<|endoftext|>"
IGNORED = -100  # label of a token that is not learnt
TEMPLATE = (
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message['role'] + '\\n' }}"
    "{%- if message['role'] == 'assistant' %}"
    "{%- generation %}{{- message['content'] + '<|im_end|>' }}{%- endgeneration %}"
    "{%- else %}{{- message['content'] + '<|im_end|>' }}{%- endif %}"
    "{{- '\\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)


def prepare(tokenizer: Any) -> list[str]:
    """Set our template, the end token and a pad token that is another one; gives the tokens that had to be added.

    A stock classification head reads the score at the rightmost token that is not pad: with pad = end it would read the one before.
    """
    known = tokenizer.get_vocab()
    spare = tokenizer.pad_token if tokenizer.pad_token not in {None, END} else PAD
    missing = [token for token in (START, END, spare) if token not in known]
    tokenizer.add_tokens([START, END], special_tokens=True)
    tokenizer.add_special_tokens({"eos_token": END, "pad_token": spare})
    tokenizer.chat_template = TEMPLATE
    tokenizer.padding_side = "right"
    return missing


def grow_embeddings(model: Any, tokenizer: Any) -> list[int]:
    """Give the model rows for tokens that `prepare` added: the mean of all others, so that every load gives the same bytes.

    Returns the ids of the new rows, [] where the vocabulary had room. An adapter has to train them (`trainable_token_indices`).
    """
    import torch

    rows = model.get_input_embeddings().weight
    before, after = getattr(rows, "ds_shape", rows.shape)[0], len(tokenizer)
    if after <= before:
        return []
    model.resize_token_embeddings(after, mean_resizing=False)
    layers = [layer for layer in (model.get_input_embeddings(), model.get_output_embeddings()) if layer is not None]
    with gathered([layer.weight for layer in layers]), torch.no_grad():
        for layer in layers:
            layer.weight[before:] = layer.weight[:before].float().mean(dim=0).to(layer.weight.dtype)
    return list(range(before, after))


def gathered(parameters: Sequence[Any]) -> AbstractContextManager[Any]:
    """Parameters that DeepSpeed ZeRO-3 spread over the processes, whole for as long as they are read or changed; else as they are."""
    if not any(hasattr(parameter, "ds_id") for parameter in parameters):
        return nullcontext()
    import deepspeed

    found: AbstractContextManager[Any] = deepspeed.zero.GatheredParameters(list(parameters), modifier_rank=0)
    return found


def control_marks(tokenizer: Any) -> tuple[str, ...]:
    """The texts that this tokenizer turns into control tokens; a message that holds one of them cannot be trained on."""
    added = tokenizer.get_added_vocab()
    special = set(tokenizer.all_special_tokens)
    marks = {text for text in added if text in special or (text.startswith("<") and text.endswith(">"))}
    return tuple(sorted(marks | special | {START, END, PAD}))


def prompt_ids(tokenizer: Any, messages: Sequence[Message]) -> list[int]:
    """The tokens of a conversation up to where the doctor begins to answer (generation prompt included)."""
    if not messages:  # transformers renders no empty conversation
        return _ids(tokenizer, f"{START}assistant\n")
    found: list[int] = tokenizer.apply_chat_template(list(messages), add_generation_prompt=True, return_dict=False)
    return found


def training_ids(tokenizer: Any, messages: Sequence[Message]) -> tuple[list[int], list[int]]:
    """(ids, labels) of a conversation; the labels are the ids of the doctor's turns with their end tokens, else IGNORED."""
    found = tokenizer.apply_chat_template(list(messages), return_dict=True, return_assistant_tokens_mask=True)
    ids, mask = found["input_ids"], found["assistant_masks"]
    return ids, [token if learnt else IGNORED for token, learnt in zip(ids, mask, strict=True)]


def lengths(tokenizer: Any, messages: Sequence[Message]) -> list[int]:
    """Tokens of each message with its marks. They sum to the length of the conversation: the marks are tokens of their own."""
    texts = [f"{START}{message['role']}\n{message['content']}{END}\n" for message in messages]
    return [len(ids) for ids in tokenizer(texts, add_special_tokens=False)["input_ids"]] if texts else []


def pieced_ids(tokenizer: Any, messages: Sequence[Message]) -> tuple[list[int], list[int]]:
    """(ids, labels) built message by message, without the template: what `training_ids` is compared with."""
    ids: list[int] = []
    labels: list[int] = []
    for message in messages:
        head = _ids(tokenizer, f"{START}{message['role']}\n")
        said = _ids(tokenizer, f"{START}{message['role']}\n{message['content']}{END}")[len(head) :]
        tail = _ids(tokenizer, f"{END}\n")[1:]
        learnt = message["role"] == "assistant"
        ids += head + said + tail
        labels += [IGNORED] * len(head) + (said if learnt else [IGNORED] * len(said)) + [IGNORED] * len(tail)
    return ids, labels


def learnt_texts(tokenizer: Any, labels: Sequence[int]) -> list[str]:
    """What the labels say when they are decoded: one text for every run of learnt tokens."""
    runs: list[list[int]] = [[]]
    for label in labels:
        if label == IGNORED:
            runs.append([])
        else:
            runs[-1].append(label)
    mark = tokenizer.convert_tokens_to_ids(START)  # SentencePiece drops a space where a text begins
    decoded = [tokenizer.decode([mark, *run], clean_up_tokenization_spaces=False) for run in runs if run]
    return [text.removeprefix(START) for text in decoded]


def check(tokenizer: Any, named: Sequence[tuple[str, Sequence[Message]]]) -> int:
    """Prove on (id, messages) rows that exactly the doctor's turns are learnt and that every prompt begins its training text.

    Returns the number of doctor turns compared. Raises InputError with the id of the first row that differs.
    """
    turns = 0
    for name, messages in named:
        ids, labels = training_ids(tokenizer, messages)
        said = [message["content"] + END for message in messages if message["role"] == "assistant"]
        if (ids, labels) != pieced_ids(tokenizer, messages) or learnt_texts(tokenizer, labels) != said:
            raise InputError(
                f"{name}: this tokenizer does not keep the doctor's turns apart from the rest; it cannot be used"
            )
        for place, message in enumerate(messages):
            if message["role"] == "assistant" and place:
                asked = prompt_ids(tokenizer, messages[:place])
                if ids[: len(asked)] != asked:
                    raise InputError(
                        f"{name}: a prompt is tokenised otherwise than in training; this tokenizer cannot be used"
                    )
        turns += len(said)
    return turns


def fingerprint(tokenizer: Any) -> dict[str, str]:
    """SHA-256 (first 16 digits) of the chat template and of the tokenizer's vocabulary and special tokens."""
    vocabulary = [sorted(tokenizer.get_vocab().items()), tokenizer.eos_token, tokenizer.pad_token]
    return {
        "template": hashlib.sha256(str(tokenizer.chat_template).encode()).hexdigest()[:16],
        "tokenizer": hashlib.sha256(canonical_json(vocabulary).encode()).hexdigest()[:16],
    }


def _ids(tokenizer: Any, text: str) -> list[int]:
    found: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return found
