"""Several multilayer perceptrons of one shape as one: a batched product does a layer of all of them at once.

A small network leaves most of a processor idle: an operator costs microseconds before it computes anything. Here
each operator is called once for all members, and the backward pass is written out, so that gradients land where the
optimizer reads them, with nothing allocated and nothing recorded on the way.

All that lies between layers is (members, units, batch): with the batch last the softmax, which goes over the classes,
is twenty times as fast as with the classes last.

On a CPU with one thread, and with batches of an even number, 16 at least, a member's numbers are those that it would
have alone, bit for bit: a batched product multiplies each member's matrices as a single product would. With other
batches, where a member's matrices may begin anywhere in a register's width, with more threads, or on a GPU, the library
may sum in another order; then they agree to rounding, as they do with the same network under autograd.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class Layer:
    """One linear layer of all members, with the places for its gradients.

    ``weight`` is (members, outputs, inputs), ``bias`` (members, outputs, 1); ``rectified`` if a ReLU follows.
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
    bias = torch.stack([linear.bias.detach()[:, None] for linear in linears])
    layer = Layer(weight, bias, torch.zeros_like(weight), torch.zeros_like(bias), rectified)
    for member, linear in enumerate(linears):
        linear.weight.data, linear.weight.grad = layer.weight[member], layer.weight_gradient[member]
        linear.bias.data, linear.bias.grad = layer.bias[member, :, 0], layer.bias_gradient[member, :, 0]
    return layer


@torch.no_grad()
def backward(layers: Sequence[Layer], images: Tensor, labels: Tensor, *, label_smoothing: float = 0.0) -> Tensor:
    """Each member's mean loss (members,) on its batch; the gradients are left in ``layers``.

    ``images`` are (members, batch, pixels), ``labels`` (members, batch); batches may be one that all share, expanded.
    """
    inputs = []
    active = images.transpose(1, 2)
    for layer in layers:
        inputs.append(active)
        active = torch.baddbmm(layer.bias, layer.weight, active)
        if layer.rectified:
            active.relu_()
    losses, gradient = _losses(active, labels, label_smoothing=label_smoothing)
    for place in reversed(range(len(layers))):
        layer = layers[place]
        torch.bmm(gradient, inputs[place].transpose(1, 2), out=layer.weight_gradient)
        torch.sum(gradient, 2, keepdim=True, out=layer.bias_gradient)
        if place:
            gradient = torch.bmm(layer.weight.transpose(1, 2), gradient)
            gradient = torch.ops.aten.threshold_backward(gradient, inputs[place], 0)
    return losses


def _losses(logits: Tensor, labels: Tensor, *, label_smoothing: float) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy of each member (members,) and its gradient by ``logits``, (members, classes, batch)."""
    _, classes, examples = logits.shape
    chosen = labels[:, None]
    log_shares = logits.log_softmax(1)
    losses = -log_shares.gather(1, chosen)[:, 0].mean(1)
    gradient = log_shares.exp()
    if label_smoothing:
        losses = (1 - label_smoothing) * losses - label_smoothing * log_shares.mean((1, 2))
        gradient -= label_smoothing / classes
    gradient.scatter_add_(1, chosen, gradient.new_full((), label_smoothing - 1).expand(chosen.shape))
    return losses, gradient.div_(examples)
