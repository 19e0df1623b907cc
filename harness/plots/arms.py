"""The arms of a study side by side: the best cells of each along what the study varies, and a line through them."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np

from harness.along import AXIS_NOUNS, main_axis, measure
from harness.envelope import envelope
from harness.errors import FitError
from harness.evidence import Evidence
from harness.plots.figure import Figure
from harness.plots.points import TOOLTIP, drawable, inline, points
from harness.plots.style import framed, log_axis

_HEIGHT = 420
_STEPS = 40
_COLOURS = ("#2166ac", "#b8321c", "#2f8065", "#7a4fa3", "#9a6f00", "#5b8f2a", "#a3487f", "#667080")


def arms_figure(arms: Mapping[str, Evidence]) -> Figure:
    """Test error of every arm's best cells along the axis that the study varies most, with its power law."""
    axis = main_axis(next(iter(arms.values())))
    title = f"The arms: test error against {AXIS_NOUNS[axis]}"
    rows = [row for label, evidence in arms.items() for row in _cells(label, evidence, axis)]
    if not rows:
        return Figure("arms", title, "No arm has a finished cell to show.", None)
    lines = [row for label, evidence in arms.items() for row in _line(label, evidence, axis)]
    caption = (
        "Dots are an arm's cells, and where sizes were run more than one way those that no smaller one beats on "
        "validation; lines are power laws through them."
    )
    x = alt.X("size:Q", **log_axis([row["size"] for row in rows], title=AXIS_NOUNS[axis]))
    y = alt.Y("test_error:Q", **log_axis([row["test_error"] for row in rows], title="test error"))
    labels = list(arms)
    scale = alt.Scale(domain=labels, range=[_COLOURS[i % len(_COLOURS)] for i in range(len(labels))])
    colour = alt.Color("arm:N", scale=scale, legend=alt.Legend(title="arm", orient="top", symbolType="circle"))
    layers = [
        alt.Chart(inline(lines)).mark_line(strokeWidth=1.5, clip=True).encode(x=x, y=y, color=colour),
        alt.Chart(inline(rows)).mark_circle(size=70, opacity=0.9).encode(x=x, y=y, color=colour, tooltip=TOOLTIP),
    ]
    chart = framed(alt.LayerChart(layer=layers), height=_HEIGHT, description=f"{title}. {caption}")
    return Figure("arms", title, caption, chart)


def _cells(label: str, evidence: Evidence, axis: str) -> list[dict[str, Any]]:
    try:
        best = drawable(envelope(evidence, axis, response="error").cells, "size", "test_error")
    except FitError:  # an arm that does not vary the axis has no line on it
        return []
    return [row | {"arm": label} for row in points(best)]


def _line(label: str, evidence: Evidence, axis: str) -> list[dict[str, Any]]:
    try:
        fit = measure(evidence, axis, response="error", floor=False).fit
    except FitError:
        return []
    if fit is None:
        return []
    grid = np.geomspace(fit.compute.min(), fit.compute.max(), _STEPS)
    drawn = fit.predict(grid).error
    return [
        {"arm": label, "size": at, "test_error": error} for at, error in zip(grid.tolist(), drawn.tolist(), strict=True)
    ]
