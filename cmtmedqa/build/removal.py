"""What happens, in order, when somebody asks that a record be removed: bar, rewrite, prove, replace."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cmtmedqa import io
from cmtmedqa.build import card, croissant, forget, forgotten, tally, why
from cmtmedqa.build.elsewhere import Cleared, clear
from cmtmedqa.build.forget_report import left_over, reduced
from cmtmedqa.build.output import finish_replacing, locked, read_manifest, replace, replacement, write_manifest
from cmtmedqa.build.page import page
from cmtmedqa.build.recheck import problems
from cmtmedqa.errors import CmtmedqaError, InputError


class Outcome(NamedTuple):
    """What was done: records removed (copies of the named ones included), hashes barred, files searched for what is left.

    elsewhere: what was removed from files beside the dataset.
    """

    removed: int
    copies: int
    barred: int
    files: int
    unknown_urls: tuple[str, ...]
    elsewhere: Cleared


def remove(
    folder: Path, ids: Sequence[str], urls: Sequence[str], named_list: Path, also: Sequence[Path] = ()
) -> Outcome:
    """Remove records and all copies of them from a dataset, bar them from later builds, and prove that nothing is left.

    also: files and folders beside it (crawled pages, parsed records, exports) from which they are removed as well.

    The list is written first: from then on no build publishes them again. Raises InputError for an id that the dataset does
    not have, and CmtmedqaError when anything is still found in the rewritten dataset; the old one is then left as it was.
    """
    with locked(folder):
        finish_replacing(folder)
        manifest = read_manifest(folder)
        request = forget.find(folder, ids, forget.url_hashes(urls))
        for identifier in ids:
            if identifier not in request.ids and not (also and _is_gone(folder, identifier)):
                raise InputError(f"{folder}: {_absent(folder, identifier)}")
        found = {row["url_hash"] for row in request.rows}
        lines = {*request.hashes(), *(f"url {value}" for value in forget.url_hashes(urls))}
        forgotten.add(named_list, lines)
        unknown = tuple(url for url, value in zip(urls, forget.url_hashes(urls), strict=True) if value not in found)
        if not request.rows:
            return Outcome(
                0,
                0,
                len(lines),
                0,
                unknown,
                clear(also, request, forget.url_hashes(urls), forgotten.load(named_list), ids),
            )
        target = replacement(folder)
        shutil.rmtree(target, ignore_errors=True)
        try:
            files = _rewritten(folder, target, request, manifest, urls)
        except BaseException:
            shutil.rmtree(target.parent, ignore_errors=True)
            raise
        replace(folder)
    named = sum(row["id"] in ids or (row["url_hash"] or "") in forget.url_hashes(urls) for row in request.rows)
    cleared = clear(also, request, forget.url_hashes(urls), forgotten.load(named_list), ids)
    return Outcome(len(request.rows), len(request.rows) - named, len(lines), files, unknown, cleared)


def _is_gone(folder: Path, identifier: str) -> bool:
    return why.known(folder, forgotten.tombstone_id(identifier))


def _absent(folder: Path, identifier: str) -> str:
    if _is_gone(folder, identifier):
        return f"{identifier} was removed on request before"
    return f"no record '{identifier}'{why.suggestion(folder, identifier)}"


def _rewritten(
    folder: Path, target: Path, request: forget.Request, manifest: dict[str, Any], urls: Sequence[str]
) -> int:
    """Write the whole dataset anew and check it; returns how many files were searched."""
    forget.rewrite(folder, target, request)
    published = [request.turns[row["id"]] for row in request.rows if row["step"] is None]
    left = left_over(tally.load(folder), published)
    summary = reduced(page.read_report(folder), request.rows, left, target)
    tally.save(target, left)
    io.write_json(target / "report.json", summary)
    io.write_text(target / "README.md", card.make(summary))
    io.write_json(target / croissant.NAME, croissant.make(summary, target))
    io.write_text(target / "report.html", page.draw(target))
    head = {name: value for name, value in manifest.items() if name not in ("format", "key", "content_sha256", "files")}
    head["dialogues"] = {name: size["dialogues"] for name, size in summary["splits"].items()}
    write_manifest(target, manifest["key"], head)
    wrong = [*problems(target), *(f"{name}: still holds it" for name in forget.traces(target, request, urls))]
    if wrong:
        raise CmtmedqaError(f"{folder}: could not be rewritten without the record ({wrong[0]}); it is left as it was")
    return sum(1 for item in target.rglob("*") if item.is_file())
