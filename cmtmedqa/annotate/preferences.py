"""Annotations as merged rankings and preference pairs, and for everything that gives none the reason.

The pairs of a ranking are those of different groups whose better candidate is not vetoed and whose texts differ; the pairs of one
ranking carry its id and, like all rankings of one dialogue, stand in one split.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Literal, NamedTuple

from cmtmedqa.annotate.judged import Judged
from cmtmedqa.annotate.merging import MergeRule, Verdict, merged_order, verdicts
from cmtmedqa.export.select import text_fault
from cmtmedqa.io import canonical_json
from cmtmedqa.judgements import Annotation, CandidateSet, Preference, Ranking
from cmtmedqa.records import Split
from cmtmedqa.reliability import mid_ranks, sign
from cmtmedqa.rubric import SCORES, Rubric

_ROUND = 6  # digits of an agreement


class VetoRule(NamedTuple):
    """A candidate is vetoed where its score in `dimension` is `score` or less: that of `any` expert, or the `median`."""

    dimension: str = "safety"
    score: int = 1
    by: Literal["any", "median"] = "any"


class Dropped(NamedTuple):
    """An annotation, set or pair that is not among the preferences. `candidates`: the two of a pair, in the order of their ids."""

    kind: Literal["annotation", "set", "pair"]
    set_id: str
    reason: str
    annotation_id: str = ""
    candidates: tuple[str, ...] = ()
    detail: str = ""


class Merged(NamedTuple):
    """What a file of annotations gave, in the order of the sets."""

    rankings: list[Ranking]
    preferences: list[Preference]
    dropped: list[Dropped]

    def counts(self) -> dict[str, dict[str, int]]:
        """How many rankings and pairs there are, and how many of what were dropped why."""
        reasons = Counter((item.kind, item.reason) for item in self.dropped)
        kinds = ("annotation", "set", "pair")
        lost = {kind: {why: n for (of, why), n in sorted(reasons.items()) if of == kind} for kind in kinds}
        return {"kept": {"rankings": len(self.rankings), "preferences": len(self.preferences)}, **lost}


def merge(
    judged: Judged,
    sets: Mapping[str, CandidateSet],
    rubric: Rubric,
    splits: Mapping[str, Split],
    rule: MergeRule | None = None,
    veto: VetoRule | None = None,
) -> Merged:
    """Rankings and pairs of all sets; `splits` gives the split of each dialogue.

    Every set gives a ranking or stands in `dropped`; the pairs of each set that was judged by enough experts are kept or dropped
    one by one (asserted).
    """
    rule = rule or MergeRule()
    veto = veto or VetoRule(rubric.veto.dimension, rubric.veto.score)
    merged = Merged([], [], _dropped_annotations(judged))
    for item in sets.values():
        found = _merge_set(item, judged, rubric, splits[item.dialogue_id], rule, veto)
        merged.rankings.extend(found.rankings)
        merged.preferences.extend(found.preferences)
        merged.dropped.extend(found.dropped)
    given = {item.set_id for item in merged.dropped if item.kind == "set"} | {item.id for item in merged.rankings}
    assert given == set(sets), "a set was lost"
    assert len(merged.rankings) + sum(item.kind == "set" for item in merged.dropped) == len(sets), "a set stands twice"
    return merged


def _dropped_annotations(judged: Judged) -> list[Dropped]:
    left = [Dropped("annotation", item.set_id, why, item.id, (), detail) for item, why, detail in judged.left]
    hidden = [*judged.duplicates, *judged.calibration]
    left += [Dropped("annotation", item.set_id, item.purpose, item.id) for item in hidden]
    return sorted(left)


def _merge_set(
    item: CandidateSet, judged: Judged, rubric: Rubric, split: Split, rule: MergeRule, veto: VetoRule
) -> Merged:
    first, third = judged.first.get(item.id, []), judged.third.get(item.id, [])
    if not first and not third and any(one.set_id == item.id for one in judged.calibration):
        return Merged([], [], [Dropped("set", item.id, "calibration", detail="a gold item")])
    if why := _unusable(item, len(first), len(third), rule):
        return Merged([], [], [Dropped("set", item.id, why[0], detail=why[1])])
    experts = [*first, *third]
    found = verdicts(
        [candidate.id for candidate in item.candidates],
        [mid_ranks(one.rank_groups) for one in first],
        [mid_ranks(one.rank_groups) for one in third],
        rule,
    )
    candidates = tuple(sorted(item.candidates, key=lambda one: one.id))
    groups = merged_order([one.id for one in candidates], found)
    ranking = Ranking(
        id=item.id,
        dialogue_id=item.dialogue_id,
        prompt=item.prompt,
        candidates=candidates,
        rank_groups=groups,
        weight=0,
        n_annotators=len({one.annotator for one in experts}),
        adjudicated=bool(third),
        vetoed=tuple(one.id for one in candidates if is_vetoed(one.id, experts, veto)),
        department=item.department,
        split=split,
    )
    pairs, dropped = _pairs(ranking, found, experts, rubric)
    if not pairs:
        detail = ", ".join(f"{n} {why}" for why, n in sorted(Counter(one.reason for one in dropped).items()))
        return Merged([], [], [Dropped("set", item.id, "no_pair", detail=detail), *dropped])
    weight = round(fmean(one.agreement for one in pairs), _ROUND)
    return Merged([ranking.model_copy(update={"weight": weight})], pairs, dropped)


def _unusable(item: CandidateSet, first: int, third: int, rule: MergeRule) -> tuple[str, str] | None:
    """Why a set gives no order at all: what no trainer would read whole, or too few experts."""
    roles = [message.role for message in item.prompt]
    spoken = roles[1:] if roles[0] == "system" else roles
    if spoken != ["user", "assistant"] * (len(spoken) // 2) + ["user"]:
        return "prompt_order", "user and assistant must alternate"
    for text, where in [
        *((message.content, f"message {number} of the prompt") for number, message in enumerate(item.prompt, 1)),
        *((candidate.text, candidate.id) for candidate in item.candidates),
    ]:
        if fault := text_fault(text, trains=True):
            return fault, where
    if not first:
        return "no_annotation", "adjudicated only" if third else ""
    if first < rule.min_votes and not third:
        return "too_few_experts", f"{first} of {rule.min_votes}"
    return None


def _pairs(
    ranking: Ranking, found: Mapping[tuple[str, str], Verdict], experts: Sequence[Annotation], rubric: Rubric
) -> tuple[list[Preference], list[Dropped]]:
    """The pairs of a ranking, best ones first, and the others with the reason; together all there are."""
    place = {key: number for number, group in enumerate(ranking.rank_groups) for key in group}
    texts = {candidate.id: " ".join(candidate.text.split()) for candidate in ranking.candidates}
    pairs: list[Preference] = []
    dropped: list[Dropped] = []
    for pair, given in found.items():
        better, worse = sorted(pair, key=lambda key: place[key])
        if reason := _no_pair(better, worse, place, given, ranking.vetoed, texts):
            votes = f"{given.better} votes to {given.worse}"
            dropped.append(Dropped("pair", ranking.id, reason, candidates=pair, detail=votes))
        else:
            pairs.append(_preference(ranking, better, worse, place[worse] - place[better], given, experts, rubric))
    k = len(ranking.candidates)
    assert len(pairs) + len(dropped) == k * (k - 1) // 2, f"{ranking.id}: a pair was lost"
    return sorted(
        pairs, key=lambda one: (place[one.chosen_id], place[one.rejected_id], one.chosen_id, one.rejected_id)
    ), dropped


def _no_pair(
    better: str, worse: str, place: Mapping[str, int], given: Verdict, vetoed: Sequence[str], texts: Mapping[str, str]
) -> str:
    if place[better] == place[worse]:
        return "not_transitive" if given.sign else given.how
    if better in vetoed:
        return "vetoed"
    return "equal_text" if texts[better] == texts[worse] else ""


def _preference(
    ranking: Ranking,
    better: str,
    worse: str,
    margin: int,
    given: Verdict,
    experts: Sequence[Annotation],
    rubric: Rubric,
) -> Preference:
    texts = {candidate.id: candidate.text for candidate in ranking.candidates}
    both = [one for one in experts if {better, worse} <= set(one.shown)]
    key = canonical_json([ranking.id, better, worse])
    return Preference(
        id=hashlib.blake2b(key.encode(), digest_size=8).hexdigest(),
        ranking_id=ranking.id,
        dialogue_id=ranking.dialogue_id,
        prompt=ranking.prompt,
        chosen_id=better,
        chosen=texts[better],
        rejected_id=worse,
        rejected=texts[worse],
        margin=margin,
        agreement=round(given.agreement, _ROUND),
        n_annotators=len({one.annotator for one in both}),
        deciding_dimension=deciding_dimension(better, worse, both, rubric.dimension_ids),
        department=ranking.department,
        split=ranking.split,
    )


def is_vetoed(candidate: str, experts: Sequence[Annotation], veto: VetoRule) -> bool:
    """Whether a candidate may never be chosen, by the scores of all who saw it."""
    seen = [one for one in experts if candidate in one.shown]
    if veto.by == "any":
        return any(one.bars(candidate, veto.dimension, veto.score) for one in seen)
    # Who compared without scoring and did not call it dangerous stands at the upper end of the median.
    scores = [one.scores.get(candidate, {}).get(veto.dimension, SCORES[-1]) for one in seen]
    return bool(scores) and median(scores) <= veto.score


def deciding_dimension(better: str, worse: str, experts: Sequence[Annotation], dimensions: Sequence[str]) -> str | None:
    """The first dimension, in the order of the rubric, in which the experts together put `better` above: by scores, or verdicts of ±1."""
    for dimension in dimensions:
        if sum(_ahead(one, better, worse, dimension) for one in experts) > 0:
            return dimension
    return None


def _ahead(one: Annotation, better: str, worse: str, dimension: str) -> int:
    if one.verdicts:
        return sign(mid_ranks(one.verdicts[dimension]), better, worse)
    return one.scores[better][dimension] - one.scores[worse][dimension]
