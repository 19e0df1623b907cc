"""One test set for all runs: what its noise adds to an interval for the population of test examples."""

import base64

import numpy as np
import pytest
from scipy.stats import norm

from harness.errors import FitError
from harness.fits.curve import fit_curve
from harness.fits.shared_test_set import PopulationInterval, population_interval, read_bitmaps
from harness.forms.form import BoolArray, FloatArray

CELLS, SEEDS = 12, 3
COMPUTE = np.repeat(np.geomspace(1e9, 1e12, CELLS), SEEDS)
GROUPS = list(np.repeat(np.arange(CELLS), SEEDS))


def graded(seed: int, shared: float, *, turn: float = 0.0, examples: int = 1000) -> BoolArray:
    """Correctness of runs whose population error is a power law with a floor (exponent 0.25, 0.03 of 0.1).

    ``shared`` is the variance of an example's difficulty that all runs feel; with ``turn`` (radians) what is difficult
    changes along the curve.
    """
    random = np.random.default_rng(seed)
    error = 0.03 + 0.07 * (COMPUTE / 1e12) ** -0.25
    angle = np.repeat(np.linspace(0, turn, CELLS), SEEDS)[:, None]
    difficulty = np.cos(angle) * random.standard_normal(examples) + np.sin(angle) * random.standard_normal(examples)
    own = random.standard_normal((len(COMPUTE), examples))
    return norm.ppf(error)[:, None] + np.sqrt(shared) * difficulty + np.sqrt(1 - shared) * own < 0


def found(correct: BoolArray, draws: int = 199) -> PopulationInterval:
    return population_interval(COMPUTE, correct, form="power_floor", groups=GROUPS, draws=draws)


def test_the_interval_for_this_test_set_is_the_fit_s_own() -> None:
    correct = graded(0, 0.5)
    fit = fit_curve(COMPUTE, (~correct).mean(axis=1), form="power_floor", groups=GROUPS)
    assert found(correct).conditional == fit.interval("exponent")
    assert found(correct).value == fit.params["exponent"]


def test_where_runs_fail_on_examples_of_their_own_nothing_is_added() -> None:
    assert np.median([found(graded(seed, 0.0)).widening for seed in range(10)]) < 1.12


def test_shared_difficulty_is_invisible_in_the_residuals_and_is_added() -> None:
    held = np.zeros(2)
    repeats = 60
    for seed in range(repeats):
        one = found(graded(seed, 0.7, turn=1.05))
        held += [low <= 0.25 <= high for low, high in (one.conditional, one.interval)]
        assert one.interval[0] <= one.conditional[0] < one.value < one.conditional[1] <= one.interval[1]
    assert held[0] / repeats < 0.94
    assert held[1] / repeats > 0.94


@pytest.mark.parametrize(("seed", "bounded"), [(1, True), (2, False)])
def test_a_widened_interval_stays_within_the_form(seed: int, bounded: bool) -> None:
    correct = graded(seed, 0.7, turn=1.05, examples=300)
    one = population_interval(
        COMPUTE, correct, form="power_floor", quantity="irreducible_error", groups=GROUPS, draws=99
    )
    assert one.widening > 1.01
    assert one.value > 0
    assert (one.conditional[0] == 0, one.interval[0]) == (bounded, 0.0)
    assert one.interval[1] > one.conditional[1]


def test_a_quantity_that_may_be_infinite_has_no_spread_and_is_refused() -> None:
    rising = np.random.default_rng(0).random((len(COMPUTE), 2000)) > 0.1 * (COMPUTE / 1e9)[:, None] ** 0.1
    with pytest.raises(FitError, match="quantity: has no finite value in 100% of the draws; one that has"):
        population_interval(COMPUTE, rising, form="power", quantity="compute_exponent", groups=GROUPS, draws=99)


def test_a_larger_test_set_adds_less() -> None:
    small, large = (found(graded(1, 0.7, turn=1.05, examples=examples)).examples_sd for examples in (500, 8000))
    assert large == pytest.approx(small / 4, rel=0.5)


def test_the_same_seed_gives_the_same_interval() -> None:
    correct = graded(0, 0.5)
    assert found(correct) == found(correct)


def test_bitmaps_of_records_are_read_back() -> None:
    correct = graded(0, 0.5, examples=1001)[:3]
    bitmaps = [base64.b64encode(np.packbits(row).tobytes()).decode() for row in correct]
    np.testing.assert_array_equal(read_bitmaps(bitmaps, 1001), correct)
    with pytest.raises(FitError, match="correct: row 0 has 126 bytes; 125 for 1000 would do"):
        read_bitmaps(bitmaps, 1000)


def test_numbers_in_place_of_booleans_are_refused() -> None:
    rates: FloatArray = np.full((36, 10), 0.5)
    with pytest.raises(FitError, match=r"correct: has shape \(36, 10\) of float64; booleans"):
        population_interval(COMPUTE, rates, form="power")
