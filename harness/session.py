"""What an attempt at a run works with: its data, model and optimizer on their device, and how far it has come."""

import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer

from harness import trunks
from harness.checkpoint import Progress, restore
from harness.config import RunConfig, RuntimeConfig
from harness.data import Dataset, Part, Place, load_dataset
from harness.device import choose_device
from harness.energy import read_meter
from harness.flops import build_model
from harness.loss import training_loss
from harness.numerics import autocast, compile_model, set_up_numerics, weight_type
from harness.optim import build_optimizer
from harness.ownership import Owner
from harness.parametrisation import parametrise
from harness.plan import PlannedRun


@dataclass(frozen=True)
class Session:
    """What an attempt at a run works with."""

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


@dataclass(frozen=True)
class Scores:
    """Mean cross-entropy in nats, share of wrong answers, and which answers were right (examples,)."""

    loss: float
    error: float
    correct: Tensor


def set_up(planned: PlannedRun, *, runtime: RuntimeConfig, owner: Owner) -> Session:
    """Load the data, build model and optimizer, the parameters drawn from the run's seed; put back what was saved."""
    began = time.perf_counter()
    run = planned.config
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
    factors = parametrise(model, run.model, run.optim, image_shape=data.image_shape, num_classes=data.num_classes)
    model = model.to(device, floats)
    optimizer = build_optimizer(run.optim, model, width=run.model.width, factors=factors)
    if run.numerics.compile:
        compile_model(model, device)
        _step_once(model, run=run, data=data, device=device)
    saved = owner.folder / "checkpoint.pt"
    progress = restore(saved, run_id=planned.id, model=model, optimizer=optimizer, device=device)
    if progress.step == 0:
        kept = trunks.start(planned, runtime=runtime, model=model, optimizer=optimizer, device=device)
        progress = kept or progress
    progress.metered = read_meter(device)
    setup_seconds = time.perf_counter() - began
    return Session(planned, runtime, owner.folder, owner, data, model, optimizer, device, progress, setup_seconds)


def _step_once(model: nn.Module, *, run: RunConfig, data: Dataset, device: torch.device) -> None:
    """A forward and a backward pass that leave no trace, so that compiling is set-up and no part of training."""
    before = {name: value.clone() for name, value in model.state_dict().items()}
    images = torch.zeros(run.optim.batch_size, *data.image_shape, device=device, dtype=weight_type(run.numerics))
    labels = torch.zeros(run.optim.batch_size, device=device, dtype=torch.int64)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        training_loss(model, images, labels, run=run, step=0).backward()  # type: ignore[no-untyped-call]
    model.zero_grad(set_to_none=True)
    model.load_state_dict(before)


@torch.no_grad()
def score(session: Session, part: Part) -> Scores:
    """Loss and error over a whole part of the data, in evaluation mode."""
    session.model.eval()
    numerics = session.planned.config.numerics
    with closing(part.in_order(session.runtime.evaluation_batch)) as batches, autocast(numerics, session.device):
        logits = torch.cat([session.model(images) for images in batches]).to(weight_type(numerics))
    session.model.train()
    correct = logits.argmax(dim=1) == part.labels
    return Scores(
        loss=float(functional.cross_entropy(logits, part.labels)),
        error=int((~correct).sum()) / len(part.labels),
        correct=correct.cpu(),
    )
