"""What the training FLOPs cost: wall time, and the share of the hardware's peak that was used."""

import altair as alt
import polars as pl

from harness.evidence import Evidence
from harness.plots.figure import Figure
from harness.plots.points import TOOLTIP, drawable, inline, points, width_labels
from harness.plots.style import framed, log_axis, ordered_colour
from harness.plots.thinning import thinned, thinning_note

_HEIGHT = 300


def wall_time(evidence: Evidence) -> Figure:
    """Wall seconds of training against training FLOPs, both on log axes, a point a cell."""
    cells = drawable(evidence.cells, "training_flops", "wall_seconds")
    title = "Wall time against training FLOPs"
    if cells.is_empty():
        return Figure("wall_time", title, "No cell has a measured wall time.", None)
    drawn = thinned(cells, "training_flops", "wall_seconds")
    caption = (
        "Points above the trend spend their time on something other than arithmetic; at constant utilisation the "
        f"points lie on one straight line of slope one.{thinning_note(drawn, of=cells)}"
    )
    y = alt.Y("wall_seconds:Q", **log_axis(cells["wall_seconds"], title="wall time of training (s)"))
    return Figure("wall_time", title, caption, _scatter(drawn, y, caption=f"{title}. {caption}"))


def utilisation(evidence: Evidence) -> Figure:
    """Training FLOPs over what the hardware could have done in that time, against training FLOPs."""
    cells = drawable(evidence.cells, "training_flops", "utilisation")
    title = "Utilisation against training FLOPs"
    if cells.is_empty():
        return Figure("utilisation", title, "No cell has a known utilisation: the peak rate is not known.", None)
    drawn = thinned(cells, "training_flops", "utilisation")
    caption = (
        "Where utilisation drifts along the axis, a law in hardware time is not the law in FLOPs."
        f"{thinning_note(drawn, of=cells)}"
    )
    y = alt.Y(
        "utilisation:Q",
        scale=alt.Scale(zero=True, nice=True),
        axis=alt.Axis(title="share of peak FLOP/s used", format=".0~%", tickCount=5),
    )
    return Figure("utilisation", title, caption, _scatter(drawn, y, caption=f"{title}. {caption}"))


def _scatter(cells: pl.DataFrame, y: alt.Y, *, caption: str) -> alt.LayerChart:
    marks = (
        alt.Chart(inline(points(cells)))
        .mark_circle(size=52, opacity=0.8)
        .encode(
            x=alt.X("training_flops:Q", **log_axis(cells["training_flops"], title="training FLOPs")),
            y=y,
            color=ordered_colour("width_text", width_labels(cells), title="width"),
            tooltip=TOOLTIP,
        )
    )
    return framed(alt.LayerChart(layer=[marks]), height=_HEIGHT, description=caption)
