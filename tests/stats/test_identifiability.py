"""When no exponent may be stated, and how precise one will be (bars V14, V15 and V36)."""

import numpy as np
import pytest

from harness import power
from harness.fits.curve import fit_curve
from harness.fits.varpro import Separable
from harness.forms import FORMS
from tests.stats.simulated import LARGEST_COMPUTE, Design, Truth, draw

pytestmark = [pytest.mark.stats, pytest.mark.slow(1)]


def share_gated(truth: Truth, design: Design, draws: int = 300) -> float:
    generator = np.random.default_rng(14)
    fits = [fit_curve(*draw(truth, design, generator), form="power_floor") for _ in range(draws)]
    return float(np.mean([not fit.identified for fit in fits]))


@pytest.mark.parametrize("design", [Design(8, 0.05, 2), Design(20, 0.02, 2)])
def test_a_weak_law_over_two_decades_is_not_identified(design: Design) -> None:
    assert share_gated(Truth(0.11, 0.0), design) >= 0.90


@pytest.mark.parametrize("design", [Design(12, 0.02, 2), Design(16, 0.02, 3)])
def test_a_clear_law_is_identified(design: Design) -> None:
    assert share_gated(Truth(0.25, 0.3), design) <= 0.10


@pytest.mark.parametrize(
    ("truth", "design"),
    [
        (Truth(0.30, 0.2), Design(14, 0.015, 2.5)),
        (Truth(0.22, 0.4), Design(24, 0.010, 3.0)),
        (Truth(0.40, 0.1), Design(10, 0.020, 2.5)),
        (Truth(0.18, 0.2), Design(30, 0.010, 3.5)),
        (Truth(0.25, 0.5), Design(18, 0.010, 3.0)),
    ],
)
def test_the_design_law_predicts_the_relative_error_of_the_exponent(truth: Truth, design: Design) -> None:
    """Within the 25 % that it claims: predicted over simulated in [0.8, 1.25]."""
    draws = [draw(truth, design, np.random.default_rng(seed))[1] for seed in range(4_000)]
    separable = Separable(FORMS["power_floor"], np.log(design.compute / LARGEST_COMPUTE), np.ones(design.n))
    exponents = np.exp(separable.minimise(np.log(draws))[0][:, 0])
    assumed = power.Truth("off the grid", truth.exponent, truth.floor_share)
    expected = power.expected_error(assumed, sigma=design.sigma, n=design.n, decades=design.decades)
    assert 0.8 <= expected / (np.std(exponents) / truth.exponent) <= 1.25


@pytest.mark.parametrize("form", [name for name in FORMS if FORMS[name].family != "diagnostic"])
@pytest.mark.parametrize(("n", "sigma"), [(8, 0.05), (20, 0.02), (12, 0.30)])
def test_pure_noise_gives_no_exponent(form: str, n: int, sigma: float) -> None:
    generator, stated = np.random.default_rng(36), 0
    for _ in range(60):
        compute, error = 10 ** generator.uniform(9, 12, n), 0.1 * np.exp(generator.normal(0, sigma, n))
        stated += fit_curve(compute, error, form=form, chance_error=0.9).identified
    assert stated == 0
