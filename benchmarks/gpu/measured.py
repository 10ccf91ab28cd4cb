"""Run a training program and measure its steps: tokens, seconds, peak memory.

    python -m benchmarks.gpu.measured RESULT.json train/sft.py --recipe modern key=value …

A mark is set after each backward pass, when the GPU has finished; time runs from mark to mark, so that the optimizer is in it. The
first marks, while kernels are chosen and memory is taken, do not count.
"""

import json
import runpy
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.gpu import flops

WARM_UP = 8  # backward passes
PPO = ("seconds_per_iteration", "answer_tokens_per_second", "iterations_timed", "peak_memory_gib")  # it measures itself


class Marks:
    """(seconds, work) of each backward pass since `watch`."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.works: list[flops.Work] = []
        self.config: Any = None
        self.adapters = False

    def watch(self) -> None:
        """Set a mark after each `Trainer.training_step`."""
        from transformers import Trainer

        original = Trainer.training_step

        def step(trainer: Any, model: Any, inputs: Any, *rest: Any) -> Any:
            work = work_of(inputs)
            found = original(trainer, model, inputs, *rest)
            synchronise()
            inner = trainer.accelerator.unwrap_model(model)
            self.config, self.adapters = inner.config, hasattr(inner, "peft_config")
            self.times.append(time.perf_counter())
            self.works.append(work)
            return found

        Trainer.training_step = step

    def figures(self, scores: bool) -> dict[str, Any]:
        """Tokens per second and MFU; `scores`: the model has no output layer."""
        import torch

        skip = min(WARM_UP, len(self.times) // 2)
        if len(self.times) < skip + 2:
            return {"steps": len(self.times), "note": "too few steps to measure"}
        seconds = self.times[-1] - self.times[skip]
        works = self.works[skip + 1 :]
        work = flops.Work(*(sum(part) for part in zip(*works, strict=True)))
        counted = work._replace(learnt=0) if scores else work
        device = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "cpu"
        top = flops.peak(device)
        rate = flops.training(self.config, counted, self.adapters) / seconds
        return {
            "device": device, "steps": len(works), "seconds": round(seconds, 2), "tokens": work.tokens,
            "tokens_per_second": round(work.tokens / seconds), "tflops_per_second": round(rate / 1e12, 3),
            "mfu": round(rate / top, 4) if top else None, "peak_memory_gib": peak_memory(),
        }  # fmt: skip


def work_of(inputs: Any) -> flops.Work:
    """Tokens, squared lengths and learnt tokens of a batch, padded or packed."""
    ids = inputs["input_ids"]
    if "position_ids" in inputs and "attention_mask" not in inputs:  # packed: a text begins where positions do
        places = inputs["position_ids"].flatten().tolist()
        starts = [place for place, position in enumerate(places) if position == 0] + [len(places)]
        lengths = [end - start for start, end in pairwise(starts)]
    else:
        lengths = inputs["attention_mask"].sum(1).tolist() if "attention_mask" in inputs else [ids.shape[1]] * len(ids)
    learnt = int((inputs["labels"] != -100).sum()) if "labels" in inputs else sum(lengths)
    return flops.Work(sum(lengths), sum(length**2 for length in lengths), learnt)


def synchronise() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def peak_memory() -> float | None:
    """GiB that torch held at most; None on the CPU."""
    import torch

    return round(torch.cuda.max_memory_allocated() / 2**30, 2) if torch.cuda.is_available() else None


def main() -> None:
    result, program = Path(sys.argv[1]), Path(sys.argv[2])
    marks = Marks()
    marks.watch()
    sys.argv = sys.argv[2:]
    runpy.run_path(str(program), run_name="__main__")
    stage = program.stem
    run = result.with_suffix("")
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    found = {key: metrics.get(key) for key in PPO} if stage == "ppo" else marks.figures(stage == "reward")
    result.write_text(
        json.dumps({"stage": stage, **found, "versions": metrics.get("versions", {})}, indent=1), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
