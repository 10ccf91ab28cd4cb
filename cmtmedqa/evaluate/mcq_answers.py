"""What a model chooses: by asking it and reading its reply, or by the likelihood of the options under a model of this disk."""

import asyncio
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

from rich.console import Console

from cmtmedqa.errors import InputError, MissingExtra
from cmtmedqa.evaluate.mcq import Answered, Exam, Question, asked, letters_of, shuffled
from cmtmedqa.judgements import Message
from cmtmedqa.llm.client import Client, Failure, Limits, bounded
from cmtmedqa.llm.endpoints import Endpoint
from cmtmedqa.llm.ledger import Ledger
from cmtmedqa.llm.passages import NotDeidentified, cleared, look_at
from cmtmedqa.llm.request import Call, Request
from cmtmedqa.progress import meter

_PROMPT, _PROMPT_VERSION = "mcq", "1"
_TELL = "请作答，最后一行写“答案：”和选项字母。"
_MOST_OPTIONS_AT_ONCE = 8


def orders(questions: Sequence[Question], turns: int, seed: int) -> list[tuple[Question, int]]:
    """Every item in every order of its options."""
    return [(shuffled(question, seed, turn), turn) for turn in range(turns) for question in questions]


def sendable(exam: Exam, ledger: Ledger) -> Exam:
    """The exam without the items in which the rules see personal data: those are sent nowhere, and counted as left out.

    Raises InputError where no item is left.
    """
    look_at((asked(question) for question in exam.questions), ledger)
    kept = [question for question in exam.questions if _may_leave(question)]
    held = len(exam.questions) - len(kept)
    if not kept:
        raise InputError("every item of the exam holds what looks like personal data, so none can be sent to a model")
    return Exam(kept, exam.left_out | ({"with what looks like personal data, sent nowhere": held} if held else {}))


def _may_leave(question: Question) -> bool:
    try:
        cleared(asked(question), question.id)
    except NotDeidentified:
        return False
    return True


def generate(
    shown: Sequence[tuple[Question, int]],
    endpoint: Endpoint,
    ledger: Ledger,
    limits: Limits,
    console: Console,
    max_tokens: int,
) -> list[Answered]:
    """Choices read from free replies, in the order given; a reply that failed or was refused chooses nothing."""
    return asyncio.run(_generate(shown, endpoint, ledger, limits, console, max_tokens))


async def _generate(
    shown: Sequence[tuple[Question, int]],
    endpoint: Endpoint,
    ledger: Ledger,
    limits: Limits,
    console: Console,
    max_tokens: int,
) -> list[Answered]:
    client = Client([endpoint], ledger, limits)
    look_at((asked(question) for question, _ in shown), ledger)
    found: dict[tuple[str, int], Answered] = {}
    try:
        with meter(console, "questions", len(shown)) as progress:
            work = bounded(shown, lambda item: _choice(*item, endpoint, client, max_tokens), limits.concurrency)
            async for (question, turn), chosen in work:
                found[question.id, turn] = Answered(question, turn, chosen)
                progress.count(1, int(bool(chosen)), int(not chosen))
                progress.advance(1)
    finally:
        await client.close()
    return [found[question.id, turn] for question, turn in shown]


async def _choice(question: Question, turn: int, endpoint: Endpoint, client: Client, max_tokens: int) -> frozenset[str]:
    text = asked(question)
    try:
        passages = (cleared(text, question.id),)
    except NotDeidentified:
        return frozenset()
    head = (Message(role="system", content=endpoint.system),) if endpoint.system else ()
    request = Request(
        endpoint=endpoint.name,
        model=endpoint.model or endpoint.name,
        messages=(*head, Message(role="user", content=f"{text}\n{_TELL}")),
        max_tokens=max_tokens,
        seed=turn,
        prompt=_PROMPT,
        prompt_version=_PROMPT_VERSION,
    )
    answer = await client.ask(Call(request=request, passages=passages))
    return frozenset() if isinstance(answer, Failure) else letters_of(answer.text, question)


def likeliest(
    shown: Sequence[tuple[Question, int]], folder: str, console: Console, by: Literal["letters", "texts"]
) -> list[Answered]:
    """The options of the highest log-likelihood after the item and 答案：, by their letters or by their texts (per token).

    An item of several answers is scored over all sets of two and more letters, per token; by texts it chooses nothing,
    because no text of several options is there to score. Raises InputError where the folder holds no model.
    """
    tokenizer, model = _load(folder)
    found = []
    with meter(console, "questions", len(shown)) as progress:
        for question, turn in shown:
            found.append(Answered(question, turn, _likeliest(question, tokenizer, model, by)))
            progress.advance(1)
    return found


def _load(folder: str) -> tuple[Any, Any]:
    if not (Path(folder) / "config.json").is_file():
        raise InputError(f"{folder}: holds no config.json; log-likelihood needs the folder of a model")
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError as error:
        raise MissingExtra("transformers", "train", "log-likelihood") from error
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model: Any = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype="auto")
    except (OSError, ValueError) as error:
        raise InputError(f"{folder}: is no model that transformers can load") from error
    return tokenizer, model.to("cuda" if torch.cuda.is_available() else "cpu").eval()


def _likeliest(question: Question, tokenizer: Any, model: Any, by: str) -> frozenset[str]:
    letters = [letter for letter, _ in question.options]
    if by == "texts":
        if question.multiple:
            return frozenset()
        endings = [(frozenset(letter), text) for letter, text in question.options]
    elif question.multiple:
        sets = [chosen for size in range(2, len(letters) + 1) for chosen in combinations(letters, size)]
        endings = [(frozenset(chosen), "".join(chosen)) for chosen in sets]
    else:
        endings = [(frozenset(letter), letter) for letter in letters]
    head = f"{asked(question)}\n答案："
    scores: list[float] = []
    for start in range(0, len(endings), _MOST_OPTIONS_AT_ONCE):
        scores += _scores(head, [text for _, text in endings[start : start + _MOST_OPTIONS_AT_ONCE]], tokenizer, model)
    return endings[max(range(len(endings)), key=scores.__getitem__)][0]


def _scores(head: str, endings: Sequence[str], tokenizer: Any, model: Any) -> list[float]:
    """The mean log-likelihood of each token of each ending after `head`; head and ending are tokenised apart."""
    import torch

    before = tokenizer(head, add_special_tokens=True)["input_ids"]
    after = [tokenizer(ending, add_special_tokens=False)["input_ids"] for ending in endings]
    width = len(before) + max(map(len, after))
    ids = torch.zeros((len(after), width), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, tail in enumerate(after):
        ids[row, : len(before) + len(tail)] = torch.tensor([*before, *tail])
        mask[row, : len(before) + len(tail)] = 1
    with torch.inference_mode():
        logits = model(input_ids=ids.to(model.device), attention_mask=mask.to(model.device)).logits.float()
    logs = logits.log_softmax(-1).cpu()
    return [
        float(sum(logs[row, len(before) + at - 1, token] for at, token in enumerate(tail)) / len(tail))
        for row, tail in enumerate(after)
    ]
