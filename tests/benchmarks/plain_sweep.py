"""The demo's runs as anyone would write them: tensors in memory, ``torch.optim.AdamW``, one run after another.

The same network, rates, batch, evaluations and final scores as the harness's; the order of the examples is torch's own.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.data import Dataset

BATCH, EVALUATIONS = 64, 4


@dataclass(frozen=True)
class Sample:
    """What a run took of the processor: a step, an evaluation on validation, all that is done once; and its error."""

    width: int
    seed: int
    steps: int
    step_seconds: float
    evaluation_seconds: float
    once_seconds: float
    test_error: float


def rate(width: int, *, step: int, steps: int) -> float:
    """The learning rate: warm-up, then half a cosine, as in ``conf/optim/adamw.yaml``."""
    warmup = max(1, round(0.05 * steps))
    peak = 4e-3 * (64 / width) ** 0.25
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def network(width: int) -> nn.Sequential:
    """The network of ``conf/model/mlp.yaml``."""
    hidden = [nn.Linear(784, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()]
    return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(width, 10))


def train(data: Dataset, *, width: int, seed: int, steps: int) -> Sample:
    """One run, its times taken on the way."""
    began = time.process_time()
    torch.manual_seed(seed)
    model, (images, labels) = network(width), tensors(data.train)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.99), weight_decay=1e-4)
    once, evaluating, stepping = time.process_time() - began, 0.0, 0.0
    due = {round(steps * (place + 1) / EVALUATIONS) for place in range(EVALUATIONS)}
    order = torch.randperm(len(labels))
    resumed = time.process_time()
    for step in range(steps):
        start = step * BATCH % (len(labels) - BATCH)
        if start < BATCH:
            order = torch.randperm(len(labels))
        rows = order[start : start + BATCH]
        for group in optimizer.param_groups:
            group["lr"] = rate(width, step=step, steps=steps)
        optimizer.zero_grad()
        functional.cross_entropy(model(images[rows]), labels[rows]).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if step + 1 in due:
            paused = time.process_time()
            stepping += paused - resumed
            error(model, *tensors(data.validation))
            resumed = time.process_time()
            evaluating += resumed - paused
    ended = time.process_time()
    test_error = error(model, *tensors(data.test))
    once += time.process_time() - ended
    return Sample(width, seed, steps, stepping / steps, evaluating / EVALUATIONS, once, test_error)


def tensors(part: object) -> tuple[Tensor, Tensor]:
    """All images and labels of a part in memory."""
    return part.images, part.labels  # type: ignore[attr-defined]


@torch.no_grad()
def error(model: Callable[[Tensor], Tensor], images: Tensor, labels: Tensor) -> float:
    """The share of wrong answers."""
    return float((model(images).argmax(1) != labels).float().mean())
