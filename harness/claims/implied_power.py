"""Claim: the fourth power follows from how error falls with data and how size grows with it.

Error falls as n**-beta and the size that is enough grows as n**gamma, so compute, size times data, grows as the
(1 + gamma) / beta power of performance: 4 for the theory's beta = 1/2 and gamma = 1. Where the data's floor is known it
is subtracted, else it is fitted.
"""

import numpy as np

from harness.along import envelope
from harness.claims.capacity import capacity, lacks_grid
from harness.claims.claim import Claim, Ruling, Terms, undecided
from harness.claims.slopes import slope
from harness.errors import FitError
from harness.evidence import Evidence
from harness.fits.curve import fit_curve
from harness.hypotheses.exponent import reaches

_BOUND = 4.0


def _judge(evidence: Evidence, terms: Terms) -> Ruling:
    try:
        gamma, gamma_ends = _capacity_exponent(evidence, terms)
        beta, beta_ends, floor = _data_exponent(evidence, terms)
    except FitError as refusal:
        return undecided(f"not identified: {refusal}.")
    if beta_ends[0] <= 0 or gamma_ends[0] <= -1:
        return undecided(
            f"not identified: error falls as the {beta_ends[0]:.2f} to {beta_ends[1]:.2f} power of the data, and the "
            f"size that is enough grows as the {gamma_ends[0]:.2f} to {gamma_ends[1]:.2f} power."
        )
    value = (1 + gamma) / beta
    low = value / float(np.exp(np.hypot(np.log((1 + gamma) / (1 + gamma_ends[0])), np.log(beta_ends[1] / beta))))
    high = value * float(np.exp(np.hypot(np.log((1 + gamma_ends[1]) / (1 + gamma)), np.log(beta / beta_ends[0]))))
    reason = (
        f"error falls as the {beta:.2f} power of the data ({beta_ends[0]:.2f} to {beta_ends[1]:.2f}, {floor}) and the "
        f"size that is enough grows as the {gamma:.2f} power ({gamma_ends[0]:.2f} to {gamma_ends[1]:.2f}), so compute "
        f"grows as the {value:.1f} power of 1/error ({low:.1f} to {high:.1f}); {_direct(evidence)}."
    )
    return Ruling(value, (low, high), reaches((low, high), _BOUND), reason)


def _capacity_exponent(evidence: Evidence, terms: Terms) -> tuple[float, tuple[float, float]]:
    found = capacity(evidence, factor=terms.margins.enough_factor)
    line = slope(np.log(found.examples), np.log(found.params))
    return line.value, line.interval(level=terms.level)


def _data_exponent(evidence: Evidence, terms: Terms) -> tuple[float, tuple[float, float], str]:
    best = envelope(evidence, "examples", response="error")
    known = best["irreducible_error"].unique().to_list()
    if len(known) == 1 and known[0] is not None and known[0] < best["test_error"].min():
        reducible = best["test_error"] - known[0]
        fit, floor = fit_curve(best["size"], reducible, form="power"), f"the known floor of {known[0]:g} subtracted"
    else:
        fit, floor = fit_curve(best["size"], best["test_error"], form="power_floor"), "with a fitted floor"
    return fit.value("exponent"), fit.interval("exponent", level=terms.confidence), floor


def _direct(evidence: Evidence) -> str:
    """The exponent of the frontier itself, to hold the implied one against."""
    if "power_floor" not in evidence.curves:
        return "the frontier itself could not be fitted"
    fit = evidence.curves["power_floor"]
    low, high = fit.interval("exponent")
    inverse = f"{1 / high:.1f} to {1 / low:.1f}" if low > 0 else f"{1 / high:.1f} or more"
    return f"fitted directly to the frontier with a floor it is {1 / fit.value('exponent'):.1f} ({inverse})"


CLAIM = Claim(
    name="implied_power",
    paper="T2",
    statement=(
        "Error falls no faster than one over the square root of the data and size grows with the data, which together "
        "make compute grow at least with the fourth power of performance."
    ),
    source="Thompson, Greenewald, Lee & Manso 2020, arXiv 2007.05558 (theoretical lower bound, as popularly quoted)",
    needs="a grid of model sizes and numbers of training examples; better still with a known floor (data=teacher)",
    statistic="(1 + capacity exponent) / data exponent",
    theirs="at least 4",
    study=_judge,
    lacks=lacks_grid,
)
