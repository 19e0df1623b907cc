"""What 100, 1,000, 10,000 and 100,000 runs cost each verb: `make benchmarks`.

Prints lines of verb, runs, seconds, seconds by the clock, MB.
Seconds are of the processor, of whole commands, Python's start included: the clock is at least that, and on a quiet
machine with its files in memory little more. Half a million files are written, so TMPDIR should name a quick place.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from harness.fits.curve import fit_curve
from harness.fits.surface import fit_surface
from harness.forms.form import FloatArray
from harness.study import load_study
from tests.benchmarks.many_runs import GRIDS, words, write_study

pytestmark = pytest.mark.benchmark

CHILD = Path(__file__).with_name("measured_child.py")
GIBIBYTE = 2**30
SETTLED = 3  # seconds after which a file that was written is no longer one that may still be changing


@dataclass(frozen=True)
class Cost:
    """What a command took."""

    processor: float
    wall: float
    memory: int


def cost(verb: str, overrides: list[str], *more: str) -> Cost:
    command = [sys.executable, "-I", "-S", str(CHILD), f"{sys.prefix}/bin/harness", verb, *overrides, *more]
    done = subprocess.run(command, capture_output=True, text=True)
    took = json.loads(done.stdout.splitlines()[-1])
    assert took["code"] == 0, done.stderr[-2000:]
    return Cost(took["processor"], took["wall"], took["memory"])


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], Cost]:
    """Every verb at every size, and the bytes of the page as ``memory`` of ``page``; the runs are removed."""
    found: dict[tuple[str, int], Cost] = {}
    for runs in GRIDS:
        output = tmp_path_factory.mktemp(f"runs-{runs}")
        overrides = words(runs, output)
        assert len(write_study(overrides).runs) == runs
        time.sleep(SETTLED)
        found["plan", runs] = cost("plan", overrides, "--json")
        found["collect, first", runs] = cost("collect", overrides)
        found["collect, unchanged", runs] = cost("collect", overrides)
        found["status", runs] = cost("status", overrides)
        found["report", runs] = cost("report", overrides)
        page = load_study(overrides).folder / "report.html"
        found["page", runs] = Cost(0.0, 0.0, page.stat().st_size)
        for (what, size), took in found.items():
            if size == runs:
                print(f"\n{what},{runs},{took.processor:.2f},{took.wall:.2f},{took.memory / 1e6:.1f}", end="")
        shutil.rmtree(output)
    return found


Measured = dict[tuple[str, int], Cost]


def test_a_plan_is_linear_and_takes_a_millisecond_a_run_at_most(measured: Measured) -> None:
    seconds = {runs: measured["plan", runs].processor for runs in GRIDS}
    assert (seconds[100_000] - seconds[10_000]) / 90_000 <= 1e-3
    assert seconds[100_000] <= 12 * seconds[10_000]


@pytest.mark.parametrize(
    ("what", "bar"), [("collect, first", 15.0), ("collect, unchanged", 2.0), ("status", 5.0), ("report", 20.0)]
)
def test_a_verb_takes_so_many_seconds_of_100_000_runs(measured: Measured, what: str, bar: float) -> None:
    assert measured[what, 100_000].processor <= bar


@pytest.mark.parametrize("what", ["collect, first", "collect, unchanged", "status", "report"])
def test_no_verb_takes_more_than_a_gibibyte(measured: Measured, what: str) -> None:
    assert measured[what, 100_000].memory <= GIBIBYTE


def test_the_page_of_100_000_runs_has_at_most_8_mb(measured: Measured) -> None:
    assert measured["page", 100_000].memory <= 8e6


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
