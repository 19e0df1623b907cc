"""Which points of a grid could have spent their compute otherwise: elsewhere the best of the grid is not the frontier.

In a grid of sizes and data the dearest points have the most data of the grid, and spend more only on size. They bound
the compute-optimal frontier from above, and bend away from it: a law fitted to them levels off where the grid ends.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.fits.points import columns

NEAR = 2.0  # computes within this factor are near enough for one to have been spent as the other


def bracketed(
    compute: ArrayLike, params: ArrayLike, examples: ArrayLike, *, at: Sequence[int] | NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Of the points ``at``: is there, near its compute, one of fewer parameters and more examples, and the reverse?

    ``compute`` in FLOPs, ``params`` and ``examples`` seen have shape (points,), ``at`` has indices of points.

    Raises:
        FitError: a number that isn't finite and positive, or columns of different lengths.
    """
    spent, size, data = columns(compute=compute, params=params, examples=examples)
    found = np.zeros(len(at), dtype=bool)
    for place, point in enumerate(at):
        near = np.abs(np.log(spent / spent[point])) < np.log(NEAR)
        smaller = near & (size < size[point]) & (data > data[point])
        larger = near & (size > size[point]) & (data < data[point])
        found[place] = smaller.any() and larger.any()
    return found
