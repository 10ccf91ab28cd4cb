"""One base in four roles: what each computes, what is trained, and what padding and micro-batches must not change."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs torch: pip install -e '.[train]'")
pytest.importorskip("peft", reason="training needs peft: pip install -e '.[train]'")

import torch

from cmtmedqa import recipes
from cmtmedqa.errors import InputError
from cmtmedqa.training import ppo_update, roles
from cmtmedqa.training.batches import by_length, collate
from cmtmedqa.training.logprobs import token_logprobs
from cmtmedqa.training.roles import Cast, acting
from cmtmedqa.training.rollout import Rollout, judge, rewards, sample

CPU = torch.device("cpu")
PROMPTS = [[1, 40, 41, 42, 2, 7], [1, 50, 2], [1, 60, 61, 62, 63, 64, 65, 2, 9], [1, 70, 71, 2, 5]]
ANSWERS = [[100, 101, 2], [110, 111, 112, 113, 114], [120, 2], [130, 131, 132, 2]]
END, PAD = 2, 0


def lora(task: str, rank: int = 4) -> Any:
    from peft import LoraConfig

    return LoraConfig(task_type=task, r=rank, lora_alpha=8, target_modules="all-linear")


def perturb(model: Any, mark: str, seed: int) -> None:
    """Give adapters weights that matter: a fresh one (B = 0) computes nothing."""
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if "lora_" in name and mark in name:
                value.copy_(0.1 * torch.randn(value.shape, generator=draw))


def base_model(folder: Path) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


@pytest.fixture(scope="module")
def reward_folder(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reward adapter with random weights, as train/reward.py saves it."""
    from peft import get_peft_model
    from transformers import AutoModelForSequenceClassification

    torch.manual_seed(1)
    model = AutoModelForSequenceClassification.from_pretrained(model_folder, num_labels=1, dtype=torch.float32)
    model = get_peft_model(model, lora("SEQ_CLS", 6))
    perturb(model, "", 3)
    folder = tmp_path_factory.mktemp("reward")
    model.save_pretrained(folder)
    return folder


@pytest.fixture
def make_cast(model_folder: Path, reward_folder: Path) -> Callable[..., Cast]:
    def make(checkpointing: bool = False, folder: Path = reward_folder) -> Cast:
        return roles.assemble(base_model(model_folder), lora("CAUSAL_LM"), folder, CPU, checkpointing)

    return make


def batch_of(rows: list[int]) -> Any:
    return collate([PROMPTS[row] for row in rows], [ANSWERS[row] for row in rows], PAD)


def judged(cast: Cast, prompts: list[list[int]] = PROMPTS, answers: list[list[int]] = ANSWERS) -> Rollout:
    return judge(cast, prompts, answers, end_id=END, pad_id=PAD, temperature=1.0, batch=2)


def settings(**changes: object) -> Any:
    words = [f"{key}={value}" for key, value in changes.items()]
    return recipes.load("ppo", "tiny", ["model=m", "reward_model=r", "data=d", "output=o", *words])


def test_scores_are_those_of_the_separate_classification_model(
    make_cast: Callable[..., Cast], model_folder: Path, reward_folder: Path
) -> None:
    from peft import PeftModel
    from transformers import AutoModelForSequenceClassification

    torch.manual_seed(9)
    alone = AutoModelForSequenceClassification.from_pretrained(model_folder, num_labels=1, dtype=torch.float32)
    alone.config.pad_token_id = PAD
    alone = PeftModel.from_pretrained(alone, reward_folder).eval()
    cast = make_cast()
    perturb(cast.policy.model, "policy", 5)
    batch = batch_of([0, 1, 2, 3])
    with torch.no_grad():
        expected = alone(input_ids=batch.ids, attention_mask=batch.mask, position_ids=batch.position_ids).logits[:, 0]
    assert torch.allclose(cast.scores(batch), expected, atol=1e-6)
    assert judged(cast).scores.tolist() == pytest.approx(expected.tolist(), abs=1e-5)
    # The value starts as the reward: V before the last token of an answer reads the same head one token earlier.
    with torch.no_grad(), acting(cast.value) as model:
        values = cast.values(model, collate([PROMPTS[0]], [[*ANSWERS[0], 5]], PAD))
    assert float(values[0, 3]) == pytest.approx(float(expected[0]), abs=1e-5)


def test_with_all_adapters_off_the_base_answers(make_cast: Callable[..., Cast], model_folder: Path) -> None:
    cast, base = make_cast(), base_model(model_folder)
    perturb(cast.policy.model, "policy", 5)
    ids = torch.tensor([PROMPTS[2]])
    with torch.no_grad():
        with acting(cast.reference) as model:
            reference = model.get_base_model()(input_ids=ids).logits
        with acting(cast.policy) as model:
            policy = model.get_base_model()(input_ids=ids).logits
        assert torch.equal(reference, base(input_ids=ids).logits)
        assert not torch.allclose(policy, reference)


def test_a_fresh_policy_is_the_reference_exactly(make_cast: Callable[..., Cast]) -> None:
    found = judged(make_cast())
    assert torch.equal(found.logp, found.reference)
    assert found.logp.sum() < 0


def test_switching_roles_leaves_what_is_trained_as_it_is(make_cast: Callable[..., Cast]) -> None:
    cast = make_cast()
    before = {name: p.requires_grad for name, p in cast.policy.model.named_parameters()}
    assert {name.split(".lora_")[1].split(".")[1] for name, on in before.items() if on} == {"policy", "value"}
    for role in (cast.value, cast.reference, cast.reward, cast.policy):
        with acting(role):
            assert {name: p.requires_grad for name, p in cast.policy.model.named_parameters()} == before
        assert {name: p.requires_grad for name, p in cast.policy.model.named_parameters()} == before
    assert not cast.reward_head.weight.requires_grad


def test_pieces_of_log_probabilities_equal_the_whole_with_their_gradient() -> None:
    torch.manual_seed(0)
    head = torch.nn.Linear(8, 50)
    hidden, targets = torch.randn(3, 7, 8, requires_grad=True), torch.randint(50, (3, 7))
    mask = torch.tensor([[1.0] * 7, [1.0] * 3 + [0.0] * 4, [1.0] + [0.0] * 6])
    weights = torch.randn(3, 7)
    ours = token_logprobs(hidden, head, targets, mask, 0.7, chunk=2)
    (ours * weights).sum().backward()
    found, hidden.grad = hidden.grad, None
    whole = (head(hidden) / 0.7).log_softmax(-1).gather(-1, targets[..., None]).squeeze(-1) * mask
    (whole * weights).sum().backward()
    assert torch.allclose(ours, whole, atol=1e-6)
    assert torch.allclose(found, hidden.grad, atol=1e-6)
    assert not ours[mask == 0].any()


def test_the_start_up_check_refuses_logits_that_are_changed_behind_the_head(make_cast: Callable[..., Cast]) -> None:
    cast = make_cast()
    roles.check(cast, PROMPTS[:2], PAD, 1.0)
    causal = cast.policy.model.get_base_model()
    plain = causal.forward

    def capped(*values: Any, **named: Any) -> Any:
        found = plain(*values, **named)
        found.logits = 3.0 * found.logits
        return found

    causal.forward = capped
    with pytest.raises(InputError, match="in pieces"):
        roles.check(cast, PROMPTS[:2], PAD, 1.0)


def test_padding_changes_no_figure(make_cast: Callable[..., Cast]) -> None:
    cast = make_cast()
    perturb(cast.policy.model, "policy", 5)
    together = judge(cast, PROMPTS, ANSWERS, end_id=END, pad_id=PAD, temperature=1.0, batch=4)
    for row in range(4):
        alone = judge(cast, [PROMPTS[row]], [ANSWERS[row]], end_id=END, pad_id=PAD, temperature=1.0, batch=1)
        width = len(ANSWERS[row])
        for name in ("logp", "reference", "values", "entropy"):
            assert torch.allclose(getattr(together, name)[row, :width], getattr(alone, name)[0], atol=1e-5), name
            assert not getattr(together, name)[row, width:].any(), name
        assert float(together.scores[row]) == pytest.approx(float(alone.scores[0]), abs=1e-5)


def gradients(
    cast: Cast, micro: int, prompts: list[list[int]] = PROMPTS, answers: list[list[int]] = ANSWERS
) -> dict[str, Any]:
    """The gradients of one optimizer step over four answers in micro-batches of some size, whose rate is 0."""
    given = settings(per_device_train_batch_size=micro, mini_batch_size=4, rollouts=4, max_grad_norm=0)
    found = judge(cast, prompts, answers, end_id=END, pad_id=PAD, temperature=1.0, batch=4)
    found = found._replace(logp=found.logp - 0.1 * torch.arange(found.logp.shape[1]) * found.mask)
    target = ppo_update.targets(found, rewards(found, 10.0, -1.0), 0.05, given)
    optim = ppo_update.optimizer(cast, given)
    for group in optim.param_groups:
        group["lr"] = 0.0
    ppo_update.update(cast, found, target, optim, given, 0, PAD)
    return {n: p.grad.clone() for role in (cast.policy, cast.value) for n, p in cast.trained(role).items()}


def test_micro_batches_give_the_gradient_of_one_big_batch(make_cast: Callable[..., Cast]) -> None:
    cast = make_cast()
    perturb(cast.policy.model, "policy", 5)
    big = gradients(cast, 4)
    assert any(value.abs().max() > 1e-4 for name, value in big.items() if ".policy." in name)
    assert any(value.abs().max() > 1e-4 for name, value in big.items() if ".value." in name)
    assert big["value_head.weight"].abs().max() > 1e-4
    for micro in (1, 3):
        for name, value in gradients(cast, micro).items():
            assert torch.allclose(value, big[name], atol=1e-6), (micro, name)


def test_base_and_reward_get_no_gradient(make_cast: Callable[..., Cast]) -> None:
    cast = make_cast()
    gradients(cast, 2)
    for name, parameter in cast.policy.model.named_parameters():
        assert (parameter.grad is not None) == (".lora_" in name and ".reward." not in name), name
    assert cast.reward_head.weight.grad is None


@pytest.mark.parametrize("whole", [False, True])
def test_activation_checkpointing_changes_no_gradient(
    make_cast: Callable[..., Cast], model_folder: Path, tmp_path: Path, whole: bool
) -> None:
    """Recomputed under the other adapter, the policy's gradient would be off by more than its own size."""
    folder = {"folder": whole_reward(model_folder, tmp_path)} if whole else {}
    plain, saving = make_cast(False, **folder), make_cast(True, **folder)
    for cast in (plain, saving):
        perturb(cast.policy.model, "policy", 5)
        perturb(cast.value.model, "value", 6)
    expected = gradients(plain, 2)
    assert saving.policy.model.get_base_model().is_gradient_checkpointing
    for name, value in gradients(saving, 2).items():
        assert torch.allclose(value, expected[name], atol=1e-6), name


def whole_reward(model_folder: Path, folder: Path) -> Path:
    from transformers import AutoModelForSequenceClassification

    torch.manual_seed(4)
    model = AutoModelForSequenceClassification.from_pretrained(model_folder, num_labels=1, dtype=torch.float32)
    model.save_pretrained(folder / "whole")
    return folder / "whole"


def test_a_whole_reward_model_gives_its_own_scores_and_the_value_starts_from_it(
    make_cast: Callable[..., Cast], model_folder: Path, tmp_path: Path
) -> None:
    from transformers import AutoModelForSequenceClassification

    folder = whole_reward(model_folder, tmp_path)
    cast = make_cast(folder=folder)
    alone = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    alone.config.pad_token_id = PAD
    batch = batch_of([0, 1, 2, 3])
    with torch.no_grad():
        expected = alone(input_ids=batch.ids, attention_mask=batch.mask, position_ids=batch.position_ids).logits[:, 0]
    assert torch.allclose(cast.scores(batch), expected, atol=1e-6)
    assert all(
        ".lora_" in name and ".value." in name for name, p in cast.value.model.named_parameters() if p.requires_grad
    )
    gradients(cast, 2)


def test_an_empty_or_foreign_reward_adapter_is_refused(
    make_cast: Callable[..., Cast], reward_folder: Path, tmp_path: Path
) -> None:
    import shutil

    from safetensors.torch import load_file, save_file

    weights = load_file(reward_folder / "adapter_model.safetensors")
    for number, (kept, text) in enumerate(
        [("score", "no score head or no weights"), ("lora", "no score head"), ("layers.0|score", "does not fit")]
    ):
        folder = tmp_path / str(number)
        shutil.copytree(reward_folder, folder)
        left = {k: v for k, v in weights.items() if any(part in k for part in kept.split("|"))}
        save_file(left, folder / "adapter_model.safetensors")
        with pytest.raises(InputError, match=text):
            make_cast(folder=folder)


def test_sampling_is_seeded_draws_from_the_full_distribution_and_disturbs_no_generator(
    make_cast: Callable[..., Cast],
) -> None:
    from transformers import GenerationConfig

    cast = make_cast()
    causal = cast.policy.model.get_base_model()
    state = torch.random.get_rng_state()

    def drawn(seed: int, batch: int = 64) -> list[list[int]]:
        return sample(cast, PROMPTS * 16, seed=seed, end_id=END, pad_id=PAD, length=12, temperature=1.0, batch=batch)

    first = drawn(1)
    assert first == drawn(1)
    assert first != drawn(2)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(END not in answer[:-1] and 1 <= len(answer) <= 12 for answer in first)
    causal.generation_config = GenerationConfig(do_sample=True, top_k=1, temperature=0.01, repetition_penalty=9.0)
    assert drawn(1) == first
    # A random model is nearly uniform over 1,024 tokens: top-k 50 or top-p 0.7 would leave out most of them.
    assert len({token for answer in first for token in answer}) > 250


def test_batches_by_length_hold_every_row_once() -> None:
    batches = list(by_length([3, 9, 1, 9, 5], 2))
    assert batches == [[1, 3], [4, 0], [2]]


def test_an_update_has_the_gradient_of_the_formula(make_cast: Callable[..., Cast], model_folder: Path) -> None:
    """Section 4.4 written with the model's own logits, one row at a time and without padding, against the update of the program."""
    cast = make_cast()
    perturb(cast.policy.model, "policy", 5)
    found = gradients(cast, 2)
    given = settings(mini_batch_size=4, rollouts=4)
    rollout = judged(cast)
    rollout = rollout._replace(logp=rollout.logp - 0.1 * torch.arange(rollout.logp.shape[1]) * rollout.mask)
    target = ppo_update.targets(rollout, rewards(rollout, 10.0, -1.0), 0.05, given)
    parameters = cast.trained(cast.policy)
    for parameter in parameters.values():
        parameter.grad = None
    tokens = sum(map(len, ANSWERS))
    with acting(cast.policy) as model:
        for row, (prompt, answer) in enumerate(zip(PROMPTS, ANSWERS)):
            logits = model.get_base_model()(input_ids=torch.tensor([prompt + answer])).logits[0, len(prompt) - 1 : -1]
            new = logits.log_softmax(-1)[range(len(answer)), answer]
            old, advantage = rollout.logp[row, : len(answer)], target.advantages[row, : len(answer)]
            ratio = (new - old).exp()
            (-torch.minimum(advantage * ratio, advantage * ratio.clamp(0.8, 1.2)).sum() / tokens).backward()
    for name, parameter in parameters.items():
        assert torch.allclose(parameter.grad, found[name], atol=1e-6), name
