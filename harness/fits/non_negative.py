"""Non-negative least squares of a few columns, for many small problems at once."""

from itertools import combinations

import numpy as np

from harness.forms.form import FloatArray


def non_negative(gram: FloatArray, right: FloatArray, *, total: float) -> tuple[FloatArray, FloatArray]:
    """Non-negative least squares from the products of the columns with each other and with what is wanted.

    ``gram`` is (cells, levels, levels), ``right`` (cells, levels), ``total`` the square of what is wanted. Returns the
    levels (cells, levels) and the sums of squares (cells,).
    """
    count = gram.shape[1]
    best, levels = np.full(len(gram), np.inf), np.zeros((len(gram), count))
    for size in range(1, count + 1):
        for kept in map(list, combinations(range(count), size)):
            part = gram[:, kept][:, :, kept]
            ridge = 1e-13 * np.einsum("cii->ci", part)[..., None] * np.eye(size)
            found = np.linalg.solve(part + ridge, right[:, kept, None])[..., 0]
            explained = (found * right[:, kept]).sum(axis=1)
            better = (found >= 0).all(axis=1) & (total - explained < best)
            best = np.where(better, total - explained, best)
            levels[better] = 0.0
            levels[np.ix_(better, kept)] = found[better]
    return levels, best
