"""What an attempt at a run works with: its data, model and optimizer on their device, and how far it has come."""

import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

from harness import trunks
from harness.checkpoint import Progress, restore
from harness.config import RunConfig, RuntimeConfig
from harness.data import Dataset, Part, Place, load_dataset
from harness.device import choose_device, memory_format
from harness.distributed import ALONE, World, draw_apart, gathered, in_parallel
from harness.energy import read_meter
from harness.errors import ConfigError, HarnessError
from harness.flops import build_model
from harness.loss import training_loss
from harness.numerics import autocast, compile_model, set_up_numerics, weight_type
from harness.optim import build_optimizer
from harness.optimizer import Optimizer
from harness.ownership import Owner
from harness.parametrisation import parametrise
from harness.plan import PlannedRun


@dataclass(frozen=True)
class Session:
    """What an attempt at a run works with; ``parallel`` is the model as a training step calls it."""

    planned: PlannedRun
    runtime: RuntimeConfig
    folder: Path
    owner: Owner
    data: Dataset
    model: nn.Module
    optimizer: Optimizer
    device: torch.device
    progress: Progress
    setup_seconds: float
    world: World
    parallel: nn.Module


@dataclass(frozen=True)
class Scores:
    """Mean cross-entropy in nats, share of wrong answers, and which answers were right (examples,)."""

    loss: float
    error: float
    correct: Tensor


def set_up(planned: PlannedRun, *, runtime: RuntimeConfig, owner: Owner, world: World = ALONE) -> Session:
    """Load the data, build model and optimizer, the parameters drawn from the run's seed; put back what was saved."""
    began = time.perf_counter()
    run = planned.config
    _check_shares(run, runtime, world)
    device = choose_device(runtime.device)
    set_up_numerics(run.numerics, device)
    floats = weight_type(run.numerics)
    data = load_dataset(
        run.data.name,
        train_examples=run.data.train_examples,
        validation_examples=run.data.validation_examples,
        split_seed=run.data.split_seed,
        options=run.data.options,
        root=Path(runtime.data_root) if runtime.data_root else None,
        place=Place(device, runtime.loader_workers, floats),
    )
    torch.manual_seed(run.seed)
    model = build_model(run.model, image_shape=data.image_shape, num_classes=data.num_classes)
    _check_parts(model, run, runtime)
    factors = parametrise(model, run.model, run.optim, image_shape=data.image_shape, num_classes=data.num_classes)
    model = model.to(device, floats).to(memory_format=memory_format(device, floats))
    optimizer = build_optimizer(run.optim, model, width=run.model.width, factors=factors)
    parallel = in_parallel(model, world, device)
    if run.numerics.compile:
        compile_model(model, device)
        _step_once(model, run=run, data=data, size=run.optim.batch_size // world.size // runtime.accumulation)
    draw_apart(world, run.seed)
    saved = owner.folder / "checkpoint.pt"
    progress = restore(saved, run_id=planned.id, model=model, optimizer=optimizer, device=device, world=world)
    if progress.step == 0:
        kept = trunks.start(planned, runtime=runtime, model=model, optimizer=optimizer, device=device, world=world)
        progress = kept or progress
    if len(set(gathered(world, progress.step))) > 1:
        raise HarnessError(f"{saved}: the processes read different checkpoints; give all of them the same file system")
    progress.metered = read_meter(device)
    setup_seconds = time.perf_counter() - began
    return Session(
        planned, runtime, owner.folder, owner, data, model, optimizer, device, progress, setup_seconds, world, parallel
    )


def _check_shares(run: RunConfig, runtime: RuntimeConfig, world: World) -> None:
    """Raises ConfigError where a batch can't be shared out in equal parts, of whole pairs if pairs are mixed."""
    if min(runtime.processes, runtime.accumulation) < 1:
        raise ConfigError(
            f"runtime.processes, runtime.accumulation: {runtime.processes} and {runtime.accumulation}; give 1 or more"
        )
    parts = world.size * runtime.accumulation
    unit = 2 * parts if run.augment.mixup and parts > 1 else parts
    if run.optim.batch_size % unit:
        raise ConfigError(
            f"optim.batch_size: {run.optim.batch_size} is no multiple of {unit}, for {world.size} processes x "
            f"runtime.accumulation={runtime.accumulation}{' x pairs to mix' if unit > parts else ''}; change one"
        )


def _check_parts(model: nn.Module, run: RunConfig, runtime: RuntimeConfig) -> None:
    """Raises ConfigError where a batch in parts is another one: statistics of a batch can't be had from a part."""
    if runtime.accumulation > 1 and any(isinstance(module, _BatchNorm) for module in model.modules()):
        raise ConfigError(
            f"runtime.accumulation: {runtime.accumulation} parts would each be normalised alone, which is another "
            f"result: model {run.model.name} has batch normalisation; use 1, and more runtime.processes"
        )


def _step_once(model: nn.Module, *, run: RunConfig, data: Dataset, size: int) -> None:
    """A forward and a backward pass that leave no trace, so that compiling is set-up and no part of training."""
    device = next(model.parameters()).device
    before = {name: value.clone() for name, value in model.state_dict().items()}
    images = torch.zeros(size, *data.image_shape, device=device, dtype=weight_type(run.numerics))
    labels = torch.zeros(size, device=device, dtype=torch.int64)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        training_loss(model, images, labels, run=run, step=0).backward()  # type: ignore[no-untyped-call]
    model.zero_grad(set_to_none=True)
    model.load_state_dict(before)


@torch.no_grad()
def score(session: Session, part: Part) -> Scores:
    """Loss and error over a whole part of the data, in evaluation mode; of several processes each scores its share."""
    session.model.eval()
    numerics = session.planned.config.numerics
    share = part.between(*session.world.share(len(part.labels)))
    with closing(share.in_order(session.runtime.evaluation_batch)) as batches, autocast(numerics, session.device):
        logits = torch.cat([session.model(images) for images in batches]).to(weight_type(numerics))
    session.model.train()
    mean_loss = float(functional.cross_entropy(logits, share.labels))
    mine = (mean_loss * (len(share.labels) / len(part.labels)), (logits.argmax(dim=1) == share.labels).cpu())
    losses, corrects = zip(*gathered(session.world, mine), strict=True)
    correct = torch.cat(corrects)
    return Scores(loss=sum(losses), error=int((~correct).sum()) / len(correct), correct=correct)
