"""Exponent and predictions of the power law with a floor: bias, precision and coverage (bars V1 to V9)."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest
from scipy.stats import kstest

from harness.fits.curve import fit_curve
from harness.fits.varpro import Separable
from harness.forms import FORMS
from tests.stats.simulated import LARGEST_COMPUTE, Design, FloatArray, Truth, draw

pytestmark = [pytest.mark.stats, pytest.mark.slow(4)]

TRUTH = Truth(exponent=0.25, floor_share=0.3)
SCENARIOS = [Design(n, sigma, decades) for n, sigma, decades in product((8, 12, 20, 40), (0.01, 0.02, 0.05), (2, 3))]
DRAWS = 500
ALPHA_BOX = (0.0081, 2.99)  # just inside the bounds of the search
SECOND_OPINION = 10  # the second optimiser takes three times as long as the rest: every tenth draw is checked by it


@dataclass(frozen=True)
class Score:
    """Over the draws of one scenario: does the interval hold the truth, how far off is the estimate, did a fit fail."""

    coverage: float
    coverage_at_10: float
    coverage_at_100: float
    rmse: float
    failed: int


@pytest.fixture(scope="module")
def scores() -> dict[Design, Score]:
    return {design: score(design, seed) for seed, design in enumerate(SCENARIOS)}


def score(design: Design, seed: int) -> Score:
    generator = np.random.default_rng(7_000 + seed)
    further = LARGEST_COMPUTE * np.array([10.0, 100.0])
    ahead = TRUTH.error(further)
    held, held_ahead, estimates, failed = [], [], [], 0
    for index in range(DRAWS):
        fit = fit_curve(*draw(TRUTH, design, generator), form="power_floor")
        low, high = fit.interval("exponent")
        predicted = fit.predict(further)
        held.append(low <= TRUTH.exponent <= high)
        held_ahead.append((predicted.curve_low <= ahead) & (ahead <= predicted.curve_high))
        estimates.append(fit.params["exponent"] / TRUTH.exponent - 1)
        failed += not ALPHA_BOX[0] < fit.params["exponent"] < ALPHA_BOX[1]
        if index % SECOND_OPINION == 0:
            failed += not fit.diagnostics.disagreement < 1e-6
    at_10, at_100 = np.mean(held_ahead, axis=0)
    return Score(
        coverage=float(np.mean(held)),
        coverage_at_10=float(at_10),
        coverage_at_100=float(at_100),
        rmse=float(np.sqrt(np.mean(np.square(estimates)))),
        failed=failed,
    )


def test_noise_free_points_give_back_two_hundred_random_truths() -> None:
    generator = np.random.default_rng(1)
    for _ in range(200):
        truth = Truth(exponent=generator.uniform(0.08, 0.8), floor_share=generator.uniform(0.0, 0.8))
        design = Design(int(generator.integers(8, 25)), 0.0, generator.uniform(2, 5))
        fit = fit_curve(design.compute, truth.error(design.compute), form="power_floor")
        assert fit.params["exponent"] == pytest.approx(truth.exponent, rel=1e-6)
        assert fit.params["irreducible_error"] == pytest.approx(truth.floor, rel=1e-6)


def test_the_exponent_s_interval_holds_the_truth_as_often_as_it_says(scores: dict[Design, Score]) -> None:
    coverages = {design: score.coverage for design, score in scores.items()}
    assert 0.935 <= np.mean(list(coverages.values())) <= 0.97
    assert {design: c for design, c in coverages.items() if not 0.915 <= c <= 0.985} == {}


@pytest.mark.parametrize("design", SCENARIOS, ids=str)
def test_the_exponent_is_nearly_unbiased(design: Design) -> None:
    """Where one estimate is off by 40 %, the median of 500 is known to 2 %: many thousands see a bias of 2 %."""
    exponents = exponents_of(design, draws=10_000)
    assert abs(np.median(exponents) / TRUTH.exponent - 1) <= 0.02


def test_many_fits_at_once_are_the_fits_one_by_one() -> None:
    generator = np.random.default_rng(9_000)
    each = [fit_curve(*draw(TRUTH, SCENARIOS[5], generator), form="power_floor").params["exponent"] for _ in range(20)]
    np.testing.assert_allclose(exponents_of(SCENARIOS[5], draws=20), each, rtol=1e-8)


def exponents_of(design: Design, *, draws: int) -> FloatArray:
    """The exponents of fits to as many draws (draws,), all found together."""
    generator = np.random.default_rng(9_000)
    errors = np.array([draw(TRUTH, design, generator)[1] for _ in range(draws)])
    separable = Separable(FORMS["power_floor"], np.log(design.compute / LARGEST_COMPUTE), np.ones(design.n))
    return np.asarray(np.exp(separable.minimise(np.log(errors))[0][:, 0]))


@pytest.mark.parametrize(
    ("decades", "sigma", "expected"),
    [(2, 0.01, 0.053), (2, 0.02, 0.103), (2, 0.05, 0.218), (3, 0.01, 0.023), (3, 0.02, 0.046), (3, 0.05, 0.109)],
)
def test_the_exponent_is_as_precise_as_the_design_allows(
    scores: dict[Design, Score], decades: float, sigma: float, expected: float
) -> None:
    assert scores[Design(20, sigma, decades)].rmse <= 1.15 * expected


def test_the_error_at_ten_and_a_hundred_times_the_compute_is_held_as_often_as_said(scores: dict[Design, Score]) -> None:
    coverages = {design: (s.coverage_at_10, s.coverage_at_100) for design, s in scores.items()}
    assert {d: c for d, c in coverages.items() if not all(0.92 <= one <= 0.985 for one in c)} == {}


def test_no_fit_fails_or_ends_at_a_bound_of_the_exponent(scores: dict[Design, Score]) -> None:
    assert sum(score.failed for score in scores.values()) == 0


def test_p_values_at_the_truth_are_uniform() -> None:
    generator = np.random.default_rng(5)
    designs = [Design(20, 0.01, 3), Design(40, 0.02, 3), Design(12, 0.01, 3), Design(20, 0.02, 3)]
    p_values = [
        p_value(fit_curve(*draw(TRUTH, design, generator), form="power_floor"), TRUTH.exponent)
        for design in designs
        for _ in range(500)
    ]
    assert kstest(p_values, "uniform").pvalue > 0.01


def p_value(fit: object, truth: float) -> float:
    """One minus the level of the interval that just holds the truth, by bisection to a thousandth."""
    low, high = 0.0, 1.0
    for _ in range(9):
        level = (low + high) / 2
        ends = fit.interval("exponent", level=level)  # type: ignore[attr-defined]
        low, high = (low, level) if ends[0] <= truth <= ends[1] else (level, high)
    return 1 - (low + high) / 2


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1e6, 1e12])
def test_the_unit_of_compute_does_not_matter(scale: float) -> None:
    generator = np.random.default_rng(8)
    for design in SCENARIOS[:6]:
        compute, error = draw(TRUTH, design, generator)
        here, there = (fit_curve(c, error, form="power_floor") for c in (compute, compute * scale))
        assert there.params["exponent"] == pytest.approx(here.params["exponent"], rel=1e-8)
        assert there.interval("exponent") == pytest.approx(here.interval("exponent"), rel=1e-6)


@pytest.mark.parametrize(("m", "iid_too_low"), [(3, 0.90), (5, 0.85)])
def test_replicates_are_no_new_points(m: int, iid_too_low: float) -> None:
    """Twelve cells with their own effect of 2 % and m seeds of 2 % each: the unit of inference is the cell."""
    generator = np.random.default_rng(10)
    design = Design(12, 0.0, 3)
    cells = np.repeat(np.arange(design.n), m)
    held, held_iid = [], []
    for _ in range(1000):
        compute, error = draw(TRUTH, design, generator)
        noise = generator.normal(0, 0.02, design.n)[cells] + generator.normal(0, 0.02, len(cells))
        runs = compute[cells], error[cells] * np.exp(noise)
        low, high = fit_curve(*runs, form="power_floor", groups=cells.tolist()).interval("exponent")
        held.append(low <= TRUTH.exponent <= high)
        if len(held) <= 300:
            low, high = fit_curve(runs[0] * (1 + 1e-9 * np.arange(len(cells))), runs[1], form="power_floor").interval(
                "exponent"
            )
            held_iid.append(low <= TRUTH.exponent <= high)
    assert 0.93 <= np.mean(held) <= 0.97
    assert np.mean(held_iid) < iid_too_low, "were runs independent points, this test could not tell"
