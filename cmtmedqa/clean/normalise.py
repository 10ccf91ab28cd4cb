"""Normalisation of one text or of a column of texts: the same steps, the same result.

Each step is a function text -> text with a gate, an RE2 pattern that finds every text the step could change. On a column
only gated rows reach Python. Steps repeat until nothing changes, which makes the
whole idempotent: normalise(normalise(x)) == normalise(x).
"""

import html
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cmtmedqa.clean import boilerplate
from cmtmedqa.config import Normalise
from cmtmedqa.errors import CmtmedqaError

VERSION = "normalise-1"

Ints = npt.NDArray[np.int64]

_MAX_ROUNDS = 8
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
_CJK_PUNCTUATION = "，。！？：；、（）【】《》“”‘’…—"

_TAGS = (
    "a|abbr|article|b|blockquote|body|br|button|center|code|dd|del|div|dl|dt|em|font|footer|form|h[1-6]|head|header|hr|html|i|"
    "iframe|img|input|ins|label|li|link|meta|ol|option|p|pre|section|select|small|span|strong|sub|sup|table|tbody|td|textarea|"
    "tfoot|th|thead|title|tr|u|ul|video|o:p|st1:[a-z]+"
)
_SCRIPT = re.compile(r"<(script|style)\b[^>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_BREAK_TAG = re.compile(r"</?(?:br|p|div|li|tr|h[1-6]|hr|dd|dt)(?:\s[^<>]*|/)?\s*/?>", re.IGNORECASE)
_TAG = re.compile(rf"</?(?:{_TAGS}|script|style)(?:\s[^<>]*|/)?\s*/?>", re.IGNORECASE)
_BARE_REFERENCE = re.compile(r"&(?=[0-9]{2,7};)")
_ESCAPED_BREAK = re.compile(r"\\r\\n|\\[nr](?![a-z])")

_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffd\ue000-\uf8ff]"
)
_LINE_BREAK = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SPACE = re.compile("[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")

_WIDTH = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if chr(code) not in "！（），：；？～［］"} | {
    ord("［"): "[",
    ord("］"): "]",
    ord("｡"): "。",
    ord("､"): "、",
    ord("￥"): "¥",
}
_COMPATIBLE = re.compile("[\u2e80-\u2fdf\u3300-\u33ff\uf900-\ufaff\ufb00-\ufb06]")
_WIDTH_GATE = "[" + "".join(re.escape(chr(code)) for code in _WIDTH) + _COMPATIBLE.pattern[1:]

# What OpenCC's t2s leaves (a variant of 你, one word), and what it breaks: 噁 is simplified in chemical names.
_AFTER_SIMPLIFYING = {
    "妳": "你",
    "麽": "么",
    "甚么": "什么",
    "恶唑": "噁唑",
    "恶嗪": "噁嗪",
    "二恶英": "二噁英",
}

_PAREN = re.compile(r"\(([^()\n]*)\)")
_REPEATS = re.compile(r"([，、；：])\1+|([！？])\2+|。{2,}|…+|\.{3,}|([~～]){2,}")
_HALF = re.compile("[,;:?!]")
_HALF_AFTER_HAN = re.compile(rf"(?<=[{_HAN}）”，；：？！])([,;:?!])(?!//)")
_HALF_BEFORE_HAN = re.compile(rf"(?<=[A-Za-z0-9%℃)])([,;?!]) ?(?=[{_HAN}])")
_STOP_AFTER_HAN = re.compile(rf"(?<=[{_HAN}）])\.(?=[{_HAN}\n]|$| )")
_FULL = str.maketrans(",;:?!", "，；：？！")
_PUNCTUATION_GATE = (
    rf"[{_HAN}）”，；：？！][,;:?!]|[A-Za-z0-9%℃)][,;?!] ?[{_HAN}]|[{_HAN}）]\.|\([^()\n]*\)"
    r"|，，|、、|；；|：：|！！|？？|。。|\.\.\.|~~|～～|~～|～~|(?:^|[^…])…(?:[^…]|$)|…{3}"
)

_GAP = re.compile(rf"(?<=[{_HAN}{_CJK_PUNCTUATION}]) +(?=[{_HAN}{_CJK_PUNCTUATION}])")
_EDGE = re.compile(r"(?<! ) *+\n[ \n]*+")  # from the first space on: from each would be quadratic
_SPACES = re.compile(r" {2,}")


class Step(NamedTuple):
    """A normalisation step: `change` may alter only texts that match `gate` (RE2 syntax)."""

    name: str
    gate: str
    change: Callable[[str], str]


def strip_markup(text: str) -> str:
    """Resolve HTML entities (broken ones too: `&65533;`), turn breaks into line ends, remove tags and scripts."""
    for _ in range(_MAX_ROUNDS):
        before = text
        text = html.unescape(_BARE_REFERENCE.sub("&#", text)) if "&" in text else text
        if "<" in text:
            text = _COMMENT.sub("", _SCRIPT.sub("", text))
            text = _TAG.sub("", _BREAK_TAG.sub("\n", text))
        if text == before:
            break
    return _ESCAPED_BREAK.sub("\n", text)


def strip_controls(text: str) -> str:
    """Remove control, zero-width, private and replacement characters; all kinds of line ends become one."""
    return _INVISIBLE.sub("", _SPACE.sub(" ", _LINE_BREAK.sub("\n", text)))


def fold_width(text: str) -> str:
    """Turn full-width letters, digits and signs to half width (Chinese punctuation stays); ㎎, ㎝, radicals to letters."""
    text = text.translate(_WIDTH)
    return _COMPATIBLE.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)


def tidy_punctuation(text: str) -> str:
    """Turn half-width marks beside Han characters to full width, repeated marks to one, `...` to `……`."""
    if _HALF.search(text):
        text = _HALF_BEFORE_HAN.sub(lambda found: found[1].translate(_FULL), text)
        text = _HALF_AFTER_HAN.sub(lambda found: found[1].translate(_FULL), text)
    if "." in text:
        text = _STOP_AFTER_HAN.sub("。", text)
    if "(" in text:
        text = _PAREN.sub(_full_parentheses, text)
    return _REPEATS.sub(_one_mark, text)


def tidy_space(text: str) -> str:
    """No space between Han characters, single spaces elsewhere, no empty lines, nothing at the ends."""
    return _SPACES.sub(" ", _GAP.sub("", _EDGE.sub("\n", text))).strip()


def _full_parentheses(found: re.Match[str]) -> str:
    before = found.string[max(found.start() - 1, 0) : found.start()]
    beside_han = bool(re.search(f"[{_HAN}]", found[1])) or bool(re.match(f"[{_HAN}{_CJK_PUNCTUATION}]", before))
    return f"（{found[1]}）" if beside_han else found[0]


def _one_mark(found: re.Match[str]) -> str:
    text = found[0]
    return "……" if text[0] in "…." or (text[0] == "。" and len(text) > 2) else text[0]


@cache
def _converter() -> Callable[[str], str]:
    """OpenCC t2s. Two packages are imported as `opencc`; the pure-Python one is 37 times slower and is refused."""
    import opencc

    if (
        "opencc_python_reimplemented" in str(opencc.__file__)
        or not opencc.__file__
        or not _is_compiled(opencc.__file__)
    ):
        raise CmtmedqaError(
            "the package opencc-python-reimplemented hides OpenCC: pip uninstall opencc-python-reimplemented, then "
            "pip install --force-reinstall opencc"
        )
    convert: Callable[[str], str] = opencc.OpenCC("t2s").convert
    return convert


def _is_compiled(module_file: str) -> bool:
    from pathlib import Path

    folder = Path(module_file).parent
    return any(folder.rglob("opencc_clib*")) or any(folder.rglob("*.so")) or any(folder.rglob("*.pyd"))


@cache
def _traditional() -> frozenset[str]:
    """The characters that OpenCC changes when they stand alone (about 4,000), and those we change after it."""
    blocks = [range(0x3400, 0x4DC0), range(0x4E00, 0xA000), range(0x20000, 0x2EBF0)]
    characters = [chr(code) for block in blocks for code in block]
    converted = _converter()("\n".join(characters)).split("\n")
    changed = {old for old, new in zip(characters, converted, strict=True) if old != new}
    return frozenset(changed | {key for key in _AFTER_SIMPLIFYING if len(key) == 1})


@cache
def _traditional_gate() -> str:
    return "[" + "".join(sorted(_traditional())) + "]|" + "|".join(key for key in _AFTER_SIMPLIFYING if len(key) > 1)


def simplify(text: str) -> str:
    """Traditional to simplified characters (OpenCC `t2s`, with its phrase table).

    Text without any character that is traditional by itself stays as it is: characters that are only traditional inside
    a phrase (覆, 藉, 瞭, 著, 沈) are left alone in simplified text.
    """
    if not _traditional().isdisjoint(text):
        text = _converter()(text)
    for old, new in _AFTER_SIMPLIFYING.items():
        text = text.replace(old, new)
    return text


def steps(settings: Normalise) -> list[Step]:
    """The steps that are switched on, in their order."""
    chosen = [
        (settings.markup, Step("markup", r"&|<|\\[nr]", strip_markup)),
        (
            True,
            Step(
                "controls",
                r"[^\n -~¡-¬®-\x{02ff}\x{2010}-\x{2027}\x{2030}-\x{205e}\x{2070}-\x{2fff}\x{3001}-\x{d7ff}\x{f900}-\x{fdff}\x{fe10}-\x{fefe}\x{ff00}-\x{fff8}]",
                strip_controls,
            ),
        ),
        (settings.width, Step("width", _WIDTH_GATE, fold_width)),
        (settings.traditional_to_simplified, Step("simplify", _traditional_gate(), simplify)),
        (
            settings.punctuation,
            Step("punctuation", _PUNCTUATION_GATE, tidy_punctuation),
        ),
        (True, Step("space", r"\n|\s$|^\s|  |[^ -~] [^ -~]", tidy_space)),
    ]
    return [step for wanted, step in chosen if wanted]


def normalise_text(text: str, settings: Normalise, doctor: bool = False) -> str:
    """The normal form of one text; `doctor` says whether courtesy tails may be cut from it."""
    active = steps(settings)
    for _ in range(_MAX_ROUNDS):
        before = text
        for step in active:
            text = step.change(text)
        text = tidy_space(boilerplate.strip_boilerplate(text, settings, doctor))
        if text == before:
            break
    return text


def normalise_column(texts: pa.StringArray, settings: Normalise, doctor: pa.BooleanArray) -> pa.StringArray:
    """`normalise_text` on a column; row i is a doctor's turn where `doctor[i]`. Nulls are not allowed."""
    return normalise_traced(texts, settings, doctor)[0]


def normalise_traced(
    texts: pa.StringArray, settings: Normalise, doctor: pa.BooleanArray
) -> tuple[pa.StringArray, dict[str, Ints]]:
    """`normalise_column`, and for each step that changed anything the rows it changed (a row may occur twice)."""
    active = steps(settings)
    changes: dict[str, list[Ints]] = {}
    rows: pa.Array | None = None
    current, speaker = texts, doctor
    for _ in range(_MAX_ROUNDS):
        changed = _one_round(current, active, settings, speaker, rows, changes)
        different = pc.not_equal(changed, current)
        texts = changed if rows is None else _scatter(texts, rows, changed)
        if not pc.any(different, min_count=0).as_py():
            break
        moved = pc.indices_nonzero(different)
        rows = moved if rows is None else rows.take(moved)
        current, speaker = changed.take(moved), speaker.take(moved)
    return texts, {name: np.concatenate(found) for name, found in changes.items()}


def _one_round(
    texts: pa.StringArray,
    active: Sequence[Step],
    settings: Normalise,
    doctor: pa.BooleanArray,
    rows: pa.Array | None,
    changes: dict[str, list[Ints]],
) -> pa.StringArray:
    """Every step once; `rows` are the numbers of the texts in the column, `changes` gets the rows that each step changed."""
    numbers = np.arange(len(texts)) if rows is None else rows.to_numpy().astype(np.int64)
    # One pass finds the rows that any step could change; what none can change at the start, none can change later.
    any_gate = pc.match_substring_regex(texts, "|".join(step.gate for step in active))
    inside = numbers[any_gate.to_numpy(zero_copy_only=False)]
    changeable = texts.filter(any_gate)
    for step in active:
        after = _change_gated(changeable, step.gate, _whatever_row(step.change))
        _note(changes, step.name, changeable, after, inside)
        changeable = after
    before = pc.replace_with_mask(texts, any_gate, changeable)
    speakers = doctor.to_numpy(zero_copy_only=False)
    after = _change_gated(
        before,
        boilerplate.gate(settings),
        lambda row, text: tidy_space(boilerplate.strip_boilerplate(text, settings, bool(speakers[row]))),
    )
    _note(changes, "boilerplate", before, after, numbers)
    return after


def _note(
    changes: dict[str, list[Ints]], name: str, before: pa.StringArray, after: pa.StringArray, numbers: Ints
) -> None:
    if after is not before and len(found := numbers[pc.not_equal(after, before).to_numpy(zero_copy_only=False)]):
        changes.setdefault(name, []).append(found)


def _whatever_row(change: Callable[[str], str]) -> Callable[[int, str], str]:
    return lambda _row, text: change(text)


def _change_gated(texts: pa.StringArray, gate: str, change: Callable[[int, str], str]) -> pa.StringArray:
    """Apply `change(row, text)` to the rows that match `gate`."""
    hits = pc.match_substring_regex(texts, gate)
    rows = pc.indices_nonzero(hits).to_pylist()
    if not rows:
        return texts
    changed = [change(row, text) for row, text in zip(rows, texts.filter(hits).to_pylist(), strict=True)]
    return pc.replace_with_mask(texts, hits, pa.array(changed, pa.string()))


def _scatter(texts: pa.StringArray, rows: pa.Array, values: pa.StringArray) -> pa.StringArray:
    mask = np.zeros(len(texts), dtype=bool)
    mask[rows.to_numpy(zero_copy_only=False)] = True
    return pc.replace_with_mask(texts, pa.array(mask), values)
