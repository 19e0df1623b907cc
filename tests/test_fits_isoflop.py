"""IsoFLOP profiles: a minimum that the points bracket, or the reason why there is none."""

import numpy as np
import pytest
from scipy.stats import linregress
from scipy.stats import t as t_distribution

from harness.errors import FitError
from harness.fits.isoflop import profiles_of
from harness.fits.isoflop_minima import isoflop
from harness.forms.form import FloatArray, Params

SIZES = np.geomspace(1e3, 1e5, 7)


def valley(best: float, curvature: float = 0.05) -> np.ndarray:
    return 0.2 * np.exp(curvature * np.log(SIZES / best) ** 2)


def test_the_minimum_of_a_parabola_is_recovered() -> None:
    (profile,) = profiles_of(SIZES[::-1], valley(2e4)[::-1], np.full(7, 1e12))
    assert profile.interior
    assert profile.reason == ""
    assert profile.optimum_params == pytest.approx(2e4, rel=1e-9)
    assert profile.optimum_error == pytest.approx(0.2, rel=1e-9)
    np.testing.assert_array_equal(profile.params, SIZES)
    np.testing.assert_allclose(profile.predict(SIZES), valley(2e4), rtol=1e-9)


def test_the_optimum_follows_the_budget() -> None:
    budgets = np.repeat([1e10, 1e12], 7)
    profiles = profiles_of(np.tile(SIZES, 2), np.concatenate([valley(5e3), valley(5e4)]), budgets[::1])
    assert [profile.budget for profile in profiles] == [1e10, 1e12]
    assert [profile.optimum_params for profile in profiles] == pytest.approx([5e3, 5e4])


def test_runs_whose_steps_were_rounded_share_a_budget() -> None:
    profiles = profiles_of(SIZES, valley(2e4), 1e12 * np.linspace(0.98, 1.0, 7))
    assert len(profiles) == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (valley(2e5), "the minimum lies above the largest size that was run"),
        (valley(2e2), "the minimum lies below the smallest size that was run"),
        (valley(2e4, curvature=-0.05), "error bends downward in size: no minimum"),
    ],
)
def test_a_minimum_that_is_not_bracketed_is_not_stated(error: np.ndarray, reason: str) -> None:
    (profile,) = profiles_of(SIZES, error, np.full(7, 1e12))
    assert not profile.interior
    assert profile.optimum_params is None
    assert profile.optimum_error is None
    assert profile.reason == reason


def test_an_error_that_is_the_same_at_every_size_has_no_minimum() -> None:
    for level in (0.1, 0.3, 1 / 3):
        (profile,) = profiles_of(SIZES, np.full(7, level), np.full(7, 1e12))
        assert (profile.interior, profile.reason) == (False, "error is the same at every size: no minimum")


def test_two_sizes_make_no_profile() -> None:
    (profile,) = profiles_of([1e3, 1e4], [0.3, 0.2], [1e12, 1e12])
    assert not profile.interior
    assert profile.coefficients is None
    assert profile.reason == "2 different sizes; 3 or more would do"


def test_no_points_make_no_profiles() -> None:
    assert profiles_of([], [], []) == ()


def test_an_error_of_zero_is_refused() -> None:
    with pytest.raises(FitError, match=r"error: row 1 is 0\.0"):
        profiles_of([1, 2, 3], [1, 0, 1], [1, 1, 1])


def test_a_skewed_profile_is_told_from_a_parabola() -> None:
    noise = np.exp(0.002 * np.random.default_rng(0).standard_normal(7))
    (even,) = profiles_of(SIZES, valley(1e4) * noise, np.full(7, 1e12))
    skewed = valley(1e4) * np.exp(0.01 * np.log(SIZES / 1e4) ** 3)
    (odd,) = profiles_of(SIZES, skewed * noise, np.full(7, 1e12))
    assert even.skew_p is not None
    assert even.skew_p > 0.01
    assert odd.skew_p is not None
    assert odd.skew_p < 0.001


def growing(budgets: int, sigma: float = 0.0) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Sizes, errors and budgets of profiles whose best size grows as the square root of compute."""
    noise = np.exp(sigma * np.random.default_rng(0).standard_normal(7 * budgets))
    errors = np.concatenate([valley(2e3 * 10 ** (0.5 * step)) for step in range(budgets)]) * noise
    return np.tile(SIZES, budgets), errors, np.repeat(10.0 ** np.arange(10, 10 + budgets), 7)


def test_the_best_size_grows_as_the_line_through_the_minima() -> None:
    growth = isoflop(*growing(4))
    assert growth.params["optimal_params_exponent"] == pytest.approx(0.5, rel=1e-6)
    assert growth.predict(1e12).params == pytest.approx(2e4, rel=1e-6)
    with pytest.raises(FitError, match="isoflop: 1 of 1 profiles bracket their minimum; 3 or more would do"):
        isoflop(SIZES, valley(2e4), np.full(7, 1e12))


def test_the_interval_of_the_growth_is_student_s() -> None:
    fit = isoflop(*growing(4, sigma=0.01))
    minima = [(profile.budget, profile.optimum_params) for profile in fit.profiles]
    line = linregress(*np.log(np.array(minima, dtype=float)).T)
    reach = t_distribution.ppf(0.95, 2) * line.stderr
    assert fit.interval(level=0.9) == pytest.approx((line.slope - reach, line.slope + reach), rel=1e-4)


def test_the_result_has_parameters_intervals_predictions_and_diagnostics() -> None:
    fit = isoflop(*growing(5, sigma=0.01))
    low, high = fit.interval("optimal_params_exponent")
    assert low < 0.5 < high
    wide = fit.interval(level=0.99)
    assert wide[0] < low < fit.params["optimal_params_exponent"] < high < wide[1]
    found = fit.diagnostics
    assert found.bracketed == 0.8
    assert found.reasons == {1e14: "the minimum lies above the largest size that was run"}
    assert found.line.influence.shape == (4,)
    assert found.gate == ""
    with pytest.raises(
        FitError, match="quantity: unknown 'exponent'; one of log_scale, optimal_examples_exponent, opt"
    ):
        fit.interval("exponent")


def test_any_function_of_the_parameters_has_an_interval() -> None:
    fit = isoflop(*growing(4, sigma=0.01))
    low, high = fit.interval("optimal_params_exponent")
    assert fit.interval("optimal_examples_exponent") == pytest.approx((1 - high, 1 - low), rel=1e-4)

    def log_size(params: Params) -> FloatArray:
        return params["log_scale"] + params["optimal_params_exponent"] * np.log(1e15)

    ahead = fit.predict(1e15)
    assert fit.interval(log_size) == pytest.approx(np.log([ahead.curve_low[0], ahead.curve_high[0]]), rel=1e-5)
    assert ahead.low < ahead.curve_low < ahead.params < ahead.curve_high < ahead.high


def test_replicates_are_averaged_and_copies_without_a_cell_are_refused() -> None:
    sizes, errors, budgets = growing(4, sigma=0.01)
    once = isoflop(sizes, errors, budgets)
    twice = [np.tile(column, 2) for column in (sizes, errors, budgets)]
    again = isoflop(*twice, groups=[*range(28), *range(28)])
    assert again.interval() == pytest.approx(once.interval())
    with pytest.raises(FitError, match="points: row 28 repeats row 0"):
        isoflop(*twice)


def test_minima_that_scatter_name_no_growth() -> None:
    budgets = np.repeat([1e10, 1e11, 1e12], 7)
    errors = np.concatenate([valley(best) for best in (5e3, 5e4, 5e3)])
    assert (
        "the data don't show that the best size grows with compute" in isoflop(np.tile(SIZES, 3), errors, budgets).gate
    )
