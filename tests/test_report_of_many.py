"""A report of more runs than anyone reads: what is not drawn and not listed is said, and no number changes."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from harness.evidence import Evidence, budgets, reduce_runs
from harness.fits.isoflop import profiles_of
from harness.plots import figures
from harness.plots.thinning import MOST_DRAWN, thinned
from harness.report import render
from harness.report_runs import MOST_LISTED, listed_runs
from harness.rules import Exclusions
from harness.table import Collected
from tests.synthetic import synthetic_runs
from tests.test_report import CONTEXT, VERDICTS, Page

NOTHING_LEFT_OUT = Exclusions(at_chance=0.9, runs={})


def evidence_of_many(runs: pl.DataFrame, missing: tuple[str, ...] = ()) -> Evidence:
    """Cells, frontier and profiles without the fits, which are no matter here."""
    collected = Collected(runs=runs, missing=missing, unreadable=())
    points = reduce_runs("many", collected, exclusions=NOTHING_LEFT_OUT)
    cells = points.cells
    return replace(points, isoflop=profiles_of(cells["params"], cells["test_error"], budgets(cells)))


@pytest.fixture(scope="module")
def runs() -> pl.DataFrame:
    return synthetic_runs(budgets=tuple(np.geomspace(1e10, 1e12, 32)), widths=range(20, 90), seeds=1)


@pytest.fixture(scope="module")
def many(runs: pl.DataFrame) -> Evidence:
    return evidence_of_many(runs, missing=tuple(f"missing{at:05}" for at in range(5000)))


@pytest.fixture(scope="module")
def html(many: Evidence) -> str:
    return render(many, VERDICTS, CONTEXT)


def cloud(cells: int = 30_000) -> pl.DataFrame:
    generator = np.random.default_rng(0)
    flops, error = 10 ** generator.normal(11, 0.3, cells), 10 ** generator.normal(-1, 0.05, cells)
    flops[77], error[77] = 1e13, 0.9  # far from all others
    return pl.DataFrame({"cell": range(cells), "training_flops": flops, "test_error": error})


def test_a_thousand_cells_are_all_drawn() -> None:
    few = cloud(MOST_DRAWN)
    assert thinned(few, "training_flops", "test_error").equals(few)


def test_of_many_cells_every_part_of_the_picture_keeps_one_and_the_outlier_stays() -> None:
    cells = cloud()
    drawn = thinned(cells, "training_flops", "test_error")
    assert MOST_DRAWN / 8 < len(drawn) <= MOST_DRAWN
    assert 77 in drawn["cell"].to_list()
    drawn_at = np.log(drawn.select("training_flops", "test_error").to_numpy())
    wanted = np.log(cells.select("training_flops", "test_error").to_numpy())
    span = np.ptp(wanted, axis=0)
    nearest = np.array([np.abs((drawn_at - place) / span).max(axis=1).min() for place in wanted[:2000]])
    assert nearest.max() <= 1 / 32, "every cell has a drawn one within a spot"


def test_which_cells_are_drawn_is_the_same_each_time() -> None:
    first, second = (thinned(cloud(), "training_flops", "test_error") for _ in range(2))
    assert first.equals(second)


def test_equal_values_on_an_axis_are_one_spot() -> None:
    same = cloud(3000).with_columns(pl.lit(0.5).alias("test_error"), pl.lit(1e9).alias("training_flops"))
    assert len(thinned(same, "training_flops", "test_error")) == 1


@pytest.mark.parametrize("name", ["error_against_flops", "isoflop_profiles", "wall_time", "utilisation"])
def test_a_figure_says_how_many_of_its_cells_it_draws(many: Evidence, name: str) -> None:
    figure = figures(many)[name]
    drawn = {row["cell"] for rows in figure.specification["datasets"].values() for row in rows if "cell" in row}
    assert len(drawn) < len(many.cells)
    assert f"{len(many.cells):,} cells are too many for the eye: {len(drawn):,} are drawn" in figure.caption
    assert figure.chart is not None
    assert figure.caption in figure.chart.description


def test_the_frontier_is_drawn_whole(many: Evidence) -> None:
    drawn = figures(many)["error_against_flops"].specification["datasets"].values()
    assert set(many.frontier["cell"]) <= {row["cell"] for rows in drawn for row in rows if "cell" in row}


def test_cells_stand_in_for_runs_and_the_page_says_so(many: Evidence, html: str) -> None:
    text = Page(html).text
    assert len(many.runs) == len(many.cells) == 2240
    assert "1,000 of 2,240 cells, of 2,240 finished runs" in text
    assert "runs.csv beside this page has a row for every run" in text
    table = listed_runs(many)
    shown = [row[0].text for row in table.rows]
    assert len(set(shown)) == MOST_LISTED
    assert (shown[0], shown[-1]) == (many.cells["cell"][0], many.cells["cell"][-1])


def test_missing_runs_are_counted_all_and_named_in_part(html: str) -> None:
    text = Page(html).text
    assert "5000 planned runs have no record yet" in text
    assert "missing00999 and 4,000 more" in text


def test_dropped_runs_are_counted_by_their_kind(runs: pl.DataFrame) -> None:
    diverged = pl.when(pl.int_range(pl.len()) < 1500).then(pl.lit("diverged")).otherwise("status").alias("status")
    text = Page(render(evidence_of_many(runs.with_columns(diverged)), VERDICTS, CONTEXT)).text
    assert "The first 1,000 are listed. Of all 1,500: 1,500 diverged." in text


def test_a_study_of_which_all_diverged_lists_no_more_either(runs: pl.DataFrame) -> None:
    table = listed_runs(evidence_of_many(runs.with_columns(pl.lit("diverged").alias("status"))))
    assert (len(table.rows), table.title) == (MOST_LISTED, "1,000 of 2,240 finished runs")


def test_the_page_stays_small(html: str) -> None:
    assert len(html.encode()) < 8e6
