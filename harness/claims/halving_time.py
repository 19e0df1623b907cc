"""Claim (a cross-check): the compute needed for an error halves every 9 months, as Epoch found, not OpenAI's 16."""

import numpy as np

from harness.claims.algorithmic_progress import lacks_years, worth_of_a_year
from harness.claims.claim import Claim, Ruling, Terms
from harness.claims.published import Published
from harness.claims.verdict import Answer

_EPOCH, _OPENAI = 9.0, 16.0  # months


def _judge(points: Published, terms: Terms) -> Ruling:
    value, (low, high), n = worth_of_a_year(points, level=terms.level)
    months, shortest, longest = _months(value), _months(high), _months(low)
    holds = [f"{number:g}" for number in (_EPOCH, _OPENAI) if shortest <= number <= longest]
    reason = (
        f"compute for the same error halves every {months:.1f} months (each bound one-sided {terms.bound}: "
        f"{shortest:.1f} to {longest:.1f}), over {n} networks in {points.measure}; the interval holds "
        f"{' and '.join(holds) or 'neither'} months."
    )
    agrees, excludes = shortest <= _EPOCH <= longest, not shortest <= _OPENAI <= longest
    answer: Answer = "undecided"
    if excludes or not agrees:
        answer = "supported" if agrees else "contradicted"
    return Ruling(months, (shortest, longest), answer, reason)


def _months(decades_a_year: float) -> float:
    return float(12 * np.log10(2) / decades_a_year) if decades_a_year > 0 else float(np.inf)


CLAIM = Claim(
    name="halving_time",
    paper="G3",
    statement="Algorithms halve the compute that an error needs every 9 months or so, faster than every 16 months.",
    source="Erdil & Besiroglu 2022, arXiv 2212.05153, against Hernandez & Brown 2020, arXiv 2005.04305",
    needs="published networks with years",
    statistic="months in which the compute needed halves",
    theirs="9, or 16 before",
    published=_judge,
    published_lacks=lacks_years,
)
