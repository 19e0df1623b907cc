"""Prediction intervals held against points that the fit didn't see: the largest computes, a block at a time.

An interval for a new point assumes that the form goes on holding. So the upper half of the points is hidden in blocks
of neighbouring computes, each block is predicted from the points below it alone, and if fewer than 90 % of the hidden
points lie in their 90 % intervals, all half-widths are stretched by the factor that would have been enough.
"""

from collections.abc import Callable

import numpy as np

from harness.errors import FitError
from harness.fits.cells import Cells
from harness.fits.curve_result import Calibration, CurveFit
from harness.forms.form import BoolArray, FloatArray

_BLOCKS = 4
_LEVEL = 0.9
_FEWEST_HIDDEN = 4


def calibrate_by_blocks(cells: Cells, refit: Callable[[Cells], CurveFit]) -> Calibration:
    """The calibration of ``refit``, which fits a part of the ``cells``.

    Raises:
        FitError: too few points to hide any.
    """
    reaches = [reach for shown, hidden in blocks(cells) for reach in _reaches(cells, shown, hidden, refit)]
    if len(reaches) < _FEWEST_HIDDEN:
        raise FitError(
            f"calibrate: {len(cells.error)} points leave {len(reaches)} that can be hidden and predicted; "
            "more points, or calibrate=False, would do"
        )
    enough = float(np.sort(reaches)[int(np.ceil(_LEVEL * len(reaches))) - 1])
    return Calibration(
        hidden=len(reaches),
        share_inside=float(np.mean(np.array(reaches) <= 1)),
        widening=max(1.0, enough),
    )


def blocks(cells: Cells) -> list[tuple[BoolArray, BoolArray]]:
    """Pairs of masks (cells,): what is shown, and the block of next larger computes that is hidden from it."""
    compute = cells.sizes[0]  # points of one compute are hidden together
    upper = np.array_split(np.unique(np.sort(compute)[len(compute) // 2 :]), _BLOCKS)
    pairs = [(compute < block[0], (compute >= block[0]) & (compute <= block[-1])) for block in upper if len(block)]
    return [(shown, hidden) for shown, hidden in pairs if shown.any()]


def _reaches(cells: Cells, shown: BoolArray, hidden: BoolArray, refit: Callable[[Cells], CurveFit]) -> list[float]:
    """How far each hidden point lies from its prediction, in half-widths of its interval on that side.

    Measured in the form's response, where half-widths are stretched: an interval of a straight line in error may begin
    below zero, where there is no logarithm.
    """
    try:
        fit = refit(cells.where(shown))
    except FitError:  # too few points below this block
        return []
    ahead = fit.predict(cells.sizes[0][hidden], level=_LEVEL)
    error, of_error = np.exp(cells.log_error[hidden]), fit.estimate.problem.form.response.of_error
    unit = fit.estimate.problem.reference.chance_error
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = of_error(ahead.error / unit)
        edge = of_error(np.where(error > ahead.error, ahead.high, ahead.low) / unit)
        reach: FloatArray = np.abs((of_error(error / unit) - centre) / (edge - centre))
    return [float(value) for value in np.nan_to_num(reach, nan=np.inf)]
