"""Measuring a device: a few steps of each kind of shape in a study, by the very code that trains.

Calibration runs are real runs of few steps, in a folder that is thrown away: data, model, steps, evaluations, final
scores. They go through the launcher with as many workers as a launch would have, since workers share caches and
memory; each shape twice, for the spread. The peak of matrix products is measured in each precision that the device has.
"""

import dataclasses
import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

import numpy as np

from harness import device as machine
from harness.config import BudgetConfig, NumericsConfig, Precision, RunConfig, RuntimeConfig
from harness.errors import ConfigError
from harness.numerics import set_up_numerics
from harness.plan import MIN_STEPS, PlannedRun, plan_runs
from harness.records import read_record
from harness.timing import ShapeTime, shape_of
from harness.train import run_one

STEP_SECONDS = 0.5  # of training a calibration run, as first guessed: many steps of a small network, few of a large one
PRECISIONS: tuple[Precision, ...] = ("float64", "float32", "tf32", "bfloat16")


@dataclass(frozen=True)
class Timed:
    """A calibration run's seconds, those outside of training and evaluation apart, and its memory."""

    planned: PlannedRun
    elapsed: float
    step_seconds: float
    evaluation_seconds: float
    fixed_seconds: float
    memory_bytes: int


def choose_shapes(planned: Iterable[PlannedRun], *, most: int) -> tuple[PlannedRun, ...]:
    """A run of each of at most ``most`` shapes, spread over the FLOPs of a step, its least and largest among them."""
    shapes = {shape_of(run.config): run for run in planned}
    ordered = sorted(shapes.values(), key=lambda run: run.cost.step_flops)
    places = np.unique(np.linspace(0, len(ordered) - 1, min(most, len(ordered))).round().astype(int))
    return tuple(ordered[place] for place in places)


def calibration_runs(chosen: Sequence[PlannedRun], *, workers: int, runtime: RuntimeConfig) -> tuple[PlannedRun, ...]:
    """The runs to time: first one a worker to warm up on, then each shape twice, the longest first."""
    warm_up = [_short(chosen[0], seed=seed) for seed in range(workers)]
    twice = [_short(run, seed=workers + again) for run in reversed(chosen) for again in range(2)]
    return plan_runs([*warm_up, *twice], runtime=runtime)


def _short(run: PlannedRun, *, seed: int) -> RunConfig:
    guess = run.time.seconds / run.steps
    steps = max(MIN_STEPS, min(run.steps, math.ceil(STEP_SECONDS / guess)))
    budget = BudgetConfig(training_flops=None, epochs=None, steps=steps)
    return dataclasses.replace(run.config, budget=budget, seed=seed)


def timed_run(planned: PlannedRun, *, runtime: RuntimeConfig) -> Timed:
    """Train a calibration run and say what it took.

    Raises:
        ConfigError: it did not come to a result, so its time says nothing.
    """
    began = time.perf_counter()
    outcome = run_one(planned, runtime=runtime)
    elapsed = time.perf_counter() - began
    if outcome != "finished":
        raise ConfigError(f"calibrate: a run of {planned.steps} steps ended as {outcome}; try again")
    record, took = read_record(Path(runtime.output) / "runs" / planned.id)
    return Timed(
        planned=planned,
        elapsed=elapsed,
        step_seconds=took.wall_seconds / record.steps,
        evaluation_seconds=took.evaluation_seconds / len(record.curve),
        fixed_seconds=elapsed - took.wall_seconds - took.evaluation_seconds,
        memory_bytes=took.peak_memory_bytes,
    )


def shape_times(timed: Iterable[Timed]) -> tuple[ShapeTime, ...]:
    """What each shape took, by the FLOPs of a step."""
    shapes: dict[str, list[Timed]] = {}
    for one in timed:
        shapes.setdefault(shape_of(one.planned.config), []).append(one)
    return tuple(sorted(map(_shape_time, shapes, shapes.values()), key=lambda one: one.step_flops))


def _shape_time(shape: str, timed: Sequence[Timed]) -> ShapeTime:
    first = timed[0].planned
    steps = [one.step_seconds for one in timed]
    return ShapeTime(
        shape=shape,
        model=first.config.model.name,
        step_flops=first.cost.step_flops,
        step_seconds=mean(steps),
        evaluation_seconds=mean(one.evaluation_seconds for one in timed),
        fixed_seconds=mean(one.fixed_seconds for one in timed),
        log_sd=float(np.std(np.log(steps), ddof=1)) if len(steps) > 1 else 0.0,
        memory_bytes=max(one.memory_bytes for one in timed),
    )


def start_seconds(warm_up: Sequence[Timed], waited: Sequence[float], *, usual: Sequence[ShapeTime]) -> float:
    """What only a worker's first run pays, from its start on; ``waited`` are the seconds until that run was done."""
    shapes = {one.shape: one for one in usual}
    starts = []
    for one, seconds in zip(warm_up, waited, strict=True):
        run = shapes[shape_of(one.planned.config)]
        again = one.planned.steps * run.step_seconds + run.fixed_seconds
        again += one.planned.config.evaluations * run.evaluation_seconds
        starts.append(max(0.0, seconds - again))
    return median(starts)


def peaks(device: str) -> dict[str, float]:
    """The best rate of a matrix product in each precision that the device has, in FLOP/s; a few seconds in all."""
    chosen = machine.choose_device(device)
    found: dict[str, float] = {}
    for precision in PRECISIONS:
        try:
            set_up_numerics(NumericsConfig(precision=precision, compile=False), chosen)
        except ConfigError:
            continue  # the device has no such arithmetic, so it has no peak
        found[precision] = machine.measure_peak(chosen, precision).flops
    return found
