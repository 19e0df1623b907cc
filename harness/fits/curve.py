"""Fit error as a function of compute, with intervals that mean what they say.

Least squares on the form's response (ln error for the power laws), compute measured against its largest value, the
global minimum by variable projection; intervals by profiling, for any scalar of the parameters::

    fit = fit_curve(compute, error, form="power_floor")
    fit.params["exponent"], fit.interval("exponent"), fit.interval("compute_exponent")
    fit.interval(lambda params: params["irreducible_error"] / 0.05)
    fit.interval(fit.log10_compute_to(0.05)), fit.predict([1e13, 1e14])
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import replace

from numpy.typing import ArrayLike

from harness.errors import FitError
from harness.fits.calibration import calibrate_by_blocks
from harness.fits.cells import Cells
from harness.fits.choice import choose_among
from harness.fits.curve_fitting import fit_cells, observed_cells
from harness.fits.curve_result import Calibration, CurveFit
from harness.fits.predictions import Prediction
from harness.fits.robust import Objective

__all__ = ["AUTO", "Calibration", "CurveFit", "Prediction", "fit_curve"]

AUTO = "auto"


def fit_curve(
    compute: ArrayLike,
    error: ArrayLike,
    *,
    form: str,
    stderr: ArrayLike | None = None,
    test_examples: ArrayLike | None = None,
    groups: Sequence[Hashable] | None = None,
    chance_error: float | None = None,
    objective: Objective = "least_squares",
    delta: float | None = None,
    calibrate: bool = False,
) -> CurveFit:
    """Fit ``error`` (in (0, 1], or a loss) as the named form of ``compute`` (FLOPs), arrays of shape (points,).

    ``form`` is a name in ``FORMS``, or ``"auto"``: the form that ``choose_form`` chooses, from these points alone.
    ``groups`` labels the cell of each point; replicates are averaged and the cell is the unit of inference.

    What is known of the noise: ``stderr`` is the standard error of each error, or ``test_examples`` the number of test
    examples (one number, or one a point) that it is a share of. Counts are fitted by binomial likelihood, so an error
    of zero or at chance is an observation like any other. A scatter beyond what is known is estimated and added.

    ``chance_error`` is the error of guessing, the ceiling of the forms that have one. ``objective`` is what is summed
    over the residuals, ``delta`` Huber's threshold, 1.345 robust standard deviations where None. ``calibrate`` hides
    blocks of the largest computes in turn, predicts them from what lies below, and stretches the prediction intervals
    until they would have held as many as they should; the form is chosen again for each block.

    >>> compute = [1e9, 3e9, 1e10, 3e10, 1e11, 3e11, 1e12, 3e12]
    >>> error = [0.305, 0.246, 0.202, 0.166, 0.141, 0.119, 0.105, 0.0912]
    >>> fit = fit_curve(compute, error, form="power_floor")
    >>> round(fit.params["exponent"], 3), [round(end, 2) for end in fit.interval("exponent")]
    (0.227, [0.2, 0.25])
    >>> [round(end, 1) for end in fit.interval(fit.log10_compute_to(0.08))]  # decades of FLOPs
    [12.9, 13.4]
    >>> ahead = fit.predict(1e13)
    >>> [round(float(end[0]), 3) for end in (ahead.low, ahead.error, ahead.high)]
    [0.078, 0.082, 0.086]

    Raises:
        FitError: an unknown form, numbers that can't be observations, too few points or no variation.
    """
    for name, option in (("chance_error", chance_error), ("delta", delta)):
        if option is not None and not 0 < option < math.inf:
            raise FitError(f"{name}: is {option}; a finite number above zero would do")
    cells = observed_cells(compute, error, stderr=stderr, test_examples=test_examples, groups=groups)

    def fitted(part: Cells) -> CurveFit:
        if form == AUTO:
            if objective != "least_squares":
                raise FitError(f"form: auto compares likelihoods and {objective} has none; a form's name would do")
            return choose_among(part, chance_error=chance_error).fit
        return fit_cells(part, form=form, chance_error=chance_error, objective=objective, delta=delta)

    fit = fitted(cells)
    return replace(fit, calibration=calibrate_by_blocks(cells, fitted)) if calibrate else fit
