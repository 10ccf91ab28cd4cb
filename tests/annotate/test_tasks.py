import json
from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmedqa.annotate.results import read
from cmtmedqa.annotate.screen import controls
from cmtmedqa.annotate.tasks import DISTANCE, Mix, Task, adjudication, data_of, plan, reply_ids
from cmtmedqa.judgements import Candidate, CandidateSet, Message
from tests.annotate.doctors import RUBRIC, result
from tests.annotate.simulated import make_sets

SALT = bytes(range(32))
EXPERTS = ("A", "B", "C")


def planned(sets: list[CandidateSet], mix: Mix = Mix(), gold: tuple[CandidateSet, ...] = ()) -> list[Task]:  # noqa: B008
    return plan("r1", sets, gold, EXPERTS, mix, SALT)


def read_ranks(task: Task, ranks: list[int]) -> tuple[tuple[str, ...], ...]:
    return read({"id": 1, "result": result(ranks)}, 9, task, RUBRIC, controls(RUBRIC, task.k), "r1", SALT).rank_groups


@pytest.mark.parametrize(("count", "experts", "per_item"), [(40, 3, 2), (41, 4, 2), (30, 5, 3), (7, 2, 1), (12, 2, 2)])
def test_every_set_goes_to_its_number_of_experts_and_all_get_the_same_load(
    count: int, experts: int, per_item: int
) -> None:
    codes = "ABCDE"[:experts]
    sets = make_sets(count)
    tasks = [task for task in plan("r1", sets, (), codes, Mix(per_item, 0, 0), SALT) if task.purpose == "item"]
    judges = Counter((task.set_id, task.expert) for task in tasks)
    assert set(judges.values()) == {1}
    assert set(Counter(task.set_id for task in tasks).values()) == {per_item}
    loads = Counter(task.expert for task in tasks)
    assert max(loads.values()) - min(loads.values()) <= per_item
    department = {item.id: item.department for item in sets}
    cells = Counter((department[task.set_id], task.expert) for task in tasks)
    for name in set(department.values()):
        counts = [cells[name, code] for code in codes]
        assert max(counts) - min(counts) <= 1


def test_every_two_experts_share_items() -> None:
    tasks = plan("r1", make_sets(60), (), "ABCD", Mix(2, 0, 0), SALT)
    by_set: dict[str, list[str]] = {}
    for task in tasks:
        by_set.setdefault(task.set_id, []).append(task.expert)
    shared = Counter(tuple(sorted(pair)) for pair in by_set.values())
    assert set(shared) == set(combinations("ABCD", 2))
    assert max(shared.values()) - min(shared.values()) <= 3


def test_any_beginning_of_an_expert_s_tasks_holds_all_departments_in_proportion() -> None:
    sets = make_sets(100)
    department = {item.id: item.department for item in sets}
    for expert in EXPERTS:
        shown = [department[task.set_id] for task in planned(sets, Mix(2, 0, 0)) if task.expert == expert]
        counts = Counter(shown[: len(shown) // 2])
        assert max(counts.values()) - min(counts.values()) <= 4


def test_hidden_duplicates_come_late_and_with_the_replies_in_another_order() -> None:
    tasks = planned(make_sets(90), Mix(2, 0.1, 0))
    for expert in EXPERTS:
        own = [task for task in tasks if task.expert == expert]
        first = {task.set_id: (place, task) for place, task in enumerate(own) if task.purpose == "item"}
        second = [(place, task) for place, task in enumerate(own) if task.purpose == "duplicate"]
        assert len(second) == 6
        for place, task in second:
            before, original = first[task.set_id]
            assert place - before > DISTANCE
            assert task.order != original.order
            assert task.key != original.key


def test_gold_items_come_to_every_expert_and_only_where_the_number_of_replies_fits() -> None:
    gold = tuple(item.model_copy(update={"id": f"gold-{item.id}"}) for item in make_sets(6, seed=9, sizes=(4, 2)))
    tasks = planned(make_sets(60, sizes=(4, 3)), Mix(2, 0, 0.05), gold)
    shown = {
        expert: {t.set_id for t in tasks if t.expert == expert and t.purpose == "calibration"} for expert in EXPERTS
    }
    assert shown["A"] == shown["B"] == shown["C"]
    assert shown["A"]
    assert {task.k for task in tasks if task.purpose == "calibration"} == {4}


def test_tasks_are_the_same_whatever_the_order_of_sets_and_candidates() -> None:
    sets = make_sets(20)
    turned = [item.model_copy(update={"candidates": item.candidates[::-1]}) for item in reversed(sets)]
    assert planned(turned) == planned(sets)
    assert planned(sets, Mix(seed=1)) != planned(sets)


def test_nothing_that_reaches_the_server_tells_a_model_a_set_or_a_purpose() -> None:
    sets = make_sets(30)
    tasks = planned(sets, Mix(2, 0.1, 0.1), tuple(i.model_copy(update={"id": f"gold-{i.id}"}) for i in sets[:3]))
    by_id = {item.id: item for item in sets} | {f"gold-{item.id}": item for item in sets[:3]}
    keys = [task.key for task in tasks]
    assert len(set(keys)) == len(keys)
    for task in tasks:
        data = data_of(task, by_id[task.set_id], SALT)
        text = json.dumps(data, ensure_ascii=False)
        for hidden in ("model", task.set_id, "gold", "duplicate", "calibration", "dialogue-", *task.order):
            assert hidden not in text.replace("回答", "")
        names = [reply["id"] for reply in data["responses"]]
        assert not any(name.isdigit() for name in [*names, data["cmt_key"]])
        assert len(set(names)) == len(names)


def test_golden_of_a_task() -> None:
    item = CandidateSet(
        id="s1",
        dialogue_id="d1",
        prompt=(
            Message(role="system", content="你是医生。"),
            Message(role="user", content="医生您好，我头痛三天了。"),
            Message(role="assistant", content="有没有发热？"),
            Message(role="user", content="没有。"),
        ),
        candidates=(Candidate(id="x", model="m1", text="多休息。"), Candidate(id="y", model="m2", text="建议量血压。")),
        department="内科",
    )
    task = Task(key="t0123456789abcdef", expert="A", set_id="s1", purpose="item", order=("y", "x"))
    assert data_of(task, item, SALT) == {
        "cmt_key": "t0123456789abcdef",
        "department": "内科",
        "dialogue": [
            {"role": "患者", "text": "医生您好，我头痛三天了。"},
            {"role": "医生", "text": "有没有发热？"},
            {"role": "患者", "text": "没有。"},
        ],
        "responses": [
            {"id": "r05de036afd", "title": "回答 A", "body": "建议量血压。"},
            {"id": "rda317b3373", "title": "回答 B", "body": "多休息。"},
        ],
    }


@settings(max_examples=60, deadline=None)
@given(
    k=st.integers(2, 6),
    seed=st.integers(0, 10_000),
    data=st.data(),
)
def test_shuffle_and_blinding_are_undone_exactly(k: int, seed: int, data: st.DataObject) -> None:
    """Whatever order an expert sees: a rank given to a text comes back as the rank of the candidate that wrote it."""
    (item,) = make_sets(1, seed=seed, sizes=(k,))
    ranks = data.draw(st.dictionaries(st.sampled_from([c.id for c in item.candidates]), st.integers(1, k), min_size=k))
    wanted = tuple(
        tuple(sorted(c for c, rank in ranks.items() if rank == level)) for level in sorted(set(ranks.values()))
    )
    written = {candidate.text: candidate.id for candidate in item.candidates}
    for task in plan("r1", [item], (), "AB", Mix(seed=seed), SALT):
        shown = data_of(task, item, SALT)["responses"]
        given_ranks = [ranks[written[reply["body"]]] for reply in shown]
        assert read_ranks(task, given_ranks) == wanted


def test_the_original_tool_s_inverse_permutation_is_not_repeated() -> None:
    """Shown as C, A, D, B and ranked 1 to 4 in that order: C is best. Read as positions of candidates it would be B."""
    task = Task(key="t1", expert="A", set_id="s", purpose="item", order=("C", "A", "D", "B"))
    assert read_ranks(task, [1, 2, 3, 4]) == (("C",), ("A",), ("D",), ("B",))


def test_adjudication_goes_to_somebody_who_has_not_seen_the_set() -> None:
    sets = make_sets(30)
    first = planned(sets)
    seen = {item.id: frozenset(t.expert for t in first if t.set_id == item.id) for item in sets}
    tasks, nobody = adjudication("r1", sets, seen, EXPERTS, 0, SALT)
    assert nobody == []
    assert sorted(task.set_id for task in tasks) == sorted(item.id for item in sets)
    assert not [task for task in tasks if task.expert in seen[task.set_id]]
    assert {task.purpose for task in tasks} == {"adjudication"}
    assert not {task.key for task in tasks} & {task.key for task in first}
    assert adjudication("r1", sets, seen, ("A",), 0, SALT)[1] == [s.id for s in sets if "A" in seen[s.id]]


def test_names_of_replies_depend_on_salt_and_task() -> None:
    one, other = (Task(key=key, expert="A", set_id="s", purpose="item", order=("x", "y")) for key in ("t1", "t2"))
    assert not set(reply_ids(one, SALT)) & set(reply_ids(other, SALT))
    assert not set(reply_ids(one, SALT)) & set(reply_ids(one, SALT[::-1]))
