"""The other two screens through a real Label Studio: pushed, answered through a doctor's account, pulled."""

import pytest

from cmtmedqa.judgements import Annotation
from tests.annotate.desk import Desk, last_line
from tests.annotate.doctors import board, pairwise
from tests.annotate.simulated import RUBRIC, make_sets

pytestmark = [pytest.mark.live, pytest.mark.slow]
ALONE = ("--duplicates", "0", "--calibration", "0")


def answers(desk: Desk, name: str, expert: str) -> list[Annotation]:
    code, _, err = desk.run("pull", name)
    assert code == 0, err
    return [item for item in desk.annotations(name) if item.annotator == expert]


def test_a_board_comes_home_with_its_order_and_scores(desk: Desk) -> None:
    code, _, err = desk.push("board", make_sets(2, sizes=(3,)), *ALONE, "--per-item", "3", "--layout", "board")
    assert code == 0, err
    doctor, project = desk.live.doctors["A"], desk.project("board", "A")
    for task in doctor.tasks(project):
        doctor.submit(task.id, board(task.data, [2, 0, 1], [4, 2, 5]))
    found = answers(desk, "board", "A")
    assert len(found) == 2
    for one in found:
        first, second, third = one.shown
        assert one.rank_groups == ((third,), (first,), (second,))
        stars = {first: 4, second: 2, third: 5}
        assert one.scores == {key: dict.fromkeys(RUBRIC.dimension_ids, stars[key]) for key in one.shown}
        assert one.verdicts == {}


def test_a_comparison_of_two_comes_home_and_gives_a_pair(desk: Desk) -> None:
    more = (*ALONE, "--layout", "pairwise")
    code, _, err = desk.push("pairs", make_sets(4, sizes=(2, 3)), *more)
    assert (code, last_line(err)) == (
        2,
        "error: --layout pairwise compares 2 replies, and set set-0001 has 3; use --layout cards",
    )
    sets = make_sets(3, sizes=(2,))
    code, _, err = desk.push("pairs", sets, *more, "--per-item", "3")
    assert code == 0, err
    best = {item.id: item.candidates[0].id for item in sets}
    planned = {task.key: task for task in desk.ledger("pairs").tasks()}
    for expert, doctor in desk.live.doctors.items():
        for task in doctor.tasks(desk.project("pairs", expert)):
            known = planned[task.data["cmt_key"]]
            letter, other = ("a", "b") if known.order[0] == best[known.set_id] else ("b", "a")
            doctor.submit(task.id, pairwise(f"{letter}2", letter, other if expert == "A" else ""))
    found = answers(desk, "pairs", "A")
    assert {item.set_id: item.rank_groups[0] for item in found} == {key: (value,) for key, value in best.items()}
    for one in found:
        assert one.verdicts == dict.fromkeys(RUBRIC.dimension_ids, one.rank_groups)
        assert one.scores == {one.rank_groups[1][0]: {"safety": 1}}
    folder = desk.ledger("pairs").folder
    files = (folder / "annotations.jsonl", "--sets", folder / "sets.jsonl", "--rubric", folder / "rubric.json")
    code, out, err = desk.command("annotate", "export", *files, "-o", desk.folder / "preferences", "--check")
    assert (code, out.splitlines()[0].split(": ")[1]) == (0, "3 rankings, 3 pairs"), err
    code, out, err = desk.command("annotate", "agreement", *files, "--json")
    assert code == 0, err
