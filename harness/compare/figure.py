"""The overlay: the study's cells and published curves on the same axes, a figure for each axis and response.

A curve is drawn solid over the range it was measured on, which is shaded, and thin and broken where it is continued to
the study's sizes; points are drawn where a paper gives points. Of a law of two sizes the other is held at its largest.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import altair as alt
import numpy as np

from harness.envelope import axis_values
from harness.errors import FitError
from harness.evidence import Evidence
from harness.paper.data import points
from harness.plots.figure import Figure
from harness.plots.numerals import number, scientific
from harness.plots.points import inline
from harness.plots.style import INK, framed, legend_above, log_axis
from harness.published import Curve
from harness.published.curve import Point

_TITLES = {
    "training_flops": "training FLOPs",
    "forward_flops": "FLOPs of a forward pass",
    "hardware_burden": "hardware burden (FLOP)",
    "params": "parameters",
    "examples": "training examples",
    "examples_seen": "examples seen",
    "width": "width",
}
_COLOURS = ("#2166ac", "#9a6f00", "#2f8065", "#7a4fa3", "#b8321c", "#4d4d4d", "#c06090", "#3f9aa8")
_STEPS = 60
_HEIGHT = 420
_LOWEST = 1e-3  # of the study's lowest: a curve continued far beyond its range may go where nothing can be seen


def overlays(curves: Sequence[Curve], evidence: Evidence) -> tuple[Figure, ...]:
    """A figure for each axis and response on which something can be drawn beside the study."""
    panels: dict[tuple[str, str], list[Curve]] = {}
    for curve in curves:
        for axis in curve.axes:
            if _drawable(curve, axis):
                panels.setdefault((axis, curve.response.quantity), []).append(curve)
    return tuple(_overlay(axis, response, drawn, evidence) for (axis, response), drawn in panels.items())


def _drawable(curve: Curve, axis: str) -> bool:
    known = axis in _TITLES and curve.response.quantity in ("error", "loss")
    return (
        known
        and curve.axis_factor(axis) is not None
        and curve.response_factor is not None
        and (curve.law is not None or bool(curve.points))
    )


def _overlay(axis: str, response: str, curves: Sequence[Curve], evidence: Evidence) -> Figure:
    title = f"{response.capitalize()} against {_TITLES[axis]}, the study and published curves"
    name = f"overlay_{axis}_{response}"
    try:
        sizes = axis_values(evidence, axis).to_list()
    except FitError as refusal:
        return Figure(name, title, f"Not drawn: {refusal}.", None)
    cells = _cell_rows(sizes, evidence, response)
    lines = [row for curve in curves for row in _line_rows(curve, axis, around=sizes)]
    dots = [row for curve in curves for row in _point_rows(curve, axis)]
    ranges = [row for curve in curves if (row := _range_row(curve, axis))]
    lowest = min(row["y"] for row in cells) * _LOWEST
    lines = [row for row in lines if row["y"] > lowest]
    xs = [row["x"] for row in (*cells, *lines, *dots)]
    ys = [row["y"] for row in (*cells, *lines, *dots)]
    x = log_axis(xs, title=_TITLES[axis])
    y = log_axis(ys, title="test error" if response == "error" else "test loss (nats)")
    colour = _colour([curve.name for curve in curves])
    place = {"x": alt.X("x:Q", **x), "y": alt.Y("y:Q", **y)}
    layers = [
        alt.Chart(inline(ranges)).mark_rect(opacity=0.06).encode(
            x=alt.X("low:Q", **x), x2="high:Q", color=colour
        ),
        alt.Chart(inline([row for row in lines if not row["inside"]])).mark_line(strokeWidth=1, strokeDash=[3, 4])
        .encode(**place, color=colour, detail="part:N"),
        alt.Chart(inline([row for row in lines if row["inside"]])).mark_line(strokeWidth=2.25).encode(
            **place, color=colour, detail="part:N"
        ),
        alt.Chart(inline(dots)).mark_point(filled=True, shape="diamond", size=60).encode(
            **place, color=colour, tooltip=[alt.Tooltip("curve:N"), alt.Tooltip("text:N", title="point")]
        ),
        alt.Chart(inline(cells)).mark_circle(size=46, color=INK, opacity=0.7).encode(
            **place, tooltip=[alt.Tooltip("text:N", title="study")]
        ),
    ]  # fmt: skip
    caption = (
        "Black dots are the study's cells. A published curve is solid over the sizes it was measured on, which are "
        "shaded, and broken where it is continued; diamonds are a paper's own points. Levels depend on data and task: "
        "what can be compared is the slope."
    )
    chart = framed(alt.LayerChart(layer=layers), height=_HEIGHT, description=f"{title}. {caption}")
    return Figure(name, title, caption, chart)


def _cell_rows(sizes: Sequence[float], evidence: Evidence, response: str) -> list[dict[str, Any]]:
    values = evidence.cells[f"test_{response}"].to_list()
    return [
        {"x": size, "y": value, "text": f"{scientific(size)}: {number(value)}"}
        for size, value in zip(sizes, values, strict=True)
        if value is not None and value > 0
    ]


def _line_rows(curve: Curve, axis: str, *, around: Sequence[float]) -> list[dict[str, Any]]:
    """The law over its range and on to the study's sizes, in our units."""
    span, size_factor, value_factor = curve.axes[axis].range, curve.axis_factor(axis), curve.response_factor
    if curve.law is None or span is None or size_factor is None or value_factor is None:
        return []
    low, high = (end * size_factor for end in span)
    ends = sorted({min([low, *around]), low, high, max([high, *around])})
    rows = []
    for part, (start, end) in enumerate(pairwise(ends)):
        sizes = np.geomspace(start, end, _STEPS)
        others = {name: np.full(_STEPS, (one.range or (1.0, 1.0))[1]) for name, one in curve.axes.items()}
        values = curve.value(others | {axis: sizes / size_factor}) * value_factor
        inside = low <= start * 1.0000001 and end <= high * 1.0000001
        rows += [
            {"x": float(size), "y": float(value), "curve": curve.name, "inside": inside, "part": f"{curve.name} {part}"}
            for size, value in zip(sizes, values, strict=True)
            if np.isfinite(value) and value > 0 and (value <= 1 or curve.response.quantity != "error")
        ]
    return rows


def _point_rows(curve: Curve, axis: str) -> list[dict[str, Any]]:
    size_factor, value_factor = curve.axis_factor(axis), curve.response_factor
    if size_factor is None or value_factor is None:
        return []
    return [
        {
            "x": point.x * size_factor,
            "y": point.y * value_factor,
            "curve": curve.name,
            "text": f"{point.label + ': ' if point.label else ''}{number(point.y * value_factor)}",
        }
        for point in curve.points or _tabled(curve)
    ]


def _tabled(curve: Curve) -> tuple[Point, ...]:
    """The networks that the curve was fitted to, where they stand in a table of their own."""
    if curve.table is None:
        return ()
    found = points(curve.table.edition, curve.table.benchmark, curve.table.axis)
    rows = zip(found.compute, found.error, found.names, strict=True)
    return tuple(Point(x=float(x), y=float(y), label=name) for x, y, name in rows)


def _range_row(curve: Curve, axis: str) -> dict[str, Any] | None:
    span, size_factor = curve.axes[axis].range, curve.axis_factor(axis)
    if span is None or size_factor is None:
        return None
    return {"low": span[0] * size_factor, "high": span[1] * size_factor, "curve": curve.name}


def _colour(names: Sequence[str]) -> alt.Color:
    colours = [_COLOURS[number % len(_COLOURS)] for number in range(len(names))]
    return alt.Color("curve:N", scale=alt.Scale(domain=list(names), range=colours), legend=legend_above("published"))
