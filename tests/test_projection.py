"""The inverse question on known laws: the set that is right, priced by constants whose arithmetic is known."""

from dataclasses import replace

import numpy as np
import pytest

from harness.choices import names, read_choice
from harness.errors import ConfigError, FitError
from harness.fits.curve import fit_curve
from harness.projection import (
    Constant,
    Hardware,
    Price,
    Range,
    Rates,
    back_test,
    costs,
    costs_of_hours,
    project,
    rates,
    reach,
)
from harness.projection.reach import widen
from tests.laws import law

FORMS = ("power", "power_floor", "exponential_error", "exponential_performance")


def sure(value: float) -> Constant:
    return Constant(value, 0.0, "2026-01", "made up")


RATES = Rates(
    peak_flops=1e14,
    utilisation=sure(0.5),
    watts=sure(500.0),
    pue=sure(1.2),
    usd_per_device_hour=sure(2.0),
    kg_co2_per_kwh=sure(0.4),
)


# Compute to a target.


@pytest.mark.parametrize("target", [0.2, 0.1, 0.05])
def test_the_compute_is_that_of_the_law(target: float) -> None:
    fit = fit_curve(*law(0.25, 0.3), form="power_floor")
    truth = 12 - np.log10((target / 0.1 - 0.3) / 0.7) / 0.25
    found = reach(fit, target).log10_compute
    assert found.kind == "interval"
    assert (found.low, found.value, found.high) == pytest.approx((truth,) * 3, abs=1e-4)


def test_a_target_below_the_floor_is_not_reachable() -> None:
    found = reach(fit_curve(*law(0.4, 0.6, sigma=0.01), form="power_floor"), 0.03)
    assert found.log10_compute == Range(np.inf, None, np.inf)
    assert found.log10_compute.kind == "not reachable"
    assert np.all(np.isinf(found.draws(np.linspace(-3, 3, 7))))


def test_a_target_within_the_doubt_about_the_floor_is_a_half_line() -> None:
    found = reach(fit_curve(*law(0.3, 0.5, sigma=0.02), form="power_floor"), 0.052).log10_compute
    assert found.kind == "half-line"
    assert 12 < found.low < 20
    assert found.high == np.inf


def test_draws_have_the_quantiles_of_the_intervals() -> None:
    fit = fit_curve(*law(0.25, 0.3, sigma=0.02), form="power_floor")
    found = reach(fit, 0.06)
    for level in (0.5, 0.9, 0.95):
        ends = fit.interval(fit.log10_compute_to(0.06), level=level)
        scores = np.array([-1, 1]) * {0.5: 0.6745, 0.9: 1.6449, 0.95: 1.96}[level]
        assert found.draws(scores) == pytest.approx(ends, abs=0.05)


def test_a_curve_without_an_exponent_states_no_single_number() -> None:
    fit = fit_curve(*law(0.111, decades=1, n=8, sigma=0.05), form="power_floor")
    assert fit.gate
    assert reach(fit, 0.09).log10_compute.value is None


@pytest.mark.parametrize("target", [0.0, -0.1, float("nan")])
def test_a_target_that_is_no_error_is_refused(target: float) -> None:
    with pytest.raises(FitError, match="target: row 0 is"):
        reach(fit_curve(*law(0.25), form="power"), target)


def test_widening_spares_what_the_data_cover() -> None:
    assert widen((12.5, 14.0), centre=13.0, largest=12.0, factor=2) == (12.0, 15.0)
    assert widen((11.0, 11.4), centre=11.2, largest=12.0, factor=2) == pytest.approx((11.0, 11.6))
    assert widen((12.5, 14.0), centre=13.0, largest=12.0, factor=1) == (12.5, 14.0)
    assert widen((14.0, np.inf), centre=np.inf, largest=12.0, factor=2) == (13.0, np.inf)
    assert widen((np.inf, np.inf), centre=np.inf, largest=12.0, factor=2) == (np.inf, np.inf)


# Costs.


def test_without_doubts_costs_are_arithmetic() -> None:
    found = costs(reach(fit_curve(*law(0.25), form="power"), 0.05), RATES)
    flops = 1.6e13
    hours = flops / (1e14 * 0.5) / 3600
    wanted = {
        "training_flops": flops,
        "device_hours": hours,
        "energy_kwh": hours * 0.5 * 1.2,
        "usd": hours * 2,
        "co2_kg": hours * 0.5 * 1.2 * 0.4,
    }
    assert {name: one.value for name, one in found.items()} == pytest.approx(wanted, rel=1e-3)
    assert all(one.high / one.low < 1.01 for one in found.values())


def test_the_doubts_of_the_constants_add_in_quadrature() -> None:
    doubtful = replace(
        RATES,
        utilisation=replace(RATES.utilisation, value=0.05, log_sd=0.3),
        usd_per_device_hour=replace(RATES.usd_per_device_hour, log_sd=0.4),
    )
    found = costs(reach(fit_curve(*law(0.25), form="power"), 0.05), doubtful)
    assert np.log(found["usd"].high / found["usd"].low) == pytest.approx(2 * 1.96 * 0.5, rel=0.03)
    assert np.log(found["device_hours"].high / found["device_hours"].low) == pytest.approx(2 * 1.96 * 0.3, rel=0.03)
    assert np.log(found["training_flops"].high / found["training_flops"].low) < 0.01


def test_no_device_does_more_than_its_peak() -> None:
    eager = replace(RATES, utilisation=replace(RATES.utilisation, value=0.9, log_sd=1.0))
    found = costs(reach(fit_curve(*law(0.25), form="power"), 0.05), eager)
    assert found["device_hours"].low >= 1.6e13 / 1e14 / 3600 * 0.999


def test_what_is_never_reached_costs_more_than_any_number() -> None:
    found = costs(reach(fit_curve(*law(0.4, 0.6, sigma=0.01), form="power_floor"), 0.03), RATES)
    assert {one.kind for one in found.values()} == {"not reachable"}


def test_all_costs_are_of_one_kind() -> None:
    for target in (0.06, 0.055, 0.052, 0.05, 0.048, 0.045):
        found = costs(reach(fit_curve(*law(0.3, 0.5, sigma=0.02), form="power_floor"), target), RATES)
        assert len({one.kind for one in found.values()}) == 1, (target, found)


# The back-test.


def test_a_law_that_goes_on_passes_its_back_test() -> None:
    tested = back_test(*law(0.25, 0.3, n=24, sigma=0.02, seed=1), forms=FORMS)
    assert tested is not None
    assert (tested.shown, tested.hidden) == (16, 8)
    assert tested.held >= 0.75
    assert tested.misprediction < 0.08


def test_a_curve_that_breaks_fails_its_back_test_and_widens_the_answer() -> None:
    compute, error = law(0.3, n=24, sigma=0.005)
    broken = np.maximum(error, error[16])
    tested = back_test(compute, broken, forms=FORMS)
    assert tested is not None
    assert tested.held < 0.5
    assert tested.widening > 1
    found = project(compute, broken, target=0.05, rates=RATES, forms=FORMS)
    assert any("the back-test failed" in warning for warning in found.warnings)


def test_few_points_allow_no_back_test_and_that_is_said() -> None:
    compute, error = law(0.25, n=5, decades=2, sigma=0.01)
    assert back_test(compute, error, forms=FORMS) is None
    found = project(compute, error, target=0.08, rates=RATES, forms=FORMS)
    assert "no back-test: too few points lie below the top decade of compute." in found.warnings


# The whole answer.


def test_the_union_holds_every_form_that_stands() -> None:
    found = project(*law(0.25, sigma=0.02), target=0.06, rates=RATES, forms=FORMS)
    assert {form.form for form in found.forms} == {"power", "power_floor"}
    assert {*found.out} == {"exponential_error", "exponential_performance"}
    for name, union in found.union.items():
        assert union.low == min(form.costs[name].low for form in found.forms)
        assert union.high == max(form.costs[name].high for form in found.forms)
        assert union.value == found.forms[0].costs[name].value
    truth = 12 + np.log10(0.1 / 0.06) / 0.25
    assert found.union["training_flops"].low < 10**truth < found.union["training_flops"].high


def test_forms_under_which_the_target_is_never_reached_are_named() -> None:
    found = project(*law(0.4, 0.6, sigma=0.01), target=0.03, rates=RATES, forms=FORMS)
    assert found.unreachable == ("power_floor",)


def test_more_than_two_decades_beyond_the_data_is_a_scenario() -> None:
    compute, error = law(0.25, n=24, sigma=0.002)
    near = project(compute, error, target=0.08, rates=RATES, forms=["power"])
    far = project(compute, error, target=0.01, rates=RATES, forms=["power"])
    assert not any("scenario" in warning for warning in near.warnings)
    assert any(warning.startswith("a scenario, not a prediction: it lies 4.") for warning in far.warnings)


def test_a_target_that_was_measured_is_said_to_be() -> None:
    found = project(*law(0.25, n=24), target=0.2, rates=RATES, forms=FORMS)
    assert "a measured error is already at or below the target." in found.warnings


def test_points_that_suit_no_form_are_refused() -> None:
    with pytest.raises(FitError, match="power: 2 points for 2 parameters"):
        project([1e9, 1e10], [0.2, 0.1], target=0.05, rates=RATES, forms=FORMS)


# The constants that ship.


@pytest.mark.parametrize("price", names("price"))
@pytest.mark.parametrize("hardware", names("hardware"))
def test_every_device_is_priced_or_refused_by_name(hardware: str, price: str) -> None:
    device, place = read_choice(Hardware, "hardware", hardware), read_choice(Price, "price", price)
    assert (device.name, place.name) == (hardware, price)
    if hardware not in place.usd_per_device_hour:
        with pytest.raises(ConfigError, match=f"price {price}: unknown hardware '{hardware}'"):
            rates(device, place)
        return
    for precision in device.peak_flops:
        found = rates(device, place, precision=precision)
        assert (1e12 if device.name != "cpu" else 1e10) < found.peak_flops < 1e16
        for constant in found.doubtful.values():
            assert constant.source
            assert constant.date.startswith(("201", "202"))
    assert rates(device, place).peak_flops == device.peak_flops[device.precision]


def test_what_was_not_looked_up_says_so() -> None:
    place = read_choice(Price, "price", "paper_2020")
    for constant in (*place.usd_per_device_hour.values(), place.pue, place.kg_co2_per_kwh):
        assert constant.source.startswith("from memory")


def test_the_paper_s_constants_give_the_paper_s_dollars() -> None:
    device, place = read_choice(Hardware, "hardware", "v100"), read_choice(Price, "price", "paper_2020")
    at_peak = replace(rates(device, place, precision="float32"), utilisation=sure(1.0))
    found = costs(reach(fit_curve(*law(0.25), form="power"), 0.1), at_peak)
    assert found["usd"].value == pytest.approx(1e12 * 1.3e-8 / 1e9, rel=0.02)


def test_a_precision_that_the_device_lacks_is_named() -> None:
    device, place = read_choice(Hardware, "hardware", "v100"), read_choice(Price, "price", "cloud_2026")
    with pytest.raises(ConfigError, match="hardware v100: unknown precision 'bfloat16'; did you mean 'float16'"):
        rates(device, place, precision="bfloat16")


def test_a_constant_that_can_t_be_is_refused() -> None:
    device, place = read_choice(Hardware, "hardware", "a100"), read_choice(Price, "price", "cloud_2026")
    with pytest.raises(ConfigError, match="a100 at cloud_2026: pue: value 0 with log_sd 0"):
        rates(device, replace(place, pue=sure(0.0)))


@pytest.mark.stats
def test_the_set_holds_the_true_compute_as_often_as_it_says() -> None:
    draws, truth = 300, 12 - np.log10((0.06 / 0.1 - 0.3) / 0.7) / 0.25
    held = 0
    for seed in range(draws):
        fit = fit_curve(*law(0.25, 0.3, n=16, sigma=0.02, seed=seed), form="power_floor")
        found = reach(fit, 0.06).log10_compute
        held += found.low <= truth <= found.high
    assert 0.92 <= held / draws <= 0.985


@pytest.mark.stats
def test_nine_hidden_points_in_ten_lie_in_the_interval_when_the_law_goes_on() -> None:
    tests = [back_test(*law(0.25, 0.3, n=24, sigma=0.02, seed=seed), forms=FORMS) for seed in range(100)]
    assert 0.85 <= float(np.mean([one.held for one in tests if one is not None])) <= 0.99


def test_the_price_of_hours_is_a_product_and_its_doubts_add_in_logarithm() -> None:
    found = rates(read_choice(Hardware, "hardware", "a100"), read_choice(Price, "price", "cloud_2026"))
    cost = costs_of_hours(10.0, log_sd=0.2, rates=found)
    assert cost["device_hours"].value == 10.0
    assert cost["usd"].value == pytest.approx(10 * found.usd_per_device_hour.value)
    assert cost["energy_kwh"].value == pytest.approx(10 * 0.552 * found.pue.value)
    assert cost["co2_kg"].value == pytest.approx(10 * 0.552 * found.pue.value * found.kg_co2_per_kwh.value)
    assert np.log(cost["usd"].high / cost["usd"].value) == pytest.approx(1.6449 * np.hypot(0.2, 0.5), rel=1e-4)
    assert np.log(cost["co2_kg"].value / cost["co2_kg"].low) == pytest.approx(
        1.6449 * np.sqrt(0.2**2 + 0.3**2 + 0.2**2 + 0.4**2), rel=1e-4
    )
