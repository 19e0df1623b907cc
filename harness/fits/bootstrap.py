"""The wild bootstrap, all draws at once: for joint quantities, and for tests that hold where noise differs by point.

A draw keeps every point where it is and gives its residual a random sign, the same for all points of a cluster, so
points that are noisier than others stay so. Fits to all draws are found together. Percentiles of such draws cover
poorly; what holds is the *restricted* test (Cameron, Gelbach & Miller 2008; MacKinnon, Nielsen & Webb 2023): the
residuals are those of the best fit under the null hypothesis, and the likelihood ratio of the data is held against the
likelihood ratios of the draws. Replicates are averaged into cells before, and profile-F on cells is the default of
every fit; this is for unequal variances and for clusters of cells.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from harness.errors import FitError
from harness.fits.curve_problem import CurveProblem
from harness.fits.curve_result import CurveFit
from harness.fits.geometry import leverage
from harness.fits.pinned import pin
from harness.fits.quantity import Quantity
from harness.fits.surface_problem import SurfaceProblem
from harness.fits.surface_result import SurfaceFit
from harness.forms.form import FloatArray

_FEW = 10  # clusters; below it two signs give too few different draws, and six weights are used (Webb 2023)
_WEBB = np.sqrt(np.array([0.5, 1.0, 1.5]))
_NEAREST, _FARTHEST = 0.05, 5.0  # normal deviations from the estimate; an end that lies further out is called open
_BEYOND = 5.5  # where an end that is at a bound of the form, or open, is still at the same place
_STEPS = 7  # to 0.04 of a deviation, less than the draws' own scatter
_ONE_SD, _WIDE = 0.6827, 1 - 1e-8  # the second holds every end that is looked for
_STARTS = 8
_CLOSE = 0.01  # of a half-width


@dataclass(frozen=True)
class WildTest:
    """The hypothesis that a quantity has a ``value``.

    ``statistic`` is the profile F ratio of the data; ``p_value`` the share of ``draws`` under the null hypothesis whose
    ratio is as large.
    """

    value: float
    statistic: float
    p_value: float
    draws: int


def bootstrap(
    fit: CurveFit | SurfaceFit,
    quantity: Quantity,
    *,
    draws: int = 999,
    seed: int = 0,
    clusters: Sequence[Hashable] | None = None,
) -> FloatArray:
    """The quantity in refits to wild draws around the fit, shape (draws,); for spreads and joint quantities.

    ``clusters`` labels the points of the fit (its cells) that share noise; the same ``seed`` gives the same draws, so
    several quantities can be looked at together.

    Raises:
        FitError: a fit to counts, or clusters that don't number the points.
    """
    problem, vector = fit.estimate.problem, fit.estimate.vector
    noise = _unshrunk(problem, vector) / problem.response_weights
    signs = _weights(fit, draws=draws, seed=seed, clusters=clusters)
    vectors = problem.refit(problem.fitted(vector) - signs * noise, vector)
    return fit.scalars(quantity)(vectors)


def wild_test(
    fit: CurveFit | SurfaceFit,
    quantity: Quantity,
    value: float,
    *,
    draws: int = 999,
    seed: int = 0,
    clusters: Sequence[Hashable] | None = None,
) -> WildTest:
    """Does the quantity have this ``value``? The restricted wild bootstrap of the likelihood ratio.

    ``clusters`` labels the points of the fit (its cells) that share noise.

    >>> from harness.fits.curve import fit_curve
    >>> compute = [1e9, 3e9, 1e10, 3e10, 1e11, 3e11, 1e12, 3e12]
    >>> error = [0.305, 0.246, 0.202, 0.166, 0.141, 0.119, 0.105, 0.0912]
    >>> fit = fit_curve(compute, error, form="power_floor")
    >>> wild_test(fit, "exponent", 0.5, draws=199).p_value < 0.05
    True
    >>> wild_test(fit, "exponent", 0.23, draws=199).p_value > 0.05
    True

    Raises:
        FitError: a robust fit or one to counts, clusters that don't number the points, or a value that the form can't
            take.
    """
    signs = _weights(fit, draws=draws, seed=seed, clusters=clusters)
    return _test(fit, quantity, value, signs)


def wild_interval(
    fit: CurveFit | SurfaceFit,
    quantity: Quantity,
    *,
    level: float = 0.95,
    draws: int = 399,
    seed: int = 0,
    clusters: Sequence[Hashable] | None = None,
) -> tuple[float, float]:
    """The values that ``wild_test`` doesn't reject at ``level``.

    Each end is looked for on the way that profile-F ends take as their level grows, by bisection of that level. An end
    that profile-F leaves open, or puts at a bound of the form, stays there, and one that isn't found is open.

    Raises:
        FitError: as ``wild_test``.
    """
    signs = _weights(fit, draws=draws, seed=seed, clusters=clusters)

    def end(side: int) -> float:
        def place(deviations: float) -> float:
            return fit.interval(quantity, level=float(2 * norm.cdf(deviations) - 1))[side]

        def kept(deviations: float) -> bool:
            at = place(deviations)
            return not np.isfinite(at) or _test(fit, quantity, at, signs).p_value > 1 - level

        limit, farthest = place(_BEYOND), _FARTHEST
        if place(farthest) == limit:  # infinite, or a bound of the form
            farthest = _bisect(_NEAREST, farthest, lambda deviations: place(deviations) != limit)
            if kept(farthest):
                return limit
        elif kept(farthest):
            return (-np.inf, np.inf)[side]
        return place(_bisect(_NEAREST, farthest, kept))

    return end(0), end(1)


def _bisect(low: float, high: float, holds: Callable[[float], bool]) -> float:
    """The last place, coming from ``low``, where ``holds`` does."""
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _test(fit: CurveFit | SurfaceFit, quantity: Quantity, value: float, signs: FloatArray) -> WildTest:
    """The restricted test with given random weights (draws, points)."""
    if fit.objective != "least_squares":
        raise FitError(f"objective: {fit.objective} has no likelihood ratio; least_squares would do")
    problem, free, scalars = fit.estimate.problem, fit.estimate.vector, fit.scalars(quantity)
    with np.errstate(invalid="ignore"):  # a scalar may be infinite in parts of the region
        unit = _half_width(fit, quantity) / float(np.sqrt(fit.estimate.variance))
        null = _restricted(fit, scalars, value, unit)
    noise = _unshrunk(problem, null) / problem.response_weights
    responses = problem.fitted(null) - signs * noise
    drawn = problem.with_responses(responses)
    pinned = pin(drawn, scalars, value, unit=unit, starts=np.tile(null, (len(signs), 1)))
    released = problem.refit(responses, null)
    freedom = fit.n - len(free)
    observed = _ratio(problem.residual(null), problem.residual(free), freedom)
    expected = _ratio(drawn.residual(pinned), drawn.residual(released), freedom)
    as_large = float((expected >= observed).sum())
    return WildTest(value, float(observed), (as_large + 1) / (len(signs) + 1), len(signs))


def _unshrunk(problem: CurveProblem | SurfaceProblem, vector: FloatArray) -> FloatArray:
    """Residuals as long as the noise: each point pulls the fit to itself (MacKinnon & White 1985, HC2)."""
    return np.asarray(problem.residual(vector) / np.sqrt(1 - leverage(problem.jacobian(vector))))


def _ratio(null: FloatArray, free: FloatArray, freedom: int) -> FloatArray:
    """The profile F ratio of residuals (..., points)."""
    restricted, least = np.square(null).sum(axis=-1), np.square(free).sum(axis=-1)
    return np.asarray(np.maximum(restricted - least, 0) / (np.maximum(least, 1e-300) / freedom))


def _restricted(
    fit: CurveFit | SurfaceFit, scalars: Callable[[FloatArray], FloatArray], value: float, unit: float
) -> FloatArray:
    """The best vector (parameters,) at which the scalar has the value.

    Raises:
        FitError: there is none.
    """
    near = np.concatenate([fit.estimate.vector[None], fit.accepted(fit.region(_WIDE))])
    away = np.abs(scalars(near) - value)
    starts = near[np.argsort(np.where(np.isnan(away), np.inf, away))[:_STARTS]]
    found = pin(fit.estimate.problem, scalars, value, unit=unit, starts=starts)
    sums = np.square(fit.estimate.problem.residual(found)).sum(axis=-1)
    missed = ~(np.abs(scalars(found) - value) < _CLOSE * unit * np.sqrt(fit.estimate.variance))
    if missed.all():
        raise FitError(
            f"value: the quantity can't be {value:.6g} in the form {fit.form!r}; a value in its range would do"
        )
    return np.asarray(found[np.where(missed, np.inf, sums).argmin()])


def _half_width(fit: CurveFit | SurfaceFit, quantity: Quantity) -> float:
    """One standard deviation of the quantity, about."""
    centre = fit.value(quantity)
    ends = np.array(fit.interval(quantity, level=_ONE_SD))
    finite = np.abs(ends[np.isfinite(ends) & (ends != centre)] - centre)
    return float(finite.mean()) if len(finite) else 1.0


def _weights(fit: CurveFit | SurfaceFit, *, draws: int, seed: int, clusters: Sequence[Hashable] | None) -> FloatArray:
    """Random weights (draws, points) of mean 0 and variance 1, the same within a cluster."""
    labels = list(range(fit.n)) if clusters is None else list(clusters)
    if len(labels) != fit.n:
        raise FitError(f"clusters: {len(labels)} labels for {fit.n} points; one a point would do")
    numbers = {label: number for number, label in enumerate(dict.fromkeys(labels))}
    signs = np.array([-1.0, 1.0]) if len(numbers) >= _FEW else np.concatenate([-_WEBB, _WEBB])
    drawn = np.random.default_rng(seed).choice(signs, size=(draws, len(numbers)))
    return np.asarray(drawn[:, [numbers[label] for label in labels]])
