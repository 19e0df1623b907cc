"""Two recipes: is one better, and by how much compute?

If two recipes share the shape of their curve, one is the other moved along the axis of compute, and that distance is
the compute-equivalent gain, in decades. First the shared shape is tested (F test of a common exponent and floor against
separate ones), then the gain gets its profile-F interval. Where the shape is rejected there is no one gain; there is a
distance at each level of error. The measure is that of Hernandez & Brown 2020 (arXiv 2005.04305) and Erdil & Besiroglu
2022 (arXiv 2212.05153), with an interval.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import f as f_distribution

from harness.errors import FitError
from harness.fits.cells import cell_means
from harness.fits.curve import CurveFit, fit_curve
from harness.fits.points import columns, require_variation
from harness.fits.profile import allowance
from harness.fits.varpro import Separable
from harness.forms import FORMS
from harness.forms.form import FloatArray
from harness.hypotheses.finding import Answer, Finding
from harness.hypotheses.fitted import both_sides

_FORM = "power_floor"
_BEYOND = 1.0  # decades past the point where the two sets of points no longer overlap: further on nothing changes
_STEP = 0.2  # decades of the first look: well below the distance over which the sum of squares bends
_CLOSE = 1e-10  # decades: less than rounding of noise-free errors is worth
_ROUNDING = 1e-18  # sums of squares below this share of the data's own are rounding


@dataclass(frozen=True, eq=False)
class Recipe:
    """The cells of one recipe: compute in FLOPs and error, shape (cells,)."""

    compute: FloatArray
    error: FloatArray


@dataclass(frozen=True)
class Gain:
    """How many decades less compute the second recipe needs at one ``error``, with the interval."""

    error: float
    decades: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Recipes:
    """Two recipes held against each other.

    ``finding`` answers "equal": within the margin, apart, or undecided; its value is the compute-equivalent gain of the
    second over the first, in decades. ``shape_p`` is the p-value of a shared shape, None where one recipe has too few
    cells for a curve of its own. ``gains`` are those at three errors that both recipes reached, from separate curves;
    empty where there are none.
    """

    finding: Finding
    shape_p: float | None
    gains: tuple[Gain, ...]


def recipe(compute: ArrayLike, error: ArrayLike, *, groups: Sequence[Hashable] | None = None) -> Recipe:
    """The cells of a recipe's points, arrays of shape (points,); ``groups`` labels the cell of each point.

    Raises:
        FitError: numbers that can't be observations.
    """
    spent, reached = columns(compute=compute, error=error)
    cells = cell_means(spent[None], reached, groups=groups)
    return Recipe(cells.sizes[0], cells.error)


def compare_recipes(first: Recipe, second: Recipe, *, margin: float, level: float = 0.95) -> Recipes:
    """Are the recipes equal within ``margin`` decades of compute?

    Supported where the interval of level 2 * ``level`` - 1 lies within the margin, contradicted where the one at
    ``level`` excludes zero, or where the shapes differ and so does the gain at an error that both reached. The null
    hypothesis of the p-value is no gain.

    Raises:
        FitError: too few cells for a common curve, errors or computes that don't differ, or no margin.
    """
    if not margin > 0:
        raise FitError(f"margin: is {margin:g}; a number of decades above zero, such as 0.1, would do")
    shared = shared_shape(first, second)
    gain, (low, high) = shared.gain, shared.interval(level)
    curves = _own_curves(first, second)
    shape_p = None if curves is None else _shape_p(shared, curves)
    gains = () if curves is None else _gains(*curves, level=level)
    separate = shape_p is not None and shape_p < 1 - level
    if separate:
        apart = any(one.interval[0] > 0 or one.interval[1] < 0 for one in gains)
        answer: Answer = "contradicted" if apart else "undecided"
    else:
        answer = _answer((low, high), shared.interval(both_sides(level)), margin)
    reason = (
        f"the second recipe reaches the same error with {gain:+.3f} decades less compute ({level:.0%}: {low:+.3f} to "
        f"{high:+.3f}), over {len(first.error)} and {len(second.error)} cells; "
        f"{_shape_sentence(shape_p, separate=separate)}{_overlap_sentence(first, second)}."
    )
    return Recipes(
        Finding("the two recipes are equal", answer, "compute-equivalent gain, decades", gain, (low, high), level,
                shared.p_value(), reason), shape_p, gains,
    )  # fmt: skip


def _answer(interval: tuple[float, float], narrower: tuple[float, float], margin: float) -> Answer:
    if -margin <= narrower[0] and narrower[1] <= margin:
        return "supported"
    return "contradicted" if interval[0] > 0 or interval[1] < 0 else "undecided"


def _shape_sentence(shape_p: float | None, *, separate: bool) -> str:
    if shape_p is None:
        return "the cells are too few to test whether the curves share their shape"
    if separate:
        return f"but the curves differ in shape (p = {shape_p:.2g}), so the gain depends on the error"
    return f"a shared shape is not rejected (p = {shape_p:.2g})"


def _overlap_sentence(first: Recipe, second: Recipe) -> str:
    lowest, highest = _common_errors(first.error, second.error)
    return "; they reached no error in common, so the gain rests on the form" if lowest >= highest else ""


def _common_errors(first: FloatArray, second: FloatArray) -> tuple[float, float]:
    """The lowest and the highest error that both reached; the wrong way round where there is none."""
    return float(max(first.min(), second.min())), float(min(first.max(), second.max()))


@dataclass(frozen=True, eq=False)
class SharedShape:
    """One curve through both recipes, the second moved by ``gain`` decades; ``objective`` is its sum of squares.

    Below ``rounding`` a sum of squares is none.
    """

    gain: float
    objective: float
    freedom: int
    reach: float
    rounding: float
    sum_of_squares: Callable[[float], float]

    def interval(self, level: float) -> tuple[float, float]:
        """The profile-F interval of the gain; an end is infinite where the recipes no longer overlap before it."""
        critical = self.objective + allowance(self.objective / self.freedom, level=level, freedom=self.freedom)

        def excess(gain: float) -> float:
            return self.sum_of_squares(gain) - critical

        ends = []
        for edge in (-self.reach, self.reach):
            outside = excess(edge) > 0
            ends.append(float(brentq(excess, self.gain, edge, xtol=_CLOSE)) if outside else np.copysign(np.inf, edge))
        return ends[0], ends[1]

    def p_value(self) -> float:
        """Of no gain at all."""
        ratio = (self.sum_of_squares(0.0) - self.objective) / (self.objective / self.freedom)
        return float(f_distribution.sf(max(ratio, 0.0), 1, self.freedom))


def shared_shape(first: Recipe, second: Recipe) -> SharedShape:
    """The best common curve.

    Raises:
        FitError: fewer cells than a curve and a gain have parameters, or cells that no curve can be drawn through.
    """
    size = FORMS[_FORM].size + 1
    n = len(first.error) + len(second.error)
    if n <= size or min(len(first.error), len(second.error)) < 2:
        raise FitError(
            f"recipes: {len(first.error)} and {len(second.error)} cells for {size} parameters; two or more each and "
            f"{size + 1} or more together would do"
        )
    if min(len(np.unique(one.compute)) for one in (first, second)) < 2:
        raise FitError("recipes: one has all its cells at one compute; two or more computes each would do")
    errors = np.concatenate([first.error, second.error])
    require_variation(errors)
    log_errors = np.log(errors)[None]

    def sum_of_squares(gain: float) -> float:
        return float(profile(first.compute, second.compute, log_errors, [gain])[0, 0])

    both = np.log10(np.concatenate([first.compute, second.compute]))
    reach = float(np.ptp(both)) + _BEYOND
    looks = np.linspace(-reach, reach, 2 * int(np.ceil(reach / _STEP)) + 1)
    sums = profile(first.compute, second.compute, log_errors, looks)[:, 0]
    near = int(sums.argmin())
    around = (looks[max(near - 1, 0)], looks[min(near + 1, len(looks) - 1)])
    found = minimize_scalar(sum_of_squares, bounds=around, method="bounded", options={"xatol": _CLOSE})
    rounding = _ROUNDING * float(np.square(log_errors - log_errors.mean()).sum())
    return SharedShape(float(found.x), max(float(found.fun), rounding), n - size, reach, rounding, sum_of_squares)


def profile(
    first_compute: FloatArray, second_compute: FloatArray, log_errors: FloatArray, gains: Sequence[float] | FloatArray
) -> FloatArray:
    """Sums of squares of the common curve, shape (gains, draws), with the second recipe moved by each of ``gains``.

    ``log_errors`` has shape (draws, cells): the first recipe's cells, then the second's.
    """
    sums = []
    for gain in gains:
        log_compute = np.log(np.concatenate([first_compute, second_compute * 10**gain]))
        log_ratio = log_compute - log_compute.max()
        sums.append(Separable(FORMS[_FORM], log_ratio, np.ones(len(log_ratio))).minimise(log_errors)[1])
    return np.array(sums)


def _own_curves(first: Recipe, second: Recipe) -> tuple[CurveFit, CurveFit] | None:
    try:
        return tuple(fit_curve(one.compute, one.error, form=_FORM) for one in (first, second))  # type: ignore[return-value]
    except FitError:
        return None


def _shape_p(shared: SharedShape, curves: tuple[CurveFit, CurveFit]) -> float:
    """F test of one shape against two: the exponent and the floor are what a shared shape saves."""
    size = FORMS[_FORM].size
    freedom = sum(curve.n for curve in curves) - 2 * size
    separate = max(sum(float(np.square(curve.residuals).sum()) for curve in curves), shared.rounding)
    ratio = (shared.objective - separate) / (size - 1) / (separate / freedom)
    return float(f_distribution.sf(max(ratio, 0.0), size - 1, freedom))


def _gains(first: CurveFit, second: CurveFit, *, level: float) -> tuple[Gain, ...]:
    """The gains at the lowest, the middle and the highest error that both reached.

    The interval of a difference of independent quantities comes from theirs (Zou & Donner 2008, "variance estimates
    recovery").
    """
    lowest, highest = _common_errors(first.error, second.error)
    if lowest >= highest:
        return ()
    gains = []
    for error in np.geomspace(lowest, highest, 3):
        ways = [curve.log10_compute_to(float(error)) for curve in (first, second)]
        a, b = (curve.value(way) for curve, way in zip((first, second), ways, strict=True))
        if not np.isfinite(a - b):  # the fitted floor lies above the lowest error measured
            continue
        a_ends, b_ends = (curve.interval(way, level=level) for curve, way in zip((first, second), ways, strict=True))
        low = a - b - float(np.hypot(a - a_ends[0], b_ends[1] - b))
        high = a - b + float(np.hypot(a_ends[1] - a, b - b_ends[0]))
        gains.append(Gain(float(error), a - b, (low, high)))
    return tuple(gains)
