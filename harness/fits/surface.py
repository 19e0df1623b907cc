"""Fit error as a joint function of parameters N and examples D: error = E + A * N**-a + B * D**-b.

All cells take part, not only the best of each budget, so the compute-optimal frontier that follows from the surface in
closed form is several times more precise than a curve through raw minima. For given (a, b) the levels E, A and B are
a non-negative linear least-squares problem; (a, b) lie on a bounded grid; the best cells are polished on residuals of
ln error (Hoffmann et al. 2022, arXiv 2203.15556, approach 3; Besiroglu et al. 2024, arXiv 2404.10102, on what stopping
early does to it)::

    fit = fit_surface(params, examples, error)
    fit.params["params_exponent"], fit.interval("exponent"), fit.interval("optimal_params_exponent")
    fit.envelope([1e12, 1e13], 6.0).params

Two terms are optional. ``form="additive_ceiling"`` puts the surface under the error of guessing: then it is the odds
error / (e0 - error) that are additive, as in the form ``m4``. ``unique_examples`` says how many different examples
each point was trained on: D is then what the examples seen are worth, U + U R* (1 - exp(-R / R*)) after R repeats of
all U (Muennighoff et al. 2023, arXiv 2305.16264; their term for excess parameters is left out).
"""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from harness.errors import FitError
from harness.fits.cells import Cells, cell_means
from harness.fits.descent import SQUARES, huber
from harness.fits.misfit import working_predictor
from harness.fits.points import column, columns, require_points, require_variation
from harness.fits.predictions import Envelope, SurfacePrediction
from harness.fits.robust import Objective, known_objective, robust_scale, robust_variance
from harness.fits.surface_problem import SurfaceProblem
from harness.fits.surface_result import SurfaceEstimate, SurfaceFit
from harness.forms.capped import link
from harness.forms.form import IDENTITY, FloatArray

__all__ = ["SOURCE", "SURFACES", "Envelope", "Objective", "SurfaceFit", "SurfacePrediction", "fit_surface"]

SOURCE = "Hoffmann et al. 2022, arXiv 2203.15556, equation 2"
SURFACES = {
    "additive": "error = E + A * N**-a + B * D**-b",
    "additive_ceiling": "error / (e0 - error) = U + A * N**-a + B * D**-b",
}

_ROUNDING = 1e-18  # sums of squares below this share of the data's own are rounding


def fit_surface(
    params: ArrayLike,
    examples: ArrayLike,
    loss: ArrayLike,
    *,
    form: str = "additive",
    objective: Objective = "least_squares",
    delta: float | None = None,
    groups: Sequence[Hashable] | None = None,
    unique_examples: ArrayLike | None = None,
    chance_error: float | None = None,
) -> SurfaceFit:
    """Fit ``loss`` (an error or a loss) as a function of ``params`` and ``examples`` seen, arrays of shape (points,).

    ``objective`` is what is summed over residuals of ln loss; ``delta`` is Huber's threshold, 1.345 robust standard
    deviations where None. ``groups`` labels the cell of each point; replicates are averaged. ``unique_examples`` (one
    number, or one a point) adds the term of repetition; ``chance_error`` is the ceiling of the form that has one.

    >>> compute = np.repeat([1e9, 1e10, 1e11, 1e12], 5)
    >>> params = np.tile([0.2, 0.5, 1, 2, 5], 4) * (compute / 6) ** 0.5
    >>> examples = compute / 6 / params
    >>> error = 0.03 + 30 * params**-0.45 + 60 * examples**-0.5
    >>> fit = fit_surface(params, examples, error)
    >>> round(fit.params["params_exponent"], 4), round(fit.value("optimal_params_exponent"), 4)
    (0.45, 0.5263)
    >>> best = fit.envelope(1e13, flops_per_param_example=6.0)
    >>> f"{best.params[0]:.2g} parameters, {best.examples[0]:.2g} examples, error {best.error[0]:.3f}"
    '1.2e+06 parameters, 1.4e+06 examples, error 0.136'

    Raises:
        FitError: numbers that can't be observations, too few points, or fewer than three different sizes on an axis.
    """
    if form not in SURFACES:
        raise FitError(f"form: unknown {form!r}; one of {', '.join(SURFACES)} would do")
    known_objective(objective, delta=delta)
    *sizes, error = columns(params=params, examples=examples, loss=loss)
    if unique_examples is not None:
        supply = np.broadcast_to(np.asarray(unique_examples, dtype=float), error.shape)
        sizes.append(column("unique_examples", supply))
    cells = cell_means(np.stack(sizes), error, groups=groups)
    _require_surface(cells)
    problem = _problem(cells, _ceiling(form, cells, chance_error))
    vector, threshold = problem.minimise(objective=objective, delta=delta)
    estimate = _estimate(problem, vector, threshold, objective=objective)
    return _assemble(cells, estimate, form=form, objective=objective, delta=threshold)


def _ceiling(form: str, cells: Cells, chance_error: float | None) -> float | None:
    """The chance error where the form has that ceiling."""
    if form != "additive_ceiling":
        return None
    if chance_error is None:
        raise FitError(f"{form}: has the error of guessing as its ceiling; chance_error= would do")
    if not 0 < chance_error <= 1:
        raise FitError(f"chance_error: is {chance_error}; a number above 0 and up to 1 would do")
    if cells.error.max() > 1 or cells.error.min() >= chance_error:
        raise FitError(f"{form}: shares of wrong answers, some below that of guessing, {chance_error:g}, would do")
    return chance_error


def _problem(cells: Cells, ceiling: float | None) -> SurfaceProblem:
    logs = np.log(cells.sizes)
    centre = logs[:2].mean(axis=1)
    responses = np.log(cells.error / (ceiling or 1.0))
    chosen = IDENTITY if ceiling is None else link(1)
    level = working_predictor(chosen, responses)
    repeats = None if len(logs) == 2 else np.expm1(np.maximum(logs[1] - logs[2], 0.0))
    return SurfaceProblem(
        log_sizes=logs[:2] - centre[:, None],
        responses=responses,
        link=chosen,
        chance_error=ceiling,
        repeats=repeats,
        centre=(float(centre[0]), float(centre[1]), float(level.mean())),
    )


def _require_surface(cells: Cells) -> None:
    """Refuse cells that can't carry a surface; a third size is the number of unique examples."""
    require_points("surface", len(cells.error), parameters=3 + len(cells.sizes))
    require_variation(cells.error)
    for name, axis in zip(("params", "examples"), cells.sizes, strict=False):
        if (different := len(np.unique(axis))) < 3:
            raise FitError(f"{name}: {different} different sizes; 3 or more would do")
    if len(cells.sizes) > 2 and (repeated := int((cells.sizes[1] > cells.sizes[2]).sum())) < 3:
        raise FitError(
            f"unique_examples: {repeated} points saw an example twice; 3 or more, or a fit without it, would do"
        )


def _estimate(
    problem: SurfaceProblem, vector: FloatArray, threshold: float | None, *, objective: Objective
) -> SurfaceEstimate:
    residuals = problem.residual(vector)
    freedom = len(residuals) - problem.size
    squares = float(np.square(residuals).sum())
    if objective == "least_squares":
        rounding = _ROUNDING * float(np.square(problem.responses - problem.responses.mean()).sum())
        least = max(squares, rounding)
        return SurfaceEstimate(problem, vector, squares, SQUARES, problem, least, least / freedom)
    assert threshold is not None
    loss = huber(threshold)
    variance = robust_variance(residuals, threshold, objective=objective) * len(residuals) / freedom
    profiled = problem.with_responses(problem.fitted(vector))
    return SurfaceEstimate(problem, vector, float(loss.value(residuals).sum()), loss, profiled, 0.0, variance)


def _assemble(
    cells: Cells, estimate: SurfaceEstimate, *, form: str, objective: Objective, delta: float | None
) -> SurfaceFit:
    problem, vector = estimate.problem, estimate.vector
    residuals = -problem.residual(vector)
    squares = float(np.square(residuals).sum())
    around_mean = float(np.square(problem.responses - problem.responses.mean()).sum())
    robust = objective != "least_squares"
    sigma = robust_scale(residuals) if robust else float(np.sqrt(squares / (len(residuals) - problem.size)))
    return SurfaceFit(
        form=form,
        objective=objective,
        delta=delta,
        params={name: float(value) for name, value in problem.to_params(vector).items()},
        n=len(cells.error),
        decades=float(np.ptp(np.log10(cells.sizes[:2]).sum(axis=0))),
        r_squared=float(1 - squares / around_mean),
        sigma=sigma,
        points=cells.sizes[:2],
        error=cells.error,
        residuals=residuals,
        cells=cells,
        estimate=estimate,
    )
