"""The cells that a power along a size is measured on.

Cells that differ only in the subset of the data that was drawn are replicates: a theory of the error on so many
examples is about their mean, and the best of them on validation is the luckiest. Where a study then varies one setting
alone there is nothing to choose, and every size stays: to leave out those that a smaller one happens to beat would be
to choose by noise. Else it is the best cell at each size, chosen on validation.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from harness.errors import FitError
from harness.evidence import Evidence
from harness.fits.budgets import SAME_COMPUTE
from harness.fits.undominated import undominated
from harness.forms.form import FloatArray

_FEWEST_SIZES = 3
_ONE_PASS = 1.0  # epochs: up to here an example seen is a new example
_REPLICATES = frozenset({"seed", "data.split_seed"})  # what draws and doesn't change what is drawn from
_COST = ("training_flops", "hardware_burden")  # along these a point stands for the best that it buys
_SIZES = ("model", "width", "depth", "dataset", "train_examples", "params", "examples_seen", "training_flops", "size")
_MEASURED = ("validation_error", "validation_loss", "test_error", "test_loss", "train_error")
# Weights from a cell's own scatter cost more than they bring below about ten replicates (Carroll & Cline 1988,
# Biometrika 75, 35), so with fewer all cells count alike.
_ENOUGH_REPLICATES = 10

Setting = tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class CellsAlong:
    """The cells along an axis, sorted by their ``size``; ``what`` they are, in words.

    ``stderr`` has the standard error of each cell's test response, None where its replicates are too few to tell.
    """

    cells: pl.DataFrame
    what: str
    stderr: FloatArray | None


def envelope(evidence: Evidence, axis: str, *, response: str) -> CellsAlong:
    """What a power of the ``response`` (error or loss) along the axis is measured on.

    Raises:
        FitError: the study does not vary the axis.
    """
    settings = _settings(evidence)
    cells = evidence.cells.with_columns(axis_values(evidence, axis).alias("size"))
    cells = cells.filter(pl.col(f"validation_{response}").is_not_null())
    points = _subsets_averaged(cells, settings, response=response)
    if axis not in _COST and _one_varied([settings[cell] for cell in cells["cell"]]):
        best, what = points.sort("size"), "all sizes"
    else:
        reached = np.maximum(points[f"validation_{response}"], 1e-12)
        best = points[undominated(points["size"], reached, tolerance=SAME_COMPUTE).tolist()]
        what = "the frontier" if axis == "training_flops" else "the best cell at each size"
    enough = best["replicates"].min()
    known = isinstance(enough, int) and enough >= _ENOUGH_REPLICATES and bool((best["stderr"] > 0).all())
    return CellsAlong(best, what, best["stderr"].to_numpy() if known else None)


def axis_values(evidence: Evidence, axis: str) -> pl.Series:
    """Each cell's size along the axis, in our units.

    Raises:
        FitError: the study has no such size, or does not vary it.
    """
    cells = evidence.cells
    if axis == "hardware_burden":
        burden = evidence.runs.group_by("cell").agg(pl.col("hardware_burden").mean())
        sizes = cells.select("cell").join(burden, on="cell", how="left", maintain_order="left")["hardware_burden"]
    elif axis == "examples":
        sizes = cells["train_examples"]
        if sizes.n_unique() < _FEWEST_SIZES and one_pass(evidence):
            sizes = cells["examples_seen"]
    elif axis in ("training_flops", "forward_flops", "params", "examples_seen", "width"):
        sizes = cells[axis]
    else:
        raise FitError(f"a study has no axis {axis.replace('_', ' ')}; it is a property of its data")
    if sizes.null_count() or sizes.n_unique() < _FEWEST_SIZES:
        found, noun = sizes.n_unique(), axis.replace("_", " ")
        raise FitError(f"along {noun} the study has {found} size{'s'[: found != 1]}; {_FEWEST_SIZES} or more would do")
    return sizes.cast(pl.Float64)


def one_pass(evidence: Evidence) -> bool:
    """Whether every example that was seen was a new one."""
    cells = evidence.cells
    return bool((cells["examples_seen"] <= _ONE_PASS * cells["train_examples"]).all())


def _settings(evidence: Evidence) -> dict[str, Setting | None]:
    """By cell, all that its runs were told but what only draws replicates; None where a table doesn't say."""
    told = evidence.runs.unique("cell", keep="first", maintain_order=True).select("cell", "config")
    return {cell: None if config is None else _flat(json.loads(config)) for cell, config in told.iter_rows()}


def _flat(tree: Mapping[str, Any], at: str = "") -> Setting:
    flat: list[tuple[str, str]] = []
    for key, value in sorted(tree.items()):
        name = f"{at}{key}"
        if isinstance(value, Mapping):
            flat += _flat(value, f"{name}.")
        elif name not in _REPLICATES:
            flat.append((name, json.dumps(value)))
    return tuple(flat)


def _one_varied(settings: Sequence[Setting | None]) -> bool:
    """Whether all that they differ in is one setting."""
    told = [dict(one) for one in settings if one is not None]
    if len(told) < len(settings):
        return False
    names = {name for one in told for name in one}
    return sum(len({one.get(name) for one in told}) > 1 for name in names) == 1


def _subsets_averaged(cells: pl.DataFrame, settings: Mapping[str, Setting | None], *, response: str) -> pl.DataFrame:
    """A row a setting and its sizes, with the standard error of its test response and how many replicates make that.

    Several subsets are the replicates; of one, its seeds are.
    """
    told = pl.Series("told", [repr(settings[cell] or cell) for cell in cells["cell"]], dtype=pl.String)
    value, alone = pl.col(f"test_{response}"), pl.len() == 1
    names = [name for name in cells.columns if name not in (*_MEASURED, "seeds", "run_ids")]
    sizes = [name for name in names if name in _SIZES]
    averaged = (
        cells.with_columns(told)
        .group_by("told", *sizes, maintain_order=True)
        .agg(
            *(pl.col(name).first() for name in names if name not in sizes),
            *(pl.col(name).mean() for name in _MEASURED),
            pl.col("seeds").sum(),
            pl.col("run_ids").explode(),
            pl.when(alone).then(pl.col("seeds").sum()).otherwise(pl.len()).cast(pl.Int64).alias("replicates"),
            pl.when(alone)
            .then(pl.col(f"test_{response}_sd").first() / pl.col("seeds").first().sqrt())
            .otherwise(value.std() / pl.len().sqrt())
            .alias("stderr"),
        )
    )
    return averaged.drop("told")
