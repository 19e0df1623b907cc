"""How long runs take: what was measured of their shapes, and a prediction with its doubt from the best of it.

A shape is all that a step's time depends on: model, images, batch size, augmentation, precision. A run's time is

    steps x seconds a step  +  evaluations x seconds an evaluation  +  set-up and final scores

Each part is taken from, in this order: finished runs of the shape; the calibration of this device; a line through the
calibrated shapes of the same model, seconds = a + b x FLOPs of a step; the first guess in ``conf/runtime``. No torch.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Literal

import numpy as np

from harness.config import RunConfig, RuntimeConfig
from harness.errors import ConfigError
from harness.schema import from_dict, to_dict

SCHEMA_VERSION = 1
SCORED_TRAIN_EXAMPLES = 5000  # a run's training set is scored on its first so many: enough for 1 % of error
LEAST_LOG_SD = 0.05  # of a measured time: the same run again is seldom closer on a machine that others use too
LINE_LOG_SD = 0.15  # at least, of a shape between calibrated ones: kernels change with sizes, in steps
GUESS_LOG_SD = 1.0  # of the first guess: a factor of 2.7 up or down, from laptops to servers
FEWEST_ON_A_LINE = 3  # one more than it has parameters

Source = Literal["records", "calibration", "line", "guess"]


@dataclass(frozen=True)
class ShapeTime:
    """What one shape took. ``fixed_seconds`` is set-up and the scores at the end; ``log_sd`` the sd of ln step time."""

    shape: str
    model: str
    step_flops: int
    step_seconds: float
    evaluation_seconds: float
    fixed_seconds: float
    log_sd: float
    memory_bytes: int


@dataclass(frozen=True)
class Calibration:
    """What ``harness calibrate`` measured of a device (``<output>/calibration/<device class>.json``).

    ``peak_flops`` is by precision; ``start_seconds`` is from the start of a worker to its first step; times are with
    ``workers`` at work at once, ``threads`` each, since they share caches and memory.
    """

    schema_version: int
    device_class: str
    host: str
    made: str
    workers: int
    threads: int
    torch_version: str
    peak_flops: Mapping[str, float]
    start_seconds: float
    shapes: tuple[ShapeTime, ...]


@dataclass(frozen=True)
class Prediction:
    """A run's seconds on one worker, the sd of their logarithm, its memory if that was measured, and from what."""

    seconds: float
    log_sd: float
    memory_bytes: int | None
    source: Source


def shape_of(run: RunConfig) -> str:
    """The shape's name: a run's configuration, as far as the time of a step depends on it."""
    parts = (run.model, run.augment, run.numerics)
    options = [run.data.name, dict(run.data.options), run.optim.name, run.optim.batch_size]
    return json.dumps([*map(to_dict, parts), *options], sort_keys=True)


def device_class(device: str, name: str, threads: int) -> str:
    """``cpu-intel-xeon-gold-6248-1t``: machines whose times are interchangeable."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return f"{device}-{slug}" + (f"-{threads}t" if device == "cpu" else "")


def calibration_file(output: Path, name: str) -> Path:
    """Where the calibration of a device class lies."""
    return output / "calibration" / f"{name}.json"


def read_calibration(output: Path, name: str) -> Calibration | None:
    """The calibration of the device class; None if there is none.

    Raises:
        ConfigError: the file can't be read.
    """
    path = calibration_file(output, name)
    try:
        tree = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ConfigError(f"{path}: can't be read ({error}); remove it and calibrate again") from error
    return from_dict(Calibration, tree, where=str(path))


def predict(
    run: RunConfig,
    *,
    steps: int,
    step_flops: int,
    measured: Sequence[ShapeTime],
    calibration: Calibration | None,
    runtime: RuntimeConfig,
) -> Prediction:
    """The run's time, from finished runs of its shape if there are any, else from the next best."""
    if measured:
        return _of_shape(_typical(measured), run, steps=steps, source="records")
    known = calibration.shapes if calibration else ()
    shape = shape_of(run)
    for one in known:
        if one.shape == shape:
            return _of_shape(one, run, steps=steps, source="calibration")
    same_model = [one for one in known if one.model == run.model.name]
    if len(same_model) >= FEWEST_ON_A_LINE:
        return _of_shape(_on_line(same_model, step_flops), run, steps=steps, source="line")
    step_seconds = runtime.seconds_per_step + step_flops / runtime.flops_per_second
    return Prediction(steps * step_seconds, GUESS_LOG_SD, None, "guess")


def final_evaluations(run: RunConfig, *, test_examples: int) -> float:
    """The scores at the end of a run, in evaluations on validation."""
    train = min(SCORED_TRAIN_EXAMPLES, run.data.train_examples)
    return (train + test_examples) / run.data.validation_examples


def _typical(measured: Sequence[ShapeTime]) -> ShapeTime:
    """The median of several times of one shape, and their spread."""
    first = measured[0]
    spread = float(np.std(np.log([one.step_seconds for one in measured]), ddof=1)) if len(measured) > 1 else 0.0
    return ShapeTime(
        shape=first.shape,
        model=first.model,
        step_flops=first.step_flops,
        step_seconds=median(one.step_seconds for one in measured),
        evaluation_seconds=median(one.evaluation_seconds for one in measured),
        fixed_seconds=median(one.fixed_seconds for one in measured),
        log_sd=spread,
        memory_bytes=max(one.memory_bytes for one in measured),
    )


def _of_shape(shape: ShapeTime, run: RunConfig, *, steps: int, source: Source) -> Prediction:
    seconds = steps * shape.step_seconds + run.evaluations * shape.evaluation_seconds + shape.fixed_seconds
    return Prediction(seconds, max(LEAST_LOG_SD, shape.log_sd), shape.memory_bytes, source)


def _on_line(shapes: Sequence[ShapeTime], step_flops: int) -> ShapeTime:
    """A shape that was not measured: its step time on the line of least relative squares, the rest of the nearest."""
    from scipy.optimize import nnls  # late: half a second, and most runs are planned without it

    flops = np.array([one.step_flops for one in shapes], dtype=float)
    took = np.array([one.step_seconds for one in shapes])
    (fixed, rate), _ = nnls(np.column_stack([1 / took, flops / took]), np.ones(len(took)))
    off = np.log((fixed + rate * flops) / took)
    nearest = min(shapes, key=lambda one: abs(np.log(one.step_flops / step_flops)))
    return ShapeTime(
        shape="",
        model=nearest.model,
        step_flops=step_flops,
        step_seconds=float(fixed + rate * step_flops),
        evaluation_seconds=nearest.evaluation_seconds,
        fixed_seconds=nearest.fixed_seconds,
        log_sd=max(LINE_LOG_SD, float(np.sqrt(np.square(off).sum() / (len(off) - 2)))),
        memory_bytes=max(one.memory_bytes for one in shapes if one.step_flops >= nearest.step_flops),
    )
