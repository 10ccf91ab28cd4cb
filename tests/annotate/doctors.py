"""Simulated doctors who work through the server as real accounts do: they know what is on their screen and nothing else."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cmtmedqa.annotate.accounts import access_token, sign_up
from cmtmedqa.annotate.screen import controls
from cmtmedqa.rubric import Rubric, load

RUBRIC: Rubric = load()
Result = list[dict[str, Any]]


def item(name: str, target: str, kind: str, value: Any) -> dict[str, Any]:
    """One control of a result, as the browser sends it."""
    key = {"choices": "choices", "rating": "rating", "textarea": "text", "ranker": "ranker"}[kind]
    return {"from_name": name, "to_name": target, "type": kind, "value": {key: value}}


def result(
    ranks: list[int], stars: list[int] | None = None, comment: str = "", tags: dict[int, list[str]] | None = None
) -> Result:
    """What the cards screen sends for these ranks (1 is best) in the order of the answers; stars fall with the rank."""
    k = len(ranks)
    stars = stars or [max(1, 6 - rank) for rank in ranks]
    found = []
    for control in controls(RUBRIC, k):
        if control.answer is None:
            continue
        target = f"answer_{'abcdef'[control.answer]}"
        if control.what == "rank":
            found.append(item(control.name, target, "choices", [str(ranks[control.answer])]))
        elif control.what == "score":
            found.append(item(control.name, target, "rating", stars[control.answer]))
        elif tags and control.answer in tags:
            found.append(item(control.name, target, "choices", tags[control.answer]))
    if comment:
        found.append(item("comment", "dialogue", "textarea", [comment]))
    return found


def board(data: dict[str, Any], order: list[int], stars: list[int]) -> Result:
    """What the board sends: positions of the answers, best first, and the stars of each."""
    names = [data["responses"][place]["id"] for place in order]
    scored = [one for one in result(order, stars) if not one["from_name"].startswith("rank_")]
    scored = [one | {"to_name": "dialogue"} for one in scored]
    return [item("ranker", "answers", "ranker", {"_": [], "ranked": names}), *scored]


def pairwise(better: str, verdict: str, unsafe: str = "") -> Result:
    """What the pairwise screen sends, with the same verdict in every dimension; `unsafe` holds the letters of dangerous answers."""
    said = {"better": better} | dict.fromkeys(RUBRIC.dimension_ids, verdict)
    found = [item(name, "dialogue", "choices", [value]) for name, value in said.items()]
    return [*found, *([item("unsafe", "dialogue", "choices", list(unsafe))] if unsafe else [])]


def by_length(data: dict[str, Any], chance: random.Random, noise: float = 0.0) -> list[int]:
    """Ranks by how long the answers are, with noise; equal ones tie."""
    sizes = [len(reply["body"]) + (chance.gauss(0, noise) if noise else 0) for reply in data["responses"]]
    return [1 + sum(other > size for other in sizes) for size in sizes]


class Doctor:
    """An account with its own token, and its projects."""

    def __init__(self, code: str, email: str, token: str, sdk: Any) -> None:
        self.code, self.email, self.token, self.sdk = code, email, token, sdk

    def tasks(self, project: int) -> list[Any]:
        """The tasks of a project that have no annotation."""
        query = {"filters": {"conjunction": "and", "items": [{"filter": "filter:tasks:total_annotations", "operator": "equal", "type": "Number", "value": 0}]}, "ordering": ["tasks:id"]}  # fmt: skip
        pager = self.sdk.tasks.list(
            project=project, query=json.dumps(query), fields="task_only", include="id,data", page_size=500
        )
        return list(pager.items or [])

    def next(self, project: int) -> dict[str, Any]:
        """The task that the browser would open."""
        tokens = self.sdk._client_wrapper._tokens_client
        headers = {"Authorization": f"Bearer {tokens.api_key}"}
        http = self.sdk._client_wrapper.httpx_client.httpx_client
        answer = http.get(f"{self.sdk._client_wrapper.get_base_url()}api/projects/{project}/next", headers=headers)
        answer.raise_for_status()
        return dict(answer.json())

    def submit(self, task: int, value: Result, seconds: float = 60.0) -> int:
        """Submit a result and give the number of the annotation."""
        return int(self.sdk.annotations.create(task, result=value, lead_time=seconds).id)

    def work(self, project: int, judge: Callable[[dict[str, Any]], list[int]], most: int = 10_000) -> int:
        """Judge what is left of a project."""
        left = self.tasks(project)[:most]
        for task in left:
            self.submit(task.id, result(judge(task.data)))
        return len(left)


@contextmanager
def doctor(url: str, link: str, code: str, email: str, password: str = "Doctor-2026-pass") -> Iterator[Doctor]:
    """Sign up by the invite link, take a personal access token, and work."""
    sign_up(url, link, email, password)
    with account(url, code, email, access_token(url, email, password)) as made:
        yield made


@contextmanager
def account(url: str, code: str, email: str, token: str) -> Iterator[Doctor]:
    """An account whose token is known."""
    import httpx
    from label_studio_sdk import LabelStudio

    with httpx.Client(timeout=60, trust_env=False) as http:
        yield Doctor(
            code, email, token, LabelStudio(base_url=url + "/", api_key=token, httpx_client=http, max_retries=0)
        )
