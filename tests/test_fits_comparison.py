"""Several forms on the same points: which stand, and what holds whichever is true."""

import numpy as np
import pytest

from harness.errors import FitError
from harness.fits.comparison import compare_forms, extrapolation, fit_each, union_interval
from harness.forms import FORMS
from harness.forms.form import FloatArray
from harness.hypotheses import power_or_exponential

COMPUTE = np.geomspace(1e9, 1e12, 16)


def law(exponent: float, floor: float = 0.0, seed: int = 0) -> FloatArray:
    noise = np.exp(0.01 * np.random.default_rng(seed).standard_normal(16))
    return (floor + 0.1 * (COMPUTE / 1e12) ** -exponent) * noise


def test_every_form_is_fitted_or_refused_with_a_reason() -> None:
    comparison = compare_forms(COMPUTE[:3], law(0.25)[:3])
    assert set(comparison.fits) | set(comparison.refused) == set(FORMS)
    assert comparison.refused["power_floor"] == "power_floor: 3 points for 3 parameters; 4 or more would do"


def test_the_best_form_is_zero_above_itself_and_the_wrong_ones_are_ruled_out() -> None:
    comparison = compare_forms(COMPUTE, law(0.25, floor=0.05))
    assert comparison.delta_aicc["power_floor"] == 0
    assert comparison.plausible == ("power_floor",)


def test_the_union_holds_each_plausible_interval() -> None:
    comparison = compare_forms(COMPUTE, law(0.25))
    assert set(comparison.plausible) == {"power", "power_floor"}
    low, high = comparison.interval("exponent")
    for name in comparison.plausible:
        assert low <= comparison.fits[name].interval("exponent")[0]
        assert high >= comparison.fits[name].interval("exponent")[1]


def test_where_chance_is_known_the_forms_with_that_ceiling_take_part() -> None:
    odds = 0.05 + 0.1 * (COMPUTE / 1e12) ** -0.4
    error = 0.9 * odds / (1 + odds) * np.exp(0.005 * np.random.default_rng(0).standard_normal(16))
    assert {"m4", "rosenfeld"} <= set(compare_forms(COMPUTE, error).refused)
    comparison = compare_forms(COMPUTE, error, chance_error=0.9)
    assert comparison.plausible == ("m4",)
    low, high = comparison.interval("exponent")
    assert low < 0.4 < high
    assert comparison.fits["power_floor"].interval("exponent")[1] < 0.4, "without the ceiling the law looks shallower"


def test_forms_are_compared_under_the_noise_that_suits_each_and_not_by_kinds_of_noise() -> None:
    """A power law whose 1/error scatters evenly: by the noise of its own response the other form beats it."""
    curve = 0.1 * (COMPUTE / 1e12) ** -0.2
    error = 1 / (1 / curve + 0.6 * np.random.default_rng(2).standard_normal(16))
    fits = compare_forms(COMPUTE, error).fits
    power, other = fits["power"], fits["exponential_performance"]
    assert other.own_aicc < power.own_aicc - 4
    assert power.aicc < other.aicc
    assert other.aicc == pytest.approx(other.own_aicc, abs=1e-6)
    assert power_or_exponential(fits).answer == "undecided"


def test_a_form_is_ruled_out_where_both_comparisons_do() -> None:
    curve = 0.1 * (COMPUTE / 1e12) ** -0.2
    error = 1 / (1 / curve + 0.6 * np.random.default_rng(2).standard_normal(16))
    assert {"power", "exponential_performance"} <= set(compare_forms(COMPUTE, error).plausible)


def test_a_diagnostic_form_decides_nothing() -> None:
    compute = np.geomspace(1e8, 1e13, 60)
    error = 0.1 * (compute / 1e11) ** np.where(compute < 1e11, -0.05, -0.4)
    comparison = compare_forms(compute, error, chance_error=0.9)
    assert comparison.delta_aicc["broken_power"] < -50
    assert "broken_power" not in comparison.plausible
    assert min(comparison.delta_aicc[name] for name in comparison.fits if name != "broken_power") == 0


def test_diagnostic_forms_alone_are_refused_since_nothing_can_be_concluded_from_them() -> None:
    compute = np.geomspace(1e6, 1e12, 40)
    error = 0.1 * (compute / 1e12) ** -0.2 * np.exp(0.01 * np.random.default_rng(0).standard_normal(40))
    fits, _ = fit_each(compute, error, forms=["broken_power"])
    for ask in (
        lambda: compare_forms(compute, error, forms=["broken_power"]),
        lambda: union_interval(fits, "slope"),
    ):
        with pytest.raises(FitError, match="forms: only diagnostic ones could be fitted; others would do"):
            ask()


def test_a_parameter_that_some_plausible_forms_lack_is_asked_of_the_others() -> None:
    shallow = 0.2 * (COMPUTE / 1e12) ** -0.05 * np.exp(0.01 * np.random.default_rng(3).standard_normal(16))
    comparison = compare_forms(COMPUTE, shallow)
    assert "exponential_performance" in comparison.plausible
    low, high = comparison.interval("exponent")
    assert low < 0.05 < high
    with pytest.raises(FitError, match="quantity: unknown 'alpha'"):
        comparison.interval("alpha")


def test_a_prediction_is_the_best_form_s_within_the_band_of_all_that_are_plausible() -> None:
    comparison = compare_forms(COMPUTE, law(0.25), chance_error=0.9)
    ahead = comparison.predict([1e13, 1e14])
    assert comparison.params == comparison.best.params
    np.testing.assert_array_equal(ahead.error, comparison.best.predict([1e13, 1e14]).error)
    for name in comparison.plausible:
        one = comparison.fits[name].predict([1e13, 1e14])
        assert np.all((ahead.low <= one.low) & (one.high <= ahead.high))
    assert set(comparison.diagnostics) == set(comparison.fits)


def test_the_form_that_is_true_predicts_the_largest_computes_best() -> None:
    scores = compare_forms(COMPUTE, law(0.25, floor=0.1)).extrapolation
    assert min(scores, key=lambda name: scores[name]) == "power_floor"
    assert scores["power_floor"] < 0.05


def test_extrapolation_never_sees_the_hidden_points() -> None:
    hidden = np.log(COMPUTE) > np.log(COMPUTE[0]) + 0.6 * np.log(COMPUTE[-1] / COMPUTE[0])
    changed = np.where(hidden, law(0.25) * 3, law(0.25))
    plain, tampered = (extrapolation(COMPUTE, error, forms=["power"])["power"] for error in (law(0.25), changed))
    assert plain[0] == tampered[0]
    assert tampered[1] > plain[1] + 1


def test_nothing_can_be_hidden_from_few_points() -> None:
    assert extrapolation([1, 2, 9], [3, 2, 1], forms=FORMS) == {}


def test_points_that_suit_no_form_are_refused() -> None:
    with pytest.raises(FitError, match="power: 2 points for 2 parameters; 3 or more would do"):
        compare_forms([1, 2], [0.2, 0.1])
