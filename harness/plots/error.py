"""The main figure: test error against training FLOPs, with the frontier and the laws fitted to it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import polars as pl
from numpy.typing import NDArray

from harness.evidence import Evidence
from harness.fits.clustered import ClusteredFit
from harness.plots.figure import Figure
from harness.plots.numerals import interval, number, percent
from harness.plots.points import TOOLTIP, drawable, inline, points, width_labels
from harness.plots.style import INK, fit_legend, fit_scale, fit_style, framed, log_axis, ordered_colour
from harness.plots.thinning import thinned, thinning_note

LEVEL = 0.95
# The two forms that the exponential family is held against; the others differ visibly only in the residuals.
_CURVES_SHOWN = ("power_floor", "power", "exponential_performance")  # one a rival of the first claim
_Floats = NDArray[np.float64]
_Axis = dict[str, Any]
_STEPS = 80
_HEIGHT = 460


@dataclass(frozen=True)
class _Law:
    """A fit sampled for drawing: rows of flops, error, low, high and the label of the fit."""

    name: str
    rows: list[dict[str, Any]]


def error_against_flops(evidence: Evidence) -> Figure:
    """Every cell, the frontier with the spread over seeds, the fits with their bands, and the floor."""
    title = "Test error against training FLOPs"
    cells = drawable(evidence.cells, "training_flops", "test_error")
    if cells.is_empty():
        return Figure("error_against_flops", title, "No finished cell has an error above zero to show.", None)
    frontier = drawable(evidence.frontier, "training_flops", "test_error")
    laws = _laws(evidence, _grid(cells))
    floor = _floor(evidence)
    others = cells.join(frontier.select("cell"), on="cell", how="anti", maintain_order="left")
    behind = thinned(others, "training_flops", "test_error")
    clustered = any(isinstance(curve, ClusteredFit) for curve in evidence.curves.values())
    caption = _caption(
        frontier=len(frontier) > 0, laws=bool(laws), clustered=clustered, floor=bool(floor)
    ) + thinning_note(pl.concat([behind, frontier]), of=cells)
    x = log_axis(cells["training_flops"], title="training FLOPs")
    y = log_axis(_heights(cells, frontier, floor), title="test error")
    fill = ordered_colour("width_text", width_labels(cells), title="width")
    layers = [
        *_bands(laws, x, y),
        *_floor_line(floor, y),
        _cells(behind, x, y, fill),
        *_lines(laws, x, y),
        _spread(frontier, x, y),
        _frontier(frontier, x, y, fill),
    ]
    chart = framed(alt.LayerChart(layer=layers), height=_HEIGHT, description=f"{title}. {caption}")
    return Figure("error_against_flops", title, caption, chart)


def _caption(*, frontier: bool, laws: bool, clustered: bool, floor: bool) -> str:
    parts = ["Each dot is a cell, darker where the model is wider"]
    if frontier:
        parts.append("ringed dots are the frontier with the sd over seeds")
    if laws:
        alone = " that take cells for independent, too narrow where cells of one trunk share its noise"
        parts.append(f"lines are the fits with {percent(LEVEL)} confidence bands{alone if clustered else ''}")
    if floor:
        parts.append("the dashed level is the fitted floor")
    return "; ".join(parts) + "."


def _grid(cells: pl.DataFrame) -> _Floats:
    flops = cells["training_flops"].cast(pl.Float64).to_numpy()
    return np.geomspace(flops.min(), flops.max(), _STEPS)


def _laws(evidence: Evidence, grid: _Floats) -> list[_Law]:
    curves = {name: evidence.curves[name] for name in _CURVES_SHOWN if name in evidence.curves}
    drawn = {name: curve.predict(grid, level=LEVEL) for name, curve in curves.items()}
    laws = [_law(name, grid, at.error, at.curve_low, at.curve_high) for name, at in drawn.items()]
    if evidence.surface is not None:
        best = evidence.surface.envelope(grid, _flops_per_param_example(evidence.cells), level=LEVEL)
        laws.append(_law("surface", grid, best.error, best.low, best.high))
    return [law for law in laws if law.rows]


def _flops_per_param_example(cells: pl.DataFrame) -> float:
    """Training FLOPs / (parameters x examples seen), the median over cells: 6 but for the first layer and the like."""
    ratios = cells["training_flops"] / (cells["params"].cast(pl.Float64) * cells["examples_seen"])
    return float(np.median(ratios.to_numpy()))


def _law(name: str, grid: _Floats, error: _Floats, low: _Floats, high: _Floats) -> _Law:
    label = fit_style(name).label
    rows = [
        {"flops": at, "error": middle, "low": bottom, "high": top, "fit": label}
        for at, middle, bottom, top in zip(*(a.tolist() for a in (grid, error, low, high)), strict=True)
        if 0 < bottom <= middle <= top < math.inf
    ]
    return _Law(name, rows)


def _floor(evidence: Evidence) -> dict[str, Any] | None:
    """The level of the floor and its words, from the first fit that identifies one above zero."""
    for name, fit in (("power_floor", evidence.curves.get("power_floor")), ("surface", evidence.surface)):
        if fit is None or not fit.identified:
            continue
        bounds = fit.interval("irreducible_error", level=LEVEL)
        if bounds[0] > 0:
            level = fit.params["irreducible_error"]
            return {"floor": level, "fit": name, "label": f"floor {number(level)} ({interval(bounds)})"}
    return None


def _heights(cells: pl.DataFrame, frontier: pl.DataFrame, floor: dict[str, Any] | None) -> list[float]:
    """All errors that must fit on the axis; bands are cut at the axis instead of widening it."""
    spread = [row[edge] for row in points(frontier) for edge in ("error_low", "error_high")]
    return [*cells["test_error"].to_list(), *spread, *([floor["floor"]] if floor else [])]


def _cells(cells: pl.DataFrame, x: _Axis, y: _Axis, fill: alt.Color) -> alt.Chart:
    marks: alt.Chart = (
        alt.Chart(inline(points(cells)))
        .mark_circle(size=42, opacity=0.65)
        .encode(
            x=alt.X("training_flops:Q", **x),
            y=alt.Y("test_error:Q", **y),
            color=fill,
            tooltip=TOOLTIP,
        )
    )
    return marks


def _spread(frontier: pl.DataFrame, x: _Axis, y: _Axis) -> alt.Chart:
    rows = [row for row in points(frontier) if 0 < row["error_low"] < row["error_high"]]
    marks: alt.Chart = (
        alt.Chart(inline(rows))
        .mark_rule(strokeWidth=1.5, color=INK)
        .encode(x=alt.X("training_flops:Q", **x), y=alt.Y("error_low:Q", **y), y2="error_high:Q")
    )
    return marks


def _frontier(frontier: pl.DataFrame, x: _Axis, y: _Axis, fill: alt.Color) -> alt.Chart:
    marks: alt.Chart = (
        alt.Chart(inline(points(frontier)))
        .mark_point(shape="circle", filled=True, size=95, opacity=1, stroke=INK, strokeWidth=1.75)
        .encode(
            x=alt.X("training_flops:Q", **x),
            y=alt.Y("test_error:Q", **y),
            color=fill,
            tooltip=TOOLTIP,
        )
    )
    return marks


def _bands(laws: Sequence[_Law], x: _Axis, y: _Axis) -> list[alt.Chart]:
    return [
        alt.Chart(inline(law.rows))
        .mark_area(color=fit_style(law.name).colour, opacity=0.1, clip=True)
        .encode(
            x=alt.X("flops:Q", **x),
            y=alt.Y("low:Q", **y),
            y2="high:Q",
        )
        for law in laws
    ]


def _lines(laws: Sequence[_Law], x: _Axis, y: _Axis) -> list[alt.Chart]:
    if not laws:
        return []
    names = [law.name for law in laws]
    return [
        alt.Chart(inline([row for law in laws for row in law.rows]))
        .mark_line(strokeWidth=2, clip=True)
        .encode(
            x=alt.X("flops:Q", **x),
            y=alt.Y("error:Q", **y),
            stroke=alt.Stroke(
                "fit:N",
                scale=fit_scale(names, "colour"),
                legend=fit_legend(names, symbol="stroke"),
            ),
            strokeDash=alt.StrokeDash("fit:N", scale=fit_scale(names, "dash")),
        )
    ]


def _floor_line(floor: dict[str, Any] | None, y: _Axis) -> list[alt.Chart]:
    if floor is None:
        return []
    colour = fit_style(floor["fit"]).colour
    base = alt.Chart(inline([floor])).encode(y=alt.Y("floor:Q", **y))
    words = base.mark_text(color=colour, align="left", baseline="bottom", dy=-4, fontSize=12)
    return [
        base.mark_rule(color=colour, strokeDash=[6, 4], opacity=0.8),
        words.encode(x=alt.value(6), text="label:N"),
    ]
