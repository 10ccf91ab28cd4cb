"""What breaks on the way through a real Label Studio, and that nothing is lost or doubled. Marker `live`; the server is installed and started by the fixtures."""

import os
import signal
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from tests.annotate.desk import Desk, last_line
from tests.annotate.doctors import result
from tests.annotate.proxy import proxy
from tests.annotate.simulated import lines, make_sets

pytestmark = [pytest.mark.live, pytest.mark.slow]


def test_half_of_the_answers_lost(desk: Desk) -> None:
    with proxy(desk.live.url, lambda number: "lose" if number % 2 else "answer") as url:
        code, out, err = desk.push("lossy", make_sets(400), "--calibration", "0", url=url)
    assert code == 0, err
    assert "lost answers made good" in out
    desk.stored_once("lossy")


def test_client_killed_in_the_middle(desk: Desk) -> None:
    path = desk.folder / "killed.jsonl"
    path.write_text(lines(make_sets(400)), encoding="utf-8")
    running: list[subprocess.Popen[bytes]] = []

    def fate(number: int) -> str:
        if number == 2:
            running[0].kill()
            return "lose"
        return "answer"

    with proxy(desk.live.url, fate) as url:
        arguments = [
            "annotate",
            "push",
            path,
            "--round",
            "killed",
            "--experts",
            "A,B,C",
            "--calibration",
            "0",
            "--url",
            url,
        ]
        arguments += [
            "--token-file",
            desk.token_file(),
            "--data",
            desk.live.home.folder,
            "--rounds",
            desk.folder / "rounds",
        ]
        program = [sys.executable, "-c", "from cmtmedqa.cli.app import main; main()", *map(str, arguments)]
        running.append(subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        assert running[0].wait(120) == -signal.SIGKILL
    code, out, err = desk.push("killed", make_sets(400), "--calibration", "0")
    assert code == 0, err
    assert int(out.splitlines()[-1].split()[-3].replace(",", "")) >= 250
    desk.stored_once("killed")


def test_server_killed_in_the_middle(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cmtmedqa.annotate.studio.PATIENCE", 1.0)

    def fate(number: int) -> str:
        if number == 2:
            os.kill(desk.live.home.pids()[0], signal.SIGKILL)
            return "cut"
        return "answer"

    with proxy(desk.live.url, fate) as url:
        code, _, err = desk.push("crash", make_sets(400), "--calibration", "0", url=url)
        assert code == 2
        assert "went away" in last_line(err)
        code, out, _ = desk.command("annotate", "status", "--data", desk.live.home.folder)
        assert (code, out.splitlines()[0].startswith("cannot reach Label Studio")) == (0, True)
        desk.live.start()
        code, out, err = desk.push("crash", make_sets(400), "--calibration", "0", url=url)
    assert code == 0, err
    assert int(out.splitlines()[-1].split()[-3].replace(",", "")) >= 250
    desk.stored_once("crash")


def test_edits_deletions_and_malformed_annotations(desk: Desk) -> None:
    assert desk.push("edits", make_sets(9), "--duplicates", "0", "--calibration", "0")[0] == 0
    one, other = desk.live.doctors["A"], desk.live.doctors["B"]
    tasks = one.tasks(desk.project("edits", "A"))
    numbers = [one.submit(task.id, result([1, 2, 3, 4])) for task in tasks]
    code, _, err = desk.run("pull", "edits")
    assert code == 0, err
    assert {item.rank_groups[0] for item in desk.annotations("edits")} == {
        (item.shown[0],) for item in desk.annotations("edits")
    }

    one.sdk.annotations.update(numbers[0], result=result([4, 3, 2, 1]), lead_time=5)  # changes her mind, fast
    one.sdk.annotations.delete(numbers[1])
    other.sdk.annotations.update(numbers[2], result=result([2, 1, 3, 4]))  # a colleague edits
    second = one.submit(tasks[3].id, result([1, 1, 1, 1], [3, 3, 3, 3]))  # judges again
    one.sdk.tasks.delete(str(tasks[-1].id))
    skipped = other.tasks(desk.project("edits", "B"))[-1].id
    other.sdk.annotations.create(skipped, result=[], was_cancelled=True, lead_time=20)
    code, _, err = desk.run("pull", "edits", "--full")
    assert code == 0, err
    kept = {item.id.split("-")[1]: item for item in desk.annotations("edits")}
    changed = kept[str(numbers[0])]
    assert (changed.rank_groups[0], changed.flags) == ((changed.shown[3],), ("fast",))
    assert kept[str(numbers[2])].flags == ("edited_by_other",)
    assert kept[str(second)].flags == ("second",)
    assert Counter(item["reason"] for item in desk.rejected("edits")) == {"deleted": 2, "superseded": 1, "skipped": 1}
    assert len(kept) + len(desk.rejected("edits")) == len(numbers) + 2

    one.sdk.annotations.update(numbers[0], result=[*result([1, 2, 3, 4])[1:]])
    other.submit(one.tasks(desk.project("edits", "B"))[0].id, result([1, 2, 3, 4]))
    one.submit(one.tasks(desk.project("edits", "C"))[0].id, result([1, 2, 3, 4]))  # a colleague's project
    code, _, err = desk.run("pull", "edits")
    assert code == 2
    assert "missing_rank: rank_a" in last_line(err)
    reasons = Counter(item["reason"] for item in desk.rejected("edits"))
    assert reasons == {"deleted": 2, "superseded": 1, "skipped": 1, "missing_rank": 1, "other_account": 1}
    assert len(desk.annotations("edits")) + reasons.total() == len(numbers) + 4


def test_what_goes_wrong_is_one_line(desk: Desk) -> None:
    assert desk.push("wrong", make_sets(4), "--calibration", "0")[0] == 0
    project = desk.project("wrong", "A")

    def fails(what: str, message: str, **more: Any) -> None:
        code, _, err = (
            desk.run("pull", "wrong")
            if what == "pull"
            else desk.push("wrong", make_sets(4), "--calibration", "0", **more)
        )
        assert code == 2
        assert message in last_line(err)
        assert desk.live.token not in err

    admin = desk.live.home.admin()
    assert admin is not None
    for token in ("0" * 40, admin.token[:-4] + "AAAA"):
        desk.live.home.store_admin(admin.model_copy(update={"token": token}))
        fails("pull", "personal access token")
    desk.live.home.store_admin(admin)
    fails("push", "cannot reach Label Studio at http://127.0.0.1:1/", url="http://127.0.0.1:1")
    fails("push", "must start with http", url="127.0.0.1")

    with desk.live.studio() as studio:
        stored = studio.project(project, "").screen
        studio._sdk.projects.update(project, label_config=stored.replace("名次", "排名"))
        fails("push", "its screen was changed")
        desk.live.doctors["A"].work(project, lambda _: [1, 2, 3, 4])
        fails("pull", "changed_screen")
        studio._sdk.projects.update(project, label_config=stored)
        assert desk.run("pull", "wrong")[0] == 0
        assert len(desk.annotations("wrong")) == len([t for t in desk.ledger("wrong").tasks() if t.expert == "A"])
        studio._sdk.projects.delete(project)
    fails("pull", f"project {project} (wrong A k4) does not exist")
    fails("push", f"project {project} (wrong A k4) does not exist")
