"""`cmtmedqa doctor` in environments made for it: distributions that are missing, too old, broken, squatted."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cmtmedqa.cli import installation

HEAD = """Metadata-Version: 2.4
Name: cmtmedqa
Version: 7.8.9
Requires-Python: >=3.11
Provides-Extra: hub
Provides-Extra: all
Requires-Dist: pyyaml<7,>=6.0
"""
EXTRAS = """Requires-Dist: absent-package<3,>=2.1; extra == "hub"
Requires-Dist: cmtmedqa[hub]; extra == "all"
"""


def _distribution(folder: Path, name: str, version: str, metadata: str = "") -> None:
    place = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    place.mkdir(parents=True)
    text = metadata or f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n"
    (place / "METADATA").write_text(text, encoding="utf-8")


def _doctor(
    folder: Path, *arguments: str, before: str = "pass", **environment: str
) -> subprocess.CompletedProcess[str]:
    code = f"import sys; {before}; from cmtmedqa.cli.start import main; main()"
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-c", code, "doctor", *arguments],
        capture_output=True, text=True, timeout=120, check=False, env=os.environ | {"PYTHONPATH": path} | environment,
    )  # fmt: skip


def _facts(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def test_a_usable_core_with_a_missing_extra(tmp_path: Path) -> None:
    _distribution(tmp_path, "cmtmedqa", "7.8.9", HEAD + EXTRAS)
    done = _doctor(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("cmtmedqa 7.8.9, Python 3.")
    assert "extra hub: not installed: pip install 'cmtmedqa[hub]'" in done.stdout
    assert "the core is usable" in done.stdout
    facts = _facts(_doctor(tmp_path, "--json"))
    assert facts["usable"]
    assert [row["name"] for row in facts["core"]] == ["pyyaml"]
    assert facts["core"][0]["state"] == "ok"
    (row,) = facts["extras"]["hub"]
    assert row == {
        "name": "absent-package", "version": None, "range": ">=2.1,<3", "state": "missing", "fix": "pip install 'cmtmedqa[hub]'"
    }  # fmt: skip
    assert facts["demo"]["readable"]
    assert facts["machine"]["cores"] >= 1
    assert "torch" in facts or "torch" not in sys.modules


@pytest.mark.parametrize(
    ("requirement", "what", "fix"),
    [
        ("absent-package<3,>=2.1", "absent-package: missing", "pip install 'absent-package>=2.1,<3'"),
        ("pyyaml>=99", "pyyaml: wrong version", "pip install 'pyyaml>=99'"),
    ],
)
def test_a_core_that_cannot_work_ends_with_1_and_the_line_that_helps(
    tmp_path: Path, requirement: str, what: str, fix: str
) -> None:
    _distribution(tmp_path, "cmtmedqa", "7.8.9", HEAD + f"Requires-Dist: {requirement}\n")
    done = _doctor(tmp_path)
    assert done.returncode == 1
    assert f"ERROR: {what}\n  {fix}\n" in done.stdout
    assert "the core is NOT usable" in done.stdout
    assert done.stderr == ""


def test_a_package_of_the_core_that_does_not_load_is_named(tmp_path: Path) -> None:
    _distribution(tmp_path, "cmtmedqa", "7.8.9", HEAD + "Requires-Dist: rensa\n")
    done = _doctor(tmp_path, before="sys.modules['rensa'] = None")
    assert done.returncode == 1
    assert "ERROR: rensa: cannot be imported (ModuleNotFoundError)" in done.stdout


@pytest.mark.parametrize("module", ["pydantic", "typer", "pyarrow", "rich"])
def test_it_answers_even_when_the_command_line_cannot_load(tmp_path: Path, module: str) -> None:
    _distribution(tmp_path, "cmtmedqa", "7.8.9", HEAD + f"Requires-Dist: {module}\n")
    done = _doctor(tmp_path, "--json", before=f"sys.modules['{module}'] = None")
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    assert module in [problem["what"].partition(":")[0] for problem in _facts(done)["problems"]]


def test_another_command_without_a_package_of_the_core_is_one_line() -> None:
    code = "import sys; sys.modules['pyarrow'] = None; from cmtmedqa.cli.start import main; main()"
    command = [sys.executable, "-c", code, "validate", "x"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: pyarrow cannot be imported; cmtmedqa doctor says what to install\n"


def test_the_wrong_opencc_is_an_error_where_it_hides_the_right_one(tmp_path: Path) -> None:
    _distribution(tmp_path, "opencc-python-reimplemented", "0.1.7")
    beside = _facts(_doctor(tmp_path, "--json"))
    (problem,) = [item for item in beside["problems"] if "opencc" in item["what"]]
    assert "may hide" in problem["what"]
    assert not problem["core"]
    (tmp_path / "opencc").mkdir()
    (tmp_path / "opencc" / "__init__.py").write_text("class OpenCC:\n    pass\n", encoding="utf-8")
    done = _doctor(tmp_path)
    assert done.returncode == 1
    assert "ERROR: opencc-python-reimplemented hides OpenCC" in done.stdout
    assert "pip uninstall -y opencc-python-reimplemented && pip install --force-reinstall opencc" in done.stdout


@pytest.mark.parametrize(("version", "warned"), [("999.9.9", True), ("3.8.0", False)])
def test_the_squatted_model_package_is_a_loud_warning(tmp_path: Path, version: str, warned: bool) -> None:
    _distribution(tmp_path, "zh-core-web-sm", version)
    done = _doctor(tmp_path)
    assert ("WARNING: zh-core-web-sm 999.9.9" in done.stdout) == warned
    assert ("pip uninstall -y zh-core-web-sm" in done.stdout) == warned


def test_no_value_of_the_environment_is_shown(tmp_path: Path) -> None:
    secrets = {
        "HF_TOKEN": "hf_secret1",
        "CMTMEDQA_KEY": "secret2",
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "secret3",
    }
    for arguments in ([], ["--json"]):
        done = _doctor(tmp_path, *arguments, **secrets)
        assert "secret" not in done.stdout + done.stderr
    assert _facts(done)["offline"] == {
        "HF_HUB_OFFLINE": True,
        "HF_DATASETS_OFFLINE": False,
        "TRANSFORMERS_OFFLINE": False,
    }


def test_torch_is_told_only_where_it_is_installed(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text(
        "class cuda:\n"
        "    is_available = staticmethod(lambda: True)\n"
        "    device_count = staticmethod(lambda: 1)\n"
        "    get_device_name = staticmethod(lambda number: f'GPU {number}')\n",
        encoding="utf-8",
    )
    _distribution(tmp_path, "torch", "2.13.0")
    assert _facts(_doctor(tmp_path, "--json"))["torch"] == {"version": "2.13.0", "gpus": ["GPU 0"]}
    (tmp_path / "torch.py").write_text("raise OSError('libcudart is missing')", encoding="utf-8")
    assert _facts(_doctor(tmp_path, "--json"))["torch"] == {"version": "2.13.0", "gpus": [], "error": "OSError"}


def test_without_an_installed_distribution_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_version", lambda _: None)
    facts = installation.examine()
    assert not facts["usable"]
    assert facts["problems"][0]["fix"] == "pip install ."
