"""benchmarks/gpu: lengths of the generated texts, and the arithmetic of utilisation, against numbers worked out by hand."""

import random
from types import SimpleNamespace

import pytest

from benchmarks.gpu import flops, make_data

# 2 layers, hidden 8, 2 heads of 4 over 1 key head, intermediate 16, vocabulary 10
TINY = SimpleNamespace(
    num_attention_heads=2, head_dim=4, num_key_value_heads=1, hidden_size=8, intermediate_size=16, num_hidden_layers=2, vocab_size=10
)  # fmt: skip


def test_operations_are_those_counted_by_hand() -> None:
    layer = 8 * 8 + 8 * 4 + 8 * 4 + 8 * 8 + 3 * 8 * 16  # q, k, v, o, and the three of the feed-forward part
    weights = 2 * 2 * layer * 5
    attention = 2 * (4 * 2 * 4) * (3**2 + 2**2) / 2  # texts of 3 and 2 tokens
    head = 2 * 8 * 10 * 4
    work = flops.Work(tokens=5, squares=3**2 + 2**2, learnt=4)
    assert flops.forward(TINY, work) == weights + attention + head
    assert flops.training(TINY, work, adapters=False) == 3 * flops.forward(TINY, work)
    assert flops.training(TINY, work, adapters=True) == 2 * flops.forward(TINY, work)


def test_operations_of_the_measured_model_are_those_counted_by_hand() -> None:
    """run.sh's shape (that of Qwen3-0.6B) on a packed row of eight dialogues of 1,024 tokens, 6,000 of them learnt."""
    shape = SimpleNamespace(
        num_attention_heads=16, head_dim=128, num_key_value_heads=8, hidden_size=1024, intermediate_size=3072,
        num_hidden_layers=28, vocab_size=151936,
    )  # fmt: skip
    matrices = 440_401_920  # 28 × (1024 × 2048 × 2 + 1024 × 1024 × 2 + 3 × 1024 × 3072)
    pairs = 8 * 1024**2 / 2  # of a query and a key before it
    by_hand = 2 * matrices * 8192 + 28 * 4 * 2048 * pairs + 2 * 1024 * 151936 * 6000
    found = flops.forward(shape, flops.Work(tokens=8192, squares=8 * 1024**2, learnt=6000))
    assert found == by_hand == pytest.approx(10.04e12, rel=1e-3)


def test_the_peak_is_that_of_the_device_or_what_is_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PEAK_TFLOPS", raising=False)
    assert flops.peak("NVIDIA H100 80GB HBM3") == 989.4e12
    assert flops.peak("NVIDIA H100 PCIe") == 756e12
    assert flops.peak("a card of tomorrow") is None
    monkeypatch.setenv("PEAK_TFLOPS", "100")
    assert flops.peak("a card of tomorrow") == 1e14


def test_generated_dialogues_have_the_lengths_of_real_ones_and_depend_on_the_seed_alone() -> None:
    known = make_data.words(random.Random(0))
    dialogues = [make_data.dialogue(seed, known) for seed in range(400)]
    assert dialogues[7] == make_data.dialogue(7, known)
    said = {
        role: [len(m["content"]) for d in dialogues for m in d if m["role"] == role] for role in ("user", "assistant")
    }
    assert sum(said["user"]) / len(said["user"]) == pytest.approx(make_data.PATIENT, rel=0.1)
    assert sum(said["assistant"]) / len(said["assistant"]) == pytest.approx(make_data.DOCTOR, rel=0.1)
    assert sum(map(len, dialogues)) / 2 / len(dialogues) == pytest.approx(4.55, rel=0.05)
