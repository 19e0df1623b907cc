"""Is there an irreducible error? Found where it is, small where it is small, open where the points are few."""

import numpy as np
import pytest

from harness.errors import FitError
from harness.fits.comparison import compare_forms, fit_each
from harness.fits.curve import CurveFit
from harness.hypotheses import floor, p_value
from tests.laws import law

FORMS = ("power", "power_floor")


def fits(exponent: float, floor_share: float, **how: float) -> dict[str, CurveFit]:
    return fit_each(*law(exponent, floor_share, **how), forms=FORMS)[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("floor_share", "sigma", "answer"),
    [(0.5, 0.02, "supported"), (0.0, 0.005, "contradicted"), (0.0, 0.1, "undecided"), (0.3, 0.1, "undecided")],
)
def test_a_floor_is_found_bounded_or_left_open(floor_share: float, sigma: float, answer: str) -> None:
    finding = floor(fits(0.4, floor_share, sigma=sigma))
    assert finding.answer == answer
    assert finding.p_value is not None
    assert (finding.p_value < 0.05) == (answer == "supported")


def test_the_interval_holds_the_floor_that_is_there() -> None:
    finding = floor(fits(0.4, 0.5, sigma=0.01))
    assert finding.interval is not None
    assert finding.interval[0] < 0.05 < finding.interval[1]
    assert "over 16 points and 3.0 decades" in finding.reason


def test_at_the_boundary_the_p_value_is_half_the_usual_one() -> None:
    given = fits(0.3, 0.3, sigma=0.04)
    finding = floor(given)
    assert finding.p_value == p_value(given["power_floor"], "irreducible_error", 0.0) / 2
    assert 1e-6 < finding.p_value < 0.4


def test_a_point_without_a_mistake_stands_at_half_a_mistake() -> None:
    compute, _ = law(0.9, 0.0, n=12)
    share = np.round(100 * np.geomspace(0.5, 0.002, 12)) / 100
    assert share[-1] == 0
    found = floor(compare_forms(compute, share, test_examples=100).fits)
    assert found.answer == "undecided"
    assert f"{found.interval[1] / 0.005:.0%} of the lowest error at most" in found.reason  # type: ignore[index]


def test_without_a_form_that_can_level_off_there_is_no_test() -> None:
    with pytest.raises(FitError, match="no form with the parameter irreducible_error was fitted"):
        floor({"power": fits(0.4, 0.0)["power"]})
    with pytest.raises(FitError, match="negligible: is 1; a share between 0 and 1 would do"):
        floor(fits(0.4, 0.0), negligible=1)


@pytest.mark.stats
def test_a_floor_that_is_not_there_is_found_one_time_in_twenty_at_most() -> None:
    draws = 400
    found = [floor(fits(0.3, 0.0, sigma=0.03, seed=seed)).answer for seed in range(draws)]
    assert 0.02 <= found.count("supported") / draws <= 0.075
