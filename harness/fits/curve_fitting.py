"""From rows to cells to a fit of one form: what ``fit_curve`` and every comparison of forms have in common."""

from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from harness.errors import FitError
from harness.fits.cells import Cells, cell_means
from harness.fits.curve_result import CurveFit, Estimate
from harness.fits.descent import SQUARES, Loss, huber
from harness.fits.noise import Optimum, aicc, solve
from harness.fits.points import column, columns, proportion, require_points, require_variation
from harness.fits.robust import Objective, known_objective, robust_scale, robust_variance, settle
from harness.forms import FORMS
from harness.forms.form import FloatArray, Form, Reference


def observed_cells(
    compute: ArrayLike,
    error: ArrayLike,
    *,
    stderr: ArrayLike | None = None,
    test_examples: ArrayLike | None = None,
    groups: Sequence[Hashable] | None = None,
) -> Cells:
    """The checked points, replicates averaged; the arguments are those of ``fit_curve``.

    Raises:
        FitError: numbers that can't be observations, or columns that don't go together.
    """
    if test_examples is None:
        rows, observed = columns(compute=compute, error=error)
        known = None if stderr is None else columns(error=error, stderr=stderr)[1]
        return cell_means(rows[None], observed, groups=groups, stderr=known)
    if stderr is not None:
        raise FitError("stderr: given together with test_examples; the one that holds more of the noise would do")
    observed = proportion("error", error)
    tested = column("test_examples", np.broadcast_to(np.asarray(test_examples, dtype=float), observed.shape))
    if np.any(tested < 1):
        raise FitError(f"test_examples: one is {tested.min():g}; 1 or more would do")
    rows, _ = columns(compute=compute, error=np.ones_like(observed))
    return cell_means(rows[None], observed, groups=groups, trials=tested)


def fit_cells(
    cells: Cells,
    *,
    form: str,
    chance_error: float | None = None,
    objective: Objective = "least_squares",
    delta: float | None = None,
) -> CurveFit:
    """``fit_curve`` on cells that were observed already.

    Raises:
        FitError: an unknown form, or cells that can't carry it.
    """
    if form not in FORMS:
        raise FitError(f"form: unknown {form!r}; one of {', '.join(sorted(FORMS))} would do")
    known_objective(objective, delta=delta)
    chosen = FORMS[form]
    _require_curve(chosen, cells, chance_error)
    reference = Reference(
        float(np.log(cells.sizes[0]).max()), chance_error if chosen.ceiling and chance_error is not None else 1.0
    )
    optimum = solve(chosen, cells, reference)
    if objective == "least_squares":
        problem, least = optimum.problem, optimum.problem.noticeable(optimum.objective)
        estimate = Estimate(
            problem,
            optimum.vector,
            optimum.objective,
            loss=SQUARES,
            profiled=problem,
            least=least,
            variance=optimum.variance,
            spread=optimum.noise.spread,
        )
        return _assemble(cells, estimate, chance_error=chance_error, own_aicc=aicc(optimum, cells))
    if optimum.noise.known:
        raise FitError(
            f"objective: {objective} estimates the noise from the residuals; "
            "least_squares, or no stderr and no test_examples, would do"
        )
    estimate, threshold = _robust(optimum, objective=objective, delta=delta)
    fit = _assemble(cells, estimate, chance_error=chance_error, own_aicc=float("nan"))
    return replace(fit, objective=objective, delta=threshold, sigma=estimate.spread)


def _robust(optimum: Optimum, *, objective: Objective, delta: float | None) -> tuple[Estimate, float]:
    """The robust estimate and its threshold.

    Its region is an F region around the fitted curve, with the noise that the estimate feels (Huber 1981, section 7.6)
    in place of the residual variance.
    """
    assert objective != "least_squares"
    problem = optimum.problem

    def polish(vector: FloatArray, loss: Loss) -> FloatArray:
        return problem.minimise(loss=loss, start=np.concatenate([vector[None], problem.starts]))[0]

    vector, threshold = settle(
        optimum.vector, objective=objective, delta=delta, residual=problem.residual, polish=polish
    )
    residuals = problem.residual(vector)
    loss = huber(threshold)
    variance = robust_variance(residuals, threshold, objective=objective) * len(residuals) / problem.freedom
    estimate = Estimate(
        problem,
        vector,
        float(loss.value(residuals).sum()),
        loss=loss,
        profiled=problem.with_responses(problem.fitted(vector)),
        least=0.0,
        variance=max(variance, problem.noticeable(0.0) / problem.freedom),
        spread=max(robust_scale(residuals), float(np.sqrt(problem.noticeable(0.0) / problem.freedom))),
    )
    return estimate, threshold


def _require_curve(form: Form, cells: Cells, chance_error: float | None) -> None:
    """Refuse what can't carry the form."""
    n, decades = len(cells.error), float(np.ptp(np.log10(cells.sizes[0]))) if len(cells.error) else 0.0
    require_points(form.name, n, parameters=form.size)
    require_variation(np.exp(cells.log_error))
    different = len(np.unique(cells.sizes[0]))
    if different < form.size:
        raise FitError(f"{form.name}: {different} different computes for {form.size} parameters; more would do")
    if n < form.fewest_points or decades < form.fewest_decades - 1e-9:
        raise FitError(
            f"{form.name}: {n} points over {decades:.3g} decades; "
            f"{form.fewest_points} points over {form.fewest_decades:g} decades would do"
        )
    if not form.ceiling:
        return
    if chance_error is None:
        raise FitError(f"{form.name}: has the error of guessing as its ceiling; chance_error= would do")
    if not 0 < chance_error <= 1:
        raise FitError(f"chance_error: is {chance_error}; a number above 0 and up to 1 would do")
    if cells.error.max() > 1:
        raise FitError(f"{form.name}: an error is {cells.error.max():.3g}; shares of wrong answers, up to 1, would do")
    if cells.error.min() >= chance_error:
        raise FitError(f"{form.name}: no error is below {chance_error:g}, that of guessing; one that is would do")


def _assemble(cells: Cells, estimate: Estimate, *, chance_error: float | None, own_aicc: float) -> CurveFit:
    problem, compute = estimate.problem, cells.sizes[0]
    with np.errstate(all="ignore"):
        params = problem.to_params(estimate.vector)
        fitted = problem.form.error(np.log(compute), params)
        residuals = np.where(fitted > 0, cells.log_error - np.log(fitted), np.inf)
        squares = float(np.square(residuals).sum())
    around_mean = np.square(cells.log_error - cells.log_error.mean()).sum()
    return CurveFit(
        form=problem.form.name,
        objective="least_squares",
        delta=None,
        params={name: float(value) for name, value in params.items()},
        n=len(cells.error),
        decades=float(np.ptp(np.log10(compute))),
        own_aicc=own_aicc,
        r_squared=float(1 - squares / around_mean),
        sigma=float(np.sqrt(squares / problem.freedom)),
        compute=compute,
        error=cells.error,
        residuals=residuals,
        calibration=None,
        cells=cells,
        chance_error=chance_error,
        estimate=estimate,
    )
