"""A mixture: several datasets in stated weights, the same records on every run.

Which records are taken is decided by a keyed hash of their ids, so neither their place in a file nor the order of the
datasets matters, and a larger total takes what a smaller one took and more.
"""

import hashlib
import heapq
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field

from cmtmedqa.config import Positive, Settings, anchored, read_settings
from cmtmedqa.errors import InputError
from cmtmedqa.export.select import Chosen, Counts, Selection, departments_named, select, splits_named

Names = Annotated[tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)]
Seed = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int) else value)]


class Share(Settings):
    """One dataset of a mixture; what is left out here is taken from the command line."""

    dataset: str = Field(description="folder of a built dataset, relative to the file")
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        1.0, description="its part of the whole, beside the others"
    )
    split: Names | None = None
    departments: Names | None = None
    min_turns: int | None = Field(None, ge=1)
    trim_farewell: bool | None = None


class Mixture(Settings):
    """A mixture file. `size` is the number of dialogues; `smallest` is as many as the weights allow without repetition."""

    mix: Annotated[tuple[Share, ...], Field(min_length=1)]
    size: Positive | Literal["smallest"] = "smallest"
    seed: Seed = "cmtmedqa"
    repeat: bool = Field(False, description="repeat a dataset that is too small for its share, in whole epochs first")


class Part(NamedTuple):
    """What a dataset gives: `epochs` times all it has, and once more the dialogues with the places in `once`."""

    name: str
    folder: Path
    selection: Selection
    available: int
    counts: Counts
    share: int
    epochs: int
    once: frozenset[int]


def load_mixture(path: Path) -> Mixture:
    """Read a mixture file. Raises ConfigError with one line."""
    return read_settings(path, Mixture)


def plan_mixture(mixture: Mixture, folder: Path, defaults: Selection, trains: bool) -> list[Part]:
    """What each dataset gives. Raises InputError when one is no dataset, selects nothing, or is too small for its share."""
    entries = []
    for item in mixture.mix:
        selection, counts = _selection(item, defaults), Counts()
        where = Path(anchored(item.dataset, folder))
        ids = [chosen.dialogue.id for chosen in select(where, selection, trains, counts)]
        if not ids:
            raise InputError(f"{item.dataset}: the mixture selects no dialogue of it")
        entries.append((item, where, selection, counts, ids))
    weights = [Fraction(str(item.weight)) for item in mixture.mix]
    shares = _shares(mixture.size, weights, [len(ids) for *_, ids in entries])
    parts = []
    for (item, where, selection, counts, ids), share in zip(entries, shares, strict=True):
        if share > len(ids) and not mixture.repeat:
            raise InputError(
                f"{item.dataset}: its share is {share:,} dialogues, it has {len(ids):,}; lower size or its weight, or set repeat: true"
            )
        epochs, rest = divmod(share, len(ids))
        once = frozenset(_lowest(ids, rest, mixture.seed))
        parts.append(Part(item.dataset, where, selection, len(ids), counts, share, epochs, once))
    return parts


def _selection(item: Share, defaults: Selection) -> Selection:
    return Selection(
        splits_named(item.split) if item.split is not None else defaults.splits,
        departments_named(item.departments) if item.departments is not None else defaults.departments,
        item.min_turns if item.min_turns is not None else defaults.min_turns,
        item.trim_farewell if item.trim_farewell is not None else defaults.trim_farewell,
    )


def _shares(size: int | str, weights: Sequence[Fraction], available: Sequence[int]) -> list[int]:
    """How many dialogues each dataset gives; a stated size is met exactly, by the largest remainders."""
    total = sum(weights)
    if isinstance(size, str):
        unit = min(count / weight for count, weight in zip(available, weights, strict=True))
        return [int(unit * weight) for weight in weights]
    exact = [size * weight / total for weight in weights]
    shares = [int(value) for value in exact]
    remainders = sorted(range(len(exact)), key=lambda place: (shares[place] - exact[place], place))
    for place in remainders[: size - sum(shares)]:
        shares[place] += 1
    return shares


def _lowest(ids: Sequence[str], count: int, seed: str) -> list[int]:
    """The places of the ids with the smallest keyed hashes."""
    key = hashlib.blake2b(seed.encode(), digest_size=32).digest()

    def rank(place: int) -> tuple[bytes, str]:
        return hashlib.blake2b(ids[place].encode(), key=key, digest_size=16).digest(), ids[place]

    return heapq.nsmallest(count, range(len(ids)), key=rank)


class MixtureSource:
    """The dialogues of a mixture, evenly mixed from the first row to the last; can be iterated again.

    An id that was given before, by another dataset or an earlier epoch, gets `~2`, `~3` and so on.
    """

    def __init__(self, parts: Sequence[Part], trains: bool) -> None:
        self._parts, self._trains = parts, trains

    def __iter__(self) -> Iterator[Chosen]:
        streams = [self._placed(number, part) for number, part in enumerate(self._parts)]
        given: dict[str, int] = {}
        for _, _, (split, dialogue) in heapq.merge(*streams, key=lambda item: item[:2]):
            times = given[dialogue.id] = given.get(dialogue.id, 0) + 1
            name = dialogue.id if times == 1 else f"{dialogue.id}~{times}"
            while times > 1 and name in given:
                times += 1
                name = f"{dialogue.id}~{times}"
            given[dialogue.id] = times
            given.setdefault(name, 1)
            yield Chosen(split, dialogue if name == dialogue.id else dialogue.model_copy(update={"id": name}))

    def _placed(self, number: int, part: Part) -> Iterator[tuple[float, int, Chosen]]:
        """What a dataset gives, each with its place between 0 and 1 in the whole."""
        done = 0
        for epoch in range(part.epochs + 1):
            if epoch == part.epochs and not part.once:
                return
            for place, chosen in enumerate(select(part.folder, part.selection, self._trains, Counts())):
                if epoch < part.epochs or place in part.once:
                    yield (2 * done + 1) / (2 * part.share), number, chosen
                    done += 1


class DatasetSource:
    """The dialogues that a selection takes of one dataset; `counts` are those of the last time it was iterated."""

    def __init__(self, folder: Path, selection: Selection, trains: bool) -> None:
        self._folder, self._selection, self._trains = folder, selection, trains
        self.counts = Counts()

    def __iter__(self) -> Iterator[Chosen]:
        self.counts = Counts()
        yield from select(self._folder, self._selection, self._trains, self.counts)
