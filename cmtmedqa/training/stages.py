"""What the stages on transformers' Trainer share: rows with labels, callbacks, and the way from training to a finished run folder."""

import importlib.util
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cmtmedqa.recipes.base import Run
from cmtmedqa.training import checkpoints, data, guards, lineage, models, program, report, template
from cmtmedqa.training.data import Conversation

_CHUNK = 1_000


def facts(folder: Path, tokenizer: Any, train: Iterable[Any], dev: Iterable[Any]) -> dict[str, Any]:
    """What a run is made of beside its settings: hashes of base, template, tokenizer, training and held-out rows."""
    return {
        "base": lineage.base_hash(folder),
        **template.fingerprint(tokenizer),
        "data_hash": data.content_hash(train),
        "eval_hash": data.content_hash(dev),
    }


def labelled(tokenizer: Any, rows: Sequence[Conversation]) -> Any:
    """A `datasets.Dataset` of `input_ids` and `labels`; the labels are the doctor's turns."""
    from datasets import Dataset, concatenate_datasets

    parts = []
    for start in range(0, len(rows), _CHUNK):
        pairs = [template.training_ids(tokenizer, row.messages) for row in rows[start : start + _CHUNK]]
        parts.append(
            Dataset.from_dict({"input_ids": [ids for ids, _ in pairs], "labels": [labels for _, labels in pairs]})
        )
    return concatenate_datasets(parts)


def say_counts(counts: Counter[str]) -> None:
    """One line on what became of the rows; the same figures stand in `metrics.json`."""
    program.say("data: " + ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()) if count))


def resume_from(settings: Run) -> Path | None:
    """The checkpoint from which a run goes on, None for a new one; broken ones above it are removed."""
    if settings.overwrite:  # the main process removes them; one that comes before it may still see them
        return None
    folder = Path(settings.output)
    found = checkpoints.newest_whole(folder)
    checkpoints.remove_broken(folder, found)
    if found:
        program.say(f"{folder}: goes on after step {checkpoints.step_of(found)}")
    return found


def callbacks(settings: Run, resume: Path | None, evaluates: bool) -> list[Any]:
    """The log of the run, and early stopping where it is asked for and there is held-out data."""
    from transformers import EarlyStoppingCallback

    if not evaluates:
        program.say("no held-out data: nothing is evaluated, nothing stops early, and the last model is the result")
    step = checkpoints.step_of(resume) if resume else None
    found: list[Any] = [guards.RunLog(Path(settings.output) / program.LOG, step)]
    if settings.early_stopping_patience and evaluates:
        found.append(EarlyStoppingCallback(early_stopping_patience=settings.early_stopping_patience))
    return found


def train_and_save(
    trainer: Any,
    settings: Run,
    resume: Path | None,
    stage: str,
    made_of: Mapping[str, Any],
    counts: Counter[str],
    measure: Callable[[], tuple[Mapping[str, Any], str]] = lambda: ({}, ""),
) -> None:
    """Train to the end, save the (best) model with tokenizer, template and lineage, draw the curves, write card and metrics.

    `measure` is called by every process when the model is saved; it gives further figures, and Markdown for the card.
    """
    trainer.add_callback(guards.GradientSync(trainer))
    guards.show_progress(trainer)
    start = time.monotonic()
    trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    seconds = time.monotonic() - start
    save(trainer, settings, stage, made_of)
    figures, tables = measure()
    folder = Path(settings.output)
    log = guards.read_log(folder / program.LOG) if program.is_main() else []
    metrics = {
        "stage": stage,
        "steps": trainer.state.global_step,
        "train_loss": mean_loss(log),
        **evaluated(log, trainer.state),
        **figures,
        "processes": program.world_size(),
        "weights": lineage.weights_hash(folder / program.MODEL) if program.is_main() else "",
        **made_of,
        "manifests": data.manifests(_paths(settings)),
        "rows": dict(sorted(counts.items())),
        "speed": speed(seconds, trainer.state.global_step - (checkpoints.step_of(resume) if resume else 0)),
        "versions": versions(),
    }
    report.draw_curves(log, folder)
    report.write_card(
        folder, f"{stage} of {Path(settings.model).name}", metrics, settings.model_dump(mode="json"), tables
    )
    program.finish(settings, metrics)


def mean_loss(log: Sequence[Mapping[str, Any]]) -> float | None:
    """Mean of the logged loss over its steps; None without one. The Trainer's own mean leaves out what lies before a resume."""
    total, seen = 0.0, 0
    for line in log:
        if "loss" in line:
            total, seen = total + line["loss"] * (line["step"] - seen), line["step"]
    return total / seen if seen else None


def versions() -> dict[str, str]:
    """The versions of the libraries of training that are installed."""
    found = {
        name: importlib.util.find_spec(name)
        for name in ("torch", "transformers", "trl", "peft", "accelerate", "datasets")
    }
    return {name: version(name) for name, spec in found.items() if spec}


def _paths(settings: Run) -> list[str]:
    values = settings.model_dump()
    return [path for key in ("data", "corpus", "general", "eval_data") for path in values.get(key, ())]


def speed(seconds: float, steps: int) -> dict[str, float]:
    """Seconds and steps since the last start; the only figures that differ from run to run."""
    return {"seconds": round(seconds, 1), "steps": steps, "steps_per_second": round(steps / max(seconds, 1e-9), 3)}


def evaluated(log: Sequence[Mapping[str, Any]], state: Any) -> dict[str, Any]:
    """The held-out figures before the first step, at the end, and the best one with its checkpoint's step."""
    rows = [{key: value for key, value in line.items() if key.startswith("eval_")} for line in log]
    rows = [row for row in rows if row]
    if not rows:
        return {}
    found: dict[str, Any] = {f"{key}_before": value for key, value in rows[0].items()} | rows[-1]
    if state.best_model_checkpoint:
        found |= {"best_metric": state.best_metric, "best_step": checkpoints.step_of(Path(state.best_model_checkpoint))}
    return found


def save(trainer: Any, settings: Run, stage: str, made_of: Mapping[str, Any]) -> None:
    """Save the model of a trainer, its tokenizer with our template, and what it was made from, to `model/`."""
    folder = Path(settings.output) / program.MODEL
    trainer.save_model(str(folder))
    if program.is_main():
        trainer.processing_class.save_pretrained(folder)
        models.write_generation_config(folder, trainer.processing_class)
        (folder / "training_args.bin").unlink(missing_ok=True)  # a pickle, with paths of this computer
        lineage.write(
            folder, {"stage": stage, "tuning": settings.tuning, "base_name": Path(settings.model).name, **made_of}
        )
