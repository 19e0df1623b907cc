"""A form chosen from the training points alone, and prediction intervals held against points that were hidden."""

from dataclasses import replace

import numpy as np
import pytest

from harness.errors import FitError
from harness.fits.calibration import _reaches, blocks
from harness.fits.choice import choose_form
from harness.fits.curve import fit_curve
from harness.fits.curve_fitting import fit_cells, observed_cells
from harness.fits.curve_result import Calibration
from harness.forms import FORMS
from harness.forms.form import FloatArray

COMPUTE = np.geomspace(1e9, 1e12, 20)


def noise(seed: int, sigma: float = 0.01, n: int = 20) -> FloatArray:
    return np.exp(sigma * np.random.default_rng(seed).standard_normal(n))


def test_the_law_with_a_floor_stands_while_the_points_do_not_rule_it_out() -> None:
    for floor in (0.03, 0.0):
        error = floor + (0.1 - floor) * (COMPUTE / 1e12) ** -0.25
        choices = [choose_form(COMPUTE, error * noise(seed), chance_error=0.9) for seed in range(10)]
        standing = [choice for choice in choices if choice.fit.form == "power_floor"]
        assert len(standing) >= 8
        assert {choice.reason for choice in standing} == {"the points don't rule out its floor or its power"}


def test_a_form_that_the_points_rule_out_gives_way_to_the_one_that_predicts_best() -> None:
    odds = 0.05 + 0.1 * (COMPUTE / 1e12) ** -0.45
    choice = choose_form(COMPUTE, 0.9 * odds / (1 + odds) * noise(1), chance_error=0.9)
    assert choice.fit.form == "m4"
    assert choice.reason == "power_floor is ruled out; m4 predicts best ahead"
    assert min(choice.ahead, key=lambda name: choice.ahead[name]) == "m4"


def test_an_exponential_is_chosen_where_it_is_one() -> None:
    error = (1.6 - 0.12 * np.log10(COMPUTE)) * noise(2, 0.003)
    assert choose_form(COMPUTE, error).fit.form == "exponential_error"


def test_auto_is_the_form_that_is_chosen() -> None:
    error = (1.6 - 0.12 * np.log10(COMPUTE)) * noise(2, 0.003)
    auto = fit_curve(COMPUTE, error, form="auto")
    assert auto.form == "exponential_error"
    assert auto.params == fit_curve(COMPUTE, error, form="exponential_error").params
    with pytest.raises(FitError, match="form: auto compares likelihoods and huber has none"):
        fit_curve(COMPUTE, error, form="auto", objective="huber")


def test_few_points_are_chosen_for_by_what_can_be_fitted() -> None:
    choice = choose_form([1e9, 1e10, 1e11], [0.3, 0.2, 0.15])
    assert FORMS[choice.fit.form].size == 2
    assert choice.reason.startswith("power_floor could not be fitted; ")


def test_a_diagnostic_form_is_never_chosen() -> None:
    compute = np.geomspace(1e8, 1e13, 60)
    error = 0.1 * (compute / 1e11) ** np.where(compute < 1e11, -0.05, -0.4)
    assert choose_form(compute, error).fit.form != "broken_power"
    with pytest.raises(FitError, match="only diagnostic ones could be fitted"):
        choose_form(compute, error, forms=["broken_power"])


def test_a_true_form_hardly_needs_its_prediction_intervals_stretched() -> None:
    widenings = []
    for seed in range(12):
        error = (0.03 + 0.07 * (COMPUTE / 1e12) ** -0.25) * noise(seed, 0.02)
        fit = fit_curve(COMPUTE, error, form="power_floor", calibrate=True)
        assert fit.calibration is not None
        assert fit.calibration.hidden == 10
        widenings.append(fit.calibration.widening)
    assert np.median(widenings) < 1.3


def test_a_wrong_form_has_its_prediction_intervals_stretched() -> None:
    error = (0.05 + 0.05 * (COMPUTE / 1e12) ** -0.4) * noise(0)
    plain, calibrated = (fit_curve(COMPUTE, error, form="power", calibrate=choice) for choice in (False, True))
    assert calibrated.calibration is not None
    assert calibrated.calibration.share_inside < 0.5
    assert calibrated.calibration.widening > 2
    ahead, stretched = plain.predict(1e13), calibrated.predict(1e13)
    assert stretched.error == ahead.error
    assert stretched.curve_high == ahead.curve_high
    assert stretched.high[0] > ahead.high[0]
    assert np.log(stretched.high[0] / stretched.error[0]) == pytest.approx(
        calibrated.calibration.widening * np.log(ahead.high[0] / ahead.error[0])
    )


def test_calibration_looks_only_ahead() -> None:
    """What lies at the smallest computes of a block is predicted from below it: later points don't matter to it."""
    error = (0.03 + 0.07 * (COMPUTE / 1e12) ** -0.25) * noise(3, 0.02)
    changed = error.copy()
    changed[-1] *= 3
    one, other = (fit_curve(COMPUTE, given, form="power_floor", calibrate=True) for given in (error, changed))
    assert one.calibration is not None
    assert other.calibration is not None
    assert other.calibration.share_inside >= one.calibration.share_inside - 1 / 10


@pytest.mark.parametrize("form", [name for name, one in FORMS.items() if one.family != "diagnostic"])
def test_a_reach_is_the_stretching_that_is_just_enough(form: str) -> None:
    """Also where an interval begins below zero, as that of a straight line in error may."""
    error = np.maximum(0.5 - 0.14 * np.log10(COMPUTE / 1e9), 0.02) * noise(0, 0.05)
    cells = observed_cells(COMPUTE, error)
    shown, hidden = COMPUTE[-4] > COMPUTE, COMPUTE[-4] <= COMPUTE
    fit = fit_cells(cells.where(shown), form=form, chance_error=0.9)
    for compute, seen, reach in zip(
        COMPUTE[hidden], error[hidden], _reaches(cells, shown, hidden, lambda part: fit), strict=True
    ):
        stretched = replace(fit, calibration=Calibration(hidden=1, share_inside=0.0, widening=reach))
        ahead = stretched.predict(compute, level=0.9)
        assert min(abs(ahead.low[0] - seen), abs(ahead.high[0] - seen)) < 1e-9


def test_points_of_one_compute_are_hidden_together_and_once() -> None:
    compute = np.repeat(np.geomspace(1e9, 1e12, 7), 4)
    cells = observed_cells(compute, (0.03 + 0.07 * (compute / 1e12) ** -0.25) * noise(0, n=28))
    times = np.sum([hidden for _, hidden in blocks(cells)], axis=0)
    assert times.tolist() == [0] * 12 + [1] * 16
    assert all(compute[shown].max() < compute[hidden].min() for shown, hidden in blocks(cells))


def test_too_few_points_can_not_be_calibrated() -> None:
    with pytest.raises(FitError, match="calibrate: 5 points leave 1 that can be hidden and predicted"):
        fit_curve([1, 2, 3, 4, 5], [0.5, 0.4, 0.33, 0.29, 0.26], form="power_floor", calibrate=True)
