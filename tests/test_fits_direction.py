"""Selection, the direction of a regression, noisy compute and drifting utilisation: known biases and their cures."""

import numpy as np
import pytest

from harness.errors import FitError
from harness.fits.burden import utilisation_drift
from harness.fits.curve import fit_curve
from harness.fits.direction import correct_for_noisy_compute, regression_directions
from harness.fits.winners_curse import corrected_minima, expected_minimum, selection_bias, slope_bias


def test_the_mean_of_the_least_of_normals_is_the_tabulated_one() -> None:
    known = [0.0, -0.5641896, -0.8462844, -1.5387527, -2.0427608, -2.5075936]  # Teichroew 1956
    np.testing.assert_allclose(expected_minimum([1, 2, 3, 10, 30, 100]), known, atol=1e-7)


def test_a_corrected_minimum_has_the_true_level() -> None:
    random = np.random.default_rng(0)
    for candidates in (3, 30):
        minima = 0.1 * np.exp(0.03 * random.standard_normal((4000, candidates)).min(axis=1))
        assert minima.mean() < 0.1 * 0.98
        assert corrected_minima(minima, sigma=0.03, candidates=candidates).mean() == pytest.approx(0.1, rel=0.002)


def test_candidates_that_differ_are_cursed_less() -> None:
    equal, spread = np.full(10, -2.0), np.linspace(-2.0, -1.5, 10)
    assert selection_bias(equal, sigma=0.03) == pytest.approx(0.03 * float(expected_minimum(10)), abs=1e-6)
    random = np.random.default_rng(1)
    simulated = (spread + 0.03 * random.standard_normal((40_000, 10))).min(axis=1).mean() + 2.0
    assert selection_bias(spread, sigma=0.03) == pytest.approx(simulated, abs=5e-4)
    assert selection_bias(spread, sigma=0.03) > 0.3 * selection_bias(equal, sigma=0.03)


def test_unequal_numbers_of_candidates_bend_the_slope_by_the_formula() -> None:
    compute = np.geomspace(1e9, 1e12, 8)
    candidates = np.round(np.geomspace(3, 100, 8))
    random = np.random.default_rng(2)
    slopes, corrected = [], []
    for _ in range(400):
        log_noise = [0.03 * random.standard_normal(int(count)).min() for count in candidates]
        minima = 0.1 * (compute / 1e12) ** (-1 / 9) * np.exp(log_noise)
        raised = corrected_minima(minima, sigma=0.03, candidates=candidates)
        for errors, found in ((minima, slopes), (raised, corrected)):
            found.append(-fit_curve(compute, errors, form="power").params["exponent"])
    bias = np.mean(slopes) + 1 / 9
    assert bias / slope_bias(compute, candidates, sigma=0.03) == pytest.approx(1, abs=0.1)
    assert np.mean(corrected) == pytest.approx(-1 / 9, rel=0.01)


def test_a_number_of_candidates_below_one_is_refused() -> None:
    with pytest.raises(FitError, match="candidates: 0 is among them"):
        expected_minimum([3, 0])


@pytest.mark.parametrize("points", range(3, 30))
def test_a_perfect_law_has_its_power_by_every_regression_and_no_width(points: int) -> None:
    compute = np.logspace(9, 12, points)
    found = regression_directions(compute, 5 * compute**-0.1)
    for power in (found.forward, found.reverse, found.reduced_major_axis):
        assert (power.value, *power.interval) == pytest.approx((10.0, 10.0, 10.0), rel=1e-6)


def test_forward_and_reverse_regression_bracket_the_law_and_the_axis_lies_between() -> None:
    random = np.random.default_rng(3)
    compute = np.geomspace(1e9, 1e13, 400)
    error = 0.1 * (compute / 1e13) ** (-1 / 9) * np.exp(0.1 * random.standard_normal(400))
    seen = compute * 10 ** (0.4 * random.standard_normal(400))
    found = regression_directions(seen, error)
    assert found.reverse.value < 9 < found.forward.value
    assert found.reduced_major_axis.value**2 == pytest.approx(found.forward.value * found.reverse.value)
    assert found.reverse.value / found.forward.value == pytest.approx(found.r_squared)
    for power in (found.forward, found.reverse, found.reduced_major_axis):
        assert power.interval[0] < power.value < power.interval[1]


def test_the_forward_power_is_that_of_the_curve_fit() -> None:
    random = np.random.default_rng(4)
    compute = np.geomspace(1e9, 1e12, 12)
    error = 0.1 * (compute / 1e12) ** -0.2 * np.exp(0.05 * random.standard_normal(12))
    fit, found = fit_curve(compute, error, form="power"), regression_directions(compute, error)
    assert found.forward.value == pytest.approx(fit.value("compute_exponent"))
    assert found.forward.interval == pytest.approx(fit.interval("compute_exponent"), rel=1e-4)


def test_intervals_of_every_direction_hold_their_own_line() -> None:
    random, held = np.random.default_rng(0), np.zeros(3)
    for _ in range(600):
        x = random.standard_normal(30)
        y = 0.5 * x + 0.3 * random.standard_normal(30)
        found = regression_directions(np.exp(x), np.exp(-y))
        truths = (2.0, 0.5 / 0.34, 1 / np.sqrt(0.34))
        powers = (found.forward, found.reverse, found.reduced_major_axis)
        held += [p.interval[0] <= truth <= p.interval[1] for p, truth in zip(powers, truths, strict=True)]
    assert np.all(held / 600 > 0.92)


def test_error_that_does_not_fall_has_an_infinite_power() -> None:
    found = regression_directions([1, 10, 100, 1000], [0.1, 0.12, 0.11, 0.13])
    assert found.forward.value == np.inf
    assert found.reduced_major_axis.value == np.inf


def test_noise_of_compute_flattens_a_law_and_the_correction_takes_it_back() -> None:
    random, held = np.random.default_rng(5), 0
    observed, corrected = [], []
    for _ in range(200):
        compute = 10 ** random.uniform(9, 12, 60)
        error = 0.1 * (compute / 1e12) ** -0.2 * np.exp(0.03 * random.standard_normal(60))
        found = correct_for_noisy_compute(compute * 10 ** (0.3 * random.standard_normal(60)), error, noise_decades=0.3)
        observed.append(found.observed)
        corrected.append(found.exponent)
        held += found.interval[0] <= 0.2 <= found.interval[1]
    assert np.mean(observed) / 0.2 == pytest.approx(0.893, abs=0.012)
    assert np.mean(corrected) == pytest.approx(0.2, rel=0.02)
    assert 0.9 <= held / 200 <= 0.985


def test_noise_as_large_as_the_spread_of_compute_can_not_be_taken_back() -> None:
    with pytest.raises(FitError, match="noise_decades: 2 is all the spread of compute"):
        correct_for_noisy_compute([1e9, 1e10, 1e11], [0.3, 0.2, 0.1], noise_decades=2)


def test_utilisation_that_grows_with_scale_inflates_an_exponent_in_burden() -> None:
    random = np.random.default_rng(6)
    compute = np.geomspace(1e15, 1e18, 20)
    burden = compute / (0.02 * (compute / 1e15) ** 0.43 * np.exp(0.02 * random.standard_normal(20)))
    error = 0.1 * (compute / 1e18) ** -0.111 * np.exp(0.002 * random.standard_normal(20))
    found = utilisation_drift(compute, burden)
    assert found.gamma == pytest.approx(0.43, abs=0.01)
    assert fit_curve(burden, error, form="power").params["exponent"] == pytest.approx(0.195, rel=0.02)
    assert found.inflation * 0.111 == pytest.approx(0.195, rel=0.02)
    assert found.warning.startswith("utilisation goes as C**0.43")


def test_burden_at_one_compute_shows_no_drift() -> None:
    with pytest.raises(FitError, match="4 points; 3 or more at different places would do"):
        utilisation_drift([1e15] * 4, [2e15, 3e15, 4e15, 5e15])


def test_steady_utilisation_needs_no_warning() -> None:
    compute = np.geomspace(1e15, 1e18, 20)
    burden = compute / (0.3 * np.exp(0.05 * np.random.default_rng(7).standard_normal(20)))
    assert utilisation_drift(compute, burden).warning == ""
