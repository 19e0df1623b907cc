"""What fits predict: a curve, a surface, or a compute-optimal frontier at chosen places, with their bands."""

from dataclasses import dataclass

from harness.forms.form import FloatArray


@dataclass(frozen=True, eq=False)
class Prediction:
    """The curve at chosen computes, all arrays of shape (points,).

    ``curve_low`` and ``curve_high`` hold the curve itself, ``low`` and ``high`` a new cell's error, at ``level``.
    """

    compute: FloatArray
    error: FloatArray
    curve_low: FloatArray
    curve_high: FloatArray
    low: FloatArray
    high: FloatArray
    level: float


@dataclass(frozen=True, eq=False)
class OptimalSizes:
    """The best number of parameters at chosen computes, with bounds for the line and for a new minimum."""

    compute: FloatArray
    params: FloatArray
    curve_low: FloatArray
    curve_high: FloatArray
    low: FloatArray
    high: FloatArray
    level: float


@dataclass(frozen=True, eq=False)
class SurfacePrediction:
    """The surface at chosen sizes, arrays of shape (points,), with bounds for itself and for a new cell's error."""

    params: FloatArray
    examples: FloatArray
    error: FloatArray
    curve_low: FloatArray
    curve_high: FloatArray
    low: FloatArray
    high: FloatArray
    level: float


@dataclass(frozen=True, eq=False)
class Envelope:
    """The compute-optimal frontier of a surface: arrays of shape (points,).

    ``low`` and ``high`` hold the frontier's error, ``params_low`` to ``examples_high`` the allocation that reaches it.
    """

    compute: FloatArray
    error: FloatArray
    low: FloatArray
    high: FloatArray
    params: FloatArray
    params_low: FloatArray
    params_high: FloatArray
    examples: FloatArray
    examples_low: FloatArray
    examples_high: FloatArray
    level: float
