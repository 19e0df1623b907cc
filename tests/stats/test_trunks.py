"""Cells that share a trunk: the numbers behind what the report says of them."""

import numpy as np
import pytest

from harness.fits.bootstrap import wild_test
from harness.fits.curve import fit_curve

pytestmark = pytest.mark.stats

CELLS, STUDIES, EXPONENT = 12, 150, 0.25
COMPUTE = np.geomspace(1e9, 1e12, CELLS)
ERROR = 0.05 + 0.27 * (COMPUTE / 1e9) ** -EXPONENT


def coverage(trunks: int) -> tuple[float, float]:
    """How often the exponent is held, cells taken for independent and trunks for clusters, of neighbouring cells."""
    random, trunk = np.random.default_rng(1), [cell * trunks // CELLS for cell in range(CELLS)]
    held = np.zeros(2)
    for _ in range(STUDIES):
        noise = 0.02 * random.standard_normal(trunks)[trunk] + 0.01 * random.standard_normal(CELLS)
        fit = fit_curve(COMPUTE, ERROR * np.exp(noise), form="power_floor")
        low, high = fit.interval("exponent")
        held[0] += low <= EXPONENT <= high
        held[1] += wild_test(fit, "exponent", EXPONENT, clusters=trunk, draws=199).p_value > 0.05
    apart, together = held / STUDIES
    print(f"{trunks} trunks: {apart:.3f} apart, {together:.3f} as clusters")
    return apart, together


@pytest.mark.parametrize("trunks", [3, 4, 6])
def test_few_trunks_make_intervals_of_independent_cells_too_narrow_and_those_by_clusters_not(trunks: int) -> None:
    apart, together = coverage(trunks)
    assert apart < 0.92
    assert together > 0.93


def test_with_a_trunk_a_cell_both_hold() -> None:
    assert min(coverage(CELLS)) > 0.90  # three standard errors below 0.95
