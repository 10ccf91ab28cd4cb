"""Invented dialogues, and how the tests start a program."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
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


def start(stage: str, *arguments: str, cwd: Path | None = None, processes: int = 1) -> subprocess.Popen[str]:
    """Start a program as its head comment says, with its output caught."""
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"] if processes > 1 else []
    environment = {
        **os.environ,
        "PYTHONPATH": str(CHECKOUT),
        "PYTHONSAFEPATH": "1",
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
    }
    command = [sys.executable, *launcher, str(CHECKOUT / "train" / f"{stage}.py"), *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, cwd=cwd
    )
