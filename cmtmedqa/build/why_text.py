"""The answer of `why` in plain sentences, Chinese or English."""

from typing import Any

from cmtmedqa.build.wording import REASONS, REPAIRS, STEPS, words
from cmtmedqa.records import PII_KINDS

Row = dict[str, Any]


def tell(explanation: Row, language: str = "en") -> list[str]:
    """One sentence a line: what became of the record, where it came from, what was done with it, and why."""
    say = _chinese if language == "zh" else _english
    lines = [
        say("kept" if explanation["status"] == "kept" else "dropped", **explanation, **_reason(explanation, language))
    ]
    origin = explanation["read_from"]
    lines.append(say("origin", **origin, source=explanation["source"]))
    if origin["file_sha256"]:
        lines.append(say("digest", sha=origin["file_sha256"]))
    if origin["warc"]:
        lines.append(say("warc", **origin["warc"]))
    lines += [_transformation(step, language) for step in explanation["transformations"]]
    lines += _filters(explanation["filters"], language)
    lines += _duplicates(explanation, language)
    if split := explanation["split"]:
        lines.append(say("split", **split))
    lines += [say("same_id", **row, fate=_fate(row, language)) for row in explanation["same_id"]]
    return [lines[0], *(line[:1].upper() + line[1:] for line in lines[1:])]


_SENTENCES = {
    "kept": ("{id}：在数据集中。", "{id} is in the dataset."),
    "dropped": ("{id}：不在数据集中。{step}一步去除：{reason}{more}。", "{id} is not in the dataset: {step} dropped it because of this: {reason}{more}."),
    "origin": ("来自 {source}：文件 {file} 的第 {index} 条记录（从 0 数），格式 {shape}。", "It comes from {source}: record {index} (from 0) of {file}, read as {shape}."),
    "digest": ("该文件的 SHA-256：{sha}。", "SHA-256 of that file: {sha}."),
    "warc": ("网页存于 {file}，偏移 {offset}，摘要 {digest}。", "Its page is stored in {file} at offset {offset}, digest {digest}."),
    "read": ("读取时内容的哈希：{after}。", "Hash of what was read: {after}."),
    "erased": ("内容、哈希和编号均已删除。", "Text, hashes and id were erased."),
    "unchanged": ("{stage}（{version}）：没有改变。", "{stage} ({version}) changed nothing."),
    "changed": ("{stage}（{version}）：{what}；哈希由 {before} 变为 {after}。", "{stage} ({version}): {what}; the hash went from {before} to {after}."),
    "replaced": ("替换了 {kinds}", "replaced {kinds}"),
    "altered": ("内容有改动", "the text was altered"),
    "passed": ("过滤：{count} 项全部通过（{values}）。", "Filters: passed all {count} ({values})."),
    "failed": ("过滤：未通过 {values}。", "Filters: failed {values}."),
    "winner": ("重复组 {cluster}：保留的就是它，另有 {count} 条（{others}）。", "Cluster {cluster}: it is the one that stays, of {count} others ({others})."),
    "loser": ("重复组 {cluster}：保留的是 {winner}，与它的 Jaccard 为 {similarity}。", "Cluster {cluster}: {winner} stays in its place; Jaccard with it {similarity}."),
    "split": (
        "划分：{name}。组 {cluster} 的哈希位置为 {place}（test {test}，dev {dev}：小于 1 为比例，否则为条数）。",
        "Split: {name}. The hash of cluster {cluster} lies at {place} (test {test}, dev {dev}: shares below 1, else numbers of dialogues).",
    ),
    "same_id": ("另有一条同名记录：{file} 的第 {index} 条，{fate}。", "Another record has this id: record {index} of {file}, {fate}."),
    "fate_kept": ("在数据集中", "in the dataset"),
    "fate_dropped": ("{step}一步去除：{reason}", "dropped by {step}: {reason}"),
}  # fmt: skip


def _chinese(sentence: str, /, **values: Any) -> str:
    return _SENTENCES[sentence][0].format(**values)


def _english(sentence: str, /, **values: Any) -> str:
    return _SENTENCES[sentence][1].format(**values)


def _reason(explanation: Row, language: str) -> Row:
    dropped = explanation["dropped"]
    if dropped is None:
        return {}
    # The winner of a duplicate has a sentence of its own; in Chinese the English detail would only repeat it.
    detail = "" if language == "zh" and dropped["step"] == "deduplicate" else dropped["detail"]
    return {
        "step": words(STEPS, dropped["step"], language),
        "reason": words(REASONS, dropped["reason"], language),
        "more": (f"（{detail}）" if language == "zh" else f" ({detail})") if detail else "",
    }


def _transformation(step: Row, language: str) -> str:
    say = _chinese if language == "zh" else _english
    if step["stage"] == "read":
        return say("read", **step) if step["after"] else say("erased")
    name = words(STEPS, step["stage"], language)
    if not step["changed"]:
        return say("unchanged", stage=name, version=step["version"])
    mark = "、" if language == "zh" else ", "
    what = mark.join(words(REPAIRS, change, language) for change in step.get("changes", ()))
    if step.get("kinds"):
        what = say(
            "replaced", kinds=mark.join(f"{_kind(kind, language)} × {count}" for kind, count in step["kinds"].items())
        )
    values = step | {"stage": name, "what": what or say("altered")}
    return say("changed", **values)


def _kind(kind: str, language: str) -> str:
    return PII_KINDS[kind][language != "zh"] if kind in PII_KINDS else kind


def _filters(filters: list[Row], language: str) -> list[str]:
    if not filters:
        return []
    say = _chinese if language == "zh" else _english
    failed = [item for item in filters if not item["passed"]]
    shown = ", ".join(f"{item['filter']} {item['threshold']:g}: {item['value']:g}" for item in failed or filters)
    return [say("failed", values=shown) if failed else say("passed", count=len(filters), values=shown)]


def _duplicates(explanation: Row, language: str) -> list[str]:
    found = explanation["duplicates"]
    if not found:
        return []
    say = _chinese if language == "zh" else _english
    if explanation["status"] == "dropped":
        return [say("loser", **found)]
    others = ", ".join(f"{item['id']} {item['similarity']:.4f}" for item in found["others"])
    return [say("winner", cluster=found["cluster"], count=len(found["others"]), others=others)]


def _fate(row: Row, language: str) -> str:
    say = _chinese if language == "zh" else _english
    if row["step"] is None:
        return say("fate_kept")
    return say("fate_dropped", step=words(STEPS, row["step"], language), reason=words(REASONS, row["reason"], language))
