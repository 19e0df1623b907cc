"""The precision that a run asks for, made so: weights and data, matrix products, what is recorded of it.

``bfloat16`` is autocast: weights, gradients and the optimizer stay in float32, and torch chooses for each operator of
the forward pass. ``tf32`` rounds the inputs of float32 products on NVIDIA GPUs from Ampere on. ``float32`` means that
this is off, for convolutions too, where torch has it on. Nothing falls back: a device that can't do what is asked for
is refused.
"""

import functools
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn

from harness.config import NumericsConfig
from harness.device import has_tf32, set_tf32, tf32_is_on
from harness.errors import ConfigError


def weight_type(numerics: NumericsConfig) -> torch.dtype:
    """Of what type weights, images and losses are."""
    return torch.float64 if numerics.precision == "float64" else torch.float32


def set_up_numerics(numerics: NumericsConfig, device: torch.device) -> None:
    """Put the process into the mode that the run asks for.

    Raises:
        ConfigError: the device has no such arithmetic.
    """
    if numerics.precision == "tf32" and not has_tf32(device):
        raise ConfigError(
            f"numerics.precision: tf32 is a mode of NVIDIA GPUs from Ampere on, and this device ({device.type}) has "
            "none; use float32, or bfloat16"
        )
    set_tf32(numerics.precision == "tf32")


def autocast(numerics: NumericsConfig, device: torch.device) -> AbstractContextManager[object]:
    """The context of a forward pass and of its loss."""
    if numerics.precision != "bfloat16":
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def compile_model(model: nn.Module, device: torch.device) -> None:
    """From now on the module is run by ``torch.compile``; its parameters keep their names.

    Raises:
        ConfigError: torch can't compile on this machine.
    """
    _try_to_compile(device)
    model.compile()


@functools.cache
def _try_to_compile(device: torch.device) -> None:
    try:
        torch.compile(lambda numbers: numbers.sin() + 1)(torch.ones(64, device=device))
    except Exception as error:  # of many kinds, from a missing compiler to a full disk
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ConfigError(
            f"numerics.compile: torch.compile does not work here ({reason}); it needs a C++ compiler, such as g++, on "
            "the CPU and Triton on a GPU; or use numerics.compile=false"
        ) from error


def math_mode(numerics: NumericsConfig, device: torch.device) -> str:
    """What products were done in, as far as torch says, and whether the model was compiled.

    The record's configuration has what was asked for.
    """
    if numerics.precision == "bfloat16":
        mode = "bfloat16, weights float32"
    elif numerics.precision == "float64":
        mode = "float64"
    else:
        mode = "tf32" if tf32_is_on(device) else "float32"
    return f"{mode}, compiled" if numerics.compile else mode
