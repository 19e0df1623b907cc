"""Claim: compute grows at least as the fourth power of performance, the theoretical bound.

The bound assumes parameters in proportion to data and a statistical error that falls as one over the square root of
the data. Classification error may fall faster, so for deep networks it is a benchmark and not a theorem.
"""

from harness.claims.claim import Claim
from harness.claims.law import judge_growth
from harness.claims.published import frontier_trend, no_frontier, not_of_training

_BOUND = 4.0

CLAIM = Claim(
    name="fourth_power",
    paper="T2",
    statement=(
        "Training compute grows at least with the fourth power of performance (1/error): "
        "halving the error takes at least 16 times the compute."
    ),
    source="Thompson, Greenewald, Lee & Manso 2020, arXiv 2007.05558 (theoretical lower bound, as popularly quoted)",
    needs="a frontier, or published networks by training compute, over a decade of compute or more",
    statistic="compute exponent at the largest compute",
    theirs="at least 4",
    study=lambda evidence, terms: judge_growth(frontier_trend(evidence), _BOUND, terms),
    lacks=no_frontier,
    published=lambda points, terms: judge_growth(points.trend, _BOUND, terms),
    published_lacks=not_of_training,
)
