"""Whichever form is true, the union over the forms that the points leave standing holds its exponent (bar V11)."""

import numpy as np
import pytest

from harness.fits.comparison import fit_each, union_interval
from harness.forms.form import FloatArray
from tests.stats.simulated import Design

pytestmark = [pytest.mark.stats, pytest.mark.slow(5)]

DRAWS = 400
EXPONENT, FLOOR, CHANCE = 0.25, 0.03, 0.9


def errors(form: str, last: float, design: Design) -> FloatArray:
    """The noise-free error of a form with floor and ceiling whose last value is ``last``."""
    ratio = (design.compute / design.compute.max()) ** -EXPONENT
    if form == "power_floor":
        return np.asarray(FLOOR + (last - FLOOR) * ratio)
    odds = (last - FLOOR) / (CHANCE - last) * ratio  # (error - floor) / (chance - error)
    return np.asarray((FLOOR + CHANCE * odds) / (1 + odds))


@pytest.mark.parametrize(
    ("form", "design", "last"),
    [
        ("m4", Design(12, 0.02, 2), 0.14),
        ("m4", Design(20, 0.02, 3), 0.13),
        ("m4", Design(20, 0.02, 3), 0.08),
        ("m4", Design(20, 0.02, 3), 0.05),
        ("m4", Design(30, 0.01, 4), 0.09),
        ("power_floor", Design(12, 0.02, 2), 0.12),
        ("power_floor", Design(20, 0.02, 3), 0.10),
        ("power_floor", Design(20, 0.02, 3), 0.07),
        ("power_floor", Design(20, 0.02, 3), 0.05),
    ],
    ids=str,
)
def test_the_union_holds_the_exponent(form: str, design: Design, last: float) -> None:
    generator, held = np.random.default_rng(11), 0
    for _ in range(DRAWS):
        error = errors(form, last, design) * np.exp(generator.normal(0, design.sigma, design.n))
        fits, _ = fit_each(design.compute, error, forms=("power_floor", "m4"), chance_error=CHANCE)
        low, high = union_interval(fits, "exponent")
        held += low <= EXPONENT <= high
    assert held / DRAWS >= 0.92
