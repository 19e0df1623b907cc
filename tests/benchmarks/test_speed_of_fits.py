"""How long fits take on one core, and how that grows: `make benchmarks`. Best of several; 1.6 is for caches."""

import time
from collections.abc import Callable

import numpy as np
import pytest

from harness.fits.bootstrap import bootstrap
from harness.fits.curve import fit_curve
from harness.fits.surface import fit_surface
from harness.forms.form import FloatArray

pytestmark = pytest.mark.benchmark


def seconds(work: Callable[[], object], repeats: int = 5) -> float:
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    print(f" {1000 * min(times):.3g} ms", end="")
    return min(times)


def curve(n: int) -> tuple[FloatArray, FloatArray]:
    compute = np.geomspace(1e9, 1e12, n)
    noise = np.exp(0.02 * np.random.default_rng(0).standard_normal(n))
    return compute, (0.03 + 0.07 * (compute / 1e12) ** -0.25) * noise


def surface(budgets: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    compute = np.repeat(np.geomspace(1e9, 1e12, budgets), 10)
    params = np.tile(np.geomspace(1 / 8, 8, 10), budgets) * np.sqrt(compute / 6)
    examples = compute / 6 / params
    noise = np.exp(0.02 * np.random.default_rng(0).standard_normal(len(params)))
    return params, examples, (0.03 + 30 * params**-0.45 + 60 * examples**-0.5) * noise


def test_a_curve_with_three_intervals_takes_ten_milliseconds() -> None:
    points = curve(16)

    def work() -> None:
        fit = fit_curve(*points, form="power_floor")
        for name in ("exponent", "irreducible_error", "compute_exponent"):
            fit.interval(name)

    assert seconds(work) <= 0.010


@pytest.mark.parametrize("form", ["power_floor", "m4", "rosenfeld"])
def test_a_bootstrap_draw_takes_half_a_millisecond(form: str) -> None:
    fit = fit_curve(*curve(20), form=form, chance_error=0.9)
    assert seconds(lambda: bootstrap(fit, "exponent", draws=1000)) / 1000 <= 0.5e-3


def test_a_surface_of_250_points_with_1000_draws_takes_two_seconds() -> None:
    points = surface(25)
    assert seconds(lambda: bootstrap(fit_surface(*points), "exponent", draws=1000), repeats=2) <= 2.0


def test_time_grows_no_faster_than_points() -> None:
    """Twenty times the points take at most twenty times as long: what does not depend on them helps."""
    few, many = (seconds(lambda n=n: fit_curve(*curve(n), form="power_floor")) for n in (50, 1000))  # type: ignore[misc]
    assert many <= 1.6 * 20 * few
    few, many = (seconds(lambda n=n: fit_surface(*surface(n)), repeats=2) for n in (10, 100))  # type: ignore[misc]
    assert many <= 1.6 * 10 * few


def test_time_grows_no_faster_than_draws() -> None:
    fit = fit_curve(*curve(20), form="power_floor")
    few, many = (seconds(lambda n=n: bootstrap(fit, "exponent", draws=n)) for n in (250, 2500))  # type: ignore[misc]
    assert many <= 1.6 * 10 * few
    wide = fit_surface(*surface(25))
    few, many = (seconds(lambda n=n: bootstrap(wide, "exponent", draws=n), repeats=2) for n in (100, 1000))  # type: ignore[misc]
    assert many <= 1.6 * 10 * few
