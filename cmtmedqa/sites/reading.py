"""What is known of a page between reading it and joining it with others."""

from collections.abc import Mapping
from typing import NamedTuple

from cmtmedqa.sources.mapped import Mapped


class Refusal(NamedTuple):
    """Why a page, or one answer on it, gives no dialogue. `detail` names the rule or the field, never a text of the page."""

    reason: str
    detail: str = ""
    id: str = ""

    def line(self) -> str:
        """One line for people."""
        return f"{self.reason}: {self.detail}" if self.detail else self.reason


class Reading(NamedTuple):
    """What one page gives: a draft for each dialogue on it (place, mapping), or `refused`.

    `known`: the address says which dialogue this is; else the page stands for itself. `hint`: what a broken contract is due to.
    """

    id: str
    number: int = 1
    known: bool = False
    drafts: tuple[tuple[int, Mapped], ...] = ()
    refused: Refusal | None = None
    hint: Refusal | None = None
    encoding: str = ""
    declared: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()


def with_skipped(draft: Mapped, skipped: Mapping[str, int]) -> Mapped:
    """The draft with the number of cards that were no messages, by reason."""
    return draft._replace(extra={**draft.extra, "skipped": dict(sorted(skipped.items()))}) if skipped else draft
