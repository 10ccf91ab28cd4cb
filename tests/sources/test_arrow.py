"""Arrow files: folders that `datasets` saved, its cache, Feather; whole, damaged, in archives."""

import json
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest

from cmtmedqa.sources.files import expand
from cmtmedqa.sources.mapped import Mapped, Unreadable
from cmtmedqa.sources.read import plan, read

ROWS = [{"question": f"第{number}天咳嗽怎么办？", "answer": "多喝水。"} for number in range(200)]


def stream(path: Path, rows: list[dict[str, str]] = ROWS, batch: int = 100) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(rows)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=batch)
    return path


def saved(folder: Path, *shards: list[dict[str, str]]) -> Path:
    """A folder as `datasets` leaves it; tests/build/test_audit.py has it made by `datasets` itself."""
    names = [f"data-{number:05}-of-{len(shards):05}.arrow" for number in range(len(shards))]
    for name, rows in zip(names, shards, strict=True):
        stream(folder / name, rows)
    state = {"_data_files": [{"filename": name} for name in names], "_fingerprint": "1", "_split": None}
    (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")
    (folder / "dataset_info.json").write_text('{"features": {}}', encoding="utf-8")
    return folder


def everything(*inputs: Path) -> tuple[list[tuple[str, int, str]], list[Unreadable], dict[str, str]]:
    """(file, index, first turn) of every record, what could not be read, and what was passed over."""
    files, skipped = expand([str(path) for path in inputs])
    found = [(file.name, record) for file in files for unit in plan(file, 1).units for record in read(unit)]
    mapped = [(name, record.index, record.turns[0][1]) for name, record in found if isinstance(record, Mapped)]
    return mapped, [record for _, record in found if isinstance(record, Unreadable)], dict(skipped)


def test_saved_folders_are_read_at_any_depth_by_file_and_row(tmp_path: Path) -> None:
    saved(tmp_path / "all" / "v1" / "train", ROWS[:2], ROWS[2:3])
    saved(tmp_path / "all" / "v1" / "test", ROWS[3:4])
    (tmp_path / "all" / "v1" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}', encoding="utf-8")
    stream(tmp_path / "all" / "v1" / "train" / "data-00007-of-00008.arrow", ROWS[9:])  # of an earlier save
    mapped, unread, skipped = everything(tmp_path / "all")
    assert mapped == [
        ("v1/test/data-00000-of-00001.arrow", 0, "第3天咳嗽怎么办？"),
        ("v1/train/data-00000-of-00002.arrow", 0, "第0天咳嗽怎么办？"),
        ("v1/train/data-00000-of-00002.arrow", 1, "第1天咳嗽怎么办？"),
        ("v1/train/data-00001-of-00002.arrow", 0, "第2天咳嗽怎么办？"),
    ]
    assert not unread
    assert skipped["v1/train/data-00007-of-00008.arrow"] == "is not part of the saved dataset"
    assert sum(reason == "describes a saved dataset" for reason in skipped.values()) == 5


def test_files_that_only_share_a_name_are_read(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(json.dumps(ROWS[:1], ensure_ascii=False), encoding="utf-8")
    assert everything(tmp_path)[0] == [("state.json", 0, "第0天咳嗽怎么办？")]


def test_a_saved_folder_in_a_zip_archive(tmp_path: Path) -> None:
    folder = saved(tmp_path / "train", ROWS[:2])
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"set/train/{path.name}")
    mapped, unread, skipped = everything(tmp_path / "a.zip")
    assert [text for _, _, text in mapped] == ["第0天咳嗽怎么办？", "第1天咳嗽怎么办？"]
    assert not unread
    assert set(skipped) == {"a.zip!set/train/state.json", "a.zip!set/train/dataset_info.json"}


def test_a_file_with_a_footer(tmp_path: Path) -> None:
    table = pa.Table.from_pylist(ROWS)
    with pa.OSFile(str(tmp_path / "a"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    assert len(everything(tmp_path / "a")[0]) == len(ROWS)


def test_what_is_whole_in_a_cut_file_is_read_and_the_rest_is_one_rejection(tmp_path: Path) -> None:
    path = stream(tmp_path / "a.arrow")
    path.write_bytes(path.read_bytes()[:-200])
    mapped, [unread], _ = everything(path)
    assert [index for _, index, _ in mapped] == list(range(100))
    assert (unread.reason, unread.index) == ("damaged_arrow", 100)


@pytest.mark.parametrize("at", [9, 40, 400, 700, -300])
def test_no_damage_is_a_traceback(tmp_path: Path, at: int) -> None:
    path = stream(tmp_path / "a.arrow", ROWS[:20])
    content = bytearray(path.read_bytes())
    content[at : at + 8] = b"\xfe" * 8
    path.write_bytes(content)
    mapped, unread, _ = everything(path)
    assert len(mapped) <= 20
    assert all(record.reason in {"damaged_arrow", "unknown_shape", "no_turns"} for record in unread)
