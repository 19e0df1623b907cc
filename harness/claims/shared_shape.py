"""Recipes that differ by a factor of compute: one curve for all arms, each shifted along the compute axis.

ln error = ln(E + A (C 10**d)**-alpha), with E, A and alpha shared and a shift d of each arm, in decades: the
compute-equivalent gain over the first. An F test holds the shared shape against a curve of its own for each arm.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares
from scipy.stats import f as f_distribution

from harness.claims.published import Trend
from harness.errors import FitError
from harness.forms.form import FloatArray

_STARTS = (0.05, 0.1, 0.2, 0.4, 0.8)  # of the exponent; published ones lie between
_LARGEST = 3.0
_SHAPE = 3  # parameters that the arms share


@dataclass(frozen=True, eq=False)
class Shifts:
    """Gains over the first arm in decades, shape (arms,), the first zero; their covariance; the test of one shape.

    ``p_value`` is of the shared shape: small where the arms' curves differ in more than a shift.
    """

    labels: tuple[str, ...]
    gains: FloatArray
    covariance: FloatArray
    exponent: float
    p_value: float
    n: int
    freedom: int


def fit_shifts(arms: Mapping[str, Trend]) -> Shifts:
    """One shape for all arms.

    Raises:
        FitError: fewer than two arms, or an arm on too few points for a curve of its own.
    """
    if len(arms) < 2:
        raise FitError(f"{len(arms)} arms; two or more would do")
    for label, trend in arms.items():
        if "power_floor" not in trend.curves:
            raise FitError(f"arm {label}: {trend.refused.get('power_floor', 'no curve was fitted')}")
    log_compute = np.concatenate([np.log(trend.compute) for trend in arms.values()])
    log_error = np.concatenate([_log_error(trend) for trend in arms.values()])
    arm = np.concatenate([np.full(len(trend.error), number) for number, trend in enumerate(arms.values())])
    reference = float(log_compute.max())
    lowest = float(np.exp(log_error.min()))

    def residual(vector: FloatArray) -> FloatArray:
        exponent, floor, level, *shifts = vector
        spent = log_compute - reference + np.log(10) * np.array([0.0, *shifts])[arm]
        return np.asarray(np.log(floor + np.exp(level - exponent * spent)) - log_error)

    free = len(arms) - 1
    lower = [1e-3, 0.0, -np.inf, *[-6.0] * free]
    upper = [_LARGEST, lowest, np.inf, *[6.0] * free]
    starts = [[power, share * lowest, np.log(lowest), *[0.0] * free] for power in _STARTS for share in (0.01, 0.5)]
    fits = [least_squares(residual, start, bounds=(lower, upper), x_scale="jac", xtol=1e-12) for start in starts]
    best = min(fits, key=lambda fit: float(fit.cost))
    freedom = len(log_error) - _SHAPE - free
    if freedom < 1:
        raise FitError(f"{len(log_error)} points for {_SHAPE + free} parameters; more would do")
    squares = 2 * float(best.cost)
    covariance = np.linalg.pinv(best.jac.T @ best.jac) * squares / freedom
    gains = np.array([0.0, *best.x[_SHAPE:]])
    spread = np.zeros((len(arms), len(arms)))
    spread[1:, 1:] = covariance[_SHAPE:, _SHAPE:]
    return Shifts(
        labels=tuple(arms),
        gains=gains,
        covariance=spread,
        exponent=float(best.x[0]),
        p_value=_shape_test(arms, squares, freedom),
        n=len(log_error),
        freedom=freedom,
    )


def _log_error(trend: Trend) -> FloatArray:
    """ln error; half a mistake where a cell made none, as the arm's own curve has it."""
    trials = trend.curves["power_floor"].cells.trials
    return np.asarray(np.log(trend.error if trials is None else np.maximum(trend.error, 0.5 / trials)))


def _shape_test(arms: Mapping[str, Trend], shared: float, freedom: int) -> float:
    """P value of one shape against a curve of its own for each arm."""
    own = sum(float(np.square(trend.curves["power_floor"].residuals).sum()) for trend in arms.values())
    own_freedom = sum(len(trend.error) for trend in arms.values()) - _SHAPE * len(arms)
    extra = freedom - own_freedom
    if own_freedom < 1 or extra < 1 or own <= 0:
        return 1.0
    return float(f_distribution.sf(max(0.0, shared - own) / extra / (own / own_freedom), extra, own_freedom))
