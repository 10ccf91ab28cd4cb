"""Several processes without a wrapper: sums over all of them, and the devices they stand on. All is a no-op for a single process."""

import os
from collections.abc import Iterable
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from cmtmedqa.errors import ConfigError
from cmtmedqa.training.program import world_size


def join(use_cpu: bool) -> torch.device:
    """Join the processes that the launcher started (gloo on the CPU, NCCL on GPUs); gives the device of this one."""
    local = int(os.environ.get("LOCAL_RANK", "0"))
    if not use_cpu:
        torch.cuda.set_device(local)
    if world_size() > 1 and not dist.is_initialized():
        dist.init_process_group("gloo" if use_cpu else "nccl")
    return torch.device("cpu") if use_cpu else torch.device("cuda", local)


def require_shares(**answers: int) -> None:
    """Raises ConfigError that names the setting whose answers the processes cannot share evenly."""
    for name, count in answers.items():
        if count % world_size():
            raise ConfigError(f"{name} {count} is no multiple of the {world_size()} processes that were started")


def leave() -> None:
    """End the group, if there is one."""
    if dist.is_initialized():
        dist.destroy_process_group()


def rank() -> int:
    """The number of this process, from 0."""
    return int(os.environ.get("RANK", "0"))


def total(tensor: Tensor) -> Tensor:
    """The sum over all processes, in place."""
    if dist.is_initialized():
        dist.all_reduce(tensor)
    return tensor


def gathered(value: Any) -> list[Any]:
    """One value of each process, in their order."""
    if not dist.is_initialized():
        return [value]
    found: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(found, value)
    return found


def wait() -> None:
    """Until all processes have come here."""
    if dist.is_initialized():
        dist.barrier()


def sum_gradients(parameters: Iterable[torch.nn.Parameter]) -> None:
    """Add up the gradients of all processes with a single all_reduce of one flat tensor."""
    if not dist.is_initialized():
        return
    held = list(parameters)
    gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in held]
    flat = torch.cat([gradient.reshape(-1).float() for gradient in gradients])
    dist.all_reduce(flat)
    place = 0
    for parameter in held:
        size = parameter.numel()
        parameter.grad = flat[place : place + size].view_as(parameter).to(parameter.dtype)
        place += size
