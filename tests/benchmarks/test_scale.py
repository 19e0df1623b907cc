"""What 100, 1,000, 10,000 and 100,000 runs cost each verb, held against the bars: `make benchmarks`.

Seconds are of the processor (see ``tests.benchmarks.growth``). Half a million files are written, so TMPDIR should name
a quick place.
"""

import time
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from harness.fits.curve import fit_curve
from harness.fits.surface import fit_surface
from harness.forms.form import FloatArray
from tests.benchmarks.growth import BARS, LARGEST, MEMORY_BAR, PAGE_BAR, measure, of, slope
from tests.benchmarks.many_runs import GRIDS

pytestmark = pytest.mark.benchmark


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """Every verb at every size; the runs are removed."""
    return measure(GRIDS, folder=tmp_path_factory.mktemp("scale"))


def test_a_plan_is_linear_and_takes_a_millisecond_a_run_at_most(costs: pl.DataFrame) -> None:
    took = of(costs, "plan")
    assert slope(costs, "plan") <= 1e-3
    assert took[100_000] <= 12 * took[10_000]


@pytest.mark.parametrize("verb", BARS)
def test_a_verb_takes_so_many_seconds_of_100_000_runs_and_a_gibibyte(costs: pl.DataFrame, verb: str) -> None:
    assert of(costs, verb)[LARGEST] <= BARS[verb]
    assert verb == "plan" or of(costs, verb, "megabytes")[LARGEST] <= MEMORY_BAR


def test_the_page_of_100_000_runs_has_at_most_8_mb(costs: pl.DataFrame) -> None:
    assert of(costs, "page", "megabytes")[LARGEST] <= PAGE_BAR


def seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def points(count: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Parameters, examples and errors of a cloud of cells, no two of one size."""
    generator = np.random.default_rng(2020)
    params, examples = 10 ** generator.uniform(4, 7, count), 10 ** generator.uniform(4, 8, count)
    law = 0.085 + 14.0 * params**-0.66 + 4.3 * examples**-0.41
    return params, examples, law * np.exp(0.02 * generator.standard_normal(count))


def fitted_curve(count: int) -> object:
    params, examples, error = points(count)
    return fit_curve(6 * params * examples, error, form="power_floor")


def fitted_surface(count: int) -> object:
    return fit_surface(*points(count))


@pytest.mark.parametrize("fit", [fitted_curve, fitted_surface])
def test_a_fit_is_linear_in_its_points(fit: Callable[[int], object]) -> None:
    took = {count: seconds(lambda count=count: fit(count)) for count in (100, 1000, 10_000, 100_000)}  # type: ignore[misc]
    for count, spent in took.items():
        print(f"\n{fit.__name__},{count},{spent:.2f}", end="")
    assert took[100_000] <= 15 * took[10_000]
