"""The tables of the guidelines, made from the rubric, between markers in a text that people write.

A block stands between `<!-- rubric:NAME -->` and `<!-- /rubric:NAME -->`; NAME is one of `BLOCKS`.
"""

import re
from collections.abc import Callable

from cmtmedqa.errors import InputError
from cmtmedqa.rubric import Language, Rubric

_MARKED = re.compile(r"(<!-- rubric:(\w+) -->\n)(.*?)(<!-- /rubric:\2 -->)", re.DOTALL)


def filled(text: str, rubric: Rubric, language: Language, where: str) -> str:
    """The text with every block written anew. Raises InputError for an unknown block or a marker without its end."""

    def block(found: re.Match[str]) -> str:
        if found[2] not in BLOCKS:
            raise InputError(f"{where}: no block 'rubric:{found[2]}'; there are {', '.join(BLOCKS)}")
        return found[1] + BLOCKS[found[2]](rubric, language) + found[4]

    if len(_MARKED.findall(text)) * 2 != len(re.findall(r"<!-- /?rubric:", text)):
        raise InputError(f"{where}: a marker of the rubric has no end, or an end no beginning")
    return _MARKED.sub(block, text)


def _abilities(rubric: Rubric, language: Language) -> str:
    head = {"zh": ("序", "维度", "能力", "含义", "不合格的情形", "勾选"), "en": ("#", "dimension", "ability", "meaning", "it fails if", "tag")}  # fmt: skip
    rows, number = [], 0
    for dimension in rubric.dimensions:
        for ability in dimension.abilities:
            number += 1
            texts = (dimension.name, ability.name, ability.definition, ability.fails, ability.tag)
            rows.append((str(number), *(text.in_language(language) for text in texts)))
    return _table(head[language], rows)


def _scores(rubric: Rubric, language: Language) -> str:
    names = tuple(dimension.name.in_language(language) for dimension in rubric.dimensions)
    rows = [
        (str(score), *(dimension.scores[score - 1].in_language(language) for dimension in rubric.dimensions))
        for score in range(5, 0, -1)
    ]
    return _table(({"zh": "星", "en": "stars"}[language], *names), rows)


def _rules(rubric: Rubric, language: Language) -> str:
    names = {"zh": ("并列", "一票否决"), "en": ("Tie", "Veto")}[language]
    mark = {"zh": "：", "en": ": "}[language]
    texts = (rubric.tie.in_language(language), rubric.veto.in_language(language))
    return "".join(f"- **{name}**{mark}{text}\n" for name, text in zip(names, texts, strict=True))


def _examples(rubric: Rubric, language: Language) -> str:
    lines = []
    for ability in rubric.abilities():
        lines.append(f"**{ability.name.in_language(language)}**\n\n")
        for good, exchange in ((True, ability.example), (False, ability.counter_example)):
            if language == "en":
                lines.append(f"- {'good' if good else 'bad'}: {exchange.en}\n")
                continue
            lines.append(f"- 患者：{exchange.patient}\n  - {'合格' if good else '不合格'}：{exchange.doctor}\n")
        lines.append("\n")
    return "".join(lines)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _version(rubric: Rubric, language: Language) -> str:
    return {"zh": f"评分标准版本 {rubric.version}。\n", "en": f"Rubric version {rubric.version}.\n"}[language]


BLOCKS: dict[str, Callable[[Rubric, Language], str]] = {
    "version": _version,
    "abilities": _abilities,
    "scores": _scores,
    "rules": _rules,
    "examples": _examples,
}
