"""One budget is one compute but for a rounding, wherever budgets are counted."""

import numpy as np
import pytest

from harness.fits.budgets import by_budget
from harness.fits.isoflop import profiles_of
from harness.power import design

CREEPING = 1e9 * 1.04 ** np.arange(12)  # no two neighbours are 5 % apart, the ends are 54 %


def test_computes_that_creep_up_are_several_budgets_each_within_a_rounding_of_its_least() -> None:
    budgets = by_budget(CREEPING[::-1])
    assert [len(rows) for rows in budgets] == [2] * 6
    assert np.concatenate(budgets).tolist() == list(range(11, -1, -1))


def test_designs_and_profiles_count_the_same_budgets() -> None:
    assert len(design(CREEPING.tolist(), [str(number) for number in range(12)]).compute) == 6
    assert len(profiles_of(np.arange(1.0, 13.0), np.full(12, 0.1), CREEPING)) == 6


@pytest.mark.parametrize("steps", [20, 21, 100])
def test_runs_whose_budget_pays_for_twenty_steps_or_more_are_one_budget(steps: int) -> None:
    """Of steps that cost c, it pays for floor(budget / c): from ``steps`` of the dearest to many of a cheap one."""
    costs = np.geomspace(1.0, 1e3, 4001)
    budget = steps * costs.max() * 1.0001
    (rows,) = by_budget(np.floor(budget / costs) * costs)
    assert len(rows) == 4001


def test_no_points_are_no_budgets() -> None:
    assert by_budget([]) == []
