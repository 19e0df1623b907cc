"""Claim: two recipes end at the same error, at every size and budget that both were trained at.

What lets one stand for the other: a schedule whose budgets share trunks for a cosine, say. At each anchor, a size and
a budget, runs are paired by seed, and two one-sided tests ask whether the ratio of errors lies within the margin. All
anchors must pass, each at the level, which needs no correction (Berger 1982). A single anchor outside the margin
contradicts, so for that they share the level.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from harness.claims.claim import Arms, Claim, Ruling, Terms, undecided
from harness.errors import FitError
from harness.evidence import Evidence
from harness.hypotheses import Answer, Finding, same_error

_ANCHOR = ("model", "dataset", "train_examples", "width", "depth", "budget")
_FEWEST_PAIRS = 2


def _judge(arms: Arms, terms: Terms) -> Ruling:
    factor = terms.margins.same_error
    if factor is None:
        return undecided("the rules of this study are from before there was a margin for it.")
    for label, evidence in arms.evidence.items():
        if evidence.dropped:
            return undecided(f"runs of arm {label} were left out ({len(evidence.dropped)}), so no pairing is fair.")
    anchors = _pairs(arms.evidence).partition_by(_ANCHOR, maintain_order=True)

    def tested(level: float) -> list[Finding]:
        return [same_error(one["test_error"], one["other"], factor=factor, level=1 - level) for one in anchors]

    try:
        found, shared = tested(terms.level), tested(terms.level / len(anchors))
    except FitError as refusal:
        return undecided(f"not identified: {refusal}.")
    first, second = arms.evidence
    told = (f"{_place(anchor)} {_told(one, len(anchor))}" for anchor, one in zip(anchors, found, strict=True))
    reason = (
        f"the error of {second} over that of {first}, paired by seed (each bound one-sided {terms.bound}, margin "
        f"{1 / factor:.3f} to {factor:.3f}): {'; '.join(told)}."
    )
    furthest = max(found, key=lambda one: abs(np.log(one.value or 1.0)))
    return Ruling(furthest.value, furthest.interval, _overall(found, shared), reason)


def _overall(found: Sequence[Finding], shared: Sequence[Finding]) -> Answer:
    if any(one.answer == "contradicted" for one in shared):
        return "contradicted"
    return "supported" if all(one.answer == "supported" for one in found) else "undecided"


def _place(anchor: pl.DataFrame) -> str:
    row = anchor.row(0, named=True)
    return f"at width {row['width']} and 10^{np.log10(row['budget']):.2f} FLOPs"


def _told(one: Finding, pairs: int) -> str:
    assert one.value is not None
    assert one.interval is not None
    return f"{one.value:.3f} ({one.interval[0]:.3f} to {one.interval[1]:.3f}, {pairs} pairs), {one.answer}"


def _runs(evidence: Evidence) -> pl.DataFrame:
    budget = pl.coalesce("budget_flops", pl.col("training_flops").cast(pl.Float64)).alias("budget")
    return evidence.runs.select(*_ANCHOR[:-1], budget, "seed", "test_error")


def _pairs(arms: Mapping[str, Evidence]) -> pl.DataFrame:
    """A row a pair: its anchor, its seed, and the errors of the first arm and of the ``other``."""
    first, second = map(_runs, arms.values())
    return first.join(second.rename({"test_error": "other"}), on=[*_ANCHOR, "seed"]).sort("budget", "width", "seed")


def _lacks(arms: Mapping[str, Evidence]) -> str:
    if len(arms) != 2:
        return f"it has {len(arms)} arms, and two make pairs"
    first, second = map(_runs, arms.values())
    anchors = [one.select(_ANCHOR).unique() for one in (first, second)]
    if len(anchors[0]) != len(anchors[1]) or len(anchors[0].join(anchors[1], on=_ANCHOR, how="anti")):
        return "its two arms were not trained at the same sizes and budgets"
    if any(one.select(*_ANCHOR, "seed").is_duplicated().any() for one in (first, second)):
        return "an arm has several runs of one seed at the same size and budget"
    paired = _pairs(arms).group_by(_ANCHOR).len().filter(pl.col("len") >= _FEWEST_PAIRS)
    if len(paired) < len(anchors[0]):
        return f"its two arms share fewer than {_FEWEST_PAIRS} seeds at a size and budget"
    return ""


CLAIM = Claim(
    name="same_error",
    paper="",
    statement="The study's two recipes end at the same error at every size and budget.",
    source="Hägele et al. 2024, arXiv 2405.18392 (of a cosine and a constant rate with a cooldown)",
    needs="a study with two arms of the same sizes, budgets and seeds",
    statistic="error of the second arm over the first's, where it is furthest from 1",
    theirs="1, within the margin",
    arms=_judge,
    arms_lack=_lacks,
)
