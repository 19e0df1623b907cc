"""The maximal-update parametrisation: initial values and learning rates that keep every layer learning at any width.

As PyTorch builds a network (``standard``), the best learning rate moves with the width, since the layers' outputs move
further in a step the wider they are. Here both are scaled so that, as the width grows, activations and their change in
a step keep their size, so one learning rate serves all widths. At ``optim.reference_width`` the two are the same.

Source: Yang, Hu, Babuschkin, et al. (2022), "Tensor Programs V", arXiv 2203.03466, table 3 (which has no multipliers on
outputs, so no forward pass changes) and definition 4.1 for attention; table 8 and appendix B have the reasons.

Nothing is marked in the models. The network is built at its width and at the reference width, without numbers, and the
shapes are compared: the dimensions that differ are the wide ones, and the ratios are the factors of the table::

    parameter                            wide dimensions    initial values    Adam        SGD
    weight of an input layer             outputs            1                 1           n
    weight of a hidden layer             both               1                 1 / n       1
    weight of the output layer           inputs             n ** -1/2         1 / n       1 / n
    bias, gain, token, positions         their own          see below         1           n

with n the width over the reference width. PyTorch draws a weight of ``fan_in`` inputs with a spread of
fan_in ** -1/2, which is what stands as 1. It draws the bias so too, where no width should enter: n ** 1/2 undoes it.
"""

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from harness.config import ModelConfig, OptimConfig
from harness.errors import ConfigError
from harness.flops import build_model
from harness.flops.build import parameters_on_meta

PRODUCTS = (nn.Linear, nn.Bilinear, _ConvNd)  # layers whose weight is (outputs, inputs, ...)


@dataclass(frozen=True)
class Growth:
    """How often wider a parameter is than at the reference width: on its inputs' side, and in all else.

    ``bias_of`` is the growth of the inputs of the weight that the parameter is the bias of, 1 if it is none.
    """

    inputs: float
    outputs: float
    bias_of: float


def parametrise(
    module: nn.Module, model: ModelConfig, optim: OptimConfig, *, image_shape: tuple[int, int, int], num_classes: int
) -> dict[str, float]:
    """Scale the initial values of ``module`` in place; the factor of each parameter's learning rate, by its name.

    ``module`` is as ``model`` describes it and just built. In the standard parametrisation nothing is scaled, and the
    answer is empty: every factor is 1.

    Raises:
        ConfigError: the model can't be built at ``optim.reference_width``.
    """
    if optim.parametrisation == "standard":
        return {}
    reference = _at_reference(model, optim, image_shape=image_shape, num_classes=num_classes)
    growths = dict(_growths(module, reference))
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.mul_(initial_factor(growths[name]))
    _rescale_attention(module, reference)
    return {name: rate_factor(growth, optimizer=optim.name) for name, growth in growths.items()}


def initial_factor(growth: Growth) -> float:
    """What the initial values are multiplied by: an output layer's shrink, a bias's do not (table 3)."""
    ratio = growth.outputs / growth.inputs
    if growth.inputs == 1.0:  # an input layer's stay, also at widths below the reference
        ratio = 1.0
    return math.sqrt((min if growth.inputs > 1.0 else max)(1.0, ratio) * growth.bias_of)


def rate_factor(growth: Growth, *, optimizer: str) -> float:
    """What the learning rate is multiplied by (table 3)."""
    return (growth.outputs if optimizer == "sgd" else 1.0) / growth.inputs


def _at_reference(
    model: ModelConfig, optim: OptimConfig, *, image_shape: tuple[int, int, int], num_classes: int
) -> nn.Module:
    narrow = dataclasses.replace(model, width=optim.reference_width)
    try:
        with parameters_on_meta():
            return build_model(narrow, image_shape=image_shape, num_classes=num_classes)
    except ConfigError as error:
        raise ConfigError(f"optim.reference_width: {error}") from error


def _growths(module: nn.Module, reference: nn.Module) -> Iterator[tuple[str, Growth]]:
    """Each parameter's growth, by name.

    Raises:
        ConfigError: the reference lacks a layer, as the wide residual network of the stem's own width does.
    """
    same_layers = dict(reference.named_modules())
    for name, layer in module.named_modules():
        if name not in same_layers:
            raise ConfigError(
                f"optim.reference_width: at this width the network has no layer '{name}', which it has at the run's "
                "own width; take another reference width, for example twice as large"
            )
        same = same_layers[name]
        is_product = isinstance(layer, PRODUCTS)
        weight_inputs = _ratios(layer.weight, same.weight)[1] if is_product else 1.0
        for own, parameter in layer.named_parameters(recurse=False):
            ratios = _ratios(parameter, getattr(same, own))
            inputs = ratios[1] if is_product and own == "weight" else 1.0
            yield (
                f"{name}.{own}".lstrip("."),
                Growth(inputs, math.prod(ratios) / inputs, bias_of=weight_inputs if own == "bias" else 1.0),
            )


def _ratios(parameter: torch.Tensor, reference: torch.Tensor) -> list[float]:
    return [size / other for size, other in zip(parameter.shape, reference.shape, strict=True)]


def _rescale_attention(module: nn.Module, reference: nn.Module) -> None:
    """Divide attention's logits by the width of a head where its root is usual: queries and keys become aligned."""
    same_layers = dict(reference.named_modules())
    for name, layer in module.named_modules():
        if hasattr(layer, "attention_scale"):
            layer.attention_scale = layer.attention_scale**2 / same_layers[name].attention_scale
