"""Errors as counts of mistakes: zeros and chance are observations, small test sets make wide intervals."""

import numpy as np
import pytest

from harness.errors import FitError
from harness.fits.curve import CurveFit, fit_curve
from harness.forms import FORMS
from harness.forms.form import FloatArray

COMPUTE = np.geomspace(1e9, 1e12, 16)


def law(exponent: float = 0.25, floor: float = 0.03, last: float = 0.1) -> FloatArray:
    return floor + (last - floor) * (COMPUTE / 1e12) ** -exponent


def counted(seed: int, tests: int, error: FloatArray, *, scatter: float = 0.0, **options: object) -> CurveFit:
    """A fit to shares of mistakes among ``tests`` examples."""
    random = np.random.default_rng(seed)
    chance = np.minimum(error * np.exp(scatter * random.standard_normal(len(error))), 1.0)
    share = random.binomial(tests, chance) / tests
    return fit_curve(COMPUTE, share, form="power_floor", test_examples=tests, **options)  # type: ignore[arg-type]


def test_an_endless_test_set_gives_the_noise_free_curve_back() -> None:
    fit = fit_curve(COMPUTE, law(), form="power_floor", test_examples=1e12)
    assert fit.params["exponent"] == pytest.approx(0.25, rel=1e-6)
    assert fit.params["irreducible_error"] == pytest.approx(0.03, rel=1e-6)


def test_large_counts_with_much_scatter_are_least_squares_of_ln_error() -> None:
    error = law() * np.exp(0.05 * np.random.default_rng(0).standard_normal(16))
    plain = fit_curve(COMPUTE, error, form="power_floor")
    counts = fit_curve(COMPUTE, error, form="power_floor", test_examples=1e8)
    for name in ("exponent", "irreducible_error"):
        assert counts.params[name] == pytest.approx(plain.params[name], rel=0.05)
        assert counts.interval(name) == pytest.approx(plain.interval(name), rel=0.1)
    assert counts.aicc == pytest.approx(plain.own_aicc, abs=0.5)
    ahead = [fit.predict(1e13) for fit in (counts, plain)]
    assert ahead[0].high[0] == pytest.approx(ahead[1].high[0], rel=0.02)


def test_a_run_without_a_mistake_is_an_observation() -> None:
    steep = law(exponent=0.6, floor=0.0, last=0.001)
    share = np.round(steep * 360) / 360
    assert (share == 0).sum() >= 2
    fit = fit_curve(COMPUTE, share, form="power_floor", test_examples=360)
    assert np.isfinite(fit.residuals).all()
    low, high = fit.interval("exponent")
    assert low < 0.6 < high
    assert 0 < fit.predict(1e12).error[0] < 2 / 360


def test_a_run_without_a_mistake_is_refused_where_nothing_is_known_of_the_test_set() -> None:
    with pytest.raises(FitError, match=r"error: row 15 is 0\.0; .*, or test_examples= where it is a count"):
        fit_curve(COMPUTE, np.append(law()[:-1], 0.0), form="power_floor")


def test_runs_at_chance_are_observations_of_the_ceiling() -> None:
    odds = 0.05 * (COMPUTE / 1e12) ** -0.7
    error = 0.9 * odds / (1 + odds)
    share = np.random.default_rng(1).binomial(2000, error) / 2000
    share[0] = 0.912
    fit = fit_curve(COMPUTE, share, form="m4", test_examples=2000, chance_error=0.9)
    low, high = fit.interval("exponent")
    assert low < 0.7 < high


@pytest.mark.parametrize("form", [name for name, one in FORMS.items() if one.family != "diagnostic"])
def test_a_run_that_is_wrong_about_every_example_is_an_observation_too(form: str) -> None:
    compute, share = np.geomspace(1e6, 1e12, 8), [1, 0.8, 0.6, 0.45, 0.33, 0.25, 0.18, 0.13]
    fit = fit_curve(compute, share, form=form, test_examples=100, chance_error=0.9)
    nearly = fit_curve(compute, [0.995, *share[1:]], form=form, test_examples=100, chance_error=0.9)
    assert fit.value("slope") == pytest.approx(nearly.value("slope"), rel=0.1)
    assert np.isfinite([fit.aicc, *fit.interval("slope")]).all()


@pytest.mark.parametrize("form", ["power", "power_floor", "exponential_performance"])
@pytest.mark.parametrize("first", [(1, 0.8), (1, 1), (0.99, 0.8), (1, 0.97)])
def test_a_law_that_passes_an_error_of_one_has_its_optimum_found_from_everywhere(
    form: str, first: tuple[float, float]
) -> None:
    compute, share = np.geomspace(1e6, 1e12, 8), [*first, 0.6, 0.45, 0.33, 0.25, 0.18, 0.13]
    found = fit_curve(compute, share, form=form, test_examples=100).diagnostics
    assert found.disagreement < 1e-6
    assert found.agreeing_starts >= 21 / 24  # of the others, two stop at the kink of the likelihood, beside the optimum
    assert found.curvature > 1e-5


@pytest.mark.parametrize(("tests", "scatter"), [(10_000, 0.0), (10_000, 0.02), (500, 0.02)])
@pytest.mark.slow
def test_intervals_hold_the_truth_whatever_the_size_of_the_test_set(tests: int, scatter: float) -> None:
    held, repeats = 0, 60
    for seed in range(repeats):
        low, high = counted(seed, tests, law(), scatter=scatter).interval("exponent")
        held += low <= 0.25 <= high
    assert held / repeats >= 0.88


def test_a_smaller_test_set_makes_a_wider_interval() -> None:
    wide, narrow = (counted(0, tests, law()).interval("exponent") for tests in (1000, 100_000))
    assert wide[1] - wide[0] > 2 * (narrow[1] - narrow[0])


def test_mistakes_of_replicates_are_pooled() -> None:
    share = np.concatenate([law() * 0.9, law() * 1.1])
    fit = fit_curve(np.tile(COMPUTE, 2), share, form="power_floor", test_examples=1000, groups=[*range(16), *range(16)])
    np.testing.assert_allclose(fit.error, law())
    np.testing.assert_array_equal(fit.cells.trials, np.full(16, 2000.0))


def test_the_number_of_test_examples_may_differ_between_points() -> None:
    error = law() * np.where(np.arange(16) == 0, 1.2, 1.0)
    tests = np.where(np.arange(16) == 0, 100, 1_000_000)
    fit = fit_curve(COMPUTE, error, form="power_floor", test_examples=tests)
    assert fit.params["exponent"] == pytest.approx(0.25, abs=0.005)


@pytest.mark.parametrize(
    ("error", "options", "message"),
    [
        ([0.3, 0.2, 1.1, 0.1], {"test_examples": 100}, "error: row 2 is 1.1; a share of the test examples"),
        ([0.3, np.nan, 0.2, 0.1], {"test_examples": 100}, "error: row 1 is nan; a share"),
        ([0.3, 0.2, 0.2, 0.1], {"test_examples": 0}, "test_examples: row 0 is 0.0"),
        ([0.3, 0.2, 0.2, 0.1], {"test_examples": 0.4}, "test_examples: one is 0.4; 1 or more would do"),
        ([0.0, 0.0, 0.0, 0.0], {"test_examples": 100}, "error: is 0.005 at every point"),
        ([0.3, 0.2, 0.15, 0.1], {"test_examples": 100, "stderr": [0.1] * 4}, "stderr: given together with"),
        ([0.3, 0.2, 0.15, 0.1], {"test_examples": 100, "objective": "lad"}, "objective: lad estimates the noise"),
    ],
)
def test_what_can_not_be_a_count_is_refused(error: list[float], options: dict[str, object], message: str) -> None:
    with pytest.raises(FitError, match=message):
        fit_curve([1e9, 1e10, 1e11, 1e12], error, form="power", **options)  # type: ignore[arg-type]
