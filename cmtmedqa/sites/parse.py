"""WARC files to dialogues. Reads files and writes files; nothing here opens a connection.

Every response ends in one of four counts, which sum to the responses read: pages of dialogues, further captures of a page,
rejected pages (each in the rejected file with its reason), and pages passed over because they are none of the site's dialogues.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from cmtmedqa.errors import InputError
from cmtmedqa.sites import catalog, warc
from cmtmedqa.sites.extract import read_page
from cmtmedqa.sites.finish import finish
from cmtmedqa.sites.http import Response, response
from cmtmedqa.sites.page import address_of
from cmtmedqa.sites.reading import Reading, Refusal
from cmtmedqa.sites.selectors import pattern
from cmtmedqa.sites.spec import Spec
from cmtmedqa.sites.spool import Spool, Stored
from cmtmedqa.sources.mapped import Mapped

RAW = Path("raw")
PASSED_OVER = "passed over"
_FILE_FAULTS = frozenset({"truncated_warc", "damaged_warc"})
_SUFFIXES = (".warc.gz", ".warc", ".warc.zst", ".warc.lz4")


class Dialogue(NamedTuple):
    """A dialogue and the site it is from."""

    site: str
    license: str
    mapped: Mapped


class Rejected(NamedTuple):
    """A page, or an answer of one, that gives no dialogue. No text of it."""

    site: str
    id: str
    url: str
    reason: str
    detail: str
    warc: dict[str, Any]


Tick = Callable[[int, int, int, int], None]  # bytes, responses, dialogues, rejected


def files_of(arguments: Sequence[str], site: str | None) -> tuple[Spec | None, list[Path]]:
    """The spec (None: chosen by the host of each page) and the WARC files that some arguments name. Raises errors of one line."""
    if len(arguments) == 1 and not _is_path(arguments[0]):
        named, _ = catalog.find(arguments[0])
        folder = RAW / named.site
        if not folder.is_dir():
            raise InputError(
                f"{folder}: no such folder; cmtmedqa crawl writes it, or name WARC files and --site {named.site}"
            )
        return named, _inside(folder)
    spec = catalog.find(site)[0] if site else None
    files = [file for argument in arguments for file in _named(Path(argument))]
    return spec, list(dict.fromkeys(files))


def _is_path(argument: str) -> bool:
    return argument.endswith(_SUFFIXES) or Path(argument).exists()


def _named(path: Path) -> list[Path]:
    if path.is_dir():
        return _inside(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file or folder")
    return [path]


def _inside(folder: Path) -> list[Path]:
    files = sorted(file for file in folder.rglob("*") if file.name.endswith(_SUFFIXES) and file.is_file())
    if not files:
        raise InputError(f"{folder}: holds no WARC file ({' '.join(_SUFFIXES)})")
    return files


def parse(
    files: Sequence[Path], spec: Spec | None, spool: Spool, counts: Counter[str], tick: Tick
) -> Iterator[Dialogue | Rejected]:
    """Everything the files hold; `counts` is filled. Raises InputError when a file cannot be read or is no WARC."""
    specs: dict[str, Spec] = {}
    for path in files:
        at = 0
        for page in warc.pages(path):
            counts["responses"] += 1
            counts["without_digest"] += not page.fault and not page.verified
            tick(max(page.offset - at, 0), 1, 0, 0)
            at = page.offset
            yield from _read(page, path.name, spec, specs, spool, counts, tick)
        tick(max(path.stat().st_size - at, 0), 0, 0, 0)
    for group in spool.groups():
        for result in _joined(group, specs[group[0].site], counts):
            tick(0, 0, isinstance(result, Dialogue), isinstance(result, Rejected))
            yield result


def _read(
    page: warc.Page,
    file: str,
    given: Spec | None,
    specs: dict[str, Spec],
    spool: Spool,
    counts: Counter[str],
    tick: Tick,
) -> Iterator[Rejected]:
    """Put a page of a dialogue into the spool; a page that is unusable as a file's record is rejected at once."""
    where = {"file": file, "offset": page.offset, "digest": page.digest}
    if page.fault and page.fault != "revisit":
        detail = "the file is damaged here" if page.fault in _FILE_FAULTS else "the record differs from its digest"
        counts["rejected"] += 1
        tick(0, 0, 0, 1)
        yield Rejected(given.site if given else "", "", page.url, page.fault, detail, where)
        return
    spec = given or catalog.by_host(urlsplit(page.url).netloc.lower().partition(":")[0])
    answer = response(page.block) if page.http else Response(200, "", page.block)
    if reason := _passed_over(page, answer, spec, given is not None):
        counts[f"{PASSED_OVER}: {reason}"] += 1
        return
    assert spec is not None
    specs[spec.site] = spec
    reading = read_page(spec, answer.body, page.url, answer.content_type, page.date)
    spool.add(_key(spec, reading, page.url), Stored(spec.site, page.url, page.date, where, reading))


def _passed_over(page: warc.Page, answer: Response, spec: Spec | None, given: bool) -> str:
    """Why a response is not looked at, '' if it is."""
    kind = answer.content_type.partition(";")[0].strip().lower()
    if page.fault:
        return page.fault
    if spec is None or (given and not _of_site(spec, page.url)):
        return "other_site"
    if answer.fault:
        return answer.fault
    if answer.status != 200:
        return f"http_{answer.status}"
    if kind and kind not in {"text/html", "application/xhtml+xml", "text/xml", "application/octet-stream"}:
        return "not_html"
    if urlsplit(page.url).path == "/robots.txt" or b"<" not in answer.body:
        return "not_html"
    return ""


def _of_site(spec: Spec, url: str) -> bool:
    """A given spec also reads copies on other hosts, if their addresses are those of its pages."""
    return not spec.allow or any(pattern(one).search(url) for one in spec.allow) or address_of(spec, url) is not None


def _key(spec: Spec, reading: Reading, url: str) -> str:
    if reading.id:
        return f"{spec.site} {reading.id}"
    return f"{spec.site} {url.partition('#')[0]}"


def _joined(group: list[Stored], spec: Spec, counts: Counter[str]) -> Iterator[Dialogue | Rejected]:
    """The dialogues of the pages that share an id, without what stands behind a missing page."""
    whole: list[Stored] = []
    for stored in _best(group, counts):
        refused = stored.reading.refused
        if refused is None and stored.reading.number != len(whole) + 1:
            refused = Refusal("missing_page", f"page {len(whole) + 1} of the dialogue is not there")
        if refused:
            yield from _reject(stored, refused, counts)
        else:
            whole.append(stored)
    if not whole:
        return
    found = finish(spec, [stored.reading for stored in whole])
    kept = sum(isinstance(one, Mapped) for one in found)
    counts["dialogues"] += kept
    counts["pages of dialogues" if kept else "rejected"] += len(whole)
    for one in found:
        if isinstance(one, Mapped):
            yield Dialogue(spec.site, spec.license, _placed(one, whole, group))
        else:
            counts["answers rejected"] += bool(kept)
            counts[f"reason {one.reason}"] += 1 if kept else len(whole)
            yield Rejected(spec.site, one.id, whole[0].url, one.reason, one.detail, whole[0].warc)


def _best(group: list[Stored], counts: Counter[str]) -> Iterator[Stored]:
    """One capture of each page: the one that says most, the first of equals. Refused ones besides it are rejected on their own."""
    numbers = dict.fromkeys(stored.reading.number for stored in group)
    for number in numbers:
        captures = [stored for stored in group if stored.reading.number == number]
        good = [stored for stored in captures if stored.reading.refused is None]
        yield from (stored for stored in captures if stored.reading.refused is not None)
        if good:
            counts["further captures"] += len(good) - 1
            yield max(good, key=lambda stored: sum(len(draft.turns) for _, draft in stored.reading.drafts))


def _reject(stored: Stored, refused: Refusal, counts: Counter[str]) -> Iterator[Rejected]:
    if refused.reason == "not_a_dialogue":
        counts[f"{PASSED_OVER}: not_a_dialogue"] += 1
        return
    counts["rejected"] += 1
    counts[f"reason {refused.reason}"] += 1
    yield Rejected(stored.site, stored.reading.id, stored.url, refused.reason, refused.detail, stored.warc)


def _placed(mapped: Mapped, whole: list[Stored], group: list[Stored]) -> Mapped:
    """The dialogue with where it was read."""
    urls = list(dict.fromkeys(stored.url for stored in group if stored.reading.refused is None))
    extra: dict[str, object] = {**mapped.extra, "warc": whole[0].warc, "fetched": whole[0].fetched}
    if len(whole) > 1:
        extra["warc_pages"] = [stored.warc for stored in whole]
    if len(urls) > 1:
        extra["urls"] = urls
    return mapped._replace(url=whole[0].url, extra=extra)


__all__ = ["PASSED_OVER", "RAW", "Dialogue", "Rejected", "files_of", "parse"]
