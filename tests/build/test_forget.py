"""A record that somebody asked to remove is gone from every file, with its copies, and never comes back."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from cmtmedqa.build import forget, forgotten, removal
from cmtmedqa.build.recheck import problems
from cmtmedqa.errors import CmtmedqaError, InputError
from tests import command
from tests.conftest import invented

PAGE = "https://example.org/question/4711"
WANTED = invented(7)


def run(*arguments: str | Path, forgotten_list: Path | None = None) -> subprocess.CompletedProcess[str]:
    return command.run(*arguments, **({"CMTMEDQA_FORGOTTEN": str(forgotten_list)} if forgotten_list else {}))


def dialogue(seed: int, **more: object) -> dict[str, Any]:
    """An invented dialogue in our own shape, which has a place for the address of its page."""
    record = invented(seed)
    pairs = [*record["history"], [record["instruction"], record["output"]]]  # type: ignore[misc]
    turns = [
        {"role": role, "text": text} for pair in pairs for role, text in zip(("patient", "doctor"), pair, strict=True)
    ]
    return {"id": f"d{seed}", "source": "clinic", "turns": turns, **more}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty dialogues, three forms of number 7 (one near, one in full width), and one with a page."""
    records = [dialogue(seed) for seed in range(20)]
    wanted = dialogue(7)
    near = dialogue(7, id="near7")
    near["turns"][-1]["text"] += "多休息"
    wide = dialogue(7, id="wide7")
    wide["turns"] = [turn | {"text": turn["text"].replace("1", "１").replace("2", "２")} for turn in wanted["turns"]]
    records += [near, wide, dialogue(300, id="paged", url=PAGE)]
    path = tmp_path_factory.mktemp("forget") / "clinic.jsonl"
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def built(corpus: Path) -> Path:
    done = run("build", corpus, "-o", corpus.parent / "set")
    assert done.returncode == 0, done.stderr
    return corpus.parent / "set"


@pytest.fixture
def dataset(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "set"))


def everything(folder: Path) -> str:
    parts = []
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        tables = path.suffix == ".parquet"
        parts.append(
            json.dumps(pq.read_table(path).to_pylist(), ensure_ascii=False) if tables else path.read_text("utf-8")
        )
    return "\n".join(parts)


def report(folder: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return value


def test_a_record_goes_with_all_its_copies_from_every_file(dataset: Path, tmp_path: Path) -> None:
    texts = [turn["text"] for turn in dialogue(7)["turns"]]
    before = report(dataset)
    done = run("forget", dataset, "--id", "d7", forgotten_list=tmp_path / "list.txt")
    assert done.returncode == 0, done.stderr
    assert "3 record(s) removed, 2 of them copies" in done.stdout
    left = everything(dataset)
    assert not [text for text in texts if text in left]
    assert '"d7"' not in left
    assert "near7" not in left
    assert problems(dataset) == []
    after = report(dataset)
    assert (after["read"], after["kept"], after["rejected"]) == (
        before["read"],
        before["kept"] - 1,
        before["rejected"] + 1,
    )
    assert after["sources"]["clinic.jsonl"]["rejected"]["forget/on_request"] == 3
    told = run("why", "d7", dataset).stdout
    assert "somebody asked for its removal" in told
    assert "d7 " not in told


def test_a_dropped_copy_may_be_named_as_well(dataset: Path, tmp_path: Path) -> None:
    assert run("forget", dataset, "--id", "near7", forgotten_list=tmp_path / "list.txt").returncode == 0
    assert not [turn for turn in dialogue(7)["turns"] if turn["text"] in everything(dataset)]


def test_later_builds_leave_it_out_whatever_it_is_called(dataset: Path, corpus: Path, tmp_path: Path) -> None:
    barred = tmp_path / "list.txt"
    assert run("forget", dataset, "--id", "d7", forgotten_list=barred).returncode == 0
    renamed = tmp_path / "renamed.jsonl"
    renamed.write_text(corpus.read_text("utf-8").replace('"d7"', '"other"'), encoding="utf-8")
    assert run("build", renamed, "-o", tmp_path / "again", forgotten_list=barred).returncode == 0
    found = report(tmp_path / "again")["sources"]["renamed.jsonl"]["rejected"]
    assert found["forget/on_request"] == 3
    assert not [turn for turn in dialogue(7)["turns"] if turn["text"] in everything(tmp_path / "again")]
    assert problems(tmp_path / "again") == []


def test_a_page_is_named_by_its_address_and_barred_even_where_it_is_unknown(dataset: Path, tmp_path: Path) -> None:
    barred = tmp_path / "list.txt"
    done = run("forget", dataset, "--url", PAGE, "--url", PAGE + "2", forgotten_list=barred)
    assert done.returncode == 0, done.stderr
    assert "1 record(s) removed" in done.stdout
    assert "holds no record of that page" in done.stdout
    assert len(forgotten.load(barred).url) == 2
    fresh = tmp_path / "fresh.jsonl"
    fresh.write_text(json.dumps(dialogue(400, url=PAGE + "2"), ensure_ascii=False), encoding="utf-8")
    assert run("build", fresh, "-o", tmp_path / "new", forgotten_list=barred).returncode == 0
    assert report(tmp_path / "new")["kept"] == 0


def test_the_list_holds_hashes_only_and_is_its_owner_s(dataset: Path, tmp_path: Path) -> None:
    barred = tmp_path / "list.txt"
    removal.remove(dataset, ["d7"], [], barred)
    assert barred.stat().st_mode & 0o777 == 0o600
    lines = barred.read_text("utf-8").splitlines()[1:]
    assert all(line.split(" ")[0] in {"content", "digest"} and len(line.split(" ")) == 2 for line in lines)
    assert len([line for line in lines if line.startswith("content ")]) == 3, (
        "the record and its two copies as they were read"
    )


def test_what_other_records_say_too_stays_with_them(tmp_path: Path) -> None:
    """A doctor's answer to two patients is no trace of the one who asks to be forgotten."""
    answer = "这种情况建议您先去医院做个检查，注意休息，清淡饮食，按时复诊。"
    asked = [
        f"医生您好，我{where}疼了{days}天，吃了药也不见好，晚上睡不着，怎么办？"
        for where, days in (("膝盖", 3), ("后背", 90))
    ]
    source = tmp_path / "a.jsonl"
    records = [
        {"id": f"r{place}", "instruction": text, "output": answer, "history": []} for place, text in enumerate(asked)
    ]
    source.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    assert run("build", source, "-o", tmp_path / "d").returncode == 0
    export = tmp_path / "notes.txt"
    export.write_text(asked[0], encoding="utf-8")
    done = run("forget", tmp_path / "d", "--id", "r0", "--also", export, forgotten_list=tmp_path / "list")
    assert done.returncode == 1
    assert f"{export}: holds a passage of it; write the file anew, or delete it (r0)" in done.stdout
    assert asked[0] not in everything(tmp_path / "d")
    assert asked[1] in everything(tmp_path / "d")
    again = run("forget", tmp_path / "d", "--id", "r0", "--also", source, forgotten_list=tmp_path / "list")
    assert (again.returncode, json.loads(source.read_text(encoding="utf-8"))["id"]) == (0, "r1")


def test_the_proof_finds_what_is_left(dataset: Path) -> None:
    request = forget.find(dataset, ["d7"], [])
    assert {"data/train-00000-of-00001.parquet", "lineage/part-00000.parquet"} <= set(
        forget.traces(dataset, request, [])
    )


def test_a_dataset_is_left_as_it_was_when_the_proof_fails(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(dataset)
    monkeypatch.setattr(forget, "traces", lambda *_: ["report.html"])
    with pytest.raises(CmtmedqaError, match=r"report\.html: still holds it"):
        removal.remove(dataset, ["d7"], [], tmp_path / "list.txt")
    assert everything(dataset) == before
    assert problems(dataset) == []
    assert forgotten.load(tmp_path / "list.txt").digest, "barred first, whatever happens then"


def test_a_replacement_that_was_cut_short_is_finished(dataset: Path, tmp_path: Path, monkeypatch: Any) -> None:
    from cmtmedqa.build import output

    class Killed(BaseException):
        pass

    def cut(_folder: Path) -> None:
        shutil.copytree(dataset / ".work", tmp_path / "work")
        raise Killed

    monkeypatch.setattr(removal, "replace", cut)
    with pytest.raises(Killed):
        removal.remove(dataset, ["d7"], [], tmp_path / "list.txt")
    shutil.rmtree(dataset / ".work", ignore_errors=True)
    shutil.move(tmp_path / "work", dataset / ".work")  # what a process that is killed leaves behind
    (dataset / "manifest.json").unlink()
    shutil.rmtree(dataset / "data")
    (dataset / ".work" / "new" / "data").rename(dataset / "data")
    output.finish_replacing(dataset)
    assert problems(dataset) == []
    assert "near7" not in everything(dataset)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to forget"),
        (["--id", "d77"], "no record 'd77'; did you mean d7"),
    ],
)
def test_what_cannot_be_done_is_one_line(dataset: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
    done = run("forget", dataset, *arguments, forgotten_list=tmp_path / "list.txt")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert message in done.stderr
    assert not (tmp_path / "list.txt").exists()


def test_a_list_that_cannot_be_trusted_stops_a_build(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("content 0123456789abcdef\nsomething else\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 2 is no kind and hash"):
        forgotten.load(tmp_path / "list.txt")
    done = run("build", corpus, "-o", tmp_path / "x", forgotten_list=tmp_path / "list.txt")
    assert (done.returncode, (tmp_path / "x").exists()) == (2, False)
