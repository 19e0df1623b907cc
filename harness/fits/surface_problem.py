"""The additive surface as a fit sees it: centred points, residuals of ln error, and a grid to start from.

Both sizes are measured against their geometric means and errors (or their odds) against theirs, so nothing depends on
units. A parameter vector is (ln a, ln b, E, A, B) in these units, and ln R* where examples were repeated; E, A and B
are levels, zero or above.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from harness.fits import second_optimiser
from harness.fits.allocation import worth
from harness.fits.descent import SQUARES, Loss, descend
from harness.fits.misfit import working_predictor
from harness.fits.non_negative import non_negative
from harness.fits.robust import Objective, settle
from harness.forms.form import FloatArray, Link

_EXPONENTS = np.geomspace(0.02, 2.5, 32)  # published ones lie between 0.05 and 1.2
_CONSTANTS = np.geomspace(0.1, 1e3, 6)  # of repetition; published: 15 (Muennighoff et al. 2023)
_LARGEST_POWER = 600.0  # exp() of more overflows a double
_SMALLEST = 1e-300

_STARTS = 6  # best grid cells that are polished: the valley in (a, b) is long and flat
_STRIDE = 5  # between cells that start the second optimiser, coprime to the grid
_SECOND_STARTS = 3
_CHUNK = 200  # columns of data that are fitted together: so many fit into a cache


@dataclass(frozen=True, eq=False)
class SurfaceProblem:
    """The points in centred units.

    ``root_counts`` are the square roots of how many points each stands for (None: one, see ``merged``).
    ``log_sizes`` (2, points) are ln of parameters and examples around their means, ``responses`` (points,) ln of the
    error, or of its share of ``chance_error`` under that ceiling. ``repeats`` is D / U - 1 at each point (None: all
    examples were fresh). ``centre`` holds what was taken off: ln params, ln examples, and ln of the additive level.
    """

    log_sizes: FloatArray
    responses: FloatArray
    link: Link
    chance_error: float | None
    repeats: FloatArray | None
    centre: tuple[float, float, float]
    root_counts: FloatArray | None = None

    @property
    def size(self) -> int:
        """How many free parameters the surface has."""
        return 5 if self.repeats is None else 6

    @property
    def lower(self) -> FloatArray:
        """Lower bounds of the parameters."""
        return np.array([*np.log(_EXPONENTS[[0, 0]]), 0.0, 0.0, 0.0, np.log(_CONSTANTS[0])][: self.size])

    @property
    def upper(self) -> FloatArray:
        """Upper bounds of the parameters."""
        return np.array([*np.log(_EXPONENTS[[-1, -1]]), *[np.inf] * 3, np.log(_CONSTANTS[-1])][: self.size])

    @property
    def limits(self) -> FloatArray:
        """What the bounds stand for, shape (2, parameters)."""
        low = [-np.inf, -np.inf, 0.0, 0.0, 0.0, -np.inf]
        return np.array([low, [np.inf] * 6])[:, : self.size]

    @property
    def names(self) -> tuple[str, ...]:
        """What the parameters are called where one of them sits at a bound."""
        names = ("params_exponent", "examples_exponent", "irreducible_error", "params_scale", "examples_scale")
        return (*names, "repetition_constant")[: self.size]

    @property
    def response_weights(self) -> FloatArray:
        """What multiplies a difference of responses in a residual."""
        return np.ones(self.log_sizes.shape[-1]) if self.root_counts is None else self.root_counts

    @cached_property
    def merged(self) -> tuple["SurfaceProblem", float]:
        """One point a size, at the mean of its responses, and the constant by which its sums of squares are smaller.

        Runs that differ in their learning rate, say, have one size, and then there are many points of few sizes.
        """
        places = np.vstack([self.log_sizes] if self.repeats is None else [self.log_sizes, self.repeats])
        _, first, group, counts = np.unique(places, axis=1, return_index=True, return_inverse=True, return_counts=True)
        if len(counts) == len(self.responses):
            return self, 0.0
        means = np.bincount(group.ravel(), self.responses) / counts
        within = float(np.square(self.responses - means[group.ravel()]).sum())
        repeats = None if self.repeats is None else self.repeats[first]
        sizes, roots = self.log_sizes[:, first], np.sqrt(counts)
        return replace(self, log_sizes=sizes, responses=means, repeats=repeats, root_counts=roots), within

    def refit(self, responses: FloatArray, near: FloatArray) -> FloatArray:
        """Least-squares vectors (columns of data, parameters) for many ``responses`` (columns of data, points) at once.

        All of them descend from the vector ``near`` to the end.
        """
        parts = [responses[first : first + _CHUNK] for first in range(0, len(responses), _CHUNK)]
        found = [self.with_responses(part).descend_from(np.tile(near, (len(part), 1)))[0] for part in parts]
        return np.concatenate(found)

    def with_responses(self, responses: FloatArray) -> "SurfaceProblem":
        """The same points with other responses, shape (points,) or (columns of data, points)."""
        return replace(self, responses=responses)

    def level(self, vectors: FloatArray) -> FloatArray:
        """E + A * N**-a + B * D**-b in centred units, shape (..., points)."""
        return np.asarray(vectors[..., 2, None] + (vectors[..., 3:5, None] * self._powers(vectors)).sum(axis=-2))

    def fitted(self, vectors: FloatArray) -> FloatArray:
        """The fitted responses, shape (..., points)."""
        return self.link.response(np.log(np.maximum(self.level(vectors), _SMALLEST)) + self.centre[2])

    def residual(self, vectors: FloatArray) -> FloatArray:
        """Fitted minus observed responses, shape (..., points)."""
        residual = self.fitted(vectors) - self.responses
        return np.asarray(residual if self.root_counts is None else residual * self.root_counts)

    def jacobian(self, vectors: FloatArray) -> FloatArray:
        """Derivatives of ``residual``, shape (..., points, parameters)."""
        powers = self._powers(vectors)
        terms = vectors[..., 3:5, None] * powers
        level = np.maximum(vectors[..., 2, None] + terms.sum(axis=-2), _SMALLEST)
        exponents = np.exp(vectors[..., :2, None])
        by_exponent = -exponents * self._log_sizes(vectors) * terms
        rows = [by_exponent, np.ones_like(level)[..., None, :], powers]
        if self.repeats is not None:
            by_constant = -exponents[..., 1, :] * terms[..., 1, :] * self._by_constant(vectors)
            rows.append(by_constant[..., None, :])
        slope = self.link.slope(np.log(level) + self.centre[2]) / level * self.response_weights
        return np.asarray(np.swapaxes(np.concatenate(rows, axis=-2) * slope[..., None, :], -1, -2))

    def evaluate(self, vectors: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Residuals and Jacobian."""
        return self.residual(vectors), self.jacobian(vectors)

    def _powers(self, vectors: FloatArray) -> FloatArray:
        """N**-a and D**-b, shape (..., 2, points)."""
        return np.exp(np.minimum(-np.exp(vectors[..., :2, None]) * self._log_sizes(vectors), _LARGEST_POWER))

    def _log_sizes(self, vectors: FloatArray) -> FloatArray:
        """Centred ln N and ln of the examples' worth, broadcast against (..., 2, points)."""
        if self.repeats is None:
            return self.log_sizes
        gained = np.log1p(worth(self.repeats, np.exp(vectors[..., 5, None]))) - np.log1p(self.repeats)
        params = np.broadcast_to(self.log_sizes[0], gained.shape)
        return np.stack([params, self.log_sizes[1] + gained], axis=-2)

    def _by_constant(self, vectors: FloatArray) -> FloatArray:
        """d ln(worth of the examples) / d ln R*, shape (..., points)."""
        assert self.repeats is not None
        constant = np.exp(vectors[..., 5, None])
        spent = self.repeats / constant
        gained = constant * (-np.expm1(-spent) - spent * np.exp(-spent))
        return np.asarray(gained / (1 + worth(self.repeats, constant)))

    def to_params(self, vectors: FloatArray) -> dict[str, FloatArray]:
        """The parameters by name, in the user's units; a term that is absent has log scale -inf."""
        a, b = np.exp(vectors[..., 0]), np.exp(vectors[..., 1])
        params, examples, level = self.centre
        floor = vectors[..., 2] * np.exp(level)
        with np.errstate(divide="ignore", invalid="ignore"):
            named = {
                "params_exponent": a,
                "examples_exponent": b,
                "irreducible_error": floor,
                "log_params_scale": np.log(vectors[..., 3]) + level + a * params,
                "log_examples_scale": np.log(vectors[..., 4]) + level + b * examples,
            }
            if self.repeats is not None:
                named["repetition_constant"] = np.exp(vectors[..., 5])
            if self.chance_error is not None:
                chance = np.full(np.shape(floor), self.chance_error)
                named |= {"irreducible_error": chance / (1 + 1 / floor), "chance_error": chance}
        return named

    @cached_property
    def cells(self) -> tuple[FloatArray, FloatArray]:
        """Vectors of all grid cells, with their best non-negative levels, and their linearised sums of squares."""
        parts = [
            self.merged[0]._cells_at(constant) for constant in (_CONSTANTS if self.repeats is not None else [None])
        ]
        vectors, sums = zip(*parts, strict=True)
        return np.concatenate(vectors), np.concatenate(sums)

    def _cells_at(self, constant: float | None) -> tuple[FloatArray, FloatArray]:
        """The cells of one repetition constant.

        Residuals are made linear in the levels at what was observed. The seven ways to leave out levels are tried;
        where all are positive the full one is best.
        """
        logs = np.log(_EXPONENTS)
        first, second = (index.ravel() for index in np.indices((len(logs),) * 2))
        coordinates = np.zeros((len(first), self.size))
        coordinates[:, 0], coordinates[:, 1] = logs[first], logs[second]
        if constant is not None:
            coordinates[:, 5] = np.log(constant)
        observed = working_predictor(self.link, self.responses)
        wanted = self.link.slope(observed) * self.response_weights
        weight = wanted * np.exp(self.centre[2] - observed)
        along = np.zeros((len(logs), self.size))
        along[:, 0] = along[:, 1] = logs
        if constant is not None:
            along[:, 5] = np.log(constant)
        powers = np.swapaxes(self._powers(along), 0, 1) * weight
        columns = np.concatenate([weight[None], *powers])  # all that any cell's design is made of
        chosen = np.stack([np.zeros_like(first), 1 + first, 1 + len(logs) + second], axis=1)
        products, right = columns @ columns.T, columns @ wanted
        gram = products[chosen[:, :, None], chosen[:, None, :]]
        coordinates[:, 2:5], sums = non_negative(gram, right[chosen], total=float(wanted @ wanted))
        return coordinates, sums

    def minimise(self, *, objective: Objective, delta: float | None) -> tuple[FloatArray, float | None]:
        """The global minimum and the threshold of the robust objectives (None for least squares)."""
        vector = self.polish(self.starts, loss=SQUARES)
        if objective == "least_squares":
            return vector, None

        def polish(vector: FloatArray, loss: Loss) -> FloatArray:
            return self.polish(np.concatenate([vector[None], self.starts]), loss=loss)

        return settle(vector, objective=objective, delta=delta, residual=self.residual, polish=polish)

    @cached_property
    def starts(self) -> FloatArray:
        """The best grid cells (starts, parameters)."""
        vectors, scores = self.cells
        return vectors[np.argsort(scores)[:_STARTS]]

    def polish(self, starts: FloatArray, *, loss: Loss) -> FloatArray:
        """The best vector that is reached from ``starts`` (starts, parameters)."""
        found, objectives = self.descend_from(starts, loss=loss)
        return np.asarray(found[objectives.argmin()])

    def descend_from(self, starts: FloatArray, *, loss: Loss = SQUARES) -> tuple[FloatArray, FloatArray]:
        """Where every start ends, and the objectives there."""
        problem, within = self._for(loss)
        found, objectives = descend(
            problem.evaluate, starts, lower=self.lower, upper=self.upper, loss=loss, iterations=200
        )
        return found, objectives + within

    def minimise_again(self, *, loss: Loss = SQUARES) -> float:
        """The objective that another optimiser reaches, from other cells of the grid."""
        vectors, scores = self.cells
        starts = vectors[::_STRIDE][np.argsort(scores[::_STRIDE])[:_SECOND_STARTS]]
        problem, within = self._for(loss)
        return within + second_optimiser.least(problem.evaluate, starts, lower=self.lower, upper=self.upper, loss=loss)

    def _for(self, loss: Loss) -> tuple["SurfaceProblem", float]:
        """The problem with the fewest points for that loss: only squares have means that stand for all."""
        return self.merged if loss is SQUARES and self.responses.ndim == 1 else (self, 0.0)
