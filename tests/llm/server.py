"""A real OpenAI-compatible server on this machine whose faults are drawn from a hash of the request and of how often it came."""

import asyncio
import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

_WORDS = (
    "头痛",
    "发热",
    "复查",
    "血压",
    "饮食",
    "休息",
    "用药",
    "门诊",
    "观察",
    "皮疹",
    "咳嗽",
    "睡眠",
    "化验",
    "胃镜",
    "彩超",
    "过敏",
)

Reply = Callable[[dict[str, Any], int], str]


def different_words(body: dict[str, Any], _: int) -> str:
    """A reply that depends on prompt and seed, as a model that samples gives one."""
    digest = hashlib.sha256(json.dumps([body["messages"], body.get("seed")]).encode()).digest()
    return "建议" + "，".join(_WORDS[byte % len(_WORDS)] + str(byte) for byte in digest[:12]) + "。"


class Server:
    """What the server saw and how it misbehaves. `faults` maps a fault to its share of calls."""

    def __init__(self, reply: Reply = different_words, faults: dict[str, float] | None = None) -> None:
        self.reply, self.faults = reply, faults or {}
        self.calls = 0
        self.times: list[float] = []
        self.bodies: list[dict[str, Any]] = []
        self.in_flight = self.most_in_flight = 0
        self.latency = 0.0
        self.retry_after = "0"
        self.url = ""
        self.models: list[str] = []  # those that it has; none: it takes every name
        self._seen: Counter[str] = Counter()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        key = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        self._seen[key] += 1
        self.calls += 1
        self.times.append(time.monotonic())
        self.bodies.append(body)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self.latency)
            known = not self.models or body["model"] in self.models
            fault = self._fault(key, self._seen[key]) if known else "404"
            return await self._answer(request, body, fault, self._seen[key])
        finally:
            self.in_flight -= 1

    async def list_models(self, _: web.Request) -> web.StreamResponse:
        return web.json_response(
            {"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]},
            status=200 if self.models else 404,
        )

    def _fault(self, key: str, attempt: int) -> str:
        place = int(hashlib.sha256(f"{key}{attempt}".encode()).hexdigest()[:8], 16) / 2**32
        for fault, share in self.faults.items():
            place -= share
            if place < 0:
                return fault
        return ""

    async def _answer(self, request: web.Request, body: dict[str, Any], fault: str, attempt: int) -> web.StreamResponse:
        if fault == "429":
            return web.json_response(
                {"error": {"message": "slow"}}, status=429, headers={"Retry-After": self.retry_after}
            )
        if fault in {"400", "401", "403", "404", "500", "503"}:
            return web.json_response({"error": {"message": json.dumps(body), "code": None}}, status=int(fault))
        if fault == "quota":
            return web.json_response({"error": {"message": "no", "code": "insufficient_quota"}}, status=429)
        if fault == "filtered":
            return web.json_response({"error": {"message": "no", "code": "content_filter"}}, status=400)
        if fault == "too_long":
            return web.json_response({"error": {"message": "no", "code": "context_length_exceeded"}}, status=400)
        if fault == "timeout":
            await asyncio.sleep(30)
        if fault == "reset":
            assert request.transport is not None
            request.transport.abort()
        if fault == "broken":
            return web.Response(text='{"choices": [{"mess', content_type="application/json")
        if fault == "shapeless":
            return web.json_response({"choices": []})
        if fault == "trickle":
            return await self._trickle(request)
        text = "" if fault == "empty" else self.reply(body, attempt)
        reason = fault if fault in {"length", "content_filter"} else "stop"
        answer = {
            "id": "x", "object": "chat.completion", "created": 0, "model": body["model"], "system_fingerprint": "fp",
            "choices": [{"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": text}}],
        }  # fmt: skip
        if fault != "no_usage":
            answer["usage"] = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
        return web.json_response(answer)

    async def _trickle(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for _ in range(200):
            await response.write(b" ")
            await asyncio.sleep(0.1)
        return response


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """Serve on a free loopback port, in a thread of its own."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def start() -> web.AppRunner:
        app = web.Application(client_max_size=1 << 24)
        app.router.add_post("/v1/chat/completions", server.handle)
        app.router.add_get("/v1/models", server.list_models)
        runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        ready.set()
        return runner

    runners: list[web.AppRunner] = []

    def run() -> None:
        asyncio.set_event_loop(loop)
        runners.append(loop.run_until_complete(start()))
        loop.run_forever()
        loop.run_until_complete(runners[0].cleanup())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(30)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
