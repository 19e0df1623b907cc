"""One step of several optimizers at once, where all are at the same step with the same rates: a kernel call a group.

The state is each optimizer's own: what it saves and loads is what torch would have written. The kernel goes through
the tensors one by one, so that a parameter's numbers do not depend on what else is in the list.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from harness.optimizer import Optimizer, States, adamw, sgd


def step_together(optimizers: Sequence[Optimizer]) -> Callable[[], None]:
    """What takes a step of all of them, from the gradients that their parameters hold.

    They must be alike: of one kind, with equal groups, after equally many steps. The rates are read from the first.
    Gradients must stay where they are from the first step on.
    """
    kernels: list[Callable[[], None]] = []

    def take() -> None:
        if kernels:
            for kernel in kernels:
                kernel()
        else:  # the first step is each one's own, which makes the state where there is none
            for optimizer in optimizers:
                optimizer.step()
            kernels.extend(_fused(optimizers))

    return take


def _fused(optimizers: Sequence[Optimizer]) -> Iterator[Callable[[], None]]:
    """A kernel call for each group of parameters; nothing where there is no state (SGD without momentum)."""
    kernel = _adamw if optimizers[0].name == "adamw" else _sgd
    if any(not optimizer.state for optimizer in optimizers):
        return
    for place, group in enumerate(optimizers[0].param_groups):
        parameters = [parameter for one in optimizers for parameter in one.param_groups[place]["params"]]
        states = [one.state[parameter] for one in optimizers for parameter in one.param_groups[place]["params"]]
        gradients = [parameter.grad for parameter in parameters]
        yield kernel(group, [parameter.detach() for parameter in parameters], gradients, states)


def _adamw(
    group: Mapping[str, Any], parameters: list[Tensor], gradients: list[Tensor], states: States
) -> Callable[[], None]:
    means, squares = [state["exp_avg"] for state in states], [state["exp_avg_sq"] for state in states]
    counts = torch.stack([state["step"] for state in states])  # added to at once: one by one takes longer than the rest
    steps = list(counts)
    for state, step in zip(states, steps, strict=True):
        state["step"] = step  # a view, as a parameter is of its stack

    def take() -> None:
        counts.add_(1)
        adamw(group, parameters, gradients, means, squares, steps)

    return take


def _sgd(
    group: Mapping[str, Any], parameters: list[Tensor], gradients: list[Tensor], states: States
) -> Callable[[], None]:
    buffers = [state["momentum_buffer"] for state in states]
    return partial(sgd, group, parameters, gradients, buffers)
