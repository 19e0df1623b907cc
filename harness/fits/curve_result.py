"""A fitted curve: its parameters, intervals for any scalar of them, and predictions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as t_distribution

from harness.fits.cells import Cells
from harness.fits.curve_diagnostics import CurveDiagnostics, diagnose
from harness.fits.curve_problem import CurveProblem
from harness.fits.descent import SQUARES, Loss
from harness.fits.gate import edge_of_search, gate, spread_too_wide
from harness.fits.noise import Likeliest, likeliest_noise
from harness.fits.points import column
from harness.fits.predictions import Prediction
from harness.fits.profile import Region, ranges
from harness.fits.quantity import Derived, Quantity, scalars_of
from harness.fits.robust import Objective
from harness.forms.form import FloatArray, Params


@dataclass(frozen=True)
class Calibration:
    """What held-out blocks of the fitted points say of the prediction intervals.

    Each of ``hidden`` points was predicted from those of lower compute alone; ``share_inside`` is how many of them fell
    into their 90 % intervals, and ``widening`` (1 or more) the factor by which the half-widths are stretched.
    """

    hidden: int
    share_inside: float
    widening: float


@dataclass(frozen=True, eq=False)
class Estimate:
    """The numbers behind a fit: the optimum, and the problem and variance that its intervals are made of.

    ``vector`` minimises ``problem`` under ``loss``, with the value ``objective``. Intervals are where the sum of
    squares of ``profiled`` stays close enough to ``least`` for noise of ``variance``; ``spread`` is the standard
    deviation of a new point's response.
    """

    problem: CurveProblem
    vector: FloatArray
    objective: float
    loss: Loss
    profiled: CurveProblem
    least: float
    variance: float
    spread: float


@dataclass(frozen=True, eq=False)
class CurveFit:
    """A fitted curve.

    ``compute`` and ``error`` are the points that were fitted, cells rather than runs; ``residuals`` are ln error minus
    ln of the fitted error, ``sigma`` their standard deviation (with ``n`` minus parameters degrees of freedom) and
    ``r_squared`` the explained share of the variance of ln error, whatever the form, so that forms compare.
    ``own_aicc`` is that of the density of error itself, so that forms with different responses are on one scale, and
    with the noise as it was fitted; ``aicc``, by which forms are compared, with the noise that suits the form best
    (both nan under a robust objective, which is no likelihood). ``delta`` is the threshold of a robust objective.
    ``gate`` says why no exponent can be stated; ``identified`` is whether it is silent.
    """

    form: str
    objective: Objective
    delta: float | None
    params: dict[str, float]
    n: int
    decades: float
    own_aicc: float
    r_squared: float
    sigma: float
    compute: FloatArray
    error: FloatArray
    residuals: FloatArray
    calibration: Calibration | None
    cells: Cells = field(repr=False)
    chance_error: float | None
    estimate: Estimate = field(repr=False)

    @property
    def aicc(self) -> float:
        """The AICc under the noise that suits the form best."""
        return self.likeliest.aicc

    @cached_property
    def likeliest(self) -> Likeliest:
        """The noise that suits the form best; that of the fit where it is known, or where the objective is robust."""
        problem, vector = self.estimate.problem, self.estimate.vector
        if self.objective != "least_squares" or self.cells.stderr is not None or self.cells.trials is not None:
            return Likeliest(self.own_aicc, problem.form.response, vector)
        return likeliest_noise(problem, vector, self.cells)

    @property
    def identified(self) -> bool:
        """Whether the points carry an exponent."""
        return not self.gate

    @cached_property
    def gate(self) -> str:
        """Why no exponent can be stated; empty where one can."""
        if "exponent" in self.params:
            return self.edge or gate(self.params["exponent"], self.interval("exponent"), self.decades)
        low, high = self.interval("slope")
        if low <= 0:
            return f"the data don't show that error falls with compute (slope in [{low:.3g}, {high:.3g}])"
        return spread_too_wide((low, high), self.decades, what="slope at the largest compute")

    @cached_property
    def edge(self) -> str:
        """Why the fit is no optimum but the end of its search; empty where it is one."""
        return edge_of_search(self.estimate.problem.form.coordinates, self.estimate.vector)

    @cached_property
    def diagnostics(self) -> CurveDiagnostics:
        """What a reader should know before believing the fit."""
        estimate = self.estimate
        loss = estimate.loss
        return diagnose(
            estimate.problem,
            estimate.vector,
            estimate.objective,
            loss=loss,
            variance=estimate.variance if loss is SQUARES else estimate.spread**2,
            cells=self.cells,
            chance_error=self.chance_error,
            gate=self.gate,
        )

    def value(self, quantity: Quantity) -> float:
        """A parameter, ``"compute_exponent"`` or a function of the parameters, at the optimum."""
        return float(self.scalars(quantity)(self.estimate.vector))

    def interval(self, quantity: Quantity, *, level: float = 0.95) -> tuple[float, float]:
        """The profile-F interval of a parameter, of ``"compute_exponent"`` or of any function of the parameters.

        A function gets the parameters by name as arrays and returns an array, or inf where it has no finite value. An
        end is infinite where nothing in the data bounds it, and sits at a form's own bound (irreducible error 0) where
        the data don't exclude it: the interval is then one-sided.
        """
        low, high = self._ranges(self.scalars(quantity), 1, level)
        return float(low[0]), float(high[0])

    def predict(self, compute: ArrayLike, *, level: float = 0.95) -> Prediction:
        """The curve at ``compute`` (FLOPs, shape (points,)) with the interval of the curve and of a new cell.

        A calibrated fit stretches the interval of a new cell by what its held-out blocks asked for.
        """
        at = column("compute", np.atleast_1d(compute))
        log_compute, problem = np.log(at), self.estimate.problem
        response, unit = problem.form.response, problem.reference.chance_error

        def responses(vectors: FloatArray) -> FloatArray:
            return response.of_error(problem.form.error(log_compute, problem.to_params(vectors)) / unit)

        widening = 1.0 if self.calibration is None else self.calibration.widening
        vector = self.estimate.vector
        with np.errstate(all="ignore"):
            centre = responses(np.broadcast_to(vector, (len(at), len(vector))))
            low, high = self._ranges(responses, len(at), level)
            noise = t_distribution.ppf(0.5 + level / 2, problem.freedom) * self.estimate.spread
            below, above = (widening * np.hypot(edge - centre, noise) for edge in (low, high))
            edges = [low, high, centre - below, centre + above]
            ordered = [unit * response.to_error(edge) for edge in edges]
            curve = np.sort(ordered[:2], axis=0)
            new = np.sort(ordered[2:], axis=0)
            return Prediction(at, unit * response.to_error(centre), curve[0], curve[1], new[0], new[1], level)

    def log10_compute_to(self, target: float) -> Derived:
        """The quantity log10 of the training FLOPs at which the curve reaches the ``target`` error; inf if never."""
        goal = np.asarray(column("target", [target])[0])
        return lambda params: self.estimate.problem.form.log_compute(goal, params) / np.log(10)

    def scalars(self, quantity: Quantity) -> Callable[[FloatArray], FloatArray]:
        """The quantity as a function of parameter vectors (..., parameters), with values (...)."""
        to_params = self.estimate.problem.to_params
        return scalars_of(quantity, to_params=to_params, names=self.params, derived=self._derived)

    @cached_property
    def _derived(self) -> dict[str, Derived]:
        """Quantities that every form has, at the largest compute of the data."""
        last = np.log(self.compute.max())

        def slope(params: Params) -> FloatArray:
            return self.estimate.problem.form.slope(last, params)

        def compute_exponent(params: Params) -> FloatArray:
            falling = slope(params)
            return np.where(falling > 0, 1 / falling, np.inf)

        return {"slope": slope, "compute_exponent": compute_exponent}

    def region(self, level: float) -> Region:
        """The parameter vectors that profile-F accepts at ``level``."""
        return self.estimate.profiled.region(self.estimate.least, self.estimate.variance, level=level)

    def _ranges(
        self, scalars: Callable[[FloatArray], FloatArray], count: int, level: float
    ) -> tuple[FloatArray, FloatArray]:
        """Lowest and highest values (count,) of ``scalars``, which map vectors (..., count, parameters)."""
        region = self.region(level)
        return ranges(region, scalars, count, self.accepted(region))

    def accepted(self, region: Region) -> FloatArray:
        """Vectors (vectors, parameters) inside the region: the optimum, and cells of the grid."""
        cells = self.estimate.profiled.accepted_cells(region.critical)
        return np.concatenate([self.estimate.vector[None], cells])
