"""Power or exponential: right where the points can tell, open where they can't."""

import numpy as np
import pytest

from harness.errors import FitError
from harness.fits.comparison import fit_each
from harness.fits.curve import CurveFit, fit_curve
from harness.forms.form import FloatArray
from harness.hypotheses import power_or_exponential, vuong
from tests.laws import law

FORMS = ("power", "power_floor", "exponential_error", "exponential_performance")


def fits(compute: FloatArray, error: FloatArray) -> dict[str, CurveFit]:
    return fit_each(compute, error, forms=FORMS)[0]


def exponential(kind: str, *, n: int, sigma: float, seed: int) -> tuple[FloatArray, FloatArray]:
    """Error (or 1/error) linear in log10 compute over 3 decades, from 0.3 to 0.1."""
    decades = np.linspace(0, 3, n)
    error = 0.3 - 0.2 * decades / 3 if kind == "error" else 1 / (1 / 0.3 + (10 - 1 / 0.3) * decades / 3)
    return 1e9 * 10**decades, error * np.exp(sigma * np.random.default_rng(seed).standard_normal(n))


@pytest.mark.parametrize("floor_share", [0.0, 0.3])
def test_a_power_is_told_from_an_exponential(floor_share: float) -> None:
    finding = power_or_exponential(fits(*law(0.25, floor_share, sigma=0.01)))
    assert finding.answer == "supported"
    assert finding.p_value is not None
    assert finding.p_value < 0.05


@pytest.mark.parametrize("kind", ["error", "performance"])
def test_an_exponential_is_told_from_a_power(kind: str) -> None:
    finding = power_or_exponential(fits(*exponential(kind, n=30, sigma=0.003, seed=0)))
    assert finding.answer == "contradicted"
    assert finding.value is not None
    assert finding.value < -4


def test_under_two_decades_there_is_no_verdict() -> None:
    finding = power_or_exponential(fits(*law(0.5, decades=1.9, n=30)))
    assert finding.answer == "undecided"
    assert finding.reason == "compute spans 1.9 decades; telling a power from an exponential takes 2."


def test_a_family_that_was_not_fitted_leaves_it_undecided() -> None:
    finding = power_or_exponential({"power": fit_curve(*law(0.25), form="power")})
    assert (finding.answer, finding.value) == ("undecided", None)


def test_vuong_changes_sign_with_the_order_and_favours_the_truth() -> None:
    given = fits(*law(0.25, sigma=0.01))
    z, p = vuong(given["power"], given["exponential_error"])
    assert z > 2
    assert vuong(given["exponential_error"], given["power"]) == pytest.approx((-z, p))
    assert vuong(given["power"], given["power"]) == (0.0, 1.0)


def test_points_that_share_noise_count_as_one() -> None:
    given = fits(*law(0.25, sigma=0.03, n=24))
    alone, own_label = (
        vuong(given["power"], given["exponential_error"], clusters=c) for c in (None, [f"cell {i}" for i in range(24)])
    )
    assert alone == own_label
    together = vuong(given["power"], given["exponential_error"], clusters=[i // 8 for i in range(24)])
    assert together != alone


def test_vuong_refuses_fits_to_different_points_and_labels_that_do_not_fit() -> None:
    one, other = (fit_curve(*law(0.25, n=n), form="power") for n in (10, 12))
    with pytest.raises(FitError, match="vuong: the fits are to different points"):
        vuong(one, other)
    with pytest.raises(FitError, match="clusters: 3 labels for 10 points; one a point would do"):
        vuong(one, one, clusters=[1, 2, 3])
