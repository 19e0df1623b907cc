"""The slope of a straight line through a few points, with its standard error."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as t_distribution

from harness.errors import FitError

_FEWEST = 3


@dataclass(frozen=True)
class Slope:
    """A least-squares slope with its standard error and the degrees of freedom behind it."""

    value: float
    stderr: float
    freedom: int

    def interval(self, *, level: float) -> tuple[float, float]:
        """Ends that are one-sided bounds at ``level``."""
        reach = float(t_distribution.ppf(1 - level, self.freedom)) * self.stderr
        return self.value - reach, self.value + reach


def slope(x: ArrayLike, y: ArrayLike) -> Slope:
    """The slope of y on x, arrays of shape (points,).

    Raises:
        FitError: too few points, or x that does not vary.
    """
    across, up = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if len(across) < _FEWEST or np.ptp(across) < 1e-12:
        raise FitError(f"{len(across)} points; {_FEWEST} or more at different places would do")
    centred = across - across.mean()
    value = float(centred @ up / (centred @ centred))
    residuals = up - up.mean() - value * centred
    freedom = len(across) - 2
    return Slope(value, float(np.sqrt(residuals @ residuals / freedom / (centred @ centred))), freedom)
