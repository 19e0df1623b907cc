"""Claim: error falls as a power of compute, not exponentially.

The best power-type form is held against the best exponential one by AICc on one scale, with the noise of each form's
own response and with the noise that suits each best, and by which of the two families predicts the largest computes
from the smaller ones. All must agree. Over less than two decades a weak power law can't be told from an exponential, so
there is no verdict. The rule is a margin and not a level.
"""

from harness.claims.claim import Claim, Ruling, Terms, undecided
from harness.claims.law import falls_with_compute
from harness.claims.published import Trend, frontier_trend, no_frontier, not_of_training
from harness.hypotheses import power_or_exponential


def _judge(trend: Trend, terms: Terms) -> Ruling:
    """Supported when both AICc (by the margin or more) and extrapolation favour the power family; and the reverse."""
    if reason := falls_with_compute(trend):
        return undecided(reason)
    found = power_or_exponential(
        trend.curves,
        margin=terms.margins.aicc_difference,
        fewest_decades=terms.margins.decades_for_form,
        points=trend.noun,
    )
    return Ruling(found.value, None, found.answer, found.reason)


CLAIM = Claim(
    name="power_law",
    paper="G1",
    statement=(
        "Error falls as a power of training compute: each halving of the error costs the same factor of compute, "
        "rather than a factor that itself grows exponentially."
    ),
    source="Thompson, Greenewald, Lee & Manso 2020, arXiv 2007.05558 (polynomial against exponential models)",
    needs="a frontier, or published networks by training compute, over two decades of compute",
    statistic="AICc of the best exponential form minus that of the best power form",
    theirs="more than 0",
    tested=False,
    study=lambda evidence, terms: _judge(frontier_trend(evidence), terms),
    lacks=no_frontier,
    published=lambda points, terms: _judge(points.trend, terms),
    published_lacks=not_of_training,
)
