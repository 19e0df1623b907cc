"""The lowest point of an error against a setting that was tried at a few values: a parabola in logarithms."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from harness.errors import FitError


@dataclass(frozen=True)
class Parabola:
    """ln error = ``lowest`` + ``curvature`` (ln setting - ``at``)^2."""

    at: float
    lowest: float
    curvature: float


def fit_parabola(log_setting: ArrayLike, log_error: ArrayLike) -> Parabola:
    """The least-squares parabola through points (points,).

    Raises:
        FitError: fewer than three points, or a parabola that has no lowest point.
    """
    x, y = np.asarray(log_setting, dtype=float), np.asarray(log_error, dtype=float)
    if len(x) < 3:
        raise FitError(f"parabola: {len(x)} points; three would do")
    curvature, slope, level = np.polyfit(x, y, 2)
    if curvature <= 0:
        raise FitError("parabola: the points curve downwards, so there is no lowest; other settings would do")
    at = -slope / (2 * curvature)
    return Parabola(float(at), float(level - curvature * at**2), float(curvature))
