"""Shared fixtures: real public data beside the checkout (skips where absent), and small invented inputs."""

import json
import os
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

# Builds of the tests, in this process and in others, must not meet the list of the person who runs them.
os.environ["CMTMEDQA_FORGOTTEN"] = str(Path(tempfile.mkdtemp(prefix="cmtmedqa-")) / "forgotten.txt")

CHECKOUT = Path(__file__).resolve().parents[1]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Workers of `-n auto`: one more than cores, because the tests of polite crawling mostly wait."""
    return (os.cpu_count() or 1) + 1


_COMPLAINTS = ("头痛", "咳嗽", "腹泻", "皮疹", "失眠", "胸闷", "关节痛", "乏力", "耳鸣", "牙痛", "便秘", "反酸")
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


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real public records; tests that need it skip, visibly, where it is absent."""
    folder = CHECKOUT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("real sample data is not beside this checkout (../shared/data)")
    return folder


def invented(seed: int) -> dict[str, object]:
    """An invented dialogue in the shape of CMtMedQA, another one for every seed."""
    chance = random.Random(seed)

    def words(pool: tuple[str, ...], count: int) -> str:
        return "，".join(chance.choice(pool) + str(chance.randrange(1000)) + "次" for _ in range(count))

    history = [
        [f"医生您好，我{words(_COMPLAINTS, 4)}，该怎么办？", f"建议您{words(_ADVICE, 5)}。"]
        for _ in range(chance.randrange(3))
    ]
    return {
        "id": f"t{seed}",
        "cate1": chance.choice(["内科", "外科", "皮肤性病科", "nan", "外星科"]),
        "cate2": "",
        "instruction": f"还有{words(_COMPLAINTS, 4)}，请问严重吗？",
        "input": "",
        "output": f"根据您的描述，{words(_ADVICE, 6)}。",
        "history": history,
    }


@pytest.fixture
def corpus(tmp_path: Path) -> Callable[..., Path]:
    """Writes a JSON Lines file of invented dialogues; every tenth stands twice, every 25th line is broken."""

    def write(count: int = 300, name: str = "corpus.jsonl", broken: bool = True) -> Path:
        lines = []
        for seed in range(count):
            line = json.dumps(invented(seed), ensure_ascii=False)
            lines.append(line)
            if seed % 10 == 0:
                lines.append(line)
            if broken and seed % 25 == 0:
                lines.append(line[:40])
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset of `cmtmedqa build --demo`; tests that change it take a copy."""
    from tests.command import run

    folder = tmp_path_factory.mktemp("built") / "demo"
    done = run("build", "--demo", "-o", folder, "--workers", "1")
    assert done.returncode == 0, done.stderr
    return folder
