"""`cmtmedqa train` and `cmtmedqa recipes` as a user types them; what trains is tested in tests/training."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cmtmedqa import launch, recipes
from cmtmedqa.cli.app import app
from cmtmedqa.errors import CmtmedqaError, ConfigError, InputError

GIVEN = ["model=base", "data=rows.jsonl", "output=run"]


def test_a_dry_run_prints_a_line_that_a_shell_takes_and_runs_nothing(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["train", "sft", "--recipe", "tiny", "model=a b", *GIVEN[1:], "--dry-run"])
    assert done.exit_code == 0
    assert done.stdout.startswith("HF_HUB_DISABLE_TELEMETRY=1 PYTHONSAFEPATH=1 ")
    assert done.stdout.endswith("sft.py --recipe tiny 'model=a b' data=rows.jsonl output=run\n")
    assert not list(tmp_path.iterdir())


def test_a_dry_run_checks_the_keys() -> None:
    with pytest.raises(ConfigError, match="did you mean 'max_steps'"):
        CliRunner().invoke(app, ["train", "sft", "max_stepz=2", "--dry-run"], catch_exceptions=False)


def test_the_recipes_are_listed_shown_and_copied(tmp_path: Path) -> None:
    runner = CliRunner()
    listed = runner.invoke(app, ["recipes", "ls"]).stdout
    assert [line.split()[0] for line in listed.splitlines()] == recipes.names()
    shown = runner.invoke(app, ["recipes", "show", "tiny/sft"]).stdout
    for key in recipes.STAGES["sft"].model_fields:
        assert f"{key}: " in shown
    own = tmp_path / "own.yaml"
    assert runner.invoke(app, ["recipes", "cp", "tiny/sft", str(own)]).exit_code == 0
    assert recipes.load("sft", str(own), GIVEN) == recipes.load("sft", "tiny", GIVEN)
    with pytest.raises(InputError, match="exists already"):
        runner.invoke(app, ["recipes", "cp", "tiny/sft", str(own)], catch_exceptions=False)
    with pytest.raises(ConfigError, match="did you mean 'tiny/sft'"):
        runner.invoke(app, ["recipes", "show", "tinny/sft"], catch_exceptions=False)


@pytest.mark.parametrize(
    ("program", "told", "code"),
    [
        ("import os; open(os.environ['CMTMEDQA_REFUSAL'], 'w').write('rows.jsonl: holds nothing')", True, None),
        ("raise SystemExit(2)", False, 2),
        ("raise SystemExit(3)", False, 3),
        ("import os; os.kill(os.getpid(), 9)", False, 137),
        ("pass", False, None),
    ],
)
def test_how_a_program_ended_is_passed_on(
    program: str, told: bool, code: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "command", lambda *_: [sys.executable, "-c", program])
    monkeypatch.setattr(launch, "require_libraries", lambda *_: None)
    settings = recipes.load("sft", "tiny", GIVEN)
    if told:
        with pytest.raises(CmtmedqaError, match=r"^rows\.jsonl: holds nothing$"):
            launch.run("sft", settings, [])
    elif code:
        with pytest.raises(SystemExit) as ended:
            launch.run("sft", settings, [])
        assert ended.value.code == code
    else:
        launch.run("sft", settings, [])


def test_without_the_libraries_the_line_says_what_to_install() -> None:
    code = (
        "import importlib.util as util; found = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'trl' else found(name, *rest)\n"
        "from cmtmedqa.cli.app import main; main()"
    )
    words = ["train", "sft", "--recipe", "tiny", *GIVEN]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    if "needs torch" not in done.stderr:
        assert done.stderr.strip().endswith("error: training needs trl: pip install 'cmtmedqa[train]'")
    assert done.returncode == 2
