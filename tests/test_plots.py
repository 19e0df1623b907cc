import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pytest

from harness.evidence import Evidence
from harness.plots import Figure, figures, save_drawn
from harness.plots.error import error_against_flops
from harness.plots.isoflop import isoflop_profiles
from harness.plots.numerals import duration, interval, listed, number, percent, scientific, without_superscripts
from harness.plots.points import inline, points
from harness.plots.residuals import residuals
from harness.plots.style import log_ticks, ramp, tick_labels
from tests.synthetic import synthetic_evidence


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return synthetic_evidence()


def _layers(figure: Figure) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Mark and rows of every layer of a figure."""
    assert figure.chart is not None, f"{figure.name} was not drawn"
    specification = figure.chart.to_dict()
    shared = specification.get("data")
    for layer in specification["layer"]:
        rows = specification["datasets"][layer.get("data", shared)["name"]]
        yield layer["mark"]["type"], rows


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.09312, "0.0931"),
        (0.18, "0.180"),
        (9.996, "10.0"),
        (1250.0, "1,250"),
        (-8.4921, "−8.49"),
        (3.2e10, "3.2×10¹⁰"),
        (2.5e-6, "2.5×10⁻⁶"),
        (0.0, "0"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "–"),
        (None, "–"),
    ],
)
def test_a_number_is_written_for_people(value: float | None, text: str) -> None:
    assert number(value) == text


def test_training_flops_are_written_as_a_power_of_ten() -> None:
    assert [scientific(flops) for flops in (1e9, 3e9, 9.99e8, 1.234e13, 0)] == ["10⁹", "3×10⁹", "10⁹", "1.2×10¹³", "0"]


def test_other_quantities_are_written_with_their_units() -> None:
    assert [duration(seconds) for seconds in (0.42, 200, 7500, None)] == ["0.42 s", "3 min 20 s", "2 h 05 min", "–"]
    assert percent(0.123) == "12 %"
    assert interval((4.0, math.inf)) == "4.00 to ∞"
    assert listed(["a", "b", "c"], 2) == "a, b and 1 more"


def test_superscripts_are_taken_out_for_fonts_that_have_none() -> None:
    assert without_superscripts("from 10⁹ to 3.2×10¹⁰, 5×10⁻⁴") == "from 1e9 to 3.2e10, 5e-4"


@pytest.mark.parametrize("low", [1e-4, 0.09, 0.105, 1.0, 6e3, 3e8])
@pytest.mark.parametrize("factor", [1.02, 1.5, 3.0, 30.0, 300.0, 1e6, 1e14])
def test_a_log_axis_has_a_few_ticks_inside_its_range_with_labels_that_differ(low: float, factor: float) -> None:
    ticks = log_ticks(low, low * factor)
    assert 1 <= len(ticks) <= 14
    assert all(low <= tick <= low * factor for tick in ticks) or len(ticks) == 1
    assert len(set(tick_labels(ticks))) == len(ticks)


def test_ticks_over_less_than_a_decade_are_round_numbers_with_equal_decimals() -> None:
    assert tick_labels(log_ticks(0.1, 0.2)) == ["0.10", "0.12", "0.14", "0.16", "0.18", "0.20"]


def test_every_step_of_the_ramp_is_darker_than_the_one_before() -> None:
    light = [sum(int(colour[i : i + 2], 16) for i in (1, 3, 5)) for colour in ramp(7)]
    assert light == sorted(light, reverse=True)
    assert len(set(light)) == 7


def test_the_same_evidence_gives_the_same_specifications(evidence: Evidence) -> None:
    first, second = (
        [figure.chart and figure.chart.to_json() for figure in figures(evidence).values()] for _ in range(2)
    )
    assert None not in first
    assert first == second


def test_every_cell_is_drawn_once_and_the_frontier_stands_out(evidence: Evidence) -> None:
    layers = list(_layers(error_against_flops(evidence)))
    behind = [row["cell"] for mark, rows in layers if mark == "circle" for row in rows]
    ringed = [row["cell"] for mark, rows in layers if mark == "point" for row in rows]
    assert ringed == evidence.frontier["cell"].to_list()
    assert sorted(behind + ringed) == sorted(evidence.cells["cell"].to_list())


def test_the_spread_over_seeds_is_one_standard_deviation_to_either_side(evidence: Evidence) -> None:
    cell = evidence.frontier.row(0, named=True)
    point = points(evidence.frontier)[0]
    assert point["error_high"] - point["error_low"] == pytest.approx(2 * cell["test_error_sd"])
    assert "± 0.00" in point["error_text"]


def test_a_cell_of_one_seed_claims_no_spread() -> None:
    alone = synthetic_evidence(seeds=1)
    assert all("±" not in point["error_text"] for point in points(alone.cells))
    assert [rows for mark, rows in _layers(error_against_flops(alone)) if mark == "rule"][-1] == []


def test_the_drawn_fit_is_the_fit(evidence: Evidence) -> None:
    (rows,) = [rows for mark, rows in _layers(error_against_flops(evidence)) if mark == "line"]
    drawn = [row for row in rows if row["fit"] == "power law with floor"]
    fit = evidence.curves["power_floor"].predict([row["flops"] for row in drawn])
    np.testing.assert_allclose([row["error"] for row in drawn], fit.error)
    np.testing.assert_allclose([row["low"] for row in drawn], fit.curve_low)
    assert drawn[0]["flops"] == pytest.approx(evidence.cells["training_flops"].min())


def test_a_floor_is_drawn_where_one_is_identified_and_nowhere_else() -> None:
    def floors(evidence: Evidence) -> list[str]:
        layers = _layers(error_against_flops(evidence))
        return [row["label"] for mark, rows in layers if mark == "text" for row in rows]

    (label,) = floors(synthetic_evidence(noise=0.005, budgets=[10**exponent for exponent in np.arange(9, 13.1, 0.5)]))
    assert label.startswith("floor 0.08")
    assert floors(synthetic_evidence(law=lambda params, examples: 9 * (params * examples) ** -0.2)) == []


def test_an_isoflop_minimum_is_filled_only_where_the_sizes_bracket_it(evidence: Evidence) -> None:
    (marks,) = [rows for mark, rows in _layers(isoflop_profiles(evidence)) if mark == "point"]
    assert {profile.interior for profile in evidence.isoflop} == {True, False}
    for mark, profile in zip(marks, evidence.isoflop, strict=True):
        assert mark["interior"] == profile.interior
        if profile.interior:
            assert mark["params"] == profile.optimum_params
        else:
            assert mark["test_error"] == profile.error.min()
            assert "not found" in mark["minimum_text"]


def test_residuals_are_percent_of_the_fitted_error(evidence: Evidence) -> None:
    rows = next(rows for mark, rows in _layers(residuals(evidence)) if mark == "line")
    fit = evidence.curves["power"]
    expected = 100 * (fit.error / fit.predict(fit.compute).error - 1)
    np.testing.assert_allclose([row["residual"] for row in rows if row["fit"] == "power law"], expected)


@pytest.mark.parametrize("unknown", [None, math.nan])
def test_unknown_utilisation_is_said_and_not_drawn(unknown: float | None) -> None:
    drawn = figures(synthetic_evidence(utilisation=unknown))
    assert drawn["utilisation"].chart is None
    assert "not known" in drawn["utilisation"].caption
    assert drawn["wall_time"].chart is not None


def test_no_cells_means_no_figures_and_a_reason_for_each() -> None:
    drawn = figures(synthetic_evidence(status="diverged"))
    assert all(figure.chart is None for figure in drawn.values())
    assert all(figure.caption.startswith("No ") for figure in drawn.values())


def test_a_single_cell_is_drawn_without_fits() -> None:
    alone = synthetic_evidence(budgets=(1e10,), widths=(16,), seeds=1)
    marks = [mark for mark, rows in _layers(error_against_flops(alone)) if rows]
    assert marks == ["point"]
    assert figures(alone)["residuals"].chart is None


def test_more_than_five_thousand_rows_are_drawn() -> None:
    rows = [{"x": number} for number in range(6000)]
    specification = alt.Chart(inline(rows)).mark_point().encode(x="x:Q").to_dict()
    assert sum(map(len, specification["datasets"].values())) == 6000


@pytest.mark.slow
def test_figures_are_saved_as_png_and_svg_with_the_same_bytes_each_time(tmp_path: Path, evidence: Evidence) -> None:
    first = save_drawn(figures(evidence).values(), tmp_path / "first")
    second = save_drawn(figures(evidence).values(), tmp_path / "second")
    assert sorted(path.name for path in first) == sorted(
        f"{name}.{kind}" for name in figures(evidence) for kind in ("png", "svg")
    )
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    for path in first:
        content = path.read_bytes()
        assert content.startswith(b"\x89PNG" if path.suffix == ".png" else b"<svg")
    assert "1e10" in (tmp_path / "first" / "error_against_flops.svg").read_text(encoding="utf-8")
