"""Every published number that can be derived again, one test a number: ours to the digits that are printed."""

import numpy as np
import pytest

from harness.fits.comparison import plausible
from harness.paper.checked import Checked, check
from harness.paper.data import (
    Axis,
    Reported,
    ReportedProjection,
    family_members,
    paper_claims,
    points,
    reported_projections,
    reported_regressions,
)
from harness.paper.projections import carbon_conversion, form_fits, price_conversion, projections, reach
from harness.paper.refit import refit, refits
from harness.paper.row import MEANINGS, decimals
from harness.paper.rows import conversions, forms, press, regressions_2020, regressions_2022, torchvision
from harness.paper.torchvision_weights import Weights, read_weights

# The published numbers that do not come out, each with its reason in the note of its row.
APART = {
    ("E1", "R² in the press, %"),
    ("P5", "GFLOP, target 2 (0.1), exponential"),
    ("K2", "CO2, lowest power of ten a GFLOP"),
    ("K2", "CO2, highest"),
    ("K2", "dollars, lowest power of ten a GFLOP"),
    ("L2", "in the press"),
}
# Numbers that stand beside ours without being what ours should equal.
CARRIED = {
    ("T3", "compute exponent"),
    ("T3", "cost of halving the error"),
    ("G2", "years that equal ten times the computation"),
    ("G4", "EfficientNet"),
    ("G4", "DPN"),
    ("G6", "bound"),
    ("L2", "at OpenAI"),
}


@pytest.fixture(scope="module")
def weights() -> Weights:
    return read_weights()


@pytest.fixture(scope="module")
def checked(weights: Weights) -> Checked:
    return check(weights)


CLAIMED = [
    (id, name)
    for id, claim in paper_claims()[1].items()
    for name, printed in {**claim.theirs, **claim.refits}.items()
    if decimals(printed) is not None
]
PRINTED = [
    pytest.param(one, field, id=f"{one.id} {one.part}: {field}")
    for one in reported_regressions()
    for field in ("n", "intercept", "slope", "stderr", "r_squared", "exponent")
    if getattr(one, field) is not None
]


@pytest.mark.parametrize(("id", "name"), CLAIMED)
def test_a_number_of_a_claim_comes_out_to_its_printed_digits(checked: Checked, id: str, name: str) -> None:
    row = next(row for row in checked.rows if row.id == id)
    number = next(number for number in row.numbers if number.name == name)
    if row.verdict in ("quoted", "not re-derivable here") or (id, name) in CARRIED:
        assert number.ours is None or number.agrees
    else:
        assert number.agrees == ((id, name) not in APART), f"{number.theirs} against {number.ours}"


@pytest.mark.parametrize(("reported", "field"), PRINTED)
def test_a_number_of_a_regression_comes_out_to_its_printed_digits(reported: Reported, field: str) -> None:
    again, printed = refit(reported), getattr(reported, field)
    line, best = again.line, again.best
    ours = {
        "n": line.n,
        "intercept": best.intercept if best else line.intercept,
        "slope": best.slope if best else line.slope,
        "stderr": best.stderr if best else line.stderr[1],
        "r_squared": best.fit if best else line.r_squared,
        "exponent": 1 / abs(best.slope if best else line.slope),
    }[field]
    digits = len(printed.partition(".")[2])
    assert f"{ours:.{digits}f}" == printed


@pytest.mark.parametrize("cell", reported_projections().rows, ids=lambda one: f"{one.id} {one.target} {one.model}")
def test_a_cell_of_the_projections_comes_out_rounded_down(cell: ReportedProjection) -> None:
    ours = next(one.gflop for one in projections() if one.reported == cell)
    exception = (cell.id, cell.target, cell.model) == ("P5", "target 2", "exponential")
    assert (int(np.floor(ours)) == cell.gflop) != exception


def test_nothing_is_apart_that_is_not_named_and_few_numbers_can_get_lost(checked: Checked) -> None:
    compared = {(row.id, number.name): number.agrees for row in checked.rows for number in row.numbers}
    assert {key for key, agrees in compared.items() if agrees is False} == APART
    assert sum(agrees is True for agrees in compared.values()) >= 260


def test_every_row_has_a_verdict_that_is_explained_and_every_doubtful_one_a_note(checked: Checked) -> None:
    for row in checked.rows:
        assert row.verdict in MEANINGS
        assert row.source
        if row.verdict in ("differs", "undecided", "not re-derivable here"):
            assert row.note, row.id
        assert (row.verdict == "slip") == bool(row.slip), row.id


def test_a_row_without_a_number_of_ours_claims_no_reproduction(checked: Checked) -> None:
    for row in checked.rows:
        if row.verdict == "reproduced":
            assert any(number.agrees for number in row.numbers), row.id


# The bars that were set beforehand, written out here so that they don't rest on the tables of figures.


@pytest.mark.parametrize(
    ("id", "part", "n", "slope", "r_squared"),
    [
        ("E10", "power", 110, -0.0821, 0.606),
        ("E11", "power", 77, -0.0836, 0.720),
        ("E13", "power", 36, -0.0933, 0.766),
        ("E14", "power", 102, 0.0908, 0.694),
    ],
)
def test_imagenet_s_regressions_are_exact(id: str, part: str, n: int, slope: float, r_squared: float) -> None:
    line = refits(id)[part].line
    assert (line.n, round(line.slope, 4), round(line.r_squared, 3)) == (n, slope, r_squared)


def test_the_regression_with_the_year_is_exact(checked: Checked) -> None:
    ours = {number.name: number.ours for number in next(row for row in checked.rows if row.id == "E16").numbers}
    assert round(ours["slope in operations"] or 0, 4) == -0.0638
    assert round(ours["slope in years"] or 0, 4) == -0.0250
    assert round(ours["R²"] or 0, 3) == 0.831


@pytest.mark.parametrize(
    ("id", "reverse", "middle"), [("E10", 7.4, 9.5), ("E11", 8.6, 10.2), ("E13", 8.2, 9.4), ("E14", 7.6, 9.2)]
)
def test_reverse_and_reduced_major_axis_exponents(id: str, reverse: float, middle: float) -> None:
    line = refits(id)["power"].line
    assert line.reverse_exponent == pytest.approx(reverse, abs=0.1)
    assert line.reduced_major_axis_exponent == pytest.approx(middle, abs=0.1)


@pytest.mark.parametrize(
    ("axis", "value", "low", "high"),
    [("network_operations", 15, 5.5, 55), ("hardware_burden", 5.8, 2.9, 18), ("forward_flops", 13, 6.2, 41)],
)
def test_three_years_of_algorithms_as_a_factor_of_computation(
    axis: Axis, value: float, low: float, high: float
) -> None:
    line, _, gain = forms.progress(axis)
    assert 10 ** (3 * line.slopes[1] / line.slopes[0]) == pytest.approx(value, rel=0.02)
    assert 10 ** gain[0] == pytest.approx(low, rel=0.15)
    assert 10 ** gain[1] == pytest.approx(high, rel=0.15)


def test_ten_times_the_computation_is_two_and_a_half_years_of_algorithms() -> None:
    line, years, _ = forms.progress("network_operations")
    assert line.slopes[0] / line.slopes[1] == pytest.approx(2.55, abs=0.005)
    assert years == (pytest.approx(1.7, rel=0.05), pytest.approx(4.3, rel=0.15))
    assert 12 * np.log10(2) * line.slopes[0] / line.slopes[1] == pytest.approx(9.2, abs=0.05)


@pytest.mark.parametrize(
    ("axis", "expected"),
    [("network_operations", (-377.1, -344.2, -386.0)), ("hardware_burden", (-137.0, -127.6, -130.2))],
)
def test_aicc_of_all_forms_is_on_one_scale(axis: Axis, expected: tuple[float, ...]) -> None:
    fits = form_fits(points(2022, "imagenet", axis))
    ours = tuple(fits[name].own_aicc for name in ("power", "exponential_error", "exponential_performance"))
    assert ours == pytest.approx(expected, abs=0.2)


@pytest.mark.parametrize(
    ("axis", "target", "forward", "interval", "reverse", "performance", "error", "floor"),
    [
        ("network_operations", 0.05, 25.8, (24.4, 27.5), 24.0, 31.5, 23.1, 25.3),
        ("network_operations", 0.01, 34.1, (32.0, 36.9), 30.0, 100.5, 24.3, 33.2),
        ("hardware_burden", 0.05, 26.3, (24.5, 28.7), 24.9, 31.0, 24.1, 25.3),
        ("hardware_burden", 0.01, 33.8, (31.1, 37.6), 30.6, 91.5, 25.1, 31.7),
    ],
)
def test_what_a_target_takes_under_each_form(
    axis: Axis, target: float, forward: float, interval: tuple[float, float], reverse: float, performance: float,
    error: float, floor: float,
) -> None:  # fmt: skip
    found = reach(points(2022, "imagenet", axis), target)
    assert found.forward == pytest.approx(forward, abs=0.2)
    assert found.forward_interval == pytest.approx(interval, abs=0.2)
    assert found.reverse == pytest.approx(reverse, abs=0.2)
    assert found.exponential_performance == pytest.approx(performance, abs=0.2)
    assert found.exponential_error == pytest.approx(error, abs=0.2)
    assert found.floor_interval[0] == pytest.approx(floor, abs=0.2)
    assert found.floor_interval[1] == np.inf


def test_multiple_imputation_widens_what_single_imputation_narrows() -> None:
    many, single = regressions_2022.imputation(), refits("E14")["power"].line
    assert single.slope == pytest.approx(0.0908, abs=0.001)
    assert many.slope == pytest.approx(0.081, abs=0.001)
    assert many.stderr == pytest.approx(0.0105, abs=0.001)
    assert many.stderr > 1.5 * single.stderr[1]


def test_alexnet_s_error_takes_44_times_less_and_halves_in_15_months() -> None:
    known = press.reaching("alexnet")
    assert known[0].compute / known[-1].compute == pytest.approx(44.9, abs=0.1)
    assert press.months_to_halve(known[0], known[-1]) == pytest.approx(15.2, abs=0.2)


def test_the_projections_reproduce_29_of_30_cells_of_computation() -> None:
    cells = projections()
    assert len(cells) == 30
    assert sum(int(np.floor(one.gflop)) == one.reported.gflop for one in cells) == 29


def test_a_hundred_thousand_times_is_ten_to_the_4_93(checked: Checked) -> None:
    row = next(row for row in checked.rows if row.id == "P6")
    ours = {number.name: number.ours for number in row.numbers}
    assert ours["power of ten by the line, 11.5 % to 5 %"] == pytest.approx(4.93, abs=0.005)


def test_a_target_s_interval_holds_both_models_and_the_doubt_of_its_form() -> None:
    for one in projections():
        low, high = one.gflop_interval
        assert low < one.gflop < high
        assert high == np.inf
        assert one.usd_interval[0] < one.usd < one.usd_interval[1]
        assert one.co2_interval[0] < one.co2 < one.co2_interval[1]


def test_money_and_carbon_come_from_strubell_s_constants_and_fit_the_quoted_cells() -> None:
    assert carbon_conversion().factor == pytest.approx(-8.10, abs=0.01)
    assert price_conversion().factor == pytest.approx(-7.88, abs=0.01)
    assert conversions.cells_given(carbon_conversion(), "co2") >= 28
    assert conversions.cells_given(price_conversion(), "usd") >= 28


def test_the_nasnet_slip_makes_its_exponent_5_3_instead_of_9_1() -> None:
    nasnet = [one for one in family_members().rows if one.family == "nasnet"]
    assert round(forms.family_line(nasnet, typed=True).exponent, 1) == 5.3
    assert round(forms.family_line(nasnet).exponent, 1) == 9.1


def test_the_duplicated_burden_is_found_and_moves_the_exponent_to_13_1() -> None:
    again = refits("E1")["power"]
    assert len(regressions_2020.duplicates(again)) == 1
    assert round(regressions_2020.without_duplicate(again), 1) == 13.1


def test_mixed_units_are_found_in_the_operations_per_pass(checked: Checked) -> None:
    row = next(row for row in checked.rows if row.id == "E10")
    assert "EfficientNet-B7 and RegNetY-32GF stand with half" in row.slip


def test_torchvision_documents_114_weights_of_which_16_are_on_the_frontier(weights: Weights) -> None:
    plain = torchvision.without_pretraining(weights.rows)
    assert (len(weights.rows), len(plain)) == (114, 102)
    best = torchvision.on_frontier(plain)
    assert len(best) == 16
    assert round(torchvision.line_of(best).exponent, 1) == 7.0


def test_which_form_the_points_of_2020_leave_standing_is_no_choice() -> None:
    assert len(plausible(form_fits(points(2020, "imagenet", "hardware_burden")))) == 4
