"""A form at given points: residuals and Jacobian of all parameters, their minimum, and the region an interval accepts.

A parameter vector holds the form's coordinates first and its linear coefficients after them, with compute measured
against its largest value. Plain least squares on a form's own scale is solved by variable projection. A ceiling, a
likelihood or a robust loss makes the problem a little less than linear: then variable projection on the working
predictor gives starts from all over the grid, and all of them are polished on the true objective.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from harness.errors import FitError
from harness.fits import second_optimiser
from harness.fits.descent import SQUARES, Loss, descend
from harness.fits.misfit import Misfit, squares
from harness.fits.profile import Region, allowance
from harness.fits.varpro import Separable
from harness.forms.form import IDENTITY, FloatArray, Form, Reference

# Sums of squares below this share of the data's own are rounding: noise-free data get a very short interval, not none.
_ROUNDING = 1e-18
_MOST_CELLS = 400  # enough to start from on every side of a region
_COARSE = 7  # coprime to the grids of the forms, so that the sub-grid runs across all of them
_COARSE_STARTS = 6
_SECOND_STARTS = 3


@dataclass(frozen=True, eq=False)
class CurveProblem:
    """A form at the points' ``log_ratio`` = ln(C / C_max), shape (points,), and how far its predictor is from them."""

    form: Form
    log_ratio: FloatArray
    reference: Reference
    misfit: Misfit

    @cached_property
    def separable(self) -> Separable:
        """The weighted least-squares problem on the working predictor."""
        return Separable(self.form, self.log_ratio, self.misfit.root_weights)

    @cached_property
    def working(self) -> FloatArray:
        """The weighted working predictor, shape (points,)."""
        return np.asarray(self.misfit.working * self.misfit.root_weights)

    @cached_property
    def cell_objectives(self) -> FloatArray:
        """Sums of squares of all grid cells on the working predictor, shape (cells,)."""
        return np.asarray(self.separable.cell_objectives(self.working[None])[0])

    @property
    def freedom(self) -> int:
        """Degrees of freedom that the points leave for the noise."""
        return len(self.log_ratio) - self.form.size

    @cached_property
    def lower(self) -> FloatArray:
        """Lower bounds of the parameters."""
        return np.concatenate([self.separable.lower, -self._open])

    @cached_property
    def upper(self) -> FloatArray:
        """Upper bounds of the parameters."""
        return np.concatenate([self.separable.upper, self._open])

    @cached_property
    def _open(self) -> FloatArray:
        return np.full(self.form.size - len(self.form.coordinates), np.inf)

    @property
    def response_weights(self) -> FloatArray:
        """What multiplies a difference of responses in a residual, shape (points,).

        Raises:
            FitError: the residuals are those of a likelihood.
        """
        if self.misfit.response_weights is None:
            raise FitError("test_examples: counts have no residuals to draw from; stderr, or neither, would do")
        return self.misfit.response_weights

    def with_responses(self, responses: FloatArray) -> "CurveProblem":
        """Least squares of the same form on other responses, shape (points,) or (columns of data, points)."""
        return replace(self, misfit=squares(self.form.link, responses, self.response_weights))

    def to_params(self, vectors: FloatArray) -> dict[str, FloatArray]:
        """The parameters by name, in the user's units; a scale too large for a double is inf."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self.form.to_params(vectors, self.reference)

    def predictor(self, vectors: FloatArray) -> FloatArray:
        """The predictor, shape (..., points)."""
        inner = len(self.form.coordinates)
        columns = self.form.columns(self.log_ratio)
        return np.asarray(self.form.offset(self.log_ratio, vectors[..., :inner]) + vectors[..., inner:] @ columns.T)

    def fitted(self, vectors: FloatArray) -> FloatArray:
        """The fitted responses, shape (..., points)."""
        return self.form.link.response(self.predictor(vectors))

    def residual(self, vectors: FloatArray) -> FloatArray:
        """Weighted fitted minus observed responses, shape (..., points)."""
        return self.misfit.residual(self.predictor(vectors))

    def jacobian(self, vectors: FloatArray) -> FloatArray:
        """Derivatives of ``residual``, shape (..., points, parameters)."""
        return self.by_parameters(vectors, self.misfit.slope(self.predictor(vectors)))

    def by_parameters(self, vectors: FloatArray, slope: FloatArray) -> FloatArray:
        """``slope`` by the predictor, of shape (..., points), as derivatives by all parameters."""
        inner = len(self.form.coordinates)
        columns = self.form.columns(self.log_ratio)
        linear = np.broadcast_to(columns, (*vectors.shape[:-1], *columns.shape))
        by_predictor = np.concatenate([self.form.gradient(self.log_ratio, vectors[..., :inner]), linear], axis=-1)
        return np.asarray(by_predictor * np.broadcast_to(slope, by_predictor.shape[:-1])[..., None])

    def evaluate(self, vectors: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Residuals and Jacobian."""
        return self.residual(vectors), self.jacobian(vectors)

    def minimise(self, *, loss: Loss = SQUARES, start: FloatArray | None = None) -> tuple[FloatArray, float]:
        """The global minimum and its objective; from ``start`` (starts, parameters) only where given."""
        if start is None and self.misfit.linear and loss is SQUARES:
            vectors, objectives = self.separable.minimise(self.working[None])
            return vectors[0], float(objectives[0])
        found, objectives = self.descend_from(self.starts if start is None else start, loss=loss)
        best = int(objectives.argmin())
        return found[best], float(objectives[best])

    def refit(self, responses: FloatArray, near: FloatArray) -> FloatArray:
        """Least-squares vectors (columns of data, parameters) for many ``responses`` (columns of data, points) at once.

        Forms that are linear but for their coordinates are searched over the whole grid again; the others descend from
        the vector ``near``. Weights are those of the problem.
        """
        if self.form.link is IDENTITY:
            return self.separable.minimise(responses * self.misfit.root_weights)[0]
        columns = self.with_responses(responses)
        return columns.descend_from(np.broadcast_to(near, (len(responses), len(near))))[0]

    def descend_from(self, starts: FloatArray, *, loss: Loss = SQUARES) -> tuple[FloatArray, FloatArray]:
        """Where every start (starts, parameters) ends, and the objectives there."""
        return descend(self.evaluate, starts, lower=self.lower, upper=self.upper, loss=loss, iterations=100)

    @cached_property
    def starts(self) -> FloatArray:
        """Where a polish begins (starts, parameters): the best cells on the working predictor, near and far."""
        if not self.form.coordinates:
            return self.separable.minimise(self.working[None])[0]
        objectives = self.cell_objectives
        dense = np.argsort(objectives)[: self.form.starts]
        coarse = _COARSE * np.argsort(objectives[::_COARSE])[:_COARSE_STARTS]
        polished = self.separable.minimise(self.working[None])[0]
        cells = self.separable.cells[np.concatenate([dense, coarse])]
        return np.concatenate([polished, self.separable.complete(cells, self.working)])

    def minimise_again(self, *, loss: Loss = SQUARES) -> float:
        """The objective that another optimiser reaches."""
        if self.misfit.linear and loss is SQUARES:
            return self.separable.minimise_again(self.working)
        starts = self.starts[-_SECOND_STARTS:]
        return second_optimiser.least(self.evaluate, starts, lower=self.lower, upper=self.upper, loss=loss)

    def noticeable(self, objective: float) -> float:
        """The sum of squares, or what rounding alone makes of it."""
        spread = (self.misfit.working - self.misfit.working.mean()) * self.misfit.root_weights
        return max(objective, _ROUNDING * float(np.square(spread).sum()))

    def region(self, objective: float, variance: float, *, level: float) -> Region:
        """What profile-F accepts at ``level``, given the least sum of squares and the variance of the noise."""
        coordinates = self.form.coordinates
        limits = np.array([coordinate.limits for coordinate in coordinates]).reshape(-1, 2).T
        return Region(
            residual=self.residual,
            jacobian=self.jacobian,
            objective=objective,
            critical=objective + allowance(variance, level=level, freedom=self.freedom),
            lower=self.lower,
            upper=self.upper,
            limits=np.hstack([limits, np.stack([-self._open, self._open])]),
            stride=np.concatenate([np.ones(len(coordinates)), self._open]),
        )

    def accepted_cells(self, critical: float) -> FloatArray:
        """Vectors of grid cells inside the region, each at its best level and at the lowest and highest accepted."""
        inner = len(self.form.coordinates)
        if inner == 0:
            return np.zeros((0, self.form.size))
        objectives = self.cell_objectives
        chosen = np.flatnonzero(objectives <= critical)
        chosen = chosen[:: 1 + len(chosen) // _MOST_CELLS]
        vectors = self.separable.complete(self.separable.cells[chosen], self.working)
        reach = np.sqrt((critical - objectives[chosen]) / np.square(self.separable.columns[:, 0]).sum())
        shift = np.zeros((3, *vectors.shape))
        shift[..., inner] = np.array([-1.0, 0.0, 1.0])[:, None] * reach
        accepted = np.asarray((vectors + shift).reshape(-1, self.form.size))
        if self.misfit.linear:
            return accepted
        inside = np.square(self.residual(accepted)).sum(axis=-1) <= critical
        return np.asarray(accepted[inside])
