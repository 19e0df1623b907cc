"""The energy that a GPU has used, by its own meter: NVML's count of millijoules (NVIDIA, Volta and later).

The count goes on for as long as the driver is loaded and whoever computes, so a difference of two readings is a run's
own only if no other process was on the GPU. Needs ``pip install 'compute-limits[energy]'``; where there is no meter,
no package or no GPU of one's own, there is no number, and none is made up.
"""

import time
from dataclasses import dataclass

import torch

LEAST_SECONDS = 5.0  # the count moves about ten times a second, so that from here on a difference is good to some 2 %


@dataclass(frozen=True)
class Reading:
    """What the meter of ``device`` showed, and the clock's seconds then."""

    device: torch.device
    joules: float
    seconds: float


def read_meter(device: torch.device) -> Reading | None:
    """What the meter shows; None where there is none, or where it counts for others too."""
    if device.type != "cuda" or (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return None
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
        try:  # by UUID: NVML numbers the GPUs of the machine, torch those that it may see
            gpu = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(device).uuid}")
            if len(pynvml.nvmlDeviceGetComputeRunningProcesses(gpu)) != 1:  # 0: a container that hides them
                return None
            return Reading(device, pynvml.nvmlDeviceGetTotalEnergyConsumption(gpu) / 1000, time.perf_counter())
        finally:
            pynvml.nvmlShutdown()
    except pynvml.NVMLError:  # no driver, an older GPU, a part of one (MIG)
        return None


def joules_since(before: Reading | None) -> float | None:
    """What was used since the reading; None where either end has none, or they are too close to tell."""
    after = read_meter(before.device) if before else None
    if before is None or after is None or after.seconds - before.seconds < LEAST_SECONDS:
        return None
    return after.joules - before.joules
