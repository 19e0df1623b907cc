"""What the power laws that level off have in common: ``u = U + A * C**-alpha``, where u is the error or its odds.

A fit sees it as ``ln u = ln u_max + ln(s + (1 - s) x**-alpha)`` with ``x = C / C_max`` and ``s = U / u_max``, the share
of the last u that is irreducible. The two coordinates are ln alpha and ``depth = -ln(1 - s)``: both ends of s are then
far apart, and s = 0 (no floor) is the plain bound depth = 0.
"""

import numpy as np

from harness.forms.form import Coordinate, FloatArray, Params, Reference

# Published exponents in compute lie between 0.02 and 0.8; the box leaves a factor of 3 on either side.
LOG_EXPONENT = Coordinate("log_exponent", tuple(np.linspace(np.log(0.008), np.log(3.0), 110)), (-np.inf, np.inf))
# Until all but 1e-6 of the last value is irreducible: a loss that scatters by 0.1 % shows a floor far deeper than an
# error does. Past 99.6 % the curve is linear in the reducible share, so that wider steps find the same basin.
_SHALLOW, _DEEPEST = -np.log(0.004), -np.log(1e-6)
_DEPTHS = (*np.linspace(0.0, _SHALLOW, 45), *np.linspace(_SHALLOW, _DEEPEST, 22)[1:])
DEPTH = Coordinate("depth", _DEPTHS, (0.0, np.inf))
LARGEST_POWER = 600.0  # exp() of more overflows a double


def reducible(log_compute: FloatArray, params: Params) -> FloatArray:
    """A * C**-alpha."""
    return np.asarray(np.exp(params["log_scale"] - params["exponent"] * log_compute))


def log_compute(reducible: FloatArray, params: Params) -> FloatArray:
    """ln C at which the reducible part has come down to ``reducible``; inf at zero or below."""
    reached = (params["log_scale"] - np.log(np.where(reducible > 0, reducible, 1.0))) / params["exponent"]
    return np.where(reducible > 0, reached, np.inf)


def columns(log_ratio: FloatArray) -> FloatArray:
    """A constant, ln u_max, shape (points, 1)."""
    return np.ones((len(log_ratio), 1))


def offset(log_ratio: FloatArray, coordinates: FloatArray) -> FloatArray:
    """ln(u / u_max), shape (..., points)."""
    power = _power(log_ratio, np.exp(coordinates[..., 0]))
    return np.asarray(np.log1p(np.exp(-coordinates[..., 1, None]) * np.expm1(power)))


def gradient(log_ratio: FloatArray, coordinates: FloatArray) -> FloatArray:
    """The gradient of ``offset``, shape (..., points, 2)."""
    power = _power(log_ratio, np.exp(coordinates[..., 0]))
    reducible_share = np.exp(-coordinates[..., 1, None])
    growth = np.expm1(power)
    level = 1 + reducible_share * growth
    return np.stack([reducible_share * (growth + 1) * power / level, -reducible_share * growth / level], axis=-1)


def _power(log_ratio: FloatArray, exponent: FloatArray) -> FloatArray:
    return np.minimum(-exponent[..., None] * log_ratio, LARGEST_POWER)


def to_params(vector: FloatArray, reference: Reference) -> dict[str, FloatArray]:
    """The exponent, the floor U and the scale A of vectors (..., 3)."""
    exponent, last = np.exp(vector[..., 0]), np.exp(np.minimum(vector[..., 2], LARGEST_POWER))
    log_scale = vector[..., 2] - vector[..., 1] + exponent * reference.log_compute
    return {
        "exponent": exponent,
        "floor": last * -np.expm1(-vector[..., 1]),
        "log_scale": log_scale,
        "scale": np.exp(log_scale),
    }
