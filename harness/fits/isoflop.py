"""IsoFLOP profiles: at one budget, error against parameters, and the size at which a parabola has its minimum.

A cross-check of the joint surface, and a picture. A parabola in ln N is only a local shape, so profiles should be
narrow and centred (Hoffmann et al. 2022, arXiv 2203.15556, approach 2). A profile whose minimum isn't bracketed by its
own points states no optimum.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import f as f_distribution

from harness.fits.budgets import by_budget
from harness.fits.points import columns
from harness.forms.form import FloatArray

_FEWEST_SIZES = 3  # a parabola's coefficients
_SAME_ERROR = 1e-10  # of ln error: rounding, whose parabola has a minimum anywhere


@dataclass(frozen=True, eq=False)
class IsoflopProfile:
    """Error against parameters at one budget (FLOPs), in order of parameters.

    ``coefficients`` (c0, c1, c2) give ln error = c0 + c1 u + c2 u**2 with u = ln(params / centre); None where no
    parabola could be drawn. ``optimum_params`` and ``optimum_error`` are None unless ``interior``: the parabola opens
    upward and its minimum lies within the sizes that were run. Otherwise ``reason`` says what is missing. ``skew_p`` is
    the p-value of a cubic term: a skewed or off-centre profile has its parabola's minimum in the wrong place (Czech et
    al. 2026, arXiv 2603.22339); None for fewer than five sizes.
    """

    budget: float
    params: FloatArray
    error: FloatArray
    centre: float
    coefficients: tuple[float, float, float] | None
    optimum_params: float | None
    optimum_error: float | None
    reason: str
    skew_p: float | None = None

    @property
    def interior(self) -> bool:
        """Whether the profile brackets its minimum."""
        return self.optimum_params is not None

    def predict(self, params: ArrayLike) -> FloatArray:
        """The parabola's error at ``params``; needs ``coefficients``."""
        assert self.coefficients is not None, "this profile has no parabola"
        offset = np.log(np.asarray(params, dtype=float) / self.centre)
        return np.asarray(np.exp(np.polynomial.polynomial.polyval(offset, self.coefficients)))


def profiles_of(params: ArrayLike, error: ArrayLike, compute: ArrayLike) -> tuple[IsoflopProfile, ...]:
    """One profile a budget, smallest budget first; arrays of shape (points,).

    ``compute`` is each point's (nominal) budget in FLOPs; computes up to 5 % above a budget's least are of it.

    >>> (profile,) = profiles_of([1e4, 3e4, 1e5, 3e5, 1e6], [0.2, 0.16, 0.15, 0.165, 0.21], [1e12] * 5)
    >>> profile.interior, round(profile.optimum_params / 1e4)
    (True, 9)

    Raises:
        FitError: a number that isn't finite and positive, or columns of different lengths.
    """
    sizes, errors, budgets = columns(params=params, error=error, compute=compute)
    return tuple(_profile(sizes[rows], errors[rows], float(np.median(budgets[rows]))) for rows in by_budget(budgets))


def _profile(params: FloatArray, error: FloatArray, budget: float) -> IsoflopProfile:
    order = np.argsort(params, kind="stable")
    params, error = params[order], error[order]
    centre = float(np.exp(np.log(params).mean()))

    def profile(
        reason: str, coefficients: tuple[float, float, float] | None = None, optimum: tuple[float, float] | None = None
    ) -> IsoflopProfile:
        size, level = optimum or (None, None)
        skew_p = _skew_p(np.log(params / centre), np.log(error))
        return IsoflopProfile(budget, params, error, centre, coefficients, size, level, reason, skew_p)

    different = len(np.unique(params))
    if different < _FEWEST_SIZES:
        return profile(f"{different} different sizes; {_FEWEST_SIZES} or more would do")
    if np.ptp(np.log(error)) < _SAME_ERROR:
        return profile("error is the same at every size: no minimum")
    offset = np.log(params / centre)
    level, tilt, bend = (float(c) for c in np.polynomial.polynomial.polyfit(offset, np.log(error), 2))
    coefficients = (level, tilt, bend)
    if bend <= 0:
        return profile("error bends downward in size: no minimum", coefficients)
    lowest = -tilt / (2 * bend)
    if not offset[0] < lowest < offset[-1]:
        side = "below the smallest" if lowest <= offset[0] else "above the largest"
        return profile(f"the minimum lies {side} size that was run", coefficients)
    return profile("", coefficients, (centre * float(np.exp(lowest)), float(np.exp(level - tilt**2 / (4 * bend)))))


def _skew_p(log_size: FloatArray, log_error: FloatArray) -> float | None:
    """The p-value of a cubic term added to the parabola; None without a degree of freedom left to judge it by."""
    freedom = len(log_size) - _FEWEST_SIZES - 1
    if freedom < 1 or len(np.unique(log_size)) <= _FEWEST_SIZES:
        return None
    squares = []
    for degree in (2, 3):
        coefficients = np.polynomial.polynomial.polyfit(log_size, log_error, degree)
        squares.append(np.square(log_error - np.polynomial.polynomial.polyval(log_size, coefficients)).sum())
    if squares[1] <= 1e-24:
        return 1.0 if squares[0] <= 1e-24 else 0.0
    return float(f_distribution.sf((squares[0] - squares[1]) / (squares[1] / freedom), 1, freedom))
