"""Invented dialogues, and how the tests start a program."""

import importlib
import json
import multiprocessing
import os
import random
import runpy
import signal
import socket
import sys
import time
from collections.abc import Callable
from multiprocessing import connection
from pathlib import Path
from typing import Any, NamedTuple

CHECKOUT = Path(__file__).resolve().parents[2]
# Processes that begin with the libraries loaded: importing them anew would take most of the time of the tests.
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.training.preload"])
_SYMPTOMS = ("头痛", "咳嗽", "腹泻", "皮疹", "失眠", "胸闷", "关节痛", "乏力", "耳鸣", "牙痛", "便秘", "反酸")
_DRUGS = ("布洛芬", "阿莫西林", "蒙脱石散", "氯雷他定", "奥美拉唑", "对乙酰氨基酚")
_TESTS = ("血常规", "胸部X光", "心电图", "肝功能", "胃镜", "尿常规")
_DAYS = ("一天", "三天", "一周", "半个月", "一个月")


def dialogue(seed: int) -> list[dict[str, str]]:
    """An invented dialogue of one to four exchanges, as chat messages; the doctor's answer follows from the complaint."""
    chance = random.Random(seed)
    messages = []
    for _ in range(chance.randrange(1, 5)):
        number = chance.randrange(len(_SYMPTOMS))
        asked = f"医生您好，我{_SYMPTOMS[number]}已经{chance.choice(_DAYS)}了，应该怎么办？"
        said = f"根据您的描述，建议先查{_TESTS[number % len(_TESTS)]}，可以服用{_DRUGS[number % len(_DRUGS)]}，多休息。"
        messages += [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]
    return messages


def write_messages(path: Path, seeds: range) -> Path:
    """A JSON Lines file of invented dialogues in the shape of `cmtmedqa export messages`."""
    lines = [json.dumps({"id": f"d{seed}", "messages": dialogue(seed)}, ensure_ascii=False) for seed in seeds]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


class Done(NamedTuple):
    """How a program ended: -9 where it was killed. `output`: standard output and error together."""

    code: int
    output: str


def run(
    stage: str,
    *arguments: str,
    cwd: Path,
    processes: int = 1,
    kill: str = "",
    environment: dict[str, str] | None = None,
) -> Done:
    """Run a program of train/ to its end, as its head comment says, in processes of its own that need not import torch anew.

    `kill`: "MODULE:CLASS.FUNCTION@N" kills the first process at the N-th call of that function, by SIGKILL.
    """
    return _run(lambda rank: (_program, stage, arguments, kill if rank == 0 else "", environment or {}), cwd, processes)


def call(function: Callable[..., None], *values: Any, cwd: Path, processes: int = 1) -> Done:
    """Call `function(rank, *values)` of a test module in processes of its own that may join."""
    return _run(lambda rank: (function, rank, *values), cwd, processes)


def _run(job: Callable[[int], tuple[Any, ...]], cwd: Path, processes: int) -> Done:
    port = _free_port()
    running = []
    for rank in range(processes):
        several = {
            "RANK": rank,
            "LOCAL_RANK": rank,
            "WORLD_SIZE": processes,
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": port,
        }
        environment = {name: str(value) for name, value in several.items()} if processes > 1 else {}
        path = cwd / f".output-{rank}.txt"
        process = _SERVER.Process(target=_child, args=(str(cwd), environment, str(path), *job(rank)))
        process.start()
        running.append((process, path))
    first = _wait([process for process, _ in running])
    return Done(first, "".join(path.read_text(encoding="utf-8") for _, path in running))


def _wait(processes: list[Any]) -> int:
    """The exit code of the first process, by rank, that failed by itself; 0 where all succeed.

    When one fails the others have ten seconds to end, as they do when they miss it, and are killed then. All are after five minutes.
    """
    left, deadline, killed = {process.sentinel: process for process in processes}, time.monotonic() + 300, set[Any]()
    while left:
        ended = connection.wait(list(left), max(0.0, deadline - time.monotonic()))
        for sentinel in ended:
            process = left.pop(sentinel)  # type: ignore[arg-type]
            process.join()
            if process.exitcode:
                deadline = min(deadline, time.monotonic() + 10)
        if not ended:
            killed = set(left.values())
            for process in killed:
                process.kill()
            deadline = time.monotonic() + 60
    failed = [process.exitcode for process in processes if process.exitcode and process not in killed]
    assert failed or not killed, "the processes did not end within five minutes"
    return failed[0] if failed else 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _child(cwd: str, environment: dict[str, str], output: str, function: Callable[..., None], *values: Any) -> None:
    os.environ.update(environment)
    os.chdir(cwd)
    stream = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", buffering=1, closefd=False)
    function(*values)


def _program(stage: str, arguments: tuple[str, ...], kill: str, environment: dict[str, str]) -> None:
    os.environ.update(environment)
    if kill:
        _kill_at(kill)
    program = str(CHECKOUT / "train" / f"{stage}.py")
    sys.argv = [program, *arguments]
    runpy.run_path(program, run_name="__main__")


def _kill_at(where: str) -> None:
    name, _, count = where.partition("@")
    module, _, path = name.partition(":")
    holder: Any = importlib.import_module(module)
    *classes, function = path.split(".")
    for part in classes:
        holder = getattr(holder, part)
    original, left = getattr(holder, function), [int(count)]

    def deadly(*values: Any, **named: Any) -> Any:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*values, **named)

    setattr(holder, function, deadly)
