"""Which dialogues of a dataset an export takes, in what form, and why it leaves the others."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from cmtmedqa.errors import InputError
from cmtmedqa.export.dataset import read_split, sizes
from cmtmedqa.farewell import is_farewell
from cmtmedqa.records import DEPARTMENTS, SPLITS, Dialogue, Turn

# Marks of chat templates: inside a text they would turn into control tokens of the model.
CONTROL_TOKENS = ("<|im_start|>", "<|im_end|>", "<|endoftext|>")
_OTHER = "其他"


class Selection(NamedTuple):
    """What to take. `departments` of () means all; 其他 includes dialogues of no known department."""

    splits: tuple[str, ...] = SPLITS
    departments: tuple[str, ...] = ()
    min_turns: int = 0
    trim_farewell: bool = False


class Chosen(NamedTuple):
    """A dialogue to export, and the split it comes from."""

    split: str
    dialogue: Dialogue


class Counts:
    """What became of the dialogues of a dataset; `read` is what was taken plus every reason in `left`."""

    def __init__(self) -> None:
        self.read = self.taken = 0
        self.left: Counter[str] = Counter()
        self.trimmed = self.trimmed_turns = self.system_turns = 0

    def check(self) -> None:
        """Raises AssertionError if a dialogue was lost."""
        assert self.read == self.taken + self.left.total(), "a dialogue was lost"


def splits_named(names: Sequence[str]) -> tuple[str, ...]:
    """The splits that some names mean, in the order of the dataset; none given means all. Raises InputError at an unknown one."""
    wanted = _listed(names, "split", (*SPLITS, "all"))
    return SPLITS if not names or "all" in wanted else tuple(name for name in SPLITS if name in wanted)


def departments_named(names: Sequence[str]) -> tuple[str, ...]:
    """The departments that some names mean, in the order of the taxonomy. Raises InputError at an unknown one."""
    wanted = _listed(names, "department", DEPARTMENTS)
    return tuple(name for name in DEPARTMENTS if name in wanted)


def _listed(names: Sequence[str], what: str, valid: Sequence[str]) -> set[str]:
    """Names given one by one or joined by commas, all of them valid."""
    joined = ",".join(names).replace("，", ",").replace("、", ",")
    found = [name.strip() for name in joined.split(",") if name.strip()] or list(names)
    for name in found:
        if name not in valid:
            raise InputError(f"no {what} '{name}'; there are: {', '.join(valid)}")
    return set(found)


def select(folder: Path, selection: Selection, trains: bool, counts: Counts) -> Iterator[Chosen]:
    """The dialogues of a dataset that a selection takes, as they are to be written; `counts` says what became of all.

    `trains`: the rows are for a model, so a text with a control token is left out. Raises InputError.
    """
    for split, size in sizes(folder).items():
        counts.read += size
        if split not in selection.splits:
            counts.left["split"] += size
            continue
        for dialogue in read_split(folder, split):
            reason = fault(dialogue, trains) or _unwanted(dialogue, selection)
            shorter = trimmed(dialogue) if selection.trim_farewell and not reason else dialogue
            if not reason and len(spoken(shorter)) < selection.min_turns:
                reason = "min_turns"
            if reason:
                counts.left[reason] += 1
                continue
            counts.taken += 1
            counts.trimmed += len(shorter.turns) < len(dialogue.turns)
            counts.trimmed_turns += len(dialogue.turns) - len(shorter.turns)
            counts.system_turns += dialogue.turns[0].role == "system"
            yield Chosen(split, shorter)
    counts.check()


def spoken(dialogue: Dialogue) -> tuple[Turn, ...]:
    """The turns of patient and doctor."""
    return tuple(turn for turn in dialogue.turns if turn.role != "system")


def fault(dialogue: Dialogue, trains: bool) -> str:
    """Why no reader would take a dialogue whole, or ''; the build lets none of these pass, a file changed by hand may."""
    turns = dialogue.turns[1:] if dialogue.turns[0].role == "system" else dialogue.turns
    if not turns or [turn.role for turn in turns] != ["patient", "doctor"] * (len(turns) // 2):
        return "role_order"
    return next((found for turn in dialogue.turns if (found := text_fault(turn.text, trains))), "")


def text_fault(text: str, trains: bool) -> str:
    """Why a text is none that anyone said, or none that a model may learn from (`trains`); '' for a sound one."""
    if not text.strip():
        return "empty_text"
    if text.strip().lower() == "nan":
        return "nan_text"
    return "control_token" if trains and any(token in text for token in CONTROL_TOKENS) else ""


def _unwanted(dialogue: Dialogue, selection: Selection) -> str:
    wanted = not selection.departments or (dialogue.department or _OTHER) in selection.departments
    return "" if wanted else "departments"


def trimmed(dialogue: Dialogue) -> Dialogue:
    """The dialogue without the exchanges at its end that only say goodbye; its first exchange always stays."""
    turns = list(dialogue.turns)
    first = 2 + (turns[0].role == "system")
    while len(turns) > first and all(is_farewell(turn.role, turn.text) for turn in turns[-2:]):
        del turns[-2:]
    return dialogue if len(turns) == len(dialogue.turns) else dialogue.model_copy(update={"turns": tuple(turns)})
