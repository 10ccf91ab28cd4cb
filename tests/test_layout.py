"""Rules about the repository and the package as a whole."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cmtmedqa.paths import bundled

CHECKOUT = Path(__file__).resolve().parents[1]
MODULES = sorted(
    ".".join(path.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__")
    for path in (CHECKOUT / "cmtmedqa").rglob("*.py")
)
HEAVY = (
    "torch",
    "transformers",
    "trl",
    "datasets",
    "pandas",
    "scrapy",
    "label_studio_sdk",
    "openai",
    "ray",
    "openpyxl",
)
TORCH_SIDE = {
    name for name in MODULES if name.startswith("cmtmedqa.training.")
}  # the programs of train/ import it, no command does
SCRAPY_SIDE = {"cmtmedqa.crawl.spider"}  # a subclass of Scrapy's spider; the engine imports it when a crawl starts


@pytest.mark.parametrize("folder", ["annotation", "train", "schemas"])
def test_folders_of_data_hold_no_package(folder: str) -> None:
    assert not list((CHECKOUT / folder).rglob("__init__.py"))
    assert bundled(folder).is_dir()


def test_every_module_imports_without_the_heavy_libraries() -> None:
    code = (
        "import sys, importlib\n"
        f"sys.modules.update(dict.fromkeys({HEAVY!r}))\n"
        f"for name in {sorted(set(MODULES) - SCRAPY_SIDE - TORCH_SIDE)!r}: importlib.import_module(name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_the_package_loads_next_to_nothing() -> None:
    code = "import cmtmedqa, sys; print(sorted(set(sys.modules) & {'pyarrow', 'numpy', 'pydantic', 'typer', 'torch'}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_readme_s_commands_are_the_ones_that_are_checked() -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert "cmtmedqa build --demo" in readme
    assert len(re.findall(r"^python3 -m venv .*-m pytest.*$", readme, re.MULTILINE)) == 1
    ci = (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8")
    assert "grep -m1 -- '-m pytest' README.md" in ci


def test_no_lock_file_names_the_squatted_model_package() -> None:
    for name in ("constraints.txt", "pyproject.toml"):
        text = (CHECKOUT / name).read_text(encoding="utf-8").lower().replace("_", "-")
        assert "zh-core-web" not in text
