"""Medical terms: the bundled lexicon or one that the user supplies, and where its terms occur in a column of texts."""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import ahocorasick_rs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cmtmedqa.errors import ConfigError
from cmtmedqa.paths import package_file

Ints = npt.NDArray[np.int64]

_MIN_CHARS = 2


class Matches(NamedTuple):
    """Parallel arrays, one entry a match: the text it lies in, the term's number, its length in code points."""

    text: Ints
    term: Ints
    length: Ints


class Lexicon(NamedTuple):
    """Terms, their lengths, and the automaton that finds them; leftmost-longest, matches do not overlap."""

    terms: tuple[str, ...]
    lengths: Ints
    automaton: ahocorasick_rs.BytesAhoCorasick

    def matches(self, texts: pa.StringArray) -> Matches:
        """All matches in a column of texts without nulls; Latin letters match in either case.

        The search runs on UTF-8 bytes: no character starts inside another, so a match of bytes is a match of characters.
        """
        upper = pc.ascii_upper(texts)
        whole = pa.ListArray.from_arrays(pa.array([0, len(upper)], pa.int32()), upper)
        joined = pc.binary_join(whole, "\n")[0].as_buffer().to_pybytes() if len(upper) else b""
        table = np.array(self.automaton.find_matches_as_indexes(joined), np.int64).reshape(-1, 3)
        sizes = pc.binary_length(upper).to_numpy(zero_copy_only=False).astype(np.int64) + 1
        starts = np.cumsum(sizes) - sizes
        text = np.searchsorted(starts, table[:, 1], side="right") - 1
        return Matches(text, table[:, 0], self.lengths[table[:, 0]])


@lru_cache(maxsize=4)
def load_lexicon(path: str | None = None) -> Lexicon:
    """Read a lexicon: one term a line, further tab-separated columns and a header line `term` are ignored.

    Raises ConfigError when the file cannot be read or holds no term of at least two characters.
    """
    file = Path(path) if path else package_file("clean", "lexicon.tsv")
    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: the lexicon cannot be read as UTF-8 text") from error
    first = (line.split("\t")[0].strip() for line in lines)
    wanted = {term for term in first if len(term) >= _MIN_CHARS and term != "term" and not term.startswith("#")}
    # Upper case of bytes touches ASCII letters only, as `ascii_upper` does on the texts.
    terms = tuple(sorted({term.encode().upper().decode() for term in wanted}))
    if not terms:
        raise ConfigError(f"{file}: the lexicon holds no term; write one a line, of two characters or more")
    automaton = ahocorasick_rs.BytesAhoCorasick(
        [term.encode() for term in terms],
        matchkind=ahocorasick_rs.MatchKind.LeftmostLongest,
        implementation=ahocorasick_rs.Implementation.ContiguousNFA,
    )
    return Lexicon(terms, np.array([len(term) for term in terms], np.int64), automaton)
