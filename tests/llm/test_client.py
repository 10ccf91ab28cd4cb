"""The client against a real server that fails in every way a server may."""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from cmtmedqa.errors import ConfigError
from cmtmedqa.judgements import Message
from cmtmedqa.llm.client import BudgetReached, Check, Client, Failure, Limits, Reply, bounded
from cmtmedqa.llm.endpoints import Endpoint, Price
from cmtmedqa.llm.ledger import Ledger
from cmtmedqa.llm.passages import NotDeidentified, Passage, cleared, look_at, rules_version
from cmtmedqa.llm.request import Call, Request
from cmtmedqa.llm.transport import EndpointError
from tests.llm.server import Server, running

pytest.importorskip("openai")

_USUAL = Limits()


def _call(number: int = 0, text: str = "医生您好，我头痛三天了，怎么办？", **more: object) -> Call:
    said = f"{text}（{number}）"
    request = Request.model_validate(
        {"endpoint": "m", "model": "m", "messages": [{"role": "user", "content": said}], "seed": number, **more}
    )
    return Call(request=request, passages=(cleared(said, "test"),))


def _ask(
    folder: Path,
    server: Server,
    calls: Sequence[Call],
    limits: Limits = _USUAL,
    check: Check | None = None,
    price: Price | None = None,
) -> list[Reply | Failure]:
    endpoint = Endpoint(name="m", url=server.url, price=price)

    async def run() -> list[Reply | Failure]:
        client = Client([endpoint], ledger, limits)
        try:
            found = {
                id(call): reply
                async for call, reply in bounded(calls, lambda c: client.ask(c, check), limits.concurrency)
            }
        finally:
            await client.close()
        return [found[id(call)] for call in calls]

    with Ledger(folder) as ledger:
        return asyncio.run(run())


def test_nothing_leaves_that_was_not_checked_or_was_changed_afterwards(tmp_path: Path) -> None:
    with pytest.raises(NotDeidentified, match="mobile") as refused:
        cleared("我的手机是13912345678，请回电", "d1")
    assert "139" not in str(refused.value)
    good = _call()
    changed = good.passages[0].model_copy(update={"text": "我叫王小明"})
    old = Passage(**{**good.passages[0].model_dump(), "version": "0"})
    with running(Server()) as server:
        for passage in (changed, old):
            with pytest.raises(NotDeidentified):
                _ask(tmp_path, server, [good.model_copy(update={"passages": (passage,)})])
        assert server.calls == 0


def test_a_clean_text_is_remembered_for_these_rules_until_something_is_forgotten(tmp_path: Path) -> None:
    texts = ("我的耳朵痒了两天", "请打13912345678找我")
    clean, personal = (hashlib.sha256(text.encode()).hexdigest() for text in texts)
    with Ledger(tmp_path) as ledger:
        look_at(texts, ledger)
        assert ledger.clean(rules_version(), [clean, personal]) == {clean}
        assert ledger.clean("rules of yesterday", [clean, personal]) == set()
        with pytest.raises(NotDeidentified):
            cleared(texts[1], "d1")
        ledger.forget(["anything"])
        assert ledger.clean(rules_version(), [clean]) == set()


def test_every_request_is_answered_under_faults_and_a_second_run_makes_no_call(tmp_path: Path) -> None:
    faults = {
        "429": 0.1,
        "500": 0.05,
        "503": 0.02,
        "reset": 0.02,
        "broken": 0.02,
        "shapeless": 0.02,
        "empty": 0.02,
        "no_usage": 0.05,
    }
    calls = [_call(number) for number in range(200)]
    with running(Server(faults=faults)) as server:
        first = _ask(tmp_path, server, calls)
        failures = [reply for reply in first if isinstance(reply, Failure)]
        assert failures == []
        made = server.calls
        second = _ask(tmp_path, server, calls)
        assert server.calls == made > 200
    assert all(isinstance(reply, Reply) and not reply.cached for reply in first)
    assert [(reply.text, True) for reply in first if isinstance(reply, Reply)] == [tuple(reply) for reply in second]


def test_equal_requests_at_the_same_time_share_one_call(tmp_path: Path) -> None:
    server = Server()
    server.latency = 0.2
    with running(server):
        replies = _ask(tmp_path, server, [_call(1) for _ in range(8)])
    assert server.calls == 1
    assert len({reply.text for reply in replies if isinstance(reply, Reply)}) == 1


@pytest.mark.parametrize("fault", ["timeout", "trickle"])
def test_a_server_that_never_ends_is_given_up_and_tried_again(tmp_path: Path, fault: str) -> None:
    with running(Server(faults={fault: 1.0})) as server:
        (reply,) = _ask(tmp_path, server, [_call()], Limits(attempts=2, timeout=0.5))
    assert reply == Failure("attempts", "timeout")
    assert server.calls == 2


@pytest.mark.parametrize(
    ("fault", "words"), [("401", "key is refused"), ("404", "no model"), ("400", "refused"), ("quota", "quota")]
)
def test_what_no_retry_can_mend_ends_the_run_in_one_line(
    tmp_path: Path, fault: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    with running(Server(faults={fault: 1.0})) as server:
        with pytest.raises(EndpointError, match=words) as stopped:
            _ask(tmp_path, server, [_call(number) for number in range(40)], Limits(concurrency=4))
        assert server.calls <= 8
    assert "secret" not in str(stopped.value)
    assert "头痛" not in str(stopped.value)
    assert "\n" not in str(stopped.value)
    assert b"sk-very-secret" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_an_alias_finds_the_one_model_of_a_server_and_several_are_named(tmp_path: Path) -> None:
    server = Server()
    server.models = ["/models/sft-merged"]
    with running(server):
        replies = _ask(tmp_path, server, [_call(number) for number in range(3)])
        assert all(isinstance(reply, Reply) for reply in replies)
        assert server.bodies[-1]["model"] == "/models/sft-merged"
        server.models = ["a", "b"]
        with pytest.raises(EndpointError, match="no model m there, but a, b; state one as `model:`"):
            _ask(tmp_path, server, [_call(9)])


def test_an_address_where_nothing_answers_is_one_line(tmp_path: Path) -> None:
    server = Server()
    server.url = "http://127.0.0.1:9/v1"
    with pytest.raises(EndpointError, match="nothing answers at"):
        _ask(tmp_path, server, [_call()], Limits(attempts=2))


@pytest.mark.parametrize(
    ("fault", "reason", "calls"),
    [
        ("length", "length", 1),
        ("content_filter", "content_filter", 1),
        ("filtered", "content_filter", 1),
        ("too_long", "too_long", 1),
        ("empty", "empty", 3),
    ],
)
def test_a_reply_that_is_no_success_is_a_reason(tmp_path: Path, fault: str, reason: str, calls: int) -> None:
    with running(Server(faults={fault: 1.0})) as server:
        (reply,) = _ask(tmp_path, server, [_call()])
    assert reply == Failure(reason)
    assert server.calls == calls


def test_a_repair_differs_from_the_call_that_failed(tmp_path: Path) -> None:
    def broken_until_told(body: dict[str, object], _: int) -> str:
        messages = body["messages"]
        assert isinstance(messages, list)
        return '{"ok": 1}' if len(messages) > 1 else '{"ok": '

    with running(Server(broken_until_told)) as server:
        check = lambda text: None if text.endswith("}") else "JSON 不完整"  # noqa: E731
        (reply,) = _ask(tmp_path, server, [_call()], check=check)
        assert reply == Reply('{"ok": 1}', cached=False)
        again = _ask(tmp_path, server, [_call()], check=check)
    assert again == [Reply('{"ok": 1}', cached=True)]
    assert server.calls == 2
    assert server.bodies[0] != server.bodies[1]
    assert server.bodies[1]["messages"][1]["content"] == '{"ok": '


def test_retry_after_pauses_every_worker(tmp_path: Path) -> None:
    server = Server(faults={"429": 1.0})
    server.retry_after = "2"
    with running(server):
        _ask(tmp_path, server, [_call(number) for number in range(6)], Limits(concurrency=6, attempts=2))
    begin = min(server.times)
    # The first calls are under way together; then nobody may call before two seconds have passed.
    assert not [moment for moment in server.times[6:] if moment - begin < 1.9]


def test_the_budget_is_never_passed_and_a_higher_one_goes_on(tmp_path: Path) -> None:
    price = Price(input=1_000, output=2_000)  # a call costs 0.2, and may cost 0.02 + 0.4 by its limit of tokens
    calls = [_call(number, max_tokens=200) for number in range(60)]
    server = Server()
    server.latency = 0.05
    with running(server):
        with pytest.raises(BudgetReached, match="--max-cost"):
            _ask(tmp_path, server, calls, Limits(concurrency=32, max_cost=3.0), price=price)
        with Ledger(tmp_path) as ledger:
            (spent,) = ledger.spent()
        assert 0 < spent.cost <= 3.0
        assert spent.calls == server.calls
        with pytest.raises(BudgetReached, match="--max-calls"):
            _ask(tmp_path, server, calls, Limits(concurrency=32, max_calls=40), price=price)
        assert server.calls == 40
        replies = _ask(tmp_path, server, calls, Limits(concurrency=32, max_cost=100.0), price=price)
        assert server.calls == 60
    assert all(isinstance(reply, Reply) for reply in replies)


def test_a_model_elsewhere_without_a_price_is_refused(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger, pytest.raises(ConfigError, match="price"):
        Client([Endpoint(name="m", url="https://models.example/v1")], ledger, Limits())


def test_concurrency_is_bounded(tmp_path: Path) -> None:
    server = Server()
    server.latency = 0.05
    with running(server):
        start = time.monotonic()
        _ask(tmp_path, server, [_call(number) for number in range(24)], Limits(concurrency=6))
    assert server.most_in_flight <= 6
    assert time.monotonic() > start


def test_a_request_has_one_key_whatever_the_spelling_of_its_numbers() -> None:
    message = [{"role": "user", "content": "你好"}]
    one = Request.model_validate({"endpoint": "m", "model": "m", "messages": message, "temperature": 0})
    same = Request.model_validate_json(
        '{"temperature": 0.0, "model": "m", "endpoint": "m", "messages": [{"content": "你好", "role": "user"}]}'
    )
    assert one.key() == same.key()
    for change in (
        {"seed": 1},
        {"model": "n"},
        {"endpoint": "n"},
        {"prompt_version": "2"},
        {"temperature": 0.1},
        {"top_p": 0.9},
    ):
        assert one.model_copy(update=change).key() != one.key()
    other = one.model_copy(update={"messages": (Message(role="user", content="您好"),)})
    assert other.key() != one.key()


def test_forgetting_removes_calls_and_replies_that_quote_a_text(tmp_path: Path) -> None:
    with running(Server(faults={"500": 0.3})) as server:
        _ask(tmp_path, server, [_call(1, "我的膝盖肿了怎么办"), _call(2)])
    with Ledger(tmp_path) as ledger:
        assert ledger.forget(["我的膝盖肿了怎么办"]) == 1
        assert ledger.reply(_call(1, "我的膝盖肿了怎么办").request.key()) is None
        assert ledger.reply(_call(2).request.key()) is not None
    assert "膝盖".encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
