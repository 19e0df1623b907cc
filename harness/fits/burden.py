"""Hardware burden is not compute: utilisation drifts with scale, and a law in burden is then another law.

Burden = training FLOPs / utilisation. Where utilisation grows as C**gamma, a curve that falls as C**-alpha falls as
burden**-(alpha / (1 - gamma)): going from 2 % to 40 % over three decades turns a ninth power into a fifth.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from harness.fits.points import columns, require_points
from harness.fits.slope import slope


@dataclass(frozen=True)
class Drift:
    """How utilisation grows with compute: as C**``gamma``, with its interval.

    ``inflation`` is the factor 1 / (1 - gamma) by which an exponent in hardware burden exceeds the one in compute;
    ``warning`` says so where the interval excludes a gamma of zero, and is empty otherwise.
    """

    gamma: float
    interval: tuple[float, float]
    inflation: float
    warning: str


def utilisation_drift(training_flops: ArrayLike, hardware_burden: ArrayLike, *, level: float = 0.95) -> Drift:
    """The drift over runs, both in FLOPs and of shape (runs,).

    Raises:
        FitError: numbers that can't be observations, or fewer than three runs of different compute.
    """
    spent, burden = columns(training_flops=training_flops, hardware_burden=hardware_burden)
    require_points("drift", len(spent), parameters=2)
    line = slope(np.log(spent), np.log(spent / burden))
    gamma, interval = line.value, line.interval(level=(1 - level) / 2)
    inflation = 1 / (1 - gamma) if gamma < 1 else float(np.inf)
    if interval[0] <= 0 <= interval[1]:
        return Drift(gamma, interval, inflation, "")
    warning = (
        f"utilisation goes as C**{gamma:.3g} ({level:.0%}: {interval[0]:.3g} to {interval[1]:.3g}): an exponent in "
        f"hardware burden is {inflation:.3g} times the one in training FLOPs"
    )
    return Drift(gamma, interval, inflation, warning)
