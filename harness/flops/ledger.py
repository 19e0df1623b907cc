"""The ledger of one network: what every layer costs forward and in training, counted from the operators that run."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.config import ModelConfig
from harness.errors import ConfigError
from harness.flops.attribution import Layers
from harness.flops.build import build_model, parameters_on_meta
from harness.flops.counter import OperatorCounter

_A_MOMENT = 1e9  # FLOPs: some tens of milliseconds


@dataclass(frozen=True)
class LayerCost:
    """One module's own share: trainable parameters, FLOPs of one example forward, FLOPs of one training step."""

    name: str
    kind: str
    params: int
    forward_flops: int
    step_flops: int


@dataclass(frozen=True)
class UnknownOperator:
    """An operator that ran and that the ledger can't price."""

    name: str
    layer: str
    calls: int


@dataclass(frozen=True)
class Ledger:
    """A network's cost, layer by layer, in the order of its modules; the totals are the sums.

    ``recomputed_flops`` is the part of the step's FLOPs that activation checkpointing runs a second time.
    ``uncounted_elements`` is how many elements the step's element-wise work, normalisation, softmax, pooling and
    reductions went over: by the convention no FLOPs, told so that it can be judged.
    """

    batch_size: int
    layers: tuple[LayerCost, ...]
    recomputed_flops: int
    uncounted_elements: int
    unknown: tuple[UnknownOperator, ...]

    @property
    def params(self) -> int:
        """Trainable parameters."""
        return sum(layer.params for layer in self.layers)

    @property
    def forward_flops(self) -> int:
        """FLOPs of one example, one pass, in evaluation mode."""
        return sum(layer.forward_flops for layer in self.layers)

    @property
    def step_flops(self) -> int:
        """FLOPs of one training step of ``batch_size`` examples, forward and backward."""
        return sum(layer.step_flops for layer in self.layers)


def count_model(model: ModelConfig, *, image_shape: tuple[int, int, int], num_classes: int, batch_size: int) -> Ledger:
    """The ledger of ``model`` for images of ``image_shape`` = (channels, height, width).

    Raises:
        ConfigError: a model that can't be built, or that images of this shape or batches of this size don't fit.
    """
    try:
        with parameters_on_meta():
            module = build_model(model, image_shape=image_shape, num_classes=num_classes)
    except RuntimeError as error:  # a layer is asked for in memory, though never written, before it goes to meta
        size = f"width {model.width}, depth {model.depth}"
        reason = str(error).splitlines()[0]
        raise ConfigError(f"model {model.name}: can't be built at {size} ({reason}); make it smaller") from error
    place = "cpu" if _takes_a_moment(module, batch_size) else "meta"
    if place == "cpu":
        zeros = {name: torch.zeros(value.shape) for name, value in module.state_dict().items()}
        module.load_state_dict(zeros, assign=True)
    images = torch.zeros(batch_size, *image_shape, device=place)
    labels = torch.zeros(batch_size, dtype=torch.int64, device=place)
    try:
        with torch.device(place):
            return count_module(module, images, labels)
    except (RuntimeError, ValueError) as error:
        shape = " x ".join(str(size) for size in image_shape)
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"model {model.name}: batches of {batch_size} images of {shape} don't fit: {reason}"
        ) from error


def _takes_a_moment(module: nn.Module, batch_size: int) -> bool:
    """Whether it is a small perceptron, whose step is counted for real.

    Arithmetic on meta tensors, though of no work, imports torch's compiler: well over a second of a cold start.
    """
    if any(not isinstance(layer, nn.Linear) for layer in module.modules() if [*layer.parameters(recurse=False)]):
        return False
    return 6 * batch_size * sum(parameter.numel() for parameter in module.parameters()) <= _A_MOMENT


def count_module(module: nn.Module, images: Tensor, labels: Tensor) -> Ledger:
    """The ledger of a module on whatever device it is; it takes one training step's forward and backward pass.

    ``images`` are (batch, channels, height, width), ``labels`` (batch,). Gradients are left behind, and buffers of
    normalisation move: give it a module that was made to be counted.
    """
    with Layers(module.eval()) as layers, OperatorCounter(layers) as forward, torch.no_grad():
        module(images[:1])
    with Layers(module.train()) as layers, OperatorCounter(layers) as step:
        loss = functional.cross_entropy(module(images), labels)
        step.go_back()
        loss.backward()  # type: ignore[no-untyped-call]
    unknown = {key: calls for part in (forward, step) for key, calls in part.unknown.items()}
    return Ledger(
        batch_size=len(images),
        layers=_layer_costs(module, forward=forward, step=step),
        recomputed_flops=step.recomputed,
        uncounted_elements=step.elements,
        unknown=tuple(UnknownOperator(name, layer, calls) for (layer, name), calls in sorted(unknown.items())),
    )


def _layer_costs(module: nn.Module, *, forward: OperatorCounter, step: OperatorCounter) -> tuple[LayerCost, ...]:
    params: dict[str, int] = {}
    for name, parameter in module.named_parameters():  # each once, also where layers share it
        owner = name.rpartition(".")[0]
        params[owner] = params.get(owner, 0) + parameter.numel() * parameter.requires_grad
    layers = (
        LayerCost(name, type(layer).__name__, params.get(name, 0), forward.flops[name], step.flops[name])
        for name, layer in module.named_modules()
    )
    return tuple(layer for layer in layers if layer.params or layer.forward_flops or layer.step_flops)
