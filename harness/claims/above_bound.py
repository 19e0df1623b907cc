"""Claim: what was actually paid grew faster than the theoretical bound, so there may be room for better ways.

The number is the mean growth over the range that was measured, end to end along the fitted curve, not the local one at
its end: it is what was paid.
"""

from harness.claims.claim import Claim
from harness.claims.law import OVER_THE_RANGE, judge_growth
from harness.claims.published import frontier_trend, no_frontier, not_of_training

_BOUND = 4.0

CLAIM = Claim(
    name="above_bound",
    paper="G6",
    statement="Computation has grown faster with performance than the theoretical lower bound, its fourth power.",
    source="Thompson, Greenewald, Lee & Manso 2020, arXiv 2007.05558 (actual growth against the lower bound)",
    needs="a frontier, or published networks by training compute, over a decade of compute or more",
    statistic="mean compute exponent over the range",
    theirs="more than 4",
    study=lambda evidence, terms: judge_growth(frontier_trend(evidence), _BOUND, terms, where=OVER_THE_RANGE),
    lacks=no_frontier,
    published=lambda points, terms: judge_growth(points.trend, _BOUND, terms, where=OVER_THE_RANGE),
    published_lacks=not_of_training,
)
