"""Groups of sampled answers for GRPO: their prompts, the reward that sees how an answer ended, and samplers that a resume repeats."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from trl import GRPOTrainer
from trl.trainer.utils import RepeatSampler

from cmtmedqa.recipes.grpo import GrpoRun
from cmtmedqa.training import adapters, guards, lineage, prompts, roles, template
from cmtmedqa.training.batches import by_length
from cmtmedqa.training.data import Messages
from cmtmedqa.training.prompts import Prompt

Row = dict[str, Any]
_POLICY = "default"  # what trl calls the adapter that it trains


def rows_of(found: Sequence[Prompt], tokenizer: Any) -> list[Row]:
    """Rows of `id` and `prompt` as trl reads them."""
    return [{"id": prompt.id, "prompt": _as_cut(prompt, tokenizer)} for prompt in found]


def _as_cut(prompt: Prompt, tokenizer: Any) -> Messages:
    """The messages that the tokens of a prompt hold: trl renders messages by itself."""
    system = prompt.messages[:1] if prompt.messages[0]["role"] == "system" else []
    starts = (start for start in range(len(system), len(prompt.messages)) if prompt.messages[start]["role"] == "user")
    cuts = (system + prompt.messages[start:] for start in starts)
    return next(messages for messages in cuts if template.prompt_ids(tokenizer, messages) == prompt.ids)


class Reward:
    """The reward of sampled answers: the reward model's score at the end token, clipped; a fixed one for answers without it.

    trl would decode an answer and render it through the chat template, which closes the turn: an answer cut off at the length limit
    would be scored as if it were finished, and learning would never end its answers.
    """

    __name__ = "reward_model"  # what trl calls it in its logs
    acting: Callable[[], AbstractContextManager[Any]]  # the reward model, for as long as it is asked
    head: Tensor  # [1, H], float32

    def __init__(self, tokenizer: Any, settings: GrpoRun) -> None:
        self.tokenizer, self.settings = tokenizer, settings

    def share(self, policy: Any) -> None:
        """Become an adapter beside the policy's, on its base: one frozen base then serves policy, reference and reward.

        The policy alone is trained, and saved.
        """
        head = roles.add_reward(policy, adapters.reward_folder(self.settings.reward_model), roles.REWARD)
        for name, parameter in policy.named_parameters():
            if f".{roles.REWARD}." in name:
                parameter.requires_grad_(False)
        policy.save_pretrained = partial(policy.save_pretrained, selected_adapters=[_POLICY])
        self.acting, self.head = partial(roles.acting, roles.Role(policy, roles.REWARD)), head.to(policy.device)

    def load(self) -> None:
        """Become a whole model on the device of this process."""
        folder, dtype = adapters.reward_folder(self.settings.reward_model), getattr(torch, self.settings.dtype)
        base = self.settings.model if adapters.is_adapter(folder) else None
        device = "cpu" if self.settings.use_cpu else f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
        model, _ = adapters.load(folder, base, device, dtype, self.settings.attn_implementation)
        model.requires_grad_(False)
        score = model.get_base_model().score.modules_to_save["default"] if adapters.is_adapter(folder) else model.score
        self.acting, self.head = partial(nullcontext, model), score.weight.float()

    def __call__(
        self, prompts: Sequence[Messages], completion_ids: Sequence[Sequence[int]], **columns: Any
    ) -> list[float]:
        """One reward for each answer (`completion_ids`, with the end token where the model wrote it) to its prompt."""
        limit = self.settings.reward_clip
        ended = [bool(ids) and ids[-1] == self.tokenizer.eos_token_id for ids in completion_ids]
        rows = [
            template.prompt_ids(self.tokenizer, prompt) + list(ids)
            for prompt, ids in zip(prompts, completion_ids, strict=True)
        ]
        scores = [min(max(score, -limit), limit) for score in self.scores(rows)]
        if log_metric := columns.get("log_metric"):
            log_metric("ended_share", sum(ended) / len(ended))
            log_metric("score", sum(scores) / len(scores))
        return [score if end else self.settings.no_eos_reward for score, end in zip(scores, ended, strict=True)]

    @torch.no_grad()
    def scores(self, rows: Sequence[Sequence[int]]) -> list[float]:
        """The score of each row of token ids, read at its last one."""
        found = [0.0] * len(rows)
        with self.acting() as model:
            whole = model.get_base_model() if hasattr(model, "peft_config") else model
            backbone, device = getattr(whole, whole.base_model_prefix), whole.device
            for batch in by_length([len(row) for row in rows], self.settings.score_batch_size):
                width = max(len(rows[number]) for number in batch)
                pad = self.tokenizer.pad_token_id
                ids = torch.tensor([[*rows[n], *[pad] * (width - len(rows[n]))] for n in batch], device=device)
                last = torch.tensor([len(rows[number]) - 1 for number in batch], device=device)
                mask = (torch.arange(width, device=device) <= last[:, None]).long()
                states = backbone(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
                ends = states[torch.arange(len(batch), device=device), last].float()
                with torch.autocast(device.type, enabled=False):
                    values = functional.linear(ends, self.head)[:, 0]
                for number, value in zip(batch, values.tolist(), strict=True):
                    found[number] = value
        return found


def require_reward(settings: GrpoRun, facts: Mapping[str, Any]) -> str:
    """SHA-256 (first 16 digits) of the reward model: with other rewards a run is another run.

    Raises InputError when it is no reward model, or was trained from another base, template or tokenizer.
    """
    folder = adapters.reward_folder(settings.reward_model)
    lineage.require_same(lineage.read(folder), facts, settings.reward_model)
    if not adapters.is_adapter(folder):
        return lineage.base_hash(folder)
    adapters.require_weights(folder)
    return adapters.adapter_hash(folder)


def shares_base(settings: GrpoRun) -> bool:
    """Whether the reward model can be an adapter on the policy's base: not on one that is trained, or spread over processes."""
    spread = any(os.environ.get(f"ACCELERATE_USE_{kind}", "").lower() == "true" for kind in ("FSDP", "DEEPSPEED"))
    return (
        adapters.is_adapter(adapters.reward_folder(settings.reward_model)) and settings.tuning != "full" and not spread
    )


class _Seeded(RepeatSampler):
    """trl's sampler, whose order depends on the seed and the epoch alone. Its own generator begins anew at a resume."""

    epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by accelerate at the begin of each epoch, also of the one in which a run is resumed."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        if self.shuffle:
            self.generator.manual_seed(prompts.seed_of("grpo", self.seed, self.epoch))
        yield from super().__iter__()


class GroupTrainer(GRPOTrainer):
    """trl's GRPOTrainer with the samplers above."""

    def _get_train_sampler(self, dataset: Any = None) -> Any:
        return self._seeded(super()._get_train_sampler(dataset), self.shuffle_dataset)

    def _get_eval_sampler(self, eval_dataset: Any) -> Any:
        return self._seeded(super()._get_eval_sampler(eval_dataset), False)

    def _seeded(self, sampler: RepeatSampler, shuffle: bool) -> _Seeded:
        return _Seeded(
            sampler.data_source,
            sampler.mini_repeat_count,
            sampler.batch_size,
            sampler.repeat_count,
            shuffle,
            sampler.seed,
        )


def table(log: Path) -> str:
    """Markdown for the card: reward, KL and ended answers at each evaluation; '' where nothing was evaluated."""
    rows = [line for line in (guards.read_log(log) if log.is_file() else []) if "eval_reward" in line]
    keys = ("eval_reward", "eval_score", "eval_kl", "eval_ended_share", "eval_completions/mean_length")
    cells = [
        "| " + " | ".join([str(row["step"]), *(f"{row[key]:.3f}" if key in row else "" for key in keys)]) + " |"
        for row in rows
    ]
    head = [
        "## Reward and KL, held out",
        "",
        "| step | reward | score | KL | ended | tokens |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *cells]) if cells else ""
