"""What a build ends with: five lines, each a path to open or a command to paste."""

import shlex
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path


def next_steps(folder: Path) -> list[str]:
    """Five lines for a built dataset; commands are written as this one was called, paths quoted for the shell."""
    here = shlex.quote(str(folder))
    page = folder / "report.html" if (folder / "report.html").is_file() else folder / "report.json"
    shown, missing = example(folder), find_spec("flask") is None or find_spec("waitress") is None
    install = f"{_program('pip')} install 'cmtmedqa[browse]' && " if missing else ""
    program = _program("cmtmedqa")
    return _aligned(
        [
            (shlex.quote(str(page)), "every count, step by step"),
            (shlex.quote(str(folder / "README.md")), "the dataset card"),
            (f"{program} why {shlex.quote(shown)} {here}", "where one record came from, and why it is in or out"),
            (f"{install}{program} browse {here}", "search and read the kept and the rejected"),
            (f"{program} export messages {here} -o train.jsonl", "rows for a trainer"),
        ]
    )


def _aligned(rows: list[tuple[str, str]]) -> list[str]:
    width = max(len(what) for what, _ in rows)
    return [f"{what:<{width}}  # {why}" for what, why in rows]


def _program(name: str) -> str:
    """How to call a program of this environment: by its name if the shell finds it there, else by the path this one has."""
    own = Path(sys.argv[0])
    sibling = own.with_name(name)
    if own.name != "cmtmedqa" or not sibling.is_file():
        return name
    found = shutil.which(name)
    return name if found and Path(found).resolve() == sibling.resolve() else shlex.quote(str(sibling))


def example(folder: Path) -> str:
    """The id of a record worth asking about: a near duplicate, else another dropped record, else a kept one."""
    return next((name for name in _candidates(folder) if name and not name.startswith("-")), "ID")


def _candidates(folder: Path) -> Iterator[str]:
    yield from _first(folder / "clusters.parquet", "kind", "near")
    for path in sorted((folder / "rejected").glob("*.parquet")):
        yield from _first(path, "", "")
    for path in sorted((folder / "data").glob("*.parquet")):
        yield from _first(path, "", "")


def _first(path: Path, column: str, value: str) -> Iterator[str]:
    """The ids of a file, those with a value in a column if one is named, a row group at a time."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            table = file.read_row_group(number, columns=["id", *([column] if column else [])])
            ids = table["id"].filter(pc.equal(table[column], value)) if column else table["id"]
            yield from ids.to_pylist()
