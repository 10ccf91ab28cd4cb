"""Asking models: a ledger that makes a second run free, retries that obey the server, a budget, a check of what may be sent."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import NamedTuple, TypeVar

from cmtmedqa.errors import CmtmedqaError, ConfigError
from cmtmedqa.judgements import Message
from cmtmedqa.llm.endpoints import Endpoint
from cmtmedqa.llm.ledger import Attempt, Ledger
from cmtmedqa.llm.passages import require_cleared
from cmtmedqa.llm.request import Call, Request, seed_of
from cmtmedqa.llm.transport import Completion, EndpointError, Refused, Temporary, Transport, tokens

Check = Callable[[str], str | None]
Item = TypeVar("Item")
Result = TypeVar("Result")

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 60.0
_UNKNOWN_ATTEMPTS = 5  # at an address that has never given a completion in this run
_NEVER_WELL = frozenset({"length", "content_filter"})


class BudgetReached(CmtmedqaError):
    """The next call could pass the limit of cost or calls; everything so far is in the ledger."""


class Limits(NamedTuple):
    """`attempts` for a request that fails, `repairs` for a reply that is no good; `timeout` in seconds for one call.

    `max_cost` and `max_calls` count what the ledger holds already: a run that they stopped goes on under a higher limit.
    """

    concurrency: int = 16
    attempts: int = 10
    repairs: int = 2
    timeout: float = 120.0
    max_cost: float | None = None
    max_calls: int | None = None


class Reply(NamedTuple):
    """An accepted reply; `cached` when the ledger had it."""

    text: str
    cached: bool


class Failure(NamedTuple):
    """Why a request has no reply: `length`, `content_filter`, `too_long`, `empty`, `wrong_form`, or `attempts` (with the last fault)."""

    reason: str
    detail: str = ""


class Client:
    """Asks the models of some endpoints; one per run, inside one event loop. `close` it at the end.

    `calls` counts what left for a model in this run, failed attempts included.
    """

    def __init__(self, endpoints: Iterable[Endpoint], ledger: Ledger, limits: Limits) -> None:
        self._transports = {endpoint.name: Transport(endpoint, limits.timeout) for endpoint in _priced(endpoints)}
        self._ledger, self._limits = ledger, limits
        self._slots = asyncio.Semaphore(limits.concurrency)
        self._paused: dict[str, float] = {}
        self._running: dict[str, asyncio.Task[Reply | Failure]] = {}
        self._answered: set[str] = set()
        self._budget = _Budget(ledger, limits)
        self.calls = 0

    async def close(self) -> None:
        """Close all connections."""
        for transport in self._transports.values():
            await transport.close()

    async def ask(self, call: Call, check: Check | None = None) -> Reply | Failure:
        """The reply to a request, from the ledger or from its model; equal requests at the same time share one call.

        `check` says what is wrong with a reply, or None; a wrong reply is asked for again by a request that differs.
        Raises NotDeidentified before anything leaves, BudgetReached, and EndpointError where no further call has a chance.
        """
        for passage in call.passages:
            require_cleared(passage)
        key = call.request.key()
        stored = self._ledger.reply(key)
        if stored is not None:
            return Reply(stored, cached=True)
        if key not in self._running:
            task = asyncio.ensure_future(self._ask_model(call.request, check))
            task.add_done_callback(lambda _: self._running.pop(key, None))
            self._running[key] = task
        return await asyncio.shield(self._running[key])

    async def _ask_model(self, request: Request, check: Check | None) -> Reply | Failure:
        failed = repairs = 0
        asked = request
        while True:
            try:
                completion = await self._attempt(request, asked)
            except Refused as refusal:
                return Failure(refusal.status)
            except Temporary as fault:
                failed += 1
                never = request.endpoint not in self._answered
                if never and fault.hopeless and failed >= min(self._limits.attempts, _UNKNOWN_ATTEMPTS):
                    endpoint = self._transports[request.endpoint].endpoint
                    raise EndpointError(f"model {endpoint.name}: {fault.hopeless}") from None
                if failed == self._limits.attempts:
                    return Failure("attempts", fault.status)
                if fault.retry_after is None:
                    await asyncio.sleep(_wait(failed))
                continue
            problem = _problem(completion, check)
            self._store(request, completion, problem)
            if problem is None:
                return Reply(completion.text, cached=False)
            repairs += 1
            if problem.reason in _NEVER_WELL or repairs > self._limits.repairs:
                return problem
            asked = _changed(request, completion.text, problem, repairs)

    async def _attempt(self, request: Request, asked: Request) -> Completion:
        """One call; a failed one is in the ledger before it is raised."""
        transport = self._transports[request.endpoint]
        async with self._slots:
            while (left := self._paused.get(request.endpoint, 0.0) - time.monotonic()) > 0:
                await asyncio.sleep(left)
            with self._budget.reserved(cost_of(transport.endpoint, tokens(asked.messages), asked.max_tokens)):
                self.calls += 1
                start = time.monotonic()
                try:
                    completion = await transport.complete(asked)
                except (Temporary, Refused, EndpointError) as fault:
                    status = getattr(fault, "status", "refused")
                    self._ledger.add(request, Attempt(status, price=_price(transport.endpoint), seconds=_since(start)))
                    if isinstance(fault, Temporary) and fault.retry_after is not None:
                        self._paused[request.endpoint] = time.monotonic() + fault.retry_after
                    raise
        self._answered.add(request.endpoint)
        return completion

    def _store(self, request: Request, completion: Completion, problem: Failure | None) -> None:
        endpoint = self._transports[request.endpoint].endpoint
        used_in = completion.tokens_in or tokens(request.messages)
        used_out = completion.tokens_out or int(len(completion.text) / 1.5)
        attempt = Attempt(
            problem.reason if problem else "ok",
            completion.raw,
            completion.finish_reason,
            used_in,
            used_out,
            completion.model,
            completion.fingerprint,
            _price(endpoint),
            cost_of(endpoint, used_in, used_out),
        )
        self._ledger.add(request, attempt, None if problem else completion.text)
        self._budget.spend(attempt.cost)


class _Budget:
    """What the ledger says was spent, what this run added, and what calls in flight may still cost."""

    def __init__(self, ledger: Ledger, limits: Limits) -> None:
        spent = ledger.spent()
        self._limits = limits
        self._cost, self._calls = sum(item.cost for item in spent), sum(item.calls for item in spent)
        self._in_flight = 0.0

    def spend(self, cost: float) -> None:
        self._cost += cost

    def reserved(self, cost: float) -> "_Reservation":
        """Raises BudgetReached when one call more of this cost could pass a limit."""
        most, money = self._limits.max_calls, self._limits.max_cost
        if most is not None and self._calls >= most:
            raise BudgetReached(f"the limit of {most:,} calls is reached; raise --max-calls to go on")
        if money is not None and self._cost + self._in_flight + cost > money:
            raise BudgetReached(f"the next call could pass the limit of {money:g}; raise --max-cost to go on")
        self._calls += 1
        return _Reservation(self, cost)

    def hold(self, cost: float) -> None:
        self._in_flight += cost


class _Reservation:
    def __init__(self, budget: _Budget, cost: float) -> None:
        self._budget, self._cost = budget, cost

    def __enter__(self) -> None:
        self._budget.hold(self._cost)

    def __exit__(self, *_: object) -> None:
        self._budget.hold(-self._cost)


async def bounded(
    items: Iterable[Item], work: Callable[[Item], Awaitable[Result]], limit: int
) -> AsyncGenerator[tuple[Item, Result]]:
    """Items with their results as they come, at most `limit` at work at once.

    When one of them raises, no further item is begun; those at work end first, so that no paid reply is lost. A caller that
    may leave early wraps this in `contextlib.aclosing`.
    """
    waiting: dict[asyncio.Future[Result], Item] = {}
    rest = iter(items)
    fault: BaseException | None = None
    try:
        while True:
            while fault is None and len(waiting) < limit and (item := next(rest, None)) is not None:
                waiting[asyncio.ensure_future(work(item))] = item
            if not waiting:
                break
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for future in done:
                item = waiting.pop(future)
                if future.exception() is None:
                    yield item, future.result()
                else:
                    fault = fault or future.exception()
    finally:  # whoever asked for the items gave up: what was paid for is still waited for
        await asyncio.gather(*waiting, return_exceptions=True)
    if fault is not None:
        raise fault


def _priced(endpoints: Iterable[Endpoint]) -> list[Endpoint]:
    """Raises ConfigError for a model elsewhere whose price nobody stated: its budget could not be kept."""
    known = list(endpoints)
    for endpoint in known:
        if endpoint.known_price() is None:
            raise ConfigError(
                f"model {endpoint.name}: its price is unknown; give it `price:` in the YAML, or --price IN/OUT"
            )
    return known


def _problem(completion: Completion, check: Check | None) -> Failure | None:
    if completion.finish_reason in _NEVER_WELL:
        return Failure(completion.finish_reason)
    if not completion.text.strip():
        return Failure("empty")
    wrong = check(completion.text) if check else None
    return None if wrong is None else Failure("wrong_form", wrong)


def _changed(request: Request, text: str, problem: Failure, repairs: int) -> Request:
    """A request that differs from the one that failed: the same one would get the same reply from a deterministic server."""
    if problem.reason == "empty":
        return request.model_copy(update={"seed": seed_of(request.seed, repairs)})
    told = f"上一条回复的格式不符合要求：{problem.detail}。请只输出符合要求的完整内容。"
    more = (Message(role="assistant", content=text), Message(role="user", content=told))
    return request.model_copy(update={"messages": (*request.messages, *more), "seed": seed_of(request.seed, repairs)})


def _wait(failed: int) -> float:
    """Exponential back-off with full jitter, in seconds."""
    return random.uniform(0, min(_LONGEST_WAIT, _FIRST_WAIT * 2**failed))  # noqa: S311


def _price(endpoint: Endpoint) -> str:
    price = endpoint.known_price()
    return "" if price is None else f"{price.input:g}/{price.output:g}"


def cost_of(endpoint: Endpoint, tokens_in: int, tokens_out: int) -> float:
    """What a call costs by the endpoint's price table, 0 where nothing is paid."""
    price = endpoint.known_price()
    return 0.0 if price is None else (tokens_in * price.input + tokens_out * price.output) / 1_000_000


def _since(start: float) -> float:
    return time.monotonic() - start
