"""Tests of an exponent against a published one: they say yes, no and don't know, and err as often as they should."""

import numpy as np
import pytest
from scipy.stats import linregress
from scipy.stats import t as t_distribution

from harness.errors import FitError
from harness.fits.comparison import fit_each
from harness.fits.curve import CurveFit, fit_curve
from harness.fits.quantity import Quantity
from harness.hypotheses import Whichever, at_least, equals, p_value, whichever, within_factor
from tests.laws import law

FORMS = ("power", "power_floor")


def fitted(exponent: float, floor_share: float = 0.0, *, form: str = "power", **how: float) -> CurveFit:
    return fit_curve(*law(exponent, floor_share, **how), form=form)  # type: ignore[arg-type]


def test_the_p_value_is_that_of_the_regression() -> None:
    compute, error = law(0.2, n=10, sigma=0.05)
    line = linregress(np.log(compute), np.log(error))
    fit = fit_curve(compute, error, form="power")
    for published in (0.19, 0.2, 0.22, 0.25):
        wanted = 2 * t_distribution.sf(abs(-line.slope - published) / line.stderr, 8)
        assert p_value(fit, "exponent", published) == pytest.approx(wanted, rel=0.01)


def test_equality_is_contradicted_or_left_open_but_never_supported() -> None:
    fit = fitted(0.25, sigma=0.02, seed=1)
    assert equals(fit, 4.0).answer == "undecided"
    assert equals(fit, 9.0).answer == "contradicted"
    assert equals(fit, 0.25, quantity="exponent").answer == "undecided"


def test_the_answer_and_the_p_value_agree() -> None:
    fit = fitted(0.25, sigma=0.05, n=8)
    for published in np.linspace(3.5, 4.6, 12):
        two_sided, one_sided = equals(fit, published), at_least(fit, published)
        assert two_sided.p_value is not None
        assert one_sided.p_value is not None
        assert (two_sided.answer == "contradicted") == (two_sided.p_value < 0.05)
        assert (one_sided.answer == "supported") == (one_sided.p_value < 0.05)
        assert (one_sided.answer == "contradicted") == (one_sided.p_value > 0.95)


@pytest.mark.parametrize(("exponent", "answer"), [(1 / 8, "supported"), (1 / 4, "undecided"), (1 / 2, "contradicted")])
def test_at_least_four(exponent: float, answer: str) -> None:
    assert at_least(fitted(exponent, sigma=0.02, seed=1), 4.0).answer == answer


@pytest.mark.parametrize(
    ("exponent", "sigma", "answer"),
    [(1 / 9, 0.005, "supported"), (1 / 9, 0.2, "undecided"), (1 / 4, 0.005, "contradicted")],
)
def test_within_a_factor_of_nine(exponent: float, sigma: float, answer: str) -> None:
    finding = within_factor(fitted(exponent, sigma=sigma), 9.0, factor=1.25)
    assert finding.answer == answer
    assert finding.p_value is not None
    assert (finding.p_value < 0.05) == (answer == "supported")


def test_a_finding_says_the_number_its_bounds_the_form_and_the_range() -> None:
    finding = at_least(fitted(0.25), 4.5)
    assert finding.hypothesis == "compute exponent >= 4.5"
    assert finding.level == 0.9
    assert finding.reason == (
        "the compute exponent is 4 (each bound one-sided 95%: 4 to 4, form: power), over 16 points and 3.0 decades."
    )


def test_whichever_form_is_true_holds_the_interval_of_each() -> None:
    compute, error = law(0.25, sigma=0.02)
    both = whichever(fit_each(compute, error, forms=["power", "power_floor", "exponential_error"])[0])
    assert set(both.fits) == {"power", "power_floor"}
    low, high = both.interval("compute_exponent", level=0.9)
    for fit in both.fits.values():
        assert low <= fit.interval("compute_exponent", level=0.9)[0]
        assert high >= fit.interval("compute_exponent", level=0.9)[1]
    assert isinstance(both, Whichever)
    assert at_least(both, 3.0).answer == "supported"


def test_only_forms_that_have_the_parameter_take_part() -> None:
    fits = fit_each(*law(0.25, sigma=0.02), forms=["power", "power_floor"])[0]
    assert whichever(fits, having="irreducible_error").form == "power law with floor"
    with pytest.raises(FitError, match="no form with the parameter break_point was fitted"):
        whichever(fits, having="break_point")
    with pytest.raises(FitError, match="forms: no form was fitted; one or more would do"):
        whichever({})


class _Unknown:
    """A fit without a number."""

    form, n, decades = "none", 0, 0.0

    def value(self, quantity: Quantity) -> float:
        return float("nan")

    def interval(self, quantity: Quantity, *, level: float) -> tuple[float, float]:
        return float("nan"), float("nan")


def test_a_fit_without_a_number_decides_nothing() -> None:
    for found in (equals(_Unknown(), 9), at_least(_Unknown(), 9), within_factor(_Unknown(), 9, factor=1.25)):
        assert found.answer == "undecided"
    assert p_value(_Unknown(), "compute_exponent", 9) == 1.0


def test_numbers_that_can_t_be_published_exponents_are_refused() -> None:
    fit = fitted(0.25)
    with pytest.raises(FitError, match="bound: is -4; a finite number above zero would do"):
        at_least(fit, -4)
    with pytest.raises(FitError, match=r"factor: is 1; a number above 1, such as 1\.25, would do"):
        within_factor(fit, 9, factor=1)


@pytest.mark.stats
@pytest.mark.parametrize("floor_share", [0.0, 0.3])
def test_a_true_bound_is_denied_or_affirmed_one_time_in_twenty(floor_share: float) -> None:
    exponent, draws = 0.25, 400
    truth = 1 / (exponent * (1 - floor_share))
    findings = [
        at_least(whichever(fit_each(*law(exponent, floor_share, sigma=0.02, seed=seed), forms=FORMS)[0]), truth)
        for seed in range(draws)
    ]
    for answer in ("supported", "contradicted"):
        assert sum(finding.answer == answer for finding in findings) / draws <= 0.075


@pytest.mark.stats
def test_equivalence_at_the_edge_of_the_margin_is_found_one_time_in_twenty() -> None:
    draws = 400
    found = [within_factor(fitted(0.2, sigma=0.02, seed=seed), 4.0, factor=1.25).answer for seed in range(draws)]
    assert 0.025 <= found.count("supported") / draws <= 0.075
