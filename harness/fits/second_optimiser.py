"""A second optimiser, to be believed against the first: L-BFGS-B, which shares only residuals and Jacobian with it."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

from harness.fits.descent import Loss
from harness.forms.form import FloatArray

_TIGHT = {"ftol": 1e-15, "gtol": 1e-13, "maxiter": 2000, "maxfun": 5000}
_RESTARTS = 2  # a fresh start at its end frees L-BFGS of a bad memory of the curvature
_LARGEST = 1e300


def least(
    evaluate: Callable[[FloatArray], tuple[FloatArray, FloatArray]],
    starts: FloatArray,
    *,
    lower: FloatArray,
    upper: FloatArray,
    loss: Loss,
) -> float:
    """The lowest objective reached from ``starts`` (starts, coordinates).

    ``evaluate`` maps coordinates to residuals (points,) and their Jacobian (points, coordinates).
    """
    unit = max(float(loss.value(evaluate(starts[0])[0]).sum()), 1e-300)

    def objective(place: FloatArray) -> tuple[float, FloatArray]:
        residual, jacobian = evaluate(place)
        value = float(loss.value(residual).sum())
        with np.errstate(over="ignore"):  # far from the optimum, of a form that goes through all its few points
            slope = 2 * (loss.weight(residual) * residual) @ jacobian / unit
        return value / unit, np.clip(slope, -_LARGEST, _LARGEST)

    bounds = list(zip(lower, upper, strict=True))
    reached = np.inf
    for place in starts:
        for _ in range(_RESTARTS):
            found = minimize(objective, place, jac=True, method="L-BFGS-B", bounds=bounds, options=_TIGHT)
            place = found.x
        reached = min(reached, float(found.fun) * unit)
    return reached
