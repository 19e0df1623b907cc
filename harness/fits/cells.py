"""Replicates reduced to cells: the unit of inference is the cell, never the seed.

Runs that differ only by seed share whatever is particular to their configuration, so treating them as independent
makes intervals too short. A cell's mean is taken of ln error, on which noise is nearly constant.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from harness.errors import FitError
from harness.forms.form import BoolArray, FloatArray

_SAME_SIZE = 0.01  # of ln size: a rounding of steps, and far less than any step of a sweep


@dataclass(frozen=True, eq=False)
class Cells:
    """Means over replicates.

    ``sizes`` has shape (axes, cells), ``error`` and ``replicates`` shape (cells,), ``stderr`` too where the rows had
    it, and ``trials``, the number of examples tested, where they are counts: ``error`` may then be 0. ``pure_error`` is
    the sum of squares of ln error within cells, with ``pure_freedom`` degrees of freedom.
    """

    sizes: FloatArray
    error: FloatArray
    replicates: FloatArray
    stderr: FloatArray | None
    pure_error: float
    pure_freedom: int
    trials: FloatArray | None = None

    @property
    def log_error(self) -> FloatArray:
        """ln error; a cell without a mistake stands at half a mistake."""
        return np.asarray(np.log(_half_a_mistake(self.error, self.trials)))

    def where(self, chosen: BoolArray) -> "Cells":
        """The chosen cells, without the scatter within them."""
        stderr = None if self.stderr is None else self.stderr[chosen]
        trials = None if self.trials is None else self.trials[chosen]
        return Cells(self.sizes[:, chosen], self.error[chosen], self.replicates[chosen], stderr, 0.0, 0, trials)


def cell_means(
    sizes: FloatArray,
    error: FloatArray,
    *,
    groups: Sequence[Hashable] | None,
    stderr: FloatArray | None = None,
    trials: FloatArray | None = None,
) -> Cells:
    """One point a group, in order of first appearance; without ``groups`` every row is its own cell.

    ``sizes`` has shape (axes, rows): compute alone, or parameters and examples. With ``trials``, examples tested a
    row, mistakes are pooled over the rows of a cell.

    Raises:
        FitError: the wrong number of groups, rows of one group that differ in size, or one row given twice.
    """
    rows = len(error)
    if groups is None:
        _refuse_copies(sizes, error)
        return Cells(sizes, error, np.ones(rows), stderr, 0.0, 0, trials)
    if len(groups) != rows:
        raise FitError(f"groups: {len(groups)} labels for {rows} points; one a point would do")
    labels = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    cell = np.array([labels[group] for group in groups], dtype=int)
    count = np.bincount(cell).astype(float)
    log_sizes = np.stack([np.bincount(cell, np.log(size)) / count for size in sizes])
    astray = np.abs(np.log(sizes) - log_sizes[:, cell]).max(axis=0) > _SAME_SIZE
    if astray.any():
        raise FitError(f"groups: points of group {groups[int(astray.argmax())]!r} differ in size; one size would do")
    logs = np.log(_half_a_mistake(error, trials))
    log_error = np.bincount(cell, logs) / count
    within = float(np.square(logs - log_error[cell]).sum())
    mean_stderr = None if stderr is None else np.sqrt(np.bincount(cell, stderr**2)) / count
    if trials is None:
        return Cells(np.exp(log_sizes), np.exp(log_error), count, mean_stderr, within, rows - len(labels))
    tested = np.bincount(cell, trials).astype(float)
    pooled = np.bincount(cell, error * trials) / tested
    return Cells(np.exp(log_sizes), pooled, count, None, within, rows - len(labels), tested)


def _half_a_mistake(error: FloatArray, trials: FloatArray | None) -> FloatArray:
    """The errors, or half a mistake where counts show fewer; a zero has no logarithm."""
    return error if trials is None else np.maximum(error, 0.5 / trials)


def _refuse_copies(sizes: FloatArray, error: FloatArray) -> None:
    """A point given twice would halve the noise that isn't there; true replicates come with their groups."""
    _, first, inverse = np.unique(np.vstack([sizes, error]), axis=1, return_index=True, return_inverse=True)
    copies = np.flatnonzero(first[inverse.ravel()] != np.arange(len(error)))
    if len(copies):
        row = int(copies[0])
        raise FitError(
            f"points: row {row} repeats row {first[inverse.ravel()[row]]} in size and error; "
            "groups=, naming each point's cell, would do if they are replicates"
        )
