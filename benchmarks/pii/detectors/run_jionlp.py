"""Personal data with every extractor of jionlp that gives offsets: run_jionlp.py FOLDER."""

import contextlib
import io

with contextlib.redirect_stdout(io.StringIO()):  # it prints a banner
    import jionlp
from texts import Spans, each, serve

EXTRACTORS = {
    "id_card": jionlp.extract_id_card,
    "email": jionlp.extract_email,
    "url": jionlp.extract_url,
    "ip": jionlp.extract_ip_address,
    "qq": jionlp.extract_qq,
    "wechat": jionlp.extract_wechat_id,
    "plate": jionlp.extract_motor_vehicle_licence_plate,
    "phone": jionlp.extract_phone_number,
}
PHONES = {"cell_phone": "mobile", "landline_phone": "landline"}


def find(text: str) -> Spans:
    spans: Spans = []
    for label, extract in EXTRACTORS.items():
        try:
            items = extract(text, detail=True)
        except AttributeError:  # its extract_email on an address with full-width marks
            continue
        for item in items:
            start, end = item["offset"]
            spans.append((start, end, PHONES.get(item.get("type", ""), label)))
    return spans


if __name__ == "__main__":
    serve(each(find))
