"""The machine that computes: which device, how fast it can be, how it is called. All that is CUDA's own stands here."""

import functools
import os
import platform
import resource
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from harness.config import Precision
from harness.errors import ConfigError

# Rows of the square matrices that the peak is measured with: well past the caches of a CPU, and enough work to hide
# what it takes to start a product on a GPU.
PEAK_SIZES = {"cpu": 1024, "cuda": 8192}
PEAK_REPEATS = 8  # the best of so many: the others were disturbed ...
PEAK_SECONDS = 1.0  # ... or of as many as fit, two at least: float64 is slow on most GPUs
PRODUCT_TYPES = {"float64": torch.float64, "float32": torch.float32, "tf32": torch.float32, "bfloat16": torch.bfloat16}
AMPERE = (8, 0)  # the first compute capability with TF32


@dataclass(frozen=True)
class Peak:
    """A device's highest rate at the precision used, in FLOP/s, and how it is known."""

    flops: float
    source: str


def choose_device(name: str) -> torch.device:
    """``auto`` is CUDA where there is one, else the CPU; of several processes of a run on a machine, each has its GPU.

    Raises:
        ConfigError: CUDA was asked for and there is none, or fewer GPUs than processes.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigError("runtime.device: cuda is asked for, but torch sees no GPU; use runtime.device=cpu")
    if name == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    index, count = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if index >= count:
        raise ConfigError(
            f"runtime.processes: process {index} of this machine has no GPU, there are {count}; use fewer"
        )
    return torch.device("cuda", index)


def memory_format(device: torch.device, floats: torch.dtype) -> torch.memory_format:
    """How the weights of convolutions lie, and with them the images: channels last on a CPU, where it is faster.

    It changes sums in their last bits, so it depends on nothing that varies between attempts. The CPU's library has no
    such kernels for float64; on GPUs we have not measured it.
    """
    return torch.channels_last if device.type == "cpu" and floats == torch.float32 else torch.contiguous_format


def wait_for(device: torch.device) -> None:
    """Return when the device has done all that it was given, so that a clock can be read."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@functools.cache
def measure_peak(device: torch.device, precision: Precision) -> Peak:
    """The best rate of a square matrix product at this precision with this process's threads; a second at most.

    Whether float32 means TF32 is the process's mode, which must be that of ``precision``.
    """
    size = PEAK_SIZES[device.type]
    left = torch.ones(size, size, device=device, dtype=PRODUCT_TYPES[precision])
    right = torch.ones_like(left)
    took: list[float] = []
    while len(took) < 2 or (len(took) < PEAK_REPEATS and sum(took) < PEAK_SECONDS):
        wait_for(device)
        start = time.perf_counter()
        left @ right
        wait_for(device)
        took.append(time.perf_counter() - start)
    source = f"measured: best of {len(took)} {precision} products of {size} rows, {torch.get_num_threads()} threads"
    return Peak(flops=2 * size**3 / min(took), source=source)


def has_tf32(device: torch.device) -> bool:
    """Whether the device can do float32 products in TF32."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= AMPERE


def set_tf32(on: bool) -> None:
    """Let float32 products and convolutions on GPUs be done in TF32, or not."""
    torch.backends.cuda.matmul.allow_tf32 = on
    torch.backends.cudnn.allow_tf32 = on


def tf32_is_on(device: torch.device) -> bool:
    """Whether float32 products on the device are done in TF32."""
    return has_tf32(device) and torch.backends.cuda.matmul.allow_tf32


def device_name(device: torch.device) -> str:
    """The model of the GPU, or of the processor."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def peak_memory_bytes(device: torch.device) -> int:
    """The most memory held so far: of the device for CUDA, of the process for the CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    unit = 1 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def host_name() -> str:
    """This machine's name."""
    return socket.gethostname()


def visible_gpus() -> tuple[str, ...]:
    """The names by which ``CUDA_VISIBLE_DEVICES`` would know the GPUs that this process sees; none without CUDA."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return tuple(name for name in named.split(",") if name.strip())
    return tuple(str(index) for index in range(torch.cuda.device_count()))
