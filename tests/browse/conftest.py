"""Datasets built by the real build from invented dialogues, and the real server over them."""

import http.client
import json
import random
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.command import run

COMMAND = [sys.executable, "-c", "from cmtmedqa.cli.app import main; main()"]
# Row groups of 16 instead of 8,192 rows: searches cross many of them.
SMALL_GROUPS = "import cmtmedqa.io as i; i.ROWS_PER_GROUP = 16"
ATTACK = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"

_SIGNS = ("头痛", "咳嗽", "腹泻", "皮疹", "失眠", "胸闷", "关节痛", "乏力", "耳鸣", "牙痛", "便秘", "反酸")
_ADVICE = (
    "多喝水",
    "按时服药",
    "查血常规",
    "做胸片",
    "避免辛辣",
    "早点休息",
    "复查肝功能",
    "外用药膏",
    "观察体温",
    "必要时就诊",
)


def _dialogue(seed: int) -> dict[str, object]:
    chance = random.Random(seed)

    def words(pool: tuple[str, ...], count: int) -> str:
        return "，".join(chance.choice(pool) + str(chance.randrange(1000)) + "次" for _ in range(count))

    history = [
        [f"我{words(_SIGNS, 4)}，该怎么办？", f"建议您{words(_ADVICE, 5)}。"] for _ in range(chance.randrange(3))
    ]
    department = chance.choice(["内科", "外科", "皮肤科", ""])
    return {"id": f"t{seed}", "cate1": department, "cate2": "", "input": "", "history": history} | {
        "instruction": f"还有{words(_SIGNS, 4)}，请问严重吗？", "output": f"根据描述，{words(_ADVICE, 6)}。"
    }  # fmt: skip


def _lines() -> Iterator[str]:
    for seed in range(140):
        value = _dialogue(seed)
        yield json.dumps(value, ensure_ascii=False)
        if seed % 20 == 0:
            yield json.dumps(value | {"id": f"copy{seed}"}, ensure_ascii=False)
        if seed % 20 == 1:
            yield json.dumps(
                value | {"id": f"near{seed}", "output": f"{value['output']}祝早日康复。"}, ensure_ascii=False
            )
        if seed % 35 == 0:
            yield '{"id": "broken", "instruction": "残缺的一行 turns'
    attack = _dialogue(1000) | {"id": f"attack{ATTACK}", "instruction": f"{ATTACK}头痛三天，发热咳嗽，该吃什么药？"}
    yield json.dumps(attack, ensure_ascii=False)
    yield json.dumps({"note": ATTACK, "other": "未知形状"}, ensure_ascii=False)
    yield json.dumps(
        _dialogue(2000) | {"id": "short", "instruction": 'A&B "引号"', "output": "无", "history": []},
        ensure_ascii=False,
    )


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("raw") / "corpus.jsonl"
    path.write_text("\n".join(_lines()) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def dataset(raw: Path) -> Path:
    """Built without de-identification and without cleaning of markup: texts and ids hold a script."""
    config = raw.with_name("config.yaml")
    config.write_text(
        "inputs: [corpus.jsonl]\noutput: out\ndeidentify: 'off'\nnormalise: {markup: false}\n", encoding="utf-8"
    )
    done = run("build", config, first=SMALL_GROUPS)
    assert done.returncode == 0, done.stderr
    return raw.with_name("out")


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    text: str


class Server(NamedTuple):
    process: subprocess.Popen[str]
    url: str
    port: int

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            text = response.read().decode("utf-8")
            return Answer(response.status, dict(response.getheaders()), text)
        finally:
            connection.close()


Start = Callable[..., Server]


@pytest.fixture(scope="session")
def start() -> Iterator[Start]:
    """Starts `cmtmedqa browse FOLDER --port 0`; every server must end by Ctrl-C with exit code 0 and without a word."""
    servers: list[Server] = []

    def begin(folder: Path, *more: str) -> Server:
        command = [*COMMAND, "browse", str(folder), "--port", "0", *more]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+:(\d+)/", line)
        assert found, line + process.communicate()[1]
        servers.append(Server(process, found[0], int(found[1])))
        return servers[-1]

    yield begin
    for server in servers:
        if server.process.poll() is None:
            server.process.send_signal(signal.SIGINT)
        _, errors = server.process.communicate(timeout=60)
        assert (server.process.returncode, errors) == (0, "")


@pytest.fixture(scope="session")
def server(start: Start, dataset: Path) -> Server:
    return start(dataset)


@pytest.fixture(scope="session")
def demo_server(start: Start, demo: Path) -> Server:
    return start(demo)
