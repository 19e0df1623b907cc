"""Draw ``docs/scale.png`` from ``docs/scale.csv``, the rows that ``test_scale.py`` prints: a command of its own."""

from pathlib import Path

import altair as alt
import polars as pl
import vl_convert

from harness.plots import VEGA_LITE
from harness.plots.numerals import without_superscripts
from harness.plots.points import inline
from harness.plots.style import framed, legend_above, log_axis

DOCS = Path(__file__).parents[2] / "docs"
COLOURS = {"plan": "#2166ac", "collect, first": "#b8321c", "collect, unchanged": "#2f8065", "status": "#9a6f00",
           "report": "#7a4fa3"}  # fmt: skip


def draw(rows: pl.DataFrame) -> bytes:
    """Processor seconds of each verb against the number of runs."""
    rows = rows.filter(pl.col("what").is_in(list(COLOURS)))
    scale = alt.Scale(domain=list(COLOURS), range=list(COLOURS.values()))
    base = alt.Chart(inline(rows.to_dicts())).encode(
        x=alt.X("runs:Q", **log_axis(rows["runs"], title="runs")),
        y=alt.Y("processor_seconds:Q", **log_axis(rows["processor_seconds"], title="seconds of the processor")),
        color=alt.Color("what:N", scale=scale, legend=legend_above("verb")),
    )
    chart = alt.LayerChart(layer=[base.mark_line(strokeWidth=2), base.mark_circle(size=70, opacity=1)])
    drawn = framed(chart, height=380, description="What each verb takes at 100 to 100,000 runs").to_json()
    return bytes(vl_convert.vegalite_to_png(without_superscripts(drawn), vl_version=VEGA_LITE, scale=1.5))


if __name__ == "__main__":
    (DOCS / "scale.png").write_bytes(draw(pl.read_csv(DOCS / "scale.csv")))
