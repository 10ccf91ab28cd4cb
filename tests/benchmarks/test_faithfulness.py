"""The benchmark of the gates: stored readings decide as the product's reader does."""

import json
from pathlib import Path

from benchmarks.faithfulness import by_readings, by_rules, digest

KEPT = ("别停药,三天后复查", "请勿停药，三天后复查。")
LOST = ("别停药,三天后复查", "可以停药，三天后复查。")
CHANGED = ("别停药,三天后复查", "请勿停药，五天后复查。")
UNREAD = ("发烧几天了", "您发烧几天了？")


def test_stored_readings_stand_in_for_the_soft_gates_and_not_for_the_hard_ones(tmp_path: Path) -> None:
    same = {"lost": [], "changed": [], "added": [], "same": True}
    different = {"lost": ["别停药"], "changed": [], "added": [], "same": False}
    lines = [(KEPT, different), (LOST, same), (CHANGED, same)]
    stored = tmp_path / "readings.jsonl"
    stored.write_text("".join(json.dumps({"pair": digest(*pair), "answer": answer}) + "\n" for pair, answer in lines))
    pairs = [KEPT, LOST, CHANGED, UNREAD]
    rules = by_rules(pairs)
    assert [rules[pair].outcome for pair in pairs] == ["accepted", "negation", "numbers", "accepted"]
    read = by_readings(pairs, stored)
    assert [read[pair].outcome for pair in pairs] == ["reader", "accepted", "numbers", "accepted"]
    assert [read[pair].reader for pair in pairs] == ["different", "same", "", ""]
