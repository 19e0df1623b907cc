"""Curve fits: they find what was put in, say how sure they are, and refuse what can't be known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import f

from harness.errors import FitError
from harness.fits.curve import CurveFit, fit_curve
from harness.fits.gate import gate
from harness.fits.misfit import squares
from harness.fits.robust import Objective
from harness.fits.variants import robust_curves
from harness.forms import FORMS
from harness.forms.form import FloatArray


def points(
    exponent: float, floor_share: float, *, decades: float, n: int, last_error: float = 0.1, largest: float = 1e13
) -> tuple[FloatArray, FloatArray]:
    """Compute and noise-free error = E + A * C**-exponent with E = floor_share * last_error."""
    ratio = np.geomspace(10**-decades, 1.0, n)
    return largest * ratio, last_error * (floor_share + (1 - floor_share) * ratio**-exponent)


def noisy_fit(seed: int, sigma: float, *, form: str = "power_floor", **truth: float) -> CurveFit:
    compute, error = points(**truth)  # type: ignore[arg-type]
    return fit_curve(
        compute, error * np.exp(sigma * np.random.default_rng(seed).standard_normal(len(error))), form=form
    )


def test_exponent_and_floor_are_recovered_from_noise_free_points() -> None:
    random = np.random.default_rng(1)
    for _ in range(200):
        exponent, share = random.uniform(0.08, 0.8), random.uniform(0, 0.8)
        compute, error = points(exponent, share, decades=random.uniform(2, 5), n=int(random.integers(8, 25)))
        params = fit_curve(compute, error, form="power_floor").params
        assert params["exponent"] == pytest.approx(exponent, rel=1e-6)
        assert params["irreducible_error"] == pytest.approx(share * 0.1, rel=1e-6)
        assert params["log_scale"] == pytest.approx(np.log(0.1 * (1 - share)) + exponent * np.log(1e13), rel=1e-6)


TRUTHS: dict[str, dict[str, float]] = {
    "power": {"exponent": 0.2, "log_scale": 3.0},
    "power_floor": {"exponent": 0.2, "irreducible_error": 0.03, "log_scale": 3.0},
    "m4": {"exponent": 0.25, "irreducible_error": 0.03, "log_scale": 5.0, "chance_error": 0.9},
    "rosenfeld": {"exponent": 0.25, "irreducible_error": 0.03, "log_scale": 5.0, "chance_error": 0.9},
    "broken_power": {
        "exponent": 0.4, "early_exponent": 0.1, "irreducible_error": 0.02, "log10_break": 10.5, "break_width": 0.8,
        "log_scale": 1.0,
    },
    "exponential_error": {"intercept": 1.5, "error_per_decade": 0.11},
    "exponential_performance": {"intercept": -14.0, "performance_per_decade": 2.0},
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_each_form_recovers_its_own_noise_free_curve(form: str) -> None:
    compute = np.geomspace(1e8 if form == "broken_power" else 1e9, 1e12, 40)
    truth = TRUTHS[form]
    error = FORMS[form].error(np.log(compute), {name: np.asarray(value) for name, value in truth.items()})
    params = fit_curve(compute, error, form=form, chance_error=0.9).params
    assert {name: params[name] for name in truth} == pytest.approx(truth, rel=1e-6)


@pytest.mark.parametrize("form", ["m4", "rosenfeld"])
def test_a_law_under_a_ceiling_is_recovered_from_noise_free_points(form: str) -> None:
    random = np.random.default_rng(2)
    for _ in range(40):
        exponent, irreducible, chance = random.uniform(0.08, 0.8), random.uniform(0, 0.1), random.uniform(0.5, 1)
        truth = {"exponent": exponent, "irreducible_error": irreducible, "chance_error": chance}
        truth["log_scale"] = exponent * np.log(1e13) + np.log(random.uniform(0.05, 0.3))
        compute = np.geomspace(10 ** random.uniform(8, 11), 1e13, int(random.integers(8, 25)))
        error = FORMS[form].error(np.log(compute), {name: np.asarray(value) for name, value in truth.items()})
        params = fit_curve(compute, error, form=form, chance_error=chance).params
        assert {name: params[name] for name in truth} == pytest.approx(truth, rel=1e-6, abs=1e-8)


@given(st.floats(-12, 12))
@settings(max_examples=15, deadline=None)
def test_the_unit_of_compute_changes_nothing_but_the_scale(power_of_ten: float) -> None:
    compute, error = points(0.25, 0.3, decades=3, n=12)
    error = error * np.exp(0.02 * np.random.default_rng(3).standard_normal(12))
    fit, scaled = (fit_curve(compute * factor, error, form="power_floor") for factor in (1.0, 10**power_of_ten))
    assert scaled.params["exponent"] == pytest.approx(fit.params["exponent"], rel=1e-8)
    assert scaled.interval("exponent") == pytest.approx(fit.interval("exponent"), rel=1e-5)
    assert scaled.interval("irreducible_error") == pytest.approx(fit.interval("irreducible_error"), rel=1e-5, abs=1e-9)
    assert scaled.aicc == pytest.approx(fit.aicc, abs=1e-6)


@pytest.mark.parametrize(
    ("sigma", "truth"),
    [
        (0.02, {"exponent": 0.25, "floor_share": 0.3, "decades": 2, "n": 20}),
        (0.05, {"exponent": 0.5, "floor_share": 0.3, "decades": 3, "n": 8}),
        (0.02, {"exponent": 0.25, "floor_share": 0.0, "decades": 3, "n": 12}),
    ],
)
@pytest.mark.slow
def test_ninety_five_percent_intervals_hold_the_truth_as_often(sigma: float, truth: dict[str, float]) -> None:
    exponent, share, repeats = truth["exponent"], truth["floor_share"], 150
    wanted = {"exponent": exponent, "irreducible_error": 0.1 * share, "compute_exponent": 1 / (exponent * (1 - share))}
    error_at_ten = 0.1 * (share + (1 - share) * 10**-exponent)
    held = dict.fromkeys([*wanted, "ten times the compute"], 0)
    for seed in range(repeats):
        fit = noisy_fit(seed, sigma, **truth)
        for name, value in wanted.items():
            low, high = fit.interval(name)
            held[name] += low <= value <= high
        ahead = fit.predict(1e14)
        held["ten times the compute"] += bool(ahead.curve_low[0] <= error_at_ten <= ahead.curve_high[0])
    assert all(0.9 <= count / repeats <= 1.0 for count in held.values()), held


@pytest.mark.parametrize(("sigma", "decades", "n"), [(0.05, 2, 8), (0.02, 3, 16), (0.001, 4, 12)])
def test_intervals_are_those_of_an_exhaustive_search(sigma: float, decades: float, n: int) -> None:
    fit = noisy_fit(7, sigma, exponent=0.25, floor_share=0.3, decades=decades, n=n)
    log_ratio = np.log(fit.compute / fit.compute.max())
    (low, high), (e_low, e_high) = fit.interval("exponent"), fit.interval("irreducible_error")
    exponents = np.exp(np.linspace(np.log(low * 0.9), np.log(high * 1.1), 700))
    shares = np.clip(np.linspace(e_low * 0.8, e_high * 1.2, 700) / 0.1, 0, 0.99)
    curves = np.log(shares[:, None] + (1 - shares[:, None]) * np.exp(-exponents[:, None, None] * log_ratio))
    gap = np.log(fit.error) - curves
    gap -= gap.mean(axis=-1, keepdims=True)
    sums = np.square(gap).sum(axis=-1)
    least = np.square(fit.residuals).sum()
    accepted = sums <= least * (1 + f.ppf(0.95, 1, n - 3) / (n - 3))
    found = exponents[accepted.any(axis=1)]
    assert (low, high) == pytest.approx((found.min(), found.max()), rel=0.01)


def test_an_interval_is_asked_for_by_name_or_by_any_function_of_the_parameters() -> None:
    fit = noisy_fit(1, 0.02, exponent=0.25, floor_share=0.3, decades=3, n=16)
    low, high = fit.interval("exponent")
    assert fit.interval(lambda params: 1 / params["exponent"]) == pytest.approx((1 / high, 1 / low), rel=1e-4)
    assert fit.interval("exponent", level=0.5)[0] > low
    assert low < fit.value("exponent") < high


def test_a_floor_that_the_points_do_not_exclude_gives_a_one_sided_interval() -> None:
    low, high = noisy_fit(2, 0.02, exponent=0.25, floor_share=0.0, decades=2, n=12).interval("irreducible_error")
    assert low == 0
    assert 0 < high < 0.1


def test_compute_to_reach_an_error_that_may_be_irreducible_is_a_half_line() -> None:
    fit = noisy_fit(2, 0.02, exponent=0.25, floor_share=0.3, decades=2, n=12)
    low, high = fit.interval(fit.log10_compute_to(0.03))
    assert 13 < low < 20
    assert high == np.inf


def test_compute_to_reach_a_near_error_is_a_finite_interval_around_the_truth() -> None:
    fit = noisy_fit(2, 0.01, exponent=0.25, floor_share=0.3, decades=4, n=20)
    truth = 13 - np.log10((0.08 - 0.03) / 0.07) / 0.25
    low, high = fit.interval(fit.log10_compute_to(0.08))
    assert low < truth < high
    assert high - low < 1.0


def test_a_new_cell_is_less_certain_than_the_curve() -> None:
    ahead = noisy_fit(4, 0.03, exponent=0.25, floor_share=0.3, decades=3, n=12).predict([1e12, 1e14])
    assert np.all(ahead.low < ahead.curve_low)
    assert np.all(ahead.curve_low < ahead.error)
    assert np.all(ahead.error < ahead.curve_high)
    assert np.all(ahead.curve_high < ahead.high)


def test_another_optimiser_finds_nothing_lower() -> None:
    for seed in range(20):
        fit = noisy_fit(seed, 0.05, exponent=0.2, floor_share=0.3, decades=2, n=10)
        assert fit.diagnostics.disagreement < 1e-6


def test_aicc_puts_forms_with_different_responses_on_one_scale() -> None:
    compute, error = points(0.2, 0.0, decades=3, n=20)
    error = error * np.exp(0.02 * np.random.default_rng(0).standard_normal(20))
    forms = [form for form in CONCLUSIVE if not FORMS[form].ceiling]
    percent = [fit_curve(compute, 100 * error, form=form).aicc for form in forms]
    fraction = [fit_curve(compute, error, form=form).aicc for form in forms]
    np.testing.assert_allclose(np.subtract(percent, fraction), 2 * 20 * np.log(100), rtol=1e-9)


def test_aicc_of_a_straight_line_is_the_textbook_one() -> None:
    compute, error = points(0.2, 0.0, decades=2, n=6)
    error = error * np.exp(0.05 * np.random.default_rng(0).standard_normal(6))
    fit = fit_curve(compute, error, form="power")
    line = np.polynomial.polynomial.polyfit(np.log(compute), np.log(error), 1)
    sums = np.square(np.log(error) - np.polynomial.polynomial.polyval(np.log(compute), line)).sum()
    likelihood = -3 * (np.log(2 * np.pi * sums / 6) + 1) - np.log(error).sum()
    assert fit.own_aicc == pytest.approx(-2 * likelihood + 6 + 2 * 3 * 4 / 2, rel=1e-9)
    assert fit.params["exponent"] == pytest.approx(-line[1], rel=1e-9)


def test_the_gate_states_no_exponent_for_a_shallow_law_in_noise() -> None:
    fits = [noisy_fit(seed, 0.05, exponent=0.11, floor_share=0.3, decades=2, n=8) for seed in range(20)]
    assert sum(not fit.identified for fit in fits) >= 18
    assert all(fit.gate for fit in fits if not fit.identified)


def test_the_gate_tells_no_number_from_an_open_interval() -> None:
    assert gate(np.nan, (np.nan, np.nan), 3.0) == "the fit has no number for the exponent (nan in [nan, nan])"
    assert gate(0.2, (-np.inf, np.inf), 3.0) == "nothing in the points bounds the exponent"


def test_the_gate_is_silent_for_a_plain_law() -> None:
    fits = [noisy_fit(seed, 0.02, exponent=0.25, floor_share=0.3, decades=3, n=16) for seed in range(20)]
    assert all(fit.identified for fit in fits)


CONCLUSIVE = [name for name, form in FORMS.items() if form.family != "diagnostic"]


@pytest.mark.parametrize("form", CONCLUSIVE)
def test_pure_noise_has_no_exponent(form: str) -> None:
    random = np.random.default_rng(0)
    compute = np.geomspace(1e9, 1e12, 12)
    noise = [0.1 * np.exp(0.3 * random.standard_normal(12)) for _ in range(20)]
    fits = [fit_curve(compute, error, form=form, chance_error=0.9) for error in noise]
    assert sum(fit.identified for fit in fits) <= 2


@pytest.mark.parametrize("form", CONCLUSIVE)
def test_error_that_rises_with_compute_is_not_a_law(form: str) -> None:
    compute, error = points(0.25, 0.0, decades=3, n=10)
    noise = np.exp(0.01 * np.random.default_rng(0).standard_normal(10))
    assert not fit_curve(compute, error[::-1] * noise, form=form, chance_error=0.9).identified


def test_replicates_are_one_cell_and_their_scatter_tests_the_form() -> None:
    compute, error = points(0.25, 0.3, decades=3, n=10)
    random = np.random.default_rng(0)
    rows = np.repeat(error, 3) * np.exp(0.02 * random.standard_normal(30))
    fit = fit_curve(np.repeat(compute, 3), rows, form="power_floor", groups=[f"cell {i // 3}" for i in range(30)])
    assert fit.n == 10
    np.testing.assert_allclose(fit.error, np.exp(np.log(rows).reshape(10, 3).mean(axis=1)))
    assert fit.diagnostics.lack_of_fit is not None
    assert fit.diagnostics.lack_of_fit > 0.01
    line = fit_curve(np.repeat(compute, 3), rows, form="exponential_error", groups=[i // 3 for i in range(30)])
    assert line.diagnostics.lack_of_fit is not None
    assert line.diagnostics.lack_of_fit < 1e-6


def test_a_point_with_a_large_known_error_counts_little() -> None:
    compute, error = points(0.25, 0.0, decades=3, n=10)
    error = error * np.exp(0.01 * np.random.default_rng(0).standard_normal(10))
    error[0] *= 1.5
    stderr = 0.01 * error
    stderr[0] = error[0]
    assert fit_curve(compute, error, form="power", stderr=stderr).params["exponent"] == pytest.approx(0.25, abs=0.01)
    assert fit_curve(compute, error, form="power").params["exponent"] > 0.27


def test_the_point_that_decides_a_fit_has_the_largest_influence() -> None:
    compute, error = points(0.25, 0.0, decades=3, n=10)
    error = error * np.exp(0.01 * np.random.default_rng(0).standard_normal(10))
    error[-1] *= 1.3
    assert int(fit_curve(compute, error, form="power").diagnostics.influence.argmax()) == 9


@pytest.mark.parametrize(
    ("compute", "error", "message"),
    [
        ([1, 2, 3, np.nan], [4, 3, 2, 1], "compute: row 3 is nan; a finite number above zero would do"),
        ([1, 2, 3, np.inf], [4, 3, 2, 1], "compute: row 3 is inf"),
        ([1, 2, 3, 4], [4, 3, 0, 1], "error: row 2 is 0.0"),
        ([1, 2, -3, 4], [4, 3, 2, 1], "compute: row 2 is -3.0"),
        ([1, 2, 3], [4, 3, 2, 1], "compute: 3 rows, error: 4 rows; equal would do"),
        ([1, 2, 3], [4, 3, 2], "power_floor: 3 points for 3 parameters; 4 or more would do"),
        ([1, 2, 3, 4], [2, 2, 2, 2], "error: is 2 at every point"),
        ([1, 2, 2, 2], [4, 3, 2, 1], "power_floor: 2 different computes for 3 parameters; more would do"),
        ([1, 2, 3, 3], [4, 3, 2, 2], "points: row 3 repeats row 2"),
        ([[1, 2]], [[4, 3]], "compute: has 2 dimensions"),
        ([1, 2, 3, 4], [1, 1e-3, 1e-20, 1e-40], "error: one is 1e-40"),
    ],
)
def test_what_can_not_be_an_observation_is_refused_with_the_reason(
    compute: list[float], error: list[float], message: str
) -> None:
    with pytest.raises(FitError, match=message.replace("(", r"\(")):
        fit_curve(compute, error, form="power_floor")


def test_an_unknown_form_is_refused_with_the_known_ones() -> None:
    with pytest.raises(FitError, match="form: unknown 'cubic'; one of broken_power, exponential_error"):
        fit_curve([1, 2, 3], [3, 2, 1], form="cubic")


def test_an_unknown_quantity_is_refused_with_the_known_ones() -> None:
    fit = noisy_fit(0, 0.02, exponent=0.25, floor_share=0.3, decades=3, n=12)
    with pytest.raises(FitError, match="quantity: unknown 'alpha'; one of compute_exponent, exponent, irreducible"):
        fit.interval("alpha")


def test_replicates_that_differ_in_compute_are_refused() -> None:
    with pytest.raises(FitError, match="points of group 'a' differ in size"):
        fit_curve([1, 2, 3, 4, 5], [5, 4, 3, 2, 1], form="power", groups=["a", "a", "b", "c", "d"])


@pytest.mark.slow
def test_no_junk_makes_a_fit_fail_other_than_by_saying_so() -> None:
    random = np.random.default_rng(5)
    for _ in range(60):
        n = int(random.integers(3, 20))
        compute = 10 ** (random.uniform(-12, 25) + random.choice([0.001, 1.0, 12.0, 40.0]) * np.sort(random.random(n)))
        error = np.exp(
            random.choice([1e-9, 0.02, 3.0]) * random.standard_normal(n) - random.choice([0, 1]) * np.arange(n)
        )
        for form in FORMS:
            try:
                fit = fit_curve(compute, error, form=form, chance_error=0.9)
            except FitError:
                continue
            for quantity in (*fit.params, "compute_exponent", fit.log10_compute_to(0.01)):
                low, high = fit.interval(quantity)
                assert low <= fit.value(quantity) * (1 + 1e-9 * np.sign(fit.value(quantity))) or np.isinf(low)
                assert not np.isnan([low, high]).any()
            assert isinstance(fit.gate, str)


@pytest.mark.parametrize("form", ["power", "power_floor", "m4"])
def test_robust_objectives_shrug_off_diverged_runs(form: str) -> None:
    compute, error = points(0.25, 0.2, decades=3, n=24)
    random = np.random.default_rng(2)
    error = error * np.exp(0.01 * random.standard_normal(24))
    clean = fit_curve(compute, error, form=form, chance_error=0.9).params["exponent"]
    error[[1, 4]] *= 1.4
    fits = robust_curves(compute, error, form=form, chance_error=0.9)
    off = {name: abs(fit.params["exponent"] / clean - 1) for name, fit in fits.items()}
    assert set(fits) == {"least_squares", "huber", "huber_fixed", "lad"}
    assert max(off["huber"], off["huber_fixed"], off["lad"]) < 0.06
    assert max(off["huber"], off["lad"]) < off["least_squares"] / 2
    assert fits["huber_fixed"].delta == 1e-3
    assert 0.008 < fits["huber"].delta < 0.03
    assert fits["huber"].sigma < fits["least_squares"].sigma


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["huber", "lad"])
def test_robust_intervals_hold_the_truth_as_often(objective: Objective) -> None:
    held, repeats = 0, 80
    for seed in range(repeats):
        compute, error = points(0.25, 0.3, decades=3, n=20)
        noise = np.exp(0.02 * np.random.default_rng(seed).standard_normal(20))
        low, high = fit_curve(compute, error * noise, form="power_floor", objective=objective).interval("exponent")
        held += low <= 0.25 <= high
    assert held / repeats >= 0.87


def test_a_robust_fit_has_no_likelihood() -> None:
    compute, error = points(0.25, 0.0, decades=3, n=10)
    noise = np.exp(0.01 * np.random.default_rng(0).standard_normal(10))
    fit = fit_curve(compute, error * noise, form="power_floor", objective="huber")
    assert np.isnan(fit.aicc)
    assert fit.diagnostics.disagreement < 1e-6


def test_a_loss_that_is_nearly_all_floor_gives_its_power_back() -> None:
    """One over the data on a loss that scatters by 0.1 %, as networks of few parameters have."""
    data = np.geomspace(1e3, 1.1e5, 8)
    loss = 1.068 + 130 / data
    assert fit_curve(data, loss, form="power_floor").params["exponent"] == pytest.approx(1.0, rel=1e-6)
    random, held = np.random.default_rng(0), 0
    for _ in range(100):
        low, high = fit_curve(data, loss * np.exp(0.001 * random.standard_normal(8)), form="power_floor").interval(
            "exponent"
        )
        held += low <= 1 <= high
    assert 88 <= held <= 99


def test_a_fit_that_ends_where_its_search_does_states_no_exponent() -> None:
    compute = np.geomspace(1e9, 1e12, 12)
    steep = fit_curve(compute, 1e-9 + (compute / 1e12) ** -4.0, form="power_floor")
    assert "log_exponent" in steep.diagnostics.at_bound
    assert steep.gate == "the fit ends at the edge of its search (log exponent 1.1)"
    assert not steep.identified
    no_floor = noisy_fit(1, 0.01, exponent=0.25, floor_share=0.0, decades=3, n=20)
    assert no_floor.diagnostics.at_bound == ("depth",)
    assert no_floor.identified, "without a floor is an answer, and no edge"


def test_the_diagnostics_of_a_plain_law_are_quiet() -> None:
    found = noisy_fit(0, 0.02, exponent=0.25, floor_share=0.3, decades=3, n=20).diagnostics
    assert found.at_bound == ()
    assert found.agreeing_starts == 1
    assert found.unmoved_starts == 0
    assert found.disagreement < 1e-6
    assert 0 < found.curvature < 0.5
    assert found.bend is not None
    assert found.bend > 0.01
    assert found.gate == ""


def test_a_wrong_form_leaves_a_bend() -> None:
    fit = noisy_fit(0, 0.01, form="power", exponent=0.3, floor_share=0.4, decades=3, n=20)
    assert fit.diagnostics.bend is not None
    assert fit.diagnostics.bend < 1e-6


def test_parameters_that_trade_off_have_little_curvature() -> None:
    short, long = (
        noisy_fit(0, 0.02, exponent=0.25, floor_share=0.3, decades=decades, n=20).diagnostics.curvature
        for decades in (1, 4)
    )
    assert short < 0.3 * long


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_the_size_of_the_objective_changes_nothing(scale: float) -> None:
    problem = noisy_fit(0, 0.02, exponent=0.25, floor_share=0.3, decades=3, n=16).estimate.problem
    scaled = replace(problem, misfit=squares(problem.form.link, problem.misfit.working, np.full(16, np.sqrt(scale))))
    (vector, objective), (again, larger) = problem.minimise(), scaled.minimise()
    np.testing.assert_allclose(again, vector, rtol=1e-8)
    assert larger == pytest.approx(scale * objective, rel=1e-12)
