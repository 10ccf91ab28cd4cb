"""The pages of a dialogue joined, and the contract that every dialogue is held against."""

from collections import Counter
from collections.abc import Mapping, Sequence

from cmtmedqa.sites.reading import Reading, Refusal, with_skipped
from cmtmedqa.sites.spec import Spec
from cmtmedqa.sources.mapped import Mapped, content_id

REPLACEMENT = "\ufffd"


def finish(spec: Spec, readings: Sequence[Reading]) -> list[Mapped | Refusal]:
    """The dialogues of the pages of one address, in page order, each under the contract. `readings` is not empty."""
    ordered = sorted(readings, key=lambda one: one.number)
    first = ordered[0]
    if refused := next((one.refused for one in ordered if one.refused), None):
        return [refused._replace(id=first.id)]
    numbers = [one.number for one in ordered]
    if len(ordered) > 1 and numbers != list(range(1, len(numbers) + 1)):
        return [Refusal("missing_page", f"of the pages {_listed(numbers)} one before the last is missing", first.id)]
    several = sum(place > 0 for place, _ in first.drafts) > 1
    if len(ordered) > 1 and not several:
        first = first._replace(drafts=((first.drafts[0][0], _follow(ordered)),))
    elif len(ordered) > 1:  # further answers to the same question
        drafts = [draft for one in ordered for _, draft in one.drafts]
        first = first._replace(drafts=tuple(enumerate(drafts, start=1)))
    result = []
    for place, draft in first.drafts:
        named = _identified(
            spec, draft, first, place if len(first.drafts) > 1 else 0, [*dict.fromkeys(one.encoding for one in ordered)]
        )
        broken = contract(spec, named, whole=first.number == 1)
        result.append(named if broken is None else (first.hint or broken)._replace(id=named.id))
    return result


def _follow(ordered: Sequence[Reading]) -> Mapped:
    """One stream over several pages; a page repeats nothing but perhaps the first card of the first."""
    whole = ordered[0].drafts[0][1]
    turns = list(whole.turns)
    skipped: Counter[str] = Counter()
    for one in ordered:
        for _, draft in one.drafts:
            skipped.update(_counts(draft.extra.get("skipped")))
    for one in ordered[1:]:
        for _, draft in one.drafts:
            again = bool(draft.turns) and draft.turns[0] == whole.turns[0]
            turns += draft.turns[1:] if again else draft.turns
    return with_skipped(whole._replace(turns=turns, extra={**whole.extra, "pages": len(ordered)}), skipped)


def _counts(value: object) -> Mapping[str, int]:
    return value if isinstance(value, dict) else {}


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _identified(spec: Spec, draft: Mapped, reading: Reading, place: int, encodings: list[str]) -> Mapped:
    number = draft.id or reading.id
    thread = {"thread": number} if place and number else {}
    identity = (f"{number}-{place}" if place else number) if number else content_id(draft.turns)
    declared = {"declared": list(reading.declared)} if reading.declared else {}
    extra = {**draft.extra, **thread, "site": spec.site, "spec": spec.version, "encoding": encodings[0], **declared}
    return draft._replace(id=identity, extra=extra, repairs=[*draft.repairs, *reading.repairs])


def contract(spec: Spec, draft: Mapped, whole: bool = True) -> Refusal | None:
    """What of the contract a dialogue breaks; a page that is not the first may begin with anybody."""
    require = spec.require
    roles = [role for role, _ in draft.turns]
    broken = ""
    if unknown := [place for place, role in enumerate(roles, start=1) if not role]:
        broken = f"roles: message {unknown[0]} of {len(roles)} has no known role"
    elif len(roles) < require.turns_min:
        broken = f"turns_min: {len(roles)} turns < {require.turns_min}{_besides(draft)}"
    elif missing := [role for role in require.roles if role not in roles]:
        broken = f"roles: no turn of the {missing[0]}"
    elif whole and require.first_role and roles[0] != require.first_role:
        broken = f"first_role: the {roles[0]} speaks first, not the {require.first_role}"
    elif damaged := [place for place, (_, text) in enumerate(draft.turns, start=1) if REPLACEMENT in text]:
        broken = f"replacement_character: turn {damaged[0]} holds U+FFFD"
    elif empty := [name for name in require.fields if not getattr(draft, name)]:
        broken = f"fields: {empty[0]} is missing"
    return Refusal("contract", broken) if broken else None


def _besides(draft: Mapped) -> str:
    """What stood on the page that was no message, by reason."""
    skipped = _counts(draft.extra.get("skipped"))
    return f"; no messages: {', '.join(f'{count} {reason}' for reason, count in skipped.items())}" if skipped else ""
