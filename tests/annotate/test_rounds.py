"""Planning, storing and judging rounds without a server: what `raw.jsonl` holds decides."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from cmtmedqa.annotate.exported import take
from cmtmedqa.annotate.fit import unfit
from cmtmedqa.annotate.home import Home
from cmtmedqa.annotate.ledger import Ledger, Project
from cmtmedqa.annotate.pull import Outcome, State, fetch, judge, reasons
from cmtmedqa.annotate.rounds import Wanted, ledger_of, prepare
from cmtmedqa.annotate.screen import screen_xml
from cmtmedqa.annotate.studio import Stored
from cmtmedqa.annotate.tasks import Mix, data_of
from cmtmedqa.cli.annotate_rounds import chosen
from cmtmedqa.errors import InputError
from cmtmedqa.judgements import Candidate, CandidateSet, Message
from tests.annotate.doctors import RUBRIC, Result, result
from tests.annotate.simulated import make_sets

ACCOUNTS = {"a@hospital.example": "A", "b@hospital.example": "B"}
MAILS = {"2": "A@hospital.example", "3": "b@hospital.example"}
SERVER = {"A": 2, "B": 3}


def wanted(sets: Sequence[CandidateSet], name: str = "r1", **more: Any) -> Wanted:
    return Wanted(name, sets, more.pop("gold", ()), more.pop("experts", ("A", "B")), Mix(2, 0, 0), **more)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A planned round of four sets with two projects, 1 of A and 2 of B."""
    made = ledger_of(tmp_path / "rounds", "r1")
    prepare(made, wanted(make_sets(4)), RUBRIC)
    projects = tuple(Project(id=n, title=f"r1 {e} k4", expert=e, k=4) for n, e in ((1, "A"), (2, "B")))
    made.store(made.read().model_copy(update={"projects": projects}))
    made.append([{"users": MAILS}, *({"project": n, "screen": made.read().screens["4"]} for n in (1, 2))])
    return made


def annotation(
    number: int, value: Result, when: str = "2026-01-01T10:00:00Z", by: int = 2, **more: Any
) -> dict[str, Any]:
    return {"id": number, "result": value, "completed_by": by, "lead_time": 60.0, "updated_at": when} | more


def line(ledger: Ledger, place: int, annotations: list[Any], project: int = 1, **more: Any) -> dict[str, Any]:
    """What the server says of the task at a place of an expert's tasks."""
    own = [task for task in ledger.tasks() if task.expert == "AB"[project - 1]]
    data = data_of(own[place], ledger.sets()[own[place].set_id], ledger.salt())
    return {
        "project": project, "task": 100 * project + place, "updated_at": "2026-01-01T10:00:00Z",
        "data": data, "annotations": annotations,
    } | more  # fmt: skip


def judged(ledger: Ledger, *lines: dict[str, Any]) -> Outcome:
    ledger.append(lines)
    return judge(ledger, RUBRIC, ACCOUNTS)


def test_the_latest_state_of_a_task_counts_and_nothing_is_lost(ledger: Ledger) -> None:
    first = judged(ledger, line(ledger, 0, [annotation(1, result([1, 2, 3, 4])), annotation(2, result([2, 1, 3, 4]))]))
    assert [item.id for item in first.accepted] == ["1-2"]
    assert (first.accepted[0].flags, reasons(first)) == (("second",), {"superseded": 1})

    edited = annotation(1, result([4, 3, 2, 1]), "2026-01-01T11:00:00Z")
    second = judged(ledger, line(ledger, 0, [edited]))
    assert second.accepted[0].rank_groups[0] == (second.accepted[0].shown[3],)
    assert reasons(second) == {"deleted": 1}

    third = judged(ledger, {"project": 1, "task": 100, "gone": True})
    assert (third.accepted, reasons(third)) == ([], {"deleted": 2})
    assert {item.raw["id"] for item in third.rejected} == {1, 2}


def test_who_may_judge_what(ledger: Ledger) -> None:
    mixed = judged(
        ledger,
        line(ledger, 0, [annotation(1, result([1, 2, 3, 4]), by=3)]),  # B in A's project
        line(ledger, 1, [annotation(2, result([1, 2, 3, 4]))]),
        line(ledger, 0, [annotation(3, result([1, 2, 3, 4]), by=3)], project=2),
        {
            "project": 2,
            "task": 999,
            "data": {"cmt_key": "t0"},
            "annotations": [annotation(4, [], by=3)],
            "updated_at": "",
        },
    )
    assert sorted(item.id for item in mixed.accepted) == ["1-2", "2-3"]
    assert reasons(mixed) == {"other_account": 1, "unknown_task": 1}


def test_an_expert_without_an_address_is_whoever_alone_judged(ledger: Ledger) -> None:
    ledger.append([line(ledger, 0, [annotation(1, result([1, 2, 3, 4]), by=7)], project=2)])
    assert [item.annotator for item in judge(ledger, RUBRIC, {"a@hospital.example": "A"}).accepted] == ["B"]
    ledger.append([line(ledger, 1, [annotation(2, result([1, 2, 3, 4]), by=8)], project=2)])
    both = judge(ledger, RUBRIC, {"a@hospital.example": "A"})
    assert (both.accepted, reasons(both)) == ([], {"other_account": 2})
    ledger.append([{"users": {"8": "b@hospital.example"}}])
    assert [item.id for item in judge(ledger, RUBRIC, ACCOUNTS).accepted] == ["2-2"]


def test_a_changed_task_or_screen_is_noticed(ledger: Ledger) -> None:
    good = line(ledger, 0, [annotation(1, result([1, 2, 3, 4]))])
    turned = good["data"] | {"responses": good["data"]["responses"][::-1]}
    assert reasons(judged(ledger, good | {"data": turned})) == {"changed_task": 1}
    assert reasons(judged(ledger, good)) == {}
    assert reasons(judged(ledger, {"project": 1, "screen": "<View/>"})) == {"changed_screen": 1}
    assert reasons(judged(ledger, {"project": 1, "screen": ledger.read().screens["4"].replace("\n", "\r\n")})) == {}


def test_one_malformed_annotation_spoils_no_other(ledger: Ledger) -> None:
    found = judged(
        ledger,
        line(ledger, 0, [annotation(1, result([1, 2, 3, 4])[1:]), "no annotation", {"id": "x"}]),
        line(ledger, 1, [annotation(2, result([1, 1, 1, 1], [3, 3, 3, 3]))]),
        line(ledger, 2, [annotation(3, [], was_cancelled=True)]),
    )
    assert [item.id for item in found.accepted] == ["1-2"]
    assert reasons(found) == {"missing_rank": 1, "skipped": 1, "malformed": 2}
    assert [item.id for item in found.malformed] == ["1-none", "1-none", "1-1"]
    kept = (ledger.folder / "rejected.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(text)["raw"]["id"] for text in kept] == ["none", "none", 1, 3]
    assert json.loads(kept[0])["raw"]["annotation"] == "no annotation"


def test_a_line_that_a_kill_cut_off_spoils_no_other(ledger: Ledger) -> None:
    with (ledger.folder / "raw.jsonl").open("ab") as stream:
        stream.write(b'{"project":1,"task":100,"annota')
    found = judged(ledger, line(ledger, 1, [annotation(2, result([1, 2, 3, 4]))]))
    assert [item.id for item in found.accepted] == ["1-2"]


def test_a_watermark_counts_only_when_a_project_was_read_to_its_end(ledger: Ledger) -> None:
    ledger.append([line(ledger, 0, [])])
    assert State(ledger.raw()).since(1) is None
    ledger.append([{"project": 1, "watermark": "2026-01-01T10:00:00.5Z"}])
    assert State(ledger.raw()).since(1) == "2026-01-01T09:58:00.500000Z"
    assert State(ledger.raw()).since(2) is None


def test_the_folder_is_private_and_a_plan_is_made_once(ledger: Ledger, tmp_path: Path) -> None:
    assert ledger.folder.stat().st_mode & 0o777 == 0o700
    assert (ledger.folder / "salt").stat().st_mode & 0o777 == 0o600
    before = {path.name: path.read_bytes() for path in ledger.folder.iterdir()}
    assert prepare(ledger, wanted(make_sets(4)), RUBRIC) == ledger.tasks()
    assert {path.name: path.read_bytes() for path in ledger.folder.iterdir()} == before
    for other in (wanted(make_sets(5)), wanted(make_sets(4), experts=("A", "C")), wanted(make_sets(4), layout="board")):
        with pytest.raises(InputError, match="was planned with other sets"):
            prepare(ledger, other, RUBRIC)


def test_a_plan_of_which_nothing_was_sent_may_be_replaced(tmp_path: Path) -> None:
    made = ledger_of(tmp_path, "r1")
    assert len(prepare(made, wanted(make_sets(4)), RUBRIC)) == 8
    assert len(prepare(made, wanted(make_sets(5)), RUBRIC)) == 10
    assert len(made.tasks()) == 10


def test_two_commands_do_not_work_on_one_round(ledger: Ledger) -> None:
    other = Ledger(ledger.folder)
    with ledger.locked(), pytest.raises(InputError, match="another command works on this round"), other.locked():
        pass
    with other.locked():
        pass


def test_a_round_that_was_never_planned_leaves_no_folder(ledger: Ledger, tmp_path: Path) -> None:
    new = Ledger(tmp_path / "rounds" / "new")
    with pytest.raises(InputError, match="refused"), new.locked():
        with pytest.raises(InputError, match="another command works"), Ledger(new.folder).locked():
            pass
        assert new.folder.is_dir()
        raise InputError("refused")
    assert not new.folder.exists()
    with ledger.locked():
        pass
    assert ledger.exists


def test_an_export_of_another_round_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    task = {"id": 5, "annotations": [], "data": {"cmt_key": "t0000"}}
    for text, message in (
        ("[", "is not JSON"),
        ("{}", "is no export of Label Studio"),
        ('[{"id": 1}]', "item 0 is no task"),
        (json.dumps([task]), "none of its 1 tasks is of this round"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=message):
            take(ledger, path)
    with pytest.raises(InputError, match="cannot be read"):
        take(ledger, tmp_path / "absent.json")


def test_an_older_export_does_not_undo_a_newer_pull(ledger: Ledger, tmp_path: Path) -> None:
    newer = line(ledger, 0, [annotation(1, result([4, 3, 2, 1]))], updated_at="2026-01-02T00:00:00Z")
    ledger.append([newer])
    old = {"id": newer["task"], "data": newer["data"], "annotations": [annotation(1, result([1, 2, 3, 4]))], "updated_at": "2026-01-01T00:00:00Z"}  # fmt: skip
    path = tmp_path / "old.json"
    path.write_text(json.dumps([old]), encoding="utf-8")
    assert take(ledger, path) == 0
    assert State(ledger.raw()).tasks[1, newer["task"]] == newer


def changed(item: CandidateSet, **more: Any) -> CandidateSet:
    first = item.candidates[0].model_copy(update=more)
    return item.model_copy(update={"candidates": (first, *item.candidates[1:])})


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda s: changed(s, text="我的电话是13812345678，加我。"), r"personal data \(mobile\)"),
        (
            lambda s: s.model_copy(update={"prompt": (Message(role="user", content="身份证11010519491231002X"),)}),
            "id_card",
        ),
        (lambda s: changed(s, text=s.candidates[1].text + " "), "two equal candidates"),
        (lambda s: changed(s, text="  "), "empty text"),
        (lambda s: changed(s, text="多休息\0"), "cannot be stored"),
        (lambda s: changed(s, text="多休息\ud800"), "cannot be stored"),
        (lambda s: changed(s, flags=("identity",)), "says who it is"),
        (lambda s: changed(s, model="Zhongjing-7B", text="我是zhongjing-7b。"), "names one of its models"),
        (lambda s: s.model_copy(update={"candidates": s.candidates[:1]}), "has 1 candidates"),
    ],
)
def test_what_must_not_go_out_is_named_by_id_only(
    spoil: Callable[[CandidateSet], CandidateSet], why: str, tmp_path: Path
) -> None:
    sets = make_sets(4)
    sets[2] = spoil(sets[2])
    ledger = ledger_of(tmp_path, "r1")
    with pytest.raises(InputError, match=why) as caught:
        prepare(ledger, wanted(sets), RUBRIC)
    assert "set-0002" in str(caught.value)
    assert not any(text in str(caught.value) for text in ("138", "1101", "休息", "我是"))
    assert not ledger.exists
    tasks = prepare(ledger, wanted(sets, leave_out=True), RUBRIC)
    assert {task.set_id for task in tasks} == {"set-0000", "set-0001", "set-0003"}
    assert json.loads((ledger.folder / "left_out.jsonl").read_text(encoding="utf-8"))["set_id"] == "set-0002"


def test_a_word_said_of_people_is_no_name_of_a_model() -> None:
    (item,) = make_sets(1)
    for model in ("doctor", "reference", "m1", "GPT"):
        spoken = changed(item, model=model, text="请咨询 doctor，m1 或 reference，EGPTX。")
        assert unfit([spoken]) == {}
    assert unfit([changed(item, model="gpt", text="I am GPT.")])


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"experts": ("A",)}, "--per-item 2: needs as many experts"),
        ({"experts": ("A", "A")}, "expert A stands there twice"),
        ({"name": "round of model-1"}, "holds the name of a model"),
        ({"name": "r" * 60}, "too long"),
    ],
)
def test_a_round_that_cannot_be_is_refused(more: dict[str, Any], message: str, tmp_path: Path) -> None:
    sets = make_sets(2)
    with (
        pytest.raises(InputError, match=message)
        if "too long" not in message
        else pytest.raises(Exception, match=message)
    ):
        prepare(ledger_of(tmp_path, "x"), wanted(sets, **more), RUBRIC)


@pytest.mark.parametrize("name", ["", "a/b", "..", "a\\b", " a", "a\nb"])
def test_a_name_is_no_way_out_of_the_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--round"):
        ledger_of(tmp_path, name)


def test_equal_ids_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="set set-0000 stands there twice"):
        prepare(ledger_of(tmp_path, "r"), wanted([*make_sets(1), *make_sets(1)]), RUBRIC)


def test_candidate_ids_may_be_anything(tmp_path: Path) -> None:
    item = make_sets(1)[0].model_copy(
        update={
            "candidates": (Candidate(id="1", model="a", text="多休息。"), Candidate(id="2", model="b", text="多喝水。"))
        }
    )
    ledger = ledger_of(tmp_path, "r")
    (task, _) = prepare(ledger, wanted([item]), RUBRIC)
    assert set(task.order) == {"1", "2"}
    assert all(reply["id"].startswith("r") for reply in data_of(task, item, ledger.salt())["responses"])


class Server:
    """What `fetch` asks of a server, answered from tables: projects, and the tasks in them."""

    url = "http://studio.example/"

    def __init__(self, ledger: Ledger) -> None:
        self.screen = ledger.read().screens["4"]
        self.tasks: dict[int, dict[int, dict[str, Any]]] = {1: {}, 2: {}}

    def users(self) -> dict[int, str]:
        return {int(number): mail for number, mail in MAILS.items()}

    def project(self, number: int, _: str) -> Stored:
        return Stored(f"r1 {'AB'[number - 1]} k4", self.screen, 0, 0)

    def annotated(self, project: int, _: str, since: str | None) -> Iterator[list[dict[str, Any]]]:
        tasks = self.tasks[project].values()
        yield [task for task in tasks if (task["annotations"] if since is None else task["updated_at"] > since)]

    def task_ids(self, project: int, _: str) -> set[int]:
        return set(self.tasks[project])


def test_a_full_pull_finds_what_an_incremental_one_cannot_see(ledger: Ledger) -> None:
    server = Server(ledger)
    for place in range(3):
        task = line(ledger, place, [annotation(place + 1, result([1, 2, 3, 4]))])
        del task["project"]
        server.tasks[1][task["task"]] = task

    def pulled(full: bool) -> dict[str, int]:
        changed = fetch(server, ledger, full, lambda _: None)  # type: ignore[arg-type]
        return {"changed": changed, "accepted": len(judge(ledger, RUBRIC, ACCOUNTS).accepted)}

    assert pulled(full=False) == {"changed": 3, "accepted": 3}
    assert pulled(full=False) == {"changed": 0, "accepted": 3}
    size = (ledger.folder / "raw.jsonl").stat().st_size
    server.tasks[1][100] |= {"annotations": []}  # long ago, so no list of changes holds it
    server.tasks[1][100]["updated_at"] = "2025-01-01T00:00:00Z"
    del server.tasks[1][101]
    assert pulled(full=False) == {"changed": 0, "accepted": 3}
    assert pulled(full=True) == {"changed": 2, "accepted": 1}
    assert pulled(full=True) == {"changed": 0, "accepted": 1}
    assert (ledger.folder / "raw.jsonl").stat().st_size > size


def test_experts_are_a_number_or_registered_codes(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert chosen(home, "A, B") == ["A", "B"]  # the first ones, nobody else is registered
    assert chosen(home, "3") == ["A", "B", "E1"]
    for wrong, message in (
        ("A,b2", "b2 is not registered, but A, B, E1;"),
        (",", "name at least one"),
        ("0", "name at least one"),
    ):
        with pytest.raises(InputError, match=message):
            chosen(home, wrong)
    assert [expert.code for expert in home.experts()] == ["A", "B", "E1"]


def test_pairwise_takes_sets_of_two_only(tmp_path: Path) -> None:
    sets = make_sets(4, sizes=(2, 3))
    with pytest.raises(InputError, match="set set-0001 has 3; use --layout cards"):
        prepare(Ledger(tmp_path / "no"), wanted(sets, layout="pairwise"), RUBRIC)
    made = Ledger(tmp_path / "r1")
    prepare(made, wanted(sets[0::2], layout="pairwise"), RUBRIC)
    assert made.read().screens == {"2": screen_xml(RUBRIC, 2, "pairwise")}
