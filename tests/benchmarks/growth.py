"""What every verb costs at every size: measured, kept as CSV, and told from it in docs/performance.md and a figure.

``python -m tests.benchmarks.growth`` tells it again. With ``--measure`` it is measured first, which takes minutes of a
quiet machine and some 3 GB under TMPDIR, a quick place.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import altair as alt
import polars as pl
import vl_convert

from harness.plots import VEGA_LITE
from harness.plots.style import ACCENT, INK, framed, legend_above, log_axis
from harness.study import load_study
from tests.benchmarks.many_runs import GRIDS, words, write_study

DOCS = Path(__file__).parents[2] / "docs"
KEPT, FIGURE, PAGE = DOCS / "figures" / "scale.csv", DOCS / "figures" / "scale.svg", DOCS / "performance.md"
LARGEST = max(GRIDS)
FRESH = "with nothing remembered"
VERBS = (
    ("plan", "plan --json", FRESH),
    ("collect, first", "collect", FRESH),
    ("collect, unchanged", "collect"),
    ("status", "status"),
    ("report", "report"),
    ("status, first", "status", FRESH),
)  # as they are named, as they are typed
BARS = {"plan": 100.0, "collect, first": 15.0, "collect, unchanged": 2.0, "status, first": 5.0, "status": 5.0,
        "report": 20.0}  # seconds at LARGEST  # fmt: skip
PAGE_BAR, MEMORY_BAR = 8.0, 2**30 / 1e6  # MB; ``plan`` counts with torch, which takes 0.9 GB before the first run
SLOW = 0.010  # seconds of an operation by path, on a file system that is shared by many
PATHS = {"plan": 1, "collect, first": 4, "collect, unchanged": 2, "status": 2, "report": 2}  # a run, by strace
LOOKS = {
    "plan": (INK, [1, 0]), "collect, first": (ACCENT, [1, 0]), "collect, unchanged": (ACCENT, [3, 3]),
    "status, first": ("#2b6ca3", [1, 0]), "status": ("#2b6ca3", [3, 3]), "report": ("#5b8f2a", [6, 3]),
}  # fmt: skip

_CHILD = Path(__file__).with_name("measured_child.py")
_SETTLED = 3  # seconds after which a file that was written is no longer one that may still be changing
SCHEMA = {"verb": pl.String, "runs": pl.Int64, "processor": pl.Float64, "wall": pl.Float64, "megabytes": pl.Float64}


def measure(sizes: Iterable[int], *, folder: Path) -> pl.DataFrame:
    """A row a verb and size: seconds of the processor and by the clock, MB of memory; of ``page`` its own MB.

    Seconds are of whole commands, Python's start included. The runs are written first and removed afterwards.
    """
    rows: list[tuple[str, int, float, float, float]] = []
    for runs in sizes:
        output = folder / f"runs-{runs}"
        overrides = words(runs, output)
        assert len(write_study(overrides).runs) == runs
        time.sleep(_SETTLED)
        for name, command, *fresh in VERBS:
            if fresh:
                shutil.rmtree(output / "cache", ignore_errors=True)
            rows.append((name, runs, *_cost(*command.split(), *overrides)))
            print(*rows[-1], sep=",", flush=True)
        page = load_study(overrides).folder / "report.html"
        rows.append(("page", runs, 0.0, 0.0, round(page.stat().st_size / 1e6, 2)))
        shutil.rmtree(output)
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _cost(*command: str) -> tuple[float, float, float]:
    child = [sys.executable, "-I", "-S", str(_CHILD), f"{sys.prefix}/bin/harness", *command]
    done = subprocess.run(child, capture_output=True, text=True)
    took = json.loads(done.stdout.splitlines()[-1])
    assert took["code"] == 0, done.stderr[-2000:]
    return round(took["processor"], 2), round(took["wall"], 2), round(took["memory"] / 1e6, 1)


def of(costs: pl.DataFrame, verb: str, column: str = "processor") -> dict[int, float]:
    """What the verb took, by the number of runs."""
    return dict(costs.filter(pl.col("verb") == verb).select("runs", column).iter_rows())


def slope(costs: pl.DataFrame, verb: str, column: str = "processor") -> float:
    """What one more run costs, between the two largest sizes."""
    (few, less), (many, more) = sorted(of(costs, verb, column).items())[-2:]
    return (more - less) / (many - few)


def cost_table(costs: pl.DataFrame) -> str:
    """A row a verb in Markdown, its seconds at every size, and at the largest its memory and the bar."""
    sizes = sorted(costs["runs"].unique())
    heading = ("seconds of the processor", *(f"{runs:,} runs" for runs in sizes), "a run", "bar", "memory")
    rows = [heading, ("---",) * len(heading)]
    for verb, bar in BARS.items():
        took, memory = of(costs, verb), of(costs, verb, "megabytes")[sizes[-1]]
        within = "met" if took[sizes[-1]] <= bar and (verb == "plan" or memory <= MEMORY_BAR) else "missed"
        each = f"{1e6 * slope(costs, verb):.0f} µs"
        seconds = (f"{took[runs]:.1f}" for runs in sizes)
        rows.append((_typed(verb), *seconds, each, f"{bar:.0f} s: {within}", f"{memory:,.0f} MB"))
    page = of(costs, "page", "megabytes")
    within = "met" if page[sizes[-1]] <= PAGE_BAR else "missed"
    rows.append(("the page, MB", *(f"{page[runs]:.1f}" for runs in sizes), "", f"{PAGE_BAR:.0f} MB: {within}", ""))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def paper_table(costs: pl.DataFrame) -> str:
    """On paper: what a million runs cost, and what operations of 10 ms cost at every size, in Markdown."""
    sizes = (10_000, 100_000, 1_000_000)
    seconds, memory = (
        {verb: of(costs, verb, column)[LARGEST] + slope(costs, verb, column) * (sizes[-1] - LARGEST) for verb in PATHS}
        for column in ("processor", "megabytes")
    )
    rows = [("", *map(_typed, PATHS)), ("---",) * (1 + len(PATHS))]
    rows.append((f"{sizes[-1]:,} runs: processor", *map(_spoken, seconds.values())))
    rows.append((f"{sizes[-1]:,} runs: memory", *(f"{megabytes / 1000:.1f} GB" for megabytes in memory.values())))
    rows.append(("operations by path, a run", *map(str, PATHS.values())))
    for runs in sizes:
        rows.append((f"{runs:,} runs: waiting", *(_spoken(SLOW * each * runs) for each in PATHS.values())))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _typed(verb: str) -> str:
    """``collect, first`` with its first word as one types it."""
    word, comma, rest = verb.partition(",")
    return f"`{word}`{comma}{rest}"


def _spoken(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def told(page: str, costs: pl.DataFrame) -> str:
    """The page with what stands between its marks made again from the costs."""
    for name, table in (("costs", cost_table(costs)), ("paper", paper_table(costs))):
        marked = re.compile(rf"(<!-- {name}: [^>]*-->\n\n).*?(\n\n<!-- end of {name} -->)", flags=re.DOTALL)
        page, found = marked.subn(lambda match, table=table: f"{match[1]}{table}{match[2]}", page)  # type: ignore[misc]
        assert found == 1, name
    return page


def drawn(costs: pl.DataFrame) -> str:
    """Seconds against runs on log axes as SVG: a line a verb, and its bar as a short line at the largest size."""
    verbs = list(BARS)
    points = costs.filter(pl.col("verb").is_in(verbs)).select("verb", "runs", seconds="processor")
    bars = pl.DataFrame({"verb": verbs, "runs": LARGEST, "seconds": list(BARS.values())})
    bars = bars.filter(pl.col("verb") != "status, first")  # which is that of any status
    x = alt.X("runs:Q", **log_axis([*points["runs"], 1.8 * LARGEST], title="runs of the study"))
    y = alt.Y("seconds:Q", **log_axis([*points["seconds"], *bars["seconds"]], title="seconds of the processor"))
    colours, dashes = zip(*(LOOKS[verb] for verb in verbs), strict=True)
    colour = alt.Color(
        "verb:N", sort=verbs, scale=alt.Scale(domain=verbs, range=list(colours)), legend=legend_above("verb")
    )
    dash = alt.StrokeDash(
        "verb:N", sort=verbs, scale=alt.Scale(domain=verbs, range=list(dashes)), legend=legend_above("verb")
    )
    lines = alt.Chart(alt.Data(values=points.to_dicts())).encode(x=x, y=y, color=colour)
    of_bars = alt.Chart(alt.Data(values=bars.to_dicts())).encode(x=x, y=y, color=colour)
    words = of_bars.transform_calculate(label="'bar: ' + datum.seconds + ' s'")
    layers = [
        lines.mark_line(strokeWidth=2).encode(strokeDash=dash),
        lines.mark_circle(size=50, opacity=1),
        of_bars.mark_tick(thickness=3, width=34, orient="horizontal"),
        words.mark_text(align="left", dx=22, fontSize=11).encode(text="label:N"),
    ]
    caption = "Seconds of the processor against the runs of a study; short lines are the bars at the largest size."
    chart = framed(alt.LayerChart(layer=layers), height=440, description=caption)
    return str(vl_convert.vegalite_to_svg(json.dumps(chart.to_dict(), sort_keys=True), vl_version=VEGA_LITE))


def main() -> None:
    """Measure if that is asked for, then tell."""
    if "--measure" in sys.argv:
        with tempfile.TemporaryDirectory() as folder:
            measure(GRIDS, folder=Path(folder)).write_csv(KEPT)
    costs = pl.read_csv(KEPT, schema=SCHEMA)
    PAGE.write_text(told(PAGE.read_text(), costs))
    FIGURE.write_text(drawn(costs))


if __name__ == "__main__":
    main()
