"""One frozen base that plays four parts: policy, value and reward with an adapter each, the reference with none.

A single GPU then holds all four. peft's own switches change which parameters require a gradient (of *all* adapters); `acting`
restores that after each switch.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from cmtmedqa.errors import InputError
from cmtmedqa.training.batches import Batch, collate
from cmtmedqa.training.logprobs import logprobs_and_entropies, token_logprobs
from cmtmedqa.training.ppo_math import last_real

POLICY, VALUE, REWARD = "policy", "value", "reward"
_SCORE = "score.weight"


class Role(NamedTuple):
    """A model with peft adapters and the adapter that is on; None: all are off."""

    model: Any
    adapter: str | None


@contextmanager
def acting(role: Role) -> Iterator[Any]:
    """The model as this role; behind the block it is again what it was before. Activation checkpointing recomputes a forward pass as whatever role acts *then*.

    So a backward pass belongs inside the same block as its forward pass.
    """
    flags = [(parameter, parameter.requires_grad) for parameter in role.model.parameters()]
    before = role.model.active_adapters
    if role.adapter is None:
        role.model.base_model.disable_adapter_layers()
    else:
        role.model.base_model.set_adapter(role.adapter)
    _restore(flags)
    try:
        yield role.model
    finally:
        if role.adapter is None:
            role.model.base_model.enable_adapter_layers()
        else:
            role.model.base_model.set_adapter(before)
        _restore(flags)


def _restore(flags: list[tuple[Any, bool]]) -> None:
    for parameter, flag in flags:
        parameter.requires_grad_(flag)


class Cast:
    """The four roles and the heads of two of them, on one device.

    Heads are float32 maps of a hidden state to a number: `reward_head` is frozen, `value_head` is trained and has a bias.
    """

    def __init__(
        self, policy: Role, value: Role, reward: Role, head: Tensor, device: torch.device, bf16: bool = False
    ) -> None:
        self.policy, self.value, self.reward, self.device, self.bf16 = policy, value, reward, device, bf16
        self.reference = Role(policy.model, None)
        self.reward_head = nn.Linear(head.shape[1], 1, bias=False, device=device)
        self.value_head = nn.Linear(head.shape[1], 1, device=device)
        with torch.no_grad():
            self.reward_head.weight.copy_(head)
            self.value_head.weight.copy_(head)
            self.value_head.bias.zero_()
        self.reward_head.requires_grad_(False)
        for model in {id(role.model): role.model for role in (policy, value, reward)}.values():
            without_dropout(model)
            for name, parameter in model.named_parameters():
                parameter.requires_grad_(_of_adapter(name, POLICY) or _of_adapter(name, VALUE))
        self.modules = list({id(m): m for m in (policy.model, value.model, reward.model, self.value_head)}.values())

    def mode(self, training: bool) -> None:
        """Training mode turns activation checkpointing on; there is no dropout that it could turn on as well."""
        for module in self.modules:
            module.train(training)

    def trained(self, role: Role) -> dict[str, nn.Parameter]:
        """The parameters of a role's adapter by name, the value role's with those of its head."""
        found = {n: p for n, p in role.model.named_parameters() if _of_adapter(n, role.adapter)}
        return found | (
            {f"value_head.{n}": p for n, p in self.value_head.named_parameters()} if role is self.value else {}
        )

    def hidden(self, model: Any, batch: Batch) -> Tensor:
        """[rows, P + T, H]: the last hidden states of the model as it acts now."""
        causal = model.get_base_model()
        backbone = getattr(causal, causal.base_model_prefix)
        with self.autocast():
            found: Tensor = backbone(
                input_ids=batch.ids, attention_mask=batch.mask, position_ids=batch.position_ids, use_cache=False
            ).last_hidden_state
        return found

    def autocast(self) -> Any:
        """Compute in bfloat16 where the recipe says so; the adapters stay float32 in memory and in the optimizer."""
        return torch.autocast(self.device.type, torch.bfloat16) if self.bf16 else nullcontext()

    def logprobs(self, model: Any, batch: Batch, temperature: float) -> Tensor:
        """[rows, T]: log-probabilities of the answers' tokens under the model as it acts now."""
        states = _before_answers(self.hidden(model, batch), batch)
        head = model.get_base_model().get_output_embeddings()
        with self.autocast():
            return token_logprobs(states, head, batch.answers, batch.answer_mask, temperature)

    def logprobs_and_entropy(self, model: Any, batch: Batch, temperature: float) -> tuple[Tensor, Tensor]:
        """`logprobs` and the entropy at each token, from one forward pass without gradients."""
        head = model.get_base_model().get_output_embeddings()
        with torch.no_grad(), self.autocast():
            states = _before_answers(self.hidden(model, batch), batch)
            return logprobs_and_entropies(states, head, batch.answers, batch.answer_mask, temperature)

    def values(self, model: Any, batch: Batch) -> Tensor:
        """[rows, T]: V before each token of the answers."""
        states = _before_answers(self.hidden(model, batch), batch)
        found: Tensor = self.value_head(states.float()).squeeze(-1) * batch.answer_mask
        return found

    def scores(self, batch: Batch) -> Tensor:
        """[rows]: the reward model's score at the last real token of each row."""
        with torch.no_grad(), acting(self.reward) as model:
            states = self.hidden(model, batch)
            rows = torch.arange(len(states), device=states.device)
            found: Tensor = self.reward_head(states[rows, last_real(batch.mask)].float()).squeeze(-1)
        return found


def _before_answers(states: Tensor, batch: Batch) -> Tensor:
    return states[:, batch.prompt_length - 1 : -1]


def _of_adapter(name: str, adapter: str | None) -> bool:
    return ".lora_" in name and f".{adapter}." in name


def without_dropout(model: nn.Module) -> None:
    """Set every dropout to 0: with it the ratio of new to old probabilities would not start at 1."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        if isinstance(getattr(module, "attention_dropout", None), float):
            module.attention_dropout = 0.0


def assemble(
    base: Any, lora: Any, reward_folder: Path, device: torch.device, checkpointing: bool, bf16: bool = False
) -> Cast:
    """The cast on one base: a fresh policy adapter (`lora`, a LoraConfig), value and reward from the reward model's folder.

    A folder with an adapter shares the base. A folder with all weights is a second frozen base: the reward is that model as it is,
    the value a fresh adapter on it, which starts as the reward too. Raises InputError for an empty or unfit reward model.
    """
    from peft import get_peft_model

    _prepare(base, checkpointing)
    model = get_peft_model(base, lora, adapter_name=POLICY)
    if (reward_folder / "adapter_config.json").is_file():
        head = add_reward(model, reward_folder, VALUE, REWARD)
        return Cast(Role(model, POLICY), Role(model, VALUE), Role(model, REWARD), head, device, bf16)
    second, head = _whole_reward_model(reward_folder, base, lora, checkpointing)
    second.to(device)
    return Cast(Role(model, POLICY), Role(second, VALUE), Role(second, None), head.float(), device, bf16)


def add_reward(model: Any, folder: Path, *names: str) -> Tensor:
    """Put a reward model's adapter on a model with adapters, once under each name; gives its head, [1, H] in float32.

    Raises InputError for an adapter that is empty or does not fit.
    """
    weights = _adapter_weights(folder)
    head = next((weights.pop(name) for name in list(weights) if name.endswith(_SCORE)), None)
    if head is None or not weights:
        raise InputError(f"{folder}: the reward adapter holds no score head or no weights; train it again")
    for name in names:
        _add(model, name, folder, weights)
    return head.float()


def _adapter_weights(folder: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    try:
        return dict(load_file(folder / "adapter_model.safetensors"))
    except Exception as error:
        raise InputError(f"{folder}: the reward adapter cannot be read; train it again") from error


def _add(model: Any, name: str, folder: Path, weights: dict[str, Tensor]) -> None:
    from peft import PeftConfig
    from peft.utils import set_peft_model_state_dict

    config = PeftConfig.from_pretrained(str(folder))
    config.task_type, config.modules_to_save, config.inference_mode, config.lora_dropout = None, None, False, 0.0
    model.add_adapter(name, config)
    lost = set_peft_model_state_dict(model, weights, adapter_name=name)
    missing = [key for key in lost.missing_keys if f".{name}." in key]
    if missing or lost.unexpected_keys:
        raise InputError(f"{folder}: the reward adapter does not fit this base; both stages need the same model")


def _prepare(model: Any, checkpointing: bool) -> None:
    """No sampling settings of the model's maker, and recomputed activations where the recipe asks for it."""
    from transformers import GenerationConfig

    model.generation_config = GenerationConfig()
    if checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})


def check(cast: Cast, prompts: Sequence[Sequence[int]], pad_id: int, temperature: float) -> None:
    """Compare our log-probabilities with those of the model's own logits, and the policy with the reference, on some prompts.

    Raises InputError for a model that changes its logits behind the head (soft caps, scales), which the pieces would not see.
    """
    cast.mode(training=False)
    batch = collate([prompt[:-1] for prompt in prompts], [prompt[-1:] for prompt in prompts], pad_id, cast.device)
    with torch.no_grad(), acting(cast.reference) as model:
        ours = cast.logprobs(model, batch, temperature)
        causal = model.get_base_model()
        with cast.autocast():
            logits = causal(input_ids=batch.ids, attention_mask=batch.mask, position_ids=batch.position_ids).logits[
                :, -2
            ]
    theirs = (logits.float() / temperature).log_softmax(-1).gather(1, batch.answers)
    if not torch.allclose(ours, theirs, atol=1e-3 if causal.dtype == torch.float32 and not cast.bf16 else 0.5):
        raise InputError(
            "this model's logits are not its head's output alone; PPO cannot compute its log-probabilities in pieces"
        )


def _whole_reward_model(folder: Path, base: Any, lora: Any, checkpointing: bool) -> tuple[Any, Tensor]:
    from copy import deepcopy

    from peft import get_peft_model
    from transformers import AutoModelForSequenceClassification

    whole = AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=1, dtype=base.dtype, attn_implementation=base.config._attn_implementation
    )
    _prepare(whole, checkpointing)
    head: Tensor = whole.score.weight.data.clone()
    config = deepcopy(lora)
    config.task_type, config.exclude_modules, config.base_model_name_or_path = None, ["score"], str(folder)
    return get_peft_model(whole, config, adapter_name=VALUE), head
