"""The wild bootstrap: the tests it makes hold where noise differs from point to point, and many draws cost little."""

from collections.abc import Callable

import numpy as np
import pytest

from harness.errors import FitError
from harness.fits.bootstrap import bootstrap, wild_interval, wild_test
from harness.fits.curve import CurveFit, fit_curve
from harness.fits.surface import fit_surface
from harness.forms.form import FloatArray

COMPUTE = np.geomspace(1e9, 1e12, 16)
Spread = Callable[[FloatArray], FloatArray | float]


def fitted(seed: int, sigma: FloatArray | float = 0.02, form: str = "power_floor") -> CurveFit:
    error = 0.03 + 0.07 * (COMPUTE / 1e12) ** -0.25
    noise = np.random.default_rng(seed).standard_normal(16) * sigma
    return fit_curve(COMPUTE, error * np.exp(noise), form=form, chance_error=0.9)


def test_draws_scatter_as_much_as_fits_to_new_data() -> None:
    estimates = [fitted(seed).params["exponent"] for seed in range(150)]
    drawn = [bootstrap(fitted(seed), "exponent", draws=99).var() for seed in range(60)]
    assert np.sqrt(np.mean(drawn)) == pytest.approx(np.std(estimates), rel=0.2)


def test_draws_of_a_fit_under_a_ceiling_scatter_around_it() -> None:
    fit = fitted(0, form="m4")
    drawn = bootstrap(fit, "exponent", draws=199)
    assert np.median(drawn) == pytest.approx(fit.params["exponent"], rel=0.05)
    low, high = fit.interval("exponent", level=0.68)
    assert drawn.std() == pytest.approx((high - low) / 2, rel=0.4)


def test_the_same_seed_gives_the_same_draws_for_every_quantity() -> None:
    fit = fitted(0)
    exponent, again = (bootstrap(fit, "exponent", draws=50, seed=3) for _ in range(2))
    np.testing.assert_array_equal(exponent, again)
    assert np.corrcoef(exponent, bootstrap(fit, "irreducible_error", draws=50, seed=3))[0, 1] > 0.5


def test_the_estimate_itself_is_never_rejected_and_a_far_value_always() -> None:
    fit = fitted(0)
    assert wild_test(fit, "exponent", fit.params["exponent"], draws=99).p_value == 1
    far = wild_test(fit, "exponent", 2 * fit.params["exponent"], draws=99)
    assert far.p_value == 0.01
    assert far.statistic > 50


def test_the_statistic_is_that_of_the_profile() -> None:
    """At the end of a profile-F interval the ratio is the F quantile that the interval is made of."""
    fit = fitted(1)
    statistics = [wild_test(fit, "exponent", end, draws=9).statistic for end in fit.interval("exponent")]
    assert statistics == pytest.approx([4.667] * 2, abs=0.01)


@pytest.mark.parametrize("quantity", ["exponent", "irreducible_error"])
def test_with_equal_noise_the_interval_is_much_that_of_the_profile(quantity: str) -> None:
    fit = fitted(2)
    wild, plain = wild_interval(fit, quantity), fit.interval(quantity)
    assert wild[0] < fit.value(quantity) < wild[1]
    assert wild[1] - wild[0] == pytest.approx(plain[1] - plain[0], rel=0.35)


def test_an_end_that_the_profile_leaves_open_stays_open() -> None:
    fit = fitted(2, 0.04)
    low, high = wild_interval(fit, fit.log10_compute_to(0.035), draws=99)
    assert 12 < low < 20
    assert high == np.inf


@pytest.mark.slow
def test_an_end_that_the_draws_do_not_find_is_open() -> None:
    """The slope hangs on one point, whose sign alone is drawn, so nothing is ever rejected."""
    error = np.append(0.3 * np.exp(0.02 * np.random.default_rng(0).standard_normal(6)), 0.1)
    fit = fit_curve([1e9] * 6 + [1e12], error, form="power")
    assert wild_test(fit, "exponent", 0.0, draws=99).p_value > 0.05
    assert wild_interval(fit, "exponent", draws=99) == (-np.inf, np.inf)


def test_where_noise_is_unequal_the_test_still_has_its_size() -> None:
    sigma = 0.06 * (COMPUTE / 1e9) ** -0.3
    plain = wild = 0
    repeats = 80
    for seed in range(repeats):
        fit = fitted(seed, sigma)
        low, high = fit.interval("exponent")
        plain += low <= 0.25 <= high
        wild += wild_test(fit, "exponent", 0.25, draws=199).p_value > 0.05
    assert wild > plain
    assert wild / repeats >= 0.88


@pytest.mark.slow
def test_clusters_of_points_move_together() -> None:
    error = 0.03 + 0.07 * (COMPUTE / 1e12) ** -0.25
    clusters = [i // 2 for i in range(16)]
    held = np.zeros(2)
    for seed in range(80):
        random = np.random.default_rng(seed)
        noise = 0.005 * random.standard_normal(16) + 0.03 * random.standard_normal(8)[clusters]
        fit = fit_curve(COMPUTE, error * np.exp(noise), form="power_floor")
        for index, labels in enumerate((None, clusters)):
            held[index] += wild_test(fit, "exponent", 0.25, draws=199, clusters=labels).p_value > 0.05
    assert held[1] > held[0]
    assert held[1] / 80 >= 0.86


def test_a_surface_can_be_tested_too() -> None:
    compute = np.repeat(np.geomspace(1e9, 1e12, 6), 7)
    params = np.tile(np.geomspace(1 / 8, 8, 7), 6) * np.sqrt(compute / 6)
    error = 0.03 + 30 * params**-0.45 + 60 * (compute / 6 / params) ** -0.5
    noise = np.exp(0.02 * np.random.default_rng(0).standard_normal(42))
    fit = fit_surface(params, compute / 6 / params, error * noise)
    assert wild_test(fit, "exponent", 0.45 * 0.5 / 0.95, draws=199).p_value > 0.05
    assert wild_test(fit, "exponent", 0.4, draws=199).p_value < 0.05


def test_what_can_not_be_drawn_is_refused() -> None:
    fit = fitted(0)
    with pytest.raises(FitError, match="clusters: 2 labels for 16 points"):
        bootstrap(fit, "exponent", clusters=["a", "b"])
    with pytest.raises(FitError, match="value: the quantity can't be -1"):
        wild_test(fit, "irreducible_error", -1.0)
    counts = fit_curve(COMPUTE, fit.error, form="power", test_examples=1000)
    with pytest.raises(FitError, match="test_examples: counts have no residuals to draw from"):
        bootstrap(counts, "exponent")
    robust = fit_curve(COMPUTE, fit.error, form="power", objective="lad")
    with pytest.raises(FitError, match="objective: lad has no likelihood ratio"):
        wild_test(robust, "exponent", 0.2)
