"""Numbers that describe a dialogue, counted on the cleaned turns of a batch.

Rates that depend on a pattern name the pattern's version (`VERSION`), since another list of cues gives another rate.
"""

import re
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cmtmedqa.clean.batch import DOCTOR, PATIENT, Batch, Ints, Mask
from cmtmedqa.clean.lexicon import Lexicon
from cmtmedqa.codepoints import CodePoints, code_points, ngram_hashes, windows_inside
from cmtmedqa.farewell import ALWAYS, MOST_CHARS, NEVER, is_farewell
from cmtmedqa.io import arrow_schema
from cmtmedqa.records import ROLES, Features

VERSION = "features-2"

# What a turn is marked with: the sum of these.
INQUIRY, FAREWELL = 1, 2

_QUESTION = "[?？]"

# A doctor asks for information about the case; courtesy (还有其他问题吗, 明白了吗) is none.
_CASE_CUES = (
    "请问|有没有|有无|是否|是不是|会不会|能不能|多久|多长时间|几天|几年|几个月|几次|几岁|多大|多少|多高|什么时候|何时|怎么样|怎样|哪里|哪些|哪个|哪一|哪边|哪种|"
    "什么颜色|什么药|什么症状|什么检查|什么情况|什么病|什么原因|什么样|如何|曾经|以前|平时|最近|目前|现在|过敏史|病史|家族|用药|吃过|用过|做过|查过|去过|治疗过|伴有|伴随|"
    "月经|怀孕|婚|备孕|大便|小便|睡眠|食欲|胃口|体温|血压|血糖|发热|发烧|疼|痛|痒|咳|吐|出血|肿|您|你"
)
_CASE = re.compile(_CASE_CUES)
_ASKED = re.compile(r"[^。！？?；\n]*[?？]")
_COURTESY = re.compile(
    r"(?:还有|还|其他|其它|别的|什么)[^。！？?\n]{0,8}(?:问题|疑问|想问|要问|想了解|需要帮|可以帮|不清楚|不明白)[^。！？?\n]{0,10}[?？]"
    r"|(?:明白|清楚|理解|懂|知道|可以|好)(?:了)?(?:吗|吧|么)[?？]|(?:好吗|对吗|行吗|可以吗|是吧)[?？]|为什么(?:呢|会)?[^。！？?\n]{0,20}[?？]"
)
_ADVICE = (
    "建议|可以(?:服用|口服|吃|用|使用|考虑|选择|试|外用|涂|做)|应该|应当|需要(?:及时|尽快|服用|做|进行|到|去)|注意(?:休息|饮食|保暖|卫生|避免)|"
    "治疗方(?:案|法)|避免|推荐|尽快(?:就医|去|到)|最好"
)
_GRAM = 10


class Measured(NamedTuple):
    """`column`: the `Features` of every row; `marks`: per turn INQUIRY, FAREWELL, both or none."""

    column: pa.StructArray
    marks: npt.NDArray[np.int8]


def features_column(batch: Batch, lexicon: Lexicon) -> pa.StructArray:
    """The `Features` of every row of a batch, as one struct column. Every row has at least one turn."""
    return measure(batch, lexicon).column


def measure(batch: Batch, lexicon: Lexicon) -> Measured:
    """The `Features` of every row of a batch and the marks of its turns. Every row has at least one turn."""
    rows = batch.rows.num_rows
    points = code_points(batch.text)
    matches = lexicon.matches(batch.text)
    chars = np.diff(points.offsets)
    doctor, patient = batch.role == DOCTOR, batch.role == PATIENT
    question = _matches(batch.text, _QUESTION)
    inquiry = _inquiry(batch.text, doctor & question)
    farewell = _farewell(batch, chars)

    def per_row(mask: Mask, weights: Ints | None = None) -> Ints:
        chosen = None if weights is None else weights[mask]
        return np.bincount(batch.dialogue[mask], chosen, minlength=rows).astype(np.int64)

    everything = np.ones(len(chars), bool)
    turns, total = per_row(everything), per_row(everything, chars)
    columns = {
        "turns": turns,
        "patient_chars": per_row(patient, chars),
        "doctor_chars": per_row(doctor, chars),
        "informative_chars": per_row(~farewell, chars),
        "question_rate": _share(per_row(doctor & question), per_row(doctor)),
        "inquiry_turns": per_row(inquiry),
        "early_inquiry": _early(batch, inquiry, doctor & _matches(batch.text, _ADVICE)),
        "farewell_turns": per_row(farewell),
        "repetition": _repetition(batch, points),
        "repeated_turns": _share(turns - _distinct(batch.dialogue, _codes(batch.text), rows), turns),
        "han_share": _han_share(batch, points),
        "medical_terms": _distinct(batch.dialogue[matches.text], matches.term, rows),
        "medical_density": _share(
            np.bincount(batch.dialogue[matches.text], matches.length, minlength=rows).astype(np.int64), total
        ),
    }
    schema = arrow_schema(Features)
    column = pa.StructArray.from_arrays(
        [pa.array(columns[field.name]).cast(field.type) for field in schema], fields=list(schema)
    )
    return Measured(column, (inquiry * INQUIRY + farewell * FAREWELL).astype(np.int8))


def inquiry_turn(text: str) -> bool:
    """Whether a doctor's turn asks the patient for information about the case; courtesy questions do not count."""
    return any(_CASE.search(asked) and not _COURTESY.search(asked) for asked in _ASKED.findall(text))


def _inquiry(texts: pa.StringArray, asked: Mask) -> Mask:
    result = asked.copy()
    result[asked] = [inquiry_turn(text) for text in texts.filter(pa.array(asked)).to_pylist()]
    return result


def _farewell(batch: Batch, chars: Ints) -> Mask:
    """Closing turns (`cmtmedqa.farewell`); the rule looks only at turns that may be one."""
    words = np.where(
        batch.role == DOCTOR,
        _matches(batch.text, ALWAYS["doctor"]),
        _matches(batch.text, ALWAYS["patient"]),
    )
    closing: Mask = words & ~_matches(batch.text, NEVER) & (chars <= MOST_CHARS)
    texts = batch.text.filter(pa.array(closing)).to_pylist()
    roles = (ROLES[role] for role in batch.role[closing].tolist())
    closing[closing] = [is_farewell(role, text) for role, text in zip(roles, texts, strict=True)]
    return closing


def _early(batch: Batch, inquiry: Mask, advice: Mask) -> Mask:
    """Rows whose first inquiry comes before the first advice: in an earlier turn, or with no advice at all."""
    count = len(inquiry)
    position = np.arange(count)
    first_inquiry = np.full(batch.rows.num_rows, count)
    first_advice = np.full(batch.rows.num_rows, count)
    np.minimum.at(first_inquiry, batch.dialogue[inquiry], position[inquiry])
    np.minimum.at(first_advice, batch.dialogue[advice], position[advice])
    return first_inquiry < first_advice


def _repetition(batch: Batch, points: CodePoints) -> npt.NDArray[np.float64]:
    """Share of the character 10-grams inside turns that repeat an earlier one of the dialogue."""
    rows = batch.rows.num_rows
    grams = ngram_hashes(points.codes, _GRAM)[windows_inside(points.offsets, _GRAM)]
    counts = np.maximum(np.diff(points.offsets) - _GRAM + 1, 0)
    total = np.bincount(batch.dialogue, counts, minlength=rows).astype(np.int64)
    bounds = np.concatenate(([0], np.cumsum(total))).tolist()
    # Sorting a thousand values at a time stays in the processor's cache: four times faster than one sort of the batch.
    repeated = [_repeats(grams[start:end]) for start, end in pairwise(bounds)]
    return _share(np.array(repeated, np.int64), total)


def _repeats(values: npt.NDArray[np.uint64]) -> int:
    """How many values repeat an earlier one."""
    ordered = np.sort(values)
    return int(np.count_nonzero(ordered[1:] == ordered[:-1]))


def _han_share(batch: Batch, points: CodePoints) -> npt.NDArray[np.float64]:
    """Han characters among all characters but white space."""
    rows = batch.rows.num_rows
    codes = points.codes
    han = ((codes >= 0x4E00) & (codes <= 0x9FFF)) | ((codes >= 0x3400) & (codes <= 0x4DBF)) | (codes >= 0x20000)
    dialogue = np.repeat(batch.dialogue, np.diff(points.offsets))
    visible = codes > 0x20
    return _share(np.bincount(dialogue[han], minlength=rows), np.bincount(dialogue[visible], minlength=rows))


def _codes(texts: pa.StringArray) -> Ints:
    codes: Ints = pc.dictionary_encode(texts).indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes


def _distinct(group: Ints, value: Ints, groups: int) -> Ints:
    """The number of distinct values in each group, shape (groups,)."""
    pairs = np.unique(group * np.int64(1 << 32) + value)
    counts: Ints = np.bincount(pairs >> 32, minlength=groups)
    return counts


def _share(part: Ints, whole: Ints) -> npt.NDArray[np.float64]:
    """Divide part by whole, to four decimals; 0 where the whole is 0."""
    shares: npt.NDArray[np.float64] = np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
    return shares.round(4)


def _matches(texts: pa.StringArray, pattern: str) -> Mask:
    found: Mask = pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)
    return found
