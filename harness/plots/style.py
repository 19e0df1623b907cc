"""What the figures share: colours, type, log axes, and a chart's frame.

Everything is explicit (tick values, domains, labels, no generated name), so the same evidence gives the same bytes.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt

from harness.forms import FORMS
from harness.plots.numerals import scientific

INK = "#1f2328"
MUTED = "#667080"
GRID = "#e9ebee"
ACCENT = "#b8321c"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif"
FIGURE_WIDTH = 880
_NARROW = 560  # pixels of plot under which a legend wraps


@dataclass(frozen=True)
class FitStyle:
    """How a fit looks in every figure; dash and mark tell the fits apart without colour."""

    title: str
    colour: str
    dash: tuple[int, ...]
    mark: str

    @property
    def label(self) -> str:
        """The title, or its end where a legend on a phone has no room for all of it."""
        return self.title.removeprefix("power law ") if len(self.title) > _LONG_LABEL else self.title


_FIT_STYLES = {
    "power_floor": FitStyle(FORMS["power_floor"].title, ACCENT, (1, 0), "circle"),
    "power": FitStyle(FORMS["power"].title, INK, (7, 4), "square"),
    "surface": FitStyle("joint surface at its best allocation", "#9a6f00", (2, 2), "diamond"),
    "m4": FitStyle(FORMS["m4"].title, "#2b6ca3", (5, 2), "diamond"),
    "rosenfeld": FitStyle(FORMS["rosenfeld"].title, "#5b8f2a", (1, 3), "cross"),
    "broken_power": FitStyle(FORMS["broken_power"].title, "#a3487f", (8, 2, 1, 2), "triangle-right"),
    "exponential_error": FitStyle(FORMS["exponential_error"].title, "#7a4fa3", (9, 3, 2, 3), "triangle-up"),
    "exponential_performance": FitStyle(FORMS["exponential_performance"].title, "#2f8065", (4, 2), "triangle-down"),
}

_MOST_ENTRIES = 9
_LONG_LABEL = 35  # characters
_SHORT_LABEL = 5  # characters, three of which stand side by side on a phone
_FEWEST_TICKS = 5
_TICK_MANTISSAS: tuple[tuple[float, ...], ...] = (
    (1, 2, 5),
    (1, 1.5, 2, 3, 5, 7),
    (1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8),
    tuple(halves / 2 for halves in range(2, 20)),
    tuple(fifths / 5 for fifths in range(5, 50)),
    tuple(tenths / 10 for tenths in range(10, 100)),
)

Stops = tuple[tuple[int, int, int], ...]
COOL: Stops = ((150, 190, 220), (94, 155, 201), (33, 102, 172), (5, 40, 90))
WARM: Stops = ((243, 190, 160), (224, 122, 82), (184, 50, 28), (90, 16, 8))


def fit_style(name: str) -> FitStyle:
    """The look of a fit; one that has none of its own is grey under its own name."""
    return _FIT_STYLES.get(name) or FitStyle(name.replace("_", " "), MUTED, (3, 3), "triangle-left")


def fit_scale(names: Sequence[str], look: Literal["colour", "dash", "mark"]) -> alt.Scale:
    """The scale that gives every fit in ``names`` its own look."""
    styles = [fit_style(name) for name in names]
    looks = [list(getattr(style, look)) if look == "dash" else getattr(style, look) for style in styles]
    return alt.Scale(domain=[style.label for style in styles], range=looks)


def ramp(steps: int, *, stops: Stops = COOL) -> list[str]:
    """Hex colours from light to dark, evenly spread over the ``stops``."""
    return [_blend(step / max(1, steps - 1) * (len(stops) - 1), stops) for step in range(steps)]


def _blend(position: float, stops: Stops) -> str:
    left = min(int(position), len(stops) - 2)
    share = position - left
    mixed = (round(a + share * (b - a)) for a, b in zip(stops[left], stops[left + 1], strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def ordered_colour(field: str, labels: Sequence[str], *, title: str, ramp_stops: Stops = COOL) -> alt.Color:
    """Colour for an ordered property: ``labels`` from the smallest to the largest go from light to dark.

    The legend names at most nine of them, evenly spread; the ramp says the rest.
    """
    scale = alt.Scale(domain=list(labels), range=ramp(len(labels), stops=ramp_stops))
    steps = min(len(labels), _MOST_ENTRIES)
    named = [labels[round(step * (len(labels) - 1) / max(1, steps - 1))] for step in range(steps)]
    narrow_columns = 3 if max(map(len, labels), default=0) <= _SHORT_LABEL else 2
    legend = _legend(title, "bottom", symbol="circle", columns=steps, narrow_columns=narrow_columns)
    legend["values"] = named
    return alt.Color(f"{field}:O", sort=list(labels), scale=scale, legend=legend)


def fit_legend(names: Sequence[str], *, symbol: str | None = None) -> alt.Legend:
    """The legend of the fits, above the plot; ``symbol`` overrides the marks of the fits."""
    has_long = any(len(fit_style(name).label) > _LONG_LABEL for name in names)
    legend = _legend(None, "top", symbol=symbol, columns=2 if has_long else min(len(names), 4), narrow_columns=1)
    legend["labelLimit"] = 300
    return legend


def legend_above(title: str) -> alt.Legend:
    """A legend of lines above the plot, with room for long names."""
    legend = _legend(title, "top", symbol="stroke", columns=3, narrow_columns=1)
    legend["labelLimit"] = 300
    return legend


def _legend(
    title: str | None, orient: Literal["top", "bottom"], *, symbol: str | None, columns: int, narrow_columns: int
) -> alt.Legend:
    """A legend that takes fewer columns on a narrow screen: the expression follows the width of the plot."""
    return alt.Legend(
        title=title,
        orient=orient,
        titleOrient="left",
        columns=alt.ExprRef(f"width < {_NARROW} ? {narrow_columns} : {columns}"),
        symbolType=symbol or alt.Undefined,
        symbolOpacity=1,
        symbolStrokeWidth=2 if symbol == "stroke" else 0,
        symbolSize=300 if symbol == "stroke" else 100,
    )


def log_axis(values: Iterable[float], *, title: str) -> dict[str, Any]:
    """Scale and axis of a logarithmic channel that just holds ``values``, with readable ticks over any range.

    Used as ``alt.X("training_flops:Q", **log_axis(...))``; layers that share it get one and the same axis.
    """
    low, high = padded(values)
    ticks = log_ticks(low, high)
    # JavaScript writes 1.0e+9 where Python writes 1.0e+09.
    keys = [f"{tick:.1e}".replace("e+0", "e+").replace("e-0", "e-") for tick in ticks]
    names = ", ".join(f"'{key}': '{label}'" for key, label in zip(keys, tick_labels(ticks), strict=True))
    return {
        "scale": alt.Scale(type="log", domain=[low, high], nice=False),
        "axis": alt.Axis(title=title, values=ticks, labelExpr=f"{{{names}}}[format(datum.value, '.1e')]"),
    }


def padded(values: Iterable[float]) -> tuple[float, float]:
    """The range of positive ``values`` with a margin on a log scale; a range of one value is opened to both sides."""
    seen = [value for value in values if value is not None and math.isfinite(value) and value > 0]
    low, high = min(seen), max(seen)
    margin = max((high / low) ** 0.05, 1.04 if high > low else 1.5)
    return low / margin, high * margin


def log_ticks(low: float, high: float) -> list[float]:
    """Round numbers from ``low`` to ``high``: powers of ten over two decades or more, else as fine as gives five."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    span = math.log10(high / low)
    if span >= 2:
        every = math.ceil(span / 8)
        return [10.0**k for k in decades if low <= 10.0**k <= high and k % every == 0]
    ticks: list[float] = []
    for mantissas in _TICK_MANTISSAS:
        candidates = (float(f"{mantissa * 10.0**k:.3g}") for k in decades for mantissa in mantissas)
        ticks = [tick for tick in candidates if low <= tick <= high]
        if len(ticks) >= _FEWEST_TICKS:
            return ticks
    return ticks or [float(f"{math.sqrt(low * high):.2g}")]


def tick_labels(ticks: Sequence[float]) -> list[str]:
    """``0.10, 0.12`` where the ticks are plain numbers, ``2×10⁴, 5×10⁴`` where one is very large or small."""
    if not (min(ticks) >= 1e-3 and max(ticks) < 1e5):
        return [scientific(tick) for tick in ticks]
    plain = [f"{tick:.6g}" for tick in ticks]
    if max(ticks) / min(ticks) >= 10:
        return plain
    decimals = max(len(label.partition(".")[2]) for label in plain)
    return [f"{tick:.{decimals}f}" for tick in ticks]


def framed(chart: alt.LayerChart, *, height: int, description: str) -> alt.LayerChart:
    """The chart at its size for print, in the type and colours of the report."""
    sized = chart.properties(width=FIGURE_WIDTH, height=height, description=description, background="white")
    styled: alt.LayerChart = sized.configure(
        font=FONT,
        axis=alt.AxisConfig(
            labelColor=INK,
            labelFontSize=12,
            titleColor=INK,
            titleFontSize=13,
            titleFontWeight="normal",
            titlePadding=10,
            labelPadding=6,
            labelSeparation=6,
            gridColor=GRID,
            domainColor=MUTED,
            tickColor=MUTED,
            tickSize=4,
        ),
        legend=alt.LegendConfig(
            labelColor=INK,
            labelFontSize=12,
            labelLimit=260,
            titleColor=MUTED,
            titleFontSize=12,
            titleFontWeight="normal",
            titlePadding=12,
            rowPadding=3,
            columnPadding=14,
        ),
        view=alt.ViewConfig(stroke=None),
    )
    return styled
