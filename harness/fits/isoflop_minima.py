"""How the best size grows with compute: a power law through the minima of IsoFLOP profiles.

The line is the plain power law of ``fit_curve``, of the best size on the budget, so intervals of any scalar,
predictions and diagnostics are those of every other fit. Each minimum counts once, whatever its own doubt.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from harness.errors import FitError
from harness.fits.cells import cell_means
from harness.fits.curve import fit_curve
from harness.fits.curve_diagnostics import CurveDiagnostics
from harness.fits.curve_result import CurveFit
from harness.fits.gate import spread_too_wide
from harness.fits.isoflop import IsoflopProfile, profiles_of
from harness.fits.points import columns
from harness.fits.predictions import OptimalSizes
from harness.fits.quantity import Derived, Quantity, derived_of
from harness.forms.form import FloatArray, Params

_FEWEST = 3  # minima: one more than a line has parameters
_SKEWED = 0.05
_NAMES = ("optimal_params_exponent", "optimal_examples_exponent", "log_scale")


@dataclass(frozen=True, eq=False)
class IsoflopDiagnostics:
    """What a reader should know before believing the minima: shares and reasons, a profile each.

    ``bracketed`` is the share of profiles that hold their minimum, ``reasons`` says of each other, by its budget, what
    is missing, and ``skewed`` names the budgets whose profile a parabola does not fit (cubic term, 5 %). ``line`` are
    those of the power law through the minima, and ``gate`` says why no growth can be stated.
    """

    bracketed: float
    reasons: dict[float, str]
    skewed: tuple[float, ...]
    line: CurveDiagnostics
    gate: str


@dataclass(frozen=True, eq=False)
class IsoflopFit:
    """The profiles, smallest budget first, and N* = exp(log_scale) * C**optimal_params_exponent through their minima.

    ``line`` is that power law as a curve of the best size, whose exponent is minus the growth.
    """

    profiles: tuple[IsoflopProfile, ...]
    line: CurveFit

    @property
    def n(self) -> int:
        """How many minima the line goes through."""
        return self.line.n

    @property
    def params(self) -> dict[str, float]:
        """``optimal_params_exponent``, ``optimal_examples_exponent`` (one minus it) and ``log_scale``, by name."""
        return {name: self.value(name) for name in _NAMES}

    @property
    def gate(self) -> str:
        """Why no growth can be stated; empty where one can."""
        low, high = self.interval("optimal_params_exponent")
        if low <= 0:
            return f"the data don't show that the best size grows with compute (exponent in [{low:.3g}, {high:.3g}])"
        return spread_too_wide((low, high), self.line.decades)

    @property
    def diagnostics(self) -> IsoflopDiagnostics:
        """Which profiles hold their minimum, which are no parabolas, and what the line hangs on."""
        return IsoflopDiagnostics(
            bracketed=sum(profile.interior for profile in self.profiles) / len(self.profiles),
            reasons={profile.budget: profile.reason for profile in self.profiles if profile.reason},
            skewed=tuple(p.budget for p in self.profiles if p.skew_p is not None and p.skew_p < _SKEWED),
            line=self.line.diagnostics,
            gate=self.gate,
        )

    def value(self, quantity: Quantity) -> float:
        """A parameter or a function of the parameters."""
        return self.line.value(self._of_line(quantity))

    def interval(self, quantity: Quantity = "optimal_params_exponent", *, level: float = 0.95) -> tuple[float, float]:
        """The profile-F interval of a parameter or of a function of the parameters (arrays by name)."""
        return self.line.interval(self._of_line(quantity), level=level)

    def predict(self, compute: ArrayLike, *, level: float = 0.95) -> OptimalSizes:
        """The best number of parameters at ``compute`` (FLOPs, shape (points,)), and the interval of a new minimum."""
        at = self.line.predict(compute, level=level)
        return OptimalSizes(at.compute, at.error, at.curve_low, at.curve_high, at.low, at.high, level)

    def _of_line(self, quantity: Quantity) -> Derived:
        """The quantity as a function of the line's parameters."""
        function = derived_of(quantity, names=_NAMES)
        return lambda line: function(_named(line))


def _named(line: Params) -> dict[str, FloatArray]:
    growth = -np.asarray(line["exponent"])
    return dict(zip(_NAMES, (growth, 1 - growth, np.asarray(line["log_scale"])), strict=True))


def isoflop(
    params: ArrayLike, error: ArrayLike, compute: ArrayLike, *, groups: Sequence[Hashable] | None = None
) -> IsoflopFit:
    """IsoFLOP profiles and the growth of the best size; arrays of shape (points,), ``compute`` in FLOPs.

    ``groups`` labels the cell of each point; replicates are averaged.

    >>> compute = np.repeat([1e9, 1e10, 1e11, 1e12], 5)
    >>> params = np.tile([0.2, 0.5, 1, 2, 5], 4) * (compute / 6) ** 0.5
    >>> fit = isoflop(params, 0.03 + 30 * params**-0.45 + 60 * (compute / 6 / params) ** -0.5, compute)
    >>> round(fit.params["optimal_params_exponent"], 3), fit.diagnostics.bracketed
    (0.525, 1.0)

    Raises:
        FitError: fewer than three profiles bracket their minimum, or a number that isn't finite and positive.
    """
    *sizes, observed = columns(params=params, compute=compute, error=error)
    cells = cell_means(np.stack(sizes), observed, groups=groups)
    return through_minima(profiles_of(cells.sizes[0], cells.error, cells.sizes[1]))


def through_minima(profiles: Sequence[IsoflopProfile]) -> IsoflopFit:
    """The growth of the best size through the minima of those ``profiles`` that bracket theirs.

    Raises:
        FitError: fewer than three do.
    """
    minima = [(profile.budget, profile.optimum_params) for profile in profiles if profile.optimum_params is not None]
    if len(minima) < _FEWEST:
        raise FitError(
            f"isoflop: {len(minima)} of {len(profiles)} profiles bracket their minimum; {_FEWEST} or more would do"
        )
    return IsoflopFit(tuple(profiles), fit_curve(*zip(*minima, strict=True), form="power"))
