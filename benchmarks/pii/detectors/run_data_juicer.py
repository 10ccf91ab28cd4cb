"""Personal data with Data-Juicer's pii_redaction_mapper, addresses of the net included: run_data_juicer.py FOLDER.

It gives the redacted text only; the spans follow from what stands between its tags.
"""

import re
from collections.abc import Sequence

from data_juicer.ops.mapper.pii_redaction_mapper import PiiRedactionMapper
from texts import Spans, serve

LABELS = {"EMAIL": "email", "PHONE": "phone", "ID_CARD": "id_card", "URL": "url", "IP": "ip"}
TAG = re.compile(r"\[(?:([A-Z_]+)_)?REDACTED\]")
MAPPER = PiiRedactionMapper(mask_urls=True)


def spans(text: str, redacted: str) -> Spans:
    """Where the text differs: each piece of the redacted text that is no tag is looked up in the text, in order."""
    pieces = TAG.split(redacted)
    kept, tags = pieces[::2], pieces[1::2]
    found, place = [], len(kept[0])
    for tag, piece in zip(tags, kept[1:], strict=True):
        start = place
        last = piece is kept[-1]
        end = len(text) - len(piece) if last else text.index(piece, start + 1)
        found.append((start, end, LABELS.get(tag or "", tag or "secret")))
        place = end + len(piece)
    return found


def find_all(texts: Sequence[str]) -> list[Spans]:
    redacted = MAPPER.process_batched({"text": list(texts)})["text"]
    return [spans(text, after) if text != after else [] for text, after in zip(texts, redacted, strict=True)]


if __name__ == "__main__":
    serve(find_all)
