import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from cmtmedqa.annotate import environment, server
from cmtmedqa.annotate.connection import target
from cmtmedqa.annotate.database import parse
from cmtmedqa.annotate.failures import StudioError
from cmtmedqa.annotate.home import Admin, Expert, Home, Server
from cmtmedqa.errors import InputError
from cmtmedqa.paths import bundled, package_file

ADMIN = Admin(email="admin@cmtmedqa.local", password="geheim", token="t0ken")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.make()
    return made


def test_the_server_gets_a_short_list_of_variables(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads PORT, HOST, DEBUG and others by their bare names."""
    for name in ("HOST", "PORT", "DEBUG", "USERNAME", "HEARTEX_HOST", "LABEL_STUDIO_HOST", "SENTRY_DSN", "HTTP_PROXY"):
        monkeypatch.setenv(name, "stray")
    made = server.environment(home, ADMIN, server.Start(Path("x"), 8080))
    assert "stray" not in made.values()
    assert {name: made[name] for name in made if name.startswith("LABEL_STUDIO_")} == {
        "LABEL_STUDIO_USERNAME": "admin@cmtmedqa.local",
        "LABEL_STUDIO_PASSWORD": "geheim",
        "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
        "LABEL_STUDIO_BASE_DATA_DIR": str(home.data.absolute()),
        "LABEL_STUDIO_COLLECT_ANALYTICS": "false",
        "LABEL_STUDIO_LATEST_VERSION_CHECK": "false",
        "LABEL_STUDIO_SENTRY_DSN": "",
        "LABEL_STUDIO_FRONTEND_SENTRY_DSN": "",
    }
    assert not [name for name in made if name.startswith(("POSTGRE", "DJANGO_DB"))]


def test_a_reverse_proxy_is_told_to_the_server(home: Home) -> None:
    made = server.environment(home, ADMIN, server.Start(Path("x"), 8080, None, "https://label.example.org/studio/"))
    assert made["LABEL_STUDIO_HOST"] == "https://label.example.org/studio"
    assert made["LABEL_STUDIO_CSRF_TRUSTED_ORIGINS"] == "https://label.example.org"
    assert made["LABEL_STUDIO_SESSION_COOKIE_SECURE"] == "1"


def test_an_address_of_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMTMEDQA_DATABASE_PASSWORD", "from env")
    given = parse("postgresql://us%40er:p%2Fw@[::1]:5433/labels")
    assert given.environment() == {
        "DJANGO_DB": "default",
        "POSTGRE_NAME": "labels",
        "POSTGRE_USER": "us@er",
        "POSTGRE_PASSWORD": "p/w",
        "POSTGRE_HOST": "::1",
        "POSTGRE_PORT": "5433",
    }
    assert "p/w" not in repr(given) + str(given) + given.named
    assert parse("postgres://u@db/labels").environment()["POSTGRE_PASSWORD"] == "from env"


@pytest.mark.parametrize(
    "address", ["mysql://u:secret@h/n", "postgresql://h/n", "postgresql://u:secret@h", "postgresql://u:secret@h:99999/n", "secret", "postgresql://u:secret@h/a/b"]
)  # fmt: skip
def test_a_bad_address_is_refused_without_being_repeated(address: str) -> None:
    with pytest.raises(InputError, match="--database-url") as caught:
        parse(address)
    assert "secret" not in str(caught.value)


def test_a_folder_stays_with_its_database(home: Home) -> None:
    home.store_server(Server(url="http://127.0.0.1:1", database="postgresql://u@db:5432/labels"))
    with pytest.raises(InputError, match=r"was started with postgresql://u@db:5432/labels"):
        server._same_database(home, server.Start(Path("x"), 8080))


def test_private_files_are_private(home: Home) -> None:
    old = os.umask(0)
    home.store_admin(ADMIN)
    home.store_server(Server(url="http://127.0.0.1:1"))
    home.register([Expert(code="A", email="a@b.example")])
    os.umask(old)
    for path in home.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 or path.is_dir(), path
    assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700
    assert home.admin() == ADMIN


@pytest.mark.parametrize(
    ("code", "email", "message"),
    [
        ("", "x@y.example", "a code is"),
        ("1", "x@y.example", "a code is"),
        ("a b", "x@y.example", "a code is"),
        ("B", "nobody", "no e-mail address"),
        ("a", "x@y.example", "in other case"),
        ("B", "A@b.example", "expert A has this address already"),
    ],
)
def test_the_register_refuses(home: Home, code: str, email: str, message: str) -> None:
    home.register([Expert(code="A", email="a@b.example")])
    with pytest.raises(InputError, match=message):
        home.register([Expert(code=code, email=email)])
    assert home.experts() == [Expert(code="A", email="a@b.example")]


def test_an_address_can_come_later_and_is_not_lost(home: Home) -> None:
    home.register([Expert(code="A")])
    home.register([Expert(code="A", email="a@b.example")])
    assert home.register([Expert(code="A")]) == [Expert(code="A", email="a@b.example")]


def test_a_stated_server_comes_before_one_of_ours(home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LABEL_STUDIO_URL", raising=False)
    monkeypatch.delenv("LABEL_STUDIO_API_KEY", raising=False)
    with pytest.raises(StudioError, match="no Label Studio was started here"):
        target(home.folder)
    home.store_admin(ADMIN)
    home.store_server(Server(url="http://127.0.0.1:9"))
    assert target(home.folder)[:2] == ("http://127.0.0.1:9", "t0ken")
    assert "t0ken" not in repr(target(home.folder))
    monkeypatch.setenv("LABEL_STUDIO_URL", "https://label.example.org")
    with pytest.raises(StudioError, match="no token"):
        target(None)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", " env-token\n")
    assert target(None)[:2] == ("https://label.example.org", "env-token")
    assert target(home.folder)[:2] == ("http://127.0.0.1:9", "t0ken")
    (tmp_path / "token").write_text("file-token\n")
    assert target(None, "https://other.example", tmp_path / "token")[:2] == ("https://other.example", "file-token")


def test_what_is_no_label_studio_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no label-studio there"):
        environment.find(tmp_path, None)  # type: ignore[arg-type]
    fake = tmp_path / "label-studio"
    fake.write_text(f"#!{sys.executable}\n")
    with pytest.raises(InputError, match="its Python does not know the package"):
        environment.find(fake, None)  # type: ignore[arg-type]


def test_the_keeper_rotates_the_log_and_passes_a_stop_on(tmp_path: Path) -> None:
    log, pids = tmp_path / "server.log", tmp_path / "pids"
    program = (
        "import sys, time\nfor n in range(60_000): print('x' * 100, n)\nprint('ready', flush=True)\ntime.sleep(60)"
    )
    handle = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)
    keeper = [sys.executable, "-I", str(package_file("annotate", "supervise.py")), str(log), str(pids), str(handle)]
    with subprocess.Popen([*keeper, sys.executable, "-c", program], pass_fds=(handle,)) as process:
        while "ready" not in (log.read_text() if log.exists() else ""):
            assert process.poll() is None
            time.sleep(0.1)
        process.terminate()
        assert process.wait(30) == 0
    os.close(handle)
    assert len(pids.read_text().split()) == 2
    assert (tmp_path / "server.log.1").stat().st_size <= 5_000_000
    assert log.read_text().splitlines()[-1].startswith("the server ended with code")
    assert {stat.S_IMODE(path.stat().st_mode) for path in (log, pids, tmp_path / "server.log.1")} == {0o600}


def test_the_composition_for_teams_is_pinned_and_local(home: Home) -> None:
    value = yaml.safe_load(bundled("annotation", "compose.yaml").read_text(encoding="utf-8"))
    studio, database = value["services"]["label-studio"], value["services"]["database"]
    assert studio["image"].endswith(f"label-studio:{environment.VERSION}")
    assert all(port.startswith("127.0.0.1:") for port in studio["ports"])
    assert "ports" not in database
    own = {name: value for name, value in studio["environment"].items() if name.startswith("LABEL_STUDIO_")}
    started = server.environment(home, ADMIN, server.Start(Path("x"), 8080))
    fixed = {name for name in started if name.startswith("LABEL_STUDIO_")} - {"LABEL_STUDIO_BASE_DATA_DIR"}
    assert fixed <= set(own)
    assert {own[name] for name in ("LABEL_STUDIO_SENTRY_DSN", "LABEL_STUDIO_FRONTEND_SENTRY_DSN")} == {""}
    secrets = [own["LABEL_STUDIO_PASSWORD"], database["environment"]["POSTGRES_PASSWORD"]]
    assert all(secret.startswith("${") and ":?" in secret for secret in secrets)
