"""The winner's curse: the best of many noisy candidates looks better than it is.

The least of m measurements with noise sigma lies below the truth by sigma times the mean of the least of m standard
normals: 0.85 for 3 candidates, 1.54 for 10, 2.51 for 100. It is a bias of level where every budget has as many
candidates, and of slope where they differ. A joint surface uses all candidates and has none of it; raw minima that are
drawn or fitted can be raised by what selection took off.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_ndtr

from harness.errors import FitError
from harness.fits.points import columns
from harness.forms.form import FloatArray

_GRID = np.linspace(-12.0, 12.0, 4801)  # standard deviations; the trapezoid rule is exact to rounding on it
_STEP = float(_GRID[1] - _GRID[0])


def expected_minimum(candidates: ArrayLike) -> FloatArray:
    """The mean of the least of so many independent standard normals: 0 for one candidate, below it for more.

    ``candidates`` are whole numbers from 1 on, any shape.
    """
    counts = np.asarray(candidates)
    if counts.size and not (np.all(counts >= 1) and np.all(counts == np.round(counts))):
        raise FitError(f"candidates: {counts.min()} is among them; whole numbers from 1 on would do")
    survival = counts[..., None] * log_ndtr(-_GRID)
    return _mean(np.exp(survival))


def selection_bias(log_errors: ArrayLike, *, sigma: float) -> float:
    """How far the expected least of several measurements of ln error lies below the least truth, as a number below 0.

    ``log_errors`` (candidates,) are the true (in practice fitted) values, ``sigma`` the noise of each. Candidates that
    are clearly worse take little part, so this is nearer to zero than ``sigma * expected_minimum(len(log_errors))``.
    """
    standard = (np.asarray(log_errors, dtype=float) - np.min(log_errors)) / sigma
    survival = log_ndtr(standard - _GRID[:, None]).sum(axis=1)
    return float(sigma * _mean(np.exp(survival)))


def corrected_minima(error: ArrayLike, *, sigma: float, candidates: ArrayLike) -> FloatArray:
    """Minima of ``error``, shape (points,), raised by what selection among equal ``candidates`` took off.

    ``sigma`` is the noise of ln error of one candidate (of a cell's mean, where cells compete). It is the most that
    selection can have taken: where candidates differ, less did.

    Raises:
        FitError: errors that can't be observations, or a number of candidates below one.
    """
    (reached,) = columns(error=error)
    return np.asarray(reached * np.exp(-sigma * expected_minimum(candidates)))


def slope_bias(compute: ArrayLike, candidates: ArrayLike, *, sigma: float) -> float:
    """What selection adds to the slope of ln error on ln ``compute`` when budgets have different ``candidates``.

    Both have shape (budgets,). Below zero where larger budgets had more candidates: the law then looks steeper.
    """
    spent, counts = columns(compute=compute, candidates=candidates)
    log_compute = np.log(spent) - np.log(spent).mean()
    return float(sigma * (log_compute @ expected_minimum(counts)) / (log_compute @ log_compute))


def _mean(survival: FloatArray) -> FloatArray:
    """The mean of a variable with these chances of lying above the points of the grid."""
    above = _GRID >= 0
    return np.asarray(
        (survival[..., above].sum(axis=-1) - (1 - survival[..., ~above]).sum(axis=-1)) * _STEP - _STEP / 2
    )
