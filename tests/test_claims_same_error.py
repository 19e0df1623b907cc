"""The claim that two recipes end at the same error: judged anchor by anchor on paired runs, or said not to apply."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from harness.claims import CLAIMS, Arms, Ruling, Terms
from harness.evidence import Evidence
from harness.judging import judge_study
from harness.rules import judging_code
from tests.made import made_rules
from tests.synthetic import evidence_of, synthetic_runs

CLAIM = CLAIMS["same_error"]
SEEDS, SPREAD = 16, 0.02
ANCHORS = ((1e9, 16), (1e10, 32), (1e11, 64))


def two_arms(*ratios: float, seeds: int = SEEDS, spread: float = SPREAD) -> dict[str, Evidence]:
    """At each anchor, errors that share their seeds' noise, and those of the second arm at exactly this mean ratio."""
    random, runs = np.random.default_rng(0), []
    for (budget, width), ratio in zip(ANCHORS, ratios, strict=False):
        alone = synthetic_runs(budgets=(budget,), widths=(width,), seeds=seeds, noise=0.02)
        scatter = random.standard_normal(seeds)
        scatter = (scatter - scatter.mean()) / scatter.std(ddof=1)
        other = alone["test_error"].to_numpy() * ratio * np.exp(spread * scatter)
        renamed = (("b" + pl.col(name)).alias(name) for name in ("run_id", "cell"))
        runs.append((alone, alone.with_columns(*renamed, pl.Series("test_error", other))))
    cosine, stable = (evidence_of(pl.concat(arm)) for arm in zip(*runs, strict=True))
    return {"cosine": cosine, "warmup_stable_decay": stable}


def ruling(arms: dict[str, Evidence], *, level: float = 0.05) -> Ruling:
    assert CLAIM.arms is not None
    assert CLAIM.arms_lack(arms) == ""
    return CLAIM.arms(Arms("made", arms, {}), Terms(made_rules().margins, level))


def test_the_number_is_the_ratio_of_the_furthest_anchor_with_the_interval_of_its_pairs() -> None:
    found = ruling(two_arms(1.0, 0.99, 1.005))
    assert found.answer == "supported"
    assert found.value == pytest.approx(0.99)
    reach = 1.7530503556925552 * SPREAD / np.sqrt(SEEDS)  # the 0.95 quantile of t with 15 degrees of freedom
    assert found.interval == pytest.approx((0.99 * np.exp(-reach), 0.99 * np.exp(reach)))


@pytest.mark.parametrize(
    ("ratios", "each", "overall"),
    [
        ((1.0, 0.995, 1.006), ("supported", "supported", "supported"), "supported"),
        ((1.0, 0.985, 1.006), ("supported", "undecided", "supported"), "undecided"),
        ((1.0, 0.95, 1.006), ("supported", "contradicted", "supported"), "contradicted"),
        ((0.95, 0.985, 1.05), ("contradicted", "undecided", "contradicted"), "contradicted"),
    ],
)  # fmt: skip
def test_every_anchor_has_its_answer_and_all_must_pass(
    ratios: tuple[float, ...], each: tuple[str, ...], overall: str
) -> None:
    found = ruling(two_arms(*ratios))
    assert found.answer == overall
    told = found.reason.split(": ", 1)[1].split("; ")
    assert [part.rstrip(".").rsplit(", ", 1)[1] for part in told] == list(each)
    assert told[1].startswith("at width 32 and 10^10.00 FLOPs")


def test_anchors_share_the_level_at_which_one_of_them_contradicts() -> None:
    """A ratio whose one-sided p-value against the margin is 0.03: outside alone, and not as one of three."""
    edge = 1 / 1.02 * np.exp(-2.0343 * SPREAD / np.sqrt(SEEDS))  # t with 15 degrees of freedom
    assert ruling(two_arms(edge)).answer == "contradicted"
    assert ruling(two_arms(edge, 1.0, 1.0)).answer == "undecided"


def test_a_run_that_was_left_out_leaves_no_fair_pairs() -> None:
    arms = two_arms(1.0)
    arms["cosine"] = replace(arms["cosine"], dropped=(("abc", "diverged"),))
    assert ruling(arms).reason == "runs of arm cosine were left out (1), so no pairing is fair."


def test_rules_from_before_there_was_a_margin_decide_nothing() -> None:
    assert CLAIM.arms is not None
    margins = replace(made_rules().margins, same_error=None)
    assert CLAIM.arms(Arms("made", two_arms(1.0), {}), Terms(margins, 0.05)).answer == "undecided"


def test_it_applies_to_two_arms_of_the_same_anchors_and_seeds_alone() -> None:
    arms = two_arms(1.0, 1.0)
    one, other = arms.values()
    fewer = evidence_of(other.runs.filter(pl.col("width") == 16))
    again = other.runs.with_columns(("c" + pl.col(name)).alias(name) for name in ("run_id", "cell"))
    twice = evidence_of(pl.concat([other.runs, again]))
    model = evidence_of(other.runs.with_columns(model=pl.lit("cnn")))
    seeds = evidence_of(other.runs.with_columns(pl.col("seed") + SEEDS - 1))
    assert CLAIM.arms_lack({}) == "it has 0 arms, and two make pairs"
    assert CLAIM.arms_lack({"a": one, "b": other, "c": one}) == "it has 3 arms, and two make pairs"
    for pair in ((one, fewer), (fewer, one), (one, model), (model, one)):
        lacking = CLAIM.arms_lack(dict(zip("ab", pair, strict=True)))
        assert lacking == "its two arms were not trained at the same sizes and budgets"
    assert CLAIM.arms_lack({"a": one, "b": twice}).startswith("an arm has several runs of one seed")
    assert CLAIM.arms_lack({"a": one, "b": seeds}) == "its two arms share fewer than 2 seeds at a size and budget"


def test_the_verdict_is_confirmatory_where_the_study_named_it() -> None:
    rules = made_rules("claims.confirmatory=[same_error]")
    arms = Arms("made", two_arms(1.0), {})
    (verdict,) = judge_study(None, rules, arms=arms, frozen="frozen", frozen_code=judging_code())[:1]
    assert (verdict.claim, verdict.answer, verdict.standing) == ("same_error", "supported", "confirmatory")
