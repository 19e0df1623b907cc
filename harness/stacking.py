"""Which runs are trained as one: planned runs dealt into stacks, the same for the same runs, sizes and workers.

Runs can share a stack if they differ in nothing but seed, learning rate, weight decay, momenta, schedule, budget and
size of the training set. A run's result does not depend on its stack, so runs may be stacked anew after each
interruption. The longest come together; one that is done leaves the others.
"""

import heapq
import json
import math
import os
from collections import defaultdict
from collections.abc import Sequence

from torch import nn

from harness.batched import can_be_batched
from harness.config import LauncherConfig, RunConfig, RuntimeConfig
from harness.data import describe
from harness.flops.build import build_model, parameters_on_meta
from harness.numerics import weight_type
from harness.plan import PlannedRun
from harness.schema import to_dict

Stack = tuple[PlannedRun, ...]

COPIES = {"adamw": 4, "sgd": 3}  # of the parameters: they, their gradients, and what the optimizer keeps of each
SLACK = 1.05  # that the last record may be late: smaller stacks would cost more than the wait


def can_be_stacked(run: RunConfig, model: nn.Module, *, in_memory: bool) -> bool:
    """Whether a batched network computes what the run's own ``model`` would, on data that is ``in_memory``."""
    plain = run.numerics.precision != "bfloat16" and not run.numerics.compile and not run.augment.mixup
    return in_memory and plain and can_be_batched(model)


def at_once(launcher: LauncherConfig, runtime: RuntimeConfig) -> tuple[int, int]:
    """How many workers train, and the most runs of a stack: one that is on several processes or in parts is alone."""
    workers = launcher.workers or max(1, (os.cpu_count() or 1) // max(1, runtime.processes))
    alone = runtime.processes > 1 or runtime.accumulation > 1
    return workers, 1 if alone else launcher.stack


def plan_stacks(
    planned: Sequence[PlannedRun], *, size: int, workers: int, limit: float = math.inf
) -> tuple[Stack, ...]:
    """The runs in stacks of at most ``size``, the longest stack first; small enough that all workers have a share.

    A stack of more than ``limit`` predicted seconds is divided, as far as that goes.
    """
    alike: dict[str, list[PlannedRun]] = defaultdict(list)
    for run in sorted(planned, key=lambda run: (-run.seconds, run.id)):
        alike[_shape(run.config)].append(run)
    stacks: list[Stack] = []
    for runs in alike.values():
        most = size if size > 1 and len(runs) > 1 and _can_be_stacked(runs[0].config) else 1
        count = -(-len(runs) // most)
        stacks += [tuple(runs[i * len(runs) // count : (i + 1) * len(runs) // count]) for i in range(count)]
    return tuple(
        sorted(_shared_out(stacks, workers=workers, limit=limit), key=lambda stack: (-seconds(stack), stack[0].id))
    )


def seconds(stack: Stack) -> float:
    """The predicted seconds of a stack: the sum of its runs'."""
    return sum(run.seconds for run in stack)


def stack_bytes(stack: Stack) -> int:
    """The memory that a stack takes beside the data: linear in its size."""
    return len(stack) * _member_bytes(stack[0].config)


def _member_bytes(run: RunConfig) -> int:
    model = _on_meta(run)
    numbers = COPIES[run.optim.name] * sum(parameter.numel() for parameter in model.parameters())
    pixels = math.prod(describe(run.data.name, run.data.options).image_shape)
    units = sum(layer.out_features for layer in model.modules() if isinstance(layer, nn.Linear))
    numbers += run.optim.batch_size * (pixels + 2 * units)  # images, activations and their gradients
    return numbers * weight_type(run.numerics).itemsize


def _can_be_stacked(run: RunConfig) -> bool:
    return can_be_stacked(run, _on_meta(run), in_memory=describe(run.data.name, run.data.options).in_memory)


def _on_meta(run: RunConfig) -> nn.Module:
    shape = describe(run.data.name, run.data.options)
    with parameters_on_meta():
        return build_model(run.model, image_shape=shape.image_shape, num_classes=shape.num_classes)


def _shape(run: RunConfig) -> str:
    """What the runs of a stack have in common."""
    data = {key: value for key, value in to_dict(run.data).items() if key != "train_examples"}
    parts = [to_dict(run.model), data, to_dict(run.augment), to_dict(run.numerics)]
    return json.dumps([*parts, run.optim.name, run.optim.batch_size, run.optim.label_smoothing], sort_keys=True)


def _shared_out(stacks: Sequence[Stack], *, workers: int, limit: float) -> list[Stack]:
    """Divide the long ones until the last record comes about as soon as it can: no worker should wait for one stack."""
    alone = [(run,) for stack in stacks for run in stack]
    soonest = _makespan(alone, workers=workers)
    limit = min(limit, sum(map(seconds, stacks)) / workers)
    while True:
        divided = [part for stack in stacks for part in _divided(stack, limit=limit)]
        if len(divided) == len(alone) or _makespan(divided, workers=workers) <= SLACK * soonest:
            return divided
        limit /= 2


def _divided(stack: Stack, *, limit: float) -> list[Stack]:
    """Equal parts of about ``limit`` seconds or less, or single runs."""
    parts = min(len(stack), math.ceil(seconds(stack) / limit)) if limit > 0 else len(stack)
    return [stack[part::parts] for part in range(parts)]


def _makespan(stacks: Sequence[Stack], *, workers: int) -> float:
    """When the last of the workers is done, each taking the longest stack that is left."""
    busy = [0.0] * workers
    for stack_seconds in sorted(map(seconds, stacks), reverse=True):
        heapq.heapreplace(busy, busy[0] + stack_seconds)
    return max(busy)
