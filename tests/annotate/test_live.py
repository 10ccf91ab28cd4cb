"""The whole way through a real Label Studio. Marker `live`; the server is installed and started by the fixtures."""

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cmtmedqa.annotate import server
from cmtmedqa.annotate.adjudication import Rule, disagreements
from cmtmedqa.annotate.judged import read_records
from cmtmedqa.annotate.studio import Studio
from cmtmedqa.judgements import CandidateSet
from tests.annotate.conftest import Live
from tests.annotate.desk import Command, Desk, last_line
from tests.annotate.doctors import by_length, result
from tests.annotate.simulated import make_sets

pytestmark = [pytest.mark.live, pytest.mark.slow]


def test_only_loopback_listens_and_no_secret_is_printed(live: Live) -> None:
    admin = live.home.admin()
    assert admin is not None
    log = live.home.log.read_text(encoding="utf-8")
    command_line = Path(f"/proc/{live.home.pids()[0]}/cmdline").read_bytes().decode()
    for secret in (admin.password, admin.token):
        assert secret not in log + command_line
    for name in ("admin.json", "experts.json", "server.json", "server.log"):
        assert (live.home.folder / name).stat().st_mode & 0o077 == 0
    listening = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    ports = [line.split()[1] for line in listening if line.split()[3] == "0A"]
    assert [place for place in ports if int(place.split(":")[1], 16) == live.port] == [f"0100007F:{live.port:04X}"]


def test_sign_up_needs_the_link(live: Live) -> None:
    import httpx

    with httpx.Client(base_url=live.url, trust_env=False) as http:
        http.get("/user/signup/")
        fields = {"email": "x@y.example", "password": "long-enough-1", "csrfmiddlewaretoken": http.cookies["csrftoken"]}
        assert http.post("/user/signup/", data=fields, headers={"Referer": live.url}).status_code == 403
    with live.studio() as studio:
        assert "x@y.example" not in studio.users().values()


def test_a_taken_port_is_refused(live: Live, command: Command, tmp_path: Path) -> None:
    code, _, err = command(
        "annotate", "serve", "--data", tmp_path / "other", "--port", live.port, "--label-studio", live.program
    )
    assert (code, last_line(err)) == (2, f"error: port {live.port} is taken by another program; use --port")
    assert not (tmp_path / "other" / "server.pid").exists()


def test_a_round_from_push_to_adjudication(desk: Desk) -> None:
    sets = make_sets(12)
    code, _, err = desk.push("whole", sets, "--duplicates", "0.1", "--calibration", "0.1")
    assert code == 0, err
    desk.stored_once("whole")
    with desk.live.studio() as studio:
        for project in desk.ledger("whole").read().projects:
            page = json.dumps([task for page in studio._pages(project.id, "", {}, fields="all") for task in page])
            assert "model-" not in page
            assert "set-0" not in page
    for code_, one in desk.live.doctors.items():
        chance = random.Random(code_)
        planned = [task.key for task in desk.ledger("whole").tasks() if task.expert == code_]
        first = one.next(desk.project("whole", code_))
        assert first["data"]["cmt_key"] == planned[0]
        one.submit(first["id"], result(by_length(first["data"], chance, 3.0)))
        assert one.next(desk.project("whole", code_))["data"]["cmt_key"] == planned[1]
        one.work(desk.project("whole", code_), lambda data, chance=chance: by_length(data, chance, 3.0), 8)
    code, _, err = desk.run("pull", "whole")
    assert code == 0, err
    found = desk.annotations("whole")
    assert Counter(item.annotator for item in found) == dict.fromkeys("ABC", 9)
    written = {item.id: {c.id: len(c.text) for c in item.candidates} for item in desk.ledger("whole").sets().values()}
    assert all(set(item.shown) == set(written[item.set_id]) for item in found)

    disputed = {item.set_id for item in disagreements(found, Rule())}
    assert disputed
    code, _, err = desk.run("adjudicate", "whole")
    assert code == 0, err
    first = {(task.set_id, task.expert) for task in desk.ledger("whole").tasks() if task.purpose != "adjudication"}
    third = [task for task in desk.ledger("whole").tasks() if task.purpose == "adjudication"]
    assert {task.set_id for task in third} == disputed
    assert not {(task.set_id, task.expert) for task in third} & first
    assert ", 0 were there" not in desk.run("adjudicate", "whole")[1]
    for expert in {task.expert for task in third}:
        desk.live.doctors[expert].work(
            desk.project("whole", expert, adjudication=True), lambda data: by_length(data, random.Random(0))
        )
    assert desk.run("pull", "whole")[0] == 0
    decided = [item for item in desk.annotations("whole") if item.purpose == "adjudication"]
    assert {item.set_id for item in decided} == disputed
    for item in decided:  # this doctor ranks by length without noise, so the truth is known
        sizes = [[written[item.set_id][name] for name in group] for group in item.rank_groups]
        assert [size for group in sizes for size in group] == sorted(written[item.set_id].values(), reverse=True)


def test_2000_tasks_there_and_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pushed, pushed again with nothing sent, and pulled with an annotation of its owner on every one."""
    with desk.live.studio() as studio:
        numbers = {mail[0].upper(): number for number, mail in studio.users().items() if "hospital" in mail}
    send = Studio.send

    def annotated(self: Studio, project: int, what: str, data: Any) -> list[int]:
        """The same import, with what the owner's browser would have added later."""
        import_tasks, owner = self._sdk.projects.import_tasks, numbers[what.split()[-2]]
        verdict = {"result": result([2, 1, 4, 3]), "completed_by": owner, "lead_time": 50}

        def more(number: int, request: list[dict[str, Any]], **options: Any) -> Any:
            return import_tasks(number, request=[item | {"annotations": [verdict]} for item in request], **options)

        monkeypatch.setattr(self._sdk.projects, "import_tasks", more)
        try:
            return send(self, project, what, data)
        finally:
            monkeypatch.setattr(self._sdk.projects, "import_tasks", import_tasks)

    monkeypatch.setattr(Studio, "send", annotated)
    sets = make_sets(1000)
    code, out, err = desk.push("many", sets, "--duplicates", "0", "--calibration", "0")
    assert (code, out.splitlines()[-1]) == (0, "many: 2,000 tasks sent, 0 were there"), err
    monkeypatch.setattr(Studio, "send", lambda *_: pytest.fail("something was sent again"))
    code, out, err = desk.push("many", sets, "--duplicates", "0", "--calibration", "0")
    assert (code, out.splitlines()[-1]) == (0, "many: 0 tasks sent, 2,000 were there"), err
    code, out, err = desk.run("pull", "many")
    assert code == 0, err
    found = desk.annotations("many")
    assert len(found) == 2_000
    assert Counter(Counter(item.set_id for item in found).values()) == {2: 1_000}
    first = found[0]
    assert first.rank_groups == tuple((first.shown[place],) for place in (1, 0, 3, 2))
    assert "0 tasks changed, 2,000 annotations accepted" in desk.run("pull", "many")[1]


def test_an_export_is_read_without_a_server(desk: Desk) -> None:
    import httpx

    assert desk.push("offline", make_sets(6), "--calibration", "0")[0] == 0
    for expert in "AB":
        desk.live.doctors[expert].work(desk.project("offline", expert), lambda _: [2, 1, 1, 4])
    exports = []
    with desk.live.studio() as studio:
        for expert in "AB":
            number = desk.project("offline", expert)
            key = studio._sdk._client_wrapper._tokens_client.api_key
            answer = httpx.get(
                f"{desk.live.url}/api/projects/{number}/export?exportType=JSON",
                headers={"Authorization": f"Bearer {key}"},
                trust_env=False,
            )
            exports += [desk.folder / f"{expert}.json"]
            exports[-1].write_bytes(answer.content)
    code, _, err = desk.run("pull", "offline", "--from", exports[0], "--from", exports[1])
    assert code == 0, err
    offline = {item.id: item for item in desk.annotations("offline")}
    assert desk.run("pull", "offline", "--full")[0] == 0
    online = {item.id: item for item in desk.annotations("offline")}
    assert offline == online
    assert len(online) == len([task for task in desk.ledger("offline").tasks() if task.expert in "AB"])


def test_invite_tells_who_has_an_account_and_where_the_work_is(desk: Desk) -> None:
    place = ("--data", desk.live.home.folder, "--rounds", desk.folder / "rounds")
    assert desk.push("invited", make_sets(2), "--calibration", "0")[0] == 0
    code, out, _ = desk.command("annotate", "invite", "D=d@hospital.example", *place)
    assert code == 0
    parts = {part.split()[0]: part for part in out.split("--- ")[1:]}
    assert "has an account" in parts["A"]
    assert f"/projects/{desk.project('invited', 'A')}/data?labeling=1" in parts["A"]
    assert "/user/signup/?token=" in parts["D"]
    assert "/user/signup/" not in parts["A"]
    old = parts["D"].split("token=")[1].split()[0]
    code, out, _ = desk.command("annotate", "invite", "--new-link", *place)
    assert old not in out
    assert desk.command("annotate", "invite", "E=A@hospital.example", *place)[0] == 2


def test_stop_and_start_keep_everything(desk: Desk) -> None:
    assert desk.push("kept", make_sets(2), "--calibration", "0")[0] == 0
    assert desk.command("annotate", "stop", "--data", desk.live.home.folder)[1] == "stopped\n"
    assert not server.healthy(desk.live.url)
    assert desk.command("annotate", "stop", "--data", desk.live.home.folder)[0] == 0
    code, out, err = desk.command(
        "annotate",
        "serve",
        "--data",
        desk.live.home.folder,
        "--port",
        desk.live.port,
        "--label-studio",
        desk.live.program,
    )
    assert code == 0, err
    code, out, err = desk.push("kept", make_sets(2), "--calibration", "0")
    assert out.splitlines()[-1].startswith("kept: 0 tasks sent")
    assert read_records(desk.ledger("kept").folder / "sets.jsonl", CandidateSet) == make_sets(2)
