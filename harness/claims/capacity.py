"""How large a model must be for its data: the size that is enough at each number of training examples.

Enough is the smallest size whose validation error is within a factor of the best at that number of examples (of what
can be reduced, where the floor is known), interpolated between the sizes that were run. A number of examples is
left out where the sizes don't bracket that: where the smallest is already enough, or where fewer than two larger ones
confirm that the error has stopped falling; and where an error is zero or below the floor, since nothing is within a
factor of that.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from harness.errors import FitError
from harness.evidence import Evidence
from harness.forms.form import FloatArray

_FEWEST_SIZES = 3
_CONFIRMING = 2  # larger sizes that must be enough too: else the best error of all is not yet reached


@dataclass(frozen=True, eq=False)
class Capacity:
    """At each of ``examples``, the parameters that are enough and the training FLOPs of that model; shape (sizes,)."""

    examples: FloatArray
    params: FloatArray
    compute: FloatArray


def lacks_grid(evidence: Evidence) -> str:
    """Why the study is no grid of data and size; empty where it is."""
    cells = evidence.cells
    sizes = cells.group_by("train_examples").agg(pl.col("params").n_unique())
    full = int((sizes["params"] >= _FEWEST_SIZES).sum())
    if full >= _FEWEST_SIZES:
        return ""
    return (
        f"it has {full} numbers of training examples at {_FEWEST_SIZES} model sizes or more; {_FEWEST_SIZES} would do, "
        "a sweep of data.train_examples times model.width"
    )


def capacity(evidence: Evidence, *, factor: float) -> Capacity:
    """The size that is enough at each number of training examples: within ``factor`` of the best error.

    Raises:
        FitError: at fewer than three numbers of examples it is bracketed by the sizes that were run.
    """
    rows = []
    for (examples,), cells in evidence.cells.group_by("train_examples", maintain_order=True):
        floor = pl.col("irreducible_error").fill_null(0.0)
        reducible = cells.with_columns((pl.col("validation_error") - floor).alias("reducible"))
        best = reducible.sort("reducible").unique("params", keep="first", maintain_order=True)
        found = _enough(best.sort("params"), factor=factor)
        if found is not None:
            rows.append((float(examples), *found))
    if len(rows) < _FEWEST_SIZES:
        raise FitError(
            f"the size that is enough is bracketed at {len(rows)} numbers of examples; {_FEWEST_SIZES} would do, with "
            "smaller and larger models"
        )
    table = np.array(sorted(rows))
    return Capacity(table[:, 0], table[:, 1], table[:, 2])


def _enough(cells: pl.DataFrame, *, factor: float) -> tuple[float, float] | None:
    """Parameters that are enough and their training FLOPs, between the sizes run; None where that can't be told."""
    error = cells["reducible"].to_numpy()
    if len(cells) < _FEWEST_SIZES or error.min() <= 0:
        return None
    log_params = np.log(cells["params"].cast(pl.Float64).to_numpy())
    log_compute = np.log(cells["training_flops"].cast(pl.Float64).to_numpy())
    target = np.log(error.min() * factor)
    first = int(np.argmax(np.log(error) <= target))
    if first == 0 or (np.log(error[first:]) <= target).sum() <= _CONFIRMING:
        return None
    above, below = np.log(error[first - 1]), np.log(error[first])
    share = (above - target) / (above - below)
    size = log_params[first - 1] + share * (log_params[first] - log_params[first - 1])
    cost = log_compute[first - 1] + share * (log_compute[first] - log_compute[first - 1])
    return float(np.exp(size)), float(np.exp(cost))
