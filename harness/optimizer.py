"""AdamW and SGD by torch's fused kernels: numbers and state as ``torch.optim`` has them, and of its interface the used.

``torch.optim`` itself is left alone: making its first optimizer imports torch's compiler, well over a second of every
cold start, though nothing is compiled.
"""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor

Group = dict[str, Any]
States = Sequence[MutableMapping[str, Tensor]]


class Optimizer:
    """An optimizer over groups of parameters of one type on one device, each group with its settings.

    ``state`` has for each parameter that took a step what ``torch.optim`` would have there.
    """

    def __init__(self, name: Literal["adamw", "sgd"], groups: Iterable[Group]) -> None:
        self.name = name
        self.param_groups = list(groups)
        self.state: dict[Tensor, dict[str, Tensor]] = {}

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self._parameters():
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move all parameters that have a gradient."""
        take = _adamw_step if self.name == "adamw" else _sgd_step
        for group in self.param_groups:
            moved = [parameter for parameter in group["params"] if parameter.grad is not None]
            keeps = self.name == "adamw" or group["momentum"] != 0
            if moved:
                take(group, moved, [self.state.setdefault(parameter, {}) for parameter in moved] if keeps else [])

    def state_dict(self) -> dict[str, Any]:
        """The state by the number of the parameter, and the settings of the groups, as ``torch.optim`` saves them."""
        numbers = {parameter: number for number, parameter in enumerate(self._parameters())}
        return {
            "state": {numbers[parameter]: dict(values) for parameter, values in self.state.items()},
            "param_groups": [
                {**group, "params": [numbers[parameter] for parameter in group["params"]]}
                for group in self.param_groups
            ],
        }

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Put the state back, copied to each parameter's device and type; the settings are the configuration's."""
        parameters = list(self._parameters())
        self.state = {
            parameters[number]: {name: _as_of(parameters[number], name, value) for name, value in values.items()}
            for number, values in saved["state"].items()
        }

    def _parameters(self) -> Iterator[Tensor]:
        return (parameter for group in self.param_groups for parameter in group["params"])


def _as_of(parameter: Tensor, name: str, value: Tensor) -> Tensor:
    return value.to(parameter.device, torch.float32 if name == "step" else parameter.dtype, copy=True)


def _adamw_step(group: Group, parameters: list[Tensor], states: States) -> None:
    for parameter, state in zip(parameters, states, strict=True):
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32, device=parameter.device)
            state["exp_avg"] = torch.zeros_like(parameter)
            state["exp_avg_sq"] = torch.zeros_like(parameter)
    means, squares, steps = ([state[name] for state in states] for name in ("exp_avg", "exp_avg_sq", "step"))
    torch._foreach_add_(steps, 1)
    adamw(group, parameters, [_gradient(parameter) for parameter in parameters], means, squares, steps)


def _sgd_step(group: Group, parameters: list[Tensor], states: States) -> None:
    gradients = [_gradient(parameter) for parameter in parameters]
    first = bool(states) and not any(states)
    if first:
        for state, gradient in zip(states, gradients, strict=True):
            state["momentum_buffer"] = torch.empty_like(gradient)
    sgd(group, parameters, gradients, [state["momentum_buffer"] for state in states], first=first)


def _gradient(parameter: Tensor) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad


def adamw(
    group: Mapping[str, Any],
    parameters: list[Tensor],
    gradients: list[Tensor],
    means: list[Tensor],
    squares: list[Tensor],
    steps: list[Tensor],
) -> None:
    """One kernel call; ``steps`` count the step that is taken."""
    torch._fused_adamw_(
        parameters,
        gradients,
        means,
        squares,
        [],
        steps,
        lr=group["lr"],
        beta1=group["betas"][0],
        beta2=group["betas"][1],
        weight_decay=group["weight_decay"],
        eps=group["eps"],
        amsgrad=False,
        maximize=False,
    )


def sgd(
    group: Mapping[str, Any],
    parameters: list[Tensor],
    gradients: list[Tensor],
    buffers: list[Tensor],
    *,
    first: bool = False,
) -> None:
    """One kernel call; no buffers without momentum, and at the first step they are written only."""
    torch._fused_sgd_(
        parameters,
        gradients,
        buffers,
        weight_decay=group["weight_decay"],
        momentum=group["momentum"],
        lr=group["lr"],
        dampening=0.0,
        nesterov=group["nesterov"],
        maximize=False,
        is_first_step=first,
    )
