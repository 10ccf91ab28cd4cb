"""From a recipe to the arguments of transformers' Trainer that all stages share, and the order of a run with it."""

import os
import sys
import warnings
from pathlib import Path
from typing import Any

from cmtmedqa.recipes.base import Run
from cmtmedqa.training import models


def seed(settings: Run) -> None:
    """Seed Python, numpy and torch, and fix the number of threads: sums of floats depend on it. Quiets the libraries.

    Raises InputError when the recipe asks for a device that is not there.
    """
    import torch
    from transformers import set_seed

    _quiet()
    models.require_device(settings)
    torch.set_num_threads(settings.threads)
    set_seed(settings.seed)


def _quiet() -> None:
    """No bars where there is no terminal, and no remarks of the libraries that a user of the programs can do nothing about."""
    from transformers.utils import logging

    warnings.filterwarnings("ignore", message=".*is deprecated and will be removed", category=FutureWarning)
    logging.set_verbosity_error()
    if not sys.stderr.isatty():
        os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = "1"  # PPO needs no datasets, so it is not imported here
        if loaded := sys.modules.get("datasets"):
            loaded.disable_progress_bars()
        logging.disable_progress_bar()


def trainer_arguments(settings: Run, evaluates: bool, resumes: bool) -> dict[str, Any]:
    """Keyword arguments of TrainingArguments and its children. `evaluates`: there is held-out data.

    Evaluation before the first step belongs to train(): `trainer.evaluate()` before it leaves the gradients of several processes
    unsynchronised without a warning. At a resume it has been done.
    """
    keys = (
        "seed", "use_cpu", "bf16", "fp16", "gradient_checkpointing", "per_device_train_batch_size",
        "per_device_eval_batch_size", "gradient_accumulation_steps", "learning_rate", "lr_scheduler_type", "warmup_steps",
        "weight_decay", "max_grad_norm", "num_train_epochs", "max_steps", "logging_steps", "eval_steps", "save_steps",
        "save_total_limit",
    )  # fmt: skip
    values = {key: getattr(settings, key) for key in keys}
    best = getattr(settings, "metric_for_best_model", None) if evaluates else None
    return values | {
        "output_dir": settings.output,
        "eval_strategy": "steps" if evaluates else "no",
        "eval_on_start": evaluates and not resumes,
        "save_strategy": "steps",
        "load_best_model_at_end": best is not None,
        "metric_for_best_model": best,
        "restore_callback_states_from_checkpoint": True,  # how long early stopping has waited
        "logging_first_step": True,
        "gradient_checkpointing_kwargs": {"use_reentrant": False} if settings.gradient_checkpointing else None,
        "report_to": reporters(settings),
        "logging_nan_inf_filter": False,
        "disable_tqdm": not sys.stderr.isatty(),
        "dataloader_num_workers": 0 if settings.use_cpu else 2,
        "average_tokens_across_devices": True,
        "ddp_find_unused_parameters": False,  # every trained weight has a part in every loss
        "log_level": "error",
        "log_level_replica": "error",
    }


def reporters(settings: Run) -> list[str]:
    """The trackers asked for; TensorBoard writes into the run folder."""
    os.environ["TENSORBOARD_LOGGING_DIR"] = str(Path(settings.output) / "tensorboard")
    return list(settings.report_to)
