"""Cells that share a trunk: the numbers behind what the report says of them."""

import numpy as np
import pytest

from harness.fits.bootstrap import wild_test
from harness.fits.curve import fit_curve

pytestmark = [pytest.mark.stats, pytest.mark.slow(10)]

CELLS, STUDIES, EXPONENT = 12, 150, 0.25
COMPUTE = np.geomspace(1e9, 1e12, CELLS)
ERROR = 0.05 + 0.27 * (COMPUTE / 1e9) ** -EXPONENT


def coverage(trunks: int) -> tuple[float, float, float]:
    """How often the exponent is held, cells taken for independent, trunks for clusters, and by the wider of both.

    A trunk is one of neighbouring cells. The wider of both is what ``harness.fits.clustered`` gives.
    """
    random, trunk = np.random.default_rng(1), [cell * trunks // CELLS for cell in range(CELLS)]
    held = np.zeros(3)
    for _ in range(STUDIES):
        noise = 0.02 * random.standard_normal(trunks)[trunk] + 0.01 * random.standard_normal(CELLS)
        fit = fit_curve(COMPUTE, ERROR * np.exp(noise), form="power_floor")
        low, high = fit.interval("exponent")
        by_cells = low <= EXPONENT <= high
        by_trunks = wild_test(fit, "exponent", EXPONENT, clusters=trunk, draws=199).p_value > 0.05
        held += by_cells, by_trunks, by_cells or by_trunks
    apart, together, either = map(float, held / STUDIES)
    print(f"{trunks} trunks: {apart:.3f} apart, {together:.3f} as clusters, {either:.3f} by the wider")
    return apart, together, either


@pytest.mark.parametrize("trunks", [3, 4, 6])
def test_few_trunks_make_intervals_of_independent_cells_too_narrow_and_the_wider_not(trunks: int) -> None:
    apart, together, either = coverage(trunks)
    assert apart < 0.92
    assert together > 0.93
    assert either >= together


def test_with_a_trunk_a_cell_all_hold() -> None:
    assert min(coverage(CELLS)) > 0.90  # three standard errors below 0.95
