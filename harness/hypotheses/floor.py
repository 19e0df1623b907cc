"""Does the curve level off: is there an irreducible error?

None is a bound of the parameter and not a point inside, where a likelihood ratio is half the time zero: its p-value is
half the usual one (Self & Liang 1987). The test is read off the profile interval of the irreducible error, whose lower
end leaves zero exactly where the profile likelihood ratio rejects it. That there is none can't be shown; that it is a
small share of the lowest error can.
"""

from collections.abc import Mapping

import numpy as np

from harness.errors import FitError
from harness.fits.curve import CurveFit
from harness.hypotheses.finding import Answer, Finding
from harness.hypotheses.fitted import both_sides, p_value, whichever

_FLOOR = "irreducible_error"


def floor(fits: Mapping[str, CurveFit], *, negligible: float = 0.1, level: float = 0.95) -> Finding:
    """Supported where zero is excluded, contradicted where the floor is a negligible share of the lowest error.

    ``fits`` are to the same points; those with an irreducible error take part. ``negligible`` is a share of the lowest
    error measured. The null hypothesis of the p-value is that there is no floor.

    Raises:
        FitError: no form with a floor was fitted, or a share that isn't between 0 and 1.
    """
    if not 0 < negligible < 1:
        raise FitError(f"negligible: is {negligible:g}; a share between 0 and 1 would do")
    fitted = whichever(fits, having=_FLOOR)
    low, high = fitted.interval(_FLOOR, level=both_sides(level))
    lowest = float(np.exp(np.min(fitted.best.cells.log_error)))  # half a mistake where none was made
    answer = levels_off((low, high), negligible * lowest)
    value = fitted.value(_FLOOR)
    reason = (
        f"the irreducible error is {value:.3g} (each bound one-sided {level:.0%}: {low:.3g} to {high:.3g}, form: "
        f"{fitted.form}), {high / lowest:.0%} of the lowest error at most, over {fitted.n} points and "
        f"{fitted.decades:.1f} decades."
    )
    p = p_value(fitted, _FLOOR, 0.0) / 2
    return Finding(
        "the error has a floor", answer, "irreducible error", value, (low, high), both_sides(level), p, reason
    )


def levels_off(interval: tuple[float, float], negligible: float) -> Answer:
    """Does the interval of an irreducible error exclude zero, or lie below what is negligible?"""
    return "supported" if interval[0] > 0 else "contradicted" if interval[1] <= negligible else "undecided"
