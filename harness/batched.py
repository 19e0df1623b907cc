"""Several multilayer perceptrons of one shape as one: a batched product does a layer of all of them at once.

A small network leaves most of a processor idle: an operator costs microseconds before it computes anything. Here
each operator is called once for all members, and the backward pass is written out, so that gradients land where the
optimizer reads them, with nothing allocated and nothing recorded on the way.

On a CPU with one thread a member's numbers are those that it would have alone, bit for bit, and those of the same
network under autograd: a batched product multiplies each member's matrices as a single product would. On a GPU, or
with more threads, the library may sum in another order for another number of members; then they agree to rounding.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, eq=False)
class Layer:
    """One linear layer of all members, with the places for its gradients.

    ``weight`` is (members, outputs, inputs), ``bias`` (members, 1, outputs); ``rectified`` if a ReLU follows.
    """

    weight: Tensor
    bias: Tensor
    weight_gradient: Tensor
    bias_gradient: Tensor
    rectified: bool


def can_be_batched(model: nn.Module) -> bool:
    """Whether the model is flattened images, then linear layers with biases, a ReLU after each but the last."""
    if type(model) is not nn.Sequential or len(model) % 2:
        return False
    kinds = [type(part) for part in model]
    hidden = (len(kinds) - 2) // 2
    if kinds != [nn.Flatten, *hidden * [nn.Linear, nn.ReLU], nn.Linear]:
        return False
    return all(part.bias is not None for part in model if isinstance(part, nn.Linear))


def batch(models: Sequence[nn.Module]) -> tuple[Layer, ...]:
    """The layers of all models, stacked. The models' parameters and gradients become views of them.

    So a model goes on being itself, to be scored, saved or batched anew with others; its optimizer notices nothing.
    """
    of_models = [[part for part in model.children() if isinstance(part, nn.Linear)] for model in models]
    of_layers = list(zip(*of_models, strict=True))
    return tuple(_batched(linears, rectified=linears is not of_layers[-1]) for linears in of_layers)


def _batched(linears: Sequence[nn.Linear], *, rectified: bool) -> Layer:
    weight = torch.stack([linear.weight.detach() for linear in linears])
    bias = torch.stack([linear.bias.detach()[None] for linear in linears])
    layer = Layer(weight, bias, torch.zeros_like(weight), torch.zeros_like(bias), rectified)
    for member, linear in enumerate(linears):
        linear.weight.data, linear.weight.grad = layer.weight[member], layer.weight_gradient[member]
        linear.bias.data, linear.bias.grad = layer.bias[member, 0], layer.bias_gradient[member, 0]
    return layer


def backward(layers: Sequence[Layer], images: Tensor, labels: Tensor, *, label_smoothing: float = 0.0) -> Tensor:
    """Each member's mean loss (members,) on its batch; the gradients are left in ``layers``.

    ``images`` are (members, batch, pixels), ``labels`` (members, batch); batches may be one that all share, expanded.
    """
    with torch.no_grad():
        inputs = []
        active = images
        for layer in layers:
            inputs.append(active)
            active = torch.baddbmm(layer.bias, active, layer.weight.transpose(1, 2))
            if layer.rectified:
                active.relu_()
    losses, gradient = _losses(active, labels, label_smoothing=label_smoothing)
    with torch.no_grad():
        for place in reversed(range(len(layers))):
            layer = layers[place]
            torch.bmm(gradient.transpose(1, 2), inputs[place], out=layer.weight_gradient)
            torch.sum(gradient, 1, keepdim=True, out=layer.bias_gradient)
            if place:
                gradient = torch.bmm(gradient, layer.weight)
                gradient = torch.ops.aten.threshold_backward(gradient, inputs[place], 0)
    return losses


def _losses(logits: Tensor, labels: Tensor, *, label_smoothing: float) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy of each member (members,) and its gradient (members, batch, classes)."""
    members, examples, _ = logits.shape
    logits.requires_grad_()
    each = functional.cross_entropy(
        logits.flatten(0, 1), labels.flatten(), reduction="none", label_smoothing=label_smoothing
    )
    losses = each.view(members, examples).mean(1)
    (gradient,) = torch.autograd.grad(losses.sum(), logits)
    return losses.detach(), gradient
