"""A plan: what a study would train, exactly and for free. Nothing is trained and no data is read.

Parameters and FLOPs are counted on the meta device, once for each shape; the time is a guess from the rates that
finished runs of the same shape had, else from ``conf/runtime``.
"""

import functools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from harness.config import BudgetConfig, RunConfig, RuntimeConfig, run_id, trunk_id
from harness.data import check_sizes, describe
from harness.errors import ConfigError, RecordError
from harness.flops import StepCost, count_step
from harness.optim import check_schedule, cooldown_start
from harness.records import is_finished, read_record
from harness.schema import to_dict

MEASURED_RUNS = 3  # of a shape are enough for the median rate
MIN_STEPS = 20  # with fewer the schedule is mostly warm-up, and the run is no point on anyone's curve


@dataclass(frozen=True)
class PlannedRun:
    """One training to be done: its exact size, and a guess of its seconds on one worker."""

    id: str
    config: RunConfig
    cost: StepCost
    steps: int
    seconds: float

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
        return frozenset(first + round((self.steps - first) * (i + 1) / count) for i in range(count))


def plan_runs(runs: Iterable[RunConfig], *, runtime: RuntimeConfig) -> tuple[PlannedRun, ...]:
    """Each run with its cost, in the given order.

    Raises:
        ConfigError: a model or data set that is unknown, or a budget of fewer than ``MIN_STEPS`` steps.
    """
    costs: dict[str, StepCost] = {}
    measured: dict[str, list[float]] = {}
    planned = []
    for run in runs:
        like = [run.model, run.numerics, run.augment]
        shape = json.dumps([*map(to_dict, like), run.data.name, dict(run.data.options), run.optim.batch_size])
        if shape not in costs:
            costs[shape], measured[shape] = _cost(run), []
        step_seconds = _measured_step_seconds(run, runtime) if len(measured[shape]) < MEASURED_RUNS else None
        if step_seconds is not None:
            measured[shape].append(step_seconds)
        planned.append((shape, run))
    return tuple(_planned(run, costs[shape], step_seconds=_step_seconds(costs[shape], measured[shape], runtime))
                 for shape, run in planned)  # fmt: skip


def _measured_step_seconds(run: RunConfig, runtime: RuntimeConfig) -> float | None:
    """Seconds of a training step of the finished run; None if it is not finished or can't be read."""
    folder = Path(runtime.output) / "runs" / run_id(run)
    if not is_finished(folder):
        return None
    try:
        record, measured = read_record(folder)
    except RecordError:
        return None  # only a guess of the time rests on it; whoever collects is told
    return measured.wall_seconds / record.steps


def _step_seconds(cost: StepCost, measured: list[float], runtime: RuntimeConfig) -> float:
    if measured:
        return median(measured)
    return runtime.seconds_per_step + cost.step_flops / runtime.flops_per_second


def _cost(run: RunConfig) -> StepCost:
    shape = describe(run.data.name, run.data.options)
    return count_step(
        run.model, image_shape=shape.image_shape, num_classes=shape.num_classes, batch_size=run.optim.batch_size
    )


def _planned(run: RunConfig, cost: StepCost, *, step_seconds: float) -> PlannedRun:
    check_sizes(
        describe(run.data.name, run.data.options),
        train_examples=run.data.train_examples,
        validation_examples=run.data.validation_examples,
    )
    steps = count_steps(run.budget, cost=cost, run=run)
    check_schedule(run.optim, steps=steps)
    return PlannedRun(id=run_id(run), config=run, cost=cost, steps=steps, seconds=steps * step_seconds)


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
