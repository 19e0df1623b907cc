"""Claim: in practice compute grows at least as the ninth power of performance.

The paper's regressions are over the range of their points, so the number is the mean exponent over the range. A curve
that bends has another one at its end: the claim is judged on both, and they must answer alike, or it is undecided.

The number is the popular one; regressions of the paper's own data give powers from 7 to 12, depending on the measure of
compute and the direction of the regression.
"""

from harness.claims.claim import Claim, Ruling, Terms, undecided
from harness.claims.law import OVER_THE_RANGE, judge_growth, power_text
from harness.claims.published import Trend, frontier_trend, no_frontier, not_of_training

_BOUND = 9.0


def _judge(trend: Trend, terms: Terms) -> Ruling:
    over, end = judge_growth(trend, _BOUND, terms, where=OVER_THE_RANGE), judge_growth(trend, _BOUND, terms)
    if over.value is None:
        return over
    assert over.interval is not None
    low, high = map(power_text, over.interval)
    both = (
        f"{OVER_THE_RANGE}, C grows as the {power_text(over.value)} power of 1/error ({low} to {high}), {over.answer}; "
        f"at its end {end.answer}: {end.reason}"
    )
    if over.answer == end.answer:
        return Ruling(over.value, over.interval, over.answer, both)
    return undecided(f"range and end must answer alike: {both}", over.value, over.interval)


CLAIM = Claim(
    name="ninth_power",
    paper="T3",
    statement=(
        "In practice, training compute grows at least with the ninth power of performance (1/error): "
        "halving the error takes more than 500 times the compute."
    ),
    source="as popularly quoted from Thompson, Greenewald, Lee & Manso 2021, IEEE Spectrum; data: arXiv 2007.05558",
    needs="a frontier, or published networks by training compute, over a decade of compute or more",
    statistic="mean compute exponent over the range; that at the largest compute must answer alike",
    theirs="at least 9",
    study=lambda evidence, terms: _judge(frontier_trend(evidence), terms),
    lacks=no_frontier,
    published=lambda points, terms: _judge(points.trend, terms),
    published_lacks=not_of_training,
)
