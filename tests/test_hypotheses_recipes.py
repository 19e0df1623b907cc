"""Two recipes: the gain that was put in comes out, with an interval that means what it says."""

import numpy as np
import pytest

from harness.errors import FitError
from harness.hypotheses import Recipe, compare_recipes, recipe
from harness.hypotheses.recipes import shared_shape
from tests.laws import law


def made(gain: float = 0.0, *, exponent: float = 0.25, floor_share: float = 0.3, **how: float) -> Recipe:
    return recipe(*law(exponent, floor_share, gain=gain, **how))  # type: ignore[arg-type]


@pytest.mark.parametrize("gain", [-1.3, -0.2, 0.0, 0.05, 1.0])
def test_the_gain_is_recovered_from_noise_free_points(gain: float) -> None:
    shared = shared_shape(made(n=8), made(gain, n=8))
    assert shared.gain == pytest.approx(gain, abs=1e-5)
    low, high = shared.interval(0.95)
    assert low - 1e-5 <= gain <= high + 1e-5


def test_a_better_recipe_is_not_equal_and_its_gain_is_stated() -> None:
    found = compare_recipes(made(n=12, sigma=0.02), made(0.5, n=12, sigma=0.02, seed=1), margin=0.1)
    assert found.finding.answer == "contradicted"
    assert found.finding.interval is not None
    assert found.finding.interval[0] < 0.5 < found.finding.interval[1]
    assert found.finding.interval[1] - found.finding.interval[0] < 0.2
    assert found.finding.p_value is not None
    assert found.finding.p_value < 1e-6
    assert found.shape_p is not None
    assert found.shape_p > 0.05


def test_the_same_curve_twice_is_equal_and_of_one_shape() -> None:
    found = compare_recipes(made(n=12), made(n=12), margin=0.1)
    assert (found.finding.answer, found.shape_p) == ("supported", 1.0)
    assert found.finding.interval is not None
    assert found.finding.interval[0] < 0 < found.finding.interval[1]


def test_errors_or_computes_that_do_not_differ_carry_no_gain() -> None:
    compute = np.geomspace(1e9, 1e12, 6)
    with pytest.raises(FitError, match=r"error: is 0\.3 at every point"):
        compare_recipes(recipe(compute, np.full(6, 0.3)), recipe(1.5 * compute, np.full(6, 0.3)), margin=0.1)
    with pytest.raises(FitError, match="recipes: one has all its cells at one compute"):
        compare_recipes(made(n=6), recipe([1e9] * 3, [0.3, 0.31, 0.32]), margin=0.1)


def test_recipes_that_are_equal_within_the_margin_are_called_so() -> None:
    first, second = made(n=16, sigma=0.005), made(0.01, n=16, sigma=0.005, seed=1)
    assert compare_recipes(first, second, margin=0.1).finding.answer == "supported"


def test_noise_that_hides_the_difference_leaves_it_undecided() -> None:
    first, second = made(n=6, sigma=0.1), made(0.05, n=6, sigma=0.1, seed=1)
    assert compare_recipes(first, second, margin=0.1).finding.answer == "undecided"


def test_the_same_points_twice_have_no_gain() -> None:
    first = made(n=8, sigma=0.02)
    found = compare_recipes(first, first, margin=0.2)
    assert found.finding.value == pytest.approx(0.0, abs=1e-4)
    assert found.finding.p_value == pytest.approx(1.0, abs=1e-3)


def test_the_gain_changes_its_sign_with_the_order() -> None:
    first, second = made(n=8, sigma=0.02), made(0.4, n=8, sigma=0.02, seed=1)
    there, back = shared_shape(first, second), shared_shape(second, first)
    assert there.gain == pytest.approx(-back.gain, abs=1e-4)
    assert there.interval(0.95) == pytest.approx(tuple(-end for end in reversed(back.interval(0.95))), abs=1e-4)


def test_recipes_of_another_shape_have_a_gain_at_each_error() -> None:
    compute, error = law(0.25, 0.0, n=14, sigma=0.005)
    other_compute, other_error = law(0.5, 0.0, n=14, sigma=0.005, seed=1)
    found = compare_recipes(recipe(compute, error), recipe(other_compute, other_error), margin=0.1)
    assert found.shape_p is not None
    assert found.shape_p < 0.001
    assert "differ in shape" in found.finding.reason
    assert len(found.gains) == 3
    for gain in found.gains:
        truth = np.log10(0.1 / gain.error) * (1 / 0.25 - 1 / 0.5)
        assert gain.interval[0] < truth < gain.interval[1]


def test_recipes_without_an_error_in_common_have_a_gain_by_the_form_only() -> None:
    early = recipe(*law(0.25, 0.3, decades=1.0, n=8, sigma=0.02, largest=1e9, last_error=0.5))
    late = recipe(*law(0.25, 0.3, decades=1.0, n=8, sigma=0.02, largest=1e13, last_error=0.1, seed=1))
    found = compare_recipes(early, late, margin=0.1)
    assert "they reached no error in common, so the gain rests on the form" in found.finding.reason
    assert found.gains == ()


def test_noise_without_a_law_bounds_no_gain() -> None:
    noise = np.exp(0.5 * np.random.default_rng(0).standard_normal((2, 5)))
    first, second = (recipe(np.geomspace(1e9, 1e10, 5), 0.1 * each) for each in noise)
    finding = compare_recipes(first, second, margin=0.1).finding
    assert finding.answer == "undecided"
    assert finding.interval == (-np.inf, np.inf)


def test_replicates_are_averaged_into_cells() -> None:
    compute, error = law(0.25, 0.3, n=8)
    cells = recipe(
        np.repeat(compute, 2), np.repeat(error, 2) * np.tile([0.9, 1 / 0.9], 8), groups=[i // 2 for i in range(16)]
    )
    assert cells.error == pytest.approx(error)


def test_too_few_cells_and_no_margin_are_refused() -> None:
    with pytest.raises(FitError, match="recipes: 2 and 2 cells for 4 parameters"):
        compare_recipes(made(n=2), made(n=2), margin=0.1)
    with pytest.raises(FitError, match="margin: is 0"):
        compare_recipes(made(n=8), made(n=8), margin=0.0)
    found = compare_recipes(made(n=12), made(0.3, n=3), margin=0.1)
    assert found.shape_p is None
    assert "too few to test" in found.finding.reason


@pytest.mark.stats
@pytest.mark.parametrize(
    ("n", "sigma", "decades", "sd"), [(6, 0.03, 2, 0.042), (8, 0.02, 2, 0.027), (12, 0.02, 3, 0.019)]
)
def test_a_gain_of_one_decade_is_known_as_well_as_the_design_allows(
    n: int, sigma: float, decades: float, sd: float
) -> None:
    draws = 60
    found = [
        shared_shape(
            made(n=n, sigma=sigma, decades=decades, seed=seed),
            made(1.0, n=n, sigma=sigma, decades=decades, seed=seed + 10_000),
        )
        for seed in range(draws)
    ]
    held = sum(low <= 1.0 <= high for low, high in (shared.interval(0.95) for shared in found))
    assert held / draws >= 0.87
    assert float(np.std([shared.gain for shared in found])) == pytest.approx(sd, rel=0.3)
