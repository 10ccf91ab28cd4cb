"""Inputs become a list of files: folders, globs, archives, datasets, and what is passed over with a reason."""

import json
import os
import pickle
import zipfile
from pathlib import Path

import pytest

from cmtmedqa.errors import InputError
from cmtmedqa.sources.files import SourceFile, expand


def write(path: Path, text: str = "[]") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def names(*inputs: Path | str) -> list[str]:
    return [file.name for file in expand([str(item) for item in inputs])[0]]


def archive(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, text in members.items():
            target.writestr(name, text)
    return path


def test_a_file_is_named_as_it_is_called(tmp_path: Path) -> None:
    path = write(tmp_path / "门诊.json")
    assert expand([str(path)]) == ([SourceFile("门诊.json", str(path))], [])


def test_a_folder_gives_sorted_relative_names(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a/z.txt", "a/b/c.csv", "c"):
        write(tmp_path / name)
    assert names(tmp_path) == ["a/b/c.csv", "a/z.txt", "b.jsonl", "c"]


def test_what_holds_no_data_is_passed_over_with_a_reason(tmp_path: Path) -> None:
    for name in ("data.json", "README.md", "LICENSE", "figure.PNG", "load.py", ".hidden.json", ".git/config"):
        write(tmp_path / name)
    files, skipped = expand([str(tmp_path)])
    assert [file.name for file in files] == ["data.json"]
    assert sorted(skipped) == [
        (".git", "is hidden"),
        (".hidden.json", "is hidden"),
        ("LICENSE", "holds no records by its name"),
        ("README.md", "holds no records by its name"),
        ("figure.PNG", "holds no records by its name"),
        ("load.py", "holds no records by its name"),
    ]


def test_a_named_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    assert names(write(tmp_path / "README.md")) == ["README.md"]


def test_globs_are_sorted_and_recursive(tmp_path: Path) -> None:
    for name in ("b.json", "a.json", "in/c.json", "in/d.txt"):
        write(tmp_path / name)
    assert names(tmp_path / "*.json") == ["a.json", "b.json"]
    assert names(tmp_path / "**" / "*.json") == ["a.json", "b.json", "c.json"]


def test_a_file_with_magic_characters_in_its_name_is_itself(tmp_path: Path) -> None:
    write(tmp_path / "a1.json")
    assert names(write(tmp_path / "a[1].json")) == ["a[1].json"]


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("absent.json", "absent.json: no such file or folder"),
        ("*.nothing", "*.nothing: matches nothing"),
        ("empty", "empty: holds no file to read"),
        ("papers", "papers: holds no file to read"),
        ("hf:", "hf:: names no dataset; write hf:owner/name or hf:/folder"),
        ("hf:./absent", "hf:./absent: no such folder"),
    ],
)
def test_an_input_that_gives_nothing_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, item: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    write(tmp_path / "papers" / "notes.md")
    with pytest.raises(InputError) as raised:
        expand([item])
    assert str(raised.value) == message


def test_an_unreadable_file_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.json")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(InputError, match="cannot be read: permission denied"):
        expand([str(path)])


def test_loops_of_links_end(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.json")
    (tmp_path / "in" / "again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    files, skipped = expand([str(tmp_path)])
    assert [file.name for file in files] == ["in/a.json"]
    assert skipped == [("self", "is a broken link")]


def test_a_file_reached_twice_is_read_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json")
    (tmp_path / "b.json").symlink_to(path)
    write(tmp_path / "c.json")
    assert names(path, tmp_path / "c.json", tmp_path) == ["a.json", "c.json"]


def test_equal_names_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    paths = [write(tmp_path / name) for name in ("x/1/a.json", "y/1/a.json", "y/2/a.json", "y/2/b.json")]
    assert names(*paths) == ["x/1/a.json", "y/1/a.json", "2/a.json", "b.json"]
    assert names(tmp_path / "x", tmp_path / "y") == ["x/1/a.json", "y/1/a.json", "2/a.json", "2/b.json"]


def test_of_a_dataset_of_ours_only_the_data_is_read(tmp_path: Path) -> None:
    write(tmp_path / "old" / "manifest.json", json.dumps({"key": "k", "files": []}))
    for name in (
        "data/train-0.parquet",
        "data/test-0.parquet",
        "rejected/0.parquet",
        "clusters.parquet",
        "report.json",
    ):
        write(tmp_path / "old" / name)
    write(tmp_path / "theirs" / "manifest.json", json.dumps({"name": "另一个"}))
    write(tmp_path / "theirs" / "data" / "a.parquet")
    files, skipped = expand([str(tmp_path)])
    assert [file.name for file in files] == [
        "old/data/test-0.parquet",
        "old/data/train-0.parquet",
        "theirs/data/a.parquet",
        "theirs/manifest.json",
    ]
    assert ("old/rejected", "stands beside the data of a dataset") in skipped
    assert len(skipped) == 4


def test_members_of_archives_are_inputs(tmp_path: Path) -> None:
    path = archive(tmp_path / "all.zip", {"b/c.json": "[1]", "a.jsonl": "{}", "b/README.md": "-", "__MACOSX/a": "-"})
    files, skipped = expand([str(path)])
    assert [file.name for file in files] == ["all.zip!a.jsonl", "all.zip!b/c.json"]
    assert [name for name, _ in skipped] == ["all.zip!__MACOSX/a", "all.zip!b/README.md"]
    with files[1].open() as stream:
        assert stream.read() == b"[1]"
    assert pickle.loads(pickle.dumps(files)) == files


@pytest.mark.parametrize("hostile", ["../up.json", "/root.json", "a/../../up.json", "..\\up.json", "C:/up.json"])
def test_members_that_lead_out_are_refused(tmp_path: Path, hostile: str) -> None:
    path = archive(tmp_path / "all.zip", {hostile: "[]", "good.json": "[]"})
    files, skipped = expand([str(path)])
    assert [file.name for file in files] == ["all.zip!good.json"]
    assert [reason for _, reason in skipped] == ["its path leads out of the archive"]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["all.zip"]


def test_chinese_names_in_old_archives_are_readable(tmp_path: Path) -> None:
    plain = archive(tmp_path / "plain.zip", {"aaaa.json": "[]"}).read_bytes()
    path = tmp_path / "old.zip"
    path.write_bytes(plain.replace(b"aaaa.json", "内科".encode("gb18030") + b".json"))
    files, _ = expand([str(path)])
    assert files[0].name == "old.zip!内科.json"
    with files[0].open() as stream:
        assert stream.read() == b"[]"


def test_an_archive_in_a_folder_is_opened_and_a_damaged_one_stays_a_file(tmp_path: Path) -> None:
    good = archive(tmp_path / "good.zip", {"a.json": "[]"})
    (tmp_path / "bad.zip").write_bytes(good.read_bytes()[:40])
    assert names(tmp_path) == ["bad.zip", "good.zip!a.json"]


def test_hub_inputs_keep_their_names(tmp_path: Path) -> None:
    assert names("hf:owner/name:train") == ["hf:owner/name:train"]
    assert expand([f"hf:{tmp_path}"])[0] == [SourceFile(f"hf:{tmp_path.name}", f"hf:{tmp_path}")]
