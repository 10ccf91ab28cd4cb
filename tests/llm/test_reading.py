"""A second reader in place of the gates that guess: when it decides, when it does not, and that it is never asked in vain."""

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.faithfulness import by_reader, damages, read
from cmtmedqa.errors import ConfigError
from cmtmedqa.llm import gates
from cmtmedqa.llm.client import BudgetReached, Client, Limits
from cmtmedqa.llm.endpoints import Endpoint
from cmtmedqa.llm.ledger import Ledger
from cmtmedqa.llm.reading import VERSION, Verdict, decide, models, reading_of
from cmtmedqa.paths import package_file
from tests.command import run
from tests.llm.server import Server, running

pytest.importorskip("openai")
CHECKOUT = Path(__file__).resolve().parents[2]

_SAID = "别喝酒，多休息。咳嗽几天了？"
_SAME = '{"lost": [], "changed": [], "added": [], "same": true}'
_FAITHFUL = "请戒酒，注意休息。请问咳嗽几天了？"
_TURNED = "可以喝酒，注意休息。请问咳嗽几天了？"  # the rules see that
_ADDED = "请勿喝酒，多休息。请问咳嗽几天了？平时可以练习腹式呼吸。"  # and do not see this
_OTHER_DOSE = "请勿喝酒，多休息3天。请问咳嗽几天了？"
_TRIED_TWICE = Limits(attempts=2)


def _answer(lost: tuple[str, ...] = (), changed: tuple[tuple[str, str], ...] = (), added: tuple[str, ...] = ()) -> str:
    pairs = [{"original": one, "rewrite": other} for one, other in changed]
    found = {"lost": lost, "changed": pairs, "added": added, "same": not (lost or changed or added)}
    return f"原文“别喝酒” → 改写……\n增加：无\n{json.dumps(found, ensure_ascii=False)}"


def _decide(
    server: Server, folder: Path, rewritten: str, limits: Limits = _TRIED_TWICE, original: str = _SAID
) -> Verdict:
    async def ask() -> Verdict:
        reader = Endpoint(name="reader", url=server.url)
        with Ledger(folder) as ledger:
            client = Client([reader], ledger, limits)
            try:
                return await decide(original, rewritten, "d1, turn 1", reader, client)
            finally:
                await client.close()

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("text", "said", "why"),
    [
        (_SAME, "same", ""),
        (_answer(), "same", ""),
        (f"<think>{_answer(lost=('别喝酒',))}</think>```json\n{_SAME}\n```", "same", ""),
        (_answer(lost=("别喝酒",)), "different", "lost “别喝酒”"),
        (_answer(changed=(("别喝酒", "可以喝酒"),)), "different", "“别喝酒” became “可以喝酒”"),
        (_answer(added=("注意休息，请问咳嗽……",)), "different", "added “注意休息，请问咳嗽……”"),
        (_answer(lost=("别抽烟", "别 喝酒！")), "different", "lost “别 喝酒！”"),
        (_SAME.replace("[]", '["别喝酒\\ud800"]', 1).replace("true", "false"), "different", "lost “别喝酒?”"),
        (_answer(lost=("别抽烟",)), "undecided", "逐字"),
        (_answer(lost=("",), changed=(("多休息。", "多休息。"),)), "undecided", "逐字"),
        (_answer(lost=("别喝酒",)).replace("false", "true"), "undecided", "矛盾"),
        (_answer().replace("true", "false"), "undecided", "矛盾"),
        ("两段话意思相同。", "undecided", "JSON"),
        ('{"same": true}', "undecided", "JSON"),
        (f"{_SAME}\n更正：" + _answer(lost=("别喝酒",))[:-3], "undecided", "JSON"),
        ('{"lost": ' + "[" * 100_000, "undecided", "JSON"),
    ],
)
def test_only_an_answer_that_holds_together_and_quotes_decides(text: str, said: str, why: str) -> None:
    found = reading_of(text, _SAID, _TURNED)
    assert found.said == said
    assert why in found.why
    assert bool(why) == bool(found.why)


def test_the_examples_of_the_instruction_are_answers_that_count() -> None:
    text = package_file("llm", "prompt_texts", f"reader-{VERSION}.txt").read_text(encoding="utf-8")
    said = []
    for example in text.split("【例")[1:]:
        original, rewritten, answer = re.split("\n【改写】\n|\n核对：\n", example.split("【原文】\n")[1])
        said.append(reading_of(answer, original, rewritten).said)
    assert said == ["same", "different", "different"]


def test_every_gate_is_hard_or_soft_and_the_hard_ones_come_first() -> None:
    assert tuple(gates.GATES) == gates.HARD + gates.SOFT


def test_the_reader_decides_in_place_of_the_soft_gates_and_their_finding_is_kept(tmp_path: Path) -> None:
    with running(Server(lambda *_: _answer())) as server:
        taken = _decide(server, tmp_path, _TURNED)
        assert taken == Verdict("accepted", reader="same", rules=tuple(gates.faults(_SAID, _TURNED)))
        assert [fault.gate for fault in taken.rules] == ["negation"]
        (body,) = server.bodies
        assert [message["role"] for message in body["messages"]] == ["system", "user"]
        assert body["messages"][1]["content"] == f"【原文】\n{_SAID}\n\n【改写】\n{_TURNED}"
        assert _decide(server, tmp_path, _TURNED) == taken
        assert server.calls == 1
    with running(Server(lambda *_: _answer(added=("练习腹式呼吸",)))) as server:
        refused = _decide(server, tmp_path, _ADDED)
    assert refused == Verdict("reader", reader="different", why="added “练习腹式呼吸”")


@pytest.mark.parametrize(
    ("server", "calls", "why"),
    [
        (Server(lambda *_: "相同。"), 3, "wrong_form"),
        (Server(lambda *_: _answer(lost=("不吃海鲜",))), 3, "wrong_form"),
        (Server(lambda *_: "", {"empty": 1}), 3, "empty"),
        (Server(lambda *_: _SAME, {"length": 1}), 1, "length"),
        (Server(lambda *_: _SAME, {"filtered": 1}), 1, "content_filter"),
        (Server(lambda *_: _SAME, {"503": 1}), 2, "attempts: http_503"),
    ],
)
def test_a_reader_that_fails_decides_nothing(server: Server, calls: int, why: str, tmp_path: Path) -> None:
    with running(server):
        taken, refused = (_decide(server, tmp_path, rewritten) for rewritten in (_FAITHFUL, _TURNED))
    assert server.calls == 2 * calls
    assert (taken.outcome, taken.reader, taken.rules) == ("accepted", "undecided", ())
    assert (refused.outcome, refused.reader) == ("negation", "undecided")
    assert taken.why.startswith(why)
    assert len({json.dumps(body["messages"]) + str(body["seed"]) for body in server.bodies}) >= calls - 1


def test_a_hard_fault_an_unchanged_text_and_personal_data_are_never_read(tmp_path: Path) -> None:
    with running(Server(lambda *_: _answer())) as server:
        assert _decide(server, tmp_path, _OTHER_DOSE).outcome == "numbers"
        assert _decide(server, tmp_path, _SAID).outcome == "unchanged"
        contact = "加我微信zhang_doctor88。"
        with_data = _decide(server, tmp_path, _TURNED + contact, original=_SAID + contact)
        assert (with_data.outcome, with_data.reader) == ("negation", "undecided")
        assert with_data.why.startswith("d1, turn 1: holds personal data (wechat)")
        assert server.calls == 0


def test_a_repaired_answer_counts_and_the_budget_stops_the_reading(tmp_path: Path) -> None:
    def reply(body: dict[str, Any], _: int) -> str:
        return "相同。" if len(body["messages"]) == 2 else _SAME

    with running(Server(reply)) as server:
        with pytest.raises(BudgetReached):
            _decide(server, tmp_path, _TURNED, Limits(max_calls=1))
        assert server.calls == 1
        assert _decide(server, tmp_path, _TURNED, Limits(max_calls=9)).reader == "same"


def test_two_models_of_one_name_are_refused() -> None:
    one, other = Endpoint(name="m", url="http://127.0.0.1:1/v1"), Endpoint(name="m", url="http://127.0.0.1:2/v1")
    assert models(one, None) == models(one, one) == [one]
    with pytest.raises(ConfigError, match="both are called m"):
        models(one, other)


def test_the_benchmark_reads_what_passes_the_hard_gates(tmp_path: Path) -> None:
    pairs = [(item.said, item.damaged) for item in damages(read("development")[:4])]
    with running(Server(lambda *_: _answer())) as server, Ledger(tmp_path) as ledger:
        found = by_reader(pairs, Endpoint(name="reader", url=server.url), ledger, Limits())
    refused = {pair for pair, verdict in found.items() if verdict.outcome != "accepted"}
    assert (
        refused == {pair for pair in pairs if any(fault.gate in gates.HARD for fault in gates.faults(*pair))} != set()
    )
    assert server.calls == len(set(pairs) - refused) > 0


def _editor_and_reader(reading: Callable[[str], str]) -> Server:
    """One model for both: it greets; as a reader it says what `reading` makes of the texts."""

    def reply(body: dict[str, Any], _: int) -> str:
        said = str(body["messages"][1]["content"])
        if "核对员" in body["messages"][0]["content"]:
            return reading(said)
        return f"您好，{said.split('医生的回复：', 1)[1]}"

    return Server(reply)


def test_a_run_with_a_reader_from_end_to_end(demo: Path, tmp_path: Path) -> None:
    def reading(said: str) -> str:
        original, rewritten = said.removeprefix("【原文】\n").split("\n\n【改写】\n")
        assert rewritten == f"您好，{original}"
        return _answer(added=("您好",)) if len(original) % 3 == 0 else _answer()

    output = tmp_path / "rewritten.jsonl"
    with running(_editor_and_reader(reading)) as server:
        words = ["rewrite", str(demo), "--model", f"m@{server.url}", "-o", str(output), "--sample", "6"]
        words += ["--ledger", str(tmp_path / "ledger"), "--reader", f"m@{server.url}"]
        before = run(*words, "--dry-run", cwd=CHECKOUT).stdout
        assert server.calls == 0
        done = run(*words, cwd=CHECKOUT)
        assert done.returncode == 0, done.stderr
        files = [output, output.with_suffix(".html"), output.with_name("rewritten.decisions.jsonl")]
        first = [path.read_bytes() for path in files]
        made = server.calls
        assert run(*words, cwd=CHECKOUT).returncode == 0
        dry = run(*words, "--dry-run", cwd=CHECKOUT)
        assert server.calls == made
    assert [path.read_bytes() for path in files] == first
    decisions = [json.loads(line) for line in files[2].read_text(encoding="utf-8").splitlines()]
    read = {item["original"] for item in decisions if item["reader"]}
    assert made == len(decisions) + len(read) > len(decisions)
    assert f"requests: {made:,}, of them in the ledger: {made:,} (" in dry.stdout
    assert f"requests: {made:,}, of them in the ledger: 0 (" in before
    assert {item["outcome"] for item in decisions if item["reader"] == "different"} == {"reader"}
    for dialogue in map(json.loads, output.read_text(encoding="utf-8").splitlines()):
        turns = [
            item["turn"] for item in decisions if item["dialogue_id"] == dialogue["id"] and item["reader"] == "same"
        ]
        if dialogue["provenance"] == "rewritten":
            reader = json.loads(dialogue["extra"])["rewritten"]["reader"]
            assert reader == {"model": "m", "prompt_version": "1", "turns": turns}
    page = files[1].read_text(encoding="utf-8")
    assert "reader different: added “您好” · rules: pass" in page
    assert "读者拒绝、规则会采用" in page
    same, different = (sum(item["reader"] == word for item in decisions) for word in ("same", "different"))
    row = "".join(f'<td class="n">{count}</td>' for count in (same, different, 0, same + different))
    assert f"<td>通过 pass</td>{row}" in page
    assert f"the reader said: same {same}, different {different}" in done.stdout
