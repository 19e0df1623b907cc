"""A fitted surface: its parameters, intervals for any scalar of them, predictions, and the frontier that follows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as t_distribution

from harness.fits import allocation
from harness.fits.cells import Cells
from harness.fits.descent import Loss
from harness.fits.gate import gate
from harness.fits.points import column, columns
from harness.fits.predictions import Envelope, SurfacePrediction
from harness.fits.profile import Region, allowance, ranges
from harness.fits.quantity import Derived, Quantity, scalars_of
from harness.fits.robust import Objective
from harness.fits.surface_diagnostics import SurfaceDiagnostics, diagnose
from harness.fits.surface_problem import SurfaceProblem
from harness.forms.form import FloatArray, Params

_TOGETHER = 64  # cells of the grid


@dataclass(frozen=True, eq=False)
class SurfaceEstimate:
    """The numbers behind a fit: the optimum, and the problem and variance that its intervals are made of.

    ``vector`` minimises ``problem`` under ``loss``, with the value ``objective``. Intervals are where the sum of
    squares of ``profiled`` stays close enough to ``least`` for noise of ``variance``.
    """

    problem: SurfaceProblem
    vector: FloatArray
    objective: float
    loss: Loss
    profiled: SurfaceProblem
    least: float
    variance: float


@dataclass(frozen=True, eq=False)
class SurfaceFit:
    """A fitted surface.

    ``params`` by name: params_exponent a, examples_exponent b, irreducible_error E, log_params_scale ln A,
    log_examples_scale ln B, and where they take part repetition_constant R* and chance_error e0 (which is known, not
    fitted). Besides these, ``interval`` knows the frontier's ``exponent`` ab/(a+b), ``optimal_params_exponent``,
    ``optimal_examples_exponent`` and ``compute_exponent`` (local, on the frontier of fresh examples, at the largest
    N * D of the data). ``decades`` is the range of N * D, which is that of compute. ``residuals`` and ``sigma`` are of
    ln error; ``points`` are the cells fitted, shape (2, n): parameters and examples.
    """

    form: str
    objective: Objective
    delta: float | None
    params: dict[str, float]
    n: int
    decades: float
    r_squared: float
    sigma: float
    points: FloatArray
    error: FloatArray
    residuals: FloatArray
    cells: Cells = field(repr=False)
    estimate: SurfaceEstimate = field(repr=False)

    @property
    def identified(self) -> bool:
        """Whether the points carry the frontier's exponent."""
        return not self.gate

    @cached_property
    def gate(self) -> str:
        """Why no exponent can be stated; empty where one can."""
        return gate(self.value("exponent"), self.interval("exponent"), self.decades)

    @cached_property
    def diagnostics(self) -> SurfaceDiagnostics:
        """What a reader should know before believing the fit."""
        estimate = self.estimate
        return diagnose(
            estimate.problem,
            estimate.vector,
            estimate.objective,
            loss=estimate.loss,
            variance=self.sigma**2,
            cells=self.cells,
            gate=self.gate,
        )

    def value(self, quantity: Quantity) -> float:
        """A parameter, a derived quantity or a function of the parameters, at the optimum."""
        return float(self.scalars(quantity)(self.estimate.vector))

    def interval(self, quantity: Quantity, *, level: float = 0.95) -> tuple[float, float]:
        """The profile-F interval of a parameter, a derived quantity or a function of the parameters (arrays by name).

        Under a robust objective the region is an F region around the fitted surface, with the noise that the estimate
        feels (Huber 1981, section 7.6) in place of the residual variance.
        """
        low, high = self._ranges(self.scalars(quantity), 1, level)
        return float(low[0]), float(high[0])

    def predict(
        self,
        params: ArrayLike,
        examples: ArrayLike,
        *,
        unique_examples: ArrayLike | None = None,
        level: float = 0.95,
    ) -> SurfacePrediction:
        """The surface at ``params`` and ``examples``, shape (points,), with its interval and that of a new cell.

        ``unique_examples`` (one number or one a point) is how many different ones there are: all where None.
        """
        sizes = columns(params=np.atleast_1d(params), examples=np.atleast_1d(examples))
        log_params, log_examples = np.log(sizes)
        log_unique = None if unique_examples is None else np.log(_supply(unique_examples, sizes[1]))
        centre, low, high = self._band(
            lambda named: np.log(allocation.surface_error(log_params, log_examples, named, log_unique=log_unique)),
            len(log_params),
            level,
        )
        noise = t_distribution.ppf(0.5 + level / 2, self.n - self.estimate.problem.size) * self.sigma
        new_low, new_high = centre - np.hypot(centre - low, noise), centre + np.hypot(high - centre, noise)
        return SurfacePrediction(
            params=sizes[0],
            examples=sizes[1],
            error=np.exp(centre),
            curve_low=np.exp(low),
            curve_high=np.exp(high),
            low=np.exp(new_low),
            high=np.exp(new_high),
            level=level,
        )

    def envelope(
        self,
        compute: ArrayLike,
        flops_per_param_example: float,
        *,
        unique_examples: ArrayLike | None = None,
        level: float = 0.95,
    ) -> Envelope:
        """The least error at ``compute`` (FLOPs, shape (points,)) and how to reach it.

        ``flops_per_param_example`` is training FLOPs / (parameters x examples seen): 6 by the usual rule of thumb.
        ``unique_examples`` limits how many different ones there are to be had; only a surface that was fitted to
        repeated examples says what a repeat is worth.
        """
        spent = column("compute", np.atleast_1d(compute))
        log_budget = np.log(spent / flops_per_param_example)
        log_unique = None if unique_examples is None else np.log(_supply(unique_examples, spent))

        def optimum(named: Params) -> FloatArray:
            return allocation.optimal_log_params(log_budget, named, log_unique=log_unique)

        def log_error(named: Params) -> FloatArray:
            at = optimum(named)
            return np.log(allocation.surface_error(at, log_budget - at, named, log_unique=log_unique))

        error, error_low, error_high = np.exp(self._band(log_error, len(spent), level))
        split = np.stack(self._band(optimum, len(spent), level))
        params, params_low, params_high = np.exp(split)
        examples, examples_high, examples_low = np.exp(log_budget - split)
        return Envelope(
            compute=spent,
            error=error,
            low=error_low,
            high=error_high,
            params=params,
            params_low=params_low,
            params_high=params_high,
            examples=examples,
            examples_low=examples_low,
            examples_high=examples_high,
            level=level,
        )

    @cached_property
    def _derived(self) -> dict[str, Derived]:
        return {
            "exponent": allocation.frontier_exponent,
            "optimal_params_exponent": allocation.optimal_params_exponent,
            "optimal_examples_exponent": allocation.optimal_examples_exponent,
            "compute_exponent": allocation.compute_exponent_at(float(np.log(self.points).sum(axis=0).max())),
        }

    def scalars(self, quantity: Quantity) -> Callable[[FloatArray], FloatArray]:
        """The quantity as a function of parameter vectors (..., parameters), with values (...)."""
        to_params = self.estimate.problem.to_params
        return scalars_of(quantity, to_params=to_params, names=self.params, derived=self._derived)

    def _band(
        self, quantity: Callable[[Params], FloatArray], count: int, level: float
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Centre, low and high of a quantity at ``count`` places, each of shape (count,)."""
        scalars, vector = self.scalars(quantity), self.estimate.vector
        centre = scalars(np.broadcast_to(vector, (count, len(vector))))
        return (centre, *self._ranges(scalars, count, level))

    def _ranges(
        self, scalars: Callable[[FloatArray], FloatArray], count: int, level: float
    ) -> tuple[FloatArray, FloatArray]:
        region = self.region(level)
        return ranges(region, scalars, count, self.accepted(region))

    def accepted(self, region: Region) -> FloatArray:
        """Vectors (vectors, parameters) inside the region: the optimum, and cells of the grid."""
        cells = self.estimate.problem.cells[0]
        return np.concatenate([self.estimate.vector[None], cells[self._grid_sums <= region.critical]])

    @cached_property
    def _grid_sums(self) -> FloatArray:
        """The sum of squares in every cell of the grid, a few cells at a time: all would fill the memory."""
        problem, cells = self.estimate.profiled.merged[0], self.estimate.problem.cells[0]
        parts = np.array_split(cells, -(-len(cells) // _TOGETHER))
        return np.concatenate([np.square(problem.residual(part)).sum(axis=-1) for part in parts])

    def region(self, level: float) -> Region:
        """The parameter vectors that profile-F accepts at ``level``."""
        estimate, (problem, within) = self.estimate, self.estimate.profiled.merged
        least = max(estimate.least - within, 0.0)
        return Region(
            residual=problem.residual,
            jacobian=problem.jacobian,
            objective=least,
            critical=least + allowance(estimate.variance, level=level, freedom=self.n - problem.size),
            lower=problem.lower,
            upper=problem.upper,
            limits=problem.limits,
            stride=np.ones(problem.size),
        )


def _supply(unique_examples: ArrayLike, examples: FloatArray) -> FloatArray:
    return column("unique_examples", np.broadcast_to(np.asarray(unique_examples, dtype=float), examples.shape))
