from dataclasses import replace

import polars as pl
import pytest

from harness.claims import Verdict
from harness.errors import FitError
from harness.evidence import average_cells
from harness.fits.surface import SurfaceFit
from harness.judging import judge_study, lacking
from harness.study import load_rules
from tests.synthetic import evidence_of, synthetic_evidence, synthetic_runs


def test_a_cell_is_the_mean_over_its_seeds() -> None:
    runs = synthetic_runs(seeds=3)
    cells = average_cells(runs)
    assert cells["seeds"].unique().to_list() == [3]
    assert len(cells) * 3 == len(runs)
    cell = cells.row(0, named=True)
    mine = runs.filter(pl.col("cell") == cell["cell"])
    assert cell["test_error"] == pytest.approx(mine["test_error"].mean())
    assert cell["test_error_sd"] == pytest.approx(mine["test_error"].std())
    assert cell["run_ids"] == sorted(mine["run_id"])


def test_the_order_of_the_runs_does_not_matter() -> None:
    runs = synthetic_runs()
    one, two = evidence_of(runs), evidence_of(runs.reverse())
    assert (
        one.cells.sort("cell").drop("run_ids").equals(two.cells.sort("cell").drop("run_ids"))
        or (one.cells["test_error"] - two.cells["test_error"]).abs().max() < 1e-12
    )  # sums in another order
    assert one.frontier["cell"].to_list() == two.frontier["cell"].to_list()


def test_validation_chooses_and_test_is_reported() -> None:
    """A test error that flatters one cell must not bring it onto the frontier."""
    runs = synthetic_runs(noise=0.0)
    honest = evidence_of(runs).frontier
    off = runs.filter(~pl.col("cell").is_in(honest["cell"].to_list()))["cell"][0]
    flattered = runs.with_columns(
        pl.when(pl.col("cell") == off).then(0.01).otherwise(pl.col("test_error")).alias("test_error")
    )
    assert evidence_of(flattered).frontier["cell"].to_list() == honest["cell"].to_list()
    chosen = runs.with_columns(
        pl.when(pl.col("cell") == off).then(0.01).otherwise(pl.col("validation_error")).alias("validation_error")
    )
    assert off in evidence_of(chosen).frontier["cell"].to_list()


def test_the_frontier_falls_in_validation_error_and_grows_in_compute() -> None:
    frontier = synthetic_evidence().frontier
    assert frontier["training_flops"].is_sorted()
    assert frontier["validation_error"].is_sorted(descending=True)
    assert frontier["training_flops"].n_unique() == len(frontier) >= 5


def test_without_budgets_the_edge_of_the_grid_only_bounds_the_frontier() -> None:
    budgeted = synthetic_evidence(widths=(8, 16, 32))
    free = synthetic_evidence(widths=(8, 16, 32), budget_flops=None)
    assert budgeted.edge.is_empty()
    inside = budgeted.frontier["width"] == 16
    assert inside.any()
    assert not inside.all()
    assert free.frontier["cell"].to_list() == budgeted.frontier.filter(inside)["cell"].to_list()
    assert free.edge["cell"].to_list() == budgeted.frontier.filter(~inside)["cell"].to_list()


def test_growth_is_undecided_where_the_joint_surface_answers_otherwise() -> None:
    evidence = synthetic_evidence(seeds=4)
    steep = synthetic_evidence(seeds=4, law=lambda params, examples: 14.0 * params**-0.66 + 30.0 * examples**-0.66)

    def verdict(surface: SurfaceFit | None) -> Verdict:
        [found] = [
            one
            for one in judge_study(replace(evidence, surface=surface), load_rules([]))
            if one.claim == "fourth_power"
        ]
        return found

    assert verdict(None).answer == verdict(evidence.surface).answer == "supported"
    assert verdict(steep.surface).answer == "undecided"
    assert "the two roads disagree" in verdict(steep.surface).reason
    assert verdict(steep.surface).interval == verdict(None).interval


def test_no_claim_about_compute_is_judged_where_every_cell_is_at_the_edge() -> None:
    evidence = synthetic_evidence(widths=(8, 16), budget_flops=None)
    assert evidence.frontier.is_empty()
    assert not evidence.edge.is_empty()
    assert not evidence.curves
    assert [verdict.claim for verdict in judge_study(evidence, load_rules([]))] == ["variance"]
    assert lacking(evidence, None)["fourth_power"].startswith("no cell's compute could be spent")


def test_what_is_left_out_is_listed_with_its_reason() -> None:
    runs = synthetic_runs()
    ids = runs["run_id"].to_list()
    spoilt = runs.with_columns(
        pl.when(pl.col("run_id") == ids[0]).then(pl.lit("diverged")).otherwise("status").alias("status"),
        pl.when(pl.col("run_id") == ids[1]).then(0.89).otherwise("validation_error").alias("validation_error"),
    )
    evidence = evidence_of(spoilt, missing=("abc",))
    reasons = dict(evidence.dropped)
    assert set(reasons) == set(ids[:2])
    assert reasons[ids[0]].startswith("diverged")
    assert reasons[ids[1]].startswith("learnt nothing")
    assert evidence.missing == ("abc",)
    kept = {run_id for ids_of_cell in evidence.cells["run_ids"] for run_id in ids_of_cell}
    assert kept == set(ids[2:])


def test_few_mistakes_are_fitted_as_counts_and_none_at_all_is_a_count_too() -> None:
    runs = synthetic_runs()
    plain = evidence_of(runs)
    assert not plain.counted
    best = plain.frontier["cell"][-1]
    error = pl.when(pl.col("cell") == best).then(0.0).otherwise("test_error").alias("test_error")
    counted = evidence_of(runs.with_columns(error))
    assert counted.counted
    assert counted.dropped == plain.dropped
    assert counted.frontier["test_error"].to_list() == [*plain.frontier["test_error"].to_list()[:-1], 0.0]
    fit = counted.curves["power_floor"]
    assert fit.cells.trials is not None
    assert fit.cells.trials.tolist() == counted.frontier["test_examples"].to_list()
    assert "surface" in counted.refused, "a surface has no counts yet, and says so"
    verdicts = judge_study(counted, load_rules([]))
    assert {verdict.claim for verdict in verdicts} >= {"power_law", "fourth_power", "variance"}


def test_no_run_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(FitError, match="no run has a record yet; train it first: harness launch"):
        evidence_of(synthetic_runs().head(0))


def test_two_data_sets_are_refused() -> None:
    runs = synthetic_runs()
    mixed = pl.concat([runs, runs.with_columns(pl.lit("mnist").alias("dataset"))])
    with pytest.raises(FitError, match=r"more than one dataset \(fashion_mnist, mnist\)"):
        evidence_of(mixed)


def test_one_run_is_evidence_from_which_nothing_can_be_fitted() -> None:
    evidence = evidence_of(synthetic_runs().head(1))
    assert len(evidence.frontier) == 1
    assert not evidence.curves
    assert set(evidence.refused) >= {"power", "power_floor", "surface"}
    assert all(evidence.refused.values())
