"""Optimizers, and the learning rate of any step as a plain function."""

import math
from collections.abc import Mapping
from typing import Any

from torch import nn

from harness.config import OptimConfig
from harness.errors import ConfigError
from harness.optimizer import Optimizer


def peak_learning_rate(optim: OptimConfig, *, width: int) -> float:
    """The learning rate after warm-up at a width: the stated rule, learning_rate (reference/width)^exponent."""
    return float(optim.learning_rate * (optim.reference_width / width) ** optim.width_exponent)


# The learning rate is divided by ten at half and at three quarters of the steps.
# Source: He et al. 2015, arXiv 1512.03385, section 4.2 (32,000 and 48,000 of 64,000).
DROPS = (0.5, 0.75)
DROP = 0.1
EPSILON = 1e-8  # of Adam: Kingma & Ba 2015, arXiv 1412.6980, algorithm 1


def schedule(optim: OptimConfig, *, step: int, steps: int) -> float:
    """The factor on the peak learning rate at ``step`` of ``steps``: linear warm-up, then as the schedule has it.

    The cooldown of ``warmup_stable_decay`` is 1 - square root, the best of those that Hägele, Bakouch, Kosson,
    Ben Allal, Von Werra, Jaggi (2024, arXiv 2405.18392, section 4) compare.
    """
    warmup = warmup_steps(optim, steps=steps)
    if step < warmup:
        return (step + 1) / warmup
    if optim.schedule == "constant":
        return 1.0
    if optim.schedule == "step":
        return DROP ** sum(step >= drop * steps for drop in DROPS)
    if optim.schedule == "warmup_stable_decay":
        start = cooldown_start(optim, steps=steps)
        return 1.0 if step < start else 1.0 - math.sqrt((step - start) / (steps - start))
    return 0.5 * (1.0 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def warmup_steps(optim: OptimConfig, *, steps: int) -> int:
    """The first steps of a run, over which the learning rate rises."""
    return max(1, round(optim.warmup_fraction * steps) if optim.warmup_steps is None else optim.warmup_steps)


def cooldown_start(optim: OptimConfig, *, steps: int) -> int:
    """The step at which the cooldown of ``warmup_stable_decay`` begins."""
    return steps - max(1, round(optim.cooldown_fraction * steps))


def set_rate(optimizer: Optimizer, rate: float) -> None:
    """Give the parameters the learning rate of the step to come, each group times its factor."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["factor"]


def check_schedule(optim: OptimConfig, *, steps: int) -> None:
    """Refuse a budget of ``steps`` that is too short for its schedule.

    Raises:
        ConfigError: the warm-up does not end before the cooldown begins, or before the run ends.
    """
    warmup = warmup_steps(optim, steps=steps)
    has_cooldown = optim.schedule == "warmup_stable_decay"
    end = cooldown_start(optim, steps=steps) if has_cooldown else steps
    if warmup >= end:
        raise ConfigError(
            f"optim.warmup_steps: of {steps} steps, {warmup} are warm-up, which does not end before step {end}, where "
            f"the {'cooldown begins' if has_cooldown else 'run ends'}; give a larger budget or a shorter warm-up"
        )


def build_optimizer(optim: OptimConfig, model: nn.Module, *, width: int, factors: Mapping[str, float]) -> Optimizer:
    """The optimizer over all parameters; weight decay spares vectors (biases, gains).

    ``factors`` scale the learning rate of the parameters that they name (see ``harness.parametrisation``). A step
    shrinks a weight by learning rate times weight decay, so the decay is divided by the factor: the shrinking is the
    same in all. A group of parameters carries its factor to ``set_rate``.
    """
    peak = peak_learning_rate(optim, width=width)
    groups: dict[tuple[bool, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        groups.setdefault((parameter.ndim >= 2, factors.get(name, 1.0)), []).append(parameter)
    shared: dict[str, Any] = (
        {"momentum": optim.beta1, "nesterov": optim.beta1 > 0}
        if optim.name == "sgd"
        else {"betas": (optim.beta1, optim.beta2), "eps": EPSILON}
    )
    settings = [
        {
            **shared,
            "params": parameters,
            "weight_decay": optim.weight_decay / factor if decays else 0.0,
            "lr": peak * factor,
            "factor": factor,
        }
        for (decays, factor), parameters in groups.items()
    ]
    return Optimizer(optim.name, settings)
