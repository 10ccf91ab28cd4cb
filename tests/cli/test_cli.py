from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from cmtmedqa.cli.app import app
from cmtmedqa.config import BuildConfig, load_config, make_config
from cmtmedqa.errors import ConfigError, InputError
from tests.command import run

CHECKOUT = Path(__file__).resolve().parents[2]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")


def _leaves(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    if hasattr(command, "commands"):
        for name, child in sorted(command.commands.items()):
            yield from _leaves(child, f"{path} {name}")
    else:
        yield path, command


_COMMANDS = list(_leaves(typer.main.get_command(app), "cmtmedqa"))


@pytest.mark.parametrize(("path", "command"), _COMMANDS, ids=[path for path, _ in _COMMANDS])
def test_every_command_is_documented(path: str, command: Any) -> None:
    assert path in README
    assert command.help
    assert not [option.name for option in command.params if option.name != "help" and not option.help]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build"], "nothing to build"),
        (["build", "absent.json", "-o", "out", "--no-deidentify"], "absent.json: no such file or folder"),
        (["build", "*.nothing", "-o", "out", "--no-deidentify"], "*.nothing: matches nothing"),
        (["build", "absent.json"], "-o DIR is missing"),
        (["build", "absent.yaml"], "absent.yaml: cannot be read"),
        (["build", "--demo", "x.json"], "--demo builds the bundled corpus"),
        (["validate", "."], "holds no manifest.json"),
        (["schema", "nothing"], "no schema 'nothing'"),
        (["sources", "read", "absent.json", "-o", "x"], "no such file or folder"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments: list[str], message: str, tmp_path: Path) -> None:
    done = run(*arguments, cwd=tmp_path)
    last = done.stderr.strip().split("\n")[-1]
    assert done.returncode == 2, done.stderr
    assert last.startswith("error: ")
    assert message in last
    assert "Traceback" not in done.stderr
    assert not [path for path in tmp_path.iterdir() if path.name != "out"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dedup": {}}, "unknown key 'dedup'; did you mean 'deduplicate'?"),
        ({"filters": {"min_turn": 3}}, "unknown key 'filters.min_turn'; did you mean 'min_turns'?"),
        ({"inputs": [{"path": "a", "licence": "x"}]}, "unknown key 'inputs.0.licence'; did you mean 'license'?"),
        ({"deduplicate": {"threshold": 3}}, "key 'deduplicate.threshold'"),
        ({"split": {"dev": 0.6, "test": 0.5}}, "take the whole dataset"),
        ({"split": {"dev": 1.5}}, "whole number of dialogues"),
        ({"on_error": "ignore"}, "key 'on_error'"),
    ],
)
def test_a_bad_setting_names_the_key(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=r"c\.yaml: ") as caught:
        make_config({"inputs": ["a"], "output": "b"} | settings, "c.yaml")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_init_writes_every_key_with_its_default(tmp_path: Path) -> None:
    runner = CliRunner()
    path = tmp_path / "my.yaml"
    assert runner.invoke(app, ["init", str(path)]).exit_code == 0
    written = yaml.safe_load(path.read_text(encoding="utf-8"))
    defaults = BuildConfig(inputs=("x",), output="y").model_dump(mode="json")  # type: ignore[arg-type]
    assert set(written) == set(defaults)
    for key in set(defaults) - {"inputs", "output"}:
        assert written[key] == defaults[key], key
    assert load_config(path).inputs[0].path == str(tmp_path / "raw")
    with pytest.raises(InputError, match="exists already"):
        runner.invoke(app, ["init", str(path)], catch_exceptions=False)


def test_paths_of_a_configuration_are_relative_to_it(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("inputs: [a.json, 'hf:owner/name']\noutput: out\nlexicon: l.txt\n")
    config = load_config(tmp_path / "c.yaml")
    assert [item.path for item in config.inputs] == [str(tmp_path / "a.json"), "hf:owner/name"]
    assert (config.output, config.lexicon) == (str(tmp_path / "out"), str(tmp_path / "l.txt"))
