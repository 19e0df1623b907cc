"""What a functional form is: error as a function of compute, with what a fit needs to know about it.

Every form is *separable*: a response of the error (its logarithm, itself or its reciprocal) equals a non-linear part
with few bounded coordinates plus a linear part. The linear part is solved for exactly, so a fit searches only the
bounded coordinates and needs no starting values (variable projection; Golub & Pereyra 1973).

A form with a ceiling is separable on another scale, the *predictor*, and a ``Link`` leads from it to the response.

Inside a fit compute is measured against the largest compute of the data, ``log_ratio = ln(C / C_max) <= 0``, error
against the error of guessing where the form has that ceiling, and the parameters are one vector: coordinates first,
then linear coefficients. Outside, parameters have names and the user's units, and every function takes arrays of any
shape that broadcast against each other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Params = Mapping[str, FloatArray]


@dataclass(frozen=True)
class Coordinate:
    """A bounded non-linear coordinate of a form.

    ``grid`` is searched from end to end. ``limits`` says what the two ends stand for: where a confidence set reaches
    an end of the grid, the quantity asked for is taken at that limit.
    """

    name: str
    grid: tuple[float, ...]
    limits: tuple[float, float]


@dataclass(frozen=True)
class Response:
    """A monotone function of the error on which residuals are least squares.

    ``to_error`` is its inverse, ``derivative`` d response / d error.
    """

    of_error: Callable[[FloatArray], FloatArray]
    to_error: Callable[[FloatArray], FloatArray]
    derivative: Callable[[FloatArray], FloatArray]

    def log_derivative(self, error: FloatArray) -> FloatArray:
        """ln|d response / d error|, the Jacobian that brings likelihoods of different responses on one scale."""
        return np.asarray(np.log(np.abs(self.derivative(error))))


LOG_ERROR = Response(of_error=np.log, to_error=np.exp, derivative=lambda error: 1 / error)
ERROR = Response(of_error=np.array, to_error=np.array, derivative=np.ones_like)
RECIPROCAL_ERROR = Response(
    of_error=lambda error: 1 / error,
    to_error=lambda performance: np.where(performance > 0, 1 / performance, np.inf),
    derivative=lambda error: -1 / np.square(error),
)


@dataclass(frozen=True)
class Link:
    """A rising function from the predictor, on which a form is separable, to the response.

    ``slope`` is its derivative by the predictor; ``predictor`` is its inverse, for responses short of its ceiling.
    """

    response: Callable[[FloatArray], FloatArray]
    slope: Callable[[FloatArray], FloatArray]
    predictor: Callable[[FloatArray], FloatArray]


IDENTITY = Link(response=np.asarray, slope=np.ones_like, predictor=np.asarray)


@dataclass(frozen=True)
class Reference:
    """What a fit measures against: ln of the largest compute, and the error of guessing (1 for a form without it)."""

    log_compute: float
    chance_error: float = 1.0


@dataclass(frozen=True)
class Form:
    """Error as a function of compute.

    The first group of callables works in the user's units: ``error(log_compute, params)`` in [0, 1],
    ``slope(log_compute, params)`` = -d ln error / d ln compute, ``log_compute(error, params)`` = the ln C at which
    the error is reached (inf where it never is). The second group is what a fit works with, with ``vector`` of shape
    (..., coordinates + columns): ``offset(log_ratio, coordinates)`` has shape (..., points) and ``gradient`` shape
    (..., points, coordinates); ``columns(log_ratio)`` has shape (points, columns); ``to_params(vector, reference)``
    names the parameters.

    ``title`` is what a reader sees. A form of the family "diagnostic" is fitted to see whether the others miss
    something and takes no part in conclusions. ``ceiling`` says whether it needs the chance error; ``starts`` how many
    of the best grid cells are polished, more than one where the grid is coarse; below ``fewest_points`` or
    ``fewest_decades`` it is refused.
    """

    name: str
    title: str
    family: Literal["power", "exponential", "diagnostic"]
    formula: str
    source: str
    parameters: tuple[str, ...]
    error: Callable[[FloatArray, Params], FloatArray]
    slope: Callable[[FloatArray, Params], FloatArray]
    log_compute: Callable[[FloatArray, Params], FloatArray]
    response: Response
    coordinates: tuple[Coordinate, ...]
    columns: Callable[[FloatArray], FloatArray]
    offset: Callable[[FloatArray, FloatArray], FloatArray]
    gradient: Callable[[FloatArray, FloatArray], FloatArray]
    to_params: Callable[[FloatArray, Reference], dict[str, FloatArray]]
    link: Link = IDENTITY
    ceiling: bool = False
    starts: int = 1
    fewest_points: int = 0
    fewest_decades: float = 0.0

    @property
    def size(self) -> int:
        """How many free parameters the form has."""
        return len(self.coordinates) + int(self.columns(np.zeros(1)).shape[1])

    @cached_property
    def grid(self) -> FloatArray:
        """All combinations of the coordinates' grids, shape (cells, coordinates)."""
        axes = np.meshgrid(*(coordinate.grid for coordinate in self.coordinates), indexing="ij")
        return np.stack(axes, axis=-1).reshape(-1, len(self.coordinates))


def no_offset(log_ratio: FloatArray, coordinates: FloatArray) -> FloatArray:
    """Zeros of shape (..., points): the non-linear part of a form that is all linear."""
    return np.zeros((*coordinates.shape[:-1], len(log_ratio)))


def no_gradient(log_ratio: FloatArray, coordinates: FloatArray) -> FloatArray:
    """An empty gradient of shape (..., points, 0), for a form that is all linear."""
    return np.zeros((*coordinates.shape[:-1], len(log_ratio), 0))
