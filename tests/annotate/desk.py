"""A lead's desk for the live tests: files, rounds, and the commands on them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cmtmedqa.annotate.disputes import read_annotations
from cmtmedqa.annotate.ledger import Ledger
from cmtmedqa.judgements import Annotation, CandidateSet
from tests.annotate.conftest import Live
from tests.annotate.simulated import lines

Command = Callable[..., tuple[int, str, str]]


class Desk:
    """A lead's desk: a file of sets, a folder of rounds, and the commands on them."""

    def __init__(self, live: Live, command: Command, folder: Path) -> None:
        self.live, self.command, self.folder = live, command, folder

    def push(self, name: str, sets: list[CandidateSet], *more: object, url: str = "") -> tuple[int, str, str]:
        path = self.folder / f"{name}.jsonl"
        path.write_text(lines(sets), encoding="utf-8")
        return self.run("push", name, path, "--experts", "A,B,C", *more, url=url)

    def run(self, what: str, name: str, *more: object, url: str = "") -> tuple[int, str, str]:
        other = ("--url", url, "--token-file", self.token_file()) if url else ()
        place = ("--data", self.live.home.folder, "--rounds", self.folder / "rounds", "--round", name)
        return self.command("annotate", what, *more, *place, *other)

    def token_file(self) -> Path:
        path = self.folder / "token"
        path.write_text(self.live.token + "\n", encoding="utf-8")
        return path

    def ledger(self, name: str) -> Ledger:
        return Ledger(self.folder / "rounds" / name)

    def project(self, name: str, expert: str, adjudication: bool = False) -> int:
        found = [p for p in self.ledger(name).read().projects if (p.expert, p.adjudication) == (expert, adjudication)]
        return found[0].id

    def annotations(self, name: str) -> list[Annotation]:
        return read_annotations(self.ledger(name))

    def rejected(self, name: str) -> list[dict[str, Any]]:
        text = (self.ledger(name).folder / "rejected.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def stored_once(self, name: str) -> None:
        """Each planned task is on the server exactly once, in the planned order."""
        tasks = self.ledger(name).tasks()
        with self.live.studio() as studio:
            for project in self.ledger(name).read().projects:
                keys = studio.keys(project.id, project.title)
                wanted = [task.key for task in tasks if task.expert == project.expert and task.k == project.k]
                assert list(keys) == wanted
                assert {len(numbers) for numbers in keys.values()} == {1}


def last_line(err: str) -> str:
    assert "Traceback" not in err
    return [line for line in err.splitlines() if line.startswith("error: ")][-1]
