"""What the report says before a fit is believed: diagnostics, the check of the surface, the curse, and burden."""

import numpy as np
import polars as pl
import pytest

from harness.discussion import halving
from harness.evidence import Evidence
from harness.fit_checks import CHECKS, burden, check_rows, growth_of_size, shared_trunks, winners_curse
from harness.fits.bootstrap import wild_interval
from harness.fits.direction import regression_directions
from harness.judging import judge_study
from harness.plots.error import error_against_flops
from harness.plots.numerals import interval
from tests.made import made_rules
from tests.synthetic import evidence_of, synthetic_evidence, synthetic_runs


def texts(evidence: Evidence) -> dict[str, dict[str, str]]:
    return {row.label: dict(zip(CHECKS, row.texts, strict=True)) for row in check_rows(evidence)}


def test_every_fit_has_its_checks_and_the_second_optimiser_agrees() -> None:
    evidence = synthetic_evidence()
    found = texts(evidence)
    assert len(found) == len(evidence.curves) + 1
    assert {one["Second optimiser"] for one in found.values()} == {"agrees"}
    assert found["power law"]["Most influential cell (Cook's distance)"].startswith("10⁹ FLOPs")


def test_lack_of_fit_is_held_against_the_seeds_and_absent_without_them() -> None:
    """Seeds scatter by 0.05 %; each cell has 5 % of its own."""
    runs = synthetic_runs(seeds=3, noise=0.0005)
    own = {cell: 0.05 * draw for cell, draw in zip(runs["cell"].unique().sort(), normals(len(runs)), strict=False)}
    bumpy = runs.with_columns(pl.col("test_error") * pl.col("cell").replace_strict(own).exp())
    name = "joint surface at its best allocation"
    assert float(texts(evidence_of(bumpy))[name]["Lack of fit, p"].replace("×10", "e").split("e")[0]) >= 0
    surface = evidence_of(bumpy).surface
    assert surface is not None
    assert surface.diagnostics.lack_of_fit is not None
    assert surface.diagnostics.lack_of_fit < 1e-6
    assert texts(synthetic_evidence(seeds=1))[name]["Lack of fit, p"] == "–"


def normals(count: int) -> list[float]:
    return [float(draw) for draw in np.random.default_rng(0).standard_normal(count)]


def test_the_surface_is_checked_by_isoflop_minima() -> None:
    said = growth_of_size(synthetic_evidence())
    assert said.startswith("The best number of parameters grows as a power of compute: 0.")
    assert "by 5 IsoFLOP minima" in said
    assert growth_of_size(synthetic_evidence(budgets=(1e9,), widths=(8, 16))) == ""


def test_the_winner_s_curse_grows_with_the_noise() -> None:
    said = [winners_curse(synthetic_evidence(seeds=1, noise=noise)) for noise in (0.005, 0.05)]
    most = [float(one.split(" to ")[1].split(" %")[0]) for one in said]
    assert most[1] > 3 * most[0]


def test_both_directions_are_shown_where_burden_is_measured_with_a_clock() -> None:
    evidence = synthetic_evidence()
    found = burden(evidence)
    assert [axis for axis, *_ in found.rows] == ["training FLOPs", *["hardware burden"] * 3]
    forward, reverse, middle = (float(power) for _, _, power, _ in found.rows[1:])
    assert reverse < middle < forward
    cells = evidence.frontier
    directions = regression_directions(cells["training_flops"], cells["test_error"])
    assert float(found.rows[0][2]) == round(directions.forward.value, 1)
    assert found.drift.startswith("utilisation goes as C**0.")


def test_steady_utilisation_is_said_to_be() -> None:
    runs = synthetic_runs()
    steady = runs.with_columns((pl.col("training_flops") / 0.3).alias("hardware_burden"))
    noisy = steady.with_columns(pl.col("hardware_burden") * np.exp(0.1 * np.array(normals(len(runs)))))
    assert burden(evidence_of(noisy)).drift.startswith("utilisation is not seen to drift with compute")


def test_burdens_of_two_kinds_of_processor_make_no_law() -> None:
    runs = synthetic_runs()
    names = pl.Series("device_name", ["one", "other"] * (len(runs) // 2) + ["one"] * (len(runs) % 2))
    found = burden(evidence_of(runs.with_columns(names)))
    assert found.rows == ()
    assert found.absent == "The runs are of 2 kinds of processor, whose burdens are not of one kind."


def with_trunks(*, share: int, noise: float = 0.02) -> Evidence:
    """The made-up study with each ``share`` widths in one trunk."""
    runs = synthetic_runs(noise=noise)
    number = {width: f"trunk {i // share}" for i, width in enumerate(sorted(runs["width"].unique()))}
    return evidence_of(runs.with_columns(trunk=pl.col("width").replace_strict(number)))


def answers(evidence: Evidence) -> dict[str, str]:
    return {one.claim: one.answer for one in judge_study(evidence, made_rules())}


def test_the_page_says_on_how_many_independent_trunks_its_intervals_rest_and_both_intervals() -> None:
    shared, apart = with_trunks(share=1), synthetic_evidence()
    trunks, cells = shared.frontier["trunk"].n_unique(), len(shared.frontier)
    assert 3 <= trunks < cells
    said = shared_trunks(shared)
    assert said.startswith(f"The frontier's {cells} cells rest on {trunks} independent trunks")
    narrow = apart.curves["power_floor"].interval("exponent")
    together = wild_interval(apart.curves["power_floor"], "exponent", clusters=shared.frontier["trunk"].to_list())
    wide = shared.curves["power_floor"].interval("exponent")
    assert wide == (min(narrow[0], together[0]), max(narrow[1], together[1]))
    assert f"lies in {interval(wide)}, with cells taken for independent in {interval(narrow)}" in said
    assert shared_trunks(apart) == ""


@pytest.mark.parametrize(("share", "count"), [(3, "2 independent trunks"), (6, "1 independent trunk, and")])
def test_one_or_two_trunks_decide_nothing(share: int, count: str) -> None:
    shared = with_trunks(share=share)
    assert count in shared_trunks(shared)
    assert "decide nothing" in shared_trunks(shared)
    assert shared.curves["power_floor"].interval("compute_exponent") == (-np.inf, np.inf)
    assert "too few trunks" in shared.curves["power_floor"].gate
    assert "too few trunks to bound the slope" in shared.curves["exponential_error"].gate
    assert "asks for a factor that these cells don't bound" in halving(shared)
    found = answers(shared)
    assert {found[name] for name in ("fourth_power", "ninth_power", "above_bound", "target_factor")} == {"undecided"}


def test_many_trunks_of_errors_that_are_counts_are_not_called_few() -> None:
    runs = with_trunks(share=1).runs
    counted = evidence_of(runs.with_columns(pl.lit(200, dtype=pl.Int64).alias("test_examples")))
    assert counted.counted
    assert "errors that are fitted as counts don't bound the exponent" in counted.curves["power_floor"].gate


def test_bands_that_take_cells_for_independent_are_said_to() -> None:
    said = "bands that take cells for independent, too narrow where cells of one trunk share its noise"
    assert said in error_against_flops(with_trunks(share=1)).caption
    assert said not in error_against_flops(synthetic_evidence()).caption


def test_a_verdict_on_an_exponent_stands_where_both_intervals_give_it_and_else_is_undecided() -> None:
    """The narrow interval is 9.2 to 14.7, the one by trunks 5.1 to 21.0."""
    apart = answers(synthetic_evidence(noise=0.03))
    together = answers(with_trunks(share=1, noise=0.03))
    assert (apart["fourth_power"], apart["ninth_power"]) == ("supported", "supported")
    assert (together["fourth_power"], together["ninth_power"]) == ("supported", "undecided")
