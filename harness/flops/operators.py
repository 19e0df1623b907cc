"""What each operator costs. The whole convention of the ledger is on this page.

One multiply-add is two FLOPs. What multiplies matrices is counted: products, convolutions, attention. A convolution
costs its full kernel at every place of its output, also where the kernel meets padding; attention costs every pair of
tokens, also masked ones. Attention's backward pass is four products as against two of the forward pass, whichever
kernel does it: a fused kernel that forms the scores a second time does so to save memory on its device, and the count
must not depend on the device.

What does no multiply-adds between matrices is known and not counted: ``ARITHMETIC`` (element-wise work,
normalisation, softmax, pooling, reductions; the ledger says over how many elements it went) and ``MOVEMENT``.
An operator in neither list and without a formula is reported by name.
"""

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor
from torch._ops import OpOverload

aten = torch.ops.aten

Formula = Callable[[tuple[Any, ...], Any], int]  # (arguments, result) -> FLOPs


def _product(left: Tensor, right: Tensor) -> int:
    """(..., rows, inner) times (..., inner, columns)."""
    return 2 * left.numel() * right.shape[-1]


def _matrix_vector(matrix: Tensor) -> int:
    return 2 * matrix.numel()


def _convolution(places: Tensor, weight: Tensor) -> int:
    """``places`` is where the kernel is laid: the output, and of a transposed convolution the input."""
    return 2 * places.numel() * weight.shape[1:].numel()


def _convolution_forward(arguments: tuple[Any, ...], result: Any) -> int:
    images, weight, transposed = arguments[0], arguments[1], arguments[6]
    return _convolution(images if transposed else result, weight)


def _convolution_backward(arguments: tuple[Any, ...], _result: Any) -> int:
    """As much as the forward pass for each of the gradients, of the images and of the weight, that is asked for.

    Torch's own counter multiplies the weight's gradient of a grouped convolution by the number of groups (seen in
    2.13 to 2.15; pytorch pull request 183405): 32 times too much for a depthwise layer of 64 channels.
    """
    gradient, images, weight, transposed, wanted = arguments[0], arguments[1], arguments[2], arguments[7], arguments[10]
    return _convolution(images if transposed else gradient, weight) * (int(wanted[0]) + int(wanted[1]))


def _attention(query: Tensor, key: Tensor, value: Tensor) -> int:
    """(..., heads, tokens, size): scores, then the mixture of values; keys may have fewer heads than queries."""
    pairs = query.numel() // query.shape[-1] * key.shape[-2]
    return 2 * pairs * (query.shape[-1] + value.shape[-1])


def _self_attention(tokens: Tensor, *, projections: tuple[Tensor, ...]) -> int:
    """The fused layer of evaluation mode: (batch, tokens, width), projections in and out, and all pairs of tokens."""
    pairs = tokens.shape[0] * tokens.shape[1] ** 2
    return 2 * (tokens.numel() // tokens.shape[-1]) * sum(p.numel() for p in projections) + 4 * pairs * tokens.shape[-1]


COUNTED: dict[Any, Formula] = {
    aten.mm: lambda a, _: _product(a[0], a[1]),
    aten.bmm: lambda a, _: _product(a[0], a[1]),
    aten.addmm: lambda a, _: _product(a[1], a[2]),
    aten.addbmm: lambda a, _: _product(a[1], a[2]),
    aten.baddbmm: lambda a, _: _product(a[1], a[2]),
    aten._addmm_activation: lambda a, _: _product(a[1], a[2]),
    aten._scaled_mm: lambda a, _: _product(a[0], a[1]),
    aten.mv: lambda a, _: _matrix_vector(a[0]),
    aten.addmv: lambda a, _: _matrix_vector(a[1]),
    aten.dot: lambda a, _: _matrix_vector(a[0]),
    aten.vdot: lambda a, _: _matrix_vector(a[0]),
    aten.convolution: _convolution_forward,
    aten._convolution: _convolution_forward,
    aten.convolution_backward: _convolution_backward,
    aten._scaled_dot_product_flash_attention: lambda a, _: _attention(*a[:3]),
    aten._scaled_dot_product_flash_attention_for_cpu: lambda a, _: _attention(*a[:3]),
    aten._scaled_dot_product_efficient_attention: lambda a, _: _attention(*a[:3]),
    aten._scaled_dot_product_cudnn_attention: lambda a, _: _attention(*a[:3]),
    aten._scaled_dot_product_flash_attention_backward: lambda a, _: 2 * _attention(*a[1:4]),
    aten._scaled_dot_product_flash_attention_for_cpu_backward: lambda a, _: 2 * _attention(*a[1:4]),
    aten._scaled_dot_product_efficient_attention_backward: lambda a, _: 2 * _attention(*a[1:4]),
    aten._scaled_dot_product_cudnn_attention_backward: lambda a, _: 2 * _attention(*a[1:4]),
    aten._native_multi_head_attention: lambda a, _: _self_attention(a[0], projections=(a[5], a[7])),
    aten._transformer_encoder_layer_fwd: lambda a, _: _self_attention(a[0], projections=(a[3], a[5], a[14], a[16])),
}

ARITHMETIC = frozenset(
    {
        # Element-wise operators that torch does not tag as such.
        "bernoulli", "dropout", "elu_backward", "fill", "hardsigmoid_backward", "hardswish",
        "hardswish_backward", "hardtanh_backward", "leaky_relu_backward", "log_sigmoid_backward", "masked_fill",
        "mse_loss", "mse_loss_backward", "native_dropout", "normal", "rand", "randint", "randn", "random",
        "smooth_l1_loss", "smooth_l1_loss_backward", "softplus_backward", "uniform",
        # Normalisation.
        "_batch_norm_with_update", "_batch_norm_with_update_functional", "_fused_rms_norm",
        "_fused_rms_norm_backward", "_native_batch_norm_legit", "_native_batch_norm_legit_functional",
        "_native_batch_norm_legit_no_training", "batch_norm_backward", "cudnn_batch_norm",
        "cudnn_batch_norm_backward", "native_batch_norm", "native_batch_norm_backward", "native_group_norm",
        "native_group_norm_backward", "native_layer_norm", "native_layer_norm_backward",
        # Softmax and the losses upon it.
        "_log_softmax", "_log_softmax_backward_data", "_safe_softmax", "_softmax", "_softmax_backward_data",
        "nll_loss2d_backward", "nll_loss2d_forward", "nll_loss_backward", "nll_loss_forward",
        # Pooling and resizing.
        "_adaptive_avg_pool2d", "_adaptive_avg_pool2d_backward", "adaptive_max_pool2d",
        "adaptive_max_pool2d_backward", "avg_pool2d", "avg_pool2d_backward", "max_pool2d_with_indices",
        "max_pool2d_with_indices_backward", "upsample_bilinear2d", "upsample_bilinear2d_backward",
        "upsample_nearest2d", "upsample_nearest2d_backward",
        # Reductions.
        "all", "amax", "amin", "any", "argmax", "argmin", "cumsum", "linalg_vector_norm", "logsumexp", "max",
        "mean", "min", "norm", "prod", "std", "sum", "var", "var_mean",
    }
)  # fmt: skip

MOVEMENT = frozenset(
    {
        "_reshape_alias", "_reshape_copy", "_to_copy", "_unsafe_index", "_unsafe_index_put", "_unsafe_view",
        "arange", "as_strided", "cat", "clone", "constant_pad_nd", "contiguous", "copy", "embedding",
        "embedding_dense_backward", "empty", "empty_like", "empty_strided", "eye", "flip", "full", "full_like",
        "gather", "index", "index_add", "index_copy", "index_put", "index_select", "lift_fresh", "linspace",
        "masked_select", "new_empty", "new_empty_strided", "new_full", "new_ones", "new_zeros", "nonzero",
        "ones", "ones_like", "pixel_shuffle", "pixel_unshuffle", "reflection_pad2d",
        "reflection_pad2d_backward", "repeat", "replication_pad2d", "replication_pad2d_backward", "resize",
        "roll", "scalar_tensor", "scatter", "scatter_add", "select_backward", "slice_backward", "stack", "tril",
        "triu", "zero", "zeros", "zeros_like",
    }
)  # fmt: skip


def kind(operator: OpOverload[..., Any]) -> Literal["counted", "arithmetic", "movement", "unknown"]:
    """Which of the four an operator is; an in-place operator is of its plain namesake's kind."""
    if operator.overloadpacket in COUNTED:
        return "counted"
    if operator.namespace != "aten":
        return "unknown"
    name = operator.overloadpacket.__name__.removesuffix("_")
    if operator.is_view or name in MOVEMENT:
        return "movement"
    if name in ARITHMETIC or torch.Tag.pointwise in operator.tags:
        return "arithmetic"
    return "unknown"
