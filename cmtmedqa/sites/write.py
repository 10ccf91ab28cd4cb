"""What `parse` leaves: dialogues, rejected pages and counts, three files beside each other, written whole or not at all."""

import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple, cast

import orjson
from rich.console import Console

from cmtmedqa import io
from cmtmedqa.clean.departments import canonical
from cmtmedqa.progress import meter
from cmtmedqa.records import Department
from cmtmedqa.records import Dialogue as Record
from cmtmedqa.sites.parse import Dialogue, Rejected, parse
from cmtmedqa.sites.spec import Spec
from cmtmedqa.sites.spool import Spool
from cmtmedqa.sources.mapped import Mapped, to_dialogue

PARSED = Path("parsed")


class Written(NamedTuple):
    """The files of one run and its counts."""

    output: Path
    rejected: Path
    report: Path
    counts: dict[str, int]


def default_output(spec: Spec | None, files: list[Path]) -> Path:
    """`parsed/SITE.jsonl`, or the name of the first file where each page has a site of its own."""
    return PARSED / f"{spec.site if spec else files[0].name.partition('.')[0]}.jsonl"


def record(mapped: Mapped, site: str, license_name: str) -> Record:
    """The record of a page; what was repaired on the page stands in `extra.repairs`."""
    if mapped.repairs:
        mapped = mapped._replace(extra={**mapped.extra, "repairs": list(mapped.repairs)})
    department = cast("Department | None", canonical(mapped.departments))
    return to_dialogue(mapped, site, license_name, department=department)


def write(files: list[Path], spec: Spec | None, output: Path, console: Console) -> Written:
    """Parse WARC files into `output`; rejected pages and counts stand beside it. All are for their owner alone."""
    rejected, report = output.with_suffix(".rejected.jsonl"), output.with_suffix(".report.json")
    counts: Counter[str] = Counter()
    output.parent.mkdir(parents=True, exist_ok=True, mode=0o700)  # as raw pages are: what patients wrote
    with (
        tempfile.TemporaryDirectory(dir=output.parent, prefix=".parse-") as work,
        io.replacing(output) as kept_path, io.replacing(rejected) as rejected_path,
    ):  # fmt: skip
        for path in (kept_path, rejected_path):
            path.touch(mode=0o600)
        spool = Spool(Path(work) / "pages.sqlite")
        total = sum(path.stat().st_size for path in files)
        with meter(console, "parse", total) as phase, kept_path.open("wb") as kept, rejected_path.open("wb") as refused:

            def tick(size: int, read: int, dialogues: int, refusals: int) -> None:
                phase.count(read, dialogues, refusals)
                if size:
                    phase.advance(size)

            for one in parse(files, spec, spool, counts, tick):
                if isinstance(one, Dialogue):
                    kept.write(record(one.mapped, one.site, one.license).model_dump_json().encode() + b"\n")
                else:
                    refused.write(orjson.dumps(_refusal(one)) + b"\n")
        spool.close()
    counts = Counter({name: value for name, value in counts.items() if value})
    assert counts["responses"] == sum(counts[name] for name in _OUTCOMES) + sum(
        value for name, value in counts.items() if name.startswith("passed over")
    )
    ordered = {name: counts[name] for name in (*_FIRST, *sorted(counts.keys() - set(_FIRST)))}
    with io.replacing(report) as path:
        path.touch(mode=0o600)
        told = {"files": [file.name for file in files], "counts": ordered}
        path.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")
    return Written(output, rejected, report, ordered)


_OUTCOMES = ("pages of dialogues", "further captures", "rejected")
_FIRST = ("responses", "dialogues", *_OUTCOMES)


def _refusal(one: Rejected) -> dict[str, object]:
    return one._asdict()
