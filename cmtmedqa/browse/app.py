"""The application behind `cmtmedqa browse`: templates that escape everything, no script, no cookie, strict headers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
from flask import Flask, Response, render_template, request

from cmtmedqa.browse import pages
from cmtmedqa.browse.library import Library, Patience
from cmtmedqa.browse.pages import Problem, asked, language, link
from cmtmedqa.browse.texts import LANGUAGES, word
from cmtmedqa.errors import InputError

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


def create_app(folder: Path, patience: Patience | None = None) -> Flask:
    """The application for one dataset. Raises InputError when the folder holds no finished one."""
    library = Library(folder, patience or Patience())
    app = Flask(__name__)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.extensions["library"] = library
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.register_blueprint(pages.blueprint)
    app.context_processor(_words(library, folder.resolve().name))
    app.before_request(lambda: None if request.endpoint == "static" else library.refresh())
    app.after_request(_with_headers)
    app.register_error_handler(Problem, lambda error: _message(error.key, error.status, **error.values))
    app.register_error_handler(InputError, lambda _: _message("changed", 503))
    app.register_error_handler(404, lambda _: _message("not_found", 404))
    app.register_error_handler(500, lambda _: _message("broken", 500))
    for damaged in (OSError, pa.ArrowException):
        app.register_error_handler(damaged, lambda _: _message("unreadable_files", 500))
    return app


def _words(library: Library, name: str) -> Callable[[], dict[str, Any]]:
    def words() -> dict[str, Any]:
        chosen = language()

        def in_words(key: str, **values: object) -> str:
            return word(key, chosen, **values)

        return {
            "t": in_words,
            "link": link,
            "language": chosen,
            "other": LANGUAGES[1 - LANGUAGES.index(chosen)],
            "name": name,
            "report": library.dataset.report,
            "query": asked(),
            "here": request.path,
        }

    return words


def _with_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response


def _message(key: str, status: int, **values: object) -> tuple[str, int]:
    return render_template("message.html", message=word(key, language(), **values)), status
