"""Claim: in practice compute grows at least as the ninth power of performance.

The number is the popular one; regressions of the paper's own data give powers from 7 to 12, depending on the measure of
compute and the direction of the regression.
"""

from harness.claims.claim import Claim
from harness.claims.law import judge_growth
from harness.claims.published import frontier_trend, no_frontier

_BOUND = 9.0

CLAIM = Claim(
    name="ninth_power",
    paper="T3",
    statement=(
        "In practice, training compute grows at least with the ninth power of performance (1/error): "
        "halving the error takes more than 500 times the compute."
    ),
    source="as popularly quoted from Thompson, Greenewald, Lee & Manso 2021, IEEE Spectrum; data: arXiv 2007.05558",
    needs="a frontier, or published networks, over a decade of compute or more",
    statistic="compute exponent at the largest compute",
    theirs="at least 9",
    study=lambda evidence, terms: judge_growth(frontier_trend(evidence), _BOUND, terms),
    lacks=no_frontier,
    published=lambda points, terms: judge_growth(points.trend, _BOUND, terms),
)
