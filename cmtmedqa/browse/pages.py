"""The pages: start, results, record. Every state is in the address, so that a page can be linked to and reloaded."""

from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from cmtmedqa.browse.dataset import MEMBERS, Cluster, cluster_of, numbers_of, read_rows
from cmtmedqa.browse.library import Library
from cmtmedqa.browse.search import NO_DEPARTMENT, STATUSES, Query, Scan
from cmtmedqa.browse.shown import Shown, elsewhere, first_patient_text, marked, shown, side_by_side, snippet
from cmtmedqa.browse.texts import LANGUAGES
from cmtmedqa.build.why import explain
from cmtmedqa.build.why_text import tell
from cmtmedqa.errors import InputError
from cmtmedqa.records import SPLITS

PAGE = 25
LONGEST_TEXT = 200
_LISTED = 200
_DIGITS = 9
_COUNTED = 100_000

blueprint = Blueprint("pages", __name__)


class Problem(Exception):
    """A page that cannot be shown: the words that say why, and the HTTP status."""

    def __init__(self, key: str, status: int, **values: object) -> None:
        super().__init__(key)
        self.key, self.status, self.values = key, status, values


def language() -> str:
    """The language of the page: that of the switch, else the browser's, else English."""
    wanted = request.args.get("lang", "")
    return wanted if wanted in LANGUAGES else request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]


def asked() -> Query:
    """The search in the address."""
    text = request.args.get("q", "").strip()
    status = request.args.get("status", "")
    others = {name: request.args.get(name, "") for name in ("reason", "department", "split", "source")}
    return Query(text=text, status=status if status in STATUSES else STATUSES[0], **others)


def link(where: str, query: Query | None = None, /, **values: Any) -> str:
    """The address of a page, in the language that was chosen and within a search."""
    fields = {("q" if name == "text" else name): value for name, value in (query or Query())._asdict().items()}
    fields = {name: value for name, value in fields.items() if value and value != STATUSES[0]}
    chosen = {"lang": request.args["lang"]} if request.args.get("lang") in LANGUAGES else {}
    return url_for(f"pages.{where}", **(fields | chosen | values))


def _library() -> Library:
    library: Library = current_app.extensions["library"]
    return library


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else 1


@blueprint.get("/")
def start() -> str:
    """What was read, what was kept, and ways into the records."""
    return render_template("start.html", listed=_LISTED, choices=_choices(), no_department=NO_DEPARTMENT)


@blueprint.get("/search")
def results() -> str:
    """A page of the records that a search finds, or all of them."""
    query, library = asked(), _library()
    if len(query.text) > LONGEST_TEXT:
        raise Problem("too_long", 400, count=LONGEST_TEXT)
    scan = library.searches.scan(query)
    page = max(_number(request.args.get("page", "")), 1)
    known = scan.find(page * PAGE + 1, library.patience.fill)
    if scan.done or known > page * PAGE:
        known = scan.find(max(_COUNTED, page * PAGE + 1), library.patience.counting)
    if scan.done:
        page = min(page, max(-(-known // PAGE), 1))
    first = (page - 1) * PAGE
    numbers = scan.page(first, PAGE)
    records = [shown(*row) for row in read_rows(library.dataset, numbers)]
    return render_template(
        "results.html",
        items=[_item(record, query.text) for record in records],
        count=_count(scan, known, first + PAGE),
        page=page,
        following=known > first + PAGE,
        unfinished=not scan.done and known <= first + PAGE,
        choices=_choices(),
    )


def _count(scan: Scan, known: int, shown_to: int) -> tuple[str, dict[str, object]]:
    """The words for how many there are, as far as the scan knows."""
    if scan.done:
        return {0: "found_none", 1: "found_one"}.get(known, "found"), {"count": known}
    if known > shown_to:
        return "found_more", {"count": known - 1}
    return "found_so_far", {"count": known, "share": int(scan.share * 100)}


def _item(record: Shown, text: str) -> dict[str, Any]:
    return {"record": record, "first": snippet(first_patient_text(record), text), "elsewhere": elsewhere(record, text)}


def _choices() -> dict[str, list[str]]:
    """What the filters can be set to; a filter with more than `_LISTED` values is typed instead."""
    report = _library().dataset.report
    return {
        "status": list(STATUSES),
        "reason": [f"{row['step']}/{reason}" for row in report["funnel"] for reason in row["rejected"]],
        "department": list(report["departments"]),
        "split": [name for name in SPLITS if report["splits"].get(name, {}).get("dialogues")],
        "source": list(report["sources"]) if len(report["sources"]) <= _LISTED else [],
    }


@blueprint.get("/record/<int:number>")
def record(number: int) -> str:
    """One record: its dialogue, why it is or is not in the dataset, and its twins."""
    library, query = _library(), asked()
    dataset = library.dataset
    if number >= dataset.total:
        raise Problem("no_record", 404, number=number, total=dataset.total)
    ((_, split, row),) = read_rows(dataset, [number])
    current = shown(number, split, row)
    cluster = cluster_of(dataset, current.id) if current.kept or current.duplicate else None
    winner = _winner(cluster) if cluster and current.duplicate else None
    return render_template(
        "record.html",
        record=current,
        why=_why(current.id),
        same_id=len(numbers_of(dataset, current.id)),
        cluster=cluster,
        members=MEMBERS,
        winner=winner,
        pairs=side_by_side(current.turns, winner.turns) if winner else [],
        marked=marked,
        **_neighbours(library, query, number),
    )


def _winner(cluster: Cluster) -> Shown | None:
    """The record that won, even if a later step dropped it; None when it is in an older dataset."""
    dataset = _library().dataset
    numbers = numbers_of(dataset, cluster.winner, kept_only=True) or numbers_of(dataset, cluster.winner)
    return shown(*read_rows(dataset, numbers[:1])[0]) if numbers else None


def _why(identifier: str) -> list[str]:
    try:
        return tell(explain(_library().dataset.folder, identifier), language())
    except InputError as error:
        return [str(error)]


def _neighbours(library: Library, query: Query, number: int) -> dict[str, Any]:
    """The records before and after: within the search that led here, else in the dataset."""
    if query == Query():
        last = library.dataset.total - 1
        return {"before": number - 1 if number else None, "after": number + 1 if number < last else None, "place": None}
    before, place, after = library.searches.scan(query).around(number, library.patience.fill)
    page = 1 if place is None else place // PAGE + 1
    return {"before": before, "after": after, "place": place, "back": link("results", query, page=page)}


@blueprint.get("/id")
def by_id() -> Response | str:
    """The record with an id; a list where several rejected ones share it."""
    identifier, dataset = request.args.get("is", ""), _library().dataset
    numbers = numbers_of(dataset, identifier)
    if not numbers:
        raise Problem("no_id", 404, id=identifier)
    if len(numbers) == 1:
        return redirect(link("record", number=numbers[0]))
    records = [shown(*row) for row in read_rows(dataset, numbers[:PAGE])]
    return render_template(
        "results.html",
        items=[_item(item, "") for item in records],
        count=("found", {"count": len(numbers)}),
        page=1,
        following=False,
        unfinished=False,
        choices=_choices(),
    )
