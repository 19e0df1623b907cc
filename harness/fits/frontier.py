"""The compute-optimal frontier of a family of models: the least error at each compute, and the allocation that has it.

Three roads lead to it. The joint surface uses every cell and gives the frontier in closed form; it comes first. IsoFLOP
minima look at one budget at a time and check it. Raw minima, the best cell of each budget, suffer the winner's curse;
they are drawn, with what selection took off put back. An exponent from the surface is more than twice as precise as one
from raw minima, and the more so the more cells there are::

    best = frontier(params, examples, error)
    best.interval("exponent"), best.interval("optimal_params_exponent"), best.predict([1e13, 1e14])
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from harness.errors import FitError
from harness.fits.isoflop import IsoflopProfile, profiles_of
from harness.fits.isoflop_minima import IsoflopFit, through_minima
from harness.fits.points import columns
from harness.fits.predictions import Envelope
from harness.fits.quantity import Quantity
from harness.fits.robust import Objective
from harness.fits.surface import fit_surface
from harness.fits.surface_diagnostics import SurfaceDiagnostics
from harness.fits.surface_result import SurfaceFit
from harness.fits.winners_curse import selection_bias
from harness.forms.form import FloatArray

_USUAL_FLOPS = 6.0  # per parameter and example seen: 2 forward, 4 backward


@dataclass(frozen=True, eq=False)
class Minima:
    """The best cell of each budget, smallest budget first, arrays of shape (budgets,).

    ``corrected`` is ``error`` raised by what being the best of ``candidates`` took off on average.
    """

    compute: FloatArray
    params: FloatArray
    error: FloatArray
    corrected: FloatArray
    candidates: FloatArray


@dataclass(frozen=True, eq=False)
class Frontier:
    """The frontier by its three roads.

    ``surface`` is the joint fit that parameters, intervals, predictions and diagnostics are taken from. ``profiles``
    are the IsoFLOP profiles and ``check`` the growth of their minima, None where too few are bracketed (``unchecked``
    says so). ``flops_per_param_example`` is training FLOPs / (parameters x examples seen), the median over the cells.
    """

    surface: SurfaceFit
    profiles: tuple[IsoflopProfile, ...]
    check: IsoflopFit | None
    unchecked: str
    minima: Minima
    flops_per_param_example: float

    @property
    def params(self) -> dict[str, float]:
        """The surface's parameters by name."""
        return self.surface.params

    @property
    def diagnostics(self) -> SurfaceDiagnostics:
        """What a reader should know before believing the surface."""
        return self.surface.diagnostics

    @property
    def agrees(self) -> bool | None:
        """Whether surface and IsoFLOP minima can have one growth of the best size; None where it is unchecked."""
        if self.check is None:
            return None
        low, high = self.interval("optimal_params_exponent")
        lowest, highest = self.check.interval("optimal_params_exponent")
        return low <= highest and lowest <= high

    def value(self, quantity: Quantity) -> float:
        """A quantity of the surface at its optimum."""
        return self.surface.value(quantity)

    def interval(self, quantity: Quantity, *, level: float = 0.95) -> tuple[float, float]:
        """The profile-F interval of a quantity of the surface: ``"exponent"`` is that of the frontier."""
        return self.surface.interval(quantity, level=level)

    def predict(self, compute: ArrayLike, *, level: float = 0.95) -> Envelope:
        """The least error at ``compute`` (FLOPs, shape (points,)) and the allocation that has it, with intervals."""
        return self.surface.envelope(compute, self.flops_per_param_example, level=level)


def frontier(
    params: ArrayLike,
    examples: ArrayLike,
    error: ArrayLike,
    *,
    compute: ArrayLike | None = None,
    groups: Sequence[Hashable] | None = None,
    form: str = "additive",
    objective: Objective = "least_squares",
    delta: float | None = None,
    unique_examples: ArrayLike | None = None,
    chance_error: float | None = None,
) -> Frontier:
    """The frontier of cells that trained ``params`` on ``examples`` seen down to ``error``, arrays of shape (points,).

    ``compute`` is the training FLOPs of each, 6 x params x examples where None. The other arguments are those of
    ``fit_surface``.

    >>> compute = np.repeat([1e9, 1e10, 1e11, 1e12], 5)
    >>> params = np.tile([0.2, 0.5, 1, 2, 5], 4) * (compute / 6) ** 0.5
    >>> examples = compute / 6 / params
    >>> best = frontier(params, examples, 0.03 + 30 * params**-0.45 + 60 * examples**-0.5)
    >>> round(best.value("exponent"), 4), [round(one.value("optimal_params_exponent"), 3) for one in (best, best.check)]
    (0.2368, [0.526, 0.525])

    Raises:
        FitError: what ``fit_surface`` refuses.
    """
    sizes = columns(params=params, examples=examples, error=error)
    spent = _USUAL_FLOPS * sizes[0] * sizes[1] if compute is None else columns(error=error, compute=compute)[1]
    surface = fit_surface(
        params,
        examples,
        error,
        form=form,
        objective=objective,
        delta=delta,
        groups=groups,
        unique_examples=unique_examples,
        chance_error=chance_error,
    )
    rate = float(np.median(spent / (sizes[0] * sizes[1])))
    budgets = rate * surface.points.prod(axis=0)
    profiles = profiles_of(surface.points[0], surface.error, budgets)
    check, unchecked = _checked(profiles)
    return Frontier(surface, profiles, check, unchecked, raw_minima(surface, budgets), rate)


def _checked(profiles: Sequence[IsoflopProfile]) -> tuple[IsoflopFit | None, str]:
    try:
        return through_minima(profiles), ""
    except FitError as reason:
        return None, str(reason)


def raw_minima(surface: SurfaceFit, budgets: ArrayLike) -> Minima:
    """The best cells, raised by what being the least takes off; the surface says how close their rivals are.

    ``budgets`` (points,) are the training FLOPs of the surface's points; those within 5 % count as one.
    """
    measured = profiles_of(surface.points[0], surface.error, budgets)
    fitted = profiles_of(surface.points[0], surface.error * np.exp(-surface.residuals), budgets)
    rows = []
    for profile, rivals in zip(measured, fitted, strict=True):
        best = int(profile.error.argmin())
        bias = selection_bias(np.log(rivals.error), sigma=max(surface.sigma, 1e-12))
        error = float(profile.error[best])
        rows.append((profile.budget, profile.params[best], error, error * np.exp(-bias), len(profile.error)))
    return Minima(*np.array(rows, dtype=float).T)
