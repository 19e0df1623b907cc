"""Robust objectives: what is summed in place of squares, and how noisy an estimate is that wild points can't move.

``huber`` sums squares up to a threshold and absolute values beyond it, ``lad`` (least absolute deviations) absolute
values only. A fixed ``delta`` = 1e-3 of ln error, as the literature has it, lies far below the noise met in practice
and so is least absolute deviations too: 64 % as efficient as least squares where the noise is normal.
"""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np

from harness.errors import FitError
from harness.fits.descent import Loss, huber
from harness.forms.form import FloatArray

Objective = Literal["least_squares", "huber", "lad"]
_OBJECTIVES: tuple[Objective, ...] = get_args(Objective)

_NORMAL = 1.4826  # median absolute deviation to standard deviation, for normal noise
_TUNING = 1.345  # Huber's threshold in robust standard deviations: 95 % efficient for normal noise (Huber 1964)
_LAD = 1e-3  # a threshold so far below the noise that absolute values are what is summed
_ROUNDS = 3


def known_objective(name: str, *, delta: float | None = None) -> Objective:
    """The objective of that name.

    Raises:
        FitError: there is none, or a ``delta`` that is no threshold or belongs to no threshold.
    """
    if delta is not None and name != "huber":
        raise FitError(f"delta: is Huber's threshold and the objective is {name}; huber, or no delta, would do")
    if delta is not None and not (np.isfinite(delta) and delta > 0):
        raise FitError(f"delta: is {delta:g}; a finite number of ln error above zero would do")
    for objective in _OBJECTIVES:
        if name == objective:
            return objective
    raise FitError(f"objective: unknown {name!r}; one of {', '.join(_OBJECTIVES)} would do")


def settle(
    vector: FloatArray,
    *,
    objective: Literal["huber", "lad"],
    delta: float | None,
    residual: Callable[[FloatArray], FloatArray],
    polish: Callable[[FloatArray, Loss], FloatArray],
) -> tuple[FloatArray, float]:
    """The robust optimum near ``vector`` or better, and the threshold of its objective.

    Without a ``delta`` the threshold is 1.345 robust standard deviations (for ``lad`` a thousandth of one): the scale
    depends on the fit, which depends on the scale, so both are found in turn.
    """
    if delta is not None:
        return polish(vector, huber(delta)), delta
    for _ in range(_ROUNDS):
        threshold = max((_TUNING if objective == "huber" else _LAD) * robust_scale(residual(vector)), 1e-12)
        vector = polish(vector, huber(threshold))
    return vector, threshold


def robust_scale(residuals: FloatArray) -> float:
    """The standard deviation that normal noise with this median absolute deviation has."""
    return float(_NORMAL * np.median(np.abs(residuals - np.median(residuals))))


def robust_variance(residuals: FloatArray, threshold: float | None, *, objective: Literal["huber", "lad"]) -> float:
    """The variance that takes the residual variance's place in the error of a robust estimate (Huber 1981, 7.6).

    For Huber's loss mean psi**2 / (mean psi')**2; for absolute values 1 / (4 density(0)**2), the density by a normal
    kernel of Silverman's width.
    """
    if objective == "huber":
        assert threshold is not None
        inside = np.abs(residuals) <= threshold
        clipped = np.clip(residuals, -threshold, threshold)
        return float(np.square(clipped).mean() / max(inside.mean(), 1e-3) ** 2)
    width = 1.06 * max(robust_scale(residuals), 1e-12) * len(residuals) ** -0.2
    density = np.exp(-0.5 * np.square(residuals / width)).mean() / (width * np.sqrt(2 * np.pi))
    return float(1 / (4 * density**2))
