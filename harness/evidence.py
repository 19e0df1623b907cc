"""Evidence: a study's finished runs, reduced to what the claims and the report need.

One straight line, all of it a pure function of the table of runs::

    runs -> cells (means over seeds) -> frontier (chosen on validation) -> fits (of the test error)

The frontier is the cell of lowest validation error at each budget, without those that a cheaper one beats. Where the
runs have no budgets, the cells at the edge of the grid are not on it: see ``harness.fits.bracketed``.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np
import polars as pl

from harness.errors import FitError
from harness.fits.bracketed import bracketed
from harness.fits.budgets import SAME_COMPUTE
from harness.fits.clustered import clustered
from harness.fits.curve import CurveFit, fit_curve
from harness.fits.isoflop import IsoflopProfile, profiles_of
from harness.fits.surface import SurfaceFit, fit_surface
from harness.fits.undominated import undominated
from harness.forms import FORMS
from harness.rules import Exclusions
from harness.table import Collected, of_other_data

FEW_MISTAKES = 100  # fewer have a sampling noise above 10 %, more than that of seeds and unequal from cell to cell

LEARNT_NOTHING = "learnt nothing"  # how the reason begins for what was dropped near chance
_CELL_KEYS = (
    "cell", "trunk", "model", "width", "depth", "dataset", "train_examples", "batch_size", "learning_rate",
    "budget_flops", "params", "examples_seen", "training_flops", "forward_flops", "chance_error", "irreducible_error",
    "test_examples",
)  # fmt: skip
_CELL_MEANS = ("validation_error", "validation_loss", "test_error", "test_loss", "train_error", "wall_seconds",
               "utilisation")  # fmt: skip

Fit = TypeVar("Fit")


@dataclass(frozen=True)
class Evidence:
    """All that a claim may look at.

    ``runs`` has a row a finished run (columns: ``harness.table.RUN_COLUMNS``), ``cells`` a row a cell, ``frontier`` is
    the subset of ``cells`` on the compute-optimal frontier, sorted by ``training_flops``, and ``edge`` those that no
    other beats but that only bound the frontier. ``curves`` maps a form's name to its fit on the frontier, with errors
    ``counted`` as mistakes where a cell of it made fewer than ``FEW_MISTAKES``. What could not be fitted stands in
    ``refused`` with the reason, what was left out of the cells in ``dropped`` as (run id, reason), what has no record
    yet in ``missing``; the dropped ones whose files are damaged are also in ``unreadable``.
    """

    study: str
    chance_error: float
    runs: pl.DataFrame
    cells: pl.DataFrame
    frontier: pl.DataFrame
    edge: pl.DataFrame
    curves: dict[str, CurveFit]
    surface: SurfaceFit | None
    isoflop: tuple[IsoflopProfile, ...]
    refused: dict[str, str]
    dropped: tuple[tuple[str, str], ...]
    counted: bool = False
    missing: tuple[str, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()


def gather(study: str, collected: Collected, *, exclusions: Exclusions) -> Evidence:
    """Leave out what the exclusions say, average, choose and fit.

    Raises:
        FitError: there is no finished run, or the runs are of several data sets or models, which no one curve fits.
    """
    if kinds := mixed(collected.runs):
        raise FitError(
            f"study {study}: its runs are of more than one {kinds}, which no one curve fits; narrow it down, for "
            "example with model=mlp"
        )
    points = reduce_runs(study, collected, exclusions=exclusions)
    cells, best = points.cells, points.frontier
    refused: dict[str, str] = {}

    def tried(name: str, fit: Callable[[], Fit]) -> Fit | None:
        try:
            return fit()
        except FitError as error:
            refused[name] = str(error)
            return None

    counted = _has_few_mistakes(best)
    curves = {name: tried(name, partial(_curve, best, points.runs, form=name, counted=counted)) for name in FORMS}
    surface = tried("surface", partial(joint_surface, cells, points.runs))
    profiles = tried("isoflop", lambda: profiles_of(cells["params"], cells["test_error"], budgets(cells)))
    return replace(
        points,
        curves={name: curve for name, curve in curves.items() if curve is not None},
        surface=surface,
        isoflop=profiles or (),
        refused=refused,
        counted=counted,
    )


def mixed(runs: pl.DataFrame) -> str:
    """Of what the runs are of several kinds, ``model (cnn, mlp)``; empty where one curve may fit them."""
    for column in ("dataset", "model"):
        kinds = runs[column].unique().sort().to_list()
        if len(kinds) > 1:
            return f"{column} ({', '.join(kinds)})"
    return ""


def reduce_runs(study: str, collected: Collected, *, exclusions: Exclusions) -> Evidence:
    """As ``gather`` without a fit: cells and frontier, also of runs of several models.

    Raises:
        FitError: there is no finished run, or the data changed between two of them.
    """
    runs = collected.runs
    if runs.is_empty():
        raise FitError(f"study {study}: no run has a record yet; train it first: harness launch, then the same words")
    if changed := of_other_data(runs):
        raise FitError(f"study {study}: {changed}")
    reasons = _drop_reasons(runs, exclusions)
    cells = average_cells(runs.filter(~pl.col("run_id").is_in(list(reasons))))
    frontier, edge = _frontier(cells)
    return Evidence(
        study=study,
        chance_error=float(runs["chance_error"][0]),
        runs=runs,
        cells=cells,
        frontier=frontier,
        edge=edge,
        curves={},
        surface=None,
        isoflop=(),
        refused={},
        dropped=(*collected.unreadable, *reasons.items()),
        missing=collected.missing,
        unreadable=collected.unreadable,
    )


def average_cells(runs: pl.DataFrame) -> pl.DataFrame:
    """A row a cell: what its runs share, the means of what they measured, the spread of the test error over seeds."""
    return (
        runs.group_by("cell", maintain_order=True)
        .agg(
            *(pl.col(name).first() for name in _CELL_KEYS[1:]),
            *(pl.col(name).mean() for name in _CELL_MEANS),
            pl.len().cast(pl.Int64).alias("seeds"),
            pl.col("run_id").sort().alias("run_ids"),
            pl.col("test_error").std().alias("test_error_sd"),
            pl.col("test_loss").std().alias("test_loss_sd"),
        )
        .sort("training_flops", "params", "cell")
    )


def _drop_reasons(runs: pl.DataFrame, exclusions: Exclusions) -> dict[str, str]:
    reasons = {}
    for run_id, status, error, chance in runs.select(
        "run_id", "status", "validation_error", "chance_error"
    ).iter_rows():
        if run_id in exclusions.runs:
            reasons[run_id] = f"excluded by the study: {exclusions.runs[run_id]}"
        elif status == "diverged":
            reasons[run_id] = "diverged: a loss was not finite"
        elif error >= exclusions.at_chance * chance:
            reasons[run_id] = f"{LEARNT_NOTHING}: validation error {error:.3f} is near chance"
    return reasons


def budgets(cells: pl.DataFrame) -> pl.Series:
    """The nominal budget where there is one, else what was spent."""
    return cells["budget_flops"].fill_null(cells["training_flops"].cast(pl.Float64))


def _frontier(cells: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The frontier, and what no other cell beats but the edge of the grid alone put there."""
    chosen = undominated(cells["training_flops"], np.maximum(cells["validation_error"], 1e-12), tolerance=SAME_COMPUTE)
    inside = bracketed(cells["training_flops"], cells["params"], cells["examples_seen"], at=chosen)
    best: pl.DataFrame = cells[chosen.tolist()]
    chosen_by_budget = best["budget_flops"].is_not_null().to_numpy()
    return best.filter(inside | chosen_by_budget), best.filter(~(inside | chosen_by_budget))


def fit_frontier(points: Evidence, *, form: str) -> CurveFit:
    """One form's curve on the frontier, as ``gather`` fits it.

    Raises:
        FitError: it can't be fitted to these cells.
    """
    return _curve(points.frontier, points.runs, form=form, counted=_has_few_mistakes(points.frontier))


def _has_few_mistakes(cells: pl.DataFrame) -> bool:
    return bool((cells["test_error"] * cells["test_examples"] < FEW_MISTAKES).any())


def _curve(cells: pl.DataFrame, runs: pl.DataFrame, *, form: str, counted: bool) -> CurveFit:
    """The fit to the cells' runs; counted, to the cells' shares of the one test set that all their seeds share.

    Cells of one trunk share its noise, so trunks are clusters.
    """
    chance = float(cells["chance_error"][0]) if len(cells) else None
    if counted:
        tests = cells["test_examples"]
        compute, error = cells["training_flops"], cells["test_error"]
        fit = fit_curve(compute, error, form=form, chance_error=chance, test_examples=tests)
    else:
        rows = _runs_of(cells, runs)
        groups = rows["cell"].to_list()
        fit = fit_curve(rows["training_flops"], rows["test_error"], form=form, chance_error=chance, groups=groups)
    return clustered(fit, trunks_of(cells))


def trunks_of(cells: pl.DataFrame) -> list[str]:
    """What each cell shares its noise with: its trunk, or nothing but itself."""
    return cells.select(pl.coalesce("trunk", "cell")).to_series().to_list()


def joint_surface(cells: pl.DataFrame, runs: pl.DataFrame, *, response: str = "test_error") -> SurfaceFit:
    """The surface through the cells' runs.

    Raises:
        FitError: what ``fit_surface`` refuses.
    """
    rows = _runs_of(cells, runs)
    return fit_surface(rows["params"], rows["examples_seen"], rows[response], groups=rows["cell"].to_list())


def _runs_of(cells: pl.DataFrame, runs: pl.DataFrame) -> pl.DataFrame:
    """The cells' runs, cell by cell in the order of the cells: their scatter is what a fit's lack of fit is held to."""
    ids = cells.select(pl.col("run_ids").alias("run_id")).explode("run_id")
    return ids.join(runs, on="run_id", how="left", maintain_order="left")
