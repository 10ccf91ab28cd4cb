"""Sets of candidates from real servers: distinct, blind, de-identified, and the same bytes however they were drawn."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cmtmedqa.annotate.judged import read_records
from cmtmedqa.annotate.rounds import Wanted, ledger_of, prepare
from cmtmedqa.annotate.tasks import Mix
from cmtmedqa.errors import InputError
from cmtmedqa.judgements import CandidateSet
from cmtmedqa.llm.candidates import distance
from cmtmedqa.llm.identity import names_a_model, says_who_it_is
from cmtmedqa.llm.prompts import read_prompts
from cmtmedqa.rubric import load
from tests.command import run
from tests.llm.server import Server, different_words, running

pytest.importorskip("openai")
CHECKOUT = Path(__file__).resolve().parents[2]


def _prompts(folder: Path, count: int = 6, text: str = "我头痛三天了，需要吃什么药？") -> Path:
    path = folder / "prompts.jsonl"
    rows = [
        {"id": f"d{n}", "prompt": [{"role": "user", "content": f"{text}（{n}）"}], "department": "内科"}
        for n in range(count)
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def _command(prompts: Path, output: Path, server: Server, *options: str) -> list[str]:
    ledger = str(output.parent / "ledger")
    return [
        "candidates",
        str(prompts),
        "--model",
        f"tiny@{server.url}",
        "-o",
        str(output),
        "--ledger",
        ledger,
        *options,
    ]


def _run(prompts: Path, output: Path, server: Server, *options: str) -> "subprocess.CompletedProcess[str]":
    return run(*_command(prompts, output, server, *options), cwd=CHECKOUT)


def _without_loading(command: list[str], *modules: str) -> "subprocess.CompletedProcess[str]":
    """Run a command that fails at its end if it has loaded one of these modules: an answered run must start at once."""
    program = f"import sys; from cmtmedqa.cli.app import app; app(standalone_mode=False); sys.exit([name for name in {modules} if name in sys.modules] or 0)"
    done = subprocess.run(
        [sys.executable, "-c", program, *command], capture_output=True, text=True, cwd=CHECKOUT, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


def _sets(path: Path) -> list[CandidateSet]:
    return [CandidateSet.model_validate_json(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _reasons(output: Path) -> list[str]:
    lines = output.with_name(f"{output.stem}.dropped.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["reason"] for line in lines]


def test_k_distinct_replies_the_same_bytes_at_any_concurrency(tmp_path: Path) -> None:
    prompts = _prompts(tmp_path)
    with running(Server(faults={"500": 0.1})) as server:
        one, many = tmp_path / "a" / "sets.jsonl", tmp_path / "b" / "sets.jsonl"
        for output, concurrency in ((one, "1"), (many, "12")):
            done = _run(prompts, output, server, "--concurrency", concurrency)
            assert done.returncode == 0, done.stderr
        made = server.calls
        again = _without_loading(_command(prompts, many, server), "openai", "cmtmedqa.clean.deidentify.rules")
        assert "0 calls in this run" in again.stdout, again.stderr
        assert server.calls == made
    assert one.read_bytes() == many.read_bytes()
    for item in _sets(one):
        texts = [candidate.text for candidate in item.candidates]
        assert len(texts) == 4
        assert all(distance(left, right) >= 0.2 for place, left in enumerate(texts) for right in texts[:place])
        assert len({candidate.sampling.seed for candidate in item.candidates}) == 4
    assert all("n" not in body for body in server.bodies)  # servers ignore n without a word


def test_the_sets_go_to_experts_as_they_are(tmp_path: Path) -> None:
    output = tmp_path / "sets.jsonl"
    with running(Server(lambda body, n: f"请拨打13912345678。{different_words(body, n)}")) as server:
        assert _run(_prompts(tmp_path), output, server, "--k", "3").returncode == 0
    sets = read_records(output, CandidateSet, some=True)
    wanted = Wanted("r1", sets, (), ("A", "B"), Mix(2, 0.0, 0.0, 0))
    tasks = prepare(ledger_of(tmp_path / "rounds", "r1"), wanted, load(None))
    assert sorted(task.set_id for task in tasks) == sorted(item.id for item in sets * 2)
    assert {task.k for task in tasks} == {3}


def test_killed_in_the_middle_no_paid_reply_is_lost(tmp_path: Path) -> None:
    prompts, output = _prompts(tmp_path, 30), tmp_path / "sets.jsonl"
    server = Server(faults={"429": 0.1, "500": 0.05})
    server.latency = 0.05
    with running(server):
        main = [sys.executable, "-c", "from cmtmedqa.cli.app import main; main()"]
        words = _command(prompts, output, server, "--concurrency", "4")
        process = subprocess.Popen([*main, *words], cwd=CHECKOUT)
        while server.calls < 40 and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not output.exists()
        paid = server.calls
        assert _run(prompts, output, server, "--concurrency", "4").returncode == 0
        answered = len(_sets(output)) * 4
        # What was in flight at the kill (four at most) is asked again, faults apart nothing else.
        repeated = sum(server.bodies.count(body) - 1 for body in _distinct(server.bodies))
        assert repeated <= 4 + 0.3 * (paid + answered)
        made = server.calls
        assert "0 calls in this run" in _run(prompts, output, server).stdout
        assert server.calls == made
    assert answered == 120


def _distinct(bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({json.dumps(body, sort_keys=True): body for body in bodies}.values())


def test_a_server_that_repeats_itself_ends_with_a_reason_and_with_a_hint(tmp_path: Path) -> None:
    output = tmp_path / "sets.jsonl"
    with running(Server(lambda *_: "多喝水，多休息。")) as server:
        few = _run(_prompts(tmp_path, 3), output, server, "--redraws", "2")
        assert few.returncode == 1
        assert _reasons(output) == ["too_alike"] * 3
        assert _sets(output) == []
        many = _run(_prompts(tmp_path, 40), output, server, "--redraws", "2")
    assert many.returncode == 2
    assert "Traceback" not in many.stderr
    assert "do_sample" in many.stderr
    assert many.stderr.count("error:") == 1


def test_no_reply_names_its_model_and_one_that_introduces_itself_is_flagged(tmp_path: Path) -> None:
    def reply(body: dict[str, Any], attempt: int) -> str:
        words = different_words(body, attempt)
        return [f"我是通义千问，{words}", f"作为一个人工智能助手，{words}", words][body["seed"] % 3]

    output = tmp_path / "sets.jsonl"
    with running(Server(reply)) as server:
        assert _run(_prompts(tmp_path, 4), output, server, "--redraws", "12").returncode == 0
    candidates = [candidate for item in _sets(output) for candidate in item.candidates]
    assert not any("千问" in candidate.text for candidate in candidates)
    assert all(("identity" in candidate.flags) == ("人工智能" in candidate.text) for candidate in candidates)
    assert any(candidate.flags for candidate in candidates)


def test_a_reply_with_personal_data_is_masked(tmp_path: Path) -> None:
    output = tmp_path / "sets.jsonl"
    with running(Server(lambda body, n: f"请联系张建国主任，电话13912345678。{different_words(body, n)}")) as server:
        assert _run(_prompts(tmp_path, 2), output, server).returncode == 0
    text = output.read_text(encoding="utf-8")
    assert "13912345678" not in text
    assert "张建国" not in text
    assert "masked" in text


def test_a_prompt_that_was_not_deidentified_never_leaves(tmp_path: Path) -> None:
    output = tmp_path / "sets.jsonl"
    with running(Server()) as server:
        done = _run(_prompts(tmp_path, 3, "我叫王小明，手机13912345678，头痛怎么办？"), output, server)
        assert server.calls == 0
    assert done.returncode == 1
    assert _reasons(output) == ["not_deidentified"] * 3
    assert "王小明" not in done.stdout + done.stderr + output.with_name("sets.dropped.jsonl").read_text(
        encoding="utf-8"
    )


def test_a_dry_run_opens_no_socket_and_writes_nothing(tmp_path: Path) -> None:
    output = tmp_path / "sets.jsonl"
    with running(Server()) as server:
        done = _run(_prompts(tmp_path, 5), output, server, "--dry-run", "--price", "1/2")
        assert server.calls == 0
    assert re.search(r"requests: 20, of them in the ledger: 0", done.stdout)
    assert done.stdout.count("--- prompt") == 3
    assert not output.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\n", "p.jsonl: holds no prompt; write one a line"),
        ('{"prompt": "头痛怎么办？"}', "line 1: must be an object with a list `prompt`"),
        ('{"id": "a", "prompt": [{"role": "user", "content": "头痛"}]}\n' * 2, "line 2: the same prompt as line 1"),
    ],
)
def test_a_file_of_prompts_that_is_none_is_one_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "p.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        list(read_prompts(tmp_path / "p.jsonl", "train", "last-question", 100, ""))
    assert words in str(refused.value)
    assert "头痛" not in str(refused.value)


def test_half_of_the_sample_comes_from_elsewhere(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    output = tmp_path / "sets.jsonl"
    with running(Server()) as server:
        options = (
            "--out-of-distribution",
            str(_prompts(other, 9, "胃胀两周了，要做胃镜吗？")),
            "--sample",
            "7",
            "--k",
            "2",
        )
        assert _run(_prompts(tmp_path, 9), output, server, *options).returncode == 0
    strata = sorted(item.stratum for item in _sets(output))
    assert strata == ["in-distribution"] * 4 + ["out-of-distribution"] * 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--k", "9"], "2 to 6"),
        (["--temperature", "0"], "above 0"),
        (["--temperature", "warm"], "numbers"),
        (["--model", "nowhere"], "no NAME@URL"),
        (["--split", "all "], "no split"),
        (["--price", "cheap"], "IN/OUT"),
    ],
)
def test_bad_options_are_one_line(tmp_path: Path, options: list[str], words: str) -> None:
    with running(Server()) as server:
        done = _run(_prompts(tmp_path, 1), tmp_path / "sets.jsonl", server, *options)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_ledger_is_for_its_owner_alone(tmp_path: Path) -> None:
    with running(Server()) as server:
        _run(_prompts(tmp_path, 1), tmp_path / "sets.jsonl", server)
    assert (tmp_path / "ledger").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "ledger" / "ledger.sqlite").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("text", "names", "introduces"),
    [
        ("我是通义千问，由阿里云开发。", True, True),
        ("作为一个AI语言模型，我不能诊断。", False, True),
        ("我是ChatGPT", True, False),
        ("我是您的智能医疗助手，请问哪里不舒服？", False, True),
        ("您好，我是北京协和医院的医生。", False, True),
        ("建议查ALT、AST和GGT，必要时做CT。", False, False),
        ("可以服用仲景六味地黄丸。", False, False),
        ("我是仲景，您的医疗助手", True, True),
        ("您是医生吗？是否作为护士工作？", False, False),
        ("本病由幽门螺杆菌引起，可用益生菌。", False, False),
        ("Llama 认为应当休息", True, False),
    ],
)
def test_names_of_models_and_introductions(text: str, names: bool, introduces: bool) -> None:
    assert names_a_model(text) is names
    assert says_who_it_is(text) is introduces
