"""Profile intervals for any scalar of a fit's parameters.

A profile-F interval is the range of the scalar over the parameters whose sum of squares stays below a critical value:
``S <= S_min * (1 + F(1, n - p) / (n - p))``. Its two ends are constrained maxima, found here for many scalars at once.
Each step solves the problem with residuals and scalar made linear, which has a closed form (Venzon & Moolgavkar 1988),
and then goes the fraction of that way that helps most; leaving the region costs more than the scalar can gain, so the
walk ends on its edge. Coordinates at a bound are held there.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import f as f_distribution

from harness.errors import FitError
from harness.fits.descent import solve_held
from harness.forms.form import BoolArray, FloatArray

Scalars = Callable[[FloatArray], FloatArray]

_FRACTIONS = np.array([1.0, 0.5, 0.25, 0.1, 0.02])
_PENALTY = 2.0  # an exact penalty: on the edge the scalar gains half a half-width per unit of excess
_ENOUGH = 1e-5  # of a half-width


@dataclass(frozen=True)
class Region:
    """The parameter vectors that a level of confidence accepts.

    ``residual`` maps vectors (..., parameters) to (..., points), ``jacobian`` to (..., points, parameters).
    Accepted are sums of squares up to ``critical``; ``objective`` is the least there is. ``lower`` and ``upper`` bound
    the search, ``limits`` (2, parameters) says what these bounds stand for, and ``stride`` is the longest step worth
    taking in each parameter.
    """

    residual: Callable[[FloatArray], FloatArray]
    jacobian: Callable[[FloatArray], FloatArray]
    objective: float
    critical: float
    lower: FloatArray
    upper: FloatArray
    limits: FloatArray
    stride: FloatArray


def allowance(variance: float, *, level: float, freedom: int) -> float:
    """How far above its least a sum of squares may lie to be accepted, for one scalar at a time: variance * F."""
    if not 0 < level < 1:
        raise FitError(f"level: is {level}; a number between 0 and 1, such as 0.95, would do")
    return float(variance * f_distribution.ppf(level, 1, freedom))


def ranges(region: Region, scalars: Scalars, count: int, accepted: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest values (count,) of scalars over the region.

    ``scalars`` maps vectors (..., count, parameters) to values (..., count), which may be infinite; nan is no value.
    ``accepted`` (vectors, parameters) lie in the region; the best of them is where each walk to the edge starts, so
    that a region of any shape is crossed from its far side.
    """

    def signed(vectors: FloatArray) -> FloatArray:
        return np.concatenate([-scalars(vectors[..., :count, :]), scalars(vectors[..., count:, :])], axis=-1)

    with np.errstate(all="ignore"):  # a scalar may be infinite or undefined in parts of the region
        return _ranges(region, signed, count, accepted)


def _ranges(region: Region, signed: Scalars, count: int, accepted: FloatArray) -> tuple[FloatArray, FloatArray]:
    values = signed(np.broadcast_to(accepted[:, None, :], (len(accepted), 2 * count, accepted.shape[1])))
    start = accepted[np.where(np.isnan(values), -np.inf, values).argmax(axis=0)]
    vectors = largest(region, signed, start)
    ends = np.fmax(signed(vectors), signed(_at_limits(region, vectors)))
    return -ends[:count], ends[count:]


def _at_limits(region: Region, vectors: FloatArray) -> FloatArray:
    """The vectors with every parameter that sits at a bound moved to what the bound stands for."""
    raised = np.where(vectors >= region.upper, region.limits[1], vectors)
    return np.where(vectors <= region.lower, region.limits[0], raised)


def largest(region: Region, scalars: Scalars, start: FloatArray) -> FloatArray:
    """Vectors (scalars, parameters) at which each scalar is largest within the region.

    ``scalars`` maps vectors (..., scalars, parameters) to values (..., scalars); a value may be inf. ``start`` has
    shape (scalars, parameters) and lies in the region.
    """
    vector = start
    room = max(region.critical - region.objective, 1e-300)
    for _ in range(60):
        residual, jacobian = region.residual(vector), region.jacobian(vector)
        slope = _slopes(region, scalars, vector)
        step, width = _linear_optimum(region, vector, residual, jacobian, slope)
        trials = np.clip(vector + _FRACTIONS[:, None, None] * step, region.lower, region.upper)
        trials = np.concatenate([vector[None], trials])
        sums = np.square(region.residual(trials)).sum(axis=-1)
        gain = scalars(trials) / width - _PENALTY * np.maximum(sums - region.critical, 0) / room
        gain = np.where(np.isnan(gain), -np.inf, gain)
        best = gain.argmax(axis=0)
        each = np.arange(len(vector))
        improvement = np.where(np.isfinite(gain[0]), gain[best, each] - gain[0], 0)
        vector = trials[best, each]
        if np.all(improvement < _ENOUGH):
            break
    return vector


def _slopes(region: Region, scalars: Scalars, vector: FloatArray) -> FloatArray:
    """Central differences of the scalars in each parameter, shape (scalars, parameters); zero where not finite."""
    size = vector.shape[-1]
    nudge = 1e-6 * np.maximum(np.abs(vector), 1e-2)
    ways = np.eye(size)[:, None, :] * nudge
    ahead, behind = vector + ways, vector - ways
    slope = (scalars(ahead) - scalars(behind)) / (2 * nudge.T)
    return np.where(np.isfinite(slope), slope, 0.0).T


def _linear_optimum(
    region: Region, vector: FloatArray, residual: FloatArray, jacobian: FloatArray, slope: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The step to the optimum of the linearised problem, and the scalar's half-width in it."""
    held = np.zeros(vector.shape, dtype=bool)
    for _ in range(vector.shape[-1]):
        step, width = _step(region, residual, jacobian, slope, held)
        outward = ((vector <= region.lower) & (step < 0)) | ((vector >= region.upper) & (step > 0))
        if not np.any(outward & ~held):
            break
        held |= outward
    else:
        step, width = _step(region, residual, jacobian, slope, held)
    longest = np.max(np.abs(step) / region.stride, axis=-1, keepdims=True)
    return step / np.maximum(longest, 1.0), width


def _step(
    region: Region, residual: FloatArray, jacobian: FloatArray, slope: FloatArray, held: BoolArray
) -> tuple[FloatArray, FloatArray]:
    curvature = np.matmul(jacobian.swapaxes(-1, -2), jacobian)
    pull = np.matmul(jacobian.swapaxes(-1, -2), residual[..., None])[..., 0]
    none = np.zeros(len(residual))
    centre = -solve_held(curvature, pull, held, none)
    away = solve_held(curvature, slope, held, none)
    least = np.square(residual).sum(axis=-1) + (centre * pull).sum(axis=-1)
    steepness = np.maximum((slope * ~held * away).sum(axis=-1), 1e-300)
    room = np.maximum(region.critical - least, 0.0)
    step = centre + np.sqrt(room / steepness)[..., None] * away
    return step, np.sqrt(steepness * (region.critical - region.objective)) + 1e-300
