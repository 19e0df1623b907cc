"""A curve whose points share noise in clusters: its intervals are the wider of two, neither of which has its level.

Where clusters are few, profile-F, which takes points for independent, is too narrow, and the restricted wild cluster
bootstrap is too wide (``tests/stats/test_trunks.py`` has the numbers). What both decide alike is decided; so an
interval holds both, and is open where the clusters can't tell. Predictions take points for independent: a bootstrap at
every compute of a band would take minutes, so whoever shows a band says so.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property

import numpy as np

from harness.errors import FitError
from harness.fits.bootstrap import wild_interval
from harness.fits.curve_result import CurveFit
from harness.fits.quantity import Quantity

FEWEST = 3  # of two clusters the wild bootstrap has 36 draws, and rejects nothing at 5 %
OPEN = (-np.inf, np.inf)


@dataclass(frozen=True, eq=False)
class ClusteredFit(CurveFit):
    """The fit ``apart``, to points taken for independent, with a label a point for what shares its noise."""

    apart: CurveFit
    clusters: tuple[Hashable, ...]
    _known: dict[tuple[str, float], tuple[float, float]] = field(default_factory=dict, repr=False)

    def interval(self, quantity: Quantity, *, level: float = 0.95) -> tuple[float, float]:
        """What holds the profile-F interval and that by clusters; open with fewer than three, or with counts."""
        if not isinstance(quantity, str):  # most functions are made anew for every question
            return self._wider(quantity, level)
        key = (quantity, level)
        if key not in self._known:  # the bootstrap takes about a second
            self._known[key] = self._wider(quantity, level)
        return self._known[key]

    @cached_property
    def gate(self) -> str:
        """As that of any fit; where the clusters leave all open, by what."""
        what = "exponent" if "exponent" in self.params else "slope"
        if np.isfinite(self.interval(what)).any():
            return super().gate
        if len(set(self.clusters)) < FEWEST:
            return f"the points share their noise in too few trunks to bound the {what}"
        return (
            f"the points share their noise in trunks, and errors that are fitted as counts don't bound the {what} then"
        )

    def _wider(self, quantity: Quantity, level: float) -> tuple[float, float]:
        ends = zip(self.apart.interval(quantity, level=level), self._together(quantity, level), strict=True)
        (low, other_low), (high, other_high) = ends
        return min(low, other_low), max(high, other_high)

    def _together(self, quantity: Quantity, level: float) -> tuple[float, float]:
        if len(set(self.clusters)) < FEWEST:
            return OPEN
        try:
            return wild_interval(self.apart, quantity, level=level, clusters=self.clusters)
        except FitError:  # counts have no wild bootstrap
            return OPEN


def clustered(fit: CurveFit, clusters: Sequence[Hashable]) -> CurveFit:
    """The fit with intervals that hold whether or not points of one cluster, labelled in order, share their noise."""
    if len(set(clusters)) == len(clusters):
        return fit
    own = {one.name: getattr(fit, one.name) for one in fields(fit)}
    return ClusteredFit(**own, apart=fit, clusters=tuple(clusters))
