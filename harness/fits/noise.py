"""What the noise of a fit is taken to be: estimated from the scatter, or known at each point and raised where needed.

Three kinds of data lead to the same least squares. Errors alone: equal noise of the response, estimated from the
residuals. Errors with standard errors, and counts of mistakes: the known sampling variance of each response plus one
variance common to all, ``extra``, that is raised until the weighted residuals are as large as they should be (Paule &
Mandel 1982; for counts, Williams 1982). It is what configurations scatter beyond their sampling; where there is none,
the noise isn't taken to be smaller than what is known.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize_scalar

from harness.fits.cells import Cells
from harness.fits.curve_problem import CurveProblem
from harness.fits.descent import descend
from harness.fits.misfit import binomial, equal_noise, squares
from harness.forms.form import ERROR, LOG_ERROR, RECIPROCAL_ERROR, FloatArray, Form, Reference, Response

_ROUNDS = 30
_CLOSE = 1e-6
_NOISES = (LOG_ERROR, ERROR, RECIPROCAL_ERROR)
_STEPS = 25  # from the optimum under the form's own noise: what is left of AICc is below its last printed digit


@dataclass(frozen=True, eq=False)
class Noise:
    """The noise of the responses: ``sampling`` (points,) is known, 0 where nothing is; ``extra`` was estimated."""

    sampling: FloatArray
    extra: float
    known: bool

    @property
    def spread(self) -> float:
        """The standard deviation of a typical new point's response."""
        return float(np.sqrt(self.extra + np.median(self.sampling)))


@dataclass(frozen=True, eq=False)
class Optimum:
    """The least-squares fit: where, its sum of squares, and the noise that the weights stand for."""

    problem: CurveProblem = field(repr=False)
    vector: FloatArray
    objective: float
    noise: Noise

    @property
    def variance(self) -> float:
        """The variance of a weighted residual: from the scatter, but no less than what is known of it."""
        scatter = self.problem.noticeable(self.objective) / self.problem.freedom
        return max(scatter, 1.0) if self.noise.known else scatter


@dataclass(frozen=True, eq=False)
class Likeliest:
    """Noise that is equal in a ``response`` of the error around the curve of ``vector``, and the AICc that it gives."""

    aicc: float
    response: Response
    vector: FloatArray


def solve(form: Form, cells: Cells, reference: Reference) -> Optimum:
    """The best parameters and the noise of ``cells``."""
    log_compute = np.log(cells.sizes[0])
    log_ratio = log_compute - reference.log_compute
    responses = form.response.of_error(np.exp(cells.log_error) / reference.chance_error)
    if cells.stderr is None and cells.trials is None:
        problem = CurveProblem(form, log_ratio, reference, squares(form.link, responses, np.ones(len(responses))))
        vector, objective = problem.minimise()
        scatter = problem.noticeable(objective) / problem.freedom
        return Optimum(problem, vector, objective, Noise(np.zeros(len(responses)), scatter, known=False))

    def sampling(error: FloatArray) -> FloatArray:
        """The known variance of the responses, where the errors are ``error``."""
        if cells.trials is not None:
            most = 1 - 0.5 / cells.trials  # all wrong, as none wrong, is half an example from it: no variance is 0
            variance = np.minimum(error, most) * (1 - np.minimum(error, most)) / cells.trials
        else:
            assert cells.stderr is not None
            variance = np.square(cells.stderr)
        return np.asarray(variance * np.square(_by_error(form, error, reference)))

    def build(known: FloatArray, extra: float) -> CurveProblem:
        if cells.trials is None:
            misfit = squares(form.link, responses, 1 / np.sqrt(known + extra))
        else:
            scale = np.sqrt(known / (known + extra))
            misfit = binomial(form, cells.error, cells.trials, scale, chance_error=reference.chance_error)
        return CurveProblem(form, log_ratio, reference, misfit)

    return _raise_extra(build, sampling, np.exp(cells.log_error), counts=cells.trials is not None)


def _raise_extra(
    build: Callable[[FloatArray, float], CurveProblem],
    sampling: Callable[[FloatArray], FloatArray],
    error: FloatArray,
    *,
    counts: bool,
) -> Optimum:
    """Newton's way to the ``extra`` at which the sum of squares is its degrees of freedom; it comes from below.

    The variance of counts is that at the fitted error, which a small count says little about.
    """
    known, extra, start = sampling(error), 0.0, None
    for _ in range(_ROUNDS):
        problem = build(known, extra)
        vector, objective = problem.minimise(start=start)
        start = vector[None]
        settled = known
        if counts:
            fitted = problem.reference.chance_error * problem.form.response.to_error(problem.fitted(vector))
            settled = sampling(np.clip(np.nan_to_num(fitted, nan=0.5), 1e-9, 1 - 1e-9))
        excess = objective - problem.freedom
        weights = 1 / (known + extra)
        fall = float((np.square(problem.residual(vector)) * weights).sum())
        raised = max(0.0, extra + excess / fall) if fall > 0 else 0.0
        steady = np.allclose(settled, known, rtol=1e-4)
        if steady and abs(raised - extra) <= _CLOSE * (extra + float(np.median(known))):
            break
        known, extra = settled, raised
    return Optimum(problem, vector, objective, Noise(known, extra, known=True))


def _by_error(form: Form, error: FloatArray, reference: Reference) -> FloatArray:
    """d response / d error."""
    return np.asarray(form.response.derivative(error / reference.chance_error) / reference.chance_error)


def aicc(optimum: Optimum, cells: Cells) -> float:
    """Corrected Akaike criterion of the density of error (Hurvich & Tsai 1989); inf where n is too small for it.

    The variance common to all points takes its most likely value, as the parameters have theirs.
    """
    problem, noise = optimum.problem, optimum.noise
    n, parameters = len(cells.error), problem.form.size + 1  # the noise is one more
    error = np.exp(cells.log_error)
    log_jacobian = float(np.log(np.abs(_by_error(problem.form, error, problem.reference))).sum())
    if not noise.known:
        return _even_aicc(problem.noticeable(optimum.objective), log_jacobian, n, parameters=parameters)
    if n <= parameters + 1:
        return float(np.inf)
    squared = np.square(problem.residual(optimum.vector)) * (noise.sampling + noise.extra)
    deviance = _least_deviance(squared, noise.sampling)
    return float(deviance - 2 * log_jacobian + 2 * parameters * n / (n - parameters - 1))


def likeliest_noise(problem: CurveProblem, vector: FloatArray, cells: Cells) -> Likeliest:
    """The noise under which the form's AICc is lowest: equal in ln error, in error or in 1/error.

    A form says what the curve is and nothing of the noise. Were each given the noise of its own response alone, a
    comparison of forms would be one of kinds of noise as well. ``vector`` is the optimum of ``problem``, whose noise
    is not known.
    """
    form, error = problem.form, np.exp(cells.log_error)
    evaluate = equal_noise(form, error, _NOISES, chance_error=problem.reference.chance_error)
    starts = np.tile(vector, (len(_NOISES), 1))

    def residuals(vectors: FloatArray) -> tuple[FloatArray, FloatArray]:
        residual, slope = evaluate(problem.predictor(vectors))
        return residual, problem.by_parameters(vectors, slope)

    found, objectives = descend(residuals, starts, lower=problem.lower, upper=problem.upper, iterations=_STEPS)
    each = (
        Likeliest(
            _even_aicc(
                problem.noticeable(float(objective)),
                float(noise.log_derivative(error).sum()),
                len(error),
                parameters=form.size + 1,
            ),
            noise,
            near,
        )
        for noise, near, objective in zip(_NOISES, found, objectives, strict=True)
    )
    return min(each, key=lambda one: one.aicc)


def _even_aicc(squared: float, log_jacobian: float, n: int, *, parameters: int) -> float:
    """Of equal normal noise whose variance takes its most likely value; inf where n is too small."""
    if n <= parameters + 1:
        return float(np.inf)
    deviance = n * (1 + np.log(2 * np.pi * squared / n))
    return float(deviance - 2 * log_jacobian + 2 * parameters * n / (n - parameters - 1))


def _least_deviance(squared: FloatArray, sampling: FloatArray) -> float:
    """The least of minus twice the log likelihood over the variance common to all."""

    def deviance(log_extra: float) -> float:
        variance = sampling + np.exp(log_extra)
        return float((squared / variance + np.log(2 * np.pi * variance)).sum())

    top = np.log(float(np.max(squared + sampling)))
    found = minimize_scalar(deviance, bounds=(top - 40.0, top), method="bounded", options={"xatol": 1e-6})
    return min(float(found.fun), deviance(top - 40.0))
