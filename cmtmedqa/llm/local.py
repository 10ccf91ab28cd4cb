"""A model of this machine's disk, run in this process by transformers; one reply at a time, each under its own seed."""

import threading
from pathlib import Path
from typing import Any

from cmtmedqa.errors import InputError, MissingExtra
from cmtmedqa.llm.request import Request


class LocalModel:
    """Loads its model at the first request. Raises InputError when the folder holds none."""

    def __init__(self, path: str) -> None:
        if not (Path(path) / "config.json").is_file():
            raise InputError(f"{path}: holds no config.json, so it is no model")
        self._path, self._lock = path, threading.Lock()
        self._loaded: tuple[Any, Any] | None = None

    def complete(self, request: Request) -> tuple[str, str, int, int]:
        """Text, finish reason (`stop` or `length`), tokens of prompt and reply. The same request gives the same text."""
        import torch

        with self._lock, torch.random.fork_rng(), torch.inference_mode():
            tokenizer, model = self._load()
            messages = [{"role": message.role, "content": message.content} for message in request.messages]
            prompt = tokenizer.apply_chat_template(
                messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
            ).to(model.device)
            length = prompt["input_ids"].shape[1]
            torch.manual_seed(request.seed)
            sampled = request.temperature > 0
            options = {"temperature": request.temperature, "top_p": request.top_p, "top_k": 0} if sampled else {}
            ids = model.generate(**prompt, do_sample=sampled, max_new_tokens=request.max_tokens, **options)[0, length:]
        ends = model.generation_config.eos_token_id
        ended = len(ids) > 0 and int(ids[-1]) in (ends if isinstance(ends, list) else [ends])
        text = tokenizer.decode(ids, skip_special_tokens=True).strip()
        return text, "stop" if ended else "length", length, len(ids)

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            try:
                import torch
                from transformers import AutoModelForCausalLM, AutoTokenizer
            except ImportError as error:
                raise MissingExtra("transformers", "train", f"the model {self._path}") from error
            device = "cuda" if torch.cuda.is_available() else "cpu"
            try:
                tokenizer = AutoTokenizer.from_pretrained(self._path, local_files_only=True)
                model = AutoModelForCausalLM.from_pretrained(self._path, local_files_only=True, dtype="auto")
            except (OSError, ValueError) as error:
                raise InputError(f"{self._path}: is no model that transformers can load") from error
            if tokenizer.chat_template is None:
                raise InputError(f"{self._path}: its tokenizer has no chat template")
            placed: Any = model
            self._loaded = tokenizer, placed.to(device).eval()
        return self._loaded
