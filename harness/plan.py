"""A plan: what a study would train, exactly and for free. Nothing is trained and no data is read.

Parameters and FLOPs are counted on the meta device, once for each shape; the time comes from what is known of the
shape (see ``harness.timing``).
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.config import BudgetConfig, RunConfig, RuntimeConfig
from harness.data import check_sizes, describe
from harness.errors import ConfigError, RecordError
from harness.flops import StepCost, count_step
from harness.identity import run_id, trunk_id
from harness.optim import check_schedule, cooldown_start
from harness.records import is_finished, read_record
from harness.timing import Calibration, Prediction, ShapeTime, final_evaluations, predict, shape_of

MEASURED_RUNS = 3  # of a shape are enough for the median rate
MIN_STEPS = 20  # with fewer the schedule is mostly warm-up, and the run is no point on anyone's curve


@dataclass(frozen=True)
class PlannedRun:
    """One training to be done: its exact size, and what is known of the time it takes on one worker."""

    id: str
    config: RunConfig
    cost: StepCost
    steps: int
    time: Prediction

    @property
    def seconds(self) -> float:
        """The predicted time on one worker."""
        return self.time.seconds

    @property
    def training_flops(self) -> int:
        """FLOPs of all training steps, forward and backward."""
        return self.steps * self.cost.step_flops

    @property
    def examples_seen(self) -> int:
        """Examples of all steps, repeats counted."""
        return self.steps * self.config.optim.batch_size

    @functools.cached_property
    def trunk(self) -> str | None:
        """The trunk that other budgets share with it, if they can."""
        return trunk_id(self.config)

    @functools.cached_property
    def trunk_steps(self) -> int:
        """The steps before the cooldown, which longer budgets share; 0 without a trunk."""
        return cooldown_start(self.config.optim, steps=self.steps) if self.trunk else 0

    @functools.cached_property
    def evaluation_steps(self) -> frozenset[int]:
        """After which steps it is scored on validation; the last step is one of them.

        None is on a trunk: where they are depends on the budget, and what budgets share must not.
        """
        count, first = self.config.evaluations, self.trunk_steps
        steps = (first + round((self.steps - first) * (i + 1) / count) for i in range(count))
        return frozenset(step for step in steps if step > first)


def plan_runs(
    runs: Iterable[RunConfig], *, runtime: RuntimeConfig, calibration: Calibration | None = None
) -> tuple[PlannedRun, ...]:
    """Each run with its cost, in the given order.

    Raises:
        ConfigError: a model or data set that is unknown, or a budget of fewer than ``MIN_STEPS`` steps.
    """
    costs: dict[str, StepCost] = {}
    measured: dict[str, list[ShapeTime]] = {}
    named = []
    for run in runs:
        name, shape = run_id(run), shape_of(run)
        if shape not in costs:
            costs[shape], measured[shape] = _cost(run), []
        folder = Path(runtime.output) / "runs" / name
        enough = len(measured[shape]) == MEASURED_RUNS
        took = None if enough else _measured(run, folder, processes=runtime.processes)
        if took is not None:
            measured[shape].append(took)
        named.append((name, shape, run))
    return tuple(
        _planned(run, name, costs[shape], measured=measured[shape], calibration=calibration, runtime=runtime)
        for name, shape, run in named
    )


def _measured(run: RunConfig, folder: Path, *, processes: int) -> ShapeTime | None:
    """What the finished run took on so many processes; None if it is not finished or can't be read."""
    if not is_finished(folder):
        return None
    try:
        record, took = read_record(folder)
    except RecordError:
        return None  # only a guess of the time rests on it; whoever collects is told
    if took.processors != processes:
        return None
    evaluation = took.evaluation_seconds / max(1, len(record.curve))
    return ShapeTime(
        shape=shape_of(run),
        model=run.model.name,
        step_flops=record.step_flops,
        step_seconds=took.wall_seconds / record.steps,
        evaluation_seconds=evaluation,
        fixed_seconds=took.setup_seconds + evaluation * final_evaluations(run, test_examples=record.test_examples),
        log_sd=0.0,
        memory_bytes=took.peak_memory_bytes,
    )


def _cost(run: RunConfig) -> StepCost:
    shape = describe(run.data.name, run.data.options)
    return count_step(
        run.model, image_shape=shape.image_shape, num_classes=shape.num_classes, batch_size=run.optim.batch_size
    )


def _planned(
    run: RunConfig,
    name: str,
    cost: StepCost,
    *,
    measured: list[ShapeTime],
    calibration: Calibration | None,
    runtime: RuntimeConfig,
) -> PlannedRun:
    check_sizes(
        describe(run.data.name, run.data.options),
        train_examples=run.data.train_examples,
        validation_examples=run.data.validation_examples,
    )
    steps = count_steps(run.budget, cost=cost, run=run)
    check_schedule(run.optim, steps=steps)
    time = predict(
        run,
        steps=steps,
        step_flops=cost.step_flops,
        measured=measured,
        calibration=calibration,
        runtime=runtime,
    )
    return PlannedRun(id=name, config=run, cost=cost, steps=steps, time=time)


def count_steps(budget: BudgetConfig, *, cost: StepCost, run: RunConfig) -> int:
    """The steps that the budget pays for, rounded down.

    Raises:
        ConfigError: they are fewer than ``MIN_STEPS``.
    """
    steps_per_epoch = run.data.train_examples / run.optim.batch_size
    if budget.training_flops is not None:
        steps, unit, name = budget.training_flops / cost.step_flops, float(cost.step_flops), "training_flops"
    elif budget.epochs is not None:
        steps, unit, name = budget.epochs * steps_per_epoch, 1.0 / steps_per_epoch, "epochs"
    else:
        assert budget.steps is not None
        steps, unit, name = float(budget.steps), 1.0, "steps"
    if steps < MIN_STEPS:
        raise ConfigError(
            f"budget.{name}: {steps * unit:.3g} pays for {steps:.3g} steps of {run.model.name} (width "
            f"{run.model.width}, depth {run.model.depth}); give at least {MIN_STEPS * unit:.3g}, "
            f"which is {MIN_STEPS} steps"
        )
    return int(steps)
