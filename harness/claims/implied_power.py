"""Claim: the fourth power follows from how error falls with data and how size grows with it.

Error falls as n**-beta and the size that is enough grows as n**gamma, so compute, size times data, grows as the
(1 + gamma) / beta power of performance: 4 for the theory's beta = 1/2 and gamma = 1. Where the data's floor is known it
is subtracted, else it is fitted.
"""

import numpy as np

from harness.claims.capacity import capacity, lacks_grid
from harness.claims.claim import Claim, Ruling, Terms, undecided
from harness.envelope import envelope
from harness.errors import FitError
from harness.evidence import Evidence
from harness.fits.curve import CurveFit, fit_curve
from harness.fits.slope import slope
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
    best = envelope(evidence, "examples", response="error").cells
    known = _known_floor(evidence)
    if known is not None and known < float(best["test_error"].to_numpy().min()):
        fit, floor = fit_curve(best["size"], best["test_error"] - known, form="power"), _subtracted(known)
    else:
        fit, floor = fit_curve(best["size"], best["test_error"], form="power_floor"), "with a fitted floor"
    if fit.edge:
        raise FitError(fit.edge)
    return fit.value("exponent"), fit.interval("exponent", level=terms.confidence), floor


def _known_floor(evidence: Evidence) -> float | None:
    known: list[float | None] = evidence.cells["irreducible_error"].unique().to_list()
    return known[0] if len(known) == 1 else None


def _subtracted(known: float) -> str:
    return f"the known floor of {known:g} subtracted"


def _direct(evidence: Evidence) -> str:
    """The exponent of the frontier itself, to hold the implied one against."""
    if "power_floor" not in evidence.curves:
        return "the frontier itself could not be fitted"
    fit, known = evidence.curves["power_floor"], _known_floor(evidence)
    said = f"fitted directly to the frontier it is {_inverse(fit)} with a fitted floor"
    if known is None or known >= fit.error.min():
        return said
    return f"{said}, {_inverse(fit_curve(fit.compute, fit.error - known, form='power'))} with {_subtracted(known)}"


def _inverse(fit: CurveFit) -> str:
    low, high = fit.interval("exponent")
    ends = f"{1 / high:.1f} to {1 / low:.1f}" if low > 0 else f"{1 / high:.1f} or more"
    return f"{1 / fit.value('exponent'):.1f} ({ends})"


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
