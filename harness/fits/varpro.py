"""Global least squares for a separable form: a grid over its bounded coordinates, then a polish (variable projection).

For given coordinates the best linear part is known in closed form, so what remains is a function of at most a few
bounded numbers. Its value on the whole grid, for every data column at once, is one matrix product:
``|z|**2 - 2 G z + |G|**2`` with z the data and G the form's offsets, both freed of what the linear part explains.
The best cells of each column (one where the grid is dense) are then polished with the exact projected Jacobian (Golub &
Pereyra 1973; Kaufman 1975). There are no starting values, and nothing depends on the units of compute.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from harness.fits import second_optimiser
from harness.fits.descent import SQUARES, descend
from harness.forms.form import FloatArray, Form

_COARSE = 7  # coprime to the grids of the forms, so that the sub-grid runs across all of them
_SECOND_STARTS = 3
_CHUNK = 1_000_000  # objectives held at once: many columns of data are taken in parts that fit into a cache


@dataclass(frozen=True)
class Separable:
    """A form at given compute: what all fits to these points share.

    ``log_ratio`` is ln(C / C_max), shape (points,); ``root_weights`` multiply the residuals.
    """

    form: Form
    log_ratio: FloatArray
    root_weights: FloatArray

    @cached_property
    def columns(self) -> FloatArray:
        """The weighted linear part, shape (points, columns)."""
        return np.asarray(self.form.columns(self.log_ratio) * self.root_weights[:, None])

    @cached_property
    def basis(self) -> FloatArray:
        """An orthonormal basis of the linear part, shape (points, columns)."""
        return np.linalg.qr(self.columns)[0]

    @cached_property
    def lower(self) -> FloatArray:
        """Lower bounds of the coordinates."""
        return np.array([coordinate.grid[0] for coordinate in self.form.coordinates])

    @cached_property
    def upper(self) -> FloatArray:
        """Upper bounds of the coordinates."""
        return np.array([coordinate.grid[-1] for coordinate in self.form.coordinates])

    @property
    def cells(self) -> FloatArray:
        """The form's grid, shape (cells, coordinates)."""
        return self.form.grid

    @cached_property
    def cell_offsets(self) -> FloatArray:
        """The projected offsets of all cells, shape (cells, points)."""
        return self.project(self.offset(self.cells))

    def offset(self, coordinates: FloatArray) -> FloatArray:
        """The weighted non-linear part, shape (..., points)."""
        return np.asarray(self.form.offset(self.log_ratio, coordinates) * self.root_weights)

    def gradient(self, coordinates: FloatArray) -> FloatArray:
        """Its gradient, shape (..., points, coordinates)."""
        return np.asarray(self.form.gradient(self.log_ratio, coordinates) * self.root_weights[:, None])

    def project(self, values: FloatArray) -> FloatArray:
        """What the linear part can't explain of values (..., points)."""
        return np.asarray(values - values @ self.basis @ self.basis.T)

    def complete(self, coordinates: FloatArray, responses: FloatArray) -> FloatArray:
        """Full parameter vectors (..., coordinates + columns): the best linear part added, for weighted responses."""
        unexplained = (responses - self.offset(coordinates)) @ self.basis
        linear = np.linalg.solve(self.basis.T @ self.columns, unexplained[..., None])[..., 0]
        return np.concatenate([coordinates, linear], axis=-1)

    def cell_objectives(self, responses: FloatArray) -> FloatArray:
        """Sums of squares of all cells, shape (columns of data, cells), for weighted responses (columns, points)."""
        free = self.project(responses)
        offsets = self.cell_offsets
        return np.asarray((free * free).sum(axis=1)[:, None] - 2 * free @ offsets.T + (offsets * offsets).sum(axis=1))

    def minimise(self, responses: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Global minima for weighted responses (columns of data, points): vectors and sums of squares."""
        if not self.form.coordinates:
            free = self.project(responses)
            return self.complete(np.zeros((len(responses), 0)), responses), (free * free).sum(axis=1)
        if len(responses) > (some := max(1, _CHUNK // len(self.cells))):
            parts = [self.minimise(responses[first : first + some]) for first in range(0, len(responses), some)]
            return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
        objectives, starts = self.cell_objectives(responses), self.form.starts
        best = objectives.argmin(axis=1)[:, None] if starts == 1 else objectives.argsort(axis=1)[:, :starts]
        coordinates, reached = self.descend_from(self.cells[best], responses)
        lowest = reached.argmin(axis=1)[:, None]
        coordinates = np.take_along_axis(coordinates, lowest[..., None], axis=1)[:, 0]
        return self.complete(coordinates, responses), np.take_along_axis(reached, lowest, axis=1)[:, 0]

    def descend_from(self, starts: FloatArray, responses: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Where every start (columns of data, starts, coordinates) ends, and the sums of squares there."""
        columns, each, inner = starts.shape
        free = np.repeat(self.project(responses), each, axis=0)

        def evaluate(coordinates: FloatArray) -> tuple[FloatArray, FloatArray]:
            jacobian = self.project(self.gradient(coordinates).swapaxes(1, 2)).swapaxes(1, 2)
            return self.project(self.offset(coordinates)) - free, jacobian

        found, reached = descend(evaluate, starts.reshape(-1, inner), lower=self.lower, upper=self.upper)
        return found.reshape(starts.shape), reached.reshape(columns, each)

    def minimise_again(self, responses: FloatArray) -> float:
        """The sum of squares that another optimiser reaches, for weighted responses (points,).

        It starts from the best cells of a coarse sub-grid: near enough to find the same basin, far enough to be another
        way there.
        """
        free = self.project(responses)
        if not self.form.coordinates:
            return float(free @ free)
        best = np.argsort(self.cell_objectives(responses[None])[0, ::_COARSE])[:_SECOND_STARTS]

        def evaluate(coordinates: FloatArray) -> tuple[FloatArray, FloatArray]:
            return self.project(self.offset(coordinates)) - free, self.gradient(coordinates)

        starts = self.cells[::_COARSE][best]
        return second_optimiser.least(evaluate, starts, lower=self.lower, upper=self.upper, loss=SQUARES)
