"""Claim: parameters must grow with the data, so that training cost grows at least with the square of the data.

On a grid of data and size: the size that is enough at each number of examples, and what training it takes.
"""

import numpy as np

from harness.claims.capacity import capacity, lacks_grid
from harness.claims.claim import Claim, Ruling, Terms, undecided
from harness.errors import FitError
from harness.evidence import Evidence
from harness.fits.slope import slope
from harness.hypotheses.exponent import reaches

_BOUND = 2.0


def _judge(evidence: Evidence, terms: Terms) -> Ruling:
    try:
        found = capacity(evidence, factor=terms.margins.enough_factor)
        cost, size = (slope(np.log(found.examples), np.log(y)) for y in (found.compute, found.params))
    except FitError as refusal:
        return undecided(f"not identified: {refusal}.")
    low, high = cost.interval(level=terms.level)
    size_low, size_high = size.interval(level=terms.level)
    decades = float(np.ptp(np.log10(found.examples)))
    reason = (
        f"compute grows as the {cost.value:.2f} power of the data (each bound one-sided {terms.bound}: "
        f"{low:.2f} to {high:.2f}) and the size that is enough as the {size.value:.2f} power ({size_low:.2f} to "
        f"{size_high:.2f}), at {len(found.examples)} numbers of examples over {decades:.1f} decades of data."
    )
    return Ruling(cost.value, (low, high), reaches((low, high), _BOUND), reason)


CLAIM = Claim(
    name="square_of_data",
    paper="T1",
    statement=(
        "An over-parameterised model needs parameters in proportion to its data at least, so the cost of training "
        "grows at least with the square of the data."
    ),
    source="Thompson, Greenewald, Lee & Manso 2020, arXiv 2007.05558 (theory section)",
    needs="a grid of model sizes and numbers of training examples",
    statistic="power of training FLOPs in training examples",
    theirs="at least 2",
    study=_judge,
    lacks=lacks_grid,
)
