"""IsoFLOP profiles: at one budget, error against model size, and where the parabola has its minimum."""

import math
from typing import Any

import altair as alt
import numpy as np
import polars as pl

from harness.evidence import Evidence
from harness.fits.isoflop import IsoflopProfile
from harness.plots.figure import Figure
from harness.plots.numerals import count, number, scientific
from harness.plots.points import TOOLTIP, drawable, inline, points
from harness.plots.style import INK, WARM, framed, log_axis, ordered_colour
from harness.plots.thinning import thinned, thinning_note

_HEIGHT = 420
_STEPS = 40


def isoflop_profiles(evidence: Evidence) -> Figure:
    """Every cell of a budget with the budget's parabola, and the minima joined from budget to budget."""
    title = "IsoFLOP profiles: test error against parameters at equal training FLOPs"
    name = "isoflop_profiles"
    cells = drawable(evidence.cells, "budget_flops", "params", "test_error")
    profiles = evidence.isoflop
    if cells.is_empty() or not profiles:
        return Figure(name, title, "No budget in FLOPs was trained at several sizes, so there is no profile.", None)
    drawn = thinned(cells, "params", "test_error", "budget_flops")
    caption = (
        "Each valley is one budget; a filled diamond is its best size, a hollow one the lowest cell of a budget "
        f"whose sizes don't bracket a minimum.{thinning_note(drawn, of=cells)}"
    )
    marks = [mark for profile in profiles for mark in _marks(profile)]
    heights = [*cells["test_error"].to_list(), *(mark["test_error"] for mark in marks)]
    x = alt.X("params:Q", **log_axis(cells["params"], title="parameters"))
    y = alt.Y("test_error:Q", **log_axis(heights, title="test error"))
    budgets = [_name(profile.budget) for profile in profiles]
    colour = ordered_colour("budget", budgets, title="training FLOPs", ramp_stops=WARM)
    place = {"x": x, "y": y, "color": colour}
    layers = [
        alt.Chart(inline(_joined(marks))).mark_line(color=INK, strokeWidth=1, strokeDash=[2, 3]).encode(x=x, y=y),
        alt.Chart(inline(_curves(profiles))).mark_line(strokeWidth=1.5, clip=True).encode(**place),
        alt.Chart(inline(_cells(drawn, profiles))).mark_circle(size=46, opacity=0.9).encode(**place, tooltip=TOOLTIP),
        _diamonds(marks, x, y),
    ]
    chart = framed(alt.LayerChart(layer=layers), height=_HEIGHT, description=f"{title}. {caption}")
    return Figure(name, title, caption, chart)


def _name(budget: float) -> str:
    """A budget as the legend has it; three digits tell any two profiles apart."""
    return scientific(budget, 3)


def _cells(cells: pl.DataFrame, profiles: tuple[IsoflopProfile, ...]) -> list[dict[str, Any]]:
    """The cells as points, each under the name of its profile's budget."""

    def budget(flops: float) -> str:
        return _name(min((profile.budget for profile in profiles), key=lambda each: abs(math.log(each / flops))))

    return [row | {"budget": budget(row["budget_flops"])} for row in points(cells)]


def _curves(profiles: tuple[IsoflopProfile, ...]) -> list[dict[str, Any]]:
    drawn = [profile for profile in profiles if profile.coefficients is not None]
    return [
        {"budget": _name(profile.budget), "params": params, "test_error": error}
        for profile in drawn
        for params, error in zip(*_parabola(profile), strict=True)
    ]


def _parabola(profile: IsoflopProfile) -> tuple[list[float], list[float]]:
    sizes = np.geomspace(profile.params.min(), profile.params.max(), _STEPS)
    return sizes.tolist(), profile.predict(sizes).tolist()


def _marks(profile: IsoflopProfile) -> list[dict[str, Any]]:
    """The minimum of a profile that brackets one; else its lowest cell, if it has a cell to compare with."""
    if profile.optimum_params is not None:
        params, error = profile.optimum_params, profile.optimum_error
        words = f"{count(round(params))} parameters"
    elif len(profile.params) > 1:
        lowest = int(np.argmin(profile.error))
        params, error = float(profile.params[lowest]), float(profile.error[lowest])
        words = f"not found: {profile.reason}"
    else:
        return []
    return [
        {
            "params": params,
            "test_error": error,
            "interior": profile.interior,
            "flops_text": _name(profile.budget),
            "minimum_text": words,
            "error_text": number(error),
        }
    ]


def _joined(marks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [mark for mark in marks if mark["interior"]]


def _diamonds(marks: list[dict[str, Any]], x: alt.X, y: alt.Y) -> alt.Chart:
    filled = alt.condition(alt.datum.interior, alt.value(INK), alt.value("white"))
    tooltip = [
        alt.Tooltip("flops_text:N", title="budget, FLOPs"),
        alt.Tooltip("minimum_text:N", title="best size"),
        alt.Tooltip("error_text:N", title="test error"),
    ]
    diamonds: alt.Chart = (
        alt.Chart(inline(marks))
        .mark_point(shape="diamond", size=110, opacity=1, stroke=INK, strokeWidth=1.5)
        .encode(x=x, y=y, fill=filled, tooltip=tooltip)
    )
    return diamonds
