"""Points of one budget: the same compute, but for a rounding."""

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Runs of one budget have as many whole steps as it pays for, 20 at least: the most is below 21/20 of the least.
SAME_COMPUTE = 0.05


def by_budget(compute: ArrayLike) -> list[NDArray[np.int64]]:
    """Indices of the points of each budget, in order of compute: those up to ``SAME_COMPUTE`` above its least.

    ``compute`` in FLOPs has shape (points,). Held against the least and not against each other, computes that creep up
    by less than that don't become one budget.

    >>> [rows.tolist() for rows in by_budget([1.08e9, 1e12, 1e9, 1.04e9])]
    [[2, 3], [0], [1]]
    """
    spent = np.asarray(compute, dtype=float)
    order = np.argsort(spent, kind="stable")
    ordered, starts = spent[order], [0]
    while starts[-1] < len(ordered):
        starts.append(int(np.searchsorted(ordered, ordered[starts[-1]] * (1 + SAME_COMPUTE), side="right")))
    return [order[start:end] for start, end in pairwise(starts)]
