"""The server on PostgreSQL, where the system has one."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from rich.console import Console

from cmtmedqa.annotate import environment, server
from cmtmedqa.annotate.database import PASSWORD as VARIABLE
from cmtmedqa.annotate.database import parse
from cmtmedqa.annotate.home import Home
from cmtmedqa.annotate.ledger import Ledger
from tests.annotate import postgres
from tests.annotate.conftest import CACHE, free_port, once
from tests.annotate.doctors import account, doctor
from tests.annotate.simulated import lines, make_sets

pytestmark = [pytest.mark.live, pytest.mark.slow]


@pytest.fixture(scope="module")
def migrated(label_studio: Path) -> Path:
    """A stopped cluster and a home of a server that was started on it once."""
    if postgres.programs() is None:
        pytest.skip("no PostgreSQL here (apt-get install postgresql)")
    folder = CACHE / f"postgresql-template-{environment.VERSION}-1"
    with once("postgresql"):
        if not (folder / "complete").exists():
            _make(folder, label_studio)
    return folder


def _make(folder: Path, label_studio: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    port, home = free_port(), Home(folder / "home")
    with postgres.folder() as cluster:
        postgres.make(cluster)
        with postgres.running(cluster, port):
            _first_start(label_studio, home, port, folder)
        shutil.make_archive(str(folder / "cluster"), "tar", cluster)
    (folder / "complete").touch()


def _first_start(label_studio: Path, home: Home, port: int, folder: Path) -> None:
    base = parse(f"postgresql://labels:{quote(postgres.PASSWORD, safe='')}@127.0.0.1:{port}/postgres")
    started = server.serve(home, server.Start(label_studio, free_port(), base), Console(stderr=True))
    try:
        admin = home.admin()
        assert admin is not None
        from cmtmedqa.annotate.studio import connect

        with connect(started.url, admin.token) as studio:
            link = studio.invite_link()
        with doctor(started.url, link, "A", "a@hospital.example") as made:
            (folder / "tokens.json").write_text(json.dumps({"A": made.token}), encoding="utf-8")
    finally:
        server.stop(home)


def test_a_round_on_postgresql(
    migrated: Path,
    label_studio: Path,
    tmp_path: Path,
    command: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.copytree(migrated / "home", tmp_path / "home")
    home, base_port, port = Home(tmp_path / "home"), free_port(), free_port()
    (home.folder / "server.json").unlink()  # the cluster has another port now
    monkeypatch.setenv(VARIABLE, postgres.PASSWORD)
    address = f"postgresql://labels@127.0.0.1:{base_port}/postgres"
    with postgres.folder(migrated / "cluster.tar") as cluster, postgres.running(cluster, base_port):
        place = ("--data", home.folder, "--label-studio", label_studio, "--port", port)
        code, _, err = command("annotate", "serve", *place, "--database-url", address)
        try:
            assert code == 0, err
            _one_round(home, migrated, tmp_path, command)
            for path in [*home.folder.glob("*.json"), *home.folder.glob("server.log*")]:
                assert postgres.PASSWORD not in path.read_text(encoding="utf-8")
            assert not list(home.data.glob("*.sqlite3"))
        finally:
            server.stop(home)
        code, _, err = command("annotate", "serve", *place)
        assert code == 2
        assert f"was started with {address}" in err.replace("\n", "")


def _one_round(home: Home, migrated: Path, tmp_path: Path, command: Callable[..., tuple[int, str, str]]) -> None:
    (tmp_path / "sets.jsonl").write_text(lines(make_sets(5)), encoding="utf-8")
    rounds = ("--data", home.folder, "--rounds", tmp_path / "rounds", "--round", "pg")
    command("annotate", "invite", "A=a@hospital.example", "--data", home.folder)
    push = ("annotate", "push", tmp_path / "sets.jsonl", "--experts", "A", "--per-item", 1, *rounds)
    assert command(*push)[0] == 0
    token = json.loads((migrated / "tokens.json").read_text(encoding="utf-8"))["A"]
    started = home.server()
    assert started is not None
    project = Ledger(tmp_path / "rounds" / "pg").read().projects[0].id
    with account(started.url, "A", "a@hospital.example", token) as made:
        done = made.work(project, lambda _: [1, 2, 2, 4])
    code, out, err = command("annotate", "pull", *rounds)
    assert code == 0, err
    assert f"A: {done} of {done} tasks" in out
    assert "0 tasks sent" in command(*push)[1]
