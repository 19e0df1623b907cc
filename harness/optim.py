"""Optimizers, and the learning rate of any step as a plain function."""

import math

from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from harness.config import OptimConfig


def peak_learning_rate(optim: OptimConfig, *, width: int) -> float:
    """The learning rate after warm-up at a width: the stated rule, learning_rate (reference/width)^exponent."""
    return float(optim.learning_rate * (optim.reference_width / width) ** optim.width_exponent)


# The learning rate is divided by ten at half and at three quarters of the steps.
# Source: He et al. 2015, arXiv 1512.03385, section 4.2 (32,000 and 48,000 of 64,000).
DROPS = (0.5, 0.75)
DROP = 0.1


def schedule(optim: OptimConfig, *, step: int, steps: int) -> float:
    """The factor on the peak learning rate at ``step`` of ``steps``: linear warm-up, then the named schedule."""
    warmup = max(1, round(optim.warmup_fraction * steps))
    if step < warmup:
        return (step + 1) / warmup
    if optim.schedule == "constant":
        return 1.0
    if optim.schedule == "step":
        return DROP ** sum(step >= drop * steps for drop in DROPS)
    return 0.5 * (1.0 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def build_optimizer(optim: OptimConfig, model: nn.Module, *, width: int) -> Optimizer:
    """The optimizer over all parameters; weight decay spares vectors (biases, gains)."""
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    groups = [
        {"params": matrices, "weight_decay": optim.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    peak = peak_learning_rate(optim, width=width)
    if optim.name == "sgd":
        return SGD(groups, lr=peak, momentum=optim.beta1, nesterov=optim.beta1 > 0, fused=True)
    return AdamW(groups, lr=peak, betas=(optim.beta1, optim.beta2), fused=True)
