"""The identifiability gate: when the points can't carry an exponent, none is stated."""

from collections.abc import Sequence

import numpy as np

from harness.forms.form import Coordinate, FloatArray

_SMALLEST_RANGE = 2.0  # factor by which the reducible error must fall over the data for its rate to be visible
_WIDEST = 2.0  # factor that the 95 % interval of an exponent may span and still name one number


def gate(exponent: float, interval: tuple[float, float], decades: float) -> str:
    """Why no exponent can be stated, with the numbers; empty where one can.

    ``interval`` is the exponent's at 95 %, ``decades`` the range of compute.
    """
    low, high = interval
    if np.isnan([exponent, low, high]).any():
        return f"the fit has no number for the exponent ({exponent:.3g} in [{low:.3g}, {high:.3g}])"
    if not np.isfinite(interval).any():
        return "nothing in the points bounds the exponent"
    if low <= 0:
        return f"the data don't show that error falls with compute (exponent in [{low:.3g}, {high:.3g}])"
    reducible_range = 10 ** min(exponent * decades, 300.0)
    if reducible_range < _SMALLEST_RANGE:
        return (
            f"the reducible error falls by a factor of only {reducible_range:.3g} over {decades:.2g} decades, "
            f"{_SMALLEST_RANGE:g} or more are needed (exponent in [{low:.3g}, {high:.3g}])"
        )
    return spread_too_wide(interval, decades)


def edge_of_search(coordinates: Sequence[Coordinate], vector: FloatArray) -> str:
    """Why a fit that ends where its search does is no optimum; empty inside, and at an end that stands for itself.

    No floor at all is such an end; a form's exponent and the depth of its floor have none above.
    """
    for coordinate, value in zip(coordinates, vector, strict=False):
        for end, limit in zip((coordinate.grid[0], coordinate.grid[-1]), coordinate.limits, strict=True):
            if value == end != limit:
                return f"the fit ends at the edge of its search ({coordinate.name.replace('_', ' ')} {end:.3g})"
    return ""


def spread_too_wide(interval: tuple[float, float], decades: float, *, what: str = "exponent") -> str:
    """Why the interval of a positive quantity names no one number; empty where it does."""
    low, high = interval
    if low > 0 and np.isfinite(high) and high / low <= _WIDEST:
        return ""
    return (
        f"the {what} can be anything in [{low:.3g}, {high:.3g}], "
        f"more than a factor of {_WIDEST:g}, on {decades:.2g} decades"
    )
