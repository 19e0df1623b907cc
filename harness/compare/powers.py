"""The powers of a study's arms beside published ones, against the property of the data that names the arms."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np

from harness.compare.comparison import Comparison
from harness.plots.figure import Figure
from harness.plots.numerals import interval, number
from harness.plots.points import inline
from harness.plots.style import INK, framed, legend_above, log_axis
from harness.published import Curve

_COLOURS = ("#2166ac", "#9a6f00", "#2f8065", "#7a4fa3", "#b8321c")
_STEPS = 40
_HEIGHT = 360


def powers(rows: Sequence[Comparison]) -> tuple[Figure, ...]:
    """A figure for each property and size that arms were compared over."""
    panels: dict[tuple[str, str], list[Comparison]] = {}
    for row in rows:
        if row.at is not None and row.curve.power_of is not None and row.measured is not None:
            panels.setdefault((next(iter(row.curve.axes)), row.curve.power_of.axis), []).append(row)
    return tuple(_figure(name, size, those) for (name, size), those in panels.items())


def _figure(name: str, size: str, rows: Sequence[Comparison]) -> Figure:
    words, of = name.replace("_", " "), size.replace("_", " ")
    arms = [_arm_row(row) for row in {row.at: row for row in rows}.values()]
    curves = list({row.curve.name: row.curve for row in rows}.values())
    lines = [row for curve in curves for row in _line_rows(curve, name)]
    dots = [{"x": point.x, "y": point.y, "curve": curve.name} for curve in curves for point in curve.points]
    x = log_axis([row["x"] for row in (*arms, *lines, *dots)], title=words)
    heights = [row[key] for row in arms for key in ("y", "low", "high") if row[key] > 0]
    y = log_axis([*heights, *(row["y"] for row in (*lines, *dots))], title=f"power of {of}")
    names = [curve.name for curve in curves]
    colour = alt.Color(
        "curve:N",
        scale=alt.Scale(domain=names, range=[_COLOURS[number % len(_COLOURS)] for number in range(len(names))]),
        legend=legend_above("published"),
    )
    place = {"x": alt.X("x:Q", **x), "y": alt.Y("y:Q", **y)}
    layers = [
        alt.Chart(inline(lines)).mark_line(strokeWidth=2).encode(**place, color=colour),
        alt.Chart(inline(dots)).mark_point(filled=True, shape="diamond", size=60).encode(**place, color=colour),
        alt.Chart(inline([row for row in arms if row["low"] > 0])).mark_rule(color=INK).encode(
            x=alt.X("x:Q", **x), y=alt.Y("low:Q", **y), y2="high:Q"
        ),
        alt.Chart(inline(arms)).mark_circle(size=60, color=INK, opacity=1).encode(
            **place, tooltip=[alt.Tooltip("text:N", title="study")]
        ),
    ]  # fmt: skip
    title = f"The power of {of} against {words}, the study's arms and published"
    caption = (
        "Black dots are the study's arms with their 95 % intervals. A line is a published law over the range it holds "
        "for; diamonds are powers that a paper measured."
    )
    chart = framed(alt.LayerChart(layer=layers), height=_HEIGHT, description=f"{title}. {caption}")
    return Figure(f"powers_{name}_{size}", title, caption, chart)


def _arm_row(row: Comparison) -> dict[str, Any]:
    assert row.measured is not None
    low, high = row.measured.interval
    text = f"{row.at:g}: {number(row.measured.value)} [{interval(row.measured.interval)}]"
    return {"x": row.at, "y": row.measured.value, "low": low, "high": high, "text": text}


def _line_rows(curve: Curve, name: str) -> list[dict[str, Any]]:
    span = curve.axes[name].range
    if curve.law is None or span is None:
        return []
    sizes = np.geomspace(span[0], span[1], _STEPS)
    return [
        {"x": float(size), "y": float(value), "curve": curve.name}
        for size, value in zip(sizes, curve.value({name: sizes}), strict=True)
    ]
