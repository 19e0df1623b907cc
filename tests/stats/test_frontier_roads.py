"""The frontier by its roads, and noisy compute: how much the surface and the correction gain (bars V27 and V28)."""

import numpy as np
import pytest

from harness.fits.curve import fit_curve
from harness.fits.direction import correct_for_noisy_compute
from harness.fits.frontier import Frontier, frontier

pytestmark = [pytest.mark.stats, pytest.mark.slow(30)]

DRAWS = 100
PARAMS_EXPONENT, EXAMPLES_EXPONENT = 0.45, 0.5
EXPONENT = PARAMS_EXPONENT * EXAMPLES_EXPONENT / (PARAMS_EXPONENT + EXAMPLES_EXPONENT)  # 0.237
BUDGETS, SIZES, SEEDS, SIGMA = 8, 12, 3, 0.03


def swept(generator: np.random.Generator) -> Frontier:
    """Eight budgets over three decades with twelve sizes around the best one, three seeds each."""
    compute = np.repeat(np.geomspace(1e9, 1e12, BUDGETS), SIZES)
    growth = EXAMPLES_EXPONENT / (PARAMS_EXPONENT + EXAMPLES_EXPONENT)
    best = (30 * PARAMS_EXPONENT / (60 * EXAMPLES_EXPONENT)) ** (1 / 0.95) * (compute / 6) ** growth
    params = best * np.tile(10 ** np.linspace(-0.75, 0.75, SIZES), BUDGETS)
    examples = compute / 6 / params
    cell = np.repeat(np.arange(len(params)), SEEDS)
    error = 0.03 + 30 * params**-PARAMS_EXPONENT + 60 * examples**-EXAMPLES_EXPONENT
    runs = error[cell] * np.exp(generator.normal(0, SIGMA, len(cell)))
    return frontier(params[cell], examples[cell], runs, groups=cell.tolist())


def test_the_surface_is_three_times_as_precise_as_raw_minima() -> None:
    generator = np.random.default_rng(27)
    surface, raw = [], []
    for _ in range(DRAWS):
        found = swept(generator)
        surface.append(found.value("exponent") / EXPONENT - 1)
        line = fit_curve(found.minima.compute, found.minima.error, form="power_floor")
        raw.append(line.params["exponent"] / EXPONENT - 1)
    errors = [float(np.sqrt(np.mean(np.square(off)))) for off in (surface, raw)]
    assert errors[0] <= 0.025
    assert errors[0] <= errors[1] / 3


def test_noise_of_compute_flattens_the_slope_as_expected_and_is_taken_back() -> None:
    """As many points as the paper's regression on network operations has."""
    generator, observed, corrected = np.random.default_rng(28), [], []
    compute = np.geomspace(1e9, 1e12, 77)
    for _ in range(2_000):
        seen = compute * 10 ** generator.normal(0, 0.3, 77)
        error = 0.1 * (compute / 1e12) ** -0.2 * np.exp(generator.normal(0, 0.03, 77))
        found = correct_for_noisy_compute(seen, error, noise_decades=0.3)
        observed.append(found.observed / 0.2)
        corrected.append(found.exponent / 0.2)
    assert 0.893 <= np.mean(observed) <= 0.905
    assert abs(np.mean(corrected) - 1) <= 0.02
