"""The exponents of everything on one axis."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt

from harness.plots.figure import Figure
from harness.plots.numerals import interval, number
from harness.plots.points import inline
from harness.plots.style import ACCENT, INK, MUTED, framed, log_axis

_ROW = 21  # pixels
_LABEL = 165  # pixels of a name, so that a phone has room for the picture; the tooltip has the whole
_DOMAIN = (1.9, 105.0)
GROUPS = {
    "paper, error on computation": "#2b6a99",
    "paper, other readings": "#7aa6c9",
    "published, above a floor": "#9a6f00",
    "published, no floor": "#cfa53a",
    "torchvision": "#2f8065",
    "your study": ACCENT,
}
_LANDMARKS: tuple[tuple[float, str, Literal["left", "right"]], ...] = (
    (4.0, "theory 4", "right"),
    (9.0, "popular 9", "left"),
)
_TOOLTIP = [alt.Tooltip(f"{name}:N", title=title) for name, title in (
    ("label", "what"), ("value_text", "exponent"), ("interval_text", "95 % interval"), ("group", "group"))]  # fmt: skip


@dataclass(frozen=True)
class Exponent:
    """C grows as the ``value``-th power of 1/error; an infinite end is one that the points don't bound."""

    label: str
    group: str
    value: float
    bounds: tuple[float, float] | None


def exponents_figure(name: str, title: str, caption: str, exponents: Sequence[Exponent]) -> Figure:
    """A row an exponent, in the order given: a dot, its interval, and an arrow where one goes on."""
    axis = log_axis(_DOMAIN, title="compute exponent, p")
    order = [one.label for one in exponents]
    y = alt.Y("label:N", sort=order, axis=alt.Axis(title=None, labelLimit=_LABEL, ticks=False, grid=True))
    colour = _colour()
    rows = [_row(one) for one in exponents]
    bars = alt.Chart(inline(rows)).mark_rule(strokeWidth=2, opacity=0.7)
    spots = alt.Chart(inline([row for row in rows if row["inside"]])).mark_circle(size=75, opacity=1)
    layers = [
        *_landmarks(axis),
        bars.encode(x=alt.X("low:Q", **axis), x2="high:Q", y=y, color=colour),
        *_arrows(rows, y, colour, axis),
        spots.encode(x=alt.X("value:Q", **axis), y=y, color=colour, tooltip=_TOOLTIP),
    ]
    chart = framed(alt.LayerChart(layer=layers), height=_ROW * len(rows), description=f"{title}. {caption}")
    return Figure(name, title, caption, chart)


def _colour() -> alt.Color:
    """One colour a group; the page names them above the figure, where a phone has room."""
    return alt.Color("group:N", scale=alt.Scale(domain=list(GROUPS), range=list(GROUPS.values())), legend=None)


def _row(one: Exponent) -> dict[str, Any]:
    low, high = one.bounds or (one.value, one.value)
    return {
        "label": one.label,
        "group": one.group,
        "value": one.value if math.isfinite(one.value) else None,
        "low": _inside(low),
        "high": _inside(high),
        "goes_on": high > _DOMAIN[1],
        "inside": _DOMAIN[0] <= one.value <= _DOMAIN[1],
        "value_text": number(one.value),
        "interval_text": interval(one.bounds),
    }


def _inside(value: float) -> float:
    return min(max(value, _DOMAIN[0]), _DOMAIN[1])


def _landmarks(axis: Mapping[str, Any]) -> list[alt.Chart]:
    x, layers = alt.X("value:Q", **axis), []
    for value, text, side in _LANDMARKS:
        base = alt.Chart(inline([{"value": value, "text": text}])).encode(x=x)
        away = 3 if side == "left" else -3
        words = base.mark_text(color=MUTED, align=side, baseline="bottom", dx=away, dy=-2, fontSize=12)
        layers += [
            base.mark_rule(color=INK, strokeDash=[4, 3], opacity=0.7),
            words.encode(y=alt.value(0), text="text:N"),
        ]
    return layers


def _arrows(rows: Iterable[dict[str, Any]], y: alt.Y, colour: alt.Color, axis: Mapping[str, Any]) -> list[alt.Chart]:
    further = [row for row in rows if row["goes_on"]]
    if not further:
        return []
    heads = alt.Chart(inline(further)).mark_point(shape="triangle-right", filled=True, size=70, opacity=1)
    return [heads.encode(x=alt.X("high:Q", **axis), y=y, color=colour, tooltip=_TOOLTIP)]
