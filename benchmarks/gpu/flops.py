"""How many floating-point operations a step of training needs, and how many a GPU could do: model FLOPs utilisation.

Counted as in PaLM (Chowdhery et al. 2022, appendix B): two operations for each weight of a matrix and token, the causal half of the
attention scores, twice the forward pass for the backward one. Recomputed activations and the embedding's look-up count as nothing. The
output layer counts for tokens that are learnt: our trainers compute no logits elsewhere. With a frozen base the backward pass
has no gradients of weights, so it costs as much as the forward one.
"""

import os
from typing import Any, NamedTuple

# Dense bfloat16 with tensor cores, in TFLOP/s, from the makers' data sheets.
PEAKS = {
    "H200": 989.4,
    "H100 PCIe": 756.0,
    "H100": 989.4,
    "A100": 312.0,
    "L40S": 362.0,
    "RTX 4090": 165.2,
    "B200": 2250.0,
}


class Work(NamedTuple):
    """What went through a model: tokens, the sum of the squared lengths of the texts, and the tokens that were learnt."""

    tokens: int = 0
    squares: int = 0
    learnt: int = 0


def forward(config: Any, work: Work) -> float:
    """FLOPs of one forward pass of a Qwen3-shaped model."""
    inner, keys = config.num_attention_heads * config.head_dim, config.num_key_value_heads * config.head_dim
    layer = config.hidden_size * (2 * inner + 2 * keys + 3 * config.intermediate_size)
    weights = 2 * config.num_hidden_layers * layer * work.tokens
    attention = (
        2 * config.num_hidden_layers * inner * work.squares
    )  # 4 x heads x head size for each of squares / 2 pairs
    return float(weights + attention + 2 * config.hidden_size * config.vocab_size * work.learnt)


def training(config: Any, work: Work, adapters: bool) -> float:
    """FLOPs of forward and backward pass."""
    return (2 if adapters else 3) * forward(config, work)


def peak(device: str) -> float | None:
    """FLOP/s that a device could do in bfloat16; PEAK_TFLOPS overrides the table; None for one that is not in it."""
    if stated := os.environ.get("PEAK_TFLOPS"):
        return float(stated) * 1e12
    return next((value * 1e12 for name, value in PEAKS.items() if name in device), None)
