"""Trunks: what budgets have in common is trained once.

Under ``warmup_stable_decay``, runs that differ only in their budgets are one run, bit for bit, until the shortest of
them starts its cooldown. So a run keeps its state at that step, and a longer one starts from the furthest state that
is not past its own cooldown. The state is a checkpoint under the trunk's name, and can be deleted at any time: without
it a run trains from its first step, to the same record byte for byte. All that is saved is work, so nothing here is
part of a run's identity. A folder a trunk, ``trunks/<trunk>/<seed>-<step>.pt``.

Points of one trunk share its noise, so it is a cluster where they are fitted. And every point is the end of a
cooldown, never a state on the trunk, whose error is too high.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import torch
from torch import nn

from harness.checkpoint import Progress, restore, save
from harness.config import RuntimeConfig
from harness.distributed import ALONE, World
from harness.optimizer import Optimizer
from harness.plan import PlannedRun


def keep(
    planned: PlannedRun,
    *,
    runtime: RuntimeConfig,
    model: nn.Module,
    optimizer: Optimizer,
    progress: Progress,
    world: World = ALONE,
) -> None:
    """Put the state at the end of the trunk where longer budgets look for it."""
    assert planned.trunk is not None
    path = _folder(planned, runtime) / f"{planned.config.seed}-{progress.step}.pt"
    path.parent.mkdir(parents=True, exist_ok=True)
    save(path, run_id=planned.trunk, model=model, optimizer=optimizer, progress=progress, world=world)


def start(
    planned: PlannedRun,
    *,
    runtime: RuntimeConfig,
    model: nn.Module,
    optimizer: Optimizer,
    device: torch.device,
    world: World = ALONE,
) -> Progress | None:
    """Put the furthest kept state back that is not past the run's own cooldown; None without one."""
    if planned.trunk is None:
        return None
    for step, path in sorted(_kept(planned, runtime), reverse=True):
        if step <= planned.trunk_steps:
            progress = restore(path, run_id=planned.trunk, model=model, optimizer=optimizer, device=device, world=world)
            if progress.step:  # not damaged on disk
                progress.inherited_steps = progress.step
                return progress
    return None


def inherited_steps(planned: Iterable[PlannedRun]) -> dict[str, int]:
    """The steps that each of these runs, by id, need not take if the shorter ones of its trunk come before it."""
    inherited = {}
    for runs in _by_trunk(planned):
        kept = [0]
        for run in sorted(runs, key=lambda run: run.steps):
            inherited[run.id] = max(step for step in kept if step <= run.trunk_steps)
            kept.append(run.trunk_steps)
    return inherited


def waves(planned: Sequence[PlannedRun]) -> tuple[tuple[PlannedRun, ...], ...]:
    """The runs in groups to be trained one after the other, so that each budget finds its trunk trained.

    The shortest budget of every trunk comes in the first, the next in the second, and so on; within a wave the order is
    as given.
    """
    place = {
        run.id: number
        for runs in _by_trunk(planned)
        for number, run in enumerate(sorted(runs, key=lambda run: run.steps))
    }
    numbers = sorted({place.get(run.id, 0) for run in planned})
    return tuple(tuple(run for run in planned if place.get(run.id, 0) == number) for number in numbers)


def _by_trunk(planned: Iterable[PlannedRun]) -> list[list[PlannedRun]]:
    trunks: dict[tuple[str, int], list[PlannedRun]] = defaultdict(list)
    for run in planned:
        if run.trunk is not None:
            trunks[run.trunk, run.config.seed].append(run)
    return list(trunks.values())


def _kept(planned: PlannedRun, runtime: RuntimeConfig) -> Iterator[tuple[int, Path]]:
    for path in _folder(planned, runtime).glob(f"{planned.config.seed}-*.pt"):
        yield int(path.stem.partition("-")[2]), path


def _folder(planned: PlannedRun, runtime: RuntimeConfig) -> Path:
    assert planned.trunk is not None
    return Path(runtime.output) / "trunks" / planned.trunk
