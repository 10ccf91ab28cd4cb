"""Lines that no memory should hold are taken out of a text and reported beside its records."""

from collections.abc import Iterable, Iterator

from cmtmedqa.sources.encodings import TOO_LONG
from cmtmedqa.sources.mapped import Mapped, Unreadable


class ShortLines:
    """Lines without those that are too long, each of which is reported beside the records of the others."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines, self._dropped = lines, 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            if line is TOO_LONG:
                self._dropped += 1
            else:
                yield line

    def beside(self, records: Iterable[Mapped | Unreadable]) -> Iterator[Mapped | Unreadable]:
        """The records, with one for every line that is missing among them."""
        told = index = 0
        for record in records:
            for index in range(record.index + told, record.index + self._dropped):
                yield Unreadable("record_too_large", "a line longer than any record", index=index)
            told = self._dropped
            index = record.index + told
            yield record._replace(index=index)
            index += 1
        for place in range(index, index + self._dropped - told):
            yield Unreadable("record_too_large", "a line longer than any record", index=place)
