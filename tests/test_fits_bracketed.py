"""The edge of a grid: what no other point beats there is not on the frontier."""

import numpy as np
import pytest

from harness.errors import FitError
from harness.fits.bracketed import NEAR, bracketed

PARAMS, EXAMPLES = (np.ravel(grid) for grid in np.meshgrid(10.0 ** np.arange(5), 10.0 ** np.arange(5), indexing="ij"))
COMPUTE = PARAMS * EXAMPLES


def test_a_point_is_bracketed_where_its_compute_was_also_spent_on_either() -> None:
    inside = (PARAMS > 1) & (PARAMS < 1e4) & (EXAMPLES > 1) & (EXAMPLES < 1e4)
    assert bracketed(COMPUTE, PARAMS, EXAMPLES, at=range(25)).tolist() == inside.tolist()


def test_points_of_one_number_of_examples_bound_a_frontier_and_are_none_of_it() -> None:
    assert not bracketed([1, 2, 4], [1, 2, 4], [1, 1, 1], at=range(3)).any()


def test_only_computes_near_by_count() -> None:
    params, examples = np.array([1.0, 2.0, 4.0]), np.array([4.0, 2.0, 1.0])
    apart = np.array([1.0, NEAR * 1.01, 1.0])
    assert bracketed(np.ones(3), params, examples, at=[1]).tolist() == [True]
    assert bracketed(apart, params, examples, at=[1]).tolist() == [False]


def test_answers_are_of_the_points_that_were_asked_for() -> None:
    asked = [12, 0, 6]
    assert bracketed(COMPUTE, PARAMS, EXAMPLES, at=asked).tolist() == [True, False, True]
    assert bracketed([], [], [], at=[]).tolist() == []


def test_a_number_that_is_not_one_is_refused() -> None:
    with pytest.raises(FitError, match="params: row 1 is 0"):
        bracketed([1, 1], [1, 0], [1, 1], at=[0])
