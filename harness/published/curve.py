"""A published curve as data.

Exponents are positive, larger falls faster, and stand apart from the other parameters of a law, since they are what can
be compared whatever the units. Errors are fractions unless ``unit: percent`` says otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.published.laws import LAWS
from harness.published.units import factor

Floats = NDArray[np.float64]
Mark = Literal["seen", "refit", "as popularly quoted"]
Floor = Literal["fitted", "none", "not stated"]

_QUANTILE = 1.959964  # two-sided 95 % from a standard error


@dataclass(frozen=True)
class Axis:
    """A size that the curve is a function of: its unit, the range it was measured over, all in that unit.

    ``reference`` is what 1 means where the law takes fractions; ``tokens_per_example`` turns tokens into examples.
    """

    unit: str
    range: tuple[float, ...] | None = None
    reference: float | None = None
    tokens_per_example: float | None = None


@dataclass(frozen=True)
class Response:
    """What falls: error, loss, ... and its unit."""

    quantity: str
    unit: str


@dataclass(frozen=True)
class Exponent:
    """A power, positive where the response falls.

    ``value`` is None where only a range was published. ``low`` and ``high`` are a 95 % interval, or that range.
    """

    value: float | None = None
    stderr: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def centre(self) -> float:
        """The value, or the middle of the range."""
        return self.value if self.value is not None else ((self.low or 0.0) + (self.high or 0.0)) / 2

    @property
    def interval(self) -> tuple[float, float]:
        """The published 95 % interval or range; the value itself at both ends where none was given."""
        if self.low is not None and self.high is not None:
            return self.low, self.high
        reach = _QUANTILE * (self.stderr or 0.0)
        return self.centre - reach, self.centre + reach

    @property
    def uncertain(self) -> bool:
        """Whether the paper gives any uncertainty."""
        return self.stderr is not None or self.low is not None


@dataclass(frozen=True)
class Point:
    """A measured point: the response at a size, in the curve's units."""

    x: float
    y: float
    label: str = ""


@dataclass(frozen=True)
class PowerOf:
    """What a curve of powers is the power of: the size, and what falls with it."""

    axis: Literal["params", "examples", "examples_seen", "training_flops"]
    response: Literal["error", "loss"]


@dataclass(frozen=True)
class PointTable:
    """Where the points of a curve stand among the project's tables of published networks."""

    edition: Literal[2020, 2022]
    benchmark: str
    axis: Literal["hardware_burden", "forward_flops", "network_operations"]


@dataclass(frozen=True)
class Curve:
    """One curve of a paper.

    ``law`` names a formula of ``LAWS``, or is None where only exponents, points or levels were published. ``levels``
    are responses that belong to a name and not to a size. ``theory`` says that the powers are derived for any data
    of a kind, where those of a measurement are of its own. ``at_least`` says that they are lower bounds. A curve whose
    response is an exponent says in ``power_of`` of what; a study has such a power for each arm named by a number.
    """

    name: str
    paper: str
    what: str
    axes: Mapping[str, Axis]
    response: Response
    floor: Floor
    mark: Mark
    place: str
    exponents: Mapping[str, Exponent] = field(default_factory=dict)
    law: str | None = None
    power_of: PowerOf | None = None
    theory: bool = False
    at_least: bool = False
    scales: Mapping[str, float] = field(default_factory=dict)
    stderrs: Mapping[str, float] = field(default_factory=dict)
    points: tuple[Point, ...] = ()
    table: PointTable | None = None
    levels: Mapping[str, float] = field(default_factory=dict)
    uncertainty: str = "none given"
    note: str = ""

    @cached_property
    def exponent_values(self) -> dict[str, float]:
        """Every exponent by its axis."""
        return {axis: exponent.centre for axis, exponent in self.exponents.items()}

    def value(self, sizes: Mapping[str, Floats]) -> Floats:
        """The law in the response's own unit, at sizes by axis in their own units, arrays of one shape."""
        assert self.law is not None, self.name
        law = LAWS[self.law]
        taken = {
            axis: np.asarray(sizes[axis], dtype=float) / ((self.axes[axis].reference or 1.0) if law.relative else 1.0)
            for axis in self.axes
        }
        return law.value(taken, self.exponent_values, self.scales)

    def axis_factor(self, axis: str) -> float | None:
        """Our unit over the curve's, for sizes; None where the unit has no conversion."""
        return factor(axis, self.axes[axis].unit, tokens_per_example=self.axes[axis].tokens_per_example)

    @property
    def response_factor(self) -> float | None:
        """Our unit over the curve's, for the response."""
        return factor(self.response.quantity, self.response.unit)


@dataclass(frozen=True)
class Paper:
    """A file: who published, and the curves by key."""

    name: str
    source: str
    title: str
    curves: Mapping[str, Curve]
