from pathlib import Path

import pytest

from cmtmedqa import io
from cmtmedqa.errors import InputError


def test_a_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "a.txt"
    with io.replacing(target) as temporary:
        temporary.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert [path.name for path in target.parent.iterdir()] == ["a.txt"]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), io.replacing(target) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"), io.replacing(tmp_path / "file" / "a.txt") as temporary:
        temporary.write_text("x")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"(?i)no space left"), io.replacing(tmp_path / "a.txt") as temporary:
        temporary.symlink_to("/dev/full")
        temporary.write_text("x" * 100_000)


def test_canonical_json_does_not_depend_on_the_order_of_keys() -> None:
    assert io.canonical_json({"b": 1, "a": "头"}) == io.canonical_json({"a": "头", "b": 1}) == '{"a":"头","b":1}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        io.canonical_json(float("nan"))
