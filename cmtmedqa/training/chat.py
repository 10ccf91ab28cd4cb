"""A conversation with a model, as `train/chat.py` holds it: what was said, what still fits, and the reply as it is being written."""

import threading
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from cmtmedqa.errors import InputError
from cmtmedqa.training import template
from cmtmedqa.training.data import Messages, trim_left

DOCTOR = "你是一名经验丰富的医生。请先问清病情，再用通俗的话说明可能的原因和建议；拿不准时请患者尽快就医。"
HELP = (
    "/new  a new conversation    /system [TEXT]  show or set the system prompt (/system - for none)    /exit  the end"
)


class Sampling(NamedTuple):
    """How replies are drawn: temperature 0 takes the likeliest token. Without a seed every run differs."""

    max_new_tokens: int = 512
    temperature: float = 0.7
    top_p: float = 0.9
    seed: int | None = None


class Talk:
    """One conversation at a time: its messages and its system prompt ('' for none)."""

    def __init__(self, system: str) -> None:
        self.system = system
        self.messages: Messages = []

    def asked(self, said: str) -> Messages:
        """The whole conversation with the patient's next message, which `answered` or `unanswered` settles."""
        self.messages.append({"role": "user", "content": said})
        return [*([{"role": "system", "content": self.system}] if self.system else []), *self.messages]

    def answered(self, reply: str) -> None:
        """Keep a reply; an empty one would be no turn of a doctor, so its question goes too."""
        if reply.strip():
            self.messages.append({"role": "assistant", "content": reply})
        else:
            self.messages.pop()

    def unanswered(self) -> None:
        """Take back the last message of the patient."""
        self.messages.pop()

    def command(self, line: str) -> str | None:
        """Obey a line that begins with a slash: what to show, or None to end. Raises InputError for one that is unknown."""
        word, _, rest = line.partition(" ")
        if word in {"/exit", "/quit"}:
            return None
        if word == "/help":
            return HELP
        if word == "/new":
            self.messages = []
            return "a new conversation"
        if word == "/system":
            if rest.strip():
                self.system, self.messages = "" if rest.strip() == "-" else rest.strip(), []
                return (
                    "a new conversation with this system prompt"
                    if self.system
                    else "a new conversation without a system prompt"
                )
            return self.system or "no system prompt"
        raise InputError(f"unknown command; there are: {HELP}")


def prompt_of(tokenizer: Any, messages: Messages, room: int) -> tuple[list[int], int]:
    """(token ids up to the doctor's answer, messages left out): whole exchanges go from the left until `room` tokens hold it.

    Raises InputError for a message that holds a control mark, or is alone longer than the room.
    """
    marks = [
        mark for mark in template.control_marks(tokenizer) if any(mark in message["content"] for message in messages)
    ]
    if marks:
        raise InputError(f"the message holds {marks[0]}, a control mark of this model; write it otherwise")
    opening = template.lengths(tokenizer, [{"role": "assistant", "content": ""}])[0]
    kept = trim_left(messages, template.lengths(tokenizer, messages), room - opening)
    if kept is None:
        raise InputError(f"the message is longer than the {room} tokens that this model has room for; shorten it")
    return template.prompt_ids(tokenizer, kept), len(messages) - len(kept)


def context_of(model: Any, max_new_tokens: int) -> int:
    """Tokens that a prompt may have. Raises InputError when the reply alone fills the context of the model."""
    size = model.config.get_text_config().max_position_embeddings
    if max_new_tokens >= size:
        raise InputError(f"--max-new-tokens {max_new_tokens}: this model has a context of {size} tokens; choose fewer")
    return int(size - max_new_tokens)


def stream(model: Any, tokenizer: Any, ids: Sequence[int], sampling: Sampling, stop: threading.Event) -> Iterator[str]:
    """The reply to a prompt, piece by piece; `stop` ends it early. An error of the model ends the stream and is raised."""
    import torch
    from transformers import GenerationConfig, TextIteratorStreamer

    if sampling.seed is not None:  # a reply depends on the seed and on what was said, not on how much was said before
        torch.manual_seed(sampling.seed + len(ids))
    drawn = {"do_sample": True, "temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": 0}
    settings = GenerationConfig(
        max_new_tokens=sampling.max_new_tokens,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **(drawn if sampling.temperature > 0 else {"do_sample": False}),
    )
    streamer = TextIteratorStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
    prompt = torch.tensor([list(ids)], device=model.device)
    failed: list[BaseException] = []

    def write() -> None:
        try:
            model.generate(
                input_ids=prompt,
                attention_mask=torch.ones_like(prompt),
                generation_config=settings,
                streamer=streamer,
                stopping_criteria=[lambda ids, _scores: torch.full((len(ids),), stop.is_set(), device=ids.device)],
            )
        except Exception as error:  # noqa: BLE001 -- it is raised again in the thread that reads
            failed.append(error)
            streamer.end()

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    yield from streamer
    thread.join()
    if failed:
        raise failed[0]


def on_one_line(reply: str) -> str:
    r"""A reply as one line of a pipe: a line break is written as \n, a backslash as two."""
    return reply.replace("\\", "\\\\").replace("\r", "").replace("\n", "\\n")
