"""The joint surface in parameters and examples, and the compute-optimal frontier that follows from it."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from harness.errors import FitError
from harness.fits.surface import Objective, SurfaceFit, fit_surface
from harness.fits.surface_problem import SurfaceProblem
from harness.fits.variants import robust_surfaces
from harness.forms.form import FloatArray

A, B, FLOPS = 30.0, 60.0, 6.0


def sweep(
    a: float = 0.45, b: float = 0.5, irreducible: float = 0.03, *, budgets: int = 6, sizes: int = 7
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Parameters, examples and noise-free error over IsoFLOP profiles on three decades."""
    compute = np.repeat(np.geomspace(1e9, 1e12, budgets), sizes)
    params = np.tile(np.geomspace(1 / 8, 8, sizes), budgets) * np.sqrt(compute / FLOPS)
    examples = compute / FLOPS / params
    return params, examples, irreducible + A * params**-a + B * examples**-b


def noisy_fit(seed: int, sigma: float, objective: Objective = "least_squares") -> SurfaceFit:
    params, examples, error = sweep()
    noise = np.exp(sigma * np.random.default_rng(seed).standard_normal(len(error)))
    return fit_surface(params, examples, error * noise, objective=objective)


def test_a_noise_free_surface_is_recovered() -> None:
    random = np.random.default_rng(0)
    for _ in range(40):
        a, b, irreducible = random.uniform(0.2, 0.9), random.uniform(0.2, 0.9), random.uniform(0, 0.1)
        params = fit_surface(*sweep(a, b, irreducible)).params
        assert params["params_exponent"] == pytest.approx(a, rel=1e-6)
        assert params["examples_exponent"] == pytest.approx(b, rel=1e-6)
        assert params["irreducible_error"] == pytest.approx(irreducible, abs=1e-6)
        assert params["log_params_scale"] == pytest.approx(np.log(A), rel=1e-6)
        assert params["log_examples_scale"] == pytest.approx(np.log(B), rel=1e-6)


def test_a_noise_free_surface_under_the_ceiling_of_chance_is_recovered() -> None:
    random = np.random.default_rng(1)
    for _ in range(20):
        a, b, floor = random.uniform(0.2, 0.9), random.uniform(0.2, 0.9), random.uniform(0, 0.1)
        params, examples, odds = sweep(a, b, floor)
        error = 0.9 * odds / (1 + odds)
        fit = fit_surface(params, examples, error, form="additive_ceiling", chance_error=0.9)
        assert fit.params["params_exponent"] == pytest.approx(a, rel=1e-6)
        assert fit.params["examples_exponent"] == pytest.approx(b, rel=1e-6)
        assert fit.params["irreducible_error"] == pytest.approx(0.9 * floor / (1 + floor), abs=1e-6)
        np.testing.assert_allclose(fit.predict(params, examples).error, error, rtol=1e-7)


def repeated_sweep(constant: float, unique: float = 1e5) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Like ``sweep``, on at most ``unique`` different examples, of which some points see each up to a hundred times."""
    params, examples, _ = sweep()
    supply = np.minimum(unique, examples)
    repeats = examples / supply - 1
    effective = supply * (1 + constant * (1 - np.exp(-repeats / constant)))
    return params, examples, supply, 0.03 + A * params**-0.45 + B * effective**-0.5


def test_what_a_repeated_example_is_worth_is_recovered() -> None:
    for constant in (2.0, 15.0, 60.0):
        params, examples, supply, error = repeated_sweep(constant)
        fit = fit_surface(params, examples, error, unique_examples=supply)
        assert fit.params["repetition_constant"] == pytest.approx(constant, rel=1e-5)
        assert fit.params["examples_exponent"] == pytest.approx(0.5, rel=1e-6)
        at = fit.predict(params, examples, unique_examples=supply)
        np.testing.assert_allclose(at.error, error, rtol=1e-7)


def test_repeats_that_are_ignored_bend_the_exponent() -> None:
    params, examples, _, error = repeated_sweep(2.0)
    assert abs(fit_surface(params, examples, error).params["examples_exponent"] / 0.5 - 1) > 0.1


def test_where_no_example_is_repeated_its_worth_is_not_asked_for() -> None:
    params, examples, error = sweep()
    with pytest.raises(FitError, match="unique_examples: 0 points saw an example twice"):
        fit_surface(params, examples, error, unique_examples=examples)


def test_with_a_limited_supply_more_of_the_budget_goes_into_parameters() -> None:
    params, examples, supply, error = repeated_sweep(5.0)
    fit = fit_surface(params, examples, error, unique_examples=supply)
    free, limited = fit.envelope(1e13, FLOPS), fit.envelope(1e13, FLOPS, unique_examples=1e5)
    assert limited.params[0] > free.params[0]
    assert limited.error[0] > free.error[0]
    sizes = np.geomspace(free.params[0] / 30, free.params[0] * 300, 4000)
    tried = fit.predict(sizes, 1e13 / FLOPS / sizes, unique_examples=1e5).error
    assert limited.error[0] == pytest.approx(tried.min(), rel=1e-6)
    assert limited.params[0] == pytest.approx(sizes[tried.argmin()], rel=0.01)


def test_the_best_split_comes_with_an_interval_that_holds_it() -> None:
    truth = fit_surface(*sweep()).envelope([1e11, 1e13], FLOPS)
    held = np.zeros(2)
    for seed in range(40):
        at = noisy_fit(seed, 0.03).envelope([1e11, 1e13], FLOPS)
        held += (at.params_low <= truth.params) & (truth.params <= at.params_high)
        np.testing.assert_allclose(at.params_low * at.examples_high, at.params * at.examples, rtol=1e-9)
    assert np.all(held >= 34)


def test_the_diagnostics_of_a_plain_surface_are_quiet() -> None:
    params, examples, error = sweep()
    noise = np.exp(0.02 * np.random.default_rng(0).standard_normal((2, len(error))))
    rows = [np.concatenate([column, column]) for column in (params, examples)]
    fit = fit_surface(*rows, (error * noise).ravel(), groups=[*range(len(error))] * 2)
    found = fit.diagnostics
    assert found.at_bound == ()
    assert found.agreeing_starts > 0.8
    assert found.unmoved_starts == 0
    assert found.disagreement < 1e-6
    assert 0 < found.curvature < 1
    assert found.influence.shape == (len(error),)
    assert found.lack_of_fit is not None
    assert found.lack_of_fit > 0.01


def test_a_surface_without_one_of_its_terms_says_so() -> None:
    params, examples, _ = sweep()
    fit = fit_surface(params, examples, 0.03 + A * params**-0.45 + 0 * examples)
    assert "examples_scale" in fit.diagnostics.at_bound


def test_units_change_nothing_but_the_scales() -> None:
    params, examples, error = sweep()
    error = error * np.exp(0.03 * np.random.default_rng(0).standard_normal(len(error)))
    fit, scaled = fit_surface(params, examples, error), fit_surface(params * 1e9, examples * 1e-6, error * 1e3)
    for quantity in ("exponent", "optimal_params_exponent", "compute_exponent"):
        assert scaled.value(quantity) == pytest.approx(fit.value(quantity), rel=1e-8)
        assert scaled.interval(quantity) == pytest.approx(fit.interval(quantity), rel=1e-5)


def test_the_frontier_is_where_no_other_split_of_the_budget_is_better() -> None:
    fit = fit_surface(*sweep())
    envelope = fit.envelope([1e10, 1e13], FLOPS)
    for index, compute in enumerate(envelope.compute):
        best = minimize_scalar(
            lambda log_params, budget=compute / FLOPS: (
                0.03 + A * np.exp(log_params) ** -0.45 + B * (budget / np.exp(log_params)) ** -0.5
            ),
            bounds=(2.0, 25.0),
            method="bounded",
            options={"xatol": 1e-10},
        )
        assert envelope.error[index] == pytest.approx(best.fun, rel=1e-7)
        assert np.log(envelope.params[index]) == pytest.approx(best.x, abs=1e-3)
        assert envelope.params[index] * envelope.examples[index] * FLOPS == pytest.approx(compute)


def test_the_derived_exponents_are_those_of_the_envelope() -> None:
    fit = fit_surface(*sweep())
    near = fit.envelope([1e12 * (1 - 1e-4), 1e12 * (1 + 1e-4)], FLOPS)
    step = np.log(near.compute[1] / near.compute[0])
    irreducible = fit.params["irreducible_error"]
    assert fit.value("exponent") == pytest.approx(-np.diff(np.log(near.error - irreducible))[0] / step, rel=1e-4)
    assert fit.value("compute_exponent") == pytest.approx(-step / np.diff(np.log(near.error))[0], rel=1e-4)
    assert fit.value("optimal_params_exponent") == pytest.approx(np.diff(np.log(near.params))[0] / step, rel=1e-4)
    assert fit.value("optimal_examples_exponent") == pytest.approx(np.diff(np.log(near.examples))[0] / step, rel=1e-4)


@pytest.mark.parametrize("objective", ["least_squares", "huber", "lad"])
@pytest.mark.slow
def test_ninety_five_percent_intervals_hold_the_truth_as_often(objective: Objective) -> None:
    wanted = {"exponent": 0.45 * 0.5 / 0.95, "irreducible_error": 0.03, "optimal_params_exponent": 0.5 / 0.95}
    held, repeats = dict.fromkeys(wanted, 0), 60
    for seed in range(repeats):
        fit = noisy_fit(seed, 0.03, objective)
        for name, value in wanted.items():
            low, high = fit.interval(name)
            held[name] += low <= value <= high
    assert all(count / repeats >= 0.86 for count in held.values()), held


def test_robust_objectives_shrug_off_diverged_runs() -> None:
    params, examples, error = sweep()
    random = np.random.default_rng(0)
    error = error * np.exp(0.01 * random.standard_normal(len(error)))
    error[random.choice(len(error), 3, replace=False)] *= 1.6
    truth = 0.45 * 0.5 / 0.95
    off = {
        objective: abs(fit_surface(params, examples, error, objective=objective).value("exponent") / truth - 1)
        for objective in ("least_squares", "huber", "lad")
    }
    assert off["huber"] < 0.03
    assert off["lad"] < 0.03
    assert off["least_squares"] > 2 * off["huber"]


def test_the_variants_stand_side_by_side_and_are_each_fit_alone() -> None:
    params, examples, error = sweep()
    error = error * np.exp(0.01 * np.random.default_rng(0).standard_normal(len(error)))
    variants = robust_surfaces(params, examples, error)
    assert [fit.objective for fit in variants.values()] == ["least_squares", "huber", "huber", "lad"]
    for name, delta in {"huber": None, "huber_fixed": 1e-3}.items():
        alone = fit_surface(params, examples, error, objective="huber", delta=delta)
        assert (variants[name].params, variants[name].delta) == (alone.params, alone.delta)
    assert len({fit.value("exponent") for fit in variants.values()}) == 4


def test_a_given_huber_threshold_is_used_and_reported() -> None:
    params, examples, error = sweep()
    assert fit_surface(params, examples, error, objective="huber", delta=1e-3).delta == 1e-3
    assert fit_surface(params, examples, error).delta is None


def test_predictions_at_the_cells_are_the_fitted_errors() -> None:
    fit = noisy_fit(0, 0.03)
    at = fit.predict(fit.points[0], fit.points[1])
    np.testing.assert_allclose(at.error * np.exp(fit.residuals), fit.error, rtol=1e-9)
    assert np.all((at.low < at.curve_low) & (at.curve_low < at.error))
    assert np.all((at.error < at.curve_high) & (at.curve_high < at.high))


def test_pure_noise_has_no_exponent() -> None:
    params, examples, error = sweep()
    random = np.random.default_rng(0)
    fits = [fit_surface(params, examples, np.exp(0.3 * random.standard_normal(len(error)))) for _ in range(10)]
    assert not any(fit.identified for fit in fits)
    assert all(fit.gate for fit in fits)


def test_replicates_are_averaged_into_cells() -> None:
    params, examples, error = sweep()
    rows = [np.repeat(column, 2) for column in (params, examples, error * np.exp(0.01 * np.sin(np.arange(42))))]
    assert fit_surface(*rows, groups=[i // 2 for i in range(84)]).n == 42


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loss": [0.1] * 42}, "error: is 0.1 at every point"),
        ({"loss": [np.nan] * 42}, "loss: row 0 is nan"),
        ({"params": [8.0] * 42}, "params: 1 different sizes; 3 or more would do"),
        ({"examples": [1.0, 2.0]}, "params: 42 rows, examples: 2 rows, loss: 42 rows"),
    ],
)
def test_what_can_not_be_fitted_is_refused_with_the_reason(change: dict[str, list[float]], message: str) -> None:
    columns = dict(zip(("params", "examples", "loss"), sweep(), strict=True)) | change
    with pytest.raises(FitError, match=message):
        fit_surface(**columns)


def test_too_few_cells_are_refused() -> None:
    with pytest.raises(FitError, match="surface: 5 points for 5 parameters; 6 or more would do"):
        fit_surface([1, 2, 3, 4, 5], [5, 1, 4, 2, 3], [9, 8, 7, 6, 5])


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(FitError, match="form: unknown 'product'; one of additive, additive_ceiling would do"):
        fit_surface(*sweep(), form="product")


def test_points_of_one_size_are_put_together_and_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that differ in their learning rate, say, are of one size: three at each here, and each its own cell."""
    generator = np.random.default_rng(1)
    params = np.repeat(np.geomspace(1e4, 1e6, 6), 15)
    examples = np.tile(np.repeat(np.geomspace(1e4, 1e7, 5), 3), 6)
    error = (0.05 + 14 * params**-0.66 + 4.3 * examples**-0.41) * np.exp(0.02 * generator.standard_normal(90))
    groups = list(range(90))
    together = fit_surface(params, examples, error, groups=groups)
    assert len(together.estimate.problem.merged[0].responses) == 30
    monkeypatch.setattr(SurfaceProblem, "merged", property(lambda problem: (problem, 0.0)))
    apart = fit_surface(params, examples, error, groups=groups)
    assert together.params == pytest.approx(apart.params, rel=1e-6)
    assert together.sigma == pytest.approx(apart.sigma, rel=1e-9)
    for quantity in ("exponent", "irreducible_error", "optimal_params_exponent"):
        assert together.interval(quantity) == pytest.approx(apart.interval(quantity), rel=1e-6)
    np.testing.assert_allclose(together.diagnostics.influence, apart.diagnostics.influence, rtol=1e-5)
    assert together.diagnostics.agreeing_starts == apart.diagnostics.agreeing_starts
