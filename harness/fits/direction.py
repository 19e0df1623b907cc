"""Straight lines in log-log when both axes are noisy: which way the regression runs is part of the answer.

Regressing ln error on ln compute attributes all scatter to error and gives the largest power p in C ~ (1/error)**p,
regressing the other way the smallest; the structural one lies between them, and the reduced major axis is their
geometric mean. Where the noise of compute is known, the attenuation that it causes can be taken back.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import f as f_distribution
from scipy.stats import t as t_distribution

from harness.errors import FitError
from harness.fits.points import columns, require_points, require_variation
from harness.forms.form import FloatArray

_LN10 = float(np.log(10))


@dataclass(frozen=True)
class Power:
    """The power p in C ~ (1/error)**p with its interval; infinite where error isn't seen to fall."""

    value: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Directions:
    """The power by each regression, at ``level``; ``r_squared`` is the ratio of the reverse to the forward one."""

    forward: Power
    reverse: Power
    reduced_major_axis: Power
    r_squared: float
    n: int
    level: float


@dataclass(frozen=True)
class Corrected:
    """An exponent with the attenuation by noisy compute taken back.

    ``observed`` is the slope as it stands, ``reliability`` the share of the variance of ln compute that isn't noise;
    ``exponent`` is their quotient, with its interval.
    """

    exponent: float
    interval: tuple[float, float]
    observed: float
    reliability: float


def regression_directions(compute: ArrayLike, error: ArrayLike, *, level: float = 0.95) -> Directions:
    """The power p in C ~ (1/error)**p by forward and reverse regression and the reduced major axis.

    Arrays of shape (points,). The interval of the reduced major axis is that of Jolicoeur & Mosimann 1968.

    Raises:
        FitError: numbers that can't be observations, or too few of them.
    """
    log_compute, log_performance = _centred(compute, error)
    n = len(log_compute)
    xx, yy, xy = log_compute @ log_compute, log_performance @ log_performance, log_compute @ log_performance
    r_squared = min(float(xy**2 / (xx * yy)), 1.0)  # of a perfect law it is a rounding above 1
    reach = t_distribution.ppf(0.5 + level / 2, n - 2) * np.sqrt((1 - r_squared) / (n - 2))
    slope, slope_reach = float(xy / xx), float(reach * np.sqrt(yy / xx))
    reverse, reverse_reach = float(xy / yy), float(reach * np.sqrt(xx / yy))
    middle = float(np.sqrt(xx / yy)) if xy > 0 else np.inf
    spread = f_distribution.ppf(level, 1, n - 2) * (1 - r_squared) / (n - 2)
    stretch = float(np.sqrt(spread + 1) + np.sqrt(spread))
    return Directions(
        forward=Power(_inverse(slope), (_inverse(slope + slope_reach), _inverse(slope - slope_reach))),
        reverse=Power(reverse, (reverse - reverse_reach, reverse + reverse_reach)),
        reduced_major_axis=Power(middle, (middle / stretch, middle * stretch)),
        r_squared=r_squared,
        n=n,
        level=level,
    )


def correct_for_noisy_compute(
    compute: ArrayLike, error: ArrayLike, *, noise_decades: float, level: float = 0.95
) -> Corrected:
    """The exponent of error = A * C**-alpha where each compute is off by ``noise_decades`` (sd of its log10).

    Arrays of shape (points,). The regression slope is divided by the reliability of compute; the interval is that of
    Fuller 1987, *Measurement Error Models*, equation 1.2.3 and following, with the noise taken as known.

    Raises:
        FitError: noise as large as the whole spread of compute, or numbers that can't be observations.
    """
    log_compute, log_performance = _centred(compute, error)
    n = len(log_compute)
    spread = float(log_compute @ log_compute) / (n - 1)
    noise = (noise_decades * _LN10) ** 2
    reliability = 1 - noise / spread
    if not 0 < reliability <= 1:
        raise FitError(
            f"noise_decades: {noise_decades:g} is all the spread of compute, {np.sqrt(spread) / _LN10:.3g} decades; "
            "a number from 0 to less than it would do"
        )
    observed = float(log_compute @ log_performance) / (n - 1) / spread
    exponent = observed / reliability
    residual = log_performance - exponent * log_compute
    scatter = float(residual @ residual) / (n - 2)
    variance = (spread * scatter + (exponent * noise) ** 2) / ((n - 1) * (spread * reliability) ** 2)
    reach = float(t_distribution.ppf(0.5 + level / 2, n - 2) * np.sqrt(variance))
    return Corrected(exponent, (exponent - reach, exponent + reach), observed, reliability)


def _centred(compute: ArrayLike, error: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """ln compute and ln performance around their means."""
    spent, reached = columns(compute=compute, error=error)
    require_points("regression", len(spent), parameters=2)
    require_variation(reached)
    if np.ptp(np.log(spent)) < 1e-10:
        raise FitError(f"compute: is {spent[0]:.6g} at every point; computes that differ would do")
    log_compute, log_performance = np.log(spent), -np.log(reached)
    return log_compute - log_compute.mean(), log_performance - log_performance.mean()


def _inverse(slope: float) -> float:
    return 1 / slope if slope > 0 else float(np.inf)
