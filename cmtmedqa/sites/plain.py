"""All text of a saved page, for whoever looks for something in it: what a reader sees, and what stands in its source besides."""

import re
from collections.abc import Iterator

from cmtmedqa.sites.encoding import decode
from cmtmedqa.sites.page import Page
from cmtmedqa.sites.text import lines, text_of

_BEGINS = re.compile(r"\s*<(?:!doctype|html|head|body|meta|div|p|\?xml)\b", re.IGNORECASE)
_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
_UNSEEN = ("title", "script", "noscript", "template", "textarea", "option", "button")
_SAID = frozenset({"alt", "title", "content", "value", "placeholder", "label", "summary"})
_DIALS = ("tel:", "mailto:", "sms:")


def is_page(text: str) -> bool:
    """Whether a text begins like a page."""
    return _BEGINS.match(text) is not None


def texts_of(body: bytes, content_type: str = "") -> list[tuple[str, str]] | None:
    """The texts of a body as (where, text): `text`, `source` and `comments` of a page, `body` of any other; None for no text."""
    decoded = decode(body, content_type)
    if decoded is None or b"\0" in body[:4096]:
        return None
    if not is_page(decoded.text):
        return [("body", decoded.text)]
    page = Page(decoded, "")
    found = [
        ("text", text_of(page.tree)),
        ("source", "\n".join(_unseen(page))),
        ("comments", "\n".join(map(lines, _COMMENT.findall(decoded.text)))),
    ]
    return [(where, text) for where, text in found if text]


def _unseen(page: Page) -> Iterator[str]:
    """What the source holds and a reader does not see: scripts, attributes that say something, numbers to dial."""
    for element in page.tree.iter():
        if element.tag in _UNSEEN and (text := lines("".join(element.itertext()))):
            yield text
        for name, value in element.attrib.items():
            if name in _SAID or name.startswith("data-") or value.startswith(_DIALS):
                yield lines(value)
