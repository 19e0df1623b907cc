"""The compute-optimal frontier: from the surface, checked by IsoFLOP minima, with raw minima put right."""

import numpy as np
import pytest

from harness.errors import FitError
from harness.fits.curve import fit_curve
from harness.fits.frontier import Frontier, frontier
from harness.forms.form import FloatArray

A, B, FLOPS = 30.0, 60.0, 6.0
EXPONENT, SIZE_EXPONENT = 0.45 * 0.5 / 0.95, 0.5 / 0.95


def sweep(sizes: int = 9, budgets: int = 6) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Parameters, examples and noise-free error of IsoFLOP profiles that are centred on the best size."""
    compute = np.repeat(np.geomspace(1e9, 1e12, budgets), sizes)
    centre = (A * 0.45 / (B * 0.5)) ** (1 / 0.95) * (compute / FLOPS) ** SIZE_EXPONENT
    params = np.tile(np.geomspace(1 / 5, 5, sizes), budgets) * centre
    examples = compute / FLOPS / params
    return params, examples, 0.03 + A * params**-0.45 + B * examples**-0.5


def noisy(seed: int, sigma: float = 0.02) -> Frontier:
    params, examples, error = sweep()
    return frontier(params, examples, error * np.exp(sigma * np.random.default_rng(seed).standard_normal(len(error))))


def test_the_surface_gives_the_frontier_and_its_allocation() -> None:
    best = frontier(*sweep())
    assert best.value("exponent") == pytest.approx(EXPONENT, rel=1e-6)
    assert best.params["irreducible_error"] == pytest.approx(0.03, rel=1e-6)
    ahead = best.predict([1e13])
    assert ahead.params[0] * ahead.examples[0] * FLOPS == pytest.approx(1e13)
    assert best.diagnostics.agreeing_starts > 0.8


def test_isoflop_minima_check_the_growth_of_the_best_size() -> None:
    best = noisy(0)
    assert best.check is not None
    assert best.check.n == 6
    low, high = best.check.interval("optimal_params_exponent")
    assert low < SIZE_EXPONENT < high
    assert best.agrees
    assert best.check.predict(1e12).params == pytest.approx(best.predict(1e12).params[0], rel=0.3)


def test_the_surface_is_the_more_precise_road() -> None:
    found = [noisy(seed, 0.03) for seed in range(30)]
    minima = [fit_curve(best.minima.compute, best.minima.error, form="power_floor") for best in found]
    surface, raw = (
        np.sqrt(np.mean([np.square(value / EXPONENT - 1) for value in values]))
        for values in ([best.value("exponent") for best in found], [fit.params["exponent"] for fit in minima])
    )
    assert surface < 0.05
    assert surface < raw / 2


def test_raw_minima_are_too_low_and_raised_to_the_truth() -> None:
    raw, raised = [], []
    for seed in range(100):
        minima = noisy(seed, 0.05).minima
        error = sweep()[2]
        least = [error[first : first + 9].min() for first in range(0, len(error), 9)]
        raw.append(np.log(minima.error / least).mean())
        raised.append(np.log(minima.corrected / least).mean())
    assert np.mean(raw) < -0.03
    assert abs(np.mean(raised)) < 0.01


def test_the_flops_of_a_parameter_and_an_example_are_those_of_the_runs() -> None:
    params, examples, error = sweep()
    best = frontier(params, examples, error, compute=4.4 * params * examples)
    assert best.flops_per_param_example == pytest.approx(4.4)
    assert best.minima.compute[0] == pytest.approx(1e9 * 4.4 / 6)
    assert best.minima.candidates.tolist() == [9.0] * 6


def test_what_can_not_be_checked_says_so() -> None:
    random = np.random.default_rng(0)
    params, examples = 10 ** random.uniform(3, 5, 30), 10 ** random.uniform(5, 7, 30)
    best = frontier(params, examples, 0.03 + A * params**-0.45 + B * examples**-0.5)
    assert best.check is None
    assert best.agrees is None
    assert "profiles bracket their minimum; 3 or more would do" in best.unchecked


def test_what_the_surface_refuses_is_refused() -> None:
    with pytest.raises(FitError, match="error: row 0 is nan"):
        frontier([1, 2], [1, 2], [np.nan, 1])
