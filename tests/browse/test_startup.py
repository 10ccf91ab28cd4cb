"""How the server begins and ends: one line for what cannot work, quiet at Ctrl-C."""

import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cmtmedqa.browse.serve import loopback
from cmtmedqa.errors import InputError

COMMAND = [sys.executable, "-c", "from cmtmedqa.cli.app import main; main()", "browse"]


def _browse(*arguments: object, code: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, "browse"] if code else COMMAND
    return subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)


def _without(name: str) -> Callable[[Path], None]:
    return lambda folder: next(folder.glob(name)).unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_without("manifest.json"), "holds no manifest.json, so it is no finished dataset"),
        (_without("data/train-*"), "is missing or has another size than in manifest.json (1 such files)"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "manifest.json: cannot be read as JSON"),
        (shutil.rmtree, "holds no manifest.json"),
    ],
)
def test_an_unfinished_or_damaged_dataset_is_one_line(
    dataset: Path, tmp_path: Path, damage: Callable[[Path], object], message: str
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(dataset, folder)
    damage(folder)
    _is_one_line(_browse(folder, "--port", 0), message)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "", "127.0.0.1.evil.example", "::ffff:8.8.8.8"]
)
def test_an_address_that_others_can_reach_is_refused(host: str) -> None:
    with pytest.raises(InputError, match="browse serves this computer only"):
        loopback(host)


def test_an_address_of_this_computer_is_served(dataset: Path, start: Any) -> None:
    assert [loopback(host) for host in ("localhost", "127.0.0.2", "::1", "[::1]")] == [
        "127.0.0.1",
        "127.0.0.2",
        "::1",
        "::1",
    ]
    assert start(dataset, "--host", "localhost").ask("/").status == 200


def test_asking_for_all_interfaces_is_one_line(dataset: Path) -> None:
    _is_one_line(_browse(dataset, "--port", 0, "--host", "0.0.0.0"), "--host 0.0.0.0: browse serves this computer only")


def test_a_port_that_is_taken_is_one_line(dataset: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        _is_one_line(_browse(dataset, "--port", port), f"--port {port}: is taken; name another one")


def test_without_the_extra_the_error_names_it(dataset: Path) -> None:
    code = "import sys; sys.modules['waitress.server'] = None; from cmtmedqa.cli.app import main; main()"
    _is_one_line(_browse(dataset, "--port", 0, code=code), "pip install 'cmtmedqa[browse]'")


def _is_one_line(done: subprocess.CompletedProcess[str], message: str) -> None:
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert message in line


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_quietly_even_where_the_shell_has_it_ignore_ctrl_c(dataset: Path, number: signal.Signals) -> None:
    command = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", *COMMAND, str(dataset), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert "Ctrl-C ends" in process.stdout.readline()
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
