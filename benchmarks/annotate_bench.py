"""Time of `annotate push` and `annotate pull` against a real Label Studio, with an annotation on every task.

    python -m benchmarks.annotate_bench WORK --label-studio /opt/labelstudio --sets 1000 -o annotate.json

Invented sets of 4 replies go to two of three experts, so 1,000 sets are 2,000 tasks. What is pulled is a second round of the same sets,
whose tasks were sent with an annotation each. Each command is a process of its own, from the start of the interpreter on; CPU seconds (user + system) are those
of the command and, beside it, those of the server while the command ran; wall seconds are of the command.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

from rich.console import Console

from benchmarks.measure import measure
from cmtmedqa.annotate import environment, server
from cmtmedqa.annotate.home import Home
from cmtmedqa.annotate.ledger import Ledger
from cmtmedqa.annotate.screen import controls
from cmtmedqa.annotate.studio import Studio
from cmtmedqa.annotate.tasks import data_of
from cmtmedqa.cli.app import main as main_command
from cmtmedqa.judgements import Candidate, CandidateSet, Message
from cmtmedqa.rubric import load

_K = 4
_SAID = "医生您好，我最近总觉得胃里胀，吃完饭以后更明显，有时候反酸，晚上也睡不好，已经断断续续两个多星期了。"
_REPLY = "您好，根据您的描述，消化不良或胃食管反流的可能性比较大。建议先清淡饮食，少量多餐，睡前三小时不进食，避免浓茶和咖啡；如有呕血、黑便或体重下降请尽快就诊。"
_DEPARTMENTS = ("内科", "外科", "儿科", "皮肤科")


def make_sets(count: int) -> list[CandidateSet]:
    """Sets of four replies to the third question of a dialogue; lengths as in a medical dialogue, words of ours."""
    return [
        CandidateSet(
            id=f"set-{number}",
            dialogue_id=f"dialogue-{number}",
            prompt=tuple(
                Message(role="assistant" if turn % 2 else "user", content=f"{_SAID}（{number}，第{turn + 1}句）")
                for turn in range(5)
            ),
            candidates=tuple(
                Candidate(id=f"c{place}", model=f"m{place}", text=f"{_REPLY * 3}（{number}，方案{place}）")
                for place in range(_K)
            ),
            department=_DEPARTMENTS[number % len(_DEPARTMENTS)],
        )
        for number in range(count)
    ]


def verdict() -> list[dict[str, Any]]:
    """A result of the cards screen."""
    found = []
    for control in controls(load(), _K):
        target = "dialogue" if control.answer is None else f"answer_{'abcd'[control.answer]}"
        item = {"from_name": control.name, "to_name": target, "type": control.type}
        if control.what == "rank":
            found.append(item | {"value": {"choices": [str((control.answer or 0) + 1)]}})
        elif control.what == "score":
            found.append(item | {"value": {"rating": 4 - (control.answer or 0) // 2}})
    return found


def push_judged(arguments: list[str]) -> None:
    """A push in this process that sends an annotation of the administrator with every task; one by one they would take minutes."""
    said = {"result": verdict(), "lead_time": 60.0}

    def send(self: Studio, project: int, _: str, data: Sequence[dict[str, Any]]) -> list[int]:
        request = [{"data": item, "annotations": [said]} for item in data]
        return list(self._sdk.projects.import_tasks(project, request=request, return_task_ids=True).task_ids)

    with patch.object(Studio, "send", send), patch.object(sys, "argv", ["cmtmedqa", "annotate", *arguments]):
        try:
            main_command()
        except SystemExit as end:
            if end.code:
                raise


def cpu_of(home: Home) -> float:
    """CPU seconds so far of all processes of the server."""
    ticks = 0
    for pid in home.pids():
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def timed(home: Home, arguments: list[str], log: Path) -> dict[str, float]:
    """One command: CPU seconds of it and of the server, wall seconds."""
    main = "from cmtmedqa.cli.app import main; main()"
    before = cpu_of(home)
    cost = measure([sys.executable, "-c", main, "annotate", *arguments], log)
    if cost.code:
        sys.exit(f"annotate {arguments[0]} failed, see {log}")
    return {"command": round(cost.cpu, 2), "server": round(cpu_of(home) - before, 2), "wall": round(cost.wall, 2)}


def rounds(home: Home, work: Path, sets: int, repeats: int, name: str) -> dict[str, Any]:
    """Push, push again, pull everything, pull again; the pulls `repeats` times, each from an empty store."""
    file, ledger = work / "sets.jsonl", Ledger(work / "rounds" / f"{name}-judged")
    file.write_text("".join(item.model_dump_json() + "\n" for item in make_sets(sets)), encoding="utf-8")
    place = ["--data", str(home.folder), "--rounds", str(work / "rounds"), "--round"]
    push = ["push", str(file), "--experts", "3", "--duplicates", "0", "--calibration", "0", *place]
    pull = ["pull", *place, f"{name}-judged"]
    run: Callable[[list[str]], dict[str, float]] = lambda arguments: timed(home, arguments, work / "log")  # noqa: E731
    figures: dict[str, Any] = {
        "push": run([*push, name]),
        "push again": run([*push, name]),
        "pull": [],
        "pull again": [],
    }
    push_judged([*push, f"{name}-judged"])
    known, salt, tasks = ledger.sets(), ledger.salt(), ledger.tasks()
    size = sum(len(json.dumps(data_of(task, known[task.set_id], salt), ensure_ascii=False).encode()) for task in tasks)
    figures |= {"tasks": len(tasks), "kB a task": round(size / len(tasks) / 1000, 1)}
    for _ in range(repeats):
        (ledger.folder / "raw.jsonl").unlink(missing_ok=True)
        figures["pull"].append(run(pull))
        figures["pull again"].append(run(pull))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, help="an empty folder for the server's data and the round")
    parser.add_argument("--label-studio", type=Path, required=True, help="environment with Label Studio 1.23")
    parser.add_argument("--sets", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--name", default="bench", help="of the round; another one on a server that was kept")
    parser.add_argument("--port", type=int, default=18080)
    parser.add_argument("--keep", action="store_true", help="leave the server running")
    parser.add_argument("-o", "--output", type=Path, required=True)
    wanted = parser.parse_args()
    home, console = Home(wanted.work / "home"), Console(stderr=True)
    server.serve(home, server.Start(environment.find(wanted.label_studio, console), wanted.port), console)
    try:
        figures = rounds(home, wanted.work, wanted.sets, wanted.repeats, wanted.name)
    finally:
        if not wanted.keep:
            server.stop(home)
    wanted.output.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
