"""Run idempotent tasks in this process or on a pool of processes; results come in the order of the tasks.

A task writes its output under a temporary name and renames it, so that it can be run again after a crash. The number of
workers has no influence on what is written.
"""

import multiprocessing
import os
import queue
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import NamedTuple, TypeVar

from cmtmedqa.errors import CmtmedqaError

Task = TypeVar("Task")
Result = TypeVar("Result")

# Below this many input bytes (about 200,000 dialogues) starting a second process costs more than it saves.
POOL_PAYS_FROM_BYTES = 500_000_000


class Tick(NamedTuple):
    """What a task reports while it runs: records read, kept, rejected since its last tick."""

    read: int
    kept: int
    rejected: int


Report = Callable[[Tick], None]

_ticks: "queue.Queue[Tick] | None" = None


def choose_workers(wanted: int, input_bytes: int) -> int:
    """The number of processes: as wanted, or by the size of the input and the cores at hand."""
    if wanted:
        return wanted
    return (os.cpu_count() or 1) if input_bytes >= POOL_PAYS_FROM_BYTES else 1


def run(
    function: Callable[[Task, Report], Result],
    tasks: Sequence[Task],
    workers: int,
    on_tick: Report,
    on_done: Callable[[Task, Result], None],
) -> list[Result]:
    """Run `function(task, report)` for every task. Raises CmtmedqaError if a worker process dies."""
    if workers <= 1 or len(tasks) <= 1:
        return [_finished(on_done, task, function(task, on_tick)) for task in tasks]
    return _run_pool(function, tasks, workers, on_tick, on_done)


def _run_pool(
    function: Callable[[Task, Report], Result],
    tasks: Sequence[Task],
    workers: int,
    on_tick: Report,
    on_done: Callable[[Task, Result], None],
) -> list[Result]:
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        ticks = manager.Queue()
        with ProcessPoolExecutor(workers, mp_context=context, initializer=_connect, initargs=(ticks,)) as pool:
            futures = [pool.submit(_run_one, function, task) for task in tasks]
            waiting = set(range(len(tasks)))
            try:
                while waiting:
                    _drain(ticks, on_tick)
                    for number in sorted(waiting):
                        if futures[number].done():
                            on_done(tasks[number], futures[number].result())
                            waiting.discard(number)
                _drain(ticks, on_tick)
                return [future.result() for future in futures]
            except BrokenProcessPool as error:
                raise CmtmedqaError(
                    "a worker process died (out of memory?); run the same command again to resume"
                ) from error
            finally:
                for future in futures:
                    future.cancel()


def _finished(on_done: Callable[[Task, Result], None], task: Task, result: Result) -> Result:
    on_done(task, result)
    return result


def _connect(ticks: "queue.Queue[Tick]") -> None:
    global _ticks  # noqa: PLW0603 -- one queue a worker process, set once when it starts
    _ticks = ticks


def _run_one(function: Callable[[Task, Report], Result], task: Task) -> Result:
    return function(task, _send)


def _send(tick: Tick) -> None:
    if _ticks is not None:
        _ticks.put(tick)


def _drain(ticks: "queue.Queue[Tick]", on_tick: Report) -> None:
    """Pass on what the workers report; waits a moment for the first tick, so that the loop does not spin."""
    try:
        on_tick(ticks.get(timeout=0.1))
        while True:
            on_tick(ticks.get_nowait())
    except queue.Empty:
        return
